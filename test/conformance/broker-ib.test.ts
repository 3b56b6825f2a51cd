// The broker cards on the Interactive Brokers gateway, against a stand-in for TWS; and what only
// this venue does: its servers go away behind a session that stays, commissions come late or never,
// executions are corrected, a client that sends too much is cut off.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { IbBroker, type IbBrokerOptions, IbInstruments, ibDefaults } from '@ndts/exec-node';
import {
  type OrderIntent,
  OrderState,
  OrderType,
  parseMoney,
  plainTerms,
  type Time,
} from '@ndts/protocol';
import { createSilentLogger, SeededRandom, SystemClock } from '@ndts/runtime';
import { FakeTws } from '../kit/fake-tws.js';
import { type BrokerHarness, Heard, type VenueKnobs } from './broker-kit.js';
import { brokerSuite } from './broker-suite.js';

const symbol = 42;
const contract = { conId: 265_598, symbol: 'AAPL', secType: 'STK', exchange: 'SMART' };
const clock = new SystemClock();

function optionsFor(tws: FakeTws, changes: Partial<IbBrokerOptions['settings']>): IbBrokerOptions {
  return {
    settings: {
      ...{ ...ibDefaults, port: tws.port, account: tws.account, inFlightMs: 5, answerMs: 60_000 },
      ...changes,
    },
    instruments: new IbInstruments([[symbol, { ...contract, currency: 'USD' }]]),
    ...{ clock, random: new SeededRandom(3), logger: createSilentLogger() },
    backOff: { firstMs: 4, maxMs: 8 },
  };
}

/** Until the venue and the gateway agree about the connection and have told all there is: what was
 * told before a question is read before its answer. */
async function settle(tws: FakeTws, broker: IbBroker): Promise<void> {
  while (broker.connected() === tws.isOut) {
    broker.doWork();
    await pause(1);
  }
  for (let round = 0; round < 2; round += 1) {
    if (!tws.isOut) await broker.queryFills();
    broker.doWork();
  }
  await pause(6);
}

async function isBack(broker: IbBroker): Promise<void> {
  while (!broker.connected()) {
    broker.doWork();
    await pause(1);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function harness(): Promise<BrokerHarness> {
  const tws = await FakeTws.start();
  const start = (): IbBroker => new IbBroker(optionsFor(tws, {}));
  let broker = start();
  const venue: VenueKnobs = {
    market: (_symbol, last, bid = last, ask = last) => tws.market(contract.conId, bid, ask),
    rejectAll: (on) => {
      tws.rejectAll = on;
    },
    loseRequests: (on) => {
      tws.loseRequests = on;
    },
    loseAnswers: (on) => {
      tws.loseAnswers = on;
    },
    partialFills: (on) => {
      tws.partialFills = on;
    },
    outage: (on) => tws.outage(on),
    changeByHand: (id, quantity, limit) => tws.changeByHand(id, Number(quantity), Number(limit)),
    feesIn: (currency) => {
      tws.feeCurrency = currency;
    },
    revive: (id) => tws.revive(id),
    orderByHand: (id, quantity, limit) =>
      tws.orderByHand(id, contract.conId, Number(quantity), Number(limit)),
  };
  return {
    broker,
    venue,
    settle: () => settle(tws, broker),
    restart: async () => {
      await broker.disconnect();
      broker = start();
      return broker;
    },
    close: async () => {
      await broker.disconnect();
      await tws.close();
    },
  };
}

brokerSuite('ib', harness);

interface Scene {
  readonly tws: FakeTws;
  readonly broker: IbBroker;
  readonly heard: Heard;
  readonly settled: () => Promise<void>;
}

async function scene(
  context: TestContext,
  changes: Partial<IbBrokerOptions['settings']> = {},
): Promise<Scene> {
  const tws = await FakeTws.start();
  const broker = new IbBroker(optionsFor(tws, changes));
  context.after(async () => {
    await broker.disconnect();
    await tws.close();
  });
  const heard = new Heard();
  tws.market(contract.conId, 99, 101);
  await broker.connect(heard);
  return { tws, broker, heard, settled: () => settle(tws, broker) };
}

function intentOf(id: string, time: Time): OrderIntent {
  return {
    ...{ clientOrderId: id, account: 'ours', instance: 1, ordinal: 1n, symbol, side: 1 },
    ...{ orderType: OrderType.market, quantity: parseMoney('1'), limitPrice: 0n, broker: 'ib' },
    ...{ time, tickTime: time, shard: 0, epoch: 0n, sequence: 0n, factorValue: 0 },
  };
}

function buy(broker: IbBroker, id: string): void {
  broker.submit(intentOf(id, clock.now()));
}

test('executions told while the servers were away are asked for again', async (context) => {
  const { tws, broker, settled } = await scene(context);
  buy(broker, 'a');
  await settled();
  tws.serversAway(true);
  while (broker.connected()) await pause(1);
  buy(broker, 'into the void');
  assert.equal((await broker.queryFills().catch(({ code }) => code)) as unknown, 'UNAVAILABLE');
  tws.serversAway(false);
  await isBack(broker);
  assert.deepEqual(
    (await broker.queryFills()).map(({ clientOrderId }) => clientOrderId),
    ['a'],
  );
  assert.equal(await broker.queryOrder('into the void'), undefined);
});

for (const awayCode of [1100, 2110])
  test(`a session begins while the servers are away, told as ${awayCode}`, async (context) => {
    const { tws, broker, heard } = await scene(context);
    tws.awayCode = awayCode;
    tws.outage(true);
    while (broker.connected()) await pause(1);
    tws.outage(false);
    tws.serversAway(true);
    const begun = tws.arrivals.length;
    // TWS itself answers its three questions all the while.
    while (tws.arrivals.length < begun + 4) {
      broker.doWork();
      await pause(1);
    }
    await pause(6);
    assert.equal(broker.connected(), false);
    buy(broker, 'held back');
    broker.doWork();
    assert.deepEqual(heard.states('held back'), [OrderState.rejected]);
    tws.serversAway(false);
    await isBack(broker);
    assert.equal(tws.arrivals.length, begun + 7);
  });

test('a fill whose commission is not told counts with a fee of 0, once', async (context) => {
  const { tws, broker, heard, settled } = await scene(context, { commissionMs: 20 });
  tws.holdCommissions = true;
  buy(broker, 'late');
  await settled();
  while (heard.fills.length === 0) await settled();
  tws.holdCommissions = false;
  await broker.queryFills();
  await settled();
  assert.deepEqual(
    heard.fills.map(({ clientOrderId, fee }) => [clientOrderId, fee]),
    [['late', 0n]],
  );
});

test('fills that are asked for wait for their commission, too', async (context) => {
  const { tws, broker, settled } = await scene(context, { commissionMs: 60_000 });
  buy(broker, 'first');
  await settled();
  tws.holdCommissions = true;
  buy(broker, 'second');
  while ((await broker.queryOrder('second'))?.filledQuantity !== parseMoney('1')) await pause(1);
  const [asked] = [broker.queryFills(), await broker.queryOpenOrders()];
  tws.holdCommissions = false;
  await broker.queryOpenOrders();
  assert.deepEqual(
    (await asked).map(({ fee }) => fee),
    [parseMoney('0.101'), parseMoney('0.101')],
  );
});

test('an order that ended says what it executed before its fills are told', async (context) => {
  const { tws, broker, heard, settled } = await scene(context, { commissionMs: 60_000 });
  const limitPrice = parseMoney('90');
  const intent = { ...intentOf('part', clock.now()), orderType: OrderType.limit, limitPrice };
  broker.submit({ ...intent, quantity: parseMoney('5') });
  await settled();
  tws.holdCommissions = true;
  tws.executePart(2);
  broker.cancel('part');
  while (heard.states('part').length < 2) {
    broker.doWork();
    await pause(1);
  }
  const end = heard.updates.find(({ state }) => state === OrderState.canceled);
  assert.deepEqual([end?.filledQuantity, heard.fills], [parseMoney('2'), []]);
});

test('what an order executed on days before counts, though nobody tells it', async (context) => {
  const { tws, broker, settled } = await scene(context);
  const limitPrice = parseMoney('90');
  const intent = { ...intentOf('days', clock.now()), orderType: OrderType.limit, limitPrice };
  broker.submit({ ...intent, quantity: parseMoney('5') });
  await settled();
  tws.executePart(2);
  await settled();
  tws.forgetExecutions();
  await broker.disconnect();
  const later = new IbBroker(optionsFor(tws, {}));
  context.after(() => later.disconnect());
  await later.connect(new Heard());
  assert.equal((await later.queryOrder('days'))?.filledQuantity, parseMoney('2'));
  tws.executePart(3);
  const [over] = [await later.queryOrder('days')];
  assert.deepEqual([over?.state, over?.filledQuantity], [OrderState.filled, parseMoney('5')]);
});

test('what was executed of an order that is refused later counts', async (context) => {
  const { tws, broker, settled } = await scene(context);
  const limitPrice = parseMoney('90');
  const intent = { ...intentOf('gtc', clock.now()), orderType: OrderType.limit, limitPrice };
  broker.submit({ ...intent, quantity: parseMoney('5') });
  await settled();
  tws.executePart(2);
  await settled();
  // On another day nobody tells its executions; then the exchange refuses the rest.
  tws.forgetExecutions();
  await broker.disconnect();
  const later = new IbBroker(optionsFor(tws, {}));
  context.after(() => later.disconnect());
  const heard = new Heard();
  await later.connect(heard);
  tws.warn(201, 'Order rejected - reason: halted');
  while (heard.updates.length === 0) {
    later.doWork();
    await pause(1);
  }
  const [told] = heard.updates;
  assert.deepEqual([told?.state, told?.filledQuantity], [OrderState.canceled, parseMoney('2')]);
});

test('an order that may arrive yet is unknown, not one that never came', async (context) => {
  const { tws, broker, settled } = await scene(context, { inFlightMs: 60_000 });
  tws.loseRequests = true;
  buy(broker, 'l');
  await settled();
  assert.equal((await broker.queryOrder('l'))?.state, OrderState.unknown);
  assert.equal(await broker.queryOrder('never'), undefined);
});

test('no order has the number of one that is open, whatever the venue begins with', async (c) => {
  const { tws, broker, settled } = await scene(c);
  const limit = { orderType: OrderType.limit, limitPrice: parseMoney('90') };
  for (const id of ['o1', 'o2']) broker.submit({ ...intentOf(id, clock.now()), ...limit });
  await settled();
  await broker.disconnect();
  tws.beginNumbers(1);
  const later = new IbBroker(optionsFor(tws, {}));
  c.after(() => later.disconnect());
  const heard = new Heard();
  await later.connect(heard);
  later.submit({ ...intentOf('o3', clock.now()), ...limit });
  await settle(tws, later);
  const open = (await later.queryOpenOrders()).map(({ clientOrderId }) => clientOrderId);
  assert.deepEqual(open, ['o1', 'o2', 'o3']);
  assert.deepEqual(tws.numbers, [1, 2, 3]);
});

test('what waits for its turn when the servers go away does not leave', async (context) => {
  const { tws, broker, heard, settled } = await scene(context, { messagesPerSecond: 10 });
  for (let at = 0; at < 20; at += 1) buy(broker, `w${at}`);
  tws.serversAway(true);
  while (broker.connected()) await pause(1);
  broker.doWork();
  const kept = heard.updates.filter(({ failure }) => failure === 'transport');
  assert.ok(kept.length > 10);
  tws.serversAway(false);
  const arrived = tws.arrivals.length;
  await settled();
  assert.ok(tws.arrivals.length <= arrived + 5);
});

test('a corrected execution is no second fill, and the order shows what holds', async (context) => {
  const { tws, broker, heard, settled } = await scene(context);
  buy(broker, 'c');
  await settled();
  tws.correctLast(0.5);
  await settled();
  assert.equal(heard.fills.length, 1);
  assert.equal((await broker.queryOrder('c'))?.filledQuantity, parseMoney('0.5'));
  const [fill, ...more] = await broker.queryFills();
  assert.deepEqual(
    [fill?.quantity, fill?.tradeId, more],
    [parseMoney('0.5'), heard.fills[0]?.tradeId, []],
  );
});

test('an order lives on when its cancel is refused, whatever the number says', async (context) => {
  const { tws, broker, heard, settled } = await scene(context);
  const limitPrice = parseMoney('90');
  const resting = { ...intentOf('r', clock.now()), orderType: OrderType.limit, limitPrice };
  broker.submit(resting);
  await settled();
  // Of cancels; of changes; of a connection that may only read; of what is ignored.
  for (const code of [136, 137, 161, 10_148, 134, 321]) {
    tws.cancelCode = code;
    broker.cancel('r');
    await settled();
    const last = heard.updates.at(-1);
    assert.deepEqual(
      [last?.state, last?.reason.startsWith(`${code}: `)],
      [OrderState.accepted, true],
    );
  }
  tws.cancelCode = 0;
  assert.equal((await broker.queryOrder('r'))?.state, OrderState.accepted);
  broker.cancel('r');
  await settled();
  assert.equal(heard.updates.at(-1)?.state, OrderState.canceled);
});

test('an order that is no longer worked was refused, whatever the number', async (context) => {
  const { tws, broker, heard, settled } = await scene(context);
  const limitPrice = parseMoney('90');
  for (const id of ['before', 'behind', 'held']) {
    broker.submit({ ...intentOf(id, clock.now()), orderType: OrderType.limit, limitPrice });
    await settled();
    if (id === 'before') tws.warn(203, 'the security is not allowed for trading');
    tws.deactivate();
    if (id === 'behind') tws.warn(203, 'the security is not allowed for trading');
    await settled();
  }
  const states = ['before', 'behind', 'held'].map((id) => heard.states(id).at(-1));
  assert.deepEqual(states, [OrderState.rejected, OrderState.rejected, OrderState.accepted]);
  assert.deepEqual(
    (await broker.queryOpenOrders()).map(({ clientOrderId }) => clientOrderId),
    ['held'],
  );
});

test('what the venue ignores of an order refuses nothing', async (context) => {
  const { tws, broker, heard, settled } = await scene(context);
  const limitPrice = parseMoney('90');
  tws.loseAnswers = true;
  broker.submit({ ...intentOf('w', clock.now()), orderType: OrderType.limit, limitPrice });
  await settled();
  tws.warn(131, 'the sweep-to-fill flag will be ignored');
  await settled();
  assert.deepEqual(heard.updates, []);
});

test('a question that is refused says nothing of the order of its number', async (context) => {
  const { tws, broker, heard, settled } = await scene(context);
  const limitPrice = parseMoney('90');
  for (let at = 0; at < 20; at += 1)
    broker.submit({ ...intentOf(`q${at}`, clock.now()), orderType: OrderType.limit, limitPrice });
  await settled();
  tws.questionCode = 321;
  for (let at = 0; at < 4; at += 1) await broker.queryFills();
  await settled();
  assert.equal(heard.updates.length, 20);
});

test('a stop order waits at the venue, over a connection that was lost', async (context) => {
  const { tws, broker, heard, settled } = await scene(context);
  const time = clock.now();
  const terms = { ...plainTerms, clientOrderId: 's', stopPrice: parseMoney('105') };
  broker.submit({ ...intentOf('s', time), orderType: OrderType.stop }, terms);
  await settled();
  tws.outage(true);
  await settled();
  tws.outage(false);
  await settled();
  assert.deepEqual(
    (await broker.queryOpenOrders()).map(({ clientOrderId }) => clientOrderId),
    ['s'],
  );
  tws.market(contract.conId, 104, 106);
  await settled();
  assert.deepEqual(
    heard.fills.map(({ price, quantity }) => [price, quantity]),
    [[parseMoney('106'), parseMoney('1')]],
  );
});

test('what is handed over while the venue is away was definitely not sent', async (context) => {
  const { tws, broker, heard, settled } = await scene(context);
  tws.outage(true);
  await settled();
  buy(broker, 'n');
  await settled();
  const [told, ...more] = heard.updates;
  assert.deepEqual([told?.state, told?.failure, more], [OrderState.rejected, 'transport', []]);
  tws.outage(false);
  await settled();
  assert.equal(await broker.queryOrder('n'), undefined);
});

test('more messages than the venue takes wait for their turn', async (context) => {
  const perSecond = 20;
  const beganMs = performance.now();
  const { tws, broker, heard } = await scene(context, { messagesPerSecond: perSecond });
  for (let at = 0; at < 30; at += 1) buy(broker, `p${at}`);
  while (heard.fills.length < 30) {
    broker.doWork();
    await pause(2);
  }
  assert.deepEqual(
    heard.fills.map(({ clientOrderId }) => clientOrderId),
    Array.from({ length: 30 }, (_, at) => `p${at}`),
  );
  // A message may be late, never early. The library says by itself that a session begins.
  const times = tws.arrivals.map((ms) => ms - beganMs);
  for (const seconds of [1, 2]) {
    const early = times.filter((ms) => ms < seconds * 1000).length;
    assert.ok(early <= seconds * perSecond + 1, `${early} within ${seconds} s: ${times.join(' ')}`);
  }
});

test('a second gateway of one client number is refused, the first goes on', async (context) => {
  const { tws, broker, heard, settled } = await scene(context);
  const second = new IbBroker(optionsFor(tws, { answerMs: 50 }));
  context.after(() => second.disconnect());
  void second.connect(new Heard()).catch(() => undefined);
  for (let round = 0; round < 5; round += 1) {
    second.doWork();
    await pause(10);
  }
  assert.equal(second.connected(), false);
  buy(broker, 'first');
  await settled();
  assert.equal(heard.filled('first'), parseMoney('1'));
});

test('servers that are back without a word that they were away are asked, too', async (context) => {
  const { tws, broker } = await scene(context);
  const before = tws.arrivals.length;
  tws.serversAway(false);
  while (tws.arrivals.length < before + 3) await pause(1);
  await pause(6);
  // All was asked; who looks once in a cycle must see it, too.
  assert.equal(broker.connected(), false);
  await isBack(broker);
  assert.equal(tws.arrivals.length, before + 3);
});

test('what is told of orders of other clients says nothing of ours', async (context) => {
  const { tws, broker, heard, settled } = await scene(context);
  const limit = { orderType: OrderType.limit, limitPrice: parseMoney('90') };
  broker.submit({ ...intentOf('mine', clock.now()), ...limit });
  await settled();
  tws.otherCanceled();
  await settled();
  assert.deepEqual(heard.states('mine'), [OrderState.accepted]);
});

test('a contract of the same name with another number is not ours', () => {
  const numbered = new IbInstruments([[symbol, { ...contract, currency: 'USD' }]]);
  const told = { symbol: 'AAPL', secType: 'STK', currency: 'USD' };
  assert.equal(numbered.symbolOf({ ...told, conId: 1 }), undefined);
  assert.equal(numbered.symbolOf({ ...told, conId: 0 }), symbol);
  const { conId: _, ...named } = contract;
  const byName = new IbInstruments([[symbol, { ...named, currency: 'USD' }]]);
  assert.equal(byName.symbolOf({ ...told, conId: 1 }), symbol);
});
