// Orders that somebody changed at the venue: found by the comparison, and halted on, adopted or
// told by policy.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type BrokerOrderStatus,
  OrderState,
  OrderType,
  parseMoney,
  type WorkingTerms,
} from '@ndts/protocol';
import { createHarness, during, type Harness, ledgerSnapshot, pass, rebuild } from '../exec-kit.js';
import { Order } from '../order/order.js';
import { changedTerms } from './venue-terms.js';

const who = { actor: 'anna', why: 'a test' };
const line = 'order 1-1-0 was changed at the venue: journal 1 at 95, venue 3 at 94';

async function started(context: TestContext, policy: string): Promise<Harness> {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-terms-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const harness = createHarness({
    dir,
    config: {
      ...{ 'exec.differences': policy, 'exec.checkMs': '1000', 'risk.staleMs': '6000000' },
      'risk.maxPosition': '5',
    },
  });
  let isOver = false;
  const start = harness.node.start().finally(() => {
    isOver = true;
  });
  while (!isOver) await pass(harness, 50);
  await start;
  harness.ticks.push({ symbol: 1, price: 100 });
  await harness.settle();
  return harness;
}

/** Time for so many comparisons. */
async function checks(harness: Harness, count: number): Promise<void> {
  for (let turn = 0; turn < count * 21; turn++) await pass(harness, 50);
}

/** Nobody here has asked for it. */
function changeByHand(harness: Harness, id: string, quantity: string, limit: string): void {
  const terms = { quantity: parseMoney(quantity), limitPrice: parseMoney(limit), stopPrice: 0n };
  const time = harness.clock.now();
  harness.broker.replace({ clientOrderId: id, phase: 1, ...terms, reason: '', time });
}

async function rest(harness: Harness): Promise<void> {
  harness.signals.push({ ordinal: 1, symbol: 1, side: 1, limit: '95' });
  await harness.settle();
}

test('halted on by default, once it lasts, until it is adopted by hand', async (context) => {
  const harness = await started(context, 'halt');
  await rest(harness);
  changeByHand(harness, '1-1-0', '3', '94');
  await checks(harness, 1);
  assert.equal(harness.node.ledger.tradingState, 'ACTIVE');
  await checks(harness, 2);
  assert.equal(harness.node.ledger.tradingReason, `reconciliation: ${line}`);
  assert.deepEqual(await during(harness, harness.node.reconcile({ ...who, adopt: true })), {
    ...{ differences: [], adopted: [line], tradingState: 'HALTED' },
  });
  await harness.node.setTradingState({ set: 'ACTIVE', ...who });
  await checks(harness, 3);
  assert.equal(harness.node.ledger.tradingState, 'ACTIVE');
});

test('adopted: it counts in the limits as it is, after a restart, too', async (context) => {
  const harness = await started(context, 'adopt');
  const { ledger } = harness.node;
  await rest(harness);
  changeByHand(harness, '1-1-0', '3', '94');
  await checks(harness, 3);
  assert.equal(ledger.tradingState, 'ACTIVE');
  const order = ledger.orders.get('1-1-0');
  assert.deepEqual(
    [order?.intent.quantity, order?.intent.limitPrice, order?.reason],
    [parseMoney('3'), parseMoney('94'), line],
  );
  assert.equal(ledger.positions.get(1)?.openBuy, parseMoney('3'));
  harness.signals.push({ ordinal: 2, symbol: 1, side: 1, quantity: '3', limit: '96' });
  await harness.settle();
  const [denied] = ledger.orders.list(1, 1);
  assert.equal(denied?.reason, 'POSITION_LIMIT_EXCEEDED');
  assert.deepEqual(ledgerSnapshot(rebuild(harness.journal)), ledgerSnapshot(ledger));
  harness.ticks.push({ symbol: 1, price: 94, bid: 93, ask: 94 });
  await harness.settle();
  assert.equal(ledger.positions.get(1)?.quantity, parseMoney('3'));
});

test('told: it is told, and trading goes on', async (context) => {
  const harness = await started(context, 'report');
  await rest(harness);
  changeByHand(harness, '1-1-0', '3', '94');
  await checks(harness, 3);
  assert.equal(harness.node.ledger.tradingState, 'ACTIVE');
  assert.deepEqual(harness.node.riskView().differences, [line]);
  changeByHand(harness, '1-1-0', '1', '95');
  await checks(harness, 3);
  assert.deepEqual(harness.node.riskView().differences, []);
});

test('a part of what works here is not adopted: it would be made up for', async (context) => {
  const harness = await started(context, 'adopt');
  harness.signals.push({
    ...{ ordinal: 1, symbol: 1, side: 1, quantity: '4', limit: '95' },
    ...{ orderType: OrderType.iceberg, parameter: '2' },
  });
  await harness.settle();
  changeByHand(harness, '1-1-0.1', '1', '95');
  await checks(harness, 3);
  assert.match(harness.node.ledger.tradingReason, /order 1-1-0\.1 was changed at the venue/);
});

test('a change that is on its way, and what is not told, is none', () => {
  const time = { day: 20_000, nsOfDay: 0 };
  const ours = { quantity: 10n, limitPrice: 95n, stopPrice: 0n };
  const order = new Order(
    {
      ...{ clientOrderId: '1-1-0', account: 'a', instance: 1, ordinal: 1n, symbol: 1, side: 1 },
      ...{ orderType: OrderType.limit, quantity: 10n, limitPrice: 95n, broker: 'x', time },
      ...{ tickTime: time, shard: 0, epoch: 0n, sequence: 0n, factorValue: 0 },
    },
    OrderState.accepted,
    1,
  );
  const told = (
    state: OrderState,
    filledQuantity: bigint,
    working?: WorkingTerms,
  ): WorkingTerms | undefined => {
    const status = { clientOrderId: '1-1-0', venueOrderId: 'V', state, filledQuantity };
    const whole: BrokerOrderStatus = working === undefined ? status : { ...status, working };
    return changedTerms(order, whole);
  };
  const { accepted, canceled, filled } = OrderState;
  const other = { ...ours, quantity: 4n };
  assert.deepEqual(told(accepted, 0n, other), other);
  assert.equal(told(accepted, 0n), undefined);
  assert.equal(told(accepted, 0n, { quantity: 0n, limitPrice: 0n, stopPrice: 0n }), undefined);
  assert.equal(told(accepted, 0n, { ...ours, stopPrice: 7n }), undefined, 'none of ours');
  assert.equal(told(accepted, 4n, other), undefined, 'fills are to come');
  assert.equal(told(canceled, 0n, other), undefined);
  assert.equal(told(filled, 0n), undefined, 'all its fills are to come');
  order.filled = 4n;
  assert.deepEqual(told(filled, 4n), other, 'made as small as what it had executed');
  order.asked = other;
  assert.equal(told(accepted, 4n, other), undefined);
});
