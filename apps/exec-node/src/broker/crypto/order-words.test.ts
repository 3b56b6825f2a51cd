// What the words of ccxt for an order mean.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OrderStateNames, parseMoney } from '@ndts/protocol';
import { CryptoOrders } from './crypto-orders.js';
import { statusOf } from './order-words.js';

test('closed is filled, or canceled where less was executed than the order was for', () => {
  const order = new CryptoOrders('x').add('1-1-0', 'BTC/USDT');
  const told = (toldFilled: string | undefined, filled: string, quantity?: string): string => {
    order.status = 'closed';
    order.toldFilled = toldFilled === undefined ? undefined : parseMoney(toldFilled);
    order.filled = parseMoney(filled);
    const terms = { quantity: parseMoney(quantity ?? '0'), limitPrice: 0n, stopPrice: 0n };
    order.terms = quantity === undefined ? undefined : terms;
    const { state, filledQuantity } = statusOf(order);
    return `${OrderStateNames[state]} ${filledQuantity / parseMoney('1')}`;
  };
  assert.equal(told('10', '4', '10'), 'filled 10');
  assert.equal(told('4', '0', '10'), 'canceled 4');
  assert.equal(told('0', '0', '10'), 'canceled 0');
  assert.equal(told('4', '10', '10'), 'filled 10', 'its trades know more');
  assert.equal(told(undefined, '4', '10'), 'filled 4', 'it does not say');
  assert.equal(told('4', '4'), 'filled 4', 'nobody knows what it was for');
});
