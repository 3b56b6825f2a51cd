// Files for tests, and all rows that come of them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { crc32, deflateRawSync } from 'node:zlib';
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

export interface ZipFile {
  readonly name: string;
  readonly text: string;
  /** Default: deflated. */
  readonly method?: number;
  readonly isEncrypted?: boolean;
  /** What the directory says, where it is not true. */
  readonly crc?: number;
  readonly bytes?: number;
  readonly headerAt?: number;
  /** Whether its numbers stand in the wide form. */
  readonly isWide?: boolean;
}

/** A zip, by hand: also one that nothing would write. */
export function zipOf(files: readonly ZipFile[], comment = ''): Buffer {
  const data: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const file of files) {
    const name = Buffer.from(file.name);
    const packed = file.method === 0 ? Buffer.from(file.text) : deflateRawSync(file.text);
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50);
    header.writeUInt16LE(name.length, 26);
    directory.push(directoryEntry(file, name, packed.length, at));
    data.push(header, name, packed);
    at += header.length + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...data, ...directory, end, Buffer.from(comment)]);
}

function directoryEntry(file: ZipFile, name: Buffer, packedBytes: number, at: number): Buffer {
  const numbers = [file.bytes ?? file.text.length, packedBytes, file.headerAt ?? at];
  const extra = file.isWide === true ? Buffer.alloc(4 + 8 * numbers.length) : Buffer.alloc(0);
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50);
  entry.writeUInt16LE(file.isEncrypted === true ? 1 : 0, 8);
  entry.writeUInt16LE(file.method ?? 8, 10);
  entry.writeUInt32LE(file.crc ?? crc32(file.text), 16);
  entry.writeUInt16LE(name.length, 28);
  entry.writeUInt16LE(extra.length, 30);
  for (const [index, field] of [24, 20, 42].entries())
    entry.writeUInt32LE(extra.length > 0 ? 0xffffffff : (numbers[index] ?? 0), field);
  if (extra.length > 0) {
    extra.writeUInt16LE(1);
    extra.writeUInt16LE(extra.length - 4, 2);
    for (const [index, number] of numbers.entries())
      extra.writeBigUInt64LE(BigInt(number), 4 + 8 * index);
  }
  return Buffer.concat([entry, name, extra]);
}
