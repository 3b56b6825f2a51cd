// A cancel that the venue never got, or never answered, is asked for again: after an outage, after
// a restart, beside an execution, and not once it was refused.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { OrderState, OrderStateNames, parseMoney } from '@ndts/protocol';
import type { Gateway } from '../broker/gateway.js';
import type { PaperBroker } from '../broker/paper.js';
import type { HarnessOptions } from '../exec-kit.js';
import { Desk, symbol } from '../work/desk-kit.js';

const id = '1-1-0';

/** It hears no cancel. */
class DeafVenue {
  cancels = 0;
  readonly wrap = (broker: PaperBroker): Gateway =>
    new Proxy<Gateway>(broker, {
      get: (_, name) => {
        if (name === 'cancel')
          return (): void => {
            this.cancels += 1;
          };
        const value = Reflect.get(broker, name) as unknown;
        return typeof value === 'function' ? value.bind(broker) : value;
      },
    });
}

async function resting(context: TestContext, wrap?: HarnessOptions['wrap']): Promise<Desk> {
  const journalLimits = { snapshotEvents: 1, keptEvents: 0 };
  const desk = new Desk(context, { journalLimits, ...(wrap === undefined ? {} : { wrap }) });
  await desk.start();
  await desk.market(100);
  await desk.signal({ ordinal: 1, side: 1, quantity: '2', limit: '98' });
  assert.equal(stateOf(desk), 'accepted');
  return desk;
}

function stateOf({ harness }: Desk): string {
  const order = harness.node.ledger.orders.get(id);
  return order === undefined ? 'none' : (OrderStateNames[order.state] ?? '');
}

async function pass(desk: Desk, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) await desk.pass(1000);
}

test('what was to be canceled while the broker was away is canceled when it is back', async (c) => {
  const desk = await resting(c);
  desk.harness.broker.setOutage(true);
  await pass(desk, 1);
  assert.equal(desk.harness.node.cancel(id, 'anna: enough'), true);
  await pass(desk, 20);
  assert.equal(stateOf(desk), 'unknown');
  desk.harness.broker.setOutage(false);
  await pass(desk, 5);
  assert.equal(stateOf(desk), 'canceled');
  assert.deepEqual(await desk.harness.broker.queryOpenOrders(), []);
  desk.checkJournal();
});

test('also over a restart, whatever became of the order meanwhile', async (context) => {
  const desk = await resting(context);
  desk.harness.broker.setOutage(true);
  await pass(desk, 1);
  desk.harness.node.cancel(id, 'anna: enough');
  await pass(desk, 20);
  await desk.start();
  await pass(desk, 5);
  assert.equal(stateOf(desk), 'canceled');
  desk.checkJournal();
});

test('an execution that comes instead of an answer does not end the wish', async (context) => {
  const venue = new DeafVenue();
  const desk = await resting(context, venue.wrap);
  const [quantity, time] = [parseMoney('1'), desk.harness.clock.now()];
  desk.harness.node.cancel(id, 'anna: enough');
  desk.harness.venue.onFill({
    ...{ venue: 'paper', tradeId: 'T9', clientOrderId: id, symbol, side: 1, quantity, time },
    ...{ price: parseMoney('98'), fee: 0n },
  });
  await desk.pass();
  assert.equal(stateOf(desk), 'partiallyFilled');
  await pass(desk, 6);
  assert.equal(venue.cancels, 2);
});

test('a cancel that the venue refused is not asked for again', async (c) => {
  const venue = new DeafVenue();
  const desk = await resting(c, venue.wrap);
  desk.harness.node.cancel(id, 'anna: enough');
  const { accepted: state } = OrderState;
  const told = { clientOrderId: id, venueOrderId: '', state, time: desk.harness.clock.now() };
  desk.harness.venue.onOrderUpdate({ ...told, reason: 'too late' });
  await pass(desk, 30);
  assert.deepEqual([stateOf(desk), venue.cancels], ['accepted', 1]);
  desk.checkJournal();
});

test('one that stays without an answer is asked for ever less often', async (context) => {
  const venue = new DeafVenue();
  const desk = await resting(context, venue.wrap);
  desk.harness.node.cancel(id, 'anna: enough');
  await pass(desk, 60);
  assert.ok(venue.cancels >= 3 && venue.cancels <= 6, `${venue.cancels} in a minute`);
});
