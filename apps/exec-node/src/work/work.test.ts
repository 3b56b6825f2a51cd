// Orders that are worked here, over the paper venue: each type, brackets, times in force the venue
// lacks, what is refused, changes, and that a restart at any cycle goes on where it was.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  moneyText,
  OrderFlags,
  OrderStateNames,
  OrderType,
  parseMoney,
  plainAbilities,
  TimeInForce,
} from '@ndts/protocol';
import type { HarnessOptions, TestSignal } from '../exec-kit.js';
import { Desk, symbol } from './desk-kit.js';

class WorkDesk extends Desk {
  order(id: string): string {
    const order = this.harness.node.ledger.orders.get(id);
    if (order === undefined) return 'none';
    const { state, filled, intent } = order;
    return `${OrderStateNames[state]} ${moneyText(filled)}/${moneyText(intent.quantity)}`;
  }

  get position(): string {
    return moneyText(this.harness.node.ledger.positions.get(symbol)?.quantity ?? 0n);
  }

  get open(): string[] {
    return [...this.harness.node.ledger.orders.open()].map(({ id }) => id);
  }

  get denied(): string | undefined {
    return this.harness.node.ledger.orders.list(1, undefined)[0]?.reason;
  }

  /** Nothing is exposed any more, and the journal says the same. */
  check(): void {
    const { ledger } = this.harness.node;
    const position = ledger.positions.get(symbol);
    assert.equal((position?.openBuy ?? 0n) + (position?.openSell ?? 0n), 0n, 'open quantities');
    this.checkJournal();
  }
}

async function started(context: TestContext, options?: Partial<HarnessOptions>): Promise<WorkDesk> {
  const desk = new WorkDesk(context, options);
  await desk.start();
  await desk.market(100);
  return desk;
}

test('a stop waits here, over a restart, and goes to the market when it triggers', async (t) => {
  const desk = await started(t);
  await desk.signal({
    ordinal: 1,
    side: 1,
    quantity: '4',
    orderType: OrderType.stop,
    parameter: '102',
  });
  assert.equal(desk.order('1-1-0'), 'emulated 0/4');
  assert.equal(desk.harness.node.ledger.positions.ensure(symbol).openBuy, parseMoney('4'));
  await desk.market(101.9);
  assert.equal(desk.position, '0');
  await desk.start();
  await desk.market(102);
  assert.equal(desk.order('1-1-0'), 'filled 4/4');
  assert.equal(desk.order('1-1-0.1'), 'filled 4/4');
  assert.equal(desk.position, '4');
  desk.check();
});

test('a stop that triggered goes on after a restart, once', async (t) => {
  const desk = await started(t);
  await desk.signal({
    ordinal: 1,
    side: -1,
    quantity: '4',
    orderType: OrderType.stop,
    parameter: '98',
  });
  desk.harness.broker.doWork = (): number => 0;
  await desk.market(97);
  assert.equal(desk.order('1-1-0'), 'triggered 0/4');
  await desk.start();
  await desk.market(97);
  await desk.pass(1100);
  await desk.market(97);
  assert.equal(desk.order('1-1-0'), 'filled 4/4');
  assert.equal(desk.order('1-1-0.1'), 'canceled 0/4', 'the first child never arrived');
  assert.equal(desk.order('1-1-0.2'), 'filled 4/4');
  assert.equal(desk.position, '-4');
  desk.check();
});

test('a stop-limit rests at its limit after the trigger; a cancel takes its child', async (t) => {
  const desk = await started(t);
  const stopLimit = { orderType: OrderType.stopLimit, parameter: '102', limit: '102' };
  await desk.signal({ ordinal: 1, side: 1, quantity: '4', ...stopLimit });
  await desk.market(103);
  assert.equal(desk.order('1-1-0'), 'triggered 0/4');
  assert.equal(desk.order('1-1-0.1'), 'accepted 0/4');
  assert.ok(desk.harness.node.cancel('1-1-0', 'enough'));
  await desk.pass();
  assert.equal(desk.order('1-1-0'), 'canceled 0/4');
  assert.equal(desk.order('1-1-0.1'), 'canceled 0/4');
  assert.deepEqual(desk.open, []);
  desk.check();
});

test('a trailing stop follows the best price, and keeps it over a restart', async (t) => {
  const desk = await started(t);
  await desk.signal({
    ordinal: 1,
    side: -1,
    quantity: '1',
    orderType: OrderType.trailing,
    parameter: '2',
  });
  for (const last of [101, 104, 103]) await desk.market(last);
  const stop = (): bigint | undefined =>
    desk.harness.node.ledger.orders.get('1-1-0')?.terms.stopPrice;
  assert.equal(stop(), parseMoney('102'));
  await desk.start();
  await desk.market(102.1);
  assert.equal(stop(), parseMoney('102'));
  assert.equal(desk.position, '0');
  await desk.market(102);
  assert.equal(desk.order('1-1-0'), 'filled 1/1');
  desk.check();
});

test('an iceberg shows one part at a time', async (t) => {
  const desk = await started(t);
  const iceberg = { orderType: OrderType.iceberg, parameter: '2', limit: '99' };
  await desk.signal({ ordinal: 1, side: 1, quantity: '5', ...iceberg });
  assert.deepEqual(desk.open, ['1-1-0', '1-1-0.1']);
  assert.equal(desk.order('1-1-0.1'), 'accepted 0/2');
  for (const part of ['1-1-0.1', '1-1-0.2']) {
    await desk.market(98);
    assert.equal(desk.order(part), 'filled 2/2');
    await desk.market(100);
  }
  await desk.market(98);
  assert.equal(desk.order('1-1-0.3'), 'filled 1/1');
  assert.equal(desk.order('1-1-0'), 'filled 5/5');
  desk.check();
});

test('an iceberg that is made smaller than what it shows takes that back', async (t) => {
  const desk = await started(t);
  const iceberg = { orderType: OrderType.iceberg, parameter: '2', limit: '99' };
  await desk.signal({ ordinal: 1, side: 1, quantity: '5', ...iceberg });
  await desk.harness.node.replace('1-1-0', { quantity: parseMoney('0.5') }, 'less');
  await desk.pass();
  assert.deepEqual(desk.open, ['1-1-0', '1-1-0.2']);
  await desk.market(98);
  assert.equal(desk.order('1-1-0.2'), 'filled 0.5/0.5');
  assert.equal(desk.order('1-1-0'), 'filled 0.5/0.5');
  assert.equal(desk.position, '0.5');
  desk.check();
});

test('TWAP: equal parts over its time, whole lots, over a restart', async (t) => {
  const desk = await started(t, { config: { 'risk.lot': '1' } });
  const twap = { orderType: OrderType.twap, parameter: '4', workForMs: 4000 };
  await desk.signal({ ordinal: 1, side: 1, quantity: '10', ...twap });
  const filled: string[] = [];
  for (let second = 0; second < 4; second++) {
    filled.push(desk.position);
    await desk.pass(999);
    if (second === 1) await desk.start();
    await desk.market(100);
  }
  assert.deepEqual(filled, ['2', '5', '7', '10']);
  assert.equal(desk.order('1-1-0'), 'filled 10/10');
  desk.check();
});

test('a TWAP with a limit ends with its time, and its child with it', async (t) => {
  const desk = await started(t);
  const twap = { orderType: OrderType.twap, parameter: '2', workForMs: 1000, limit: '99' };
  await desk.signal({ ordinal: 1, side: 1, quantity: '10', ...twap });
  assert.equal(desk.order('1-1-0.1'), 'accepted 0/5');
  await desk.pass(1200);
  assert.equal(desk.order('1-1-0'), 'expired 0/10');
  assert.deepEqual(desk.open, []);
  desk.check();
});

test('a TWAP whose node was away long after its end does not go to the market', async (t) => {
  const desk = await started(t);
  const twap = { orderType: OrderType.twap, parameter: '4', workForMs: 400_000 };
  await desk.signal({ ordinal: 1, side: 1, quantity: '8', ...twap });
  await desk.signal({ ordinal: 2, side: 1, quantity: '4', ...twap, workForMs: 520_000 });
  assert.equal(desk.position, '3');
  desk.harness.clock.advance(400e9 + 125e9);
  await desk.start();
  await desk.market(100);
  await desk.pass();
  assert.equal(desk.order('1-1-0'), 'expired 2/8');
  assert.equal(desk.order('1-2-0'), 'filled 4/4');
  desk.check();
});

test('a bracket: the legs wait for the entry, then one ends the other', async (t) => {
  const desk = await started(t);
  const bracket = { limit: '99', takeProfit: '102', stopLoss: '95' };
  await desk.signal({ ordinal: 1, side: 1, quantity: '6', ...bracket });
  assert.deepEqual(desk.open, ['1-1-0', '1-1-1', '1-1-2']);
  assert.equal(desk.order('1-1-1.1'), 'none');
  const { positions } = desk.harness.node.ledger;
  assert.equal(positions.ensure(symbol).openSell, 0n, 'nothing to sell yet');
  await desk.market(98);
  assert.equal(desk.order('1-1-0'), 'filled 6/6');
  assert.equal(desk.order('1-1-1.1'), 'accepted 0/6', 'the profit rests at the venue');
  assert.equal(positions.ensure(symbol).openSell, parseMoney('6'), 'the pair counts once');
  await desk.start();
  await desk.market(95.4);
  assert.equal(desk.order('1-1-2'), 'emulated 0/6');
  await desk.market(95);
  assert.equal(desk.order('1-1-2'), 'filled 6/6');
  assert.equal(desk.order('1-1-1'), 'canceled 0/6');
  const orders = desk.harness.node.ledger.orders;
  assert.deepEqual([orders.get('1-1-1')?.childCount, orders.get('1-1-2')?.childCount], [1, 1]);
  assert.equal(desk.position, '0');
  assert.deepEqual(desk.open, []);
  desk.check();
});

test('a bracket over a slow venue: the profit stays away while the stop works', async (t) => {
  const desk = await started(t, { config: { 'exec.paperLatencyUs': '700' } });
  const bracket = { takeProfit: '101', stopLoss: '97' };
  await desk.signal({ ordinal: 1, side: 1, quantity: '6', ...bracket });
  await desk.pass(4);
  assert.equal(desk.order('1-1-1.1'), 'accepted 0/6');
  for (let turn = 0; turn < 4; turn++) await desk.market(96.9);
  const { orders } = desk.harness.node.ledger;
  assert.deepEqual([orders.get('1-1-1')?.childCount, orders.get('1-1-2')?.childCount], [1, 1]);
  assert.equal(desk.order('1-1-2'), 'filled 6/6');
  assert.equal(desk.position, '0');
  desk.check();
});

test('a bracket: parts of an entry are protected; unfilled it goes', async (t) => {
  const desk = await started(t);
  desk.harness.broker.setBehaviour({ partialFillPerMillion: 1_000_000 });
  const bracket = { takeProfit: '105', stopLoss: '95' };
  desk.harness.signals.push({ symbol, ordinal: 1, side: 1, quantity: '6', ...bracket });
  await desk.pass();
  assert.equal(desk.order('1-1-0'), 'filled 6/6');
  desk.harness.broker.setBehaviour({ partialFillPerMillion: 0 });
  await desk.market(105.5);
  assert.equal(desk.order('1-1-1'), 'filled 6/6');
  assert.equal(desk.order('1-1-2'), 'canceled 0/6');
  await desk.signal({
    ordinal: 2,
    side: 1,
    quantity: '6',
    limit: '101',
    ...bracket,
    takeProfit: '110',
  });
  desk.harness.node.cancel('1-2-0', 'no');
  await desk.pass();
  assert.deepEqual(desk.open, []);
  assert.equal(desk.position, '0');
  desk.check();
});

test('legs reduce no more than the strategy holds', async (t) => {
  const desk = await started(t);
  await desk.signal({ ordinal: 1, side: 1, quantity: '6', stopLoss: '95' });
  await desk.signal({ ordinal: 2, side: -1, quantity: '4' });
  assert.equal(desk.position, '2');
  await desk.market(94.9);
  assert.equal(desk.position, '0');
  assert.equal(desk.order('1-1-2.1'), 'filled 2/2');
});

test('legs of several brackets together reduce no more than the strategy holds', async (t) => {
  for (const last of [110, 70]) {
    const desk = await started(t);
    const bracket = { side: 1, quantity: '5', takeProfit: '104', stopLoss: '80' };
    await desk.signal({ ordinal: 1, ...bracket });
    await desk.signal({ ordinal: 2, ...bracket, takeProfit: '105' });
    assert.deepEqual(
      [desk.order('1-1-1.1'), desk.order('1-2-1.1')],
      [...['accepted 0/5', 'accepted 0/5']],
    );
    await desk.signal({ ordinal: 3, side: -1, quantity: '5' });
    assert.equal(desk.order('1-2-1.1'), 'canceled 0/5');
    await desk.start();
    await desk.market(last);
    assert.equal(desk.position, '0');
    desk.checkJournal();
  }
});

test('what a person sends to reduce reduces what strategies hold, with their legs', async (t) => {
  const desk = await started(t, { can: plainAbilities });
  await desk.signal({ ordinal: 1, side: 1, quantity: '5' });
  const stop = { symbol, side: 'sell', type: 'stop', reduceOnly: true } as const;
  const submit = (quantity: string, stopPrice: string): string =>
    desk.harness.node.submit({ ...stop, quantity, stopPrice }).reason;
  assert.equal(submit('3', '99'), 'APPROVED');
  await desk.market(98.5);
  assert.deepEqual([desk.order('0-0-0'), desk.position], ['filled 3/3', '2']);
  assert.equal(submit('2', '98'), 'APPROVED');
  await desk.signal({ ordinal: 2, side: -1, quantity: '1' });
  await desk.market(97.5);
  assert.deepEqual([desk.order('0-1-0'), desk.position], ['canceled 1/2', '0']);
});

test('of what only reduces what triggered comes first, once the others are back', async (t) => {
  const desk = await started(t, { config: { 'exec.paperLatencyUs': '3000' } });
  const bracket = { side: 1, quantity: '5', takeProfit: '104' };
  await desk.signal({ ordinal: 1, ...bracket, stopLoss: '80' });
  await desk.signal({ ordinal: 2, ...bracket, stopLoss: '95' });
  await desk.pass(20);
  await desk.signal({ ordinal: 3, side: -1, quantity: '5' });
  await desk.pass(20);
  assert.equal(desk.position, '5');
  desk.harness.ticks.push({ symbol, price: 94, bid: 94, ask: 94 });
  for (let cycle = 0; cycle < 4; cycle++) desk.harness.node.doWork();
  // The limit of the older one is on its way back; nothing is sent beside it.
  assert.deepEqual([desk.order('1-1-1.1'), desk.order('1-2-2.1')], ['pendingCancel 0/5', 'none']);
  await desk.pass(20);
  assert.deepEqual([desk.position, desk.order('1-2-2.1')], ['0', 'filled 5/5']);
  desk.checkJournal();
});

test('times in force: native where the venue knows them, else here, or refused', async (t) => {
  for (const can of [undefined, { ...plainAbilities, replace: true }]) {
    const desk = await started(t, can === undefined ? {} : { can });
    await desk.signal({ ordinal: 1, side: 1, limit: '99', timeInForce: TimeInForce.ioc });
    assert.equal(desk.order('1-1-0'), 'canceled 0/1');
    await desk.signal({ ordinal: 2, side: 1, limit: '101', timeInForce: TimeInForce.ioc });
    assert.equal(desk.order('1-2-0'), 'filled 1/1');
    await desk.signal({
      ordinal: 3,
      side: 1,
      limit: '99',
      timeInForce: TimeInForce.gtd,
      workForMs: 50,
    });
    assert.equal(desk.order('1-3-0'), 'emulated 0/1');
    desk.harness.clock.advance(5e6);
    assert.equal(desk.harness.node.doWork(), 0, 'time alone gives it nothing to do before its end');
    await desk.pass(60);
    assert.equal(desk.order('1-3-0'), 'expired 0/1');
    await desk.signal({ ordinal: 4, side: 1, limit: '99', timeInForce: TimeInForce.fok });
    if (can === undefined) assert.equal(desk.order('1-4-0'), 'canceled 0/1');
    else assert.equal(desk.denied, 'UNSUPPORTED');
    await desk.signal({ ordinal: 5, side: 1, limit: '101', flags: OrderFlags.postOnly });
    if (can === undefined) assert.equal(desk.order('1-5-0'), 'rejected 0/1');
    else assert.equal(desk.denied, 'UNSUPPORTED');
    assert.deepEqual(desk.open, []);
    desk.check();
  }
});

test('what is no whole order is refused with its reason', async (t) => {
  const desk = await started(t);
  const cases: [Omit<TestSignal, 'symbol' | 'ordinal'>, string][] = [
    [{ side: 1, orderType: OrderType.stop }, 'INVALID_ORDER'],
    [{ side: 1, orderType: 99 }, 'INVALID_ORDER'],
    [{ side: 1, orderType: OrderType.twap, parameter: '2.5', workForMs: 100 }, 'INVALID_ORDER'],
    [{ side: 1, orderType: OrderType.vwap, parameter: '2', workForMs: 100 }, 'INVALID_ORDER'],
    [{ side: 1, timeInForce: TimeInForce.day }, 'UNSUPPORTED'],
    [{ side: 1, takeProfit: '90' }, 'INVALID_ORDER'],
    [{ side: -1, stopLoss: '99' }, 'INVALID_ORDER'],
    [{ side: 1, flags: OrderFlags.reduceOnly }, 'REDUCE_ONLY'],
    [{ side: 1, orderType: OrderType.stop, parameter: '120' }, 'PRICE_COLLAR'],
    [{ side: 1, flags: 64 }, 'INVALID_ORDER'],
  ];
  for (const [at, [signal, reason]] of cases.entries()) {
    await desk.signal({ ordinal: at + 1, ...signal });
    assert.equal(desk.denied, reason, JSON.stringify(signal));
  }
  desk.check();
});

test('a limit order that only reduces goes when the position does, by whatever', async (t) => {
  const desk = await started(t);
  const flags = OrderFlags.reduceOnly;
  const limit = { side: -1, quantity: '5', limit: '104', flags };
  await desk.signal({ ordinal: 1, side: 1, quantity: '5' });
  await desk.signal({ ordinal: 2, ...limit });
  assert.equal(desk.order('1-2-0.1'), 'accepted 0/5');
  await desk.signal({ ordinal: 3, side: -1, quantity: '3' });
  assert.deepEqual(
    [desk.order('1-2-0.1'), desk.order('1-2-0.2')],
    ['canceled 0/5', 'accepted 0/2'],
  );
  await desk.start();
  await desk.market(105);
  assert.deepEqual([desk.order('1-2-0'), desk.position], ['canceled 2/5', '0']);
  await desk.signal({ ordinal: 4, ...limit, quantity: '1' });
  assert.equal(desk.denied, 'REDUCE_ONLY');
  desk.harness.node.submit({ symbol, side: 'buy', quantity: '5' });
  await desk.market(100);
  await desk.signal({ ordinal: 5, ...limit, quantity: '1' });
  assert.equal(desk.denied, 'REDUCE_ONLY', 'it holds nothing itself');
});

test('what could never be worked in its parts is refused at once', async (t) => {
  const config = { 'risk.tick': '0.5', 'risk.lot': '2', 'risk.minQuantity': '4' };
  const desk = await started(t, { config });
  const iceberg = { side: 1, quantity: '8', orderType: OrderType.iceberg, limit: '98' };
  const cases: [Omit<TestSignal, 'symbol' | 'ordinal'>, string][] = [
    [{ side: 1, quantity: '4', takeProfit: '101.3' }, 'INVALID_PRICE'],
    [{ ...iceberg, parameter: '5' }, 'INVALID_QUANTITY'],
    [{ ...iceberg, parameter: '2' }, 'QUANTITY_LIMIT'],
  ];
  for (const [at, [signal, reason]] of cases.entries()) {
    await desk.signal({ ordinal: at + 1, ...signal });
    assert.equal(desk.denied, reason, JSON.stringify(signal));
  }
  await desk.signal({ ordinal: 4, side: 1, quantity: '4', takeProfit: '101.5' });
  const limitPrice = parseMoney('101.7');
  await assert.rejects(desk.harness.node.replace('1-4-1', { limitPrice }, 'x'), /INVALID_PRICE/);
  await desk.market(102);
  assert.equal(desk.order('1-4-1'), 'filled 4/4');
  desk.check();
});

test('a change goes to the venue, counts at once, and survives a restart', async (t) => {
  const desk = await started(t);
  await desk.signal({ ordinal: 1, side: 1, quantity: '4', limit: '98' });
  const { node } = desk.harness;
  const more = node.replace(
    '1-1-0',
    { quantity: parseMoney('6'), limitPrice: parseMoney('97') },
    'more',
  );
  assert.equal(desk.order('1-1-0'), 'pendingReplace 0/4');
  assert.equal(node.ledger.positions.ensure(symbol).openBuy, parseMoney('6'));
  await more;
  await desk.pass();
  assert.equal(desk.order('1-1-0'), 'accepted 0/6');
  await desk.start();
  await desk.market(97.9);
  assert.equal(desk.position, '0');
  await desk.market(96);
  assert.equal(desk.order('1-1-0'), 'filled 6/6');
  await assert.rejects(desk.harness.node.replace('1-1-0', {}, 'late'), { code: 'NOT_FOUND' });
  desk.check();
});

test('a change that got lost is refused once the venue was asked', async (t) => {
  const desk = await started(t, { config: { 'exec.answerTimeoutMs': '20' } });
  await desk.signal({ ordinal: 1, side: 1, quantity: '4', limit: '98' });
  const { node, broker } = desk.harness;
  await assert.rejects(
    node.replace('1-1-0', { quantity: parseMoney('200') }, 'x'),
    /POSITION_LIMIT/,
  );
  broker.setBehaviour({ loseRequestPerMillion: 1_000_000 });
  await node.replace('1-1-0', { quantity: parseMoney('6') }, 'more');
  await desk.pass(40);
  assert.equal(desk.order('1-1-0'), 'unknown 0/4');
  broker.setBehaviour({ loseRequestPerMillion: 0 });
  await desk.pass(1100);
  assert.equal(desk.order('1-1-0'), 'accepted 0/4');
  assert.equal(node.ledger.positions.ensure(symbol).openBuy, parseMoney('4'));
  node.cancel('1-1-0', 'done');
  await desk.pass();
  desk.check();
});
