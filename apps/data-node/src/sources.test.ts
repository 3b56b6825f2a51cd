// Two feeds of the same symbols in one node: each tick is stored once, whichever feed was first,
// also when one of them dies; rejects and counts say whose they are.

import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { type QualityView, subjects, type TickBatch, timeFromMs } from '@ndts/protocol';
import { loadConfig, VirtualClock } from '@ndts/runtime';
import type { Feed } from './feed/feed.js';
import { FeedSet, feedsMax } from './feed/feed-set.js';
import { createNoFeed } from './feed/no-feed.js';
import type { Simulator } from './feed/simulator.js';
import {
  args,
  type Life,
  live,
  run,
  simulated,
  stored,
  symbols,
  workPlace,
} from './node-test-kit.js';

const startMs = Date.UTC(2025, 5, 2, 8);
const config = loadConfig({ args, environment: {} });

/** A feed under another name. */
function named(feed: Simulator, name: string): Feed {
  return new Proxy(feed, {
    get: (target, key) => {
      if (key === 'name') return name;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

interface StrangeRow {
  readonly ms: number;
  readonly price: number;
}

/** Gives what it is told to, of the first symbol, once. */
function strangeFeed(rows: StrangeRow[], name = 'strange'): Feed {
  const poll = (batch: TickBatch): number => {
    batch.count = rows.length;
    for (const [row, { ms, price }] of rows.entries()) {
      const { day, nsOfDay } = timeFromMs(ms);
      batch.day[row] = day;
      batch.nsOfDay[row] = nsOfDay;
      batch.symbol[row] = symbols[0]!.id;
      batch.price[row] = price;
      batch.volume[row] = 1;
      for (const column of ['bid', 'ask', 'bidVolume', 'askVolume', 'flags'] as const)
        batch[column][row] = 0;
    }
    rows.length = 0;
    return batch.count;
  };
  return { ...createNoFeed(), name, poll };
}

test('each tick once, whichever feed was first', async (context) => {
  const alone = live(workPlace(context), new VirtualClock(startMs), config);
  context.after(() => alone.close());
  await alone.node.start();
  const expected = run(alone, alone.clock, 400);
  const feeds = (clock: VirtualClock, prices: ReadonlyMap<number, number>): FeedSet =>
    new FeedSet(['first', 'second'].map((name) => named(simulated(clock, prices), name)));
  const both = live(workPlace(context), new VirtualClock(startMs), config, feeds);
  context.after(() => both.close());
  await both.node.start();
  run(both, both.clock, 200);
  await (both.feed as FeedSet).remove('first');
  run(both, both.clock, 200);
  // The last batch of the one that stayed may be on its way.
  run(both, both.clock, 50);
  const found = stored(both.database);
  for (const [key, price] of expected) equal(found.get(key), price, key);
  ok(expected.size > 1500);
});

test('two feeds whose clocks differ: each tick once, one of them dies', async (context) => {
  const clock = new VirtualClock(startMs);
  const [ahead, behind]: [StrangeRow[], StrangeRow[]] = [[], []];
  const skewed = loadConfig({
    args: { ...args, 'clean.skewMs': '2.5', 'clean.disorderMs': '0' },
    environment: {},
  });
  const feeds = (): FeedSet =>
    new FeedSet([strangeFeed(ahead, 'ahead'), strangeFeed(behind, 'behind')]);
  const life = live(workPlace(context), clock, skewed, feeds);
  context.after(() => life.close());
  await life.node.start();
  const rows = Array.from({ length: 40 }, (_, at) => ({ ms: startMs + at, price: 100 + at / 100 }));
  const stamped = (from: number, to: number, aheadMs: number): StrangeRow[] =>
    rows.slice(from, to).map(({ ms, price }) => ({ ms: ms + aheadMs, price }));
  ahead.push(...stamped(0, 20, 2));
  behind.push(...stamped(0, 15, 0));
  run(life, clock, 5);
  await (life.feed as FeedSet).remove('ahead');
  run(life, clock, 600);
  behind.push(...stamped(15, 40, 0));
  run(life, clock, 300);
  deepEqual(
    [...stored(life.database).values()],
    rows.map(({ price }) => price),
  );
  deepEqual(life.node.status().rejected, {});
});

test('a feed that is behind doubles nothing when the one before it is removed', async (context) => {
  const clock = new VirtualClock(startMs);
  const [ahead, behind]: [StrangeRow[], StrangeRow[]] = [[], []];
  const feeds = (): FeedSet =>
    new FeedSet([strangeFeed(ahead, 'ahead'), strangeFeed(behind, 'behind')]);
  const life = live(workPlace(context), clock, config, feeds);
  context.after(() => life.close());
  await life.node.start();
  const rows = Array.from({ length: 40 }, (_, ms) => ({ ms: startMs + ms, price: 100 + ms / 100 }));
  ahead.push(...rows.slice(0, 30));
  behind.push(...rows.slice(0, 10));
  run(life, clock, 5);
  await (life.feed as FeedSet).remove('ahead');
  run(life, clock, 600);
  behind.push(...rows.slice(10));
  run(life, clock, 300);
  deepEqual(
    [...stored(life.database).values()],
    rows.map(({ price }) => price),
  );
});

test('rejects, counts and statistics say whose they are', async (context) => {
  const feeds = (clock: VirtualClock, prices: ReadonlyMap<number, number>): FeedSet =>
    new FeedSet(['first', 'second'].map((name) => named(simulated(clock, prices), name)));
  const life = live(workPlace(context), new VirtualClock(startMs), config, feeds);
  context.after(() => life.close());
  await life.node.start();
  run(life, life.clock, 1000);
  const { sources, arbitration, polled, accepted, rejected } = life.node.status();
  deepEqual(
    sources.map(({ source }) => source),
    ['first', 'second'],
  );
  deepEqual(sources[0]!.refused, sources[1]!.refused, 'the same dirt from both');
  const refused = Object.values(rejected).reduce((sum, count) => sum + count, 0);
  ok(refused > 50);
  const copies = arbitration.reduce((sum, one) => sum + one.copies + one.repeats + one.late, 0);
  equal(accepted + refused + copies, polled, 'nothing disappears');
  equal(arbitration[0]!.first + arbitration[1]!.first, accepted);
  ok(arbitration.every(({ rows, missed }) => rows > 1000 && missed === 0));
  const text = await life.metrics.text();
  const [first, second] = arbitration;
  const shown = (line: string): void => ok(text.includes(`\n${line}\n`), line);
  shown(`ndts_source_rows_total{source="second",outcome="copies"} ${second!.copies}`);
  shown(`ndts_source_lead_share{source="first"} ${first!.leads / symbols.length}`);
  shown('ndts_source_failovers_total{source="first"} 0');
  shown(`ndts_source_behind_seconds{source="second",quantile="0.99"} ${second!.behindUsP99 / 1e6}`);
  shown('ndts_feed_connected{source="first"} 1');
  await (life.feed as FeedSet).remove('first');
  run(life, life.clock, 500);
  const after = await life.metrics.text();
  ok(after.includes('\nndts_feed_connected{source="first"} 0\n'), 'a feed that is gone');
  ok(after.includes('\nndts_feed_connected{source="second"} 1\n'));
});

test('while another feed gives a symbol, one that dies does not make it STALE', async (context) => {
  const clock = new VirtualClock(startMs);
  const [one, other]: [StrangeRow[], StrangeRow[]] = [[], []];
  const dead = new Set<string>();
  const mortal = (feed: Feed): Feed => ({
    ...feed,
    stats: () => ({ ...feed.stats(), state: dead.has(feed.name) ? 'failed' : 'connected' }),
  });
  const feeds = (): FeedSet =>
    new FeedSet([mortal(strangeFeed(one, 'one')), mortal(strangeFeed(other, 'other'))]);
  const life = live(workPlace(context), clock, config, feeds);
  context.after(() => life.close());
  await life.node.start();
  const states = async (): Promise<string[]> => {
    run(life, clock, 300);
    const views = (await life.bus.request(subjects.dataQuality, {})) as QualityView[];
    return views.map(({ state }) => state);
  };
  one.push(rowAt(0));
  run(life, clock, 1);
  other.push(rowAt(0));
  deepEqual(await states(), []);
  dead.add('one');
  deepEqual(await states(), [], 'the other one gave it, too, and is there');
  dead.add('other');
  deepEqual(await states(), ['STALE']);
  dead.clear();
  for (const rows of [one, other]) rows.push(rowAt(800));
  run(life, clock, 2000);
  deepEqual(await states(), []);
  for (const name of ['one', 'other']) dead.add(name);
  deepEqual(await states(), ['STALE'], 'both at once');
});

test('a halt that a feed tells of is HALTED, until it says so or is gone', async (context) => {
  const clock = new VirtualClock(startMs);
  const news: [symbol: number, isHalted: boolean][] = [];
  const halting: Feed = {
    ...createNoFeed(),
    name: 'halting',
    pollHalts: (take) => {
      for (const [symbol, isHalted] of news.splice(0)) take(symbol, isHalted);
    },
  };
  const life = live(workPlace(context), clock, config, (of, prices) => {
    return new FeedSet([named(simulated(of, prices), 'first'), halting]);
  });
  context.after(() => life.close());
  await life.node.start();
  const states = async (): Promise<string[]> => {
    run(life, clock, 1500);
    const views = (await life.bus.request(subjects.dataQuality, {})) as QualityView[];
    return views.map(({ name, state }) => `${name} ${state}`);
  };
  const [one, other] = [symbols[0]!, symbols[1]!];
  news.push([one.id, true], [other.id, true]);
  deepEqual(await states(), [`${one.name} HALTED`, `${other.name} HALTED`]);
  news.push([one.id, false]);
  deepEqual(await states(), [`${other.name} HALTED`]);
  await (life.feed as FeedSet).remove('halting');
  deepEqual(await states(), [], 'nobody is there who would take it back');
});

test('what is of long ago, or far from the market, does not go on', async (context) => {
  const clock = new VirtualClock(startMs);
  const rows: StrangeRow[] = [];
  const feeds = (of: VirtualClock, prices: ReadonlyMap<number, number>): FeedSet =>
    new FeedSet([named(simulated(of, prices), 'first'), strangeFeed(rows)]);
  const life = live(workPlace(context), clock, config, feeds);
  context.after(() => life.close());
  await life.node.start();
  run(life, clock, 500);
  const before = life.node.status().sources[1]!.refused;
  deepEqual(before, {});
  rows.push({ ms: startMs - 5000, price: 101 }, { ms: startMs + 500, price: 9 });
  const seen = run(life, clock, 300);
  ok([...seen.values()].every((price) => price !== 9 && price !== 101));
  const { sources, arbitration } = life.node.status();
  deepEqual(sources[1]!.refused, { jump: 1 });
  equal(arbitration[1]!.late, 1, 'from before what is remembered');
});

const ended = { ...createNoFeed().stats(), isEnded: true };

/** Prices of the first symbol that are stored, in order. */
function pricesOf(life: Life): number[] {
  return [...stored(life.database).values()];
}

const rowAt = (at: number): StrangeRow => ({ ms: startMs + at, price: 100 + at / 100 });

test('a feed that joins brings nothing again of what another one gave alone', async (context) => {
  const [one, other]: [StrangeRow[], StrangeRow[]] = [[], []];
  const feeds = (): FeedSet => new FeedSet([strangeFeed(one, 'one')]);
  const life = live(workPlace(context), new VirtualClock(startMs), config, feeds);
  context.after(() => life.close());
  const set = life.feed as FeedSet;
  await life.node.start();
  one.push(rowAt(0), rowAt(1), rowAt(2));
  run(life, life.clock, 5);
  for (const join of [0, 10]) {
    await set.add(strangeFeed(other, 'other'));
    other.push(rowAt(join), rowAt(join + 1), rowAt(join + 2), rowAt(join + 3));
    run(life, life.clock, 1);
    one.push(rowAt(join + 3), rowAt(join + 4));
    run(life, life.clock, 1);
    await set.remove('other');
    run(life, life.clock, 300);
    if (join === 0) one.push(rowAt(10), rowAt(11), rowAt(12));
    run(life, life.clock, 5);
  }
  const expected = [0, 1, 2, 3, 4, 10, 11, 12, 13, 14].map((at) => rowAt(at).price);
  deepEqual(pricesOf(life), expected);
});

test('of however many feeds each tick goes on once; one too many is refused', async (context) => {
  const rows = Array.from({ length: feedsMax }, (): StrangeRow[] => []);
  const feeds = (): FeedSet => new FeedSet(rows.map((of, at) => strangeFeed(of, `feed-${at}`)));
  const life = live(workPlace(context), new VirtualClock(startMs), config, feeds);
  context.after(() => life.close());
  const set = life.feed as FeedSet;
  await life.node.start();
  for (const of of rows) of.push(rowAt(0), rowAt(1));
  run(life, life.clock, 100);
  equal(pricesOf(life).length, 2);
  await rejects(set.add(strangeFeed([], 'more')), /there are 32 feeds already/);
  await set.remove('feed-0');
  // Those at their end make room, however many there were.
  for (let at = 0; at < 70; at += 1) {
    await set.add({ ...strangeFeed([], `ended-${at}`), stats: () => ended });
    run(life, life.clock, 10);
  }
  const last: StrangeRow[] = [];
  await set.add(strangeFeed(last, 'last'));
  for (const of of [...rows.slice(1), last]) of.push(rowAt(2));
  last.push(rowAt(3), { ms: startMs + 4, price: -1 });
  run(life, life.clock, 300);
  equal(pricesOf(life).length, 4);
  const { sources } = life.node.status();
  deepEqual(
    sources.filter(({ refused }) => Object.keys(refused).length > 0),
    [{ source: 'last', refused: { price: 1 }, marked: {} }],
  );
});
