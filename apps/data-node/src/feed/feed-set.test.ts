// A set of feeds: whose rows a batch holds, that none starves, that one which fails leaves the
// others alone, and that sums outlive a feed that was removed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTickBatch, NdtsError, nsPerSecond } from '@ndts/protocol';
import { VirtualClock } from '@ndts/runtime';
import type { Feed } from './feed.js';
import { FeedSet } from './feed-set.js';
import { createNoFeed } from './no-feed.js';
import { Simulator } from './simulator.js';

const clock = new VirtualClock(Date.UTC(2026, 0, 5, 14));

function simulated(name: string, id: number, ticksPerSecond: number): Feed {
  const feed = new Simulator({
    symbols: [{ id, name }],
    ticksPerSecond,
    seed: id,
    dirtPerMillion: 0,
    clock,
  });
  return Object.assign(feed, { name });
}

test('a batch is of one source, and the busy one does not starve the other', async () => {
  const set = new FeedSet([simulated('busy', 1, 100_000), simulated('quiet', 2, 1000)]);
  await set.connect();
  clock.advance(nsPerSecond);
  const batch = createTickBatch(100);
  const sources: number[] = [];
  for (let turn = 0; turn < 8; turn += 1) {
    assert.equal(set.poll(batch), 100);
    assert.ok(batch.symbol.every((symbol) => symbol === set.source));
    sources.push(set.source);
  }
  assert.deepEqual(sources, [1, 2, 1, 2, 1, 2, 1, 2]);
});

test('feeds come and go while it runs; a name is there once', async () => {
  const set = new FeedSet([simulated('one', 1, 1000)]);
  await set.connect();
  assert.equal(await set.add(simulated('two', 2, 1000)), 2);
  await assert.rejects(set.add(simulated('two', 3, 1000)), /ALREADY_EXISTS|there is a feed two/);
  clock.advance(nsPerSecond);
  const batch = createTickBatch(4096);
  const counts = [set.poll(batch), set.poll(batch), set.poll(batch)];
  assert.ok(counts[0]! > 900 && counts[1]! > 900 && counts[2] === 0);
  assert.equal(set.source, 0);
  const { polled } = set.stats();
  assert.equal(await set.remove('one'), true);
  assert.equal(await set.remove('one'), false);
  assert.equal(set.stats().polled, polled);
  assert.deepEqual(
    set.sources.map(({ source, feed }) => [source, feed.name]),
    [[2, 'two']],
  );
  assert.equal(await set.add(simulated('one', 1, 1000)), 3, 'a number is never used again');
});

test('one that cannot connect is said, and the others go on', async () => {
  const broken: Feed = {
    ...createNoFeed(),
    name: 'broken',
    connect: () => Promise.reject(new NdtsError('NOT_FOUND', 'no such file')),
    stats: () => ({ ...createNoFeed().stats(), state: 'failed' }),
  };
  const set = new FeedSet([broken, simulated('one', 1, 1000)]);
  await set.connect();
  assert.equal(set.stats().state, 'connected');
  assert.match(set.stats().reason, /^broken: .*no such file/);
  await set.remove('one');
  assert.equal(set.stats().state, 'failed');
});
