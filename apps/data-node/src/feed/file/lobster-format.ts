// LOBSTER: two files of equal length. A line of the message file says what happened, the same line
// of the orderbook file how the book stood after it. Always: the two are matched by line, so that a
// line of one that cannot be read costs the same line of the other and no more.

import { existsSync } from 'node:fs';
import { join, dirname } from 'node:path';
import {
  addNs,
  NdtsError,
  nsPerSecond,
  type TableSchema,
  type Time,
  timeFromMs,
  TradeFlags,
} from '@ndts/protocol';
import type { RejectedRow, TableBatch } from '@ndts/storage';
import { bookChangeFlags } from '../batches.js';
import type { FeedRows } from '../feed-rows.js';
import { quotePrice } from '../quote-price.js';
import { emitLevel, emitTick, emitTrade, type RecordTime } from './emit.js';
import type { FileBeginning } from './file-beginning.js';
import type { FileFormat, FileFormatOptions } from './file-format.js';
import {
  openTable,
  realsOf,
  type RecordChunk,
  type RecordSource,
  type TableRecords,
} from './record-source.js';

const fileName = /^([A-Za-z0-9.]+)_(\d{4})-(\d\d)-(\d\d)_\d+_\d+_message_(\d+)\.csv$/i;
const messageNames = ['seconds', 'type', 'id', 'size', 'price', 'direction'];
/** What stands for the price of a level that is not there. */
const noLevel = 9_999_999_999;
const priceUnit = 10_000;
const visible = 4;
const hidden = 5;
const cross = 6;
/** Its price says what of: below 0 the halt, 0 quotes again, 1 trades again. */
const halt = 7;
const quotesResume = 0;

function schemaOf(names: readonly string[]): TableSchema {
  return { name: 'lobster', columns: names.map((name) => ({ name, type: 'f64' as const })) };
}

/** Rows of one of the two files, with the line of each. */
class Lines {
  readonly #table: TableRecords;
  readonly lines: Float64Array;
  readonly rejects: RejectedRow[] = [];
  #line = 1;
  count = 0;
  at = 0;
  isEnded = false;

  constructor(table: TableRecords) {
    this.#table = table;
    this.lines = new Float64Array(table.batch.capacity);
  }

  get batch(): TableBatch {
    return this.#table.batch;
  }

  async read(): Promise<void> {
    const read = await this.#table.source.next(this.batch);
    const bad = new Set(read.rejects.map(({ line }) => line));
    this.rejects.push(...read.rejects);
    let line = this.#line;
    for (let row = 0; row < read.rows; row += 1) {
      while (bad.has(line)) line += 1;
      this.lines[row] = line;
      line += 1;
    }
    while (bad.has(line)) line += 1;
    // A blank line is passed over by the reader, and the two files are out of step.
    if (!read.ended && line !== read.line)
      throw new NdtsError('CORRUPT', `line ${line} to ${read.line}: empty lines`);
    this.#line = read.line;
    this.count = read.rows;
    this.at = 0;
    this.isEnded = read.ended;
  }

  close(): Promise<void> {
    return this.#table.source.close();
  }
}

interface LevelColumns {
  readonly price: Float64Array;
  readonly size: Float64Array;
}

class LobsterSource implements RecordSource {
  readonly rowsMax: number;
  readonly #messages: Lines;
  readonly #books: Lines;
  readonly #depth: number;
  readonly #midnight: Time;
  readonly #times: RecordTime;
  /** The memory of a batch stays: its columns are looked up once. */
  readonly #levels: Readonly<Record<'bid' | 'ask', readonly LevelColumns[]>>;
  /** Rows of both that stand on one line. */
  readonly #pairs: Uint32Array;
  /** Price and size of the levels of a side as last handed out; bids first. */
  #shown: [Map<number, number>, Map<number, number>] | undefined;
  #lastPrice = 0;
  #lastBest = '';

  constructor(messages: TableRecords, books: TableRecords, depth: number, midnight: Time) {
    const { capacity } = messages.batch;
    this.rowsMax = 4 * depth + 1;
    this.#messages = new Lines(messages);
    this.#books = new Lines(books);
    this.#depth = depth;
    this.#midnight = midnight;
    this.#times = {
      day: new Float64Array(capacity),
      nsOfDay: new Float64Array(capacity),
      symbol: new Uint32Array(capacity),
    };
    this.#pairs = new Uint32Array(2 * capacity);
    const side = (name: string): LevelColumns[] =>
      Array.from({ length: depth }, (_, at) => ({
        price: realsOf(books.batch, `${name}${at + 1}`),
        size: realsOf(books.batch, `${name}Size${at + 1}`),
      }));
    this.#levels = { bid: side('bid'), ask: side('ask') };
  }

  async next(): Promise<RecordChunk> {
    const [messages, books] = [this.#messages, this.#books];
    for (const half of [messages, books])
      if (half.at === half.count && !half.isEnded) await half.read();
    const count = this.#match();
    const isOver = (half: Lines): boolean => half.at === half.count && half.isEnded;
    const rejects = [...messages.rejects.splice(0), ...books.rejects.splice(0)];
    const { day, nsOfDay, symbol } = this.#times;
    return {
      count,
      day,
      nsOfDay,
      symbol,
      rejects,
      ended: isOver(messages) || isOver(books),
      emit: (record, rows) => this.#emit(record, rows),
    };
  }

  /** Pairs what stands on the same line; what has no partner is passed over. */
  #match(): number {
    const [messages, books] = [this.#messages, this.#books];
    const seconds = realsOf(messages.batch, 'seconds');
    let count = 0;
    while (messages.at < messages.count && books.at < books.count) {
      const [line, other] = [messages.lines[messages.at]!, books.lines[books.at]!];
      if (line === other && seconds[messages.at]! >= 0) {
        this.#pairs[2 * count] = messages.at;
        this.#pairs[2 * count + 1] = books.at;
        const time = addNs(this.#midnight, Math.round(seconds[messages.at]! * nsPerSecond));
        this.#times.day[count] = time.day;
        this.#times.nsOfDay[count] = time.nsOfDay;
        this.#times.symbol[count] = messages.batch.symbol[messages.at]!;
        count += 1;
      }
      if (line <= other) messages.at += 1;
      if (other <= line) books.at += 1;
    }
    return count;
  }

  #emit(record: number, rows: FeedRows): void {
    const message = this.#pairs[2 * record]!;
    const of = (name: string): number => realsOf(this.#messages.batch, name)[message]!;
    const type = of('type');
    const isTrade = (type === visible || type === hidden || type === cross) && of('price') > 0;
    const price = of('price') / priceUnit;
    if (type === halt && of('price') !== quotesResume)
      rows.halt(this.#times.symbol[record]!, of('price') < 0);
    if (isTrade) {
      this.#lastPrice = price;
      // The direction is that of the order that waited, and so is the id.
      const flags = of('direction') === 1 ? TradeFlags.sell : TradeFlags.buy;
      emitTrade(
        rows,
        this.#times,
        record,
        price,
        of('size'),
        Number.NaN,
        type === cross ? 0 : flags,
      );
    }
    this.#emitTick(record, rows, isTrade ? of('size') : 0, isTrade);
    if (rows.wantsBook) this.#emitBook(record, rows);
  }

  #level(record: number, side: 'ask' | 'bid', level: number): [price: number, size: number] {
    const row = this.#pairs[2 * record + 1]!;
    const at = this.#levels[side][level - 1]!;
    const price = at.price[row]!;
    const size = at.size[row]!;
    const isThere = Math.abs(price) < noLevel && price > 0 && size > 0;
    return isThere ? [price / priceUnit, size] : [0, 0];
  }

  /** When something was traded or the best quotes are others. */
  #emitTick(record: number, rows: FeedRows, volume: number, isTrade: boolean): void {
    const [ask, askVolume] = this.#level(record, 'ask', 1);
    const [bid, bidVolume] = this.#level(record, 'bid', 1);
    const best = `${bid} ${bidVolume} ${ask} ${askVolume}`;
    if (!isTrade && best === this.#lastBest) return;
    this.#lastBest = best;
    // Before the first trade there is no last price: the quote stands for it.
    const price = this.#lastPrice > 0 ? this.#lastPrice : quotePrice(bid, ask);
    if (price > 0)
      emitTick(rows, this.#times, record, price, volume, bid, ask, bidVolume, askVolume);
  }

  #emitBook(record: number, rows: FeedRows): void {
    const now: [Map<number, number>, Map<number, number>] = [new Map(), new Map()];
    for (let level = 1; level <= this.#depth; level += 1)
      for (const [side, name] of (['bid', 'ask'] as const).entries()) {
        const [price, size] = this.#level(record, name, level);
        if (size > 0) now[side as 0 | 1].set(price, size);
      }
    const changes: [price: number, quantity: number, flags: number][] = [];
    for (const side of [0, 1] as const) {
      const flags = side === 1 ? bookChangeFlags.ask : 0;
      for (const [price] of this.#shown?.[side] ?? [])
        if (!now[side].has(price)) changes.push([price, 0, flags]);
      for (const [price, size] of now[side])
        if (this.#shown?.[side].get(price) !== size) changes.push([price, size, flags]);
    }
    const isFirst = this.#shown === undefined;
    this.#shown = now;
    for (const [at, [price, quantity, flags]] of changes.entries()) {
      const ends =
        (at === 0 && isFirst ? bookChangeFlags.clear : 0) +
        (at === changes.length - 1 ? bookChangeFlags.end : 0);
      emitLevel(rows, this.#times, record, price, quantity, flags + ends);
    }
  }

  async close(): Promise<void> {
    await this.#messages.close();
    await this.#books.close();
  }
}

async function open(beginning: FileBeginning, options: FileFormatOptions): Promise<RecordSource> {
  const found = fileName.exec(beginning.name);
  if (found === null)
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `${beginning.path}: expected SYMBOL_YYYY-MM-DD_FROM_TO_message_LEVELS.csv`,
    );
  const [, symbol = '', year, month, date, levels] = found;
  const other = beginning.name.replace(/_message_/i, '_orderbook_');
  const path = join(dirname(beginning.path), other);
  if (!existsSync(path)) throw new NdtsError('NOT_FOUND', `${path} is not there`);
  const depth = Number(levels);
  if (depth < 1 || depth > 200)
    throw new NdtsError('INVALID_ARGUMENT', `${beginning.path}: expected 1 to 200 levels`);
  const names = Array.from({ length: depth }, (_, at) => at + 1).flatMap((level) => [
    `ask${level}`,
    `askSize${level}`,
    `bid${level}`,
    `bidSize${level}`,
  ]);
  const numbered = (columns: readonly string[]): Record<string, string> =>
    Object.fromEntries(columns.map((name, at) => [name, String(at + 1)]));
  const openHalf = (half: string, columns: readonly string[]): Promise<TableRecords> =>
    openTable(
      { ...beginning, ...options, path: half },
      {
        schema: schemaOf(columns),
        map: numbered(columns),
        set: { time: '1970-01-01', symbol: options.symbol ?? symbol },
        header: false,
      },
    );
  const messages = await openHalf(beginning.path, messageNames);
  try {
    const books = await openHalf(path, names);
    // Times are those of New York; the offset of that day must be said for UTC.
    const ms =
      Date.UTC(Number(year), Number(month) - 1, Number(date)) - offsetMs(options.utcOffset);
    const midnight = timeFromMs(ms);
    return new LobsterSource(messages, books, depth, midnight);
  } catch (error) {
    await messages.source.close();
    throw error;
  }
}

function offsetMs(text: string | undefined): number {
  if (text === undefined) return 0;
  const found = /^([+-])(\d\d):?(\d\d)$/.exec(text);
  if (found === null)
    throw new NdtsError('INVALID_ARGUMENT', `expected an offset like -05:00, found '${text}'`);
  const ms = (Number(found[2]) * 60 + Number(found[3])) * 60_000;
  return found[1] === '-' ? -ms : ms;
}

export const lobsterFormat: FileFormat = {
  name: 'lobster',
  trades: true,
  book: true,
  matches: ({ name }) => fileName.test(name),
  open,
};
