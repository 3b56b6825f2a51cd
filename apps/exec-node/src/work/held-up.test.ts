// Orders that are worked here and that something holds up, as a halt: when they go, and when not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moneyText, OrderStateNames, OrderType, plainAbilities, TimeInForce } from '@ndts/protocol';
import { Desk, symbol } from './desk-kit.js';

const who = { actor: 'anna', why: 'a test', scope: 'strategy', name: '1' };

function orderOf({ harness }: Desk, id: string): string {
  const order = harness.node.ledger.orders.get(id);
  if (order === undefined) return 'none';
  return `${OrderStateNames[order.state]} ${moneyText(order.filled)} ${order.reason}`.trim();
}

test('a stop that was denied goes soon after the reason is gone', async (context) => {
  const desk = new Desk(context, { can: plainAbilities });
  await desk.start();
  await desk.market(100);
  await desk.signal({ ordinal: 1, side: 1, orderType: OrderType.stop, parameter: '101' });
  const { node } = desk.harness;
  await node.setTradingState({ set: 'HALTED', ...who });
  for (let second = 0; second < 40; second++) {
    await desk.market(102);
    await desk.pass(1000);
  }
  assert.equal(orderOf(desk, '1-1-0'), 'triggered 0 stop price reached');
  await node.setTradingState({ set: 'ACTIVE', ...who });
  await desk.market(102);
  await desk.pass(1500);
  assert.equal(orderOf(desk, '1-1-0'), 'filled 1 stop price reached');
  desk.checkJournal();
});

test('what was to go at once does not go when a halt is over, nor after a restart', async (t) => {
  for (const isRestarted of [false, true]) {
    const desk = new Desk(t, { can: plainAbilities, config: { 'risk.ordersPerSecond': '1' } });
    await desk.start();
    await desk.market(100);
    const order = { symbol, side: 1, limit: '101', timeInForce: TimeInForce.ioc };
    desk.harness.signals.push({ ordinal: 1, ...order });
    desk.harness.signals.push({ ordinal: 2, ...order, quantity: '2' });
    await desk.pass();
    const both = (): string[] => ['1-1-0', '1-2-0'].map((id) => orderOf(desk, id));
    assert.deepEqual(both(), ['filled 1', 'emulated 0']);
    await desk.harness.node.setTradingState({ set: 'HALTED', ...who });
    if (isRestarted) await desk.start();
    else for (let second = 0; second < 3; second++) await desk.pass(1000);
    await desk.harness.node.setTradingState({ set: 'ACTIVE', ...who });
    await desk.market(100);
    await desk.pass(2000);
    assert.deepEqual(both(), ['filled 1', 'expired 0 its time was over before it could be sent']);
    desk.checkJournal();
  }
});
