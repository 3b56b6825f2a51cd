// Books between ticks: live, off two kinds of rings that are read one after the other while
// somebody publishes, a strategy sees what it sees over history, to the last call, however either
// is cut.

import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type BookBatch,
  createBookBatch,
  createTickBatch,
  nsPerDay,
  nsPerMs,
  type TickBatch,
  type Time,
} from '@ndts/protocol';
import type { SeededRandom } from '@ndts/runtime';
import { testRandom, testSymbols } from '../backtest/backtest-test-kit.js';
import { Backtest } from '../backtest/backtest.js';
import { mergeBooks } from '../backtest/merge-books.js';
import { resolveSettings } from '../backtest/settings.js';
import { LiveBooks } from '../source/live-books.js';
import { type AnyStrategy, factor } from './define.js';
import { StrategyDriver } from './driver.js';
import { type HostParts, type LiveMarket, StrategyHost } from './host.js';
import { InputJournal } from './input-journal.js';

interface Event {
  readonly isBook: boolean;
  readonly atNs: number;
  readonly symbol: number;
  readonly price: number;
  readonly missing: number;
}

const firstDay = 20_000;
const eventCount = 1500;

/** In the order in which they are published: of their times, ticks first where these are equal. */
function script(random: SeededRandom): Event[] {
  let atNs = nsPerDay - 40_000 * nsPerMs;
  const events = Array.from({ length: eventCount }, () => {
    atNs += random.integer(3) === 0 ? 0 : random.integer(90) * nsPerMs;
    const isBook = random.integer(3) > 0;
    const [symbol, price] = [random.integer(3), 900 + random.integer(200)];
    return { isBook, atNs, symbol, price, missing: random.integer(1 << 20) };
  });
  return events.toSorted((a, b) => a.atNs - b.atNs || Number(a.isBook) - Number(b.isBook));
}

type Common = Pick<TickBatch, 'day' | 'nsOfDay' | 'symbol' | 'sequence'> & { count: number };

function add(batch: Common, { atNs, symbol }: Event, sequence: number): number {
  const row = batch.count;
  batch.day[row] = firstDay + Math.floor(atNs / nsPerDay);
  batch.nsOfDay[row] = atNs % nsPerDay;
  batch.symbol[row] = symbol;
  batch.sequence[row] = sequence;
  batch.count = row + 1;
  return row;
}

function addTick(batch: TickBatch, event: Event, sequence: number): void {
  batch.price[add(batch, event, sequence)] = event.price;
}

function addBook(batch: BookBatch, event: Event, sequence: number): void {
  const row = add(batch, event, sequence);
  batch.bid1[row] = event.price;
  batch.bidVolume2[row] = event.price / 2;
  batch.ask5[row] = event.price + 1;
  batch.askVolume3[row] = event.symbol;
  batch.missing[row] = event.missing;
}

/** Notes every call with all it sees; asks for an order now and then. */
function noting(calls: string[]): AnyStrategy {
  return {
    ...{ name: 'notes', version: '1', params: {}, timerIntervalMs: 100 },
    factors: { mean: factor('sma(price, 3)') },
    onTick(tick, context) {
      calls.push(`tick ${tick.symbol} ${tick.sequence} ${context.now().nsOfDay}`);
    },
    onFactor(row) {
      calls.push(`factor ${row.value}`);
    },
    onBook(book, context) {
      const { day, nsOfDay } = context.now();
      assert.deepEqual([book.day, book.nsOfDay], [day, nsOfDay]);
      const levels = [book.bid(1), book.bidVolume(2), book.ask(5), book.askVolume(3), book.ask(6)];
      calls.push(`book ${book.symbol} ${book.sequence} ${day} ${nsOfDay} ${levels.join(' ')}`);
      if (book.sequence % 7 > 0 || Number.isNaN(context.priceOf(book.symbol))) return;
      calls.push(`order ${context.buy(book.symbol, 100_000_000n)}`);
    },
    onTimer(context) {
      const { day, nsOfDay } = context.now();
      calls.push(`timer ${day} ${nsOfDay}`);
    },
  };
}

/** Reads while the events go on being published, in between its own polls, too. */
function runLive(events: readonly Event[], random: SeededRandom): string[] {
  const calls: string[] = [];
  const published = { ticks: [] as Event[], books: [] as Event[], count: 0 };
  const publish = (): void => {
    for (let more = random.integer(6); more > 0 && published.count < events.length; more -= 1) {
      const event = events[published.count]!;
      (event.isBook ? published.books : published.ticks).push(event);
      published.count += 1;
    }
  };
  const next = { tick: 0, book: 0 };
  const batch = createTickBatch(64);
  const reader = {
    waitPoll: () => {
      batch.count = 0;
      for (const event of published.ticks.slice(next.tick)) addTick(batch, event, next.tick++);
      publish();
      return batch.count;
    },
    lapped: () => 0,
    isBehind: false,
    isHolding: false,
  };
  const bookReader = {
    poll: (books: BookBatch) => {
      books.count = 0;
      for (const event of published.books.slice(next.book)) addBook(books, event, next.book++);
      publish();
      return books.count;
    },
    positions: () => [],
    isBehind: false,
    close: () => undefined,
  };
  let ordinal = 0;
  const sink = { emit: () => (ordinal += 1), cancel: () => undefined };
  const driver = new StrategyDriver({
    ...{ strategy: noting(calls), parameters: {}, capacity: 64, sink, log: () => undefined },
  });
  const path = join(tmpdir(), 'ndts-books.log'); // never there: no checkpoint is made
  const now = (): Time => ({ day: firstDay, nsOfDay: 0 });
  const none = (): never[] => [];
  const nothing = { answered: none, giveAgain: none, restoreCancels: none };
  const signals = { ...nothing, unanswered: none, cancels: none };
  const journal = new InputJournal({ driver, path, identity: '', signals, now });
  const live = { ticks: reader, books: new LiveBooks(bookReader, 64) };
  const parts = {
    ...{ driver, journal, batch },
    factorRows: { publish: () => undefined },
    signals: { count: 0, latency: { snapshot: () => ({}) } },
    ...{ spinUs: 1, spinMs: 1, wait: 'spin', waitMs: 1, reportIntervalMs: 1e9 },
    monotonicNs: () => 1,
    report: () => undefined,
    snapshot: () => undefined,
    state: () => undefined,
    behind: () => undefined,
  };
  const host = new StrategyHost(parts as unknown as HostParts, live as unknown as LiveMarket);
  while (next.tick + next.book < events.length) host.doWork();
  host.doWork();
  driver.close();
  return calls;
}

async function runHistory(events: readonly Event[], random: SeededRandom): Promise<string[]> {
  const calls: string[] = [];
  async function* ticks() {
    const all = events.filter(({ isBook }) => !isBook);
    for (let at = 0; at < all.length; ) {
      const batch = createTickBatch(64);
      for (let left = 1 + random.integer(64); left > 0 && at < all.length; left -= 1)
        addTick(batch, all[at]!, at++);
      yield { batch, warmUp: 0 };
    }
  }
  async function* books() {
    const all = events.filter(({ isBook }) => isBook);
    for (let at = 0; at < all.length; ) {
      const batch = createBookBatch(64);
      for (let left = random.integer(64); left > 0 && at < all.length; left -= 1)
        addBook(batch, all[at]!, at++);
      yield batch;
    }
  }
  const backtest = new Backtest({
    strategies: [{ strategy: noting(calls), parameters: {} }],
    symbols: testSymbols,
    settings: resolveSettings({ initialMargin: 0, maintenanceMargin: 0 }),
    capacity: 64,
  });
  for await (const { batch, books: between } of mergeBooks(ticks(), books(), 1 + random.integer(9)))
    backtest.run(batch, between);
  backtest.finish();
  return calls;
}

test('live and over history the calls are the same', async (context: TestContext) => {
  const random = testRandom(context);
  for (let round = 0; round < 4; round += 1) {
    const events = script(random);
    const expected = await runHistory(events, random);
    const kinds = ['tick', 'book', 'timer', 'order', 'factor'];
    for (const kind of kinds)
      assert.ok(expected.filter((call) => call.startsWith(kind)).length > 50, kind);
    assert.deepEqual(runLive(events, random), expected);
  }
});
