// Risk on the whole node: states and limits of parts, set while it runs and kept over a restart;
// the throttle and its re-arming; our own orders; flattening; and orders of persons.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type LineageView,
  moneyText,
  parseMoney,
  type RiskView,
  type SubmitAnswer,
  subjects,
} from '@ndts/protocol';
import {
  createHarness,
  type Harness,
  type HarnessOptions,
  ledgerSnapshot,
  rebuild,
  type TestSignal,
} from '../exec-kit.js';
import { parseLimits } from './limits.js';

const who = { actor: 'anna', why: 'a test' };

async function started(
  context: TestContext,
  config: Record<string, string> = {},
  before?: Harness & { dir: string },
): Promise<Harness & { dir: string }> {
  const dir = before?.dir ?? mkdtempSync(join(tmpdir(), 'ndts-risk-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const rest: Partial<HarnessOptions> =
    before === undefined ? {} : { journal: before.journal, clock: before.clock };
  const harness = createHarness({ dir, config, ...rest });
  await harness.node.start();
  for (const symbol of [1, 2]) harness.ticks.push({ symbol, price: 100, bid: 99.5, ask: 100.5 });
  await harness.settle();
  return { ...harness, dir };
}

async function verdict(harness: Harness, signal: TestSignal): Promise<string> {
  harness.signals.push(signal);
  await harness.settle();
  harness.clock.advance(1e6);
  const [order] = harness.node.ledger.orders.list(1, undefined);
  return order?.closed === true && order.intent.broker === '' ? order.reason : 'APPROVED';
}

function position(harness: Harness, symbol: number): string {
  return moneyText(harness.node.ledger.positions.get(symbol)?.quantity ?? 0n);
}

test('trading states of parts, over a restart', async (context) => {
  let node = await started(context);
  await node.node.setTradingState({ set: 'HALTED', scope: 'symbol', name: '1', ...who });
  await node.node.setTradingState({ set: 'REDUCING', scope: 'strategy', name: '1', ...who });
  assert.equal(await verdict(node, { ordinal: 1, symbol: 1, side: 1 }), 'TRADING_HALTED');
  assert.equal(await verdict(node, { ordinal: 2, symbol: 2, side: 1 }), 'REDUCE_ONLY');
  await node.node.stop();
  node = await started(context, {}, node);
  assert.equal(await verdict(node, { ordinal: 3, symbol: 1, side: 1 }), 'TRADING_HALTED');
  await node.node.setTradingState({ set: 'ACTIVE', scope: 'symbol', name: '1', ...who });
  assert.equal(await verdict(node, { ordinal: 4, symbol: 1, side: 1 }), 'REDUCE_ONLY');
  await node.node.setTradingState({ set: 'ACTIVE', scope: 'strategy', name: '1', ...who });
  assert.equal(await verdict(node, { ordinal: 5, symbol: 1, side: 1 }), 'APPROVED');
  await assert.rejects(
    node.node.setTradingState({ set: 'HALTED', scope: 'planet', name: '1', ...who }),
    /expected one of account, strategy, symbol, found 'planet'/,
  );
});

test('limits: configured, set while it runs, taken back, over a restart', async (context) => {
  const config = { 'risk.limits': 'symbol S* maxPosition=5 tick=0.5,symbol S2 restricted=true' };
  let node = await started(context, config);
  const buy = (ordinal: number, quantity: string, symbol = 1): TestSignal => ({
    ...{ ordinal, symbol, side: 1, quantity },
  });
  assert.equal(await verdict(node, buy(1, '6')), 'POSITION_LIMIT_EXCEEDED');
  assert.equal(await verdict(node, buy(2, '1', 2)), 'RESTRICTED');
  assert.equal(await verdict(node, { ...buy(3, '1'), limit: '98.3' }), 'INVALID_PRICE');
  const set = { scope: 'symbol', name: '1', key: 'maxPosition', ...who };
  await node.node.setLimit({ ...set, value: '8' });
  assert.equal(await verdict(node, buy(4, '6')), 'APPROVED');
  const strategy = { scope: 'strategy', name: '1', key: 'maxPosition', value: '6.5', ...who };
  await node.node.setLimit(strategy);
  assert.equal(await verdict(node, buy(5, '1')), 'POSITION_LIMIT_EXCEEDED');
  node = await started(context, config, node);
  assert.equal(await verdict(node, buy(6, '1')), 'POSITION_LIMIT_EXCEEDED');
  await node.node.setLimit({ ...strategy, value: '' });
  assert.equal(await verdict(node, buy(7, '1')), 'APPROVED');
  await node.node.setLimit({ ...set, value: '' });
  assert.equal(await verdict(node, buy(8, '1')), 'POSITION_LIMIT_EXCEEDED');
  const view = (await node.bus.request(subjects.execRisk, undefined)) as RiskView;
  assert.equal(view.denied['POSITION_LIMIT_EXCEEDED'], 2);
  assert.deepEqual(view.controls, []);
});

test('what is no limit is refused with what was expected', () => {
  assert.throws(() => parseLimits(['symbol X speed=1']), /expected one of maxPosition/);
  assert.throws(() => parseLimits(['symbol X maxPosition=much']), /number, found 'much'/);
  assert.throws(() => parseLimits(['symbol X lot=0']), /a lot above 0/);
  assert.throws(() => parseLimits(['strategy trend maxDailyLoss=5']), /the number of a strategy/);
  assert.equal(parseLimits(['strategy 1* maxPosition=5']).length, 1);
  assert.equal(parseLimits(['account a maxDailyLoss=5 lot=2', 'symbol X']).length, 2);
});

test('the throttle stops a strategy until a person resumes it', async (context) => {
  const config = { 'risk.repeatCount': '3', 'risk.repeatMs': '1000' };
  let node = await started(context, config);
  for (const ordinal of [1, 2, 3])
    assert.equal(await verdict(node, { ordinal, symbol: 1, side: 1 }), 'APPROVED');
  assert.equal(await verdict(node, { ordinal: 4, symbol: 2, side: 1 }), 'REPEATED_EXECUTION');
  await node.node.stop();
  node.clock.advance(5e9);
  node = await started(context, config, node);
  assert.equal(await verdict(node, { ordinal: 5, symbol: 2, side: 1 }), 'REPEATED_EXECUTION');
  assert.equal(await verdict(node, { ordinal: 6, symbol: 1, side: -1 }), 'APPROVED', 'the way out');
  await node.node.setTradingState({ set: 'ACTIVE', scope: 'strategy', name: '1', ...who });
  assert.equal(await verdict(node, { ordinal: 7, symbol: 2, side: 1 }), 'APPROVED');
});

test('duplicates within their time, and trades with ourselves', async (context) => {
  const node = await started(context, { 'risk.duplicateMs': '50' });
  const buy = { symbol: 1, side: 1, limit: '99' };
  assert.equal(await verdict(node, { ordinal: 1, ...buy }), 'APPROVED');
  assert.equal(await verdict(node, { ordinal: 2, ...buy }), 'DUPLICATE_ORDER');
  node.clock.advance(60e6);
  assert.equal(await verdict(node, { ordinal: 3, ...buy }), 'APPROVED');
  const sell = { symbol: 1, side: -1, limit: '99' };
  assert.equal(await verdict(node, { ordinal: 4, ...sell }), 'SELF_TRADE');
  for (const id of ['1-1-0', '1-3-0']) node.node.cancel(id, 'make room');
  await node.settle();
  assert.equal(await verdict(node, { ordinal: 5, ...sell }), 'APPROVED');
});

test('flatten: all is canceled and closed, over a restart, then it is over', async (context) => {
  let node = await started(context);
  await verdict(node, { ordinal: 1, symbol: 1, side: 1, quantity: '3', stopLoss: '97' });
  await verdict(node, { ordinal: 2, symbol: 2, side: -1, quantity: '2' });
  await verdict(node, { ordinal: 3, symbol: 2, side: 1, quantity: '1', limit: '98' });
  const byHand = { symbol: 1, side: 'sell', quantity: '1' } as const;
  for (const more of [
    { limitPrice: '104' },
    { symbol: 2, side: 'buy', limitPrice: '97', reduceOnly: true } as const,
    { type: 'stop', stopPrice: '96' },
    { type: 'twap', slices: 5, workForMs: 3_600_000 },
    { limitPrice: '104.5', other: { type: 'stop', stopPrice: '96.5' } },
  ])
    assert.equal(node.node.submit({ ...byHand, ...more }).reason, 'APPROVED', JSON.stringify(more));
  await node.settle();
  await node.node.flatten(who);
  node = await started(context, {}, node);
  for (let step = 0; step < 6; step++) {
    node.clock.advance(200e6);
    await node.settle();
  }
  assert.deepEqual([position(node, 1), position(node, 2)], ['0', '0']);
  assert.equal(node.node.ledger.orders.open().size, 0);
  assert.equal(node.node.ledger.controls.flatten, '');
  assert.equal(node.node.ledger.tradingState, 'REDUCING');
  assert.deepEqual(ledgerSnapshot(rebuild(node.journal)), ledgerSnapshot(node.node.ledger));
});

test('an order of a person: every word checked, and its lineage told', async (context) => {
  const node = await started(context);
  const request = { symbol: 1, side: 'buy', quantity: '2', takeProfit: '103', stopLoss: '97' };
  const answer = (await node.bus.request(subjects.execSubmit, request)) as SubmitAnswer;
  assert.deepEqual(answer, { clientOrderId: '0-0-0', reason: 'APPROVED' });
  await node.settle();
  const ask = { clientOrderId: '0-0-0' };
  const lineage = (await node.bus.request(subjects.execLineage, ask)) as LineageView;
  assert.deepEqual([lineage.type, lineage.trades.length], ['market', 1]);
  const leg = { clientOrderId: '0-0-1' };
  const legs = (await node.bus.request(subjects.execLineage, leg)) as LineageView;
  assert.deepEqual(legs.children, ['0-0-1.1']);
  await assert.rejects(
    node.bus.request(subjects.execSubmit, { ...request, type: 'magic' }),
    /order type: expected one of market, .* found 'magic'/,
  );
  const change = { clientOrderId: '0-0-2', stopPrice: '98', ...who };
  assert.equal(await node.bus.request(subjects.execReplace, change), true);
  assert.equal(node.node.ledger.orders.get('0-0-2')?.terms.stopPrice, parseMoney('98'));
  const agreed = { differences: [], adopted: [], tradingState: 'ACTIVE' };
  assert.deepEqual(await node.bus.request(subjects.execReconcile, who), agreed);
});

test('halting with cancel takes back what is open, also after a restart', async (context) => {
  let node = await started(context);
  for (const [ordinal, symbol] of [
    [1, 1],
    [2, 2],
  ] as const)
    node.signals.push({ ordinal, symbol, side: 1, limit: '99' });
  node.signals.push({ ordinal: 3, symbol: 1, side: 1, orderType: 3, parameter: '104' });
  await node.settle();
  const halt = { set: 'HALTED', cancel: true, ...who } as const;
  await assert.rejects(
    node.node.setTradingState({ ...halt, set: 'REDUCING' }),
    /canceled with HALTED, not with REDUCING/,
  );
  // Whatever the broker makes of the first request.
  let asked = 0;
  node.broker.cancel = (): void => {
    asked += 1;
  };
  await node.node.setTradingState({ ...halt, scope: 'symbol', name: '1' });
  assert.equal(asked, 1);
  for (let turn = 0; turn < 5; turn++) {
    node.clock.advance(200e6);
    await node.settle();
  }
  assert.equal(asked, 1, 'asked again before there was an answer');
  node = await started(context, {}, node);
  for (let turn = 0; turn < 5; turn++) {
    node.clock.advance(200e6);
    await node.settle();
  }
  const open = (): string[] => [...node.node.ledger.orders.open()].map(({ id }) => id);
  assert.deepEqual(open(), ['1-2-0']);
  assert.deepEqual(node.node.ledger.controls.cancels(), []);
  await node.node.setTradingState(halt);
  await node.settle();
  assert.deepEqual([open(), node.node.ledger.tradingState], [[], 'HALTED']);
});

test('who arms trading again ends what closes and cancels', async (context) => {
  const node = await started(context);
  node.signals.push({ ordinal: 1, symbol: 1, side: 1 });
  await node.settle();
  await node.node.flatten(who);
  await node.node.setTradingState({ set: 'HALTED', cancel: true, ...who });
  await node.node.setTradingState({ set: 'ACTIVE', ...who });
  node.signals.push({ ordinal: 2, symbol: 2, side: 1, limit: '99' });
  for (let turn = 0; turn < 5; turn++) {
    await node.settle();
    node.clock.advance(200e6);
  }
  assert.deepEqual([position(node, 1), node.node.ledger.orders.open().size], ['1', 1]);
  assert.deepEqual(ledgerSnapshot(rebuild(node.journal)), ledgerSnapshot(node.node.ledger));
});

test('what is halted waits to be closed, and no order is denied meanwhile', async (context) => {
  const node = await started(context);
  node.signals.push({ ordinal: 1, symbol: 1, side: 1 });
  node.signals.push({ ordinal: 2, symbol: 2, side: 1 });
  await node.settle();
  await node.node.setTradingState({ set: 'HALTED', scope: 'symbol', name: '1', ...who });
  await node.node.flatten(who);
  const pass = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) {
      await node.settle();
      node.clock.advance(500e6);
      node.ticks.push({ symbol: 1, price: 100, bid: 99.5, ask: 100.5 });
    }
  };
  await pass();
  assert.deepEqual([position(node, 1), position(node, 2)], ['1', '0']);
  assert.equal(node.node.ledger.counts.denied, 0);
  assert.notEqual(node.node.ledger.controls.flatten, '');
  await node.node.setTradingState({ set: 'ACTIVE', scope: 'symbol', name: '1', ...who });
  await pass();
  assert.equal(position(node, 1), '0');
  assert.equal(node.node.ledger.controls.flatten, '');
});
