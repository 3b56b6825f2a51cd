// Journal and broker kept together while orders go out: what is on its way is no difference, what
// lasts halts trading, and a person gets out of it.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BrokerOrderStatus, OrderState, OrderStateNames, subjects } from '@ndts/protocol';
import { createHarness, during, type Harness, type HarnessOptions, pass } from '../exec-kit.js';

const who = { actor: 'anna', why: 'a test' };

async function started(
  context: TestContext,
  config: Record<string, string> = {},
  options: Partial<HarnessOptions> = {},
): Promise<Harness> {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-watch-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const harness = createHarness({ dir, config, ...options });
  await during(harness, harness.node.start());
  harness.ticks.push({ symbol: 1, price: 100 });
  await harness.settle();
  return harness;
}

function stateOf({ node }: Harness, id: string): string | undefined {
  return OrderStateNames[node.ledger.orders.get(id)?.state ?? 0];
}

test('an order on its way while everything is compared stays open', async (context) => {
  const harness = await started(context, { 'exec.paperLatencyUs': '50000' });
  harness.signals.push({ ordinal: 1, symbol: 1, side: 1, limit: '99' });
  await pass(harness, 1);
  assert.equal(stateOf(harness, '1-1-0'), 'submitted');
  assert.deepEqual((await during(harness, harness.node.reconcile(who))).differences, []);
  assert.equal(stateOf(harness, '1-1-0'), 'submitted');
  for (let turn = 0; turn < 40; turn++) await pass(harness, 5);
  assert.equal(stateOf(harness, '1-1-0'), 'accepted');
  const [open] = await harness.broker.queryOpenOrders();
  assert.equal(open?.clientOrderId, '1-1-0');
});

test('an order that ended since the venue made its list is no difference', async (context) => {
  const harness = await started(context);
  harness.signals.push({ ordinal: 1, symbol: 1, side: 1, limit: '99' });
  await harness.settle();
  const { broker } = harness;
  const list = broker.queryOpenOrders.bind(broker);
  broker.queryOpenOrders = async (): Promise<BrokerOrderStatus[]> => {
    const before = await list();
    harness.node.cancel('1-1-0', 'meanwhile');
    await pass(harness, 1);
    return before;
  };
  assert.deepEqual((await during(harness, harness.node.reconcile(who))).differences, []);
  assert.equal(stateOf(harness, '1-1-0'), 'canceled');
  assert.equal(harness.node.ledger.tradingState, 'ACTIVE');
});

test('what differs twice in a row halts, what differs once does not', async (context) => {
  const harness = await started(context, { 'exec.checkMs': '1000', 'risk.staleMs': '600000' });
  const { broker, node } = harness;
  const told = broker.queryPositions.bind(broker);
  const wrong = async (): ReturnType<typeof told> => [
    { symbol: 1, quantity: 7n, averagePrice: 100n },
  ];
  const check = async (): Promise<void> => {
    for (let turn = 0; turn < 120; turn++) await pass(harness, 10);
  };
  for (const [answer, state] of [
    [told, 'ACTIVE'],
    [wrong, 'ACTIVE'],
    [told, 'ACTIVE'],
    [wrong, 'ACTIVE'],
    [wrong, 'HALTED'],
  ] as const) {
    broker.queryPositions = answer;
    await check();
    assert.equal(node.ledger.tradingState, state);
  }
  assert.match(node.ledger.tradingReason, /position of S1: journal 0, venue 0.00000007/);
});

test('that nothing can be compared is told until it is', async (context) => {
  const harness = await started(context, { 'exec.checkMs': '1000', 'risk.staleMs': '600000' });
  const { broker, node } = harness;
  const told = broker.queryPositions.bind(broker);
  broker.queryPositions = () => Promise.reject(new Error('one of two is away'));
  for (let turn = 0; turn < 300; turn++) await pass(harness, 10);
  const [line = '', ...more] = node.riskView().differences;
  assert.match(
    line,
    /^not compared with the broker since 2024-10-04T01:00:01.*: .*one of two is away$/,
  );
  assert.deepEqual([more, node.ledger.tradingState], [[], 'ACTIVE']);
  broker.queryPositions = told;
  for (let turn = 0; turn < 150; turn++) await pass(harness, 10);
  assert.deepEqual(node.riskView().differences, []);
});

test('one that the venue forgot halts once, and a person settles it', async (context) => {
  const harness = await started(context, { 'exec.answerTimeoutMs': '100' });
  const { broker, node, bus, journal } = harness;
  harness.signals.push({ ordinal: 1, symbol: 1, side: 1, limit: '99' });
  await harness.settle();
  const settle = (): Promise<unknown> =>
    bus.request(subjects.execSettle, { clientOrderId: '1-1-0', ...who });
  await assert.rejects(settle(), /its outcome is not unknown/);
  const ask = broker.queryOrder.bind(broker);
  broker.cancel = (): void => undefined;
  broker.queryOrder = async (): Promise<undefined> => undefined;
  node.cancel('1-1-0', 'a test');
  const events = (): number => journal.scan({ prefix: 'exec/event/' }).length;
  for (let turn = 0; turn < 30; turn++) await pass(harness, 100);
  assert.equal(node.ledger.tradingState, 'HALTED');
  assert.match(node.ledger.tradingReason, /no longer knows order 1-1-0/);
  const before = events();
  for (let turn = 0; turn < 300; turn++) await pass(harness, 100);
  assert.equal(events(), before, 'it was said again and again');
  broker.queryOrder = ask;
  await assert.rejects(settle(), /paper has it; cancel it there/);
  broker.queryOrder = async (): Promise<undefined> => undefined;
  assert.equal(await settle(), true);
  assert.equal(stateOf(harness, '1-1-0'), 'canceled');
  assert.equal(node.ledger.orders.get('1-1-0')?.reason, 'anna: a test');
  await node.setTradingState({ set: 'ACTIVE', ...who });
  for (let turn = 0; turn < 30; turn++) await pass(harness, 100);
  assert.equal(node.ledger.orders.unknownCount, 0);
  assert.equal(node.ledger.orders.get('1-1-0')?.state, OrderState.canceled);
});

test('one that the venue cannot be asked about halts, and a person settles it', async (context) => {
  const harness = await started(context, { 'exec.answerTimeoutMs': '100' });
  const { broker, node, bus } = harness;
  broker.submit = (): void => undefined;
  const clientOrderId = '1-1-0';
  let isLimbo = false;
  const unknown = { clientOrderId, venueOrderId: '', filledQuantity: 0n };
  broker.queryOrder = async () => ({ ...unknown, state: OrderState.unknown, isLimbo });
  harness.signals.push({ ordinal: 1, symbol: 1, side: 1, limit: '99' });
  for (let turn = 0; turn < 30; turn++) await pass(harness, 100);
  assert.equal(stateOf(harness, clientOrderId), 'unknown');
  assert.equal(node.ledger.tradingState, 'ACTIVE', 'it may still arrive');
  const settle = (): Promise<unknown> =>
    bus.request(subjects.execSettle, { clientOrderId, ...who });
  await assert.rejects(settle(), /paper may still receive it; wait/);
  isLimbo = true;
  for (let turn = 0; turn < 30; turn++) await pass(harness, 100);
  assert.equal(node.ledger.tradingState, 'HALTED');
  assert.match(node.ledger.tradingReason, /paper cannot be asked about order 1-1-0/);
  assert.equal(await settle(), true);
  assert.equal(stateOf(harness, clientOrderId), 'canceled');
  assert.equal(node.ledger.orders.get(clientOrderId)?.reason, 'anna: a test');
  await node.setTradingState({ set: 'ACTIVE', ...who });
  for (let turn = 0; turn < 30; turn++) await pass(harness, 100);
  assert.equal(node.ledger.tradingState, 'ACTIVE');
});

test('orders that are not listed are asked for together, or a few at a time', async (context) => {
  const harness = await started(context);
  for (let ordinal = 1; ordinal <= 30; ordinal++)
    harness.signals.push({ ordinal, symbol: 1, side: 1, limit: '99' });
  await harness.settle();
  const { broker, node } = harness;
  const ask = broker.queryOrder.bind(broker);
  const ids = [...node.ledger.orders.open()].map(({ id }) => id);
  broker.queryOpenOrders = async (): Promise<BrokerOrderStatus[]> => [];
  let underWay = 0;
  let most = 0;
  let asked = 0;
  broker.queryOrder = async (id: string): Promise<BrokerOrderStatus | undefined> => {
    asked += 1;
    underWay += 1;
    most = Math.max(most, underWay);
    await Promise.resolve();
    underWay -= 1;
    return ask(id);
  };
  assert.deepEqual((await during(harness, node.reconcile(who))).differences, []);
  assert.deepEqual([asked, most], [30, 8]);
  const lists: (readonly string[])[] = [];
  const asWhole = async (list: readonly string[]): Promise<Map<string, BrokerOrderStatus>> => {
    lists.push(list);
    const statuses = await Promise.all(list.map(ask));
    return new Map(
      statuses.flatMap((one) => (one === undefined ? [] : [[one.clientOrderId, one]])),
    );
  };
  Object.assign(broker, { queryOrders: asWhole });
  assert.deepEqual((await during(harness, node.reconcile(who))).differences, []);
  assert.deepEqual([lists, asked], [[ids], 30]);
  assert.equal(node.ledger.orders.open().size, 30);
});

test('what an earlier process may have sent is canceled at the venue, too', async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-watch-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const first = createHarness({ dir });
  await during(first, first.node.start());
  first.ticks.push({ symbol: 1, price: 100 });
  first.broker.setBehaviour({ loseAnswersPerMillion: 1_000_000 });
  first.signals.push({ ordinal: 1, symbol: 1, side: 1, limit: '99' });
  await first.settle();
  const second = createHarness({ dir, journal: first.journal, clock: first.clock });
  second.broker.setOutage(true);
  await during(second, second.node.start());
  await second.node.setTradingState({ set: 'HALTED', cancel: true, ...who });
  await second.settle();
  second.broker.setOutage(false);
  for (let turn = 0; turn < 60; turn++) {
    second.clock.advance(200e6);
    await second.settle();
  }
  assert.equal((await second.broker.queryOrder('1-1-0'))?.state, OrderState.canceled);
  assert.equal(stateOf(second, '1-1-0'), 'canceled');
});
