// Changes of open orders: judged as the order they would make, by every check of a new one; what
// only takes away is never held up.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { moneyScale, OrderStateNames, OrderType, parseMoney } from '@ndts/protocol';
import { MemoryKeyValueStore } from '@ndts/runtime';
import { FullDisk } from '../exec-kit.js';
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
