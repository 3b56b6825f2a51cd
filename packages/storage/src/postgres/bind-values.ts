// Parameters of a client as values: text or binary, of the type the client declared or, where it
// declared none, the type that SQL expects there.
//
// Always: what does not parse is an error that names the parameter, never a null and never text in
// its place.

import type { ParameterValue, SingleValue } from '../sql/parameters.js';
import { type ArrayItem, itemsOfBinary, itemsOfText } from './arrays.js';
import { decodeText } from './message-reader.js';
import { PostgresError } from './postgres-error.js';
import {
  instantOfMicroseconds,
  parseInstant,
  postgresEpochDay,
  timeOfDayText,
} from './time-text.js';
import { type PostgresType, types } from './types.js';

function invalid(type: PostgresType, text: string): PostgresError {
  const shown = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  return new PostgresError('22P02', `invalid input syntax for type ${type.sqlName}: "${shown}"`);
}

const wholeBits = new Map<PostgresType, number>([
  [types.int2, 16],
  [types.int4, 32],
  [types.int8, 64],
  [types.oid, 33],
]);

export function valueOfText(bytes: Buffer, type: PostgresType): ParameterValue {
  const { element } = type;
  if (element === undefined) return singleOfText(bytes, type);
  const items = itemsOfText(decodeText(bytes));
  return listOf(items, (item) => singleOfText(item, element));
}

export function valueOfBinary(bytes: Buffer, type: PostgresType): ParameterValue {
  const { element } = type;
  if (element === undefined) return singleOfBinary(bytes, type);
  return listOf(itemsOfBinary(bytes, type), (item) => singleOfBinary(item, element));
}

/** Values of one kind: of numbers and what is exact only as text all are text. */
function listOf(
  items: readonly ArrayItem[],
  value: (bytes: Buffer) => SingleValue,
): ParameterValue {
  const values = items.map((item) => (item === null ? null : value(item)));
  if (!values.some((one) => typeof one === 'string')) return values;
  return values.map((one) => (typeof one === 'number' || typeof one === 'bigint' ? `${one}` : one));
}

function singleOfText(bytes: Buffer, type: PostgresType): SingleValue {
  const text = decodeText(bytes);
  const bits = wholeBits.get(type);
  if (bits !== undefined) return wholeOfText(text, type, bits);
  switch (type) {
    case types.bool:
      return boolOfText(text);
    case types.float4:
    case types.float8:
      return floatOfText(text, type);
    case types.numeric:
      return numericOfText(text);
    case types.bytea:
      return bytesOfText(text);
    case types.date:
    case types.timestamp:
    case types.timestamptz:
      // What is no date (infinity, now) is left to SQL.
      return parseInstant(text) ?? text;
    default:
      return text;
  }
}

function wholeOfText(text: string, type: PostgresType, bits: number): bigint {
  if (!/^\s*[+-]?\d{1,40}\s*$/.test(text)) throw invalid(type, text);
  const value = BigInt(text.trim().replace(/^\+/, ''));
  if (BigInt.asIntN(bits, value) === value) return value;
  throw new PostgresError('22003', `value "${text}" is out of range for type ${type.sqlName}`);
}

function boolOfText(text: string): boolean {
  const word = text.trim().toLowerCase();
  if (['t', 'true', 'y', 'yes', 'on', '1'].includes(word)) return true;
  if (['f', 'false', 'n', 'no', 'off', '0'].includes(word)) return false;
  throw invalid(types.bool, text);
}

function floatOfText(text: string, type: PostgresType): number {
  const found = /^\s*([+-]?)(?:(inf(?:inity)?)|(nan)|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*$/i.exec(
    text,
  );
  if (found === null) throw invalid(type, text);
  const [, sign, infinity, nan] = found;
  if (nan !== undefined) return Number.NaN;
  if (infinity !== undefined) return sign === '-' ? -Infinity : Infinity;
  return Number(text);
}

/** Exact: a number where it is one, else text, which SQL takes for what it needs. */
function numericOfText(text: string): SingleValue {
  if (/^\s*NaN\s*$/i.test(text)) return Number.NaN;
  if (!/^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text)) throw invalid(types.numeric, text);
  const number = Number(text);
  const plain = text.trim().replace(/^\+/, '');
  const short = plain.includes('.') ? plain.replace(/\.?0+$/, '') : plain;
  if (String(number) === short) return number;
  if (/^-?\d{1,18}$/.test(plain)) return BigInt(plain);
  return plain;
}

function bytesOfText(text: string): Uint8Array {
  if (text.startsWith('\\x')) {
    const hex = text.slice(2);
    if (hex.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(hex)) throw invalid(types.bytea, text);
    return Buffer.from(hex, 'hex');
  }
  const bytes: number[] = [];
  const all = Buffer.from(text, 'utf8');
  for (let at = 0; at < all.length; at += 1) {
    const escaped = all[at] === 0x5c ? all.toString('latin1', at, at + 4) : undefined;
    if (escaped === undefined) bytes.push(all[at]!);
    else if (escaped.startsWith('\\\\')) {
      bytes.push(0x5c);
      at += 1;
    } else if (/^\\[0-3][0-7]{2}$/.test(escaped)) {
      bytes.push(Number.parseInt(escaped.slice(1), 8));
      at += 3;
    } else throw invalid(types.bytea, text);
  }
  return Uint8Array.from(bytes);
}

function singleOfBinary(bytes: Buffer, type: PostgresType): SingleValue {
  if (type.size > 0 && type !== types.name && type !== types.char && bytes.length !== type.size)
    throw new PostgresError(
      '22P03',
      `expected ${type.size} bytes for type ${type.sqlName}, found ${bytes.length}`,
    );
  switch (type) {
    case types.bool:
      return bytes[0] !== 0;
    case types.int2:
      return bytes.readInt16BE();
    case types.int4:
      return bytes.readInt32BE();
    case types.oid:
      return bytes.readUInt32BE();
    case types.int8:
      return bytes.readBigInt64BE();
    case types.float4:
      return bytes.readFloatBE();
    case types.float8:
      return bytes.readDoubleBE();
    case types.numeric:
      return numericOfText(numericText(bytes));
    case types.bytea:
      return Uint8Array.from(bytes);
    case types.date:
      return { day: bytes.readInt32BE() + postgresEpochDay, nsOfDay: 0 };
    case types.timestamp:
    case types.timestamptz:
      return instantOfMicroseconds(bytes.readBigInt64BE());
    case types.time:
      return timeOfDayText(Number(bytes.readBigInt64BE()) * 1000, 6);
    case types.uuid:
      return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    case types.interval:
      return intervalText(bytes);
    default:
      return decodeText(bytes);
  }
}

function intervalText(bytes: Buffer): string {
  const microseconds = bytes.readBigInt64BE();
  const [days, months] = [bytes.readInt32BE(8), bytes.readInt32BE(12)];
  return `${months} months ${days} days ${microseconds} microseconds`;
}

/** The reverse of writeNumeric() in encode.ts. */
function numericText(bytes: Buffer): string {
  const wrong = new PostgresError('22P03', 'expected a numeric in binary form');
  if (bytes.length < 8) throw wrong;
  const count = bytes.readUInt16BE(0);
  const weight = bytes.readInt16BE(2);
  const sign = bytes.readUInt16BE(4);
  const scale = bytes.readUInt16BE(6);
  if (bytes.length !== 8 + count * 2 || count > 40 || Math.abs(weight) > 40 || scale > 200)
    throw wrong;
  if (sign === 0xc000) return 'NaN';
  const groupAt = (place: number): string => {
    const index = weight - place;
    const group = index >= 0 && index < count ? bytes.readUInt16BE(8 + index * 2) : 0;
    if (group > 9999) throw wrong;
    return String(group).padStart(4, '0');
  };
  let before = '';
  for (let place = Math.max(weight, 0); place >= 0; place -= 1) before += groupAt(place);
  let after = '';
  for (let place = -1; after.length < scale; place -= 1) after += groupAt(place);
  const digits = before.replace(/^0+(?=\d)/, '');
  const text = scale === 0 ? digits : `${digits}.${after.slice(0, scale)}`;
  return sign === 0x4000 ? `-${text}` : text;
}
