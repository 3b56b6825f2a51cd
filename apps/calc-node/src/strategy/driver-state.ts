// What a driver knows of the past beside the plugin's own state, as bytes: states of its factors,
// newest values and prices of every symbol, its open bars, its timers, the tick that was the last
// one and what its factors were. Little-endian: a checksum of what follows, a version, counts, the
// timers, then a column after the other.
//
// Always: read back, it is the same to the bit; bytes that are damaged or of another plan are
// refused before anything is changed.

import { crc32 } from 'node:zlib';
import { NdtsError } from '@ndts/protocol';
import type { FactorPlan } from '../factor/factor-plan.js';
import type { LatestValues } from '../factor/latest-values.js';
import type { BarSet } from './bar-set.js';
import { type DriverContext, lastTickLength } from './context.js';
import type { EventTimer } from './event-timer.js';

export interface DriverParts {
  readonly plan: FactorPlan;
  readonly context: DriverContext;
  readonly prices: LatestValues;
  readonly bars: BarSet;
  readonly timers: readonly EventTimer[];
}

const version = 3;
/** checksum, version, symbols, factors: 4 bytes each; of the two timers day, nanoseconds of the day
 * and interval. */
const timersFrom = 16;
const timerBytes = 24;
const headBytes = timersFrom + 2 * timerBytes;
const checkedFrom = 4;

/** Of the last tick: what a signal says of it, and five numbers of each factor. */
function lastLength({ plan }: DriverParts): number {
  return lastTickLength + 5 * plan.factors.length;
}

function columnBytes({ plan }: DriverParts, symbols: number): number {
  return headBytes + 8 * Math.ceil(symbols / 2) + 8 * symbols * (1 + plan.factors.length);
}

export function saveDriver(parts: DriverParts): Uint8Array {
  const { plan, prices, bars, timers } = parts;
  const symbols = prices.symbols();
  const columns = columnBytes(parts, symbols.length);
  const barsFrom = columns + symbols.length * plan.stateBytes;
  const lastFrom = barsFrom + symbols.length * bars.stateBytes;
  const bytes = new Uint8Array(lastFrom + 8 * lastLength(parts));
  const view = new DataView(bytes.buffer);
  view.setUint32(4, version, true);
  view.setUint32(8, symbols.length, true);
  view.setUint32(12, plan.factors.length, true);
  for (const [index, { day, nsOfDay, intervalNs }] of timers.entries())
    for (const [place, value] of [day, nsOfDay, intervalNs].entries())
      view.setFloat64(timersFrom + timerBytes * index + 8 * place, value, true);
  new Uint32Array(bytes.buffer, headBytes, symbols.length).set(symbols);
  const values = valuesIn(bytes, symbols.length, plan);
  for (const [at, column] of [prices, ...plan.factors.map(({ latest }) => latest)].entries())
    for (const [index, symbol] of symbols.entries())
      values[at * symbols.length + index] = column.of(symbol);
  bytes.set(plan.save(symbols), columns);
  for (const [index, symbol] of symbols.entries())
    bars.save(symbol, barsOf(bytes, barsFrom, index, bars));
  const last = [
    ...parts.context.lastTick(),
    ...plan.factors.flatMap(({ cursor }) => cursor.read()),
  ];
  for (const [index, value] of last.entries()) view.setFloat64(lastFrom + 8 * index, value, true);
  view.setUint32(0, crc32(bytes.subarray(checkedFrom)), true);
  return bytes;
}

/** CORRUPT: damaged, or of another plan. */
export function loadDriver(parts: DriverParts, given: Uint8Array): void {
  const { plan, prices, bars, timers } = parts;
  const bytes = given.slice(); // aligned
  const view = new DataView(bytes.buffer);
  if (bytes.length < headBytes || view.getUint32(0, true) !== crc32(bytes.subarray(checkedFrom)))
    throw new NdtsError('CORRUPT', `state of a strategy: its checksum is wrong`);
  const count = view.getUint32(8, true);
  const columns = columnBytes(parts, count);
  const isOurs =
    view.getUint32(4, true) === version &&
    view.getUint32(12, true) === plan.factors.length &&
    bytes.length === columns + count * (plan.stateBytes + bars.stateBytes) + 8 * lastLength(parts);
  if (!isOurs) throw new NdtsError('CORRUPT', 'state of a strategy: it is of another strategy');
  const symbols = new Uint32Array(bytes.buffer, headBytes, count);
  const barsFrom = columns + count * plan.stateBytes;
  for (const [index, symbol] of symbols.entries())
    bars.load(symbol, barsOf(bytes, barsFrom, index, bars));
  plan.load(symbols, bytes.subarray(columns, barsFrom));
  const values = valuesIn(bytes, count, plan);
  for (const [at, column] of [prices, ...plan.factors.map(({ latest }) => latest)].entries())
    for (const [index, symbol] of symbols.entries())
      column.set(symbol, values[at * count + index]!);
  loadLast(parts, view, barsFrom + count * bars.stateBytes);
  for (const [index, timer] of timers.entries()) loadTimer(parts, timer, view, index);
}

/** One of another interval than the plugin's before: its next firing is the first after now. */
function loadTimer(parts: DriverParts, timer: EventTimer, view: DataView, index: number): void {
  const number = (place: number): number =>
    view.getFloat64(timersFrom + timerBytes * index + 8 * place, true);
  timer.day = number(0);
  timer.nsOfDay = number(1);
  const { day, nsOfDay } = parts.context.now();
  if (timer.isStarted && number(2) !== timer.intervalNs) timer.startAfter(day, nsOfDay);
}

function loadLast(parts: DriverParts, view: DataView, from: number): void {
  const values = Array.from({ length: lastLength(parts) }, (_, index) =>
    view.getFloat64(from + 8 * index, true),
  );
  parts.context.showLastTick(values.slice(0, lastTickLength));
  for (const [index, { cursor }] of parts.plan.factors.entries()) {
    const at = lastTickLength + 5 * index;
    cursor.show(values.slice(at, at + 5));
  }
}

/** Prices, then the newest values of each factor. */
function valuesIn(bytes: Uint8Array, symbols: number, { factors }: FactorPlan): Float64Array {
  const from = headBytes + 8 * Math.ceil(symbols / 2);
  return new Float64Array(bytes.buffer, from, symbols * (1 + factors.length));
}

function barsOf(bytes: Uint8Array, from: number, index: number, bars: BarSet): Uint8Array {
  const at = from + index * bars.stateBytes;
  return bytes.subarray(at, at + bars.stateBytes);
}
