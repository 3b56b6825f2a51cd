// Which told executions take the place of inferred ones, where the clock of the venue is far ahead.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fill, FillInferred } from '@ndts/protocol';
import { type ExecutedOrder, Inferred } from './inferred.js';

const time = { day: 20_000, nsOfDay: 0 };
const common = { venue: 'v', clientOrderId: '1-1-0', symbol: 3, side: 1, price: 100n };

/** 2 of 10 are known by inference; what one of 2 that is told an hour ahead takes the place of. */
function taken(closed: boolean): bigint {
  const inferred = new Inferred();
  const missing = { ...common, tradeId: 'i', account: 'a', instance: 1, offset: 0, quantity: 2n };
  inferred.note({ ...missing, time, until: time, reason: 'r' } satisfies FillInferred);
  const order: ExecutedOrder = { intent: { time }, filled: 2n, quantity: 10n, closed };
  const ahead = { day: 20_000, nsOfDay: 3_600e9 };
  const told: Fill = { ...common, tradeId: 't', quantity: 2n, fee: 0n, time: ahead };
  return inferred.take(told, order).reduce((sum, { quantity }) => sum + quantity, 0n);
}

test('of an order that ended it is no news; of one that works it may be', () => {
  assert.equal(taken(true), 2n);
  assert.equal(taken(false), 0n);
});
