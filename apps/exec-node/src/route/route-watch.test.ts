// A node with two venues: orders move to the backup when the primary fails three times or is away,
// and come back; what the node tells of it, journals, and still counts right.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type BrokerCard,
  type BrokerListener,
  type BrokerOrderUpdate,
  decodeOperatorAction,
  type ExecStatus,
  type Fill,
  MessageKind,
  messageKind,
  moneyText,
  type OperatorAction,
  type OrderIntent,
  OrderState,
  OrderStateNames,
  type OrderTerms,
  type RiskView,
  subjects,
} from '@ndts/protocol';
import { createSilentLogger, SeededRandom, VirtualClock } from '@ndts/runtime';
import type { Gateway } from '../broker/gateway.js';
import { PaperBroker } from '../broker/paper.js';
import { createHarness, type Harness, ledgerSnapshot, rebuild, TickTape } from '../exec-kit.js';
import { RoutedGateway } from './routed-gateway.js';

/** A paper venue under a name of its own, which may fail: it then says that it took nothing. */
class Venue implements Gateway {
  readonly sent: string[] = [];
  isFailing = false;
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
  connect(listener: BrokerListener): Promise<void> {
    this.#listener = listener;
    return this.#inner.connect({
      onOrderUpdate: (update) => listener.onOrderUpdate(update),
      onFill: (fill) => listener.onFill(this.#named(fill)),
    });
  }
  submit(intent: OrderIntent, terms?: OrderTerms): void {
    const { clientOrderId, time } = intent;
    this.sent.push(clientOrderId);
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
  queryOpenOrders(): ReturnType<Gateway['queryOpenOrders']> {
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

interface Desk {
  readonly dir: string;
  readonly harness: Harness;
  readonly primary: Venue;
  readonly backup: Venue;
  /** Sends the next order and answers how it stands. */
  readonly send: (symbol?: number, side?: number) => Promise<string>;
  readonly breaker: () => Promise<string>;
}

/** The backup has no instrument for symbol 9; a probe is due after 5 s. */
async function started(context: TestContext, before?: Desk): Promise<Desk> {
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
      return new RoutedGateway({ primary, backup, clock, backupTrades, retryNs: 5e9 });
    },
  });
  await harness.node.start();
  for (const symbol of [1, 9]) {
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
  assert.ok(primary !== undefined);
  return { dir, harness, primary, backup, send, breaker };
}

/** What the router did, as the journal has it. */
function actions({ journal }: Harness): string[] {
  const found: OperatorAction[] = [];
  for (const { value } of journal.scan({ prefix: 'exec/event/' }))
    if (messageKind(value) === MessageKind.OperatorAction) found.push(decodeOperatorAction(value));
  return found.map(({ actor, why }) => `${actor}: ${why}`);
}

test('orders move to the backup after failures and come back', async (context) => {
  const { harness, primary, backup, send, breaker } = await started(context);
  const told: ExecStatus[] = [];
  harness.bus.subscribe(subjects.execStatus, ({ payload }) => told.push(payload as ExecStatus));
  assert.equal(await send(), 'filled');
  primary.isFailing = true;
  for (const before of ['closed', 'closed', 'closed', 'open']) {
    assert.equal(await breaker(), before);
    assert.equal(await send(), 'filled', 'none of it is the order’s fault');
  }
  assert.deepEqual(primary.sent, ['1-1-0', '1-2-0', '1-3-0', '1-4-0']);
  assert.deepEqual(backup.sent, ['1-2-0', '1-3-0', '1-4-0', '1-5-0']);
  harness.clock.advance(250e6);
  await harness.settle();
  assert.deepEqual(told.at(-1)?.route, {
    ...{ primary: 'first', backup: 'second', primaryUp: true, backupUp: true },
    ...{ breaker: 'open', why: 'engine is down' },
  });
  assert.match(await harness.metrics.text(), /ndts_exec_breaker_open 1/);
  primary.isFailing = false;
  harness.clock.advance(5e9);
  assert.equal(await send(), 'filled', 'the probe');
  assert.equal(await breaker(), 'closed');
  assert.equal(primary.sent.at(-1), '1-6-0');
  assert.deepEqual(actions(harness), [
    'router: first failed: engine is down',
    'router: first answers again',
  ]);
  const text = await harness.metrics.text();
  assert.match(text, /ndts_exec_breaker_open 0/);
  assert.match(text, /ndts_exec_breaker_changes_total\{to="open"\} 1/);
  const { ledger } = harness.node;
  assert.equal(moneyText(ledger.positions.get(1)?.quantity ?? 0n), '6');
  assert.deepEqual(
    (await harness.node.reconcile({ actor: 'anna', why: 'a test' })).differences,
    [],
    'the two venues together hold the same',
  );
  assert.deepEqual(ledgerSnapshot(rebuild(harness.journal)), ledgerSnapshot(ledger));
});

test('a primary that is away, and what only it trades', async (context) => {
  const { harness, primary, backup, send, breaker } = await started(context);
  assert.equal(await send(9), 'filled');
  primary.setOutage(true);
  await harness.settle();
  assert.equal(await send(9), 'denied UNMAPPED');
  for (let round = 0; round < 3; round++) assert.equal(await send(), 'filled');
  assert.equal(await breaker(), 'open');
  assert.deepEqual([primary.sent.length, backup.sent.length], [1, 3]);
  primary.setOutage(false);
  await harness.settle();
  harness.clock.advance(1e9);
  for (let round = 0; !harness.node.health().ok && round < 100; round++) await harness.settle();
  assert.equal(harness.node.health().detail, '', 'both were asked');
  assert.equal(await send(9), 'denied UNMAPPED', 'it is not yet time to try');
  assert.equal(await send(9, -1), 'filled', 'what reduces may always try');
  assert.equal(await breaker(), 'closed', 'and that was the probe');
  assert.equal(await send(9), 'filled');
  assert.equal(harness.node.ledger.tradingState, 'ACTIVE');
});

test('what only the primary trades tries the way back when it is time', async (context) => {
  const { harness, primary, send, breaker } = await started(context);
  primary.isFailing = true;
  for (let round = 0; round < 3; round++) await send();
  primary.isFailing = false;
  assert.equal(await send(9), 'denied UNMAPPED');
  harness.clock.advance(5e9);
  assert.equal(await send(9), 'filled');
  assert.equal(await breaker(), 'closed');
});

test('a breaker that was open is open after a restart, also from a snapshot', async (context) => {
  for (const isClean of [false, true]) {
    const first = await started(context);
    await first.send();
    first.primary.isFailing = true;
    for (let round = 0; round < 3; round++) await first.send();
    assert.equal(await first.breaker(), 'open');
    if (isClean) await first.harness.node.stop();
    const again = await started(context, first);
    assert.equal(await again.breaker(), 'open');
    assert.equal(again.harness.node.riskView().route?.why, 'engine is down');
    assert.equal(await again.send(), 'filled');
    assert.deepEqual([again.primary.sent, again.backup.sent.length], [[], 1]);
    const told = actions(again.harness).length;
    again.harness.clock.advance(5e9);
    assert.equal(await again.send(), 'filled', 'the probe');
    assert.equal(await again.breaker(), 'closed');
    assert.equal(actions(again.harness).length, told + 1, 'what was told is not told again');
    const third = await started(context, again);
    assert.equal(await third.breaker(), 'closed');
  }
});
