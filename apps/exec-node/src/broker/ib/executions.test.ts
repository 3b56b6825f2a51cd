// Executions of Interactive Brokers, and what they cost.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMoney } from '@ndts/protocol';
import { Executions } from './executions.js';

test('a commission that is not told is no fee; a rebate is one', () => {
  const executions = new Executions('ib');
  const execution = { execId: '1.2.01.01', orderRef: 'a', shares: 1, price: 2, side: 'BOT' };
  executions.note(execution, { symbol: 1, currency: 'USD' }, { day: 1, nsOfDay: 0 }, 1);
  const execId = execution.execId;
  assert.equal(executions.noteFee({ execId, commission: Number.MAX_VALUE }), false);
  assert.equal(executions.get(execId)?.fee, undefined);
  assert.equal(executions.noteFee({ execId, commission: -0.25, currency: 'USD' }), true);
  assert.equal(executions.get(execId)?.fee, parseMoney('-0.25'));
});
