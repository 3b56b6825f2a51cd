// What every feed does: numbered cards, run on each implementation. A feed whose source cannot be
// cut, silenced or refused (a file, the simulator) has no knobs, and the cards that need them do
// not apply to it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Feed, FeedSymbol } from '@ndts/data-node';
import { createTickBatch, nsPerDay, type TickBatch } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { type Within, within } from '../kit/harness.js';
import { testSeed } from '../kit/seed.js';

export interface FeedKnobs {
  /** The connection ends; resolves when the feed could know. */
  cut(): void | Promise<void>;
  /** Nobody answers until accept(). */
  refuse(): void;
  accept(): void;
  /** The connection stays and nothing comes on it. */
  silence(): void;
  /** One message of a symbol does not come. */
  lose(): void;
  /** Malformed messages come. @returns how many */
  garbage(): number;
  /** Connections that were tried, and those that are open. */
  tries(): number;
  connections(): number;
  /** Names the source sends now. */
  subscribed(): readonly string[];
}

export interface FeedHarness {
  readonly feed: Feed;
  /** At least three; the first two are subscribed to. */
  readonly symbols: readonly FeedSymbol[];
  /** Time goes by, and the source sends. */
  pass(ms: number): Promise<void>;
  /** Rows that may wait, where that is bounded. */
  readonly backlogMax?: number;
  readonly silenceMs?: number;
  /** How far our clock is ahead of the source's, where that is measured. */
  readonly aheadNs?: number;
  /** False: some rows have the time of receipt, and order is that of coming only. */
  readonly isTimed?: boolean;
  /** What is lost is asked for and put in its place by the connection: the feed sees no hole. */
  readonly isFilledBelow?: boolean;
  /** Rows of a symbol that came twice or with a hole are known by their price. */
  readonly isNumbered?: boolean;
  /** Timers that wait. */
  timers(): number;
  readonly knobs?: FeedKnobs;
  close(): Promise<void>;
}

interface Seen {
  readonly rows: number;
  readonly symbols: ReadonlySet<number>;
}

/** Takes all there is, in batches of a size, and checks the order of time of each symbol. */
class Taker {
  readonly #feed: Feed;
  readonly #last = new Map<number, number>();
  readonly #isOrdered: boolean;
  readonly prices = new Map<number, number[]>();
  rows = 0;

  constructor(feed: Feed, isOrdered = true) {
    this.#feed = feed;
    this.#isOrdered = isOrdered;
  }

  take(size: number): Seen {
    const batch = createTickBatch(size);
    const symbols = new Set<number>();
    let rows = 0;
    for (let count = this.#feed.poll(batch); count > 0; count = this.#feed.poll(batch)) {
      assert.equal(count, batch.count);
      assert.ok(count <= size, `${count} rows in a batch of ${size}`);
      for (let row = 0; row < count; row += 1) this.#check(batch, row, symbols);
      rows += count;
    }
    assert.equal(batch.count, 0);
    this.rows += rows;
    return { rows, symbols };
  }

  #check(batch: TickBatch, row: number, symbols: Set<number>): void {
    const symbol = batch.symbol[row] ?? 0;
    symbols.add(symbol);
    const prices = this.prices.get(symbol) ?? [];
    this.prices.set(symbol, prices);
    prices.push(batch.price[row] ?? Number.NaN);
    const time = (batch.day[row] ?? 0) * nsPerDay + (batch.nsOfDay[row] ?? 0);
    if (this.#isOrdered) assert.ok(time >= (this.#last.get(symbol) ?? 0), 'older than the last');
    this.#last.set(symbol, time);
  }
}

/** Rows of a symbol without a hole and none twice. */
function checkNumbers(taker: Taker): void {
  for (const [symbol, prices] of taker.prices)
    for (const [at, price] of prices.entries())
      assert.equal(price, (prices[0] ?? 0) + at, `symbol ${symbol}, row ${at}`);
}

async function takeFor(harness: FeedHarness, taker: Taker, ms: number, size = 64): Promise<Seen> {
  const symbols = new Set<number>();
  const before = taker.rows;
  for (let turn = 0; turn < 10; turn += 1) {
    await harness.pass(ms / 10);
    for (const symbol of taker.take(size).symbols) symbols.add(symbol);
  }
  return { rows: taker.rows - before, symbols };
}

type WithFeed = Within<FeedHarness>;

export function feedSuite(name: string, makeHarness: () => Promise<FeedHarness>): void {
  const withFeed = within(makeHarness);
  describe(`Feed, rows: ${name}`, () => rowTests(withFeed));
  describe(`Feed, subscriptions: ${name}`, () => subscriptionTests(withFeed));
  describe(`Feed, life: ${name}`, () => lifeTests(withFeed));
}

/** Of a feed whose source can be cut, silenced and refused. */
export function venueFeedSuite(
  name: string,
  makeHarness: () => Promise<FeedHarness & { readonly knobs: FeedKnobs }>,
): void {
  feedSuite(name, makeHarness);
  const withVenue = within(makeHarness);
  describe(`Feed, a source that fails: ${name}`, () => {
    lossTests(withVenue);
    stopTests(withVenue);
  });
  describe(`Feed, what comes: ${name}`, () => contentTests(withVenue));
}

function rowTests(withFeed: WithFeed): void {
  it('F1 gives nothing before it is connected, and connects once however often it is told', () =>
    withFeed(async (harness) => {
      const { feed } = harness;
      const taker = new Taker(feed, harness.isTimed !== false);
      assert.equal(feed.stats().state, 'disconnected');
      assert.equal((await takeFor(harness, taker, 50)).rows, 0);
      await Promise.all([feed.connect(), feed.connect()]);
      await feed.connect();
      assert.equal(feed.stats().state, 'connected');
      assert.ok((await takeFor(harness, taker, 200)).rows > 0);
      assert.ok((harness.knobs?.connections() ?? 1) === 1);
      if (harness.isNumbered === true) checkNumbers(taker);
    }));

  it('F2 rows of a symbol come in order, in batches of any size, and are counted', () =>
    withFeed(async (harness) => {
      const { feed } = harness;
      await feed.connect();
      const taker = new Taker(feed, harness.isTimed !== false);
      for (const size of [1, 7, 64, 1000]) await takeFor(harness, taker, 100, size);
      assert.ok(taker.rows > 20, `${taker.rows} rows`);
      const stats = feed.stats();
      assert.equal(stats.polled, taker.rows);
      assert.deepEqual([stats.reason, stats.malformed, stats.reconnects], ['', 0, 0]);
      if (harness.isNumbered === true) checkNumbers(taker);
    }));
}

function subscriptionTests(withFeed: WithFeed): void {
  it('F3 symbols come and go while it runs', () =>
    withFeed(async (harness) => {
      const { feed, symbols, knobs } = harness;
      const [first, second, third] = symbols as [FeedSymbol, FeedSymbol, FeedSymbol];
      feed.subscribe([first, second]);
      await feed.connect();
      const taker = new Taker(feed, harness.isTimed !== false);
      const both = (await takeFor(harness, taker, 300)).symbols;
      assert.deepEqual([...both].sort(), [first.id, second.id]);
      await harness.pass(50);
      feed.unsubscribe([second]);
      feed.unsubscribe([second]);
      const one = (await takeFor(harness, taker, 300)).symbols;
      assert.deepEqual([...one], [first.id], 'what waited goes, too');
      feed.subscribe([third, first]);
      const other = (await takeFor(harness, taker, 300)).symbols;
      assert.deepEqual([...other].sort(), [first.id, third.id]);
      if (knobs !== undefined)
        assert.deepEqual([...knobs.subscribed()].sort(), [first.name, third.name].sort());
    }));
}

function lifeTests(withFeed: WithFeed): void {
  it('F4 may be disconnected at any moment, also twice, and connected again', (test) =>
    withFeed(async (harness) => {
      const { feed, knobs } = harness;
      const random = new SeededRandom(testSeed(test));
      const taker = new Taker(feed, false);
      for (let turn = 0; turn < 30; turn += 1) {
        const connecting = feed.connect();
        if (random.integer(2) === 0) await connecting;
        if (random.integer(2) === 0) await harness.pass(random.integer(10));
        if (random.integer(2) === 0) taker.take(1 + random.integer(50));
        const leaving = feed.disconnect();
        assert.equal(taker.take(10).rows, 0, 'nothing once it was told to stop');
        if (random.integer(2) === 0) await feed.disconnect();
        await leaving;
        await connecting;
        assert.equal(feed.stats().state, 'disconnected');
      }
      await harness.pass(10);
      assert.equal(knobs?.connections() ?? 0, 0);
      await feed.connect();
      assert.ok((await takeFor(harness, taker, 300)).rows > 0);
    }));

  it('F5 leaves nothing behind when it is disconnected', () =>
    withFeed(async (harness) => {
      const { feed, knobs } = harness;
      await feed.connect();
      await harness.pass(50);
      await feed.disconnect();
      assert.deepEqual(
        [harness.timers(), knobs?.connections() ?? 0, feed.stats().backlog],
        [0, 0, 0],
      );
      assert.equal(feed.stats().state, 'disconnected');
    }));
}

type WithVenue = Within<FeedHarness & { readonly knobs: FeedKnobs }>;

function lossTests(withVenue: WithVenue): void {
  it('F6 a lost connection is opened again and subscribed again, by itself', () =>
    withVenue(async (harness) => {
      const { feed, knobs, symbols } = harness;
      await feed.connect();
      feed.subscribe(symbols.slice(2, 3));
      const taker = new Taker(feed, harness.isTimed !== false);
      await takeFor(harness, taker, 200);
      await knobs.cut();
      assert.equal(feed.stats().state, 'failed');
      assert.notEqual(feed.stats().reason, '');
      taker.take(100);
      await takeFor(harness, taker, 2000);
      const stats = feed.stats();
      assert.deepEqual([stats.state, stats.reason, stats.reconnects], ['connected', '', 1]);
      const seen = await takeFor(harness, taker, 200);
      assert.equal(seen.symbols.size, 3);
      assert.equal(knobs.connections(), 1);
    }));

  it('F7 tries ever more seldom while it is refused, not at fixed times, and never stops', () =>
    withVenue(async (harness) => {
      const { feed, knobs } = harness;
      knobs.refuse();
      await feed.connect();
      assert.equal(feed.stats().state, 'failed');
      const delays: number[] = [];
      let last = 0;
      let tries = knobs.tries();
      for (let ms = 0; ms < 60_000; ms += 20) {
        await harness.pass(20);
        if (knobs.tries() === tries) continue;
        tries = knobs.tries();
        delays.push(ms - last);
        last = ms;
      }
      assert.ok(delays.length >= 5 && delays.length < 30, `delays ${delays.join(', ')}`);
      assert.ok(Math.max(...delays) > 8 * (delays[0] ?? 0), `delays ${delays.join(', ')}`);
      const late = delays.slice(-3);
      assert.ok(new Set(late).size > 1, `no jitter in ${late.join(', ')}`);
      knobs.accept();
      for (let turns = 0; turns < 60 && feed.stats().state !== 'connected'; turns += 1)
        await harness.pass(1000);
      assert.equal(feed.stats().state, 'connected');
    }));

  it('F8 a connection that says nothing is given up', () =>
    withVenue(async (harness) => {
      const { feed, knobs, silenceMs } = harness;
      assert.ok(silenceMs !== undefined);
      await feed.connect();
      const taker = new Taker(feed, harness.isTimed !== false);
      await takeFor(harness, taker, 3 * silenceMs);
      assert.equal(feed.stats().reconnects, 0, 'one that speaks is kept');
      knobs.silence();
      await takeFor(harness, taker, silenceMs + 2000);
      assert.equal(feed.stats().reconnects, 1);
      assert.ok((await takeFor(harness, taker, 200)).rows > 0);
    }));
}

function stopTests(withVenue: WithVenue): void {
  it('F9 stops trying when it is disconnected', () =>
    withVenue(async (harness) => {
      const { feed, knobs } = harness;
      knobs.refuse();
      await feed.connect();
      await feed.disconnect();
      const tries = knobs.tries();
      await harness.pass(5000);
      assert.deepEqual([knobs.tries(), harness.timers()], [tries, 0]);
      assert.deepEqual([feed.stats().state, feed.stats().reason], ['disconnected', '']);
    }));
}

function contentTests(withVenue: WithVenue): void {
  garbageTests(withVenue);
  it('F10 a hole in the numbers is noticed, and filled where the venue can', () =>
    withVenue(async (harness) => {
      const { feed, knobs } = harness;
      await feed.connect();
      const taker = new Taker(feed, false);
      await takeFor(harness, taker, 100);
      assert.equal(feed.stats().gaps, 0);
      knobs.lose();
      await takeFor(harness, taker, 200);
      const isSeen = harness.isFilledBelow !== true;
      if (!isSeen) checkNumbers(taker);
      assert.equal(feed.stats().gaps, isSeen ? 1 : 0);
      assert.equal(feed.stats().gapsRepaired, isSeen && feed.abilities.repairs ? 1 : 0);
      assert.equal(feed.stats().state, 'connected');
    }));

  it('F12 what waits is bounded; the source waits, or what has no room is counted', () =>
    withVenue(async (harness) => {
      const { feed, backlogMax } = harness;
      assert.ok(backlogMax !== undefined);
      await feed.connect();
      await harness.pass(20 * backlogMax);
      const full = feed.stats();
      assert.ok(full.backlog > 0 && full.backlog <= 3 * backlogMax, `backlog ${full.backlog}`);
      const taker = new Taker(feed, harness.isTimed !== false);
      await takeFor(harness, taker, 1000);
      assert.ok(feed.stats().backlog < backlogMax);
      if (feed.abilities.waits) {
        assert.deepEqual([full.pauses > 0, feed.stats().skipped], [true, 0]);
        if (harness.isNumbered === true) checkNumbers(taker);
      } else assert.ok(feed.stats().skipped > 0);
    }));

  it('F13 how far the clocks are apart is measured', () =>
    withVenue(async (harness) => {
      const { feed, aheadNs } = harness;
      assert.ok(aheadNs !== undefined);
      assert.ok(Number.isNaN(feed.stats().clockOffsetNs));
      await feed.connect();
      await takeFor(harness, new Taker(feed), 500);
      assert.equal(feed.stats().clockOffsetNs, aheadNs);
    }));
}

function garbageTests(withVenue: WithVenue): void {
  it('F11 what is malformed is counted and kept, and the rest goes on', () =>
    withVenue(async (harness) => {
      const { feed, knobs } = harness;
      await feed.connect();
      const taker = new Taker(feed, harness.isTimed !== false);
      await takeFor(harness, taker, 100);
      const count = knobs.garbage();
      await takeFor(harness, taker, 100);
      assert.equal(feed.stats().malformed, count);
      const rejects = feed.rejects(1000);
      assert.equal(rejects.length, count);
      const byRule = Object.values(feed.stats().malformedBy);
      assert.equal(
        byRule.reduce((sum, one) => sum + one, 0),
        count,
      );
      for (const { reason, sample, timeMs } of rejects) {
        assert.ok(reason !== '' && timeMs > 1e12);
        assert.ok(sample.length <= 256 && !/\p{C}/u.test(sample), `sample ${sample}`);
      }
      assert.equal(feed.rejects(2).length, 2);
      assert.ok((await takeFor(harness, taker, 100)).rows > 0);
      assert.deepEqual([feed.stats().reconnects, feed.stats().gaps], [0, 0]);
    }));
}
