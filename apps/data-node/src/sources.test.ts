// Two feeds of the same symbols in one node: each tick is stored once, whichever feed was first,
// also when one of them dies; rejects and counts say whose they are.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig, VirtualClock } from '@ndts/runtime';
import type { Feed } from './feed/feed.js';
import { FeedSet } from './feed/feed-set.js';
import type { Simulator } from './feed/simulator.js';
import { args, live, run, simulated, stored, workPlace } from './node-test-kit.js';

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
});
