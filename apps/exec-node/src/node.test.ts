// The whole node over its paper venue: the path, restarts, durable mode, a journal that fails, a
// venue that goes away, what it tells others.

import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type ExecStatus,
  OrderState,
  type OrderView,
  type PositionView,
  subjects,
  TickFlags,
} from '@ndts/protocol';
import { MemoryKeyValueStore } from '@ndts/runtime';
import { recordFileName } from './broker/paper-record.js';
import {
  createHarness,
  FullDisk,
  type Harness,
  type HarnessOptions,
  ledgerSnapshot,
  rebuild,
} from './exec-kit.js';
import type { ExecLatency } from './status.js';

function folder(context: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-exec-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function started(options: HarnessOptions): Promise<Harness> {
  const harness = createHarness(options);
  await harness.node.start();
  return harness;
}

function states(harness: Harness): string[] {
  const views = harness.node.ledger.orders.list(100, undefined);
  return views.map((order) => `${order.intent.clientOrderId} ${order.state} ${order.reason}`);
}

const { filled, canceled, denied, unknown, accepted, expired } = OrderState;
const who = { actor: 'anna', why: 'a test' };

test('signal to fill to position, and the same after a restart', async (context) => {
  const dir = folder(context);
  const first = await started({ dir });
  first.ticks.push({ symbol: 3, price: 100, bid: 99.5, ask: 100.5 });
  first.signals.push({ ordinal: 1, symbol: 3, side: 1, quantity: '2' });
  first.signals.push({ ordinal: 2, symbol: 3, side: -1, quantity: '1', limit: '101' });
  await first.settle();
  assert.deepEqual(states(first), [`1-2-0 ${accepted} `, `1-1-0 ${filled} `]);
  assert.equal(first.node.ledger.positions.get(3)?.quantity, 200_000_000n);
  first.clock.advance(1e6);
  const second = await started({ dir, journal: first.journal, clock: first.clock });
  assert.deepEqual(ledgerSnapshot(second.node.ledger), ledgerSnapshot(first.node.ledger));
  assert.equal(second.node.ledger.tradingState, 'ACTIVE');
  second.ticks.push({ symbol: 3, price: 101.2 });
  second.signals.push({ ordinal: 2, symbol: 3, side: -1, quantity: '1' });
  second.signals.push({ ordinal: 3, symbol: 3, side: -1, quantity: '1' });
  await second.settle();
  assert.deepEqual(states(second).slice(0, 2), [`1-3-0 ${filled} `, `1-2-0 ${filled} `]);
  assert.equal(second.node.ledger.positions.get(3)?.quantity, 0n);
});

test('an intent that never reached the venue is closed, not sent late', async (context) => {
  const dir = folder(context);
  const first = await started({ dir });
  first.ticks.push({ symbol: 3, price: 100 });
  first.broker.doWork = (): number => 0;
  first.signals.push({ ordinal: 1, symbol: 3, side: 1 });
  first.node.doWork();
  assert.equal(first.node.ledger.orders.get('1-1-0')?.state, OrderState.submitted);
  const second = await started({ dir, journal: first.journal });
  assert.deepEqual(states(second), [`1-1-0 ${canceled} never sent`]);
  assert.equal(second.node.ledger.positions.ensure(3).openBuy, 0n);
  await second.settle();
  assert.equal(await second.broker.queryOrder('1-1-0'), undefined);
});

test('fills that were never told are found at the start, and counted once', async (context) => {
  const dir = folder(context);
  const first = await started({ dir });
  first.ticks.push({ symbol: 3, price: 100 });
  first.broker.setBehaviour({ loseAnswersPerMillion: 1_000_000 });
  first.signals.push({ ordinal: 1, symbol: 3, side: 1, quantity: '4' });
  await first.settle();
  assert.equal(first.node.ledger.counts.fills, 0);
  const second = await started({ dir, journal: first.journal });
  assert.equal(second.node.ledger.orders.get('1-1-0')?.state, filled);
  assert.equal(second.node.ledger.positions.get(3)?.quantity, 400_000_000n);
  assert.equal(second.node.ledger.tradingState, 'ACTIVE');
  const third = await started({ dir, journal: first.journal });
  assert.equal(third.node.ledger.counts.fills, 1);
});

test('positions that differ from the venue halt trading with the reason', async (context) => {
  const dir = folder(context);
  const first = await started({ dir });
  first.ticks.push({ symbol: 3, price: 100 });
  first.signals.push({ ordinal: 1, symbol: 3, side: 1, quantity: '4' });
  await first.settle();
  const other = folder(context);
  const second = createHarness({ dir: other, journal: first.journal });
  const start = second.node.start();
  for (let turn = 0; turn < 200; turn++) {
    second.clock.advance(5e6);
    await Promise.resolve();
  }
  await start;
  assert.equal(second.node.ledger.tradingState, 'HALTED');
  assert.match(
    second.node.ledger.tradingReason,
    /reconciliation: position of S3: journal 4, venue 0/,
  );
  second.ticks.push({ symbol: 3, price: 100 });
  second.signals.push({ ordinal: 2, symbol: 3, side: 1 });
  await second.settle();
  assert.equal(states(second)[0], `1-2-0 ${denied} TRADING_HALTED`);
});

test('durable mode sends nothing before the intent is durable', async (context) => {
  const journal = new MemoryKeyValueStore();
  const harness = await started({
    ...{ dir: folder(context), journal },
    config: { 'exec.journalMode': 'durable' },
  });
  harness.ticks.push({ symbol: 3, price: 100 });
  journal.holdCommits();
  harness.signals.push({ ordinal: 1, symbol: 3, side: 1 });
  harness.signals.push({ ordinal: 2, symbol: 3, side: 1, validForMs: 10 });
  await harness.settle();
  assert.equal(harness.node.ledger.orders.get('1-1-0')?.state, OrderState.intended);
  assert.equal(await harness.broker.queryOrder('1-1-0'), undefined);
  harness.clock.advance(11e6);
  journal.commit();
  await harness.settle();
  assert.equal(harness.node.ledger.orders.get('1-1-0')?.state, filled);
  assert.equal(harness.node.ledger.orders.get('1-2-0')?.state, expired);
  assert.equal(await harness.broker.queryOrder('1-2-0'), undefined);
});

test('an order canceled while it waits for the journal is never sent', async (context) => {
  const journal = new MemoryKeyValueStore();
  const harness = await started({
    ...{ dir: folder(context), journal },
    config: { 'exec.journalMode': 'durable' },
  });
  harness.ticks.push({ symbol: 3, price: 100 });
  journal.holdCommits();
  harness.signals.push({ ordinal: 1, symbol: 3, side: 1 });
  await harness.settle();
  assert.equal(harness.node.cancel('1-1-0', 'ann'), true);
  journal.commit();
  await harness.settle();
  assert.equal(await harness.broker.queryOrder('1-1-0'), undefined);
  assert.deepEqual(states(harness), [`1-1-0 ${canceled} ann`]);
});

test('a cancel without an answer is asked for, and asked again', async (context) => {
  const harness = await started({ dir: folder(context) });
  harness.ticks.push({ symbol: 3, price: 100 });
  harness.signals.push({ ordinal: 1, symbol: 3, side: 1, limit: '99' });
  await harness.settle();
  let cancels = 0;
  harness.broker.cancel = (): void => {
    cancels += 1;
  };
  harness.node.cancel('1-1-0', 'ann');
  await harness.settle();
  assert.equal(harness.node.ledger.orders.get('1-1-0')?.state, OrderState.pendingCancel);
  harness.clock.advance(5e9);
  for (let turn = 0; turn < 20; turn++) await harness.settle();
  const order = harness.node.ledger.orders.get('1-1-0');
  assert.deepEqual(
    [order?.state, order?.venueOrderId, cancels],
    [OrderState.pendingCancel, 'P1', 2],
  );
});

test('a journal that cannot be written stops the path and loses nothing', async (context) => {
  const journal = new FullDisk();
  const harness = await started({ dir: folder(context), journal });
  harness.ticks.push({ symbol: 3, price: 100 });
  journal.full = true;
  harness.signals.push({ ordinal: 1, symbol: 3, side: 1 });
  await harness.settle();
  assert.equal(await harness.broker.queryOrder('1-1-0'), undefined);
  assert.match(harness.node.health().detail, /DISK_FULL/);
  harness.signals.push({ ordinal: 2, symbol: 3, side: 1 });
  await harness.settle();
  assert.equal(harness.node.ledger.orders.get('1-2-0'), undefined);
  journal.full = false;
  harness.clock.advance(200e6);
  await harness.settle();
  assert.equal(harness.node.ledger.orders.get('1-1-0')?.state, filled);
  assert.equal(harness.node.ledger.orders.get('1-2-0')?.state, filled);
  assert.equal(harness.node.health().ok, true);
  assert.deepEqual(ledgerSnapshot(rebuild(journal)), ledgerSnapshot(harness.node.ledger));
});

test('no answer in time is unknown, and the venue is asked', async (context) => {
  const harness = await started({ dir: folder(context) });
  harness.ticks.push({ symbol: 3, price: 100 });
  harness.broker.setBehaviour({ loseAnswersPerMillion: 1_000_000 });
  harness.signals.push({ ordinal: 1, symbol: 3, side: 1 });
  await harness.settle();
  harness.broker.setBehaviour({ loseAnswersPerMillion: 0, loseRequestPerMillion: 1_000_000 });
  harness.signals.push({ ordinal: 2, symbol: 3, side: 1 });
  await harness.settle();
  harness.clock.advance(5e9);
  harness.node.doWork();
  assert.equal(harness.node.ledger.orders.get('1-1-0')?.state, unknown);
  for (let turn = 0; turn < 50; turn++) await harness.settle();
  assert.deepEqual(states(harness), [
    `1-2-0 ${canceled} not received by the venue`,
    `1-1-0 ${filled} no answer in time`,
  ]);
  assert.equal(harness.node.ledger.orders.unknownCount, 0);
});

test('an outage: signals are denied, then it is reconciled, then they pass', async (context) => {
  const harness = await started({ dir: folder(context) });
  harness.ticks.push({ symbol: 3, price: 100 });
  harness.signals.push({ ordinal: 1, symbol: 3, side: 1, limit: '99' });
  await harness.settle();
  harness.broker.setOutage(true);
  await harness.settle();
  harness.signals.push({ ordinal: 2, symbol: 3, side: 1 });
  await harness.settle();
  assert.equal(states(harness)[0], `1-2-0 ${denied} BROKER_UNAVAILABLE`);
  harness.broker.setOutage(false);
  harness.clock.advance(2e9);
  for (let turn = 0; turn < 20; turn++) await harness.settle();
  harness.ticks.push({ symbol: 3, price: 100 });
  harness.signals.push({ ordinal: 3, symbol: 3, side: 1 });
  await harness.settle();
  assert.equal(states(harness)[0], `1-3-0 ${filled} `);
});

test('trading state: journaled with who and why, and kept over a restart', async (context) => {
  const dir = folder(context);
  const harness = await started({ dir });
  const ask = (request: object): Promise<unknown> =>
    harness.bus.request(subjects.execTradingState, { actor: 'ann', why: 'lunch', ...request });
  assert.equal(await ask({}), 'ACTIVE');
  assert.equal(await ask({ set: 'HALTED', scope: 'symbol', name: '4' }), 'HALTED');
  assert.equal(await ask({ set: 'REDUCING' }), 'REDUCING');
  assert.equal(await ask({ set: 'ACTIVE', scope: 'symbol', name: '4' }), 'REDUCING');
  await assert.rejects(ask({ set: 'PAUSED' }), /PAUSED/);
  harness.ticks.push({ symbol: 3, price: 100 });
  harness.signals.push({ ordinal: 1, symbol: 3, side: 1 });
  await harness.settle();
  assert.equal(states(harness)[0], `1-1-0 ${denied} REDUCE_ONLY`);
  const again = await started({ dir, journal: harness.journal });
  assert.equal(again.node.ledger.tradingState, 'REDUCING');
  assert.equal(again.node.ledger.tradingReason, 'ann: lunch');
  await again.node.setTradingState({ set: 'ACTIVE', actor: 'ann', why: 'back' });
  assert.equal(again.node.ledger.tradingReason, '');
});

test('flags in ticks make a symbol reduce-only while they are set', async (context) => {
  const harness = await started({ dir: folder(context) });
  harness.ticks.push({ symbol: 3, price: 100, flags: TickFlags.gapped });
  harness.ticks.push({ symbol: 4, price: 100 });
  harness.signals.push({ ordinal: 1, symbol: 3, side: 1 });
  harness.signals.push({ ordinal: 2, symbol: 4, side: 1 });
  await harness.settle();
  harness.ticks.push({ symbol: 3, price: 100 });
  harness.signals.push({ ordinal: 3, symbol: 3, side: 1 });
  await harness.settle();
  assert.deepEqual(states(harness), [
    `1-3-0 ${filled} `,
    `1-2-0 ${filled} `,
    `1-1-0 ${denied} SYMBOL_QUALITY`,
  ]);
});

test('an expired signal is denied and its ordinal used up', async (context) => {
  const harness = await started({ dir: folder(context) });
  harness.ticks.push({ symbol: 3, price: 100 });
  harness.signals.push({ ordinal: 5, symbol: 3, side: 1, validForMs: 10 });
  harness.clock.advance(11e6);
  await harness.settle();
  assert.deepEqual(states(harness), [`1-5-0 ${denied} SIGNAL_EXPIRED`]);
  harness.signals.push({ ordinal: 5, symbol: 3, side: 1 });
  await harness.settle();
  assert.equal(states(harness).length, 1);
});

test('intents of one cycle count into the limits of the next ones at once', async (context) => {
  const harness = await started({ dir: folder(context), config: { 'risk.maxPosition': '2' } });
  harness.ticks.push({ symbol: 3, price: 100 });
  for (const ordinal of [1, 2, 3]) harness.signals.push({ ordinal, symbol: 3, side: 1 });
  await harness.settle();
  assert.deepEqual(
    states(harness).map((line) => line.split(' ')[2]),
    ['POSITION_LIMIT_EXCEEDED', '', ''],
  );
});

test('cancel: asked for, confirmed, never blocked', async (context) => {
  const harness = await started({ dir: folder(context) });
  harness.ticks.push({ symbol: 3, price: 100 });
  harness.signals.push({ ordinal: 1, symbol: 3, side: 1, limit: '99' });
  await harness.settle();
  await harness.node.setTradingState({ set: 'HALTED', actor: 'ann', why: 'test' });
  assert.equal(harness.node.cancel('1-1-0', 'ann'), true);
  assert.equal(harness.node.ledger.orders.get('1-1-0')?.state, OrderState.pendingCancel);
  await harness.settle();
  assert.equal(harness.node.ledger.orders.get('1-1-0')?.state, canceled);
  assert.equal(harness.node.cancel('1-1-0', 'ann'), false);
});

test('a status comes sooner while something happens', async (context) => {
  const harness = await started({ dir: folder(context) });
  const { bus, clock, node, ticks } = harness;
  const toldMs: number[] = [];
  bus.subscribe(subjects.execStatus, () => toldMs.push(clock.monotonicNs() / 1e6));
  const run = async (ms: number): Promise<number[]> => {
    for (let step = 0; step < ms; step += 125) {
      clock.advance(125e6);
      await harness.settle();
    }
    const gaps = toldMs.slice(1).map((at, index) => at - toldMs[index]!);
    toldMs.splice(0, toldMs.length - 1);
    return gaps;
  };
  await run(4000);
  assert.deepEqual(new Set(await run(3000)), new Set([1000]));
  ticks.push({ symbol: 3, price: 100 });
  assert.ok(Math.min(...(await run(1000))) <= 250, 'a tick changes what positions are worth');
  await run(4000);
  await node.setTradingState({ set: 'HALTED', actor: 'ann', why: 'test' });
  assert.ok(Math.min(...(await run(1000))) <= 250, 'who halts sees it');
});

test('what it tells: status, orders, positions, latencies, metrics', async (context) => {
  const harness = await started({ dir: folder(context), config: { 'exec.paperFeeBps': '10' } });
  const told: ExecStatus[] = [];
  const events: OrderView[] = [];
  harness.bus.subscribe(subjects.execStatus, (message) => told.push(message.payload as ExecStatus));
  harness.bus.subscribe(subjects.orderEvent, (message) =>
    events.push(message.payload as OrderView),
  );
  harness.ticks.push({ symbol: 3, price: 100 });
  harness.signals.push({ ordinal: 1, symbol: 3, side: 1, quantity: '2' });
  harness.signals.push({ ordinal: 2, symbol: 9, side: 1 });
  await harness.settle();
  harness.ticks.push({ symbol: 3, price: 103 });
  harness.clock.advance(250e6);
  await harness.settle();
  const status = told.at(-1);
  assert.equal(status?.signals, 2);
  assert.equal(status?.orders, 1);
  assert.equal(status?.denied, 1);
  assert.equal(status?.fills, 1);
  assert.equal(status?.unrealisedPnl, '6');
  assert.equal(status?.fees, '0.2');
  assert.equal(status?.tradingReason, '');
  assert.equal(status?.tickToOrderUs.count, 1);
  const request = (subject: string, payload?: unknown): Promise<unknown> =>
    harness.bus.request(subject, payload);
  const orders = (await request(subjects.execOrders, { limit: 10 })) as OrderView[];
  assert.deepEqual(
    orders.map((order) => [order.clientOrderId, order.state, order.averagePrice, order.reason]),
    [
      ['1-2-0', 'denied', '0', 'NO_MARKET'],
      ['1-1-0', 'filled', '100', ''],
    ],
  );
  const one = (await request(subjects.execOrders, { limit: 10, symbol: 9 })) as OrderView[];
  assert.equal(one.length, 1);
  const [position] = (await request(subjects.execPositions)) as PositionView[];
  assert.deepEqual(position, {
    ...{ symbol: 3, symbolName: 'S3', quantity: '2', averagePrice: '100', lastPrice: '103' },
    ...{ realisedPnl: '0', unrealisedPnl: '6', fees: '0.2' },
    ...{ currency: '', multiplier: 1 },
  });
  const latency = (await request(subjects.execLatency)) as ExecLatency;
  assert.equal(latency.tickToOrder.count, 1);
  assert.equal(latency.signalToOrder.count, 1);
  assert.ok(events.some((view) => view.clientOrderId === '1-1-0' && view.state === 'filled'));
  const text = await harness.metrics.text();
  assert.match(text, /ndts_exec_denied_total\{reason="NO_MARKET"\} 1/);
  assert.match(text, /ndts_exec_fills_total 1/);
  await harness.node.stop();
  await assert.rejects(request(subjects.execOrders, { limit: 1 }));
});

test('order events are conflated above the rate; the newest state wins', async (context) => {
  const harness = await started({ dir: folder(context), config: { 'risk.maxPosition': '1000' } });
  const events: OrderView[] = [];
  harness.bus.subscribe(subjects.orderEvent, (message) =>
    events.push(message.payload as OrderView),
  );
  harness.ticks.push({ symbol: 3, price: 100 });
  for (let ordinal = 1; ordinal <= 120; ordinal++)
    harness.signals.push({ ordinal, symbol: 3, side: ordinal % 2 === 0 ? 1 : -1 });
  await harness.settle();
  assert.equal(events.length, 50);
  for (let turn = 0; turn < 3; turn++) {
    harness.clock.advance(250e6);
    await harness.settle();
  }
  assert.equal(events.length, 120);
  assert.ok(events.every((view) => view.state === 'filled'));
});

test('a record that cannot be read keeps the node up and orders in', async (context) => {
  const dir = folder(context);
  appendFileSync(join(dir, recordFileName), 'broken\n');
  const harness = await started({ dir });
  harness.ticks.push({ symbol: 3, price: 100 });
  harness.signals.push({ ordinal: 1, symbol: 3, side: 1 });
  await harness.settle();
  assert.deepEqual(states(harness), [`1-1-0 ${denied} BROKER_UNAVAILABLE`]);
  assert.equal(harness.node.health().ok, false);
});

test('a restart values positions at the last stored price, and judges its age', async (context) => {
  const dir = folder(context);
  const first = await started({ dir });
  first.ticks.push({ symbol: 3, price: 100 });
  first.signals.push({ ordinal: 1, symbol: 3, side: 1, quantity: '2' });
  await first.settle();
  const time = first.clock.now();
  first.clock.advance(3600e9);
  const second = await started({
    ...{ dir, journal: first.journal, clock: first.clock },
    lastTicks: [{ symbol: 3, price: 90, time }],
  });
  const [position] = (await second.bus.request(subjects.execPositions, undefined)) as [
    PositionView,
  ];
  assert.equal(position.lastPrice, '90');
  assert.equal(position.unrealisedPnl, '-20');
  second.signals.push({ ordinal: 2, symbol: 3, side: 1 });
  await second.settle();
  assert.deepEqual(states(second)[0], `1-2-0 ${denied} STALE_MARKET`);
  second.ticks.push({ symbol: 3, price: 95 });
  second.signals.push({ ordinal: 3, symbol: 3, side: 1 });
  await second.settle();
  assert.deepEqual(states(second)[0], `1-3-0 ${filled} `);
});

test('an order is canceled on request; the status counts since the start', async (context) => {
  const dir = folder(context);
  const first = await started({ dir });
  first.ticks.push({ symbol: 3, price: 100 });
  first.signals.push({ ordinal: 1, symbol: 3, side: 1, limit: '99' });
  await first.settle();
  const cancel = (clientOrderId: string): Promise<unknown> =>
    first.bus.request(subjects.execCancel, { clientOrderId, actor: 'anna', why: 'enough' });
  assert.equal(await cancel('1-7-0'), false);
  assert.equal(await cancel('1-1-0'), true);
  await first.settle();
  assert.deepEqual(states(first), [`1-1-0 ${canceled} canceled on request`]);
  assert.equal(await cancel('1-1-0'), false);
  const second = await started({ dir, journal: first.journal, clock: first.clock });
  const told: ExecStatus[] = [];
  second.bus.subscribe(subjects.execStatus, (message) => told.push(message.payload as ExecStatus));
  second.clock.advance(250e6);
  await second.settle();
  const { signals, orders, ordersTotal } = told.at(-1) as ExecStatus;
  assert.deepEqual([signals, orders, ordersTotal], [0, 0, 1]);
});

test('reconciliation asks once for all that is open, and for each that is not', async (context) => {
  const dir = folder(context);
  const first = await started({ dir });
  first.ticks.push({ symbol: 3, price: 100 });
  for (let ordinal = 1; ordinal <= 50; ordinal++)
    first.signals.push({ ordinal, symbol: 3, side: 1, limit: '97' });
  await first.settle();
  first.broker.setBehaviour({ loseAnswersPerMillion: 1_000_000 });
  first.signals.push({ ordinal: 51, symbol: 3, side: 1 });
  await first.settle();
  const second = createHarness({ dir, journal: first.journal, clock: first.clock });
  const asked: string[] = [];
  const ask = second.broker.queryOrder.bind(second.broker);
  second.broker.queryOrder = (id) => {
    asked.push(id);
    return ask(id);
  };
  await second.node.start();
  assert.deepEqual(asked, [], 'what was executed is told by the fills');
  assert.equal(second.node.ledger.orders.open().size, 50);
  assert.equal(second.node.ledger.orders.get('1-51-0')?.state, filled);
  second.broker.setBehaviour({ loseAnswersPerMillion: 1_000_000 });
  second.broker.cancel('1-7-0');
  second.broker.doWork();
  assert.deepEqual((await second.node.reconcile(who)).differences, []);
  assert.deepEqual(asked, ['1-7-0']);
  assert.equal(second.node.ledger.orders.get('1-7-0')?.state, canceled);
});
