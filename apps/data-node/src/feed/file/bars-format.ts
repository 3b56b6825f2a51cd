// Bars: plain OHLCV files, and the klines of Binance. A bar becomes one tick, with its close and
// its volume, at its end: nobody can know it earlier. Always: where a file has the time of the
// beginning only, the length of the bars is said, or is the shortest distance between two of the
// first ones; where neither tells it, the file is refused.

import { NdtsError, nsPerDay, nsPerMs, nsPerSecond } from '@ndts/protocol';
import type { TableBatch } from '@ndts/storage';
import { symbolOf } from './binance-format.js';
import { emitTick } from './emit.js';
import { columnNamed, type FileBeginning, hasColumns } from './file-beginning.js';
import type { FileFormat, FileFormatOptions } from './file-format.js';
import {
  openTable,
  realsOf,
  type RecordColumns,
  type RecordSource,
  TableRecordSource,
} from './record-source.js';

const schema = {
  name: 'bars',
  columns: ['close', 'volume'].map((name) => ({ name, type: 'f64' as const })),
};

const timeNames = ['time', 'timestamp', 'datetime', 'date', 'open_time', 'ts'];
const symbolNames = ['symbol', 'ticker', 'code', 'instrument', 'instrument_id', 'sym'];

/** Ends [day, nsOfDay] of bars that begin at those of the batch. */
class BarEnds {
  #lengthNs: number;
  readonly #path: string;
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;

  constructor(lengthNs: number, capacity: number, path: string) {
    this.#lengthNs = lengthNs;
    this.#path = path;
    this.day = new Float64Array(capacity);
    this.nsOfDay = new Float64Array(capacity);
  }

  of(batch: TableBatch): this {
    if (this.#lengthNs === 0 && batch.count > 0) this.#lengthNs = this.#shortestNs(batch);
    for (let row = 0; row < batch.count; row += 1) {
      const end = batch.nsOfDay[row]! + this.#lengthNs;
      const days = Math.floor(end / nsPerDay);
      this.day[row] = batch.day[row]! + days;
      this.nsOfDay[row] = end - days * nsPerDay;
    }
    return this;
  }

  /** Between two bars of a symbol, whichever comes first. */
  #shortestNs(batch: TableBatch): number {
    const last = new Map<number, number>();
    let shortest = Number.POSITIVE_INFINITY;
    for (let row = 0; row < batch.count; row += 1) {
      const before = last.get(batch.symbol[row]!);
      last.set(batch.symbol[row]!, row);
      if (before === undefined) continue;
      const days = batch.day[row]! - batch.day[before]!;
      const ns = Math.abs(days * nsPerDay + batch.nsOfDay[row]! - batch.nsOfDay[before]!);
      if (ns > 0) shortest = Math.min(shortest, ns);
    }
    if (Number.isFinite(shortest)) return shortest;
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `${this.#path}: how long its bars are cannot be told from its first ones: say --bar-seconds`,
    );
  }
}

async function openBars(
  beginning: FileBeginning,
  options: FileFormatOptions,
  columns: RecordColumns,
  lengthNs: number | undefined,
): Promise<RecordSource> {
  const table = await openTable({ ...beginning, ...options }, columns);
  const length = lengthNs ?? (options.barSeconds ?? 0) * nsPerSecond;
  const ends = new BarEnds(length, options.chunkRows, beginning.path);
  return new TableRecordSource(table, 1, (batch) => {
    const { day, nsOfDay } = ends.of(batch);
    const of = { day, nsOfDay, symbol: batch.symbol };
    const close = realsOf(batch, 'close');
    const volume = realsOf(batch, 'volume');
    return {
      day,
      nsOfDay,
      emit: (record, rows) => {
        const traded = volume[record]!;
        emitTick(rows, of, record, close[record]!, Number.isNaN(traded) ? 0 : traded);
      },
    };
  });
}

/** open_time, open, high, low, close, volume, close_time, ...: the last moment of the bar. */
export const klinesFormat: FileFormat = {
  name: 'binance-klines',
  trades: false,
  book: false,
  matches: (beginning) =>
    hasColumns(beginning, 'open_time', 'close', 'close_time') ||
    (!beginning.hasHeader && beginning.first.length === 12),
  open: (beginning, options) => {
    const named = (name: string, place: number): string =>
      columnNamed(beginning, [name]) ?? String(place);
    const columns = {
      schema,
      map: {
        time: named('close_time', 7),
        close: named('close', 5),
        volume: named('volume', 6),
      },
      set: { symbol: symbolOf(beginning, options) },
      header: beginning.hasHeader,
      timeFormat: 'auto',
    };
    // The next bar begins a unit of the file later.
    const isMicros = !beginning.hasHeader && (beginning.first[6] ?? '').trim().length >= 16;
    return openBars(beginning, options, columns, isMicros ? 1000 : nsPerMs);
  },
};

export const barsFormat: FileFormat = {
  name: 'bars',
  trades: false,
  book: false,
  matches: (beginning) =>
    hasColumns(beginning, 'open', 'high', 'low', 'close') &&
    columnNamed(beginning, timeNames) !== undefined,
  open: (beginning, options) => {
    const symbol = columnNamed(beginning, symbolNames);
    const volume = columnNamed(beginning, ['volume', 'vol', 'v']);
    const columns = {
      schema,
      map: {
        time: columnNamed(beginning, timeNames) ?? '1',
        close: columnNamed(beginning, ['close', 'c']) ?? '5',
        ...(volume === undefined ? {} : { volume }),
        ...(symbol === undefined ? {} : { symbol }),
      },
      ...(symbol === undefined ? { set: { symbol: symbolOf(beginning, options) } } : {}),
      header: beginning.hasHeader,
      timeFormat: 'auto',
      ...(options.utcOffset === undefined ? {} : { utcOffset: options.utcOffset }),
    };
    return openBars(beginning, options, columns, undefined);
  },
};
