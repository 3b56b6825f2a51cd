// The broker cards on the gateway to crypto exchanges, against a stand-in for ccxt: a market of
// swaps; and what only coins do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ccxtDefaults } from '@ndts/exec-node';
import { OrderState, parseMoney } from '@ndts/protocol';
import { SystemClock } from '@ndts/runtime';
import { AuthenticationError, FakeExchange, RateLimitExceeded } from '../kit/fake-exchange.js';
import { type BrokerHarness, Heard, type VenueKnobs } from './broker-kit.js';
import { brokerSuite } from './broker-suite.js';
import {
  brokerOf,
  buy,
  clock,
  fakeVenue,
  market,
  scene,
  settle,
  swap,
  symbol,
} from './crypto-kit.js';

async function harness(): Promise<BrokerHarness> {
  const venue = fakeVenue();
  let broker = brokerOf(venue);
  const knobs: VenueKnobs = {
    market: (_symbol, last, bid = last, ask = last) => venue.market(swap, bid, ask),
    rejectAll: (on) => {
      venue.rejectAll = on;
    },
    loseRequests: (on) => {
      venue.loseRequests = on;
    },
    loseAnswers: (on) => {
      venue.loseAnswers = on;
    },
    partialFills: (on) => {
      venue.partialFills = on;
    },
    outage: (on) => {
      venue.out = on;
    },
    changeByHand: (id, quantity, limit) => venue.changeByHand(id, Number(quantity), Number(limit)),
    feesIn: (currency) => {
      venue.feeCurrency = currency;
    },
    revive: (id) => venue.revive(id),
    orderByHand: (id, quantity, limit) =>
      venue.orderByHand(id, swap, Number(quantity), Number(limit)),
  };
  return {
    broker,
    venue: knobs,
    settle: () => settle(venue, broker),
    restart: async () => {
      await broker.disconnect();
      broker = brokerOf(venue);
      return broker;
    },
    close: () => broker.disconnect(),
  };
}

brokerSuite('ccxt', harness);

test('of a market where both sides are held the position is what they come to', async (context) => {
  const venue = fakeVenue();
  const { broker } = await scene(context, venue, {});
  buy(broker, 'c', '3');
  await settle(venue, broker);
  venue.shortBeside = 1;
  assert.deepEqual(await broker.queryPositions(), [
    { symbol, quantity: parseMoney('2'), averagePrice: 0n },
  ]);
});

test('contracts of another size than one are told in units', async (context) => {
  const venue = new FakeExchange({ [swap]: { ...market, contract: true, contractSize: 0.01 } });
  const { broker, heard } = await scene(context, venue, {});
  buy(broker, 's', '0.05');
  await settle(venue, broker);
  assert.equal(heard.filled('s'), parseMoney('0.05'));
});

test('an order is for as many contracts as were asked for', async (context) => {
  const venue = new FakeExchange({ [swap]: { ...market, contract: true, contractSize: 0.1 } });
  venue.decimals = 0;
  const { broker, heard } = await scene(context, venue, {});
  buy(broker, 's', '0.3');
  await settle(venue, broker);
  assert.equal(heard.filled('s'), parseMoney('0.3'));
});

test('what the venue would make another order of is refused', async (context) => {
  const venue = fakeVenue();
  Object.assign(venue, { decimals: 2, tick: 0.5 });
  const { broker, heard } = await scene(context, venue, {});
  buy(broker, 'a', '1.005', '90');
  buy(broker, 'p', '1', '90.3');
  buy(broker, 'f', '1.01', '90.5');
  await settle(venue, broker);
  assert.deepEqual(
    heard.updates.map(({ clientOrderId, state }) => [clientOrderId, state]),
    [
      ['a', OrderState.rejected],
      ['p', OrderState.rejected],
      ['f', OrderState.accepted],
    ],
  );
});

test('ids of ours are letters and digits at the venue, those of parts, too', async (context) => {
  const venue = fakeVenue();
  const { broker, heard } = await scene(context, venue, {});
  const ids = ['7-118-0', '7-118-0.12', '7-118-2.1'];
  for (const id of ids) buy(broker, id, '1', '90');
  await settle(venue, broker);
  assert.deepEqual(
    heard.updates.map(({ clientOrderId, state }) => [clientOrderId, state]),
    ids.map((id) => [id, OrderState.accepted]),
  );
  const { broker: later, heard: then } = await scene(context, venue, {});
  assert.deepEqual(
    (await later.queryOpenOrders()).map(({ clientOrderId }) => clientOrderId),
    ids,
  );
  later.cancel('7-118-0.12');
  await settle(venue, later);
  assert.deepEqual(
    then.updates.map(({ clientOrderId, state }) => [clientOrderId, state]),
    [['7-118-0.12', OrderState.canceled]],
  );
});

test('an order on its way is unknown, however long that takes', async (context) => {
  const venue = fakeVenue();
  const { broker, heard } = await scene(context, venue, {});
  let arrive: () => void = () => undefined;
  venue.held = new Promise((resolve) => {
    arrive = resolve;
  });
  buy(broker, 'h', '1', '90');
  await settle(venue, broker);
  assert.equal((await broker.queryOrder('h'))?.state, OrderState.unknown);
  arrive();
  await settle(venue, broker);
  assert.deepEqual(heard.states('h'), [OrderState.accepted]);
});

test('what was executed before a restart is told where orders are not listed', async (context) => {
  const venue = fakeVenue();
  venue.listsOrders = false;
  const { broker } = await scene(context, venue, {});
  buy(broker, 'b');
  await settle(venue, broker);
  const late = Object.create(clock, {
    nowMs: { value: () => clock.nowMs() + 3_600_000 },
  }) as typeof clock;
  const { broker: later } = await scene(context, venue, { clock: late });
  assert.equal((await later.queryOrder('b'))?.filledQuantity, parseMoney('1'));
  assert.equal((await later.queryFills()).length, 1);
});

test('an order that ended says what it executed before its trades are told', async (context) => {
  const venue = fakeVenue();
  const { broker, heard } = await scene(context, venue, {});
  buy(broker, 'p', '5', '90');
  await settle(venue, broker);
  venue.holdTrades = true;
  venue.executePart(2);
  broker.cancel('p');
  await settle(venue, broker);
  const end = heard.updates.find(({ state }) => state === OrderState.canceled);
  assert.deepEqual([end?.filledQuantity, heard.fills], [parseMoney('2'), []]);
  assert.equal((await broker.queryOrder('p'))?.filledQuantity, parseMoney('2'));
  venue.holdTrades = false;
  await broker.queryFills();
  await settle(venue, broker);
  assert.equal(heard.filled('p'), parseMoney('2'));
});

test('trades and orders that come in parts are all known', async (context) => {
  const venue = fakeVenue();
  venue.pageMax = 60;
  const { broker, heard } = await scene(context, venue, {});
  for (let count = 1; count <= 130; count++) {
    buy(broker, `n${count}`);
    if (count % 50 === 0) await settle(venue, broker);
  }
  await settle(venue, broker);
  assert.equal(new Set(heard.fills.map(({ tradeId }) => tradeId)).size, 130);
  const { broker: again } = await scene(context, venue, {});
  assert.equal((await again.queryFills()).length, 130);
  assert.deepEqual(await again.queryOpenOrders(), []);
});

test('the day before is asked for at a connection, later what is new', async (context) => {
  const venue = fakeVenue();
  const beginMs = clock.nowMs();
  const { broker } = await scene(context, venue, {});
  const { historyMs } = ccxtDefaults;
  assert.ok(venue.tradesSinceMs >= beginMs - historyMs);
  assert.ok(venue.tradesSinceMs <= clock.nowMs() - historyMs);
  buy(broker, 'x');
  await settle(venue, broker);
  assert.ok(venue.tradesSinceMs >= beginMs - 300_000);
});

test('what an outage hid is found where lists go a day far', async (context) => {
  const venue = fakeVenue();
  venue.windowMs = ccxtDefaults.historyMs;
  let laterMs = 0;
  const later = Object.create(clock, {
    nowMs: { value: () => clock.nowMs() + laterMs },
  }) as typeof clock;
  const { broker } = await scene(context, venue, { clock: later });
  buy(broker, 'out', '5', '90');
  await settle(venue, broker);
  venue.out = true;
  await settle(venue, broker);
  venue.executePart(2);
  laterMs = 3_600_000;
  venue.out = false;
  await settle(venue, broker);
  assert.equal((await broker.queryFills())[0]?.quantity, parseMoney('2'));
});

test('an order that cannot be asked for stays unknown, others go on', async (context) => {
  const venue = fakeVenue();
  venue.asks = 'itsIds';
  const { broker, heard } = await scene(context, venue, {});
  venue.loseRequests = true;
  buy(broker, 'limbo');
  await settle(venue, broker);
  venue.loseRequests = false;
  buy(broker, 'next');
  await settle(venue, broker);
  assert.equal(heard.filled('next'), parseMoney('1'));
  assert.equal((await broker.queryOrder('limbo'))?.state, OrderState.unknown);
  assert.equal((await broker.queryFills()).length, 1);
});

test('an order that got lost is not asked for beyond the horizon', async (context) => {
  const venue = fakeVenue();
  const { broker, heard } = await scene(context, venue, {});
  venue.loseRequests = true;
  buy(broker, 'lost');
  await settle(venue, broker);
  venue.loseRequests = false;
  await settle(venue, broker);
  venue.requests.length = 0;
  await settle(venue, broker);
  assert.ok(!venue.requests.includes('fetchOrder'));
  assert.equal(await broker.queryOrder('lost'), undefined);
  buy(broker, 'lost');
  await settle(venue, broker);
  assert.deepEqual(heard.updates, [], 'the id is not sent again');
});

/** Whose time goes on when a test says so, too. */
class LaterClock extends SystemClock {
  lateNs = 0;

  override monotonicNs(): number {
    return super.monotonicNs() + this.lateNs;
  }
}

test('an open order that the venue has forgotten is over after the horizon', async (context) => {
  const venue = fakeVenue();
  const later = new LaterClock();
  const { broker, heard } = await scene(context, venue, { clock: later, inFlightMs: 600_000 });
  buy(broker, 'gone', '5', '90');
  await settle(venue, broker);
  venue.executePart(2);
  await settle(venue, broker);
  venue.forgetOrders();
  assert.equal((await broker.queryOpenOrders()).length, 1);
  later.lateNs = 601e9;
  while ((await broker.queryOpenOrders()).length > 0) await settle(venue, broker);
  await settle(venue, broker);
  assert.equal(heard.states('gone').at(-1), OrderState.canceled);
  assert.equal(heard.updates.at(-1)?.filledQuantity, parseMoney('2'));
});

test('failures that are no fault of the order are told as such', async (context) => {
  const venue = fakeVenue();
  const { broker, heard } = await scene(context, venue, {});
  const failed = async (id: string): Promise<unknown[]> => {
    buy(broker, id);
    await settle(venue, broker);
    const [first] = heard.updates.filter(({ clientOrderId }) => clientOrderId === id);
    return [first?.state, first?.failure];
  };
  venue.failWith = new AuthenticationError('the key is wrong');
  assert.deepEqual(await failed('k'), [OrderState.rejected, 'venue']);
  venue.failWith = new RateLimitExceeded('too many requests');
  assert.deepEqual(await failed('r'), [OrderState.rejected, 'venue']);
  venue.failWith = undefined;
  venue.rejectAll = true;
  assert.deepEqual(await failed('j'), [OrderState.rejected, undefined], 'it was judged');
  venue.rejectAll = false;
  venue.out = true;
  await settle(venue, broker);
  assert.deepEqual(await failed('n'), [OrderState.rejected, 'transport'], 'never sent');
});

test('play money and secrets reach ccxt, and it keeps the pace of the venue', async (context) => {
  const venue = fakeVenue();
  await scene(context, venue, { sandbox: true, settings: { apiKey: 'k', secret: 's' } });
  assert.equal(venue.demo, true);
  const [given] = venue.settings;
  assert.deepEqual(
    [given?.['apiKey'], given?.['secret'], given?.['enableRateLimit']],
    ['k', 's', true],
  );
});

test('a venue ccxt does not have, and ccxt where it is not installed, are named', async () => {
  const venue = fakeVenue();
  const heard = new Heard();
  await assert.rejects(brokerOf(venue, { venue: 'nowhere' }).connect(heard), /'nowhere'/);
});
