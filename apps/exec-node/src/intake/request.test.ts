// Requests of persons: each type takes the parameter of its own, and says which when it is
// another's.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OrderType, parseMoney, type SubmitRequest } from '@ndts/protocol';
import { VirtualClock } from '@ndts/runtime';
import { personDraft } from './draft.js';
import { draftOf, parameterNames } from './request.js';

const plain = personDraft(1, new VirtualClock(1000));
const common = { symbol: 1, side: 'buy', quantity: '5' } as const;
const values = { stopPrice: '95.5', distance: '0.5', shown: '2', slices: 10 };

test('a parameter of another type is refused, never taken for the own one', () => {
  const own = { stop: 0, stopLimit: 0, trailing: 1, iceberg: 2, twap: 3, vwap: 3 } as const;
  for (const type of Object.keys(OrderType))
    for (const name of parameterNames) {
      const request: SubmitRequest = { ...common, type, [name]: values[name] };
      const expected = type in own ? parameterNames[own[type as keyof typeof own]] : undefined;
      if (name === expected) {
        const { orderType, parameter } = draftOf(request, plain);
        assert.equal(orderType, OrderType[type as keyof typeof OrderType]);
        assert.equal(parameter, parseMoney(String(values[name])));
      } else
        assert.throws(() => draftOf(request, plain), {
          ...{ code: 'INVALID_ARGUMENT' },
          message: new RegExp(`type ${type}: expected ${expected ?? 'no'}`),
        });
    }
  const both = { ...common, type: 'trailing', stopPrice: '95.5', distance: '0.5' };
  assert.throws(() => draftOf(both, plain), /expected distance, not stopPrice/);
});

test('without a type it is a market or a limit order; an unknown word is named', () => {
  assert.equal(draftOf(common, plain).orderType, OrderType.market);
  const limited = draftOf({ ...common, limitPrice: '9' }, plain);
  assert.deepEqual([limited.orderType, limited.parameter], [OrderType.limit, 0n]);
  for (const type of ['Limit', 'toString'])
    assert.throws(() => draftOf({ ...common, type }, plain), { code: 'INVALID_ARGUMENT' });
});
