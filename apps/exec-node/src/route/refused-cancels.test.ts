// Cancels that the venue refuses for a while, as some do outside of their hours, and what goes on
// beside one that nobody answers.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  type BrokerListener,
  type OrderIntent,
  OrderState,
  OrderType,
  parseMoney,
} from '@ndts/protocol';
import type { Gateway } from '../broker/gateway.js';
import type { PaperBroker } from '../broker/paper.js';
import { pass } from '../exec-kit.js';
import { Desk, symbol } from '../work/desk-kit.js';

const who = { actor: 'anna', why: 'a test' };

/** What it does with a cancel. */
type Answer = 'refuses' | 'silent' | 'cancels';

class Venue {
  #listener: BrokerListener | undefined;
  answer: Answer = 'refuses';
  /** Ids, as they were asked for. */
  readonly cancels: string[] = [];
  /** Orders are on their way for long. */
  holds = false;
  readonly held: OrderIntent[] = [];
  readonly wrap = (broker: PaperBroker): Gateway =>
    new Proxy<Gateway>(broker, {
      get: (_, name) => {
        if (name === 'cancel') return (id: string): void => this.#cancel(broker, id);
        if (name === 'submit' && this.holds)
          return (intent: OrderIntent): void => {
            this.held.push(intent);
          };
        if (name === 'connect')
          return (listener: BrokerListener): Promise<void> => {
            this.#listener = listener;
            return broker.connect(listener);
          };
        const value = Reflect.get(broker, name) as unknown;
        return typeof value === 'function' ? value.bind(broker) : value;
      },
    });

  #cancel(broker: PaperBroker, clientOrderId: string): void {
    this.cancels.push(clientOrderId);
    if (this.answer === 'cancels') broker.cancel(clientOrderId);
    if (this.answer !== 'refuses') return;
    const time = { day: 20_000, nsOfDay: 0 };
    const update = { clientOrderId, venueOrderId: '', state: OrderState.accepted, time };
    this.#listener?.onOrderUpdate({ ...update, reason: 'not at this hour' });
  }
}

async function started(context: TestContext, venue: Venue): Promise<Desk> {
  const desk = new Desk(context, { wrap: venue.wrap, config: { 'risk.staleMs': '6000000' } });
  await desk.start();
  await desk.market(100);
  return desk;
}

async function seconds(desk: Desk, count: number): Promise<void> {
  for (let cycle = 0; cycle < count * 10; cycle++) await pass(desk.harness, 100);
}

const iceberg = { orderType: OrderType.iceberg, parameter: '2', limit: '98', quantity: '5' };

for (const [what, order, cancel] of [
  ['of what works here', iceberg, (desk: Desk) => desk.harness.node.cancel('1-1-0', 'enough')],
  [
    'of all that is halted',
    { limit: '98' },
    (desk: Desk) => desk.harness.node.setTradingState({ set: 'HALTED', cancel: true, ...who }),
  ],
] as const)
  test(`a venue that refuses a cancel is asked ever less often, ${what}`, async (context) => {
    const venue = new Venue();
    const desk = await started(context, venue);
    await desk.signal({ ordinal: 1, side: 1, ...order });
    await cancel(desk);
    await seconds(desk, 60);
    assert.ok(venue.cancels.length > 3 && venue.cancels.length < 10, `${venue.cancels.length}`);
    venue.answer = 'cancels';
    await seconds(desk, 17);
    assert.equal(desk.harness.node.ledger.orders.open().size, 0);
    desk.checkJournal();
  });

test('a cancel that nobody answers does not hold up what closes after it', async (context) => {
  const venue = new Venue();
  const desk = await started(context, venue);
  const { node } = desk.harness;
  await desk.signal({ ordinal: 1, side: 1, quantity: '3' });
  desk.harness.ticks.push({ symbol: symbol + 1, price: 50 });
  desk.harness.signals.push({ symbol: symbol + 1, ordinal: 2, side: 1, limit: '48' });
  await desk.pass();
  venue.answer = 'silent';
  await node.setTradingState({ set: 'HALTED', cancel: true, ...who });
  await seconds(desk, 1);
  venue.holds = true;
  await node.flatten(who);
  await seconds(desk, 1);
  assert.equal(venue.held.length, 1);
  assert.deepEqual(new Set(venue.cancels), new Set(['1-2-0']));
  // A halt after it is about all there is.
  await node.setTradingState({ set: 'HALTED', cancel: true, ...who });
  assert.ok(venue.cancels.includes('0-0-0'));
});

test('what waits for a cancel that was refused goes on without a tick', async (context) => {
  const venue = new Venue();
  const desk = await started(context, venue);
  const { node } = desk.harness;
  const pair = { limitPrice: '104', other: { stopPrice: '96' } };
  node.submit({ symbol, side: 'sell', quantity: '5', ...pair });
  await desk.pass();
  await desk.market(95);
  assert.deepEqual(venue.cancels, ['0-0-0.1']);
  venue.answer = 'cancels';
  await seconds(desk, 2);
  assert.equal(node.ledger.positions.get(symbol)?.quantity, parseMoney('-5'));
});
