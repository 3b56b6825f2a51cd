// Closing what is held, where one order may not be for all of it.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type BrokerAbilities,
  decodeOperatorAction,
  MessageKind,
  messageKind,
  moneyText,
  OrderState,
  parseMoney,
  plainAbilities,
} from '@ndts/protocol';
import { createHarness, during, type Harness, type HarnessOptions, pass } from '../exec-kit.js';
import type { Order } from '../order/order.js';
import { closingLimit } from '../risk/check.js';

const who = { actor: 'anna', why: 'a test' };

async function started(
  context: TestContext,
  config: Record<string, string>,
  more: Partial<HarnessOptions> = {},
): Promise<Harness> {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-flatten-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const harness = createHarness({
    ...{ dir, config: { 'risk.staleMs': '6000000', ...config } },
    ...more,
  });
  await during(harness, harness.node.start());
  harness.ticks.push({ symbol: 1, price: 100, bid: 99, ask: 101 });
  await harness.settle();
  return harness;
}

for (const [limit, config, parts] of [
  ['value', { 'risk.maxOrderValue': '250', 'risk.lot': '1' }, ['2', '2', '1']],
  ['quantity', { 'risk.maxQuantity': '3' }, ['3', '2']],
] as const)
  test(`what is held goes in parts that an order may have: ${limit}`, async (context) => {
    const harness = await started(context, config);
    const { node } = harness;
    for (const [ordinal, quantity] of [
      [1, '2'],
      [2, '2'],
      [3, '1'],
    ] as const) {
      harness.signals.push({ ordinal, symbol: 1, side: 1, quantity });
      await harness.settle();
    }
    assert.equal(node.ledger.positions.get(1)?.quantity, parseMoney('5'));
    await node.flatten(who);
    for (let turn = 0; turn < 100; turn++) await pass(harness, 50);
    assert.equal(node.ledger.positions.get(1)?.quantity, 0n);
    assert.equal(node.ledger.controls.flatten, '');
    const orders = node.ledger.orders.list(100, 1).reverse();
    const closing = orders.filter(({ intent }) => intent.instance === 0);
    assert.deepEqual(
      closing.map(({ quantity }) => moneyText(quantity)),
      parts,
    );
  });

test('a stop goes in parts when the market moved beyond what one order may be', async (context) => {
  const harness = await started(context, { 'risk.maxOrderValue': '250', 'risk.lot': '1' });
  harness.signals.push({ ordinal: 1, symbol: 1, side: -1, quantity: '2', stopLoss: '120' });
  await harness.settle();
  assert.equal(harness.node.ledger.positions.get(1)?.quantity, parseMoney('-2'));
  harness.ticks.push({ symbol: 1, price: 126, bid: 125, ask: 127 });
  for (let turn = 0; turn < 20; turn++) await pass(harness, 50);
  assert.equal(harness.node.ledger.positions.get(1)?.quantity, 0n);
});

/** Flattens 2.5 of what trades in lots of 1 by now; returns the quantities that were sent and what
 * the journal says of it. */
async function oddLot(
  context: TestContext,
  can: BrokerAbilities,
): Promise<{ harness: Harness; sent: string[]; denied: number; why: string[] }> {
  const harness = await started(context, {}, { can });
  const { node, journal } = harness;
  harness.signals.push({ ordinal: 1, symbol: 1, side: 1, quantity: '2.5' });
  await harness.settle();
  const lot = { scope: 'symbol', name: '1', key: 'lot', value: '1' };
  await node.setLimit({ ...lot, ...who });
  await node.flatten(who);
  for (let turn = 0; turn < 200; turn++) await pass(harness, 50);
  const orders = node.ledger.orders.list(100, 1).filter(({ intent }) => intent.instance === 0);
  const isDenied = ({ state }: Order): boolean => state === OrderState.denied;
  const actions = journal
    .scan({ prefix: 'exec/event/' })
    .filter(({ value }) => messageKind(value) === MessageKind.OperatorAction)
    .map(({ value }) => decodeOperatorAction(value));
  return {
    harness,
    sent: orders.filter((one) => !isDenied(one)).map(({ quantity }) => moneyText(quantity)),
    denied: orders.filter(isDenied).length,
    why: actions.filter(({ action }) => action === 'flat').map(({ why }) => why),
  };
}

test('what is less than a lot is said once, and is not tried for ever', async (context) => {
  const can = { ...plainAbilities };
  const { harness, sent, denied, why } = await oddLot(context, can);
  assert.deepEqual([sent, denied], [['2'], 1]);
  assert.deepEqual(why, [
    'nothing is open but 0.5 of S1: less than one order may be for; close it at the venue',
  ]);
  assert.equal(harness.node.ledger.controls.flatten, '');
  assert.equal(harness.node.ledger.positions.get(1)?.quantity, parseMoney('0.5'));
  // With another lot it goes.
  const lot = { scope: 'symbol', name: '1', key: 'lot', value: '0.1' };
  await harness.node.setLimit({ ...lot, ...who });
  await harness.node.flatten(who);
  for (let turn = 0; turn < 50; turn++) await pass(harness, 50);
  assert.equal(harness.node.ledger.positions.get(1)?.quantity, 0n);
});

test('where the venue closes odd lots, the rest goes as one', async (context) => {
  const can = { ...plainAbilities, closesOddLots: true };
  const { harness, sent, denied, why } = await oddLot(context, can);
  assert.deepEqual([sent.toSorted(), denied, why], [['0.5', '2'], 0, ['nothing is open']]);
  assert.equal(harness.node.ledger.positions.get(1)?.quantity, 0n);
});

/** Flattens 5, long or short, beside this book; the last price stays 100. */
async function beside(
  context: TestContext,
  side: number,
  [bid, ask]: readonly [number, number],
  more: Partial<HarnessOptions> = {},
): Promise<Harness> {
  const harness = await started(context, { 'risk.tick': '0.5' }, more);
  harness.signals.push({ ordinal: 1, symbol: 1, side, quantity: '5' });
  await harness.settle();
  harness.ticks.push({ symbol: 1, price: 100, bid, ask });
  await harness.settle();
  await harness.node.flatten(who);
  for (let turn = 0; turn < 100; turn++) await pass(harness, 50);
  return harness;
}

/** What persons sent, and what risk denied of it. */
function closingOf({ node }: Harness): string[] {
  const orders = node.ledger.orders.list(100, 1).filter(({ intent }) => intent.instance === 0);
  return orders
    .filter(({ parent }) => parent === undefined)
    .map(({ intent: { limitPrice }, filled, state, reason }) =>
      state === OrderState.denied ? reason : `${moneyText(filled)} at ${moneyText(limitPrice)}`,
    );
}

for (const [side, book, limit] of [
  [1, [85, 115], '80'],
  [-1, [85, 115], '120'],
] as const)
  for (const can of [undefined, { ...plainAbilities }])
    test(`beside a torn book flatten goes at ${limit}, ${can ? 'here' : 'there'}`, async (t) => {
      const harness = await beside(t, side, book, can === undefined ? {} : { can });
      assert.deepEqual(closingOf(harness), [`5 at ${limit}`]);
      assert.equal(harness.node.ledger.positions.get(1)?.quantity, 0n);
      assert.equal(harness.node.ledger.controls.flatten, '');
    });

test('flatten waits and says so where the market is too far for that, too', async (context) => {
  const harness = await beside(context, 1, [70, 130]);
  const { node, ticks } = harness;
  assert.deepEqual(closingOf(harness), []);
  const why =
    'anna: a test; 5 of S1 cannot be closed at 70, which is further than risk.flattenPercent ' +
    '(20) from the last price 100: it waits for the market; close it at the venue, or start with ' +
    'a larger risk.flattenPercent';
  assert.equal(node.riskView().flatten, why);
  ticks.push({ symbol: 1, price: 100, bid: 80, ask: 120 });
  for (let turn = 0; turn < 100; turn++) await pass(harness, 50);
  assert.deepEqual(closingOf(harness), ['5 at 80']);
  assert.equal(node.riskView().flatten, '');
});

test('what is less than a lot waits for no market', async (context) => {
  const harness = await beside(context, 1, [70, 130], { can: { ...plainAbilities } });
  const { node } = harness;
  const lot = { scope: 'symbol', name: '1', key: 'lot', value: '6' };
  await node.setLimit({ ...lot, ...who });
  for (let turn = 0; turn < 100; turn++) await pass(harness, 50);
  assert.deepEqual(closingOf(harness), ['INVALID_QUANTITY']);
  assert.deepEqual([node.riskView().flatten, node.ledger.controls.flatten], ['', '']);
  // Where the venue takes it, it waits as any other.
  const odd = await beside(context, 1, [70, 130]);
  await odd.node.setLimit({ ...lot, ...who });
  for (let turn = 0; turn < 100; turn++) await pass(odd, 50);
  assert.deepEqual(closingOf(odd), []);
  assert.match(odd.node.riskView().flatten, /5 of S1 cannot be closed at 70/);
});

test('what was closed otherwise waits no longer', async (context) => {
  const harness = await beside(context, 1, [70, 130]);
  const { node, signals, ticks } = harness;
  ticks.push({ symbol: 2, price: 50, bid: 49, ask: 51 });
  await harness.settle();
  await node.setTradingState({ set: 'ACTIVE', ...who });
  signals.push({ ordinal: 2, symbol: 2, side: 1, quantity: '3' });
  await harness.settle();
  ticks.push({ symbol: 2, price: 50, bid: 30, ask: 70 });
  await harness.settle();
  await node.flatten(who);
  for (let turn = 0; turn < 100; turn++) await pass(harness, 50);
  assert.match(node.riskView().flatten, /5 of S1 .*; 3 of S2/);
  // At the venue, as it says, and found there.
  const time = harness.clock.now();
  node.ledger.applyInferred({
    ...{ venue: 'paper', tradeId: '1:1:5..0:inferred', clientOrderId: '', account: 'paper' },
    ...{ instance: 0, symbol: 1, side: -1, quantity: parseMoney('5'), price: parseMoney('70') },
    ...{ offset: 0, time, until: { day: 0, nsOfDay: 0 }, reason: 'it differed' },
  });
  for (let turn = 0; turn < 10; turn++) await pass(harness, 50);
  assert.equal(node.ledger.positions.get(1)?.quantity, 0n);
  assert.doesNotMatch(node.riskView().flatten, /S1/);
  assert.match(node.riskView().flatten, /3 of S2/);
});

test('who ends flattening ends what it said, and the collar is as before', async (context) => {
  const harness = await beside(context, 1, [70, 130]);
  const { node } = harness;
  await node.setTradingState({ set: 'ACTIVE', ...who });
  await pass(harness, 50);
  assert.equal(node.riskView().flatten, '');
  const sell = { symbol: 1, side: 'sell', quantity: '5', reduceOnly: true } as const;
  assert.equal(node.submit({ ...sell, limitPrice: '85' }).reason, 'PRICE_COLLAR');
});

test('the limit is on tick, within its bound, and reaches the market', () => {
  const closing = { closingMillionths: 200_000n, tick: 3n };
  assert.equal(closingLimit(-1, 90n, 100n, closing), 81n);
  assert.equal(closingLimit(1, 110n, 100n, closing), 120n);
  assert.equal(closingLimit(1, 121n, 100n, closing), undefined);
  assert.equal(closingLimit(-1, 80n, 100n, closing), undefined, 'no price that is on tick');
  assert.equal(closingLimit(-1, 80n, 100n, { ...closing, tick: 0n }), 80n);
});
