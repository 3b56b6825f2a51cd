// Values of a batch as fields of rows: as text, or binary as PostgreSQL lays its types out. One
// encoder for each column and batch, no allocation for a row beyond the texts themselves.
//
// Always: a field is what its column was described as. A value that does not fit is an error, never
// a wrong value.

import type { SqlBatchColumn } from '../sql/batch.js';
import type { MessageWriter } from './message-writer.js';
import { PostgresError } from './postgres-error.js';
import {
  dateText,
  instantText,
  microsecondHalves,
  postgresEpochDay,
  timeOfDayText,
} from './time-text.js';
import { canSendAs, type PostgresType, types, typeOfSql } from './types.js';

export type Format = 'text' | 'binary';

/** Writes the field of a row that is not null. */
type Encoder = (row: number, writer: MessageWriter) => void;

export interface FieldOptions {
  readonly type: PostgresType;
  readonly format: Format;
  /** Of a second, in text. */
  readonly digits: number;
}

export class RowEncoder {
  readonly #columns: readonly SqlBatchColumn[];
  readonly #encoders: readonly Encoder[];

  constructor(columns: readonly SqlBatchColumn[], fields: readonly FieldOptions[]) {
    this.#columns = columns;
    this.#encoders = columns.map((column, at) => encoderOf(column, fields[at]!));
  }

  write(row: number, writer: MessageWriter): void {
    writer.begin('D');
    writer.int16(this.#columns.length);
    for (let at = 0; at < this.#columns.length; at += 1)
      if (this.#columns[at]!.nulls?.[row] === 1) writer.int32(-1);
      else this.#encoders[at]!(row, writer);
    writer.end();
  }
}

/** What a column of a result is told as when nobody was told anything before. */
export function typeOfColumn(column: { readonly type: string }): PostgresType {
  return typeOfSql(column.type) ?? types.text;
}

function encoderOf(column: SqlBatchColumn, field: FieldOptions): Encoder {
  const found = typeOfColumn(column);
  const told = field.type;
  if (!canSendAs(found, told))
    throw new PostgresError(
      '0A000',
      `cached plan must not change result type: column ${column.name} was described as ` +
        `${told.sqlName} and is ${found.sqlName}`,
    );
  const text = textOf(column, field.digits);
  if (field.format === 'text' || told === types.text) {
    const range = found === told ? undefined : ranges.get(told);
    if (range === undefined) return (row, writer) => writer.value(text(row));
    return (row, writer) => {
      wholeOf(column, row, told);
      writer.value(text(row));
    };
  }
  return binaryOf(column, told, text);
}

/** As text, by how the batch holds it. */
function textOf(column: SqlBatchColumn, digits: number): (row: number) => string {
  const { values } = column;
  switch (column.kind) {
    case 'bool':
      return (row) => (values[row] === 1 ? 't' : 'f');
    case 'f32':
      return (row) => zeroText(Number(values[row])) ?? floatText(Number(values[row]));
    case 'f64':
      return (row) => zeroText(Number(values[row])) ?? String(values[row]);
    case 'time': {
      const { nsOfDay } = column;
      if (column.type === 'DATE') return (row) => dateText(Number(values[row]));
      return (row) => instantText(Number(values[row]), nsOfDay![row]!, digits);
    }
    case 'timeOfDay':
      return (row) => timeOfDayText(Number(values[row]), digits);
    case 'bytes':
      return (row) => `\\x${Buffer.from(values[row] as Uint8Array).toString('hex')}`;
    default:
      return (row) => String(values[row]);
  }
}

/** JavaScript writes both zeros alike. */
function zeroText(value: number): string | undefined {
  return Object.is(value, -0) ? '-0' : undefined;
}

/** The fewest digits that are this value in 32 bits. */
function floatText(value: number): string {
  for (let digits = 6; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number.isFinite(value) ? Number(value.toPrecision(9)) : value);
}

const ranges = new Map<PostgresType, readonly [bigint, bigint]>([
  [types.int2, [-(2n ** 15n), 2n ** 15n - 1n]],
  [types.int4, [-(2n ** 31n), 2n ** 31n - 1n]],
  [types.int8, [-(2n ** 63n), 2n ** 63n - 1n]],
  [types.oid, [0n, 2n ** 32n - 1n]],
]);

function wholeOf(column: SqlBatchColumn, row: number, told: PostgresType): bigint {
  const value = BigInt(column.values[row] as bigint | number);
  const [least, greatest] = ranges.get(told)!;
  if (value >= least && value <= greatest) return value;
  throw new PostgresError('22003', `${value} is out of range for type ${told.sqlName}`);
}

function binaryOf(
  column: SqlBatchColumn,
  told: PostgresType,
  text: (row: number) => string,
): Encoder {
  const { values } = column;
  switch (told) {
    case types.bool:
      return (row, writer) => {
        writer.int32(1);
        writer.byte(Number(values[row]));
      };
    case types.int2:
    case types.int4:
    case types.oid:
      return smallWhole(column, told);
    case types.int8:
      return (row, writer) => {
        writer.int32(8);
        writer.int64(wholeOf(column, row, told));
      };
    case types.float4:
      return (row, writer) => {
        writer.int32(4);
        writer.float32(Number(values[row]));
      };
    case types.float8:
      return (row, writer) => {
        writer.int32(8);
        writer.float64(Number(values[row]));
      };
    case types.numeric:
      return (row, writer) => writeNumeric(writer, text(row));
    case types.bytea:
      return (row, writer) => {
        const bytes = values[row] as Uint8Array;
        writer.int32(bytes.length);
        writer.raw(bytes);
      };
    case types.uuid:
      return (row, writer) => {
        writer.int32(16);
        writer.raw(Buffer.from(String(values[row]).replaceAll('-', ''), 'hex'));
      };
    default:
      return binaryTimeOf(column, told);
  }
}

function smallWhole(column: SqlBatchColumn, told: PostgresType): Encoder {
  if (told === types.int2)
    return (row, writer) => {
      writer.int32(2);
      writer.int16(Number(wholeOf(column, row, told)));
    };
  if (column.kind === 'i32')
    return (row, writer) => {
      writer.int32(4);
      writer.int32(Number(column.values[row]));
    };
  return (row, writer) => {
    writer.int32(4);
    writer.int32(Number(wholeOf(column, row, told)));
  };
}

function binaryTimeOf(column: SqlBatchColumn, told: PostgresType): Encoder {
  const { values, nsOfDay } = column;
  if (told === types.date)
    return (row, writer) => {
      const day = Number(values[row]);
      writer.int32(4);
      if (Number.isFinite(day)) writer.int32(day - postgresEpochDay);
      else writer.int32(day > 0 ? 0x7fffffff : -0x80000000);
    };
  if (told === types.time)
    return (row, writer) => {
      writer.int32(8);
      writer.int64(BigInt(Math.floor(Number(values[row]) / 1000)));
    };
  return (row, writer) => {
    const { high, low } = microsecondHalves(Number(values[row]), nsOfDay![row]!);
    writer.int32(8);
    writer.int32(high);
    writer.int32(low);
  };
}

/** Groups of four digits to both sides of the point. */
export function writeNumeric(writer: MessageWriter, text: string): void {
  const negative = text.startsWith('-');
  const [before = '', after = ''] = (negative ? text.slice(1) : text).split('.');
  const left = before.replace(/^0+/, '');
  const groupsBefore = Math.ceil(left.length / 4);
  const digits =
    left.padStart(groupsBefore * 4, '0') + after.padEnd(Math.ceil(after.length / 4) * 4, '0');
  const groups: number[] = [];
  for (let at = 0; at < digits.length; at += 4) groups.push(Number(digits.slice(at, at + 4)));
  let weight = groupsBefore - 1;
  while (groups.length > 0 && groups.at(-1) === 0) groups.pop();
  while (groups.length > 0 && groups[0] === 0) {
    groups.shift();
    weight -= 1;
  }
  writer.int32(8 + groups.length * 2);
  writer.int16(groups.length);
  writer.int16(groups.length === 0 ? 0 : weight);
  writer.int16(negative && groups.length > 0 ? 0x4000 : 0);
  writer.int16(after.length);
  for (const group of groups) writer.int16(group);
}
