// For the chaos test: a journal store and a broker between node and paper venue that can refuse,
// reorder, double, and stop dead at any operation, as kill -9 would stop the process there.

import {
  addNs,
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

  /** As one process has it: none of what it had begun is written once it is dead. */
  forProcess(): { readonly store: KeyValueStore; readonly kill: () => void } {
    let isDead = false;
    const alive = (): ChaosStore => {
      if (isDead) throw new NdtsError('CLOSED', 'the process is dead');
      return this;
    };
    return {
      store: {
        get: (key) => alive().get(key),
        scan: (range) => alive().scan(range),
        write: (operations) => alive().write(operations),
        durablePosition: () => this.durablePosition(),
        durable: (position) => this.durable(position),
      },
      kill: () => {
        isDead = true;
      },
    };
  }

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

/** As a venue dates it whose clocks are not ours: an execution always has the same time, early or
 * late by seconds, or by more than a day. `mayCross`: what day it is of does not matter. */
export function skewed(fill: Fill, mayCross: boolean): Fill {
  const number = Number(/\d+$/.exec(fill.tradeId)?.[0] ?? 0);
  const skewNs = (mayCross ? skews : nearSkews)[(number * 2_654_435_761) % skews.length] ?? 0;
  return { ...fill, time: addNs(fill.time, skewNs) };
}

const nearSkews = [0, 0, 30e9, -40e9, 0, 0, 30e9, -40e9];
const skews = [0, 0, 30e9, -40e9, 0, -26 * 3600e9, 3 * 3600e9, 50e9];

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
  readonly #dated: (fill: Fill) => Fill;
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
    dated: (fill: Fill) => Fill = (fill) => fill,
  ) {
    this.#dated = dated;
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
    const told = this.#dated(fill);
    this.#hold(() => this.#listener?.onFill(told));
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
    const told = fills.filter(({ tradeId }) => this.#untold?.has(tradeId) !== true);
    return told.map(this.#dated);
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
