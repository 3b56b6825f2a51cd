// What gateways forget: orders that are over, the oldest first, with their executions; and nothing
// that works.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Closed } from './closed.js';
import { CryptoOrders } from './crypto/crypto-orders.js';
import { Executions } from './ib/executions.js';
import { OrdersSeen } from './ib/orders-seen.js';

const ids = ['a', 'b', 'c', 'd', 'e'];
const market = 'BTC/USDT';

test('a crypto account forgets the older half of what is over, with its trades', () => {
  const orders = new CryptoOrders('v', new Closed(4));
  const told = (id: string): void => {
    orders.note({ id: `#${id}`, clientOrderId: id, symbol: market, status: 'open' });
    const trade = { ...{ id, order: `#${id}`, symbol: market, side: 'buy' }, timestamp: 0 };
    orders.noteTrade({ ...trade, amount: 1, price: 1 }, 1, undefined);
  };
  told('works');
  for (const id of ids) {
    told(id);
    const order = orders.get(id);
    if (order !== undefined) orders.end(order);
  }
  assert.deepEqual(
    ['works', ...ids].filter((id) => orders.get(id) !== undefined),
    ['works', 'c', 'd', 'e'],
  );
  assert.deepEqual(
    orders.fills(undefined).map(({ clientOrderId }) => clientOrderId),
    ['works', 'c', 'd', 'e'],
  );
  assert.deepEqual(
    orders.working().map(({ clientOrderId }) => clientOrderId),
    ['works'],
  );
});

test('an order that was lost and is told of after all works, and is not forgotten', () => {
  const orders = new CryptoOrders('v', new Closed(1));
  const late = orders.add('late', market);
  orders.lose(late);
  assert.deepEqual(orders.working(), []);
  orders.note({ id: '#late', clientOrderId: 'late', symbol: market, status: 'open' });
  assert.deepEqual(orders.working(), [late]);
  for (const id of ids) orders.end(orders.add(id, market));
  assert.equal(orders.get('late'), late);
  orders.end(late);
  orders.end(orders.add('next', market));
  assert.equal(orders.get('late'), undefined);
});

const usd = { symbol: 1, currency: 'USD' };

test('Interactive Brokers: executions go with their orders', () => {
  const orders = new OrdersSeen(new Closed(4));
  const executions = new Executions('ib');
  const time = { day: 1, nsOfDay: 0 };
  for (const [at, id] of ids.entries()) {
    const order = orders.take(id, at + 1);
    executions.note({ execId: `${id}.01`, orderRef: id, shares: 1, price: 1 }, usd, time, 0);
    executions.forget(orders.end(order));
  }
  assert.deepEqual(
    executions.fills(undefined, 0)?.map(({ clientOrderId }) => clientOrderId),
    ['c', 'd', 'e'],
  );
  assert.deepEqual(
    ids.map((id) => executions.filled(id) > 0n),
    [false, false, true, true, true],
  );
});

test('commissions of others are let go, the newest wait for their execution', () => {
  const executions = new Executions('ib');
  const time = { day: 1, nsOfDay: 0 };
  for (let at = 0; at <= 1000; at++) executions.noteFee({ execId: `x${at}.01`, commission: 2 });
  for (const at of [0, 1000])
    executions.note({ execId: `x${at}.01`, orderRef: 'a', shares: 1 }, usd, time, 0);
  assert.deepEqual(
    executions.fills(undefined, 0)?.map(({ fee }) => fee),
    [0n, 200_000_000n],
  );
});
