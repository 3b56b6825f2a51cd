// The feed cards on the simulator and on feeds of messages, with sources that can wait and repair
// and with sources that can neither; and that a set of feeds is one, too.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FeedSet, LineFeed, MessageFeed, Simulator, simulatorSymbolNames } from '@ndts/data-node';
import { createTradeBatch, tickSchema, tradeSchema } from '@ndts/protocol';
import { SeededRandom, VirtualClock } from '@ndts/runtime';
import { TableBatch } from '@ndts/storage';
import { type FeedHarness, type FeedKnobs, feedSuite, venueFeedSuite } from './feed-suite.js';
import { passTime, ScriptedDecoder, ScriptedVenue } from './scripted-venue.js';

const startMs = Date.UTC(2026, 0, 5, 14);
const backlogMax = 512;
const silenceMs = 5000;
const aheadMs = 40;

const symbols = simulatorSymbolNames(3).map((name, index) => ({ id: index + 1, name }));

/** Those that were set and neither fired nor were cancelled. */
function countTimers(clock: VirtualClock): number {
  return clock.nextTimerNs() === undefined ? 0 : 1;
}

async function simulatorHarness(): Promise<FeedHarness> {
  const clock = new VirtualClock(startMs);
  const feed = new Simulator({
    symbols,
    ticksPerSecond: 1000,
    seed: 11,
    dirtPerMillion: 0,
    burstsPerMillion: 2000,
    gapsPerMillion: 1000,
    clock,
  });
  return {
    feed,
    symbols,
    pass: (ms) => passTime(clock, ms, () => undefined),
    timers: () => countTimers(clock),
    close: () => feed.disconnect(),
  };
}

function venueHarness(options: { readonly canWait: boolean; readonly canRepair: boolean }) {
  return async (): Promise<FeedHarness & { readonly knobs: FeedKnobs }> => {
    const clock = new VirtualClock(startMs);
    const venue = new ScriptedVenue({ clock, aheadMs, ...options });
    const feed = new MessageFeed({
      name: 'scripted',
      abilities: {
        trades: false,
        book: false,
        waits: options.canWait,
        repairs: options.canRepair,
      },
      source: venue,
      decoder: new ScriptedDecoder(),
      clock,
      random: new SeededRandom(5),
      symbols: symbols.slice(0, 2),
      backlogRows: backlogMax,
      silenceMs,
      messageBytesMax: 10_000,
    });
    return {
      feed,
      symbols,
      knobs: venue,
      backlogMax,
      silenceMs,
      aheadNs: aheadMs * 1e6,
      isNumbered: true,
      pass: (ms) => passTime(clock, ms, () => venue.step()),
      timers: () => countTimers(clock),
      close: () => feed.disconnect(),
    };
  };
}

async function setHarness(): Promise<FeedHarness> {
  const clock = new VirtualClock(startMs);
  const simulatorOf = (from: number, to: number): Simulator =>
    new Simulator({
      symbols: symbols.slice(from, to),
      ticksPerSecond: 500,
      seed: from,
      dirtPerMillion: 0,
      clock,
    });
  const feed = new FeedSet([simulatorOf(0, 1), simulatorOf(1, 3)]);
  return {
    feed,
    symbols,
    pass: (ms) => passTime(clock, ms, () => undefined),
    timers: () => countTimers(clock),
    close: () => feed.disconnect(),
  };
}

/** Without knobs: connections and their refusals are those of the line server, which has tests of
 * its own; here nothing is lost and nobody is silent. */
async function lineHarness(): Promise<FeedHarness> {
  const clock = new VirtualClock(startMs);
  const feed = new LineFeed({
    clock,
    ensure: async (names) => new Uint32Array(names.length),
    kinds: ['tick'],
    capacity: backlogMax,
  });
  let taking: Promise<void> | undefined;
  let price = 0;
  const send = (): void => {
    if (taking !== undefined) return; // a sender waits for its answer
    const rows = new TableBatch(tickSchema, symbols.length);
    price += 1;
    const { day, nsOfDay } = clock.now();
    for (const [row, { id }] of symbols.entries()) {
      rows.day[row] = day;
      rows.nsOfDay[row] = nsOfDay;
      rows.symbol[row] = id;
      rows.doubles('price')[row] = price;
    }
    rows.count = symbols.length;
    taking = feed
      .take(tickSchema.name, rows)
      .catch(() => undefined)
      .finally(() => {
        taking = undefined;
      });
  };
  return {
    feed,
    symbols,
    pass: (ms) => passTime(clock, ms, send),
    timers: () => countTimers(clock),
    close: () => feed.disconnect(),
  };
}

feedSuite('line protocol', lineHarness);
test('F12 of line protocol: a sender waits for room, not for ever', async () => {
  const clock = new VirtualClock(startMs);
  const ensure = async (): Promise<Uint32Array> => new Uint32Array(0);
  const feed = new LineFeed({ clock, ensure, kinds: ['tick', 'trade'], capacity: 4, waitMs: 1000 });
  await feed.connect();
  const rows = new TableBatch(tradeSchema, 10);
  for (let row = 0; row < 10; row += 1) {
    rows.symbol[row] = 1;
    rows.doubles('price')[row] = row;
    rows.column('side')[row] = row % 2 === 0 ? 1 : -1;
    if (row === 0) rows.setNull('trade_id', row);
    else rows.setText('trade_id', row, `${row}`);
  }
  rows.count = 10;
  const batch = createTradeBatch(3);
  let isTaken = false;
  let isSettled = false;
  const taking = feed.take(tradeSchema.name, rows).then(() => {
    isTaken = true;
    return feed.settled().then(() => {
      isSettled = true;
    });
  });
  const seen: number[] = [];
  const flags: number[] = [];
  while (feed.pollTrades(batch) > 0) {
    assert.ok(!isSettled, 'not before the poll behind its last row');
    assert.ok(feed.stats().backlog <= 4);
    seen.push(...batch.price.subarray(0, batch.count));
    flags.push(...batch.flags.subarray(0, batch.count));
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  }
  await taking;
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(flags.slice(0, 3), [1, 6, 5]);
  assert.ok(isTaken && isSettled && clock.nextTimerNs() === undefined);
  const stuck = assert.rejects(feed.take(tradeSchema.name, rows), /took no rows for 1000 ms/);
  clock.advance(1e9);
  await stuck;
  await feed.disconnect();
  await assert.rejects(feed.take(tradeSchema.name, rows), /takes no lines now/);
});
feedSuite('simulator', simulatorHarness);
venueFeedSuite('messages, waits and repairs', venueHarness({ canWait: true, canRepair: true }));
venueFeedSuite('messages, neither', venueHarness({ canWait: false, canRepair: false }));
feedSuite('set', setHarness);
