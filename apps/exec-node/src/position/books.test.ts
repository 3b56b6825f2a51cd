// Whose an execution is that takes the place of an inferred one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FillInferred, parseMoney } from '@ndts/protocol';
import { PositionBooks } from './books.js';

test('told of an order that nobody remembers, it goes to the strategy that its id names', () => {
  const books = new PositionBooks();
  const time = { day: 20_000, nsOfDay: 0 };
  const quantity = parseMoney('2');
  const price = parseMoney('90');
  const inferred: FillInferred = {
    ...{ tradeId: 'i', venue: 'x', clientOrderId: '', account: 'main', instance: 0, symbol: 1 },
    ...{ side: 1, quantity, price, offset: 0, time, until: time, reason: '' },
  };
  books.execute({ ...inferred, fee: 0n }, inferred, 0);
  const told = { price: parseMoney('91'), fee: 1n, clientOrderId: '3-7-0' };
  books.replace(inferred, quantity, told, undefined);
  assert.equal(books.strategy(0)?.get(1)?.quantity, 0n);
  assert.equal(books.strategy(3)?.get(1)?.averagePrice, told.price);
  assert.equal(books.all.get(1)?.averagePrice, told.price);
  assert.equal(books.account('main')?.get(1)?.averagePrice, told.price);
});
