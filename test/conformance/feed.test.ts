// The feed cards on the simulator and on feeds of messages, with sources that can wait and repair
// and with sources that can neither; and that a set of feeds is one, too.

import { FeedSet, MessageFeed, Simulator, simulatorSymbolNames } from '@ndts/data-node';
import { SeededRandom, VirtualClock } from '@ndts/runtime';
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

feedSuite('simulator', simulatorHarness);
venueFeedSuite('messages, waits and repairs', venueHarness({ canWait: true, canRepair: true }));
venueFeedSuite('messages, neither', venueHarness({ canWait: false, canRepair: false }));
feedSuite('set', setHarness);
