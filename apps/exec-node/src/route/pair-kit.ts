// For tests of two venues: a node over a pair of paper venues that fail or are away when the test
// says so. What always holds: a desk that follows another one is its restart, over the same
// journal.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  type BrokerCard,
  type BrokerListener,
  type BrokerOrderUpdate,
  type Fill,
  type OrderIntent,
  OrderState,
  OrderStateNames,
  type OrderTerms,
  type RiskView,
  subjects,
} from '@ndts/protocol';
import { createSilentLogger, SeededRandom, VirtualClock } from '@ndts/runtime';
import type { Gateway, RuledOrder } from '../broker/gateway.js';
import { PaperBroker } from '../broker/paper.js';
import { createHarness, type Harness, TickTape } from '../exec-kit.js';
import { RoutedGateway } from './routed-gateway.js';

/** A paper venue under a name of its own, which may fail: it then says that it took nothing. */
export class Venue implements Gateway {
  readonly sent: string[] = [];
  isFailing = false;
  /** What is sent gets lost. */
  isSilent = false;
  /** Nobody answers when it is connected to. */
  isClosed = false;
  /** What it is asked waits for. */
  hold: Promise<void> | undefined;
  readonly #name: string;
  readonly #inner: PaperBroker;
  readonly #failed: BrokerOrderUpdate[] = [];
  #listener: BrokerListener | undefined;

  constructor(name: string, inner: PaperBroker) {
    this.#name = name;
    this.#inner = inner;
  }

  get card(): BrokerCard {
    return { ...this.#inner.card, name: this.#name };
  }
  connected(): boolean {
    return this.#inner.connected();
  }
  setOutage(outage: boolean): void {
    this.#inner.setOutage(outage);
  }
  async connect(listener: BrokerListener): Promise<void> {
    this.#listener = listener;
    if (this.isClosed) throw new Error(`${this.#name} does not answer`);
    return this.#inner.connect({
      onOrderUpdate: (update) => listener.onOrderUpdate(update),
      onFill: (fill) => listener.onFill(this.#named(fill)),
    });
  }
  submit(intent: OrderIntent, terms?: OrderTerms): void {
    const { clientOrderId, time } = intent;
    this.sent.push(clientOrderId);
    if (this.isSilent) return;
    if (!this.isFailing) {
      this.#inner.submit(intent, terms);
      return;
    }
    const state = OrderState.rejected;
    const refusal = { clientOrderId, venueOrderId: '', state, reason: 'engine is down', time };
    this.#failed.push({ ...refusal, failure: 'venue' });
  }
  cancel(clientOrderId: string): void {
    this.#inner.cancel(clientOrderId);
  }
  queryOrder(clientOrderId: string): ReturnType<Gateway['queryOrder']> {
    return this.#inner.queryOrder(clientOrderId);
  }
  async queryOpenOrders(): ReturnType<Gateway['queryOpenOrders']> {
    await this.hold;
    return this.#inner.queryOpenOrders();
  }
  async queryFills(): Promise<Fill[]> {
    return (await this.#inner.queryFills()).map((fill) => this.#named(fill));
  }
  queryPositions(): ReturnType<Gateway['queryPositions']> {
    return this.#inner.queryPositions();
  }
  doWork(): number {
    const failed = this.#failed.splice(0);
    for (const update of failed) this.#listener?.onOrderUpdate(update);
    return this.#inner.doWork() + failed.length;
  }
  disconnect(): Promise<void> {
    return this.#inner.disconnect();
  }

  #named(fill: Fill): Fill {
    return { ...fill, venue: this.#name };
  }
}

export interface Desk {
  readonly dir: string;
  readonly harness: Harness;
  readonly primary: Venue;
  readonly backup: Venue;
  /** Sends the next order and answers how it stands. */
  readonly send: (symbol?: number, side?: number) => Promise<string>;
  readonly breaker: () => Promise<string>;
}

/** The backup has no instrument for symbol 9, symbol 8 goes to it by a rule; a probe is due after
 * 5 s. `prepare`: before the start. */
export async function started(
  context: TestContext,
  before?: Desk,
  prepare: (first: Venue, second: Venue) => void = () => undefined,
): Promise<Desk> {
  const dir = before?.dir ?? mkdtempSync(join(tmpdir(), 'ndts-route-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const clock = before?.harness.clock ?? new VirtualClock(1.7e12);
  const backupTicks = new TickTape(clock);
  const backup = new Venue(
    'second',
    new PaperBroker({
      ...{ dir: join(dir, 'second'), market: backupTicks.reader(), clock },
      ...{ random: new SeededRandom(2), logger: createSilentLogger(), latencyUs: 0, feeBps: 0 },
    }),
  );
  let primary: Venue | undefined;
  const harness = createHarness({
    ...{ dir: join(dir, 'first'), clock },
    ...(before === undefined ? {} : { journal: before.harness.journal }),
    config: { 'exec.paperFeeBps': '0', 'risk.duplicateMs': '0', 'risk.staleMs': '60000' },
    wrap: (inner) => {
      primary = new Venue('first', inner);
      const backupTrades = (symbol: number): boolean => symbol !== 9;
      const ruleFor = ({ symbol }: RuledOrder): 'backup' | undefined =>
        symbol === 8 ? 'backup' : undefined;
      return new RoutedGateway({
        ...{ primary, backup, clock, backupTrades, ruleFor, retryNs: 5e9 },
      });
    },
  });
  assert.ok(primary !== undefined);
  prepare(primary, backup);
  await harness.node.start();
  for (const symbol of [1, 8, 9]) {
    harness.ticks.push({ symbol, price: 100 });
    backupTicks.push({ symbol, price: 100 });
  }
  await harness.settle();
  let ordinal = harness.node.ledger.highest(1) < 0 ? 0 : harness.node.ledger.highest(1);
  const send = async (symbol = 1, side = 1): Promise<string> => {
    ordinal += 1;
    harness.signals.push({ ordinal, symbol, side });
    await harness.settle();
    const [order] = harness.node.ledger.orders.list(1, undefined);
    return order === undefined ? '' : `${OrderStateNames[order.state]} ${order.reason}`.trim();
  };
  const breaker = async (): Promise<string> => {
    const view = (await harness.bus.request(subjects.execRisk, undefined)) as RiskView;
    return view.route?.breaker ?? 'none';
  };
  return { dir, harness, primary, backup, send, breaker };
}
