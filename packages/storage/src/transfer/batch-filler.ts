// Values of columns from elsewhere (Parquet, Arrow) into a batch of rows: whole columns at once
// where both hold the same memory, one by one with every check else.
//
// Always: a value that the column cannot hold exactly makes its row a reject, never another
// value.

import type { TableBatch } from '@ndts/native/db';
import {
  type ColumnSchema,
  NdtsError,
  type TableSchema,
  type Time,
  timeText,
} from '@ndts/protocol';
import type { SqlValue } from '../sql/batch.js';
import { isReadableName } from '../table/symbol-registry.js';
import type { ColumnMap, Source } from './column-map.js';
import type { EnsureSymbols } from './row-source.js';

/** A column of the file, of rows that are in memory. */
export interface ValueColumn {
  readonly name: string;
  at(row: number): SqlValue;
  /** All values by row, where they are f64, i64, i32, f32 or bool and none is null. */
  readonly plain?:
    | Float64Array
    | BigInt64Array
    | Int32Array
    | Float32Array
    | Uint8Array
    | undefined;
  /** Its times are days of a calendar, without a time of day. */
  readonly areDays?: boolean | undefined;
  /** Of times without nulls, by row. */
  readonly times?: { readonly days: Float64Array; readonly nsOfDay: Float64Array } | undefined;
}

export interface BadRow {
  /** Of those that were offered, from 0. */
  readonly row: number;
  readonly column: string;
  readonly reason: string;
}

/** What a number counts that is a time. */
export type TimeUnitName = 's' | 'ms' | 'us' | 'ns';

const nsPerUnit = { s: 1_000_000_000n, ms: 1_000_000n, us: 1000n, ns: 1n } as const;
const nsOfDayLong = 86_400_000_000_000n;
const symbolBytes = 1024;
const dayMin = -106_751;
const dayMax = 106_750;

export class BatchFiller {
  readonly #schema: TableSchema;
  readonly #map: ColumnMap;
  readonly #ensure: EnsureSymbols;
  readonly #timeUnit: TimeUnitName | undefined;
  readonly #ids = new Map<string, number>();
  #bad = new Map<number, BadRow>();

  /** `timeUnit`: of times that are numbers; undefined: such are refused. */
  constructor(
    schema: TableSchema,
    map: ColumnMap,
    ensure: EnsureSymbols,
    timeUnit: TimeUnitName | undefined,
  ) {
    this.#timeUnit = timeUnit;
    this.#schema = schema;
    this.#map = map;
    this.#ensure = ensure;
  }

  /** Puts rows [from, from + count) behind those the batch has; bad ones are left out. */
  async add(
    batch: TableBatch,
    columns: readonly ValueColumn[],
    from: number,
    count: number,
  ): Promise<BadRow[]> {
    this.#bad = new Map();
    const first = batch.count;
    this.#fillTimes(batch, first, sourceColumn(columns, this.#map.time), from, count);
    for (const [at, column] of this.#schema.columns.entries())
      if (column.type !== 'symbol')
        this.#fill(batch, first, column, this.#of(columns, at), from, count);
    const symbol = sourceColumn(columns, this.#map.symbol);
    await this.#fillSymbols(batch.symbol, first, symbol, undefined, from, count);
    for (const [at, column] of this.#schema.columns.entries()) {
      if (column.type !== 'symbol') continue;
      const into = batch.column(column.name);
      if (into instanceof Uint32Array) {
        const nulls = batch.nulls(column.name);
        await this.#fillSymbols(into, first, this.#of(columns, at), nulls, from, count);
      }
    }
    const good = this.#dropBad(batch, first, count);
    batch.count = first + good;
    return [...this.#bad.values()]
      .sort((a, b) => a.row - b.row)
      .map((bad) => ({ ...bad, row: bad.row + from }));
  }

  #of(columns: readonly ValueColumn[], at: number): ValueColumn {
    return sourceColumn(columns, this.#map.columns[at] ?? { constant: '' });
  }

  #refuse(row: number, column: string, reason: string): void {
    if (!this.#bad.has(row)) this.#bad.set(row, { row, column, reason });
  }

  #fillTimes(
    batch: TableBatch,
    first: number,
    source: ValueColumn,
    from: number,
    count: number,
  ): void {
    for (let row = 0; row < count; row += 1) {
      const time = timeAt(source, from + row, this.#timeUnit);
      if (time === undefined) this.#refuse(row, source.name, notTime(source.at(from + row)));
      else if (!(time.day >= dayMin && time.day <= dayMax))
        this.#refuse(row, source.name, 'out of the time that can be stored');
      batch.day[first + row] = time?.day ?? 0;
      batch.nsOfDay[first + row] = time?.nsOfDay ?? 0;
    }
  }

  #fill(
    batch: TableBatch,
    first: number,
    column: ColumnSchema,
    source: ValueColumn,
    from: number,
    count: number,
  ): void {
    const nulls = batch.nulls(column.name);
    const isText = column.type === 'text' || column.type === 'bytes';
    const into = isText ? undefined : batch.column(column.name);
    if (into !== undefined && copyPlain(into, first, source, from, count)) {
      nulls?.fill(0, first, first + count);
      return;
    }
    for (let row = 0; row < count; row += 1) {
      const value = source.at(from + row);
      const at = first + row;
      if (nulls !== undefined) nulls[at] = value === null ? 1 : 0;
      const problem =
        into === undefined
          ? putBytes(batch, column, at, value, source.areDays === true)
          : putNumber(column, into, at, value, nulls !== undefined);
      if (problem !== undefined) this.#refuse(row, source.name, problem);
    }
  }

  async #fillSymbols(
    into: Uint32Array,
    first: number,
    source: ValueColumn,
    nulls: Uint8Array | undefined,
    from: number,
    count: number,
  ): Promise<void> {
    const fresh = new Set<string>();
    for (let row = 0; row < count; row += 1) {
      const value = source.at(from + row);
      if (nulls !== undefined) nulls[first + row] = value === null ? 1 : 0;
      if (this.#bad.has(row) || (value === null && nulls !== undefined)) continue;
      if (typeof value !== 'string' || !isName(value))
        this.#refuse(row, source.name, 'not the name of a symbol');
      else if (!this.#ids.has(value)) fresh.add(value);
    }
    const names = [...fresh];
    const ids = names.length === 0 ? [] : await this.#ensure(names);
    for (const [at, name] of names.entries()) this.#ids.set(name, ids[at] ?? 0);
    for (let row = 0; row < count; row += 1) into[first + row] = this.#idOf(source.at(from + row));
  }

  #idOf(value: SqlValue): number {
    return (typeof value === 'string' ? this.#ids.get(value) : undefined) ?? 0;
  }

  #dropBad(batch: TableBatch, first: number, count: number): number {
    if (this.#bad.size === 0) return count;
    let to = first;
    for (let row = 0; row < count; row += 1) {
      if (this.#bad.has(row)) continue;
      moveRow(batch, first + row, to);
      to += 1;
    }
    return to - first;
  }
}

function isName(text: string): boolean {
  return text !== '' && Buffer.byteLength(text) <= symbolBytes && isReadableName(text);
}

function sourceColumn(columns: readonly ValueColumn[], source: Source): ValueColumn {
  if ('constant' in source) {
    const value = source.constant === '' ? null : source.constant;
    return { name: '', at: () => value };
  }
  const column = columns[source.field];
  if (column === undefined || source.second !== undefined)
    throw new NdtsError('INVALID_ARGUMENT', 'a date and a time of day are joined in CSV only');
  return column;
}

const instant = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?Z?)?$/;

function timeAt(
  source: ValueColumn,
  row: number,
  unit: TimeUnitName | undefined,
): Time | undefined {
  if (source.times !== undefined)
    return { day: source.times.days[row] ?? 0, nsOfDay: source.times.nsOfDay[row] ?? 0 };
  const value = source.at(row);
  if (typeof value === 'string') {
    const found = instant.exec(value);
    const ms = Date.parse(`${found?.[1] ?? ''}T${found?.[2] ?? '00:00:00'}Z`);
    if (found === null || !Number.isFinite(ms)) return undefined;
    const day = Math.floor(ms / 86_400_000);
    const nsOfDay = (ms - day * 86_400_000) * 1e6 + Number((found[3] ?? '').padEnd(9, '0'));
    return { day, nsOfDay };
  }
  const whole = unit === undefined ? undefined : wholeOf(value);
  if (unit !== undefined && whole !== undefined) {
    const ns = whole * nsPerUnit[unit];
    const rest = ((ns % nsOfDayLong) + nsOfDayLong) % nsOfDayLong;
    return { day: Number((ns - rest) / nsOfDayLong), nsOfDay: Number(rest) };
  }
  return typeof value === 'object' && value !== null && 'day' in value ? value : undefined;
}

function notTime(value: SqlValue): string {
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  return isNumber ? 'a number is a time with --time-format s, ms, us or ns' : 'not a time';
}

function copyPlain(
  into: ReturnType<TableBatch['column']>,
  first: number,
  source: ValueColumn,
  from: number,
  count: number,
): boolean {
  const { plain } = source;
  if (plain === undefined || plain.constructor !== into.constructor) return false;
  if (into instanceof Float64Array && plain instanceof Float64Array)
    into.set(plain.subarray(from, from + count), first);
  else if (into instanceof BigInt64Array && plain instanceof BigInt64Array)
    into.set(plain.subarray(from, from + count), first);
  else if (into instanceof Int32Array && plain instanceof Int32Array)
    into.set(plain.subarray(from, from + count), first);
  else if (into instanceof Float32Array && plain instanceof Float32Array)
    into.set(plain.subarray(from, from + count), first);
  else if (into instanceof Uint8Array && plain instanceof Uint8Array)
    into.set(plain.subarray(from, from + count), first);
  else return false;
  return true;
}

/** Of timeText: T, the time of day and Z. */
const clockLength = 'T00:00:00.000000000Z'.length;

/** One that has a text: no infinity, and within the years that a Date has. */
function isTime(value: SqlValue): value is Time {
  const has = typeof value === 'object' && value !== null && 'day' in value;
  return has && Math.abs(value.day) <= 1e8;
}

function nsOf({ day, nsOfDay }: Time): bigint {
  return BigInt(day) * nsOfDayLong + BigInt(nsOfDay);
}

const missing = 'null, and the column holds no nulls';

function putBytes(
  batch: TableBatch,
  column: ColumnSchema,
  row: number,
  value: SqlValue,
  areDays: boolean,
): string | undefined {
  if (value === null) batch.setBytes(column.name, row, new Uint8Array(0));
  else if (column.type === 'bytes' && value instanceof Uint8Array)
    batch.setBytes(column.name, row, value);
  else if (column.type === 'text' && typeof value !== 'object')
    batch.setText(column.name, row, String(value));
  else if (column.type === 'text' && isTime(value))
    batch.setText(
      column.name,
      row,
      areDays ? timeText(value).slice(0, -clockLength) : timeText(value),
    );
  else return `not ${column.type}`;
  return undefined;
}

function putNumber(
  column: ColumnSchema,
  into: ReturnType<TableBatch['column']>,
  row: number,
  value: SqlValue,
  nullable: boolean,
): string | undefined {
  if (into instanceof BigInt64Array) {
    const whole = isTime(value) ? nsOf(value) : wholeOf(value);
    into[row] = whole ?? 0n;
    if (value === null) return nullable ? undefined : missing;
    return whole === undefined || BigInt.asIntN(64, whole) !== whole
      ? 'not a whole number of 64 bits'
      : undefined;
  }
  if (column.type === 'f64' || column.type === 'f32') {
    const number = value === null ? Number.NaN : numberOf(value);
    into[row] = number ?? Number.NaN;
    return number === undefined ? 'not a number' : undefined;
  }
  if (value === null) {
    into[row] = 0;
    return nullable ? undefined : missing;
  }
  if (column.type === 'bool') {
    into[row] = value === true || value === 1 ? 1 : 0;
    const isTruth = typeof value === 'boolean' || value === 0 || value === 1;
    return isTruth ? undefined : 'neither true nor false';
  }
  const number = numberOf(value);
  into[row] = number ?? 0;
  return into[row] === number ? undefined : 'not a whole number of 32 bits';
}

function wholeOf(value: SqlValue): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  return typeof value === 'string' && /^-?\d+$/.test(value) ? BigInt(value) : undefined;
}

function numberOf(value: SqlValue): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') {
    const number = Number(value);
    return BigInt(number) === value ? number : undefined;
  }
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isNaN(number) ? undefined : number;
}

function moveRow(batch: TableBatch, from: number, to: number): void {
  if (from === to) return;
  for (const array of [batch.day, batch.nsOfDay, batch.symbol]) array[to] = array[from] ?? 0;
  for (const column of batch.schema.columns) {
    const nulls = batch.nulls(column.name);
    if (nulls !== undefined) nulls[to] = nulls[from] ?? 0;
    if (column.type === 'text' || column.type === 'bytes')
      batch.setBytes(column.name, to, batch.bytes(column.name, from).slice());
    else {
      const values = batch.column(column.name);
      if (values instanceof BigInt64Array) values[to] = values[from] ?? 0n;
      else values[to] = values[from] ?? 0;
    }
  }
}

/** A row as people see it among rejects. */
export function rowText(columns: readonly ValueColumn[], row: number): string {
  return columns.map((column) => valueText(column.at(row))).join(',');
}

function valueText(value: SqlValue): string {
  if (value === null) return '';
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value !== 'object') return String(value);
  return Number.isFinite(value.day) ? timeText(value) : 'infinity';
}
