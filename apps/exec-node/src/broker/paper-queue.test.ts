// What the paper venue executes where it has queues, and how it misbehaves as it is configured.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  moneyText,
  nsPerMs,
  OrderFlags,
  type OrderIntent,
  OrderStateNames,
  OrderType,
  parseMoney,
  plainTerms,
  TickFlags,
  TimeInForce,
} from '@ndts/protocol';
import { createSilentLogger, loadConfig, SeededRandom, VirtualClock } from '@ndts/runtime';
import { TickTape, timeMsOfTestDay } from '../exec-kit.js';
import { PaperBroker } from './paper.js';
import { paperSettings } from './paper-options.js';

const symbol = 5;

class Venue {
  readonly clock = new VirtualClock(timeMsOfTestDay());
  readonly ticks = new TickTape(this.clock);
  readonly broker: PaperBroker;
  #told: string[] = [];

  constructor(dir: string, config: Readonly<Record<string, string>>, seed = 3) {
    const args = { 'exec.paperFill': 'queue', 'exec.paperFeeBps': '0', ...config };
    this.broker = new PaperBroker({
      ...{ dir, clock: this.clock, market: this.ticks.reader() },
      ...{ random: new SeededRandom(seed), logger: createSilentLogger() },
      ...paperSettings(loadConfig({ args, environment: {} })),
    });
  }

  async connect(): Promise<this> {
    await this.broker.connect({
      onOrderUpdate: ({ clientOrderId, state, reason }) =>
        void this.#told.push(`${clientOrderId} ${OrderStateNames[state]} ${reason}`.trim()),
      onFill: ({ clientOrderId, quantity, price }) =>
        void this.#told.push(`${clientOrderId} ${moneyText(quantity)}@${moneyText(price)}`),
    });
    return this;
  }

  /** What was told since it was asked last. */
  told(): string[] {
    this.broker.doWork();
    this.broker.doWork();
    return this.#told.splice(0);
  }

  /** A trade, and what is shown after it. */
  tick(price: number, volume: number, bid: string, ask: string, flags = 0): string[] {
    const [bidPrice, bidVolume] = bid.split('x').map(Number);
    const [askPrice, askVolume] = ask.split('x').map(Number);
    const shown = { bid: bidPrice ?? 0, bidVolume: bidVolume ?? 0, askVolume: askVolume ?? 0 };
    this.ticks.push({ symbol, price, volume, flags, ask: askPrice ?? 0, ...shown });
    return this.told();
  }

  order(id: string, side: number, quantity: string, limit?: string, terms = plainTerms): string[] {
    this.send(id, side, quantity, limit, terms);
    return this.told();
  }

  send(id: string, side: number, quantity: string, limit?: string, terms = plainTerms): void {
    const time = { day: 20_000, nsOfDay: 0 };
    const intent: OrderIntent = {
      ...{ clientOrderId: id, account: 'paper', instance: 1, ordinal: 1n, symbol, side },
      orderType: limit === undefined ? OrderType.market : OrderType.limit,
      ...{ quantity: parseMoney(quantity), limitPrice: parseMoney(limit ?? '0') },
      ...{ time, tickTime: time, shard: 0, epoch: 0n, sequence: 0n, factorValue: 0 },
      broker: 'paper',
    };
    this.broker.submit(intent, terms);
  }

  change(id: string, quantity: string, limit: string): void {
    this.broker.replace({
      clientOrderId: id,
      quantity: parseMoney(quantity),
      limitPrice: parseMoney(limit),
      ...{ phase: 1, stopPrice: 0n, reason: '', time: this.clock.now() },
    });
  }
}

function folder(context: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-paper-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const open = (context: TestContext, config = {}): Promise<Venue> =>
  new Venue(folder(context), config).connect();

test('what trades at once takes what is shown, once; the rest waits for more', async (context) => {
  const venue = await open(context);
  venue.tick(100, 0, '99x4', '101x5');
  assert.deepEqual(venue.order('a', 1, '3'), ['a accepted', 'a 3@101']);
  assert.deepEqual(venue.order('b', 1, '3'), ['b accepted', 'b 2@101']);
  assert.deepEqual(venue.order('c', 1, '1', '102'), ['c accepted']);
  // One that trades at once again: at the other side's price, not at its own limit.
  assert.deepEqual(venue.tick(100, 0, '99x4', '101.5x1.5'), ['b 1@101.5', 'c 0.5@101.5']);
  assert.deepEqual(venue.tick(100, 0, '99x4', '101x20'), ['c 0.5@101']);
});

test('all or nothing, and the rest of what must trade at once', async (context) => {
  const venue = await open(context);
  venue.tick(100, 0, '99x4', '101x5');
  const fok = { ...plainTerms, timeInForce: TimeInForce.fok };
  const ioc = { ...plainTerms, timeInForce: TimeInForce.ioc };
  const over = 'not executed at once';
  assert.deepEqual(venue.order('f', 1, '6', '101', fok), ['f accepted', `f canceled ${over}`]);
  assert.deepEqual(venue.order('g', 1, '5', '101', fok), ['g accepted', 'g 5@101']);
  const told = venue.order('h', -1, '6', '99', ioc);
  assert.deepEqual(told, ['h accepted', 'h 4@99', `h canceled ${over}`]);
  const post = { ...plainTerms, flags: OrderFlags.postOnly };
  assert.match(venue.order('p', 1, '1', '101', post).join(), /^p rejected post only/);
});

test('what comes in parts takes what was shown as it came, and no more', async (context) => {
  const venue = await open(context, { 'exec.paperPartialFills': '1000000' });
  venue.tick(100, 0, '99x4', '101x4');
  assert.deepEqual(venue.order('a', 1, '10'), ['a accepted', 'a 2@101', 'a 2@101']);
  assert.deepEqual(venue.order('b', 1, '1'), ['b accepted'], 'nothing is left');
  venue.tick(100, 0, '99x4', '100.5x2');
  assert.deepEqual(venue.order('c', -1, '6', '98'), ['c accepted', 'c 2@99', 'c 2@99']);
});

test('the rest of a part is for what the order is by then', async (context) => {
  const venue = await open(context, { 'exec.paperPartialFills': '1000000' });
  venue.tick(100, 0, '99x9', '101x20');
  const parts = [
    ['a', '5', '101', ['a accepted', 'a 4@101', 'a partiallyFilled', 'a 1@101']],
    ['b', '8', '90', ['b accepted', 'b 0.5@101', 'b partiallyFilled']],
  ] as const;
  for (const [id, quantity, limit, told] of parts) {
    venue.send(id, 1, id === 'a' ? '8' : '1', '101');
    venue.change(id, quantity, limit);
    assert.deepEqual(venue.told(), told);
  }
});

test('while it is away it has nothing to do before it is back', async (context) => {
  const venue = await open(context, { 'exec.paperOutageMs': '50' });
  venue.tick(100, 0, '99x9', '101x9');
  venue.order('a', 1, '1', '99');
  venue.broker.setBehaviour({ outagePerMillion: 1_000_000 });
  venue.send('b', 1, '1', '99');
  assert.deepEqual(venue.tick(98, 1, '98x9', '98.5x9'), []);
  const now = venue.clock.monotonicNs();
  assert.equal(venue.broker.dueNs(), now + 50 * nsPerMs);
  venue.broker.setBehaviour({ outagePerMillion: 0 });
  venue.clock.advance(50 * nsPerMs);
  assert.equal(venue.broker.dueNs(), 0);
  assert.deepEqual(venue.told(), ['a 1@99']);
});

test('a resting order waits for the volume in front of it', async (context) => {
  const venue = await open(context);
  venue.tick(100, 0, '99x10', '101x5');
  assert.deepEqual(venue.order('a', 1, '4', '99'), ['a accepted']);
  assert.deepEqual(venue.tick(99, 7, '99x3', '101x5'), [], '3 are in front');
  assert.deepEqual(venue.tick(99, 4, '99x8', '101x5'), ['a 1@99']);
  assert.deepEqual(venue.tick(99, 2, '99x8', '101x5'), ['a 2@99']);
  // Whoever joins later stands behind those who were there.
  assert.deepEqual(venue.order('b', 1, '1', '99'), ['b accepted']);
  assert.deepEqual(venue.tick(99, 1, '99x8', '101x5'), ['a 1@99']);
  assert.deepEqual(venue.tick(99, 6, '99x1', '101x5'), []);
  assert.deepEqual(venue.tick(98.5, 1, '98x1', '101x5'), ['b 1@99'], 'a trade beyond its price');
});

test('a queue becomes shorter when others leave it', async (context) => {
  const venue = await open(context);
  venue.tick(100, 0, '99x10', '101x5');
  venue.order('a', 1, '1', '99');
  venue.tick(100, 0, '99x2', '101x5');
  assert.deepEqual(venue.tick(99, 2.5, '99x20', '101x5'), ['a 0.5@99']);
});

test('at a price that nobody shows yet: last of those who are seen there', async (context) => {
  const venue = await open(context);
  venue.tick(100, 0, '99x10', '101x5');
  venue.order('deep', 1, '1', '98');
  venue.order('first', 1, '1', '99.5');
  assert.deepEqual(venue.tick(99.5, 0.5, '99x10', '101x5'), ['first 0.5@99.5'], 'none before it');
  assert.deepEqual(venue.tick(98, 100, '98x6', '101x5').sort(), ['first 0.5@99.5'], 'not seen');
  assert.deepEqual(venue.tick(98, 6, '98x6', '101x5'), []);
  assert.deepEqual(venue.tick(98, 1, '98x6', '101x5'), ['deep 1@98']);
});

test('two orders of ours do not execute by the same volume', async (context) => {
  const venue = await open(context);
  venue.tick(100, 0, '99x0', '101x5');
  venue.order('a', 1, '2', '99');
  venue.order('b', 1, '2', '99');
  assert.deepEqual(venue.tick(99, 3, '99x9', '101x5'), ['a 2@99', 'b 1@99']);
});

test('a touch at its limit executes what rests, at the limit', async (context) => {
  const venue = await open(context);
  venue.tick(100, 0, '99x10', '101x5');
  venue.order('a', 1, '40', '99');
  assert.deepEqual(venue.tick(99, 0, '98x1', '98.5x1'), ['a 40@99']);
});

test('a changed price or a larger quantity goes to the end of the queue', async (context) => {
  const venue = await open(context);
  venue.tick(100, 0, '99x2', '101x5');
  venue.order('a', 1, '4', '99');
  venue.tick(99, 2, '99x6', '101x5');
  venue.change('a', '3', '99');
  venue.told();
  assert.deepEqual(venue.tick(99, 1, '99x6', '101x5'), ['a 1@99'], 'a smaller one keeps its place');
  venue.change('a', '5', '99');
  venue.told();
  assert.deepEqual(venue.tick(99, 6, '99x9', '101x5'), []);
  assert.deepEqual(venue.tick(99, 1, '99x9', '101x5'), ['a 1@99']);
});

test('a tick in doubt trades nothing', async (context) => {
  const venue = await open(context);
  venue.tick(100, 0, '99x0', '101x5');
  venue.order('a', 1, '1', '99');
  assert.deepEqual(venue.tick(99, 5, '99x0', '101x5', TickFlags.suspect), []);
  assert.deepEqual(venue.tick(99, 5, '99x0', '101x5'), ['a 1@99']);
});

test('after a start an order stands behind all that is shown', async (context) => {
  const dir = folder(context);
  const before = await new Venue(dir, {}).connect();
  before.tick(100, 0, '99x0', '101x5');
  before.order('a', 1, '2', '99');
  await before.broker.disconnect();
  const venue = await new Venue(dir, {}).connect();
  venue.tick(100, 0, '99x4', '101x5');
  assert.deepEqual(venue.tick(99, 5, '99x4', '101x5'), ['a 1@99']);
});

/** Of 200 orders: how each ended, with whatever is left to chance. */
async function misbehave(
  context: TestContext,
  config: Record<string, string>,
  seed: number,
): Promise<string[]> {
  const base = { 'exec.paperFill': 'touch', ...config };
  const venue = await new Venue(folder(context), base, seed).connect();
  venue.tick(100, 0, '99x1', '101x1');
  const all: string[] = [];
  for (let at = 0; at < 200; at += 1) {
    all.push(venue.order(`o${at}`, 1, '1').join(', '));
    venue.clock.advance(10 * nsPerMs);
  }
  return all;
}

test('it misbehaves as configured, and the same for a seed', async (context) => {
  const config = {
    'exec.paperRejects': '100000',
    'exec.paperLostRequests': '100000',
    'exec.paperLostAnswers': '100000',
    'exec.paperPartialFills': '300000',
    'exec.paperOutages': '20000',
    'exec.paperOutageMs': '50',
  };
  const first = await misbehave(context, config, 11);
  assert.deepEqual(await misbehave(context, config, 11), first);
  assert.notDeepEqual(await misbehave(context, config, 12), first);
  const count = (pattern: RegExp): number => first.filter((one) => pattern.test(one)).length;
  assert.ok(count(/rejected refused on demand/) > 5);
  assert.ok(count(/^$/) > 20, 'lost, or while it was away');
  assert.ok(count(/ 0\.5@101, .* 0\.5@101/) > 5);
  assert.ok(count(/accepted, .* 1@101/) > 50);
  const good = await misbehave(context, {}, 11);
  assert.equal(good.filter((one) => one.endsWith(' 1@101')).length, 200);
});
