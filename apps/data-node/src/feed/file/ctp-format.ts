// Ticks of CTP as CSV, one line for each market data message, under the names of its fields. A
// message has the state of five levels and the volume of the day so far. Always: a price of
// DBL_MAX is none; a level counts only with a volume; the volume of a tick is what the day's grew.

import { timeFromMs } from '@ndts/protocol';
import { ctpPriceOrNone, ctpTimeMs, isCtpAmount, isCtpPrice } from '@ndts/runtime/ctp';
import type { RejectedRow, TableBatch } from '@ndts/storage';
import { bookChangeFlags } from '../batches.js';
import type { FeedRows } from '../feed-rows.js';
import { emitLevel, emitTick, type RecordTime } from './emit.js';
import { columnNamed, hasColumns } from './file-beginning.js';
import type { FileFormat } from './file-format.js';
import {
  openTable,
  realsOf,
  type RecordChunk,
  type RecordSource,
  type TableRecords,
} from './record-source.js';

const levels = [1, 2, 3, 4, 5] as const;
const levelNames = levels.flatMap((level) => [
  `BidPrice${level}`,
  `BidVolume${level}`,
  `AskPrice${level}`,
  `AskVolume${level}`,
]);
const realNames = ['LastPrice', 'Volume', 'TradingDay', 'ActionDay', 'UpdateMillisec'];
const textNames = ['InstrumentID', 'UpdateTime', 'ExchangeID'];

const schema = {
  name: 'ctp',
  columns: [
    ...[...realNames, ...levelNames].map((name) => ({ name, type: 'f64' as const })),
    ...textNames.map((name) => ({ name, type: 'text' as const })),
  ],
};

const hourMs = 3_600_000;
/** Of CZCE: two capitals and three digits. */
const czceName = /^[A-Z]{2}\d{3}(?!\d)/;

/** The memory of a batch stays: its columns are looked up once. */
class Columns {
  readonly last: Float64Array;
  readonly volume: Float64Array;
  readonly tradingDay: Float64Array;
  readonly actionDay: Float64Array;
  readonly millisecond: Float64Array;
  /** By level: price and volume of bids, then of asks. */
  readonly sides: readonly [readonly Side[], readonly Side[]];

  constructor(batch: TableBatch) {
    this.last = realsOf(batch, 'LastPrice');
    this.volume = realsOf(batch, 'Volume');
    this.tradingDay = realsOf(batch, 'TradingDay');
    this.actionDay = realsOf(batch, 'ActionDay');
    this.millisecond = realsOf(batch, 'UpdateMillisec');
    const side = (name: string): Side[] =>
      levels.map((level) => ({
        price: realsOf(batch, `${name}Price${level}`),
        volume: realsOf(batch, `${name}Volume${level}`),
      }));
    this.sides = [side('Bid'), side('Ask')];
  }
}

interface Side {
  readonly price: Float64Array;
  readonly volume: Float64Array;
}

interface DayVolume {
  tradingDay: number;
  volume: number;
}

class CtpSource implements RecordSource {
  readonly rowsMax = 2 * levels.length;
  readonly #table: TableRecords;
  readonly #columns: Columns;
  readonly #volumes = new Map<number, DayVolume>();
  readonly #times: RecordTime;
  readonly #isBad: Uint8Array;
  readonly #grown: Float64Array;

  constructor(table: TableRecords) {
    const { capacity } = table.batch;
    this.#table = table;
    this.#columns = new Columns(table.batch);
    this.#times = {
      day: new Float64Array(capacity),
      nsOfDay: new Float64Array(capacity),
      symbol: table.batch.symbol,
    };
    this.#isBad = new Uint8Array(capacity);
    this.#grown = new Float64Array(capacity);
  }

  async next(): Promise<RecordChunk> {
    const { batch, source } = this.#table;
    const read = await source.next(batch);
    const rejects: RejectedRow[] = [...read.rejects];
    const timesMs = new Float64Array(read.rows).fill(Number.NaN);
    for (let row = 0; row < read.rows; row += 1) {
      const problem = this.#place(batch, row, timesMs);
      this.#isBad[row] = problem === '' ? 0 : 1;
      if (problem !== '') rejects.push(rejectOf(batch, row, problem));
    }
    this.#dropReplayed(batch, timesMs, rejects);
    return {
      count: read.rows,
      day: this.#times.day,
      nsOfDay: this.#times.nsOfDay,
      symbol: batch.symbol,
      rejects,
      ended: read.ended,
      emit: (record, rows) => this.#emit(record, rows),
    };
  }

  /** Time and volume of a row. @returns why it is no tick; empty: it is one */
  #place(batch: TableBatch, row: number, timesMs: Float64Array): string {
    const exchange = batch.text('ExchangeID', row);
    const columns = this.#columns;
    const tradingDay = columns.tradingDay[row]!;
    const isCzce =
      exchange === 'CZCE' || (exchange === '' && czceName.test(batch.text('InstrumentID', row)));
    const timeMs = ctpTimeMs({
      updateTime: batch.text('UpdateTime', row),
      millisecond: columns.millisecond[row]!,
      tradingDay,
      actionDay: columns.actionDay[row]!,
      isCzce,
    });
    // A row that is no tick still has the time of the one before, so that a replay stays in step.
    const time = typeof timeMs === 'string' ? undefined : timeFromMs(timeMs);
    this.#times.day[row] = time?.day ?? this.#times.day[Math.max(0, row - 1)]!;
    this.#times.nsOfDay[row] = time?.nsOfDay ?? this.#times.nsOfDay[Math.max(0, row - 1)]!;
    if (typeof timeMs === 'string') return timeMs;
    timesMs[row] = timeMs;
    const volume = columns.volume[row]!;
    this.#grown[row] = this.#growth(batch.symbol[row]!, tradingDay, volume, isCzce);
    return isCtpPrice(columns.last[row]!) ? '' : 'no LastPrice';
  }

  #growth(symbol: number, tradingDay: number, volume: number, isCzce: boolean): number {
    if (!(volume >= 0 && isCtpAmount(volume))) return 0;
    const last = this.#volumes.get(symbol);
    if (last === undefined) {
      this.#volumes.set(symbol, { tradingDay, volume });
      return 0; // what was traded before the file begins
    }
    const isSameDay = last.tradingDay === tradingDay || (isCzce && volume >= last.volume);
    const grown = isSameDay ? Math.max(0, volume - last.volume) : volume;
    last.volume = isSameDay ? Math.max(volume, last.volume) : volume;
    last.tradingDay = tradingDay;
    return grown;
  }

  /** A row an hour or more after the next one of its symbol is the session before, sent again. */
  #dropReplayed(batch: TableBatch, timesMs: Float64Array, rejects: RejectedRow[]): void {
    const following = new Map<number, number>();
    for (let row = timesMs.length - 1; row >= 0; row -= 1) {
      if (Number.isNaN(timesMs[row]!)) continue;
      const next = following.get(batch.symbol[row]!) ?? Number.POSITIVE_INFINITY;
      following.set(batch.symbol[row]!, timesMs[row]!);
      if (timesMs[row]! < next + hourMs) continue;
      if (this.#isBad[row] === 0)
        rejects.push(rejectOf(batch, row, 'the last session sent again under the next day'));
      this.#isBad[row] = 1;
    }
  }

  #emit(record: number, rows: FeedRows): void {
    if (this.#isBad[record] === 1) return;
    const [bid, ask] = [this.#columns.sides[0][0]!, this.#columns.sides[1][0]!];
    emitTick(
      rows,
      this.#times,
      record,
      this.#columns.last[record]!,
      this.#grown[record]!,
      ctpPriceOrNone(bid.price[record]!),
      ctpPriceOrNone(ask.price[record]!),
      Math.max(0, bid.volume[record]! || 0),
      Math.max(0, ask.volume[record]! || 0),
    );
    if (rows.wantsBook) this.#emitBook(record, rows);
  }

  #emitBook(record: number, rows: FeedRows): void {
    const found: [price: number, quantity: number, side: number][] = [];
    for (const [at, side] of this.#columns.sides.entries())
      for (const level of side) {
        const price = level.price[record]!;
        const quantity = level.volume[record]!;
        if (isCtpPrice(price) && quantity > 0)
          found.push([price, quantity, at === 1 ? bookChangeFlags.ask : 0]);
      }
    if (found.length === 0) found.push([0, 0, bookChangeFlags.empty]);
    for (const [at, [price, quantity, side]] of found.entries()) {
      const ends =
        (at === 0 ? bookChangeFlags.clear : 0) +
        (at === found.length - 1 ? bookChangeFlags.end : 0);
      emitLevel(rows, this.#times, record, price, quantity, side + ends);
    }
  }

  close(): Promise<void> {
    return this.#table.source.close();
  }
}

function rejectOf(batch: TableBatch, row: number, reason: string): RejectedRow {
  const text = `${batch.text('InstrumentID', row)},${batch.text('UpdateTime', row)}`;
  return { line: 0, offset: 0, column: undefined, reason, text };
}

export const ctpFormat: FileFormat = {
  name: 'ctp',
  trades: false,
  book: true,
  matches: (beginning) =>
    hasColumns(beginning, 'InstrumentID', 'UpdateTime', 'LastPrice', 'BidPrice1'),
  open: async (beginning, options) => {
    const names = [...realNames, ...levelNames, ...textNames];
    const map = Object.fromEntries(
      names.flatMap((name) => {
        const found = columnNamed(beginning, [name]);
        return found === undefined ? [] : [[name, found]];
      }),
    );
    const table = await openTable(
      { ...beginning, ...options },
      {
        schema,
        map: { ...map, symbol: columnNamed(beginning, ['InstrumentID']) ?? '1' },
        set: { time: '1970-01-01' },
        header: true,
      },
    );
    return new CtpSource(table);
  },
};
