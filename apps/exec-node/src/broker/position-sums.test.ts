// What several answers about one symbol come to.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BrokerPosition, parseMoney } from '@ndts/protocol';
import { positionSums } from './position-sums.js';

function held(symbol: number, quantity: string, averagePrice: string): BrokerPosition {
  return {
    symbol,
    quantity: parseMoney(quantity),
    averagePrice: parseMoney(averagePrice),
  };
}

test('positions of one symbol add up, and have an average where they are on one side', () => {
  const told = [
    ...[held(1, '2', '10'), held(2, '5', '7'), held(1, '1', '13')],
    ...[held(3, '4', '9'), held(3, '-4', '8'), held(4, '3', '9'), held(4, '-1', '20')],
    ...[held(5, '0', '0'), held(5, '-2', '6'), held(6, '1', '5'), held(6, '1', '0')],
  ];
  assert.deepEqual(positionSums(told), [
    ...[held(1, '3', '11'), held(2, '5', '7'), held(3, '0', '0'), held(4, '2', '0')],
    ...[held(5, '-2', '6'), held(6, '2', '0')],
  ]);
});
