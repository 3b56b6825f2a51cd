// What a dry run reads of a symbol: rows of the tables of ticks and of rejects in a part of time.

import {
  CleanReason,
  type CleanReasonName,
  NdtsError,
  nsBetween,
  nsPerDay,
  type Time,
} from '@ndts/protocol';
import {
  type NDTSClient,
  type RowBatch,
  type Service,
  type SymbolEntry,
  SymbolRows,
} from '@ndts/storage';
import { Arrivals, type RejectPart, type TickPart, type TickRows } from './arrivals.js';

/** Where rows are read. */
export interface StoredRows {
  symbols(): Promise<readonly SymbolEntry[]>;
  tables(): Promise<readonly { readonly name: string }[]>;
  /** Of a symbol, at most so many, in the order of time. */
  load(table: string, symbol: string, limit: number, from: Time, to?: Time): Promise<RowBatch>;
}

export interface ArrivalRange {
  /** Before `from`: rows that only lead up to the others. */
  readonly leadFrom: Time;
  readonly from: Time;
  readonly to: Time;
}

/** All of a symbol is in memory at once. */
const rowsMax = 10_000_000;

export function rowsOfClient(client: NDTSClient): StoredRows {
  return {
    symbols: () => client.symbols(),
    tables: () => client.tables(),
    load: (table, symbol, limit, from, to) =>
      client.loadSymbol(symbol, { table, limit, from, ...(to === undefined ? {} : { to }) }).all(),
  };
}

export function rowsOfService(service: Service): StoredRows {
  return {
    symbols: () => service.call('symbols', {}),
    tables: () => service.call('tables', {}),
    load: (table, symbol, limit, from, to) => {
      const asked = { table, symbol, batch: 16_384, from, ...(to === undefined ? {} : { to }) };
      return new SymbolRows(service.open('load', asked), limit, undefined).all();
    },
  };
}

function isBefore(a: Time, b: Time): boolean {
  return nsBetween(a, b) < 0;
}

/** False for what the cleaner calls no time. */
export function isTime(day: number, nsOfDay: number): boolean {
  return Number.isInteger(day) && Number.isInteger(nsOfDay) && nsOfDay >= 0 && nsOfDay < nsPerDay;
}

export async function loadArrivals(
  stored: StoredRows,
  symbol: string,
  range: ArrivalRange,
  hasRejects: boolean,
): Promise<Arrivals> {
  const { leadFrom, to } = range;
  const ticks = await stored.load('tick', symbol, rowsMax + 1, leadFrom, to);
  const rejects = hasRejects
    ? await stored.load('rejects', symbol, rowsMax + 1, leadFrom)
    : undefined;
  if (ticks.count > rowsMax || (rejects?.count ?? 0) > rowsMax)
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `${symbol} has more than ${rowsMax} ticks in this time: try a shorter one`,
    );
  const part = tickPart(ticks, range);
  return new Arrivals(part, rejects === undefined ? noRejects : rejectPart(rejects, part, range));
}

const none = new Float64Array(0);
const noBytes = new Uint8Array(0);
const noRows: TickRows = {
  day: none,
  nsOfDay: none,
  price: none,
  volume: none,
  bid: none,
  ask: none,
  bidVolume: none,
  askVolume: none,
};
const noRejects: RejectPart = {
  rows: noRows,
  next: none,
  reason: noBytes,
  isLive: noBytes,
  isCounted: noBytes,
  receivedDay: none,
  receivedNs: none,
  order: [],
};

function rowsOf(batch: RowBatch, day: Float64Array, nsOfDay: Float64Array): TickRows {
  if (batch.count === 0) return noRows;
  return {
    day,
    nsOfDay,
    price: batch.doubles('price'),
    volume: batch.doubles('volume'),
    bid: batch.doubles('bid1'),
    ask: batch.doubles('ask1'),
    bidVolume: batch.doubles('bid_vol1'),
    askVolume: batch.doubles('ask_vol1'),
  };
}

function tickPart(batch: RowBatch, { from }: ArrivalRange): TickPart {
  const { count, sequence } = batch;
  const isCounted = new Uint8Array(count);
  let isSorted = true;
  for (let row = 0; row < count; row += 1) {
    isCounted[row] = isBefore(batch.time(row), from) ? 0 : 1;
    if (row > 0 && sequence[row]! < sequence[row - 1]!) isSorted = false;
  }
  const order = Uint32Array.from({ length: count }, (_, row) => row);
  if (!isSorted) order.sort((a, b) => sequence[a]! - sequence[b]!);
  return { rows: rowsOf(batch, batch.day, batch.nsOfDay), sequence, isCounted, order };
}

function rejectPart(batch: RowBatch, ticks: TickPart, range: ArrivalRange): RejectPart {
  if (batch.count === 0) return noRejects;
  const tickDay = batch.doubles('tick_day');
  const tickNs = batch.doubles('tick_ns');
  const part = {
    rows: rowsOf(batch, tickDay, tickNs),
    next: Float64Array.from(batch.column('next_sequence') as BigInt64Array, Number),
    reason: Uint8Array.from(
      batch.texts('reason'),
      (name) => CleanReason[name as CleanReasonName] ?? 0,
    ),
    isLive: batch.column('live') as Uint8Array,
    isCounted: new Uint8Array(batch.count),
    receivedDay: batch.day,
    receivedNs: batch.nsOfDay,
    order: [] as number[],
  };
  for (let row = 0; row < batch.count; row += 1) {
    // Those of a feed of the past belong where their own time is, and where that is none, to the
    // ticks they came among.
    const isPast = part.isLive[row] !== 1;
    const hasOwn = isPast && isTime(tickDay[row]!, tickNs[row]!);
    const at = hasOwn ? { day: tickDay[row]!, nsOfDay: tickNs[row]! } : batch.time(row);
    const isInRange = !isBefore(at, range.leadFrom) && isBefore(at, range.to);
    const isAmong = isPast && !hasOwn && isAmongTicks(ticks, part.next[row]!);
    if (!isInRange && !isAmong) continue;
    part.isCounted[row] = isBefore(at, range.from) ? 0 : 1;
    part.order.push(row);
  }
  part.order.sort((a, b) => batch.sequence[a]! - batch.sequence[b]!);
  return part;
}

function isAmongTicks({ order, sequence }: TickPart, next: number): boolean {
  if (order.length === 0) return false;
  return next >= sequence[order[0]!]! && next <= sequence[order[order.length - 1]!]! + 1;
}
