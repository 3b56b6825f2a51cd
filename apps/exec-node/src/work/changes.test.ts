// Changes of open orders: judged as the order they would make, by every check of a new one; what
// only takes away is never held up.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  moneyScale,
  OrderStateNames,
  OrderType,
  parseMoney,
  plainAbilities,
  TimeInForce,
} from '@ndts/protocol';
import { MemoryKeyValueStore } from '@ndts/runtime';
import { FullDisk, type HarnessOptions } from '../exec-kit.js';
import { Desk, symbol } from './desk-kit.js';

const who = { actor: 'anna', why: 'a test' };

async function resting(context: TestContext, config: Record<string, string> = {}): Promise<Desk> {
  const desk = new Desk(context, { config });
  await desk.start();
  await desk.market(100);
  desk.harness.signals.push({ ordinal: 1, symbol, side: 1, limit: '98', quantity: '5' });
  await desk.harness.settle();
  return desk;
}

function change(desk: Desk, to: Record<string, string>, id = '1-1-0'): Promise<void> {
  const terms = Object.entries(to).map(([name, value]) => [name, parseMoney(value)]);
  return desk.harness.node.replace(id, Object.fromEntries(terms) as object, 'a test');
}

function order(desk: Desk, id = '1-1-0'): string {
  const found = desk.harness.node.ledger.orders.get(id);
  if (found === undefined) return 'none';
  const { quantity, limitPrice } = found.intent;
  return `${OrderStateNames[found.state]} ${quantity / moneyScale} ${limitPrice / moneyScale}`;
}

test('another price passes the collar, tick size, and our own orders', async (context) => {
  const config = { 'risk.tick': '0.5', 'risk.maxOrderValue': '600' };
  const desk = await resting(context, config);
  await assert.rejects(change(desk, { limitPrice: '100000' }), /PRICE_COLLAR/);
  await assert.rejects(change(desk, { limitPrice: '98.3' }), /INVALID_PRICE/);
  await assert.rejects(change(desk, { limitPrice: '-98' }), /a price is above 0/);
  await assert.rejects(change(desk, { stopPrice: '98' }), /it is of its type/);
  await assert.rejects(change(desk, { quantity: '7' }), /ORDER_VALUE_EXCEEDED/);
  desk.harness.signals.push({ ordinal: 2, symbol, side: -1, limit: '102' });
  await desk.harness.settle();
  await assert.rejects(change(desk, { limitPrice: '102' }), /SELF_TRADE/);
  assert.equal(order(desk), 'accepted 5 98');
  await change(desk, { limitPrice: '97' });
  await desk.harness.settle();
  assert.equal(order(desk), 'accepted 5 97');
});

test('more counts once, beside what is open already; less passes a halt', async (context) => {
  const desk = await resting(context, { 'risk.maxPosition': '8' });
  await assert.rejects(change(desk, { quantity: '9' }), /POSITION_LIMIT_EXCEEDED/);
  await change(desk, { quantity: '8' });
  await desk.harness.settle();
  assert.equal(order(desk), 'accepted 8 98');
  await desk.harness.node.setTradingState({ set: 'HALTED', ...who });
  await assert.rejects(change(desk, { limitPrice: '99' }), /TRADING_HALTED/);
  await change(desk, { quantity: '3' });
  await desk.harness.settle();
  assert.equal(order(desk), 'accepted 3 98');
});

test('a part of an order that works here is changed with the order alone', async (context) => {
  const desk = await resting(context);
  const iceberg = { orderType: OrderType.iceberg, parameter: '2', limit: '98', quantity: '5' };
  desk.harness.signals.push({ ordinal: 2, symbol, side: 1, ...iceberg });
  await desk.harness.settle();
  assert.equal(order(desk, '1-2-0.1'), 'accepted 2 98');
  const part = change(desk, { quantity: '50' }, '1-2-0.1');
  await assert.rejects(part, /it is a part of 1-2-0; change that/);
});

test('what asks for more and waits for the disk does not leave after a halt', async (context) => {
  const journal = new MemoryKeyValueStore();
  const desk = new Desk(context, { journal, config: { 'exec.journalMode': 'durable' } });
  await desk.start();
  await desk.market(100);
  await desk.signal({ ordinal: 1, side: 1, limit: '98', quantity: '5' });
  for (const [quantity, expected] of [
    ['9', '5'],
    ['3', '3'],
  ] as const) {
    journal.holdCommits();
    const asked = change(desk, { quantity }).catch((error: unknown) => String(error));
    const halted = desk.harness.node.setTradingState({ set: 'HALTED', ...who });
    journal.commit();
    const [answer] = await Promise.all([asked, halted]);
    assert.equal(String(answer).endsWith('TRADING_HALTED'), quantity === '9');
    await desk.pass();
    const status = await desk.harness.broker.queryOrder('1-1-0');
    assert.equal(status?.working?.quantity, parseMoney(expected));
    assert.equal(order(desk), `accepted ${expected} 98`);
    desk.checkJournal();
  }
});

test('what asks for more does not leave once trading only reduces, either', async (context) => {
  const journal = new MemoryKeyValueStore();
  const desk = new Desk(context, { journal, config: { 'exec.journalMode': 'durable' } });
  await desk.start();
  await desk.market(100);
  await desk.signal({ ordinal: 1, side: 1, limit: '98', quantity: '5' });
  journal.holdCommits();
  const asked = assert.rejects(change(desk, { limitPrice: '99' }), /REDUCE_ONLY/);
  const reduced = desk.harness.node.setTradingState({ set: 'REDUCING', ...who });
  journal.commit();
  await Promise.all([asked, reduced]);
  await desk.pass();
  assert.equal(order(desk), 'accepted 5 98');
  desk.checkJournal();
});

test('what works here is canceled with its parts, also when nothing can be written', async (t) => {
  const journal = new FullDisk();
  const desk = new Desk(t, { journal });
  await desk.start();
  await desk.market(100);
  const iceberg = { orderType: OrderType.iceberg, parameter: '2', limit: '98', quantity: '5' };
  await desk.signal({ ordinal: 1, side: 1, ...iceberg });
  assert.equal((await desk.harness.broker.queryOpenOrders()).length, 1);
  journal.full = true;
  desk.harness.node.cancel('1-1-0', 'anna: enough');
  desk.harness.node.doWork();
  assert.deepEqual(await desk.harness.broker.queryOpenOrders(), []);
  journal.full = false;
  await desk.pass(200);
  assert.equal(order(desk), 'canceled 5 98');
  desk.checkJournal();
});

/** A desk, and what makes its venue tell of an execution of a buy at 98. */
async function heard(
  context: TestContext,
  options: Partial<HarnessOptions>,
): Promise<{ desk: Desk; told: (clientOrderId: string, quantity: string) => void }> {
  const desk = new Desk(context, options);
  await desk.start();
  await desk.market(100);
  const told = (clientOrderId: string, quantity: string): void =>
    desk.harness.venue.onFill({
      ...{ venue: 'paper', tradeId: 'X1', clientOrderId, symbol, side: 1, fee: 0n },
      ...{ quantity: parseMoney(quantity), price: parseMoney('98') },
      time: desk.harness.clock.now(),
    });
  return { desk, told };
}

test('the legs of a bracket work what an entry executes that became larger', async (context) => {
  const { desk, told } = await heard(context, {});
  const bracket = { limit: '98', quantity: '5', takeProfit: '110', stopLoss: '90' };
  await desk.signal({ ordinal: 1, side: 1, ...bracket });
  await change(desk, { quantity: '9' });
  await desk.pass();
  const { ledger } = desk.harness.node;
  told('1-1-0', '8');
  await desk.pass();
  assert.equal(order(desk), 'partiallyFilled 9 98');
  for (const id of ['1-1-1', '1-1-2'])
    assert.equal(ledger.orders.get(id)?.open, parseMoney('8'), id);
  assert.equal(ledger.positions.get(symbol)?.openSell, parseMoney('8'));
  desk.checkJournal();
});

test('a late fill that makes an order whole takes back the part sent in its place', async (t) => {
  const { desk, told } = await heard(t, { can: plainAbilities });
  const gtd = { timeInForce: TimeInForce.gtd, workForMs: 60_000 };
  await desk.signal({ ordinal: 1, side: 1, limit: '98', quantity: '2', ...gtd });
  await change(desk, { limitPrice: '97' });
  await desk.pass();
  const parts = (): string[] => [order(desk, '1-1-0.1'), order(desk, '1-1-0.2')];
  assert.deepEqual(parts(), ['canceled 2 98', 'accepted 2 97']);
  told('1-1-0.1', '2');
  await desk.pass();
  assert.deepEqual([order(desk), parts()[1]], ['filled 2 97', 'canceled 2 97']);
  assert.deepEqual(await desk.harness.broker.queryOpenOrders(), []);
  assert.equal(desk.harness.node.ledger.positions.get(symbol)?.openBuy, 0n);
  desk.checkJournal();
});

test('what was executed whole while a change of it waited for the disk is filled', async (t) => {
  const journal = new MemoryKeyValueStore();
  const { desk, told } = await heard(t, { journal, config: { 'exec.journalMode': 'durable' } });
  await desk.signal({ ordinal: 1, side: 1, limit: '98', quantity: '5' });
  journal.holdCommits();
  const asked = change(desk, { quantity: '9' }).catch((error: unknown) => String(error));
  told('1-1-0', '5');
  desk.harness.node.doWork();
  const halted = desk.harness.node.setTradingState({ set: 'HALTED', ...who });
  journal.commit();
  await Promise.all([asked, halted]);
  assert.equal(order(desk), 'filled 5 98');
  desk.checkJournal();
});

test('a change of what was canceled while it waited for the disk is refused', async (t) => {
  for (const isLate of [false, true]) {
    const journal = new MemoryKeyValueStore();
    const { desk } = await heard(t, { journal, config: { 'exec.journalMode': 'durable' } });
    await desk.signal({ ordinal: 1, side: 1, limit: '98', quantity: '5' });
    const { broker, node } = desk.harness;
    let sent = 0;
    broker.replace = () => {
      sent += 1;
    };
    journal.holdCommits();
    const state = isLate ? 'canceled' : 'pendingCancel';
    const why = new RegExp(`cannot be changed so: it is ${state} by now; nothing was sent`);
    const asked = assert.rejects(change(desk, { quantity: '9' }), why);
    node.cancel('1-1-0', 'anna: no more');
    if (isLate) for (let cycle = 0; cycle < 3; cycle++) node.doWork();
    journal.commit();
    await asked;
    await desk.pass();
    assert.deepEqual([order(desk), sent], ['canceled 5 98', 0]);
    assert.equal(node.ledger.positions.get(symbol)?.openBuy, 0n);
    assert.equal(node.ledger.orders.get('1-1-0')?.asked, undefined);
    desk.checkJournal();
  }
});
