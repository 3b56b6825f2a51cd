// A feed of a crypto exchange through the real ccxt, in a process of its own, on a stand-in that
// speaks as Binance does. ccxt is large and is not installed with the rest: these tests are there
// where it is, or where NDTS_TEST_CCXT names its module (node_modules/ccxt/js/ccxt.js).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bookChangeFlags,
  createBookChangeBatch,
  createCcxtFeed,
  type MessageFeed,
} from '@ndts/data-node';
import {
  type Clock,
  createTickBatch,
  type Timer,
  createTradeBatch,
  TradeFlags,
} from '@ndts/protocol';
import { SeededRandom, SystemClock } from '@ndts/runtime';
import { BinanceStandIn } from '../kit/binance-stand-in.js';
import { type FeedHarness, feedSuite } from './feed-suite.js';
import { findCcxt } from './find-ccxt.js';

const names = ['BTC', 'ETH', 'SOL'];
const symbols = names.map((name, index) => ({ id: index + 1, name: `${name}/USDT` }));
const stepMs = 5;

const wait = (ms: number): Promise<void> => new Promise((done) => void setTimeout(done, ms));

/** Counts the timers that wait. */
class CountingClock extends SystemClock implements Clock {
  timers = 0;

  override setTimer(delayMs: number, action: () => void): Timer {
    let isWaiting = true;
    this.timers += 1;
    const end = (): void => {
      this.timers -= isWaiting ? 1 : 0;
      isWaiting = false;
    };
    const timer = super.setTimer(delayMs, () => {
      end();
      action();
    });
    return {
      cancel: () => {
        end();
        timer.cancel();
      },
    };
  }
}

const ccxt = findCcxt();

interface Started {
  readonly feed: MessageFeed;
  readonly venue: BinanceStandIn;
  readonly clock: CountingClock;
  readonly stop: () => Promise<void>;
}

async function start(module: string, count: number): Promise<Started> {
  const venue = new BinanceStandIn(names);
  await venue.start();
  const clock = new CountingClock();
  const feed = createCcxtFeed({
    name: 'binance',
    venue: 'binance',
    symbols: symbols.slice(0, count),
    clock,
    random: new SeededRandom(1),
    settings: venue.settings,
    module,
    silenceMs: 1000,
    backOff: { firstMs: 20, maxMs: 200 },
  });
  const stepping = setInterval(() => venue.step(), stepMs);
  const stop = async (): Promise<void> => {
    clearInterval(stepping);
    await feed.disconnect();
    await venue.stop();
  };
  return { feed, venue, clock, stop };
}

async function until(what: () => boolean, about: string): Promise<void> {
  for (let turn = 0; turn < 6000; turn += 1) {
    if (what()) return;
    await wait(10);
  }
  assert.fail(`never: ${about}`);
}

if (ccxt !== undefined) {
  const harness = async (): Promise<FeedHarness> => {
    const { feed, clock, stop } = await start(ccxt, 2);
    return {
      feed,
      symbols,
      isTimed: false,
      // As long as it takes here for as much as comes in that time.
      pass: async (ms) => {
        const { messages } = feed.stats();
        await wait(ms);
        for (let turn = 0; turn < 300 && feed.stats().state === 'connected'; turn += 1) {
          if (feed.stats().messages >= messages + ms / stepMs) return;
          await wait(10);
        }
      },
      timers: () => clock.timers,
      close: stop,
    };
  };
  feedSuite('ccxt', harness);

  test('trades, quotes and the book of a venue; holes are noticed and filled', async (context) => {
    const { feed, venue, stop } = await start(ccxt, 1);
    context.after(stop);
    await feed.connect();
    const [ticks, trades, book] = [
      createTickBatch(500),
      createTradeBatch(500),
      createBookChangeBatch(500),
    ];
    const ids = new Set<number>();
    const bids = new Map<number, number>();
    const take = (): void => {
      feed.poll(ticks);
      feed.pollTrades(trades);
      for (let row = 0; row < trades.count; row += 1) {
        const id = trades.tradeId[row] ?? 0;
        assert.ok(!ids.has(id), `trade ${id} twice`);
        ids.add(id);
        assert.equal(trades.flags[row], TradeFlags.id | (id % 2 === 0 ? 2 : 1));
      }
      feed.pollBook(book);
      for (let row = 0; row < book.count; row += 1) {
        const flags = book.flags[row] ?? 0;
        if ((flags & bookChangeFlags.clear) > 0) bids.clear();
        if ((flags & bookChangeFlags.ask) > 0) continue;
        bids.set(book.price[row] ?? 0, book.quantity[row] ?? 0);
        if (book.quantity[row] === 0) bids.delete(book.price[row] ?? 0);
      }
    };
    const grown = async (): Promise<void> => {
      const { messages } = feed.stats();
      await until(() => feed.stats().messages > messages + 50, 'more messages');
      take();
    };
    await grown();
    venue.loseTrade();
    await grown();
    await until(() => feed.stats().gapsRepaired === 1, 'a hole that is filled');
    venue.loseDepth();
    await until(() => feed.stats().gapsRepaired === 2, 'a book that is right again');
    venue.cut();
    await until(() => feed.stats().reconnects === 1, 'a lost connection');
    await until(() => feed.stats().state === 'connected', 'a new connection');
    await grown();
    await until(() => feed.stats().gaps === feed.stats().gapsRepaired, 'all holes filled');
    take();
    const sorted = [...ids].sort((one, other) => one - other);
    assert.equal(sorted.length, (sorted.at(-1) ?? 0) - (sorted[0] ?? 0) + 1, 'none is missing');
    venue.isSilent = true;
    await wait(300);
    take();
    assert.deepEqual([...bids].sort(), [...venue.bids('BTC')].sort());
    assert.deepEqual(feed.rejects(10), []);
    assert.ok(Math.abs(feed.stats().clockOffsetNs) < 1e9);
    assert.ok(ticks.bid[0] === 99 || feed.stats().polled > 0);
  });

  test('silence and refusals are tried again; a bad symbol is said', async (context) => {
    const { feed, venue, stop } = await start(ccxt, 1);
    context.after(stop);
    feed.subscribe([{ id: 9, name: 'NO/SUCH' }]);
    venue.isRefusing = true;
    await feed.connect();
    assert.equal(feed.stats().state, 'failed');
    await until(() => feed.stats().reconnects > 3, 'more tries');
    venue.isRefusing = false;
    await until(() => feed.stats().messages > 10, 'messages');
    await until(() => feed.rejects(10).some((one) => /NO\/SUCH/.test(one.reason)), 'a reject');
    const { reconnects } = feed.stats();
    venue.isSilent = true;
    await until(() => feed.stats().reconnects > reconnects, 'silence noticed');
  });
}

test('an exchange that ccxt does not have is refused once and for all', async () => {
  const feed = createCcxtFeed({
    name: 'x',
    venue: 'constructor',
    symbols: [],
    clock: new SystemClock(),
    random: new SeededRandom(1),
    load: async () => ({ pro: {} }),
  });
  await assert.rejects(feed.connect(), /no exchange constructor/);
  assert.equal(feed.stats().state, 'failed');
});
