// For the chaos test: a journal store and a broker between node and paper venue that can refuse,
// reorder, double, and stop dead at any operation, as kill -9 would stop the process there.

import {
  type BrokerCard,
  type BrokerListener,
  type BrokerOrderStatus,
  type BrokerOrderUpdate,
  type BrokerPosition,
  decodeOrderIntent,
  type Fill,
  type KeyValueEntry,
  type KeyValueOperation,
  type KeyValueRange,
  type KeyValueStore,
  MessageKind,
  messageKind,
  NdtsError,
  type OrderChange,
  type OrderIntent,
  type OrderTerms,
  type Random,
} from '@ndts/protocol';
import { MemoryKeyValueStore } from '@ndts/runtime';
import type { Gateway } from './broker/gateway.js';
import type { PaperBroker } from './broker/paper.js';

/** Burns through after so many operations; from then on the process counts as killed. */
export class Fuse {
  #left = Number.POSITIVE_INFINITY;

  light(operations: number): void {
    this.#left = operations;
  }

  get burnt(): boolean {
    return this.#left <= 0;
  }

  /** One operation; true: the process died before it. */
  step(): boolean {
    this.#left -= 1;
    return this.burnt;
  }
}

/** What survives restarts: the journal, with its disk full now and then. */
export class ChaosStore implements KeyValueStore {
  broken = false;
  fuse = new Fuse();
  /** Journal position at which an intent was written. */
  readonly intents = new Map<string, number>();
  #inner = new MemoryKeyValueStore();

  /** The machine lost power: only what was durable is left. */
  losePower(): void {
    this.#inner = this.#inner.afterPowerLoss();
  }

  get(key: string): Uint8Array | undefined {
    return this.#inner.get(key);
  }
  scan(range: KeyValueRange): KeyValueEntry[] {
    return this.#inner.scan(range);
  }
  durablePosition(): number {
    return this.#inner.durablePosition();
  }
  durable(position?: number): Promise<void> {
    return this.#inner.durable(position);
  }

  write(operations: readonly KeyValueOperation[]): number {
    if (this.fuse.step()) throw new NdtsError('CLOSED', 'the process is dead');
    if (this.broken) throw new NdtsError('DISK_FULL', 'no space left');
    const position = this.#inner.write(operations);
    for (const { value } of operations)
      if (value !== undefined && messageKind(value) === MessageKind.OrderIntent)
        this.intents.set(decodeOrderIntent(value).clientOrderId, position);
    return position;
  }
}

/** Trade ids of executions that nobody is told until the end. */
export class Untold extends Set<string> {
  isOver = false;

  tellAll(): void {
    this.isOver = true;
    this.clear();
  }
}

/** Delays, doubles and reorders what the venue tells. */
export class UnrulyBroker implements Gateway, BrokerListener {
  readonly #inner: PaperBroker;
  readonly #random: Random;
  readonly #store: ChaosStore;
  readonly #durable: boolean;
  /** Executions that nobody is told before the end; undefined: there are none. */
  readonly #untold: Untold | undefined;
  readonly sent: string[] = [];
  /** Sent before their intent was in the journal, or durable. */
  readonly early: string[] = [];
  #held: (() => void)[] = [];
  #listener: BrokerListener | undefined;

  constructor(
    inner: PaperBroker,
    random: Random,
    store: ChaosStore,
    durable: boolean,
    untold?: Untold,
  ) {
    this.#untold = untold;
    this.#inner = inner;
    this.#random = random;
    this.#store = store;
    this.#durable = durable;
  }

  get card(): BrokerCard {
    const { card } = this.#inner;
    // Ids do not grow where one is told late.
    return this.#untold === undefined ? card : { ...card, numbersTrades: false };
  }
  connected(): boolean {
    return this.#inner.connected();
  }
  connect(listener: BrokerListener): Promise<void> {
    this.#listener = listener;
    return this.#inner.connect(this);
  }
  onOrderUpdate(update: BrokerOrderUpdate): void {
    this.#hold(() => this.#listener?.onOrderUpdate(update));
  }
  onFill(fill: Fill): void {
    const untold = this.#untold;
    if (untold?.isOver === false && this.#random.integer(6) === 0) untold.add(fill.tradeId);
    if (untold?.has(fill.tradeId) === true) return;
    this.#hold(() => this.#listener?.onFill(fill));
  }
  submit(intent: OrderIntent, terms?: OrderTerms): void {
    if (this.#store.fuse.step()) return;
    const position = this.#store.intents.get(intent.clientOrderId) ?? Number.POSITIVE_INFINITY;
    const bound = this.#durable ? this.#store.durablePosition() : position;
    if (!(position <= bound && position < Number.POSITIVE_INFINITY))
      this.early.push(intent.clientOrderId);
    this.sent.push(intent.clientOrderId);
    this.#inner.submit(intent, terms);
  }
  cancel(clientOrderId: string): void {
    if (!this.#store.fuse.step()) this.#inner.cancel(clientOrderId);
  }
  replace(change: OrderChange): void {
    if (!this.#store.fuse.step()) this.#inner.replace(change);
  }
  queryOrder(clientOrderId: string): Promise<BrokerOrderStatus | undefined> {
    return this.#inner.queryOrder(clientOrderId);
  }
  queryOpenOrders(): Promise<BrokerOrderStatus[]> {
    return this.#inner.queryOpenOrders();
  }
  async queryFills(afterTradeId?: string): Promise<Fill[]> {
    const fills = await this.#inner.queryFills(afterTradeId);
    return fills.filter(({ tradeId }) => this.#untold?.has(tradeId) !== true);
  }
  queryPositions(): Promise<BrokerPosition[]> {
    return this.#inner.queryPositions();
  }
  doWork(): number {
    if (this.#store.fuse.step()) return 0;
    const work = this.#inner.doWork();
    if (this.#store.fuse.step()) return 0;
    this.release(this.#random.integer(this.#held.length + 1));
    return work;
  }
  disconnect(): Promise<void> {
    return this.#inner.disconnect();
  }

  /** Tells so many of the held reports, in any order. */
  release(count: number): void {
    for (let told = 0; told < count && this.#held.length > 0; told++) {
      const [report] = this.#held.splice(this.#random.integer(this.#held.length), 1);
      report?.();
    }
  }

  #hold(report: () => void): void {
    this.#held.push(report);
    if (this.#random.integer(5) === 0) this.#held.push(report);
  }
}
