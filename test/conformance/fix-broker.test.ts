// The broker cards on the FIX gateway, over a real connection to a counterparty of the test kit;
// then what a network and a bad counterparty do to it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FixBroker, type FixBrokerSettings } from '@ndts/exec-node';
import {
  addNs,
  type KeyValueStore,
  nsPerDay,
  type OrderIntent,
  OrderState,
  OrderType,
  parseMoney,
  type Time,
} from '@ndts/protocol';
import { createSilentLogger, MemoryKeyValueStore, SeededRandom, SystemClock } from '@ndts/runtime';
import { FixStream, FixWriter, MessageType, parseFixSchedule, Tag } from '@ndts/runtime/fix';
import { FixAcceptor } from '../kit/fix-acceptor.js';
import { symbolName } from '../kit/fix-venue-words.js';
import { longRun } from '../kit/long-run.js';
import { testSeed } from '../kit/seed.js';
import { makeFolder } from '../kit/temporary-folder.js';
import { tlsCertificate } from '../kit/tls-identity.js';
import { type BrokerHarness, buyOf, changeOf, Heard, type VenueKnobs } from './broker-kit.js';
import { brokerSuite } from './broker-suite.js';

const { day, nsOfDay } = { day: 20_000, nsOfDay: 0 };

function order(clientOrderId: string, side: number): OrderIntent {
  const time = { day, nsOfDay };
  return {
    ...{ clientOrderId, account: 'a', instance: 7, ordinal: 1n, symbol: 1, side },
    ...{ orderType: OrderType.market, quantity: parseMoney('1'), limitPrice: 0n, broker: 'fix' },
    ...{ time, tickTime: time, shard: 0, epoch: 0n, sequence: 0n, factorValue: 0 },
  };
}

const always = 1_000_000;
const inFlightMs = 10;
const turnsMax = 1_000_000;
const quietTurns = 4;

/** A Logon that says that numbers begin again. */
function withReset(bytes: Uint8Array): Uint8Array {
  const stream = new FixStream();
  stream.push(bytes);
  const { message } = stream;
  if (!stream.next() || message.type !== MessageType.logon) return bytes;
  const writer = new FixWriter('FIX.4.4');
  writer.begin(message.type);
  for (let at = 3; at < message.count; at++)
    writer.raw(message.tags[at] ?? 0, bytes, message.starts[at] ?? 0, message.ends[at] ?? 0);
  writer.flag(Tag.resetSeqNumFlag, true);
  return writer.finish();
}

const pause = (ms: number): Promise<void> => new Promise((done) => void setTimeout(done, ms));
const turn = (): Promise<void> => new Promise((done) => void setImmediate(done));

function settings(port: number, more: Partial<FixBrokerSettings> = {}): FixBrokerSettings {
  return {
    ...{ name: 'fix', host: '127.0.0.1', port, senderCompId: 'DESK', targetCompId: 'VENUE' },
    ...{ heartbeatSeconds: 30, resetOnLogon: false, durable: false, deduplicates: 'day' },
    ...{ resendOrdersMs: 0, inFlightMs, queryTimeoutMs: 30_000, connectTimeoutMs: 30_000 },
    ...{ tellsTrades: true, tellsPositions: true, account: '' },
    ...{ restTimeoutMs: 20, resendTimeoutMs: 40 },
    ...{ backOff: { firstMs: 10, maxMs: 20 } },
    ...more,
  };
}

/** Other days come when a test says so. */
class DayClock extends SystemClock {
  daysAhead = 0;

  override now(): Time {
    return addNs(super.now(), this.daysAhead * nsPerDay);
  }
}

class Desk {
  readonly acceptor: FixAcceptor;
  readonly keyValue: KeyValueStore = new MemoryKeyValueStore();
  readonly clock: DayClock;
  readonly #more: Partial<FixBrokerSettings>;
  readonly #remove: () => Promise<void>;
  broker: FixBroker;
  isOut = false;
  /** The next name of a symbol cannot be looked up. */
  isBroken = false;
  #change: Promise<void> = Promise.resolve();

  private constructor(
    acceptor: FixAcceptor,
    clock: DayClock,
    more: Partial<FixBrokerSettings>,
    remove: () => Promise<void>,
  ) {
    this.acceptor = acceptor;
    this.clock = clock;
    this.#more = more;
    this.#remove = remove;
    this.broker = this.#start();
  }

  static async open(more: Partial<FixBrokerSettings> = {}, isTls = false): Promise<Desk> {
    const { dir, remove } = await makeFolder();
    const clock = new DayClock();
    const acceptor = new FixAcceptor(dir, clock, new SeededRandom(1));
    acceptor.isTls = isTls;
    await acceptor.open();
    return new Desk(acceptor, clock, more, remove);
  }

  #start(): FixBroker {
    return new FixBroker({
      settings: settings(this.acceptor.port, this.#more),
      ...{ keyValue: this.keyValue, clock: this.clock, random: new SeededRandom(2) },
      logger: createSilentLogger(),
      symbols: { nameOf: symbolName, idOf: (name) => this.#idOf(name) },
    });
  }

  #idOf(name: string): number {
    if (!this.isBroken) return Number(name.slice(1));
    this.isBroken = false;
    throw new Error('broken');
  }

  /** The process dies; its sockets go with it. */
  restart(): FixBroker {
    this.broker.kill();
    this.broker = this.#start();
    return this.broker;
  }

  outage(on: boolean): void {
    this.isOut = on;
    this.#change = on ? this.acceptor.close() : this.acceptor.open();
  }

  /** Both sides have what the other one sent, for a few turns; then the horizon passes. */
  async settle(): Promise<void> {
    await this.#change;
    while (this.isOut && this.broker.session.isLoggedOn) await turn();
    for (let round = 0; round < 2; round++) {
      let quiet = 0;
      for (let count = 0; quiet < quietTurns && count < turnsMax; count++) {
        this.acceptor.doWork();
        this.broker.connected();
        const work = this.broker.doWork();
        await turn();
        quiet = work === 0 && this.#isEven() ? quiet + 1 : 0;
      }
      await pause(inFlightMs / 2);
    }
  }

  #isEven(): boolean {
    const [ours, theirs] = [this.broker.session, this.acceptor.session];
    if (this.isOut) return true;
    if (!ours.isSynchronised || !theirs.isSynchronised) return false;
    return theirs.expected === ours.store.outgoing && ours.expected === theirs.store.outgoing;
  }

  async close(): Promise<void> {
    await this.broker.disconnect();
    await this.acceptor.close();
    await this.acceptor.paper.disconnect();
    await this.#remove();
  }
}

async function harness(more: Partial<FixBrokerSettings> = {}): Promise<BrokerHarness> {
  const desk = await Desk.open(more);
  const { paper, tape } = desk.acceptor;
  const chance = (on: boolean): number => (on ? always : 0);
  const venue: VenueKnobs = {
    market: (symbol, last, bid = last, ask = last) => tape.ticks.push({ symbol, last, bid, ask }),
    rejectAll: (on) => paper.setBehaviour({ rejectPerMillion: chance(on) }),
    loseRequests: (on) => paper.setBehaviour({ loseRequestPerMillion: chance(on) }),
    loseAnswers: (on) => paper.setBehaviour({ loseAnswersPerMillion: chance(on) }),
    partialFills: (on) => paper.setBehaviour({ partialFillPerMillion: chance(on) }),
    outage: (on) => desk.outage(on),
    feesIn: (currency) => {
      desk.acceptor.feeCurrency = currency;
    },
    changeByHand: (id, quantity, limit) => paper.replace(changeOf(id, quantity, limit)),
    orderByHand: (id, quantity, limit) => desk.acceptor.orderByHand(buyOf(id, quantity, limit)),
  };
  return {
    broker: desk.broker,
    venue,
    settle: () => desk.settle(),
    restart: async () => desk.restart(),
    close: () => desk.close(),
  };
}

brokerSuite('FIX', () => harness());

test('after numbers were skipped no order leaves before everything was asked for', async (c) => {
  const desk = await Desk.open();
  c.after(() => desk.close());
  const { broker, acceptor } = desk;
  const heard = new Heard();
  await broker.connect(heard);
  await desk.settle();
  // In Reset mode: an execution may be among what it skips, for ever.
  const asked = assert.rejects(broker.queryPositions(), { code: 'UNAVAILABLE' });
  const before = acceptor.session.store.outgoing;
  acceptor.skipTo(before + 3);
  while (broker.session.expected === before) await turn();
  await asked;
  assert.deepEqual([broker.connected(), broker.session.isSynchronised], [false, true]);
  broker.submit(order('7-1-0', 1));
  broker.doWork();
  const [told] = heard.updates;
  assert.deepEqual([told?.state, told?.failure], [OrderState.rejected, 'transport']);
  broker.doWork();
  assert.equal(broker.connected(), true);
});

test('an order that nobody here remembers is asked for by what the venue calls it', async () => {
  const desk = await Desk.open();
  const { broker, acceptor } = desk;
  await broker.connect(new Heard());
  acceptor.tape.ticks.push({ symbol: 1, last: 100, bid: 100, ask: 100 });
  // Changed twice, long ago.
  acceptor.orderByHand(buyOf('7-1-0.2', '1', '98'));
  await desk.settle();
  const [listed] = await broker.queryOpenOrders();
  assert.equal(listed?.clientOrderId, '7-1-0');
  const asked = await broker.queryOrder('7-1-0');
  assert.equal(asked?.state, OrderState.accepted);
  broker.cancel('7-1-0');
  await desk.settle();
  assert.deepEqual(await broker.queryOpenOrders(), []);
  await desk.close();
});

test('bad lines and cut connections: every order once, every execution once', async (context) => {
  const random = new SeededRandom(testSeed(context));
  const desk = await Desk.open({ resendOrdersMs: 60_000 });
  context.after(() => desk.close());
  const heard = new Heard();
  await desk.broker.connect(heard);
  desk.acceptor.tape.ticks.push({ symbol: 1, last: 100, bid: 99, ask: 101 });
  desk.acceptor.mangle = (bytes) => {
    const chance = random.integer(100);
    if (chance === 0) desk.acceptor.cut();
    if (chance > 8) return bytes;
    if (chance > 6) return undefined;
    const bad = bytes.slice();
    bad[random.integer(bad.length)] = random.integer(256);
    return bad;
  };
  const sent: string[] = [];
  for (let step = 0; step < (longRun ? 5000 : 120); step++) {
    if (random.integer(40) === 0)
      await desk
        .restart()
        .connect(heard)
        .catch(() => undefined);
    const isSent = desk.broker.connected();
    const intent = order(`7-${step}-0`, step % 2 === 0 ? 1 : -1);
    desk.broker.submit(intent);
    if (isSent) sent.push(intent.clientOrderId);
    desk.broker.connected();
    desk.broker.doWork();
    desk.acceptor.doWork();
    await turn();
  }
  desk.acceptor.mangle = (bytes) => bytes;
  await desk.settle();
  // The last one may be lost: what comes behind it shows that.
  await desk.broker.queryOpenOrders();
  await desk.settle();
  assert.deepEqual([...desk.acceptor.received].sort(), [...new Set(desk.acceptor.received)].sort());
  const venue = await desk.acceptor.paper.queryFills();
  const ids = new Set(heard.fills.map(({ tradeId }) => tradeId));
  assert.deepEqual([...ids].sort(), venue.map(({ tradeId }) => tradeId).sort());
  assert.ok(venue.length > sent.length / 2, `${venue.length} of ${sent.length}`);
  for (const id of sent.filter((one) => !desk.acceptor.received.includes(one)))
    assert.equal(await desk.broker.queryOrder(id), undefined, id);
});

test('a change: the order goes on under the id that the venue has for it', async (context) => {
  const desk = await Desk.open();
  context.after(() => desk.close());
  const heard = new Heard();
  await desk.broker.connect(heard);
  desk.acceptor.tape.ticks.push({ symbol: 1, last: 100, bid: 99, ask: 101 });
  desk.broker.submit({ ...order('7-1-0', 1), orderType: OrderType.limit, limitPrice: 9n });
  await desk.settle();
  const change = { clientOrderId: '7-1-0', limitPrice: parseMoney('90'), stopPrice: 0n };
  desk.broker.replace({ ...change, quantity: parseMoney('3') });
  await desk.settle();
  assert.deepEqual(heard.states('7-1-0'), [OrderState.accepted, OrderState.accepted]);
  const again = desk.restart();
  await again.connect(heard);
  assert.equal((await again.queryOrder('7-1-0'))?.state, OrderState.accepted);
  desk.acceptor.tape.ticks.push({ symbol: 1, last: 80, bid: 79, ask: 80 });
  await desk.settle();
  assert.equal(heard.filled('7-1-0'), parseMoney('3'));
  assert.equal((await again.queryOrder('7-1-0'))?.state, OrderState.filled);
});

test('a fill that meets a change: the change is refused, nothing is lost', async (context) => {
  const desk = await Desk.open();
  context.after(() => desk.close());
  const heard = new Heard();
  await desk.broker.connect(heard);
  desk.acceptor.tape.ticks.push({ symbol: 1, last: 100, bid: 99, ask: 101 });
  const limitPrice = parseMoney('95');
  desk.broker.submit({ ...order('7-1-0', 1), orderType: OrderType.limit, limitPrice });
  await desk.settle();
  desk.acceptor.tape.ticks.push({ symbol: 1, last: 94, bid: 93, ask: 94 });
  desk.acceptor.doWork();
  const change = { clientOrderId: '7-1-0', limitPrice: parseMoney('90'), stopPrice: 0n };
  desk.broker.replace({ ...change, quantity: parseMoney('3') });
  await desk.settle();
  assert.equal(heard.filled('7-1-0'), parseMoney('1'));
  assert.match(heard.updates.at(-1)?.reason ?? '', /not changed/);
  assert.equal((await desk.broker.queryOrder('7-1-0'))?.state, OrderState.filled);
});

test('what we cannot use costs the connection, and is told by the next one', async (context) => {
  const desk = await Desk.open();
  context.after(() => desk.close());
  const heard = new Heard();
  await desk.broker.connect(heard);
  desk.acceptor.tape.ticks.push({ symbol: 1, last: 100, bid: 99, ask: 101 });
  desk.isBroken = true;
  desk.broker.submit(order('7-1-0', 1));
  await desk.settle();
  assert.equal(desk.isBroken, false);
  assert.equal(desk.broker.connected(), true);
  assert.equal(heard.filled('7-1-0'), parseMoney('1'));
  assert.equal((await desk.broker.queryFills())[0]?.clientOrderId, '7-1-0');
});

test('what is held in several accounts of the session adds up', async (context) => {
  const desk = await Desk.open();
  context.after(() => desk.close());
  await desk.broker.connect(new Heard());
  desk.acceptor.tape.ticks.push({ symbol: 1, last: 100, bid: 99, ask: 100 });
  desk.acceptor.hasAccounts = true;
  for (const id of ['7-1-0', '7-2-0', '7-3-0']) desk.broker.submit(order(id, 1));
  await desk.settle();
  const averagePrice = parseMoney('100');
  assert.deepEqual(await desk.broker.queryPositions(), [
    { symbol: 1, quantity: parseMoney('3'), averagePrice },
  ]);
});

test('over TLS, and not with a certificate nobody trusts', async (context) => {
  const desk = await Desk.open({ tls: { ca: tlsCertificate } }, true);
  context.after(() => desk.close());
  await desk.broker.connect(new Heard());
  assert.equal(desk.broker.connected(), true);
  const other = await Desk.open({ tls: {}, connectTimeoutMs: 300 }, true);
  context.after(() => other.close());
  await assert.rejects(other.broker.connect(new Heard()), { code: 'UNAVAILABLE' });
});

test('each day of the session begins with numbers of its own', async (context) => {
  const desk = await Desk.open({ schedule: parseFixSchedule('00:00-00:00') });
  context.after(() => desk.close());
  const heard = new Heard();
  await desk.broker.connect(heard);
  for (const id of ['7-1-0', '7-2-0']) desk.broker.submit(order(id, 1));
  await desk.settle();
  assert.ok(desk.broker.session.store.outgoing > 3);
  desk.clock.daysAhead = 1;
  while (desk.broker.session.isLoggedOn) await turn();
  desk.acceptor.session.reset();
  await desk.settle();
  assert.equal(desk.broker.session.store.outgoing, 2);
  assert.equal((await desk.broker.queryOrder('7-1-0'))?.state, OrderState.rejected);
});

test('an order that was lost on the way is not sent again when it is old', async (context) => {
  const desk = await Desk.open();
  context.after(() => desk.close());
  const heard = new Heard();
  await desk.broker.connect(heard);
  desk.acceptor.isDeaf = true;
  desk.broker.submit(order('7-1-0', 1));
  desk.broker.cancel('7-1-0');
  desk.broker.session.flush();
  desk.broker.kill();
  while (desk.acceptor.session.isLoggedOn) await turn();
  desk.acceptor.isDeaf = false;
  desk.restart();
  await desk.broker.connect(heard);
  await desk.settle();
  assert.deepEqual(desk.acceptor.received, []);
  assert.equal(await desk.broker.queryOrder('7-1-0'), undefined);
  assert.deepEqual(heard.states('7-1-0'), [OrderState.unknown]);
});

test('an order that was lost on the way is not sent again once it is canceled', async (context) => {
  const desk = await Desk.open({ resendOrdersMs: 60_000 });
  context.after(() => desk.close());
  const heard = new Heard();
  await desk.broker.connect(heard);
  desk.acceptor.isDeaf = true;
  desk.broker.submit(order('7-1-0', 1));
  desk.broker.submit(order('7-2-0', 1));
  desk.broker.session.flush();
  desk.acceptor.cut();
  while (desk.broker.session.isLoggedOn) await turn();
  desk.broker.cancel('7-1-0');
  desk.acceptor.isDeaf = false;
  while (!desk.broker.session.isSynchronised) await turn();
  await desk.settle();
  assert.deepEqual(desk.acceptor.received, ['7-2-0']);
});

test('who begins its numbers again is not sent orders that it may have', async (context) => {
  const desk = await Desk.open({ resendOrdersMs: 60_000 });
  context.after(() => desk.close());
  await desk.broker.connect(new Heard());
  desk.broker.submit({ ...order('7-0-0', 1), orderType: OrderType.limit, limitPrice: 9n });
  await desk.settle();
  desk.broker.cancel('7-0-0');
  await desk.settle();
  // It takes the order; what it answers is lost with its numbers.
  desk.acceptor.mangle = () => undefined;
  desk.broker.submit(order('7-1-0', 1));
  desk.broker.session.flush();
  while (desk.acceptor.received.length === 1) await turn();
  desk.acceptor.cut();
  while (desk.broker.session.isLoggedOn) await turn();
  const { session } = desk.acceptor;
  session.reset();
  const types: string[] = [];
  const received = session.received.bind(session);
  session.received = (bytes) => {
    types.push(
      ...(Buffer.from(bytes)
        .toString('latin1')
        .match(/\b35=\w+/g) ?? []),
    );
    received(bytes);
  };
  desk.acceptor.mangle = withReset;
  while (!desk.broker.session.isSynchronised) await turn();
  await desk.settle();
  assert.deepEqual(desk.acceptor.received, ['7-0-0', '7-1-0']);
  assert.deepEqual(
    types.filter((type) => type === '35=F' || type === '35=D'),
    [],
  );
  assert.equal((await desk.broker.queryOrder('7-1-0'))?.clientOrderId, '7-1-0');
});

test('an order that was answered is not sent again, whatever is asked for', async (context) => {
  const desk = await Desk.open({ resendOrdersMs: 60_000 });
  context.after(() => desk.close());
  await desk.broker.connect(new Heard());
  desk.broker.submit(order('7-1-0', 1));
  await desk.settle();
  const { session } = desk.acceptor;
  const texts: string[] = [];
  const received = session.received.bind(session);
  session.received = (bytes) => {
    texts.push(Buffer.from(bytes).toString('latin1').replaceAll('\u0001', '|'));
    received(bytes);
  };
  session.send(MessageType.resendRequest, (writer) => {
    writer.whole(Tag.beginSeqNo, 1);
    writer.whole(Tag.endSeqNo, 0);
  });
  await desk.settle();
  assert.ok(texts.some((text) => text.includes('|35=4|')));
  assert.ok(!texts.some((text) => text.includes('|35=D|')));
});
