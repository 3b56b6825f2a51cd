// Files for tests, and all rows that come of them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createTickBatch, timeText, createTradeBatch } from '@ndts/protocol';
import { VirtualClock } from '@ndts/runtime';
import { createBookChangeBatch, type RowBatch } from '../batches.js';
import type { FeedReject, FeedStats } from '../feed.js';
import { FileFeed, type FileFeedOptions } from './file-feed.js';

export function filesIn(
  test: TestContext,
  files: Readonly<Record<string, string | Uint8Array>>,
): string[] {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-feed-'));
  test.after(() => rmSync(dir, { recursive: true, force: true }));
  return Object.entries(files).map(([name, content]) => {
    writeFileSync(join(dir, name), content);
    return join(dir, name);
  });
}

/** Ids from 1 in the order in which names come. */
export class TestSymbols {
  readonly names: string[] = [];
  readonly ensure = async (names: readonly string[]): Promise<Uint32Array> =>
    Uint32Array.from(names, (name) => {
      if (!this.names.includes(name)) this.names.push(name);
      return this.names.indexOf(name) + 1;
    });
}

export interface AllRows {
  /** Time, symbol, price, volume, bid, bid volume, ask, ask volume. */
  readonly ticks: readonly string[];
  /** Time, symbol, price, quantity, id, flags. */
  readonly trades: readonly string[];
  /** Time, symbol, price, quantity, flags. */
  readonly book: readonly string[];
  /** Symbol, and whether it is halted. */
  readonly halts: readonly string[];
  readonly stats: FeedStats;
  readonly rejects: readonly FeedReject[];
}

export function fileFeed(
  paths: readonly string[],
  options: Partial<FileFeedOptions> = {},
): { feed: FileFeed; symbols: TestSymbols; clock: VirtualClock } {
  const symbols = new TestSymbols();
  const clock = new VirtualClock(Date.UTC(2026, 0, 5));
  const all = { name: 'files', paths, speed: 0, clock, ensure: symbols.ensure, ...options };
  return { feed: new FileFeed(all), symbols, clock };
}

// ambient: files are read by a thread, and a test lets it
export const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Everything, up to the end of the last file. */
export async function rowsOf(
  paths: readonly string[],
  options: Partial<FileFeedOptions> = {},
): Promise<AllRows> {
  const { feed, symbols } = fileFeed(paths, options);
  const [ticks, trades, book] = [
    createTickBatch(64),
    createTradeBatch(64),
    createBookChangeBatch(64),
  ];
  const rows: { ticks: string[]; trades: string[]; book: string[] } = {
    ticks: [],
    trades: [],
    book: [],
  };
  const head = (batch: RowBatch, row: number): string => {
    const time = timeText({ day: batch.day[row]!, nsOfDay: batch.nsOfDay[row]! });
    return `${time.replace(/0+Z$/, 'Z')} ${symbols.names[batch.symbol[row]! - 1]}`;
  };
  await feed.connect();
  while (!feed.stats().isEnded) {
    await turn();
    feed.poll(ticks);
    const { price, volume, bid, bidVolume, ask, askVolume } = ticks;
    for (let at = 0; at < ticks.count; at += 1)
      rows.ticks.push(
        `${head(ticks, at)} ${price[at]} ${volume[at]} ` +
          `${bid[at]} ${bidVolume[at]} ${ask[at]} ${askVolume[at]}`,
      );
    feed.pollTrades(trades);
    for (let at = 0; at < trades.count; at += 1)
      rows.trades.push(
        `${head(trades, at)} ${trades.price[at]} ${trades.volume[at]} ` +
          `${trades.tradeId[at]} ${trades.flags[at]}`,
      );
    feed.pollBook(book);
    for (let at = 0; at < book.count; at += 1)
      rows.book.push(`${head(book, at)} ${book.price[at]} ${book.quantity[at]} ${book.flags[at]}`);
  }
  const halts: string[] = [];
  feed.pollHalts((symbol, isHalted) => halts.push(`${symbols.names[symbol - 1]} ${isHalted}`));
  const answer = { ...rows, halts, stats: feed.stats(), rejects: feed.rejects(1000) };
  await feed.disconnect();
  return answer;
}
