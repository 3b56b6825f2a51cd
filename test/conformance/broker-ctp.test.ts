// The broker cards on the CTP gateway, against a stand-in for the trader API; and what only CTP
// does: references that other sessions use, too, settlement, one query a second, log-ins that must
// not be tried again, dates of the night, orders that end with their trading day.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  CtpBroker,
  type CtpBrokerOptions,
  ctpDefaults,
  type CtpInstrument,
  type CtpSettings,
  type CtpTrader,
  type Gateway,
} from '@ndts/exec-node';
import {
  type OrderIntent,
  OrderOffset,
  OrderState,
  OrderType,
  parseMoney,
  plainTerms,
  timeText,
} from '@ndts/protocol';
import { createSilentLogger, MemoryKeyValueStore, SeededRandom, SystemClock } from '@ndts/runtime';
import { FakeCtpVenue } from '../kit/fake-ctp.js';
import { rejectsWith } from '../kit/errors.js';
import { type BrokerHarness, Heard, type VenueKnobs } from './broker-kit.js';
import { brokerSuite } from './broker-suite.js';

const clock = new SystemClock();
const iron = 42;
const rebar = 43;
const perMille = { byMoney: 0.001, byVolume: 0 };
const fees = { open: perMille, close: perMille, closeToday: perMille };
const priceLimits = (): { lower: number; upper: number } => ({ lower: 50, upper: 150 });
const instruments = new Map<number, CtpInstrument>([
  [iron, { instrumentId: 'i2705', exchangeId: 'DCE', multiplier: 1, fees }],
  [rebar, { instrumentId: 'rb2705', exchangeId: 'SHFE', multiplier: 1, fees, priceLimits }],
]);

interface Made {
  readonly venue: FakeCtpVenue;
  readonly keyValue: MemoryKeyValueStore;
  readonly make: (changes?: Partial<CtpSettings>, trader?: CtpTrader) => CtpBroker;
}

function made(queryMs = 1): Made {
  const venue = new FakeCtpVenue(queryMs);
  const keyValue = new MemoryKeyValueStore();
  const make: Made['make'] = (changes = {}, trader = venue.trader()) => {
    const settings = {
      ...{ ...ctpDefaults, brokerId: '9999', userId: 'u', investorId: 'i', password: 'secret' },
      ...{ appId: 'app', authCode: 'code', inFlightMs: 5, answerMs: 60_000, ordersPerSecond: 1000 },
      ...{ queryMs, ...changes },
    };
    const options: CtpBrokerOptions = {
      ...{ settings, trader, instruments, keyValue, clock, random: new SeededRandom(5) },
      ...{ logger: createSilentLogger(), backOff: { firstMs: 2, maxMs: 4 } },
    };
    return new CtpBroker(options);
  };
  return { venue, keyValue, make };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The node's duty cycle, while somebody waits for an answer, too. */
function driven(broker: Gateway): () => void {
  const timer = setInterval(() => broker.doWork(), 1);
  return () => clearInterval(timer);
}

async function settle(venue: FakeCtpVenue, broker: CtpBroker): Promise<void> {
  while (broker.connected() === venue.isOut) await pause(1);
  for (let round = 0; round < 2; round += 1) {
    // A question tells what got lost, too.
    if (!venue.isOut && !venue.loseAnswers) await broker.queryFills();
    await pause(4);
  }
}

/** Orders of the cards say no offset, which exchanges here want: those of iron ore open. */
function opening(broker: CtpBroker): Gateway {
  return new Proxy<Gateway>(broker, {
    get: (_, name) => {
      const value = Reflect.get(broker, name) as unknown;
      if (name === 'submit')
        return (intent: OrderIntent, terms = plainTerms): void => {
          const isOurs = intent.symbol === iron && terms.offset === 0;
          const { clientOrderId } = intent;
          const offset = isOurs ? OrderOffset.open : terms.offset;
          broker.submit(intent, { ...terms, clientOrderId, offset });
        };
      return typeof value === 'function' ? value.bind(broker) : value;
    },
  });
}

async function harness(): Promise<BrokerHarness> {
  const { venue, make } = made();
  let broker = make();
  let stop = driven(broker);
  const knobs: VenueKnobs = {
    market: (symbol, last, bid = last, ask = last) =>
      venue.market(instruments.get(symbol)?.instrumentId ?? '', bid, ask),
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
    outage: (on) => venue.outage(on),
    changeByHand: (_id, quantity, limit) => venue.changeByHand(Number(quantity), Number(limit)),
    apart: { symbol: rebar, nextDay: () => venue.nextDay('20261127') },
  };
  return {
    broker: opening(broker),
    venue: knobs,
    settle: () => settle(venue, broker),
    restart: async () => {
      stop();
      await broker.disconnect();
      broker = make();
      stop = driven(broker);
      return opening(broker);
    },
    close: async () => {
      stop();
      await broker.disconnect();
    },
  };
}

brokerSuite('ctp', harness);

interface Scene extends Made {
  readonly broker: CtpBroker;
  readonly heard: Heard;
  readonly settled: () => Promise<void>;
}

async function scene(context: TestContext, changes: Partial<CtpSettings> = {}): Promise<Scene> {
  const all = made();
  const broker = all.make(changes);
  const stop = driven(broker);
  context.after(async () => {
    stop();
    await broker.disconnect();
  });
  const heard = new Heard();
  all.venue.market('i2705', 99, 101);
  all.venue.market('rb2705', 99, 101);
  await broker.connect(heard);
  return { ...all, broker, heard, settled: () => settle(all.venue, broker) };
}

function send(broker: CtpBroker, id: string, symbol = iron, more: Partial<OrderIntent> = {}): void {
  const time = clock.now();
  broker.submit(
    {
      ...{ clientOrderId: id, account: 'ours', instance: 1, ordinal: 1n, symbol, side: 1 },
      ...{ orderType: OrderType.market, quantity: parseMoney('1'), limitPrice: 0n, broker: 'ctp' },
      ...{ time, tickTime: time, shard: 0, epoch: 0n, sequence: 0n, factorValue: 0 },
      ...more,
    },
    { ...plainTerms, clientOrderId: id, offset: OrderOffset.open },
  );
}

test('an order leaves once its reference is durable, above all the front has seen', async (c) => {
  const { venue, keyValue, broker, settled } = await scene(c);
  keyValue.holdCommits();
  send(broker, 'a');
  await settled();
  assert.deepEqual(venue.received, []);
  keyValue.commit();
  await settled();
  venue.maxOrderRef = '      900000';
  venue.outage(true);
  await settled();
  venue.outage(false);
  await settled();
  send(broker, 'b');
  keyValue.commit();
  await settled();
  assert.deepEqual(
    venue.received.map(({ orderRef }) => orderRef),
    ['000000000001', '000000900001'],
  );
});

test('an order that waits is unknown, and never leaves once it is canceled', async (c) => {
  const { venue, keyValue, broker, heard, settled } = await scene(c);
  keyValue.holdCommits();
  send(broker, 'a');
  send(broker, 'b');
  await settled();
  assert.equal((await broker.queryOrder('a'))?.state, OrderState.unknown);
  assert.deepEqual(await broker.queryOpenOrders(), []);
  broker.cancel('a');
  await settled();
  assert.deepEqual(heard.states('a'), [OrderState.canceled]);
  keyValue.commit();
  await settled();
  assert.deepEqual(
    venue.received.map(({ orderRef }) => Number(orderRef)),
    [2],
  );
  assert.equal(await broker.queryOrder('a'), undefined);
});

test('an order that was sent can be canceled before a word of it is heard', async (context) => {
  const { venue, broker, heard, settled } = await scene(context);
  venue.loseAnswers = true;
  send(broker, 'c', iron, { orderType: OrderType.limit, limitPrice: parseMoney('90') });
  while (venue.received.length === 0) await pause(1);
  venue.loseAnswers = false;
  broker.cancel('c');
  await settled();
  assert.ok(heard.states('c').includes(OrderState.canceled));
});

test('orders and trades of another session with our references are not ours', async (context) => {
  const { venue, broker, heard, settled } = await scene(context);
  const other = venue.trader();
  other.start(new Proxy({}, { get: () => () => undefined }) as never);
  const who = { brokerId: '9999', userId: 'u', investorId: 'i' };
  await pause(2);
  other.login(who, 'secret');
  other.confirmSettlement(who);
  const order = { instrumentId: 'i2705', exchangeId: 'DCE', orderRef: '000000000001' };
  const rest = { offset: '0', priceType: '1', limitPrice: 0, timeCondition: '1' };
  other.insertOrder(who, { ...order, ...rest, direction: '0', volume: 7, volumeCondition: '1' });
  await settled();
  send(broker, 'a');
  await settled();
  assert.deepEqual(
    heard.fills.map(({ clientOrderId, quantity }) => [clientOrderId, quantity]),
    [['a', parseMoney('1')]],
  );
  assert.equal((await broker.queryFills()).length, 1);
  assert.equal((await broker.queryPositions())[0]?.quantity, parseMoney('8'));
});

test('a refused log-in is not tried again; one that comes too early is', async (context) => {
  const { venue, make } = made();
  const wrong = make({ password: 'guess' });
  let stop = driven(wrong);
  context.after(() => stop());
  await rejectsWith('UNAVAILABLE', wrong.connect(new Heard()));
  await pause(20);
  // Nor when the API has connected again: the front ended the connection.
  venue.outage(true);
  await pause(2);
  venue.outage(false);
  await pause(5);
  assert.equal(venue.logins, 1);
  stop();
  await wrong.disconnect();
  venue.loginError = { code: 7, message: 'CTP: not initialised' };
  const early = make();
  stop = driven(early);
  const connected = early.connect(new Heard());
  while (venue.logins < 3) await pause(1);
  venue.loginError = undefined;
  await connected;
  assert.equal(early.connected(), true);
  await early.disconnect();
});

test('queries keep their pace, and who asks meanwhile shares one', async (context) => {
  const { venue, make } = made(30);
  const broker = make();
  const stop = driven(broker);
  context.after(async () => {
    stop();
    await broker.disconnect();
  });
  await broker.connect(new Heard());
  const before = venue.queriesAtMs.length;
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map((id) => broker.queryOrder(id)));
  assert.ok(venue.queriesAtMs.length - before <= 4);
  const gaps = venue.queriesAtMs.slice(1).map((at, index) => at - (venue.queriesAtMs[index] ?? 0));
  assert.ok(
    gaps.every((gap) => gap >= 27),
    `${gaps}`,
  );
});

test('an order of a trading day that is over has expired', async (context) => {
  const { venue, make, keyValue, broker, settled } = await scene(context);
  send(broker, 'a');
  await settled();
  venue.nextDay('20261130');
  const next = make();
  const stop = driven(next);
  context.after(async () => {
    stop();
    await next.disconnect();
  });
  await next.connect(new Heard());
  assert.equal((await next.queryOrder('a'))?.state, OrderState.expired);
  assert.equal(await next.queryOrder('never'), undefined);
  assert.deepEqual(await next.queryOpenOrders(), []);
  assert.equal(keyValue.scan({ prefix: 'ctp/ctp/ref/' }).length, 1);
});

test('a trade of the night has the time of the evening before', async (context) => {
  const { venue, broker, heard, settled } = await scene(context);
  // A Friday night at DCE says it is Monday's, twice.
  venue.tradingDay = '20261130';
  venue.tradeDate = '20261130';
  venue.tradeTime = '21:05:07';
  send(broker, 'a');
  await settled();
  const [fill] = heard.fills;
  assert.ok(fill !== undefined);
  assert.match(timeText(fill.time), /^2026-11-27T13:05:07/);
  assert.match(fill.tradeId, /^20261130:DCE:\d+:0$/);
});

test('with no market orders at an exchange, one goes at the limit of the day', async (context) => {
  const { venue, broker, heard, settled } = await scene(context);
  send(broker, 'a', rebar);
  await settled();
  assert.deepEqual(
    venue.received.map((order) => [order.priceType, order.limitPrice, order.timeCondition]),
    [['2', 150, '1']],
  );
  assert.equal(heard.fills[0]?.price, parseMoney('101'));
});

test('an order that ended says what it executed before its trade is told', async (context) => {
  const { broker, heard, venue, settled } = await scene(context);
  const limit = { orderType: OrderType.limit, limitPrice: parseMoney('90') };
  send(broker, 'part', iron, { ...limit, quantity: parseMoney('5') });
  await settled();
  const { tell } = venue.executePart(2);
  broker.cancel('part');
  while (heard.states('part').length < 2) await pause(1);
  const end = heard.updates.find(({ state }) => state === OrderState.canceled);
  assert.deepEqual([end?.filledQuantity, heard.fills], [parseMoney('2'), []]);
  tell();
  await settled();
  assert.equal(heard.filled('part'), parseMoney('2'));
});

test('a refused cancel of an order that has fills leaves it working', async (context) => {
  const { broker, heard, venue, settled } = await scene(context);
  const limit = { orderType: OrderType.limit, limitPrice: parseMoney('90') };
  send(broker, 'stays', iron, { ...limit, quantity: parseMoney('5') });
  await settled();
  venue.executePart(2).tell();
  await settled();
  venue.refusesCancels = true;
  broker.cancel('stays');
  await settled();
  const last = heard.updates.at(-1);
  assert.deepEqual([last?.state, last?.reason], [OrderState.accepted, '26 CTP: not now']);
});

test('a log-in that tells no trading day ends no order, and is tried again', async (context) => {
  const { broker, heard, venue, settled } = await scene(context);
  send(broker, 'lives', iron, { orderType: OrderType.limit, limitPrice: parseMoney('90') });
  await settled();
  const { tradingDay } = venue;
  venue.outage(true);
  await settled();
  venue.tradingDay = '';
  venue.outage(false);
  const before = venue.logins;
  while (venue.logins < before + 2) await pause(1);
  assert.equal(broker.connected(), false);
  venue.tradingDay = tradingDay;
  await settled();
  assert.equal((await broker.queryOrder('lives'))?.state, OrderState.accepted);
  assert.deepEqual(heard.states('lives'), [OrderState.accepted]);
});

test('an order that was refused here and lives there is told as open', async (context) => {
  const { broker, heard, venue, settled } = await scene(context);
  const limit = { orderType: OrderType.limit, limitPrice: parseMoney('90') };
  send(broker, 'alive', iron, limit);
  await settled();
  venue.refuseLast();
  await settled();
  assert.deepEqual(heard.states('alive'), [OrderState.accepted, OrderState.rejected]);
  assert.deepEqual(
    (await broker.queryOpenOrders()).map(({ clientOrderId }) => clientOrderId),
    ['alive'],
  );
  broker.cancel('alive');
  await settled();
  assert.deepEqual(await broker.queryOpenOrders(), []);
});

test('an order that only the front knows is not unknown to the venue', async (context) => {
  const { venue, broker, heard, settled } = await scene(context);
  venue.isExchangeAway = true;
  send(broker, 'held', iron, { orderType: OrderType.limit, limitPrice: parseMoney('90') });
  await settled();
  assert.equal((await broker.queryOrder('held'))?.state, OrderState.unknown);
  assert.deepEqual(await broker.queryOpenOrders(), []);
  venue.exchangeBack();
  await settled();
  assert.deepEqual(heard.states('held'), [OrderState.accepted]);
  // An answer of before it had a number.
  const before = venue.orders().map((one) => ({ ...one, status: 'a', orderSysId: '' }));
  venue.orders = () => before;
  assert.equal((await broker.queryOrder('held'))?.state, OrderState.accepted);
});

test('what a question finds of other orders is told, too', async (context) => {
  const { venue, broker, heard, settled } = await scene(context);
  const limit = { orderType: OrderType.limit, limitPrice: parseMoney('90') };
  send(broker, 'asked', iron, { ...limit, limitPrice: parseMoney('80') });
  send(broker, 'part', iron, { ...limit, quantity: parseMoney('5') });
  await settled();
  // Its end and its trade are on their way while the answers come.
  venue.loseAnswers = true;
  venue.market('i2705', 85, 88);
  await broker.queryOrder('asked');
  venue.loseAnswers = false;
  await settled();
  assert.equal(heard.filled('part'), parseMoney('5'));
  assert.deepEqual(heard.states('asked'), [OrderState.accepted]);
});
