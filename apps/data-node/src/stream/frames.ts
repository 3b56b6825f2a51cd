// Rows as messages. A message is a head, which is the client's own, and a body, which all clients
// that want the same rows share: the body is encoded once for each form and never copied.
// docs/protocol/subscribe.md is the contract.

import { encodeStreamRows, writeTime } from '@ndts/protocol';
import { isText, type RawRowColumn, type RawRows, type ShardPositions } from '@ndts/storage';

export type StreamForm = 'json' | 'binary';

export const rowFlags = { none: 0, conflated: 1, past: 2 } as const;

/** Rows and where they lead to, as one message says it. */
export interface RowsMessage {
  /** Of which table. */
  readonly kind: string;
  readonly rows: RawRows;
  /** undefined: rows of the past. */
  readonly positions: ShardPositions | undefined;
  /** Of positions, those that are said; default: all. */
  readonly shards?: readonly number[];
}

export type NameOf = (symbol: number) => string;

const encoder = new TextEncoder();

/** What all clients of a message share. */
export interface RowsBody {
  readonly form: StreamForm;
  readonly bytes: Uint8Array;
  readonly rows: number;
  readonly positions: number;
}

export function encodeBody(form: StreamForm, message: RowsMessage, nameOf: NameOf): RowsBody {
  const bytes = form === 'json' ? jsonBody(message, nameOf) : binaryBody(message);
  return { form, bytes, rows: message.rows.count, positions: saidShards(message).length };
}

export function encodeHead(
  { form, rows, positions }: RowsBody,
  id: number,
  flags: number,
): Uint8Array {
  if (form === 'binary')
    return encodeStreamRows({ subscription: id, flags, positions, rows, reserved: 0 });
  const past = (flags & rowFlags.past) === 0 ? '' : ',"past":true';
  const conflated = (flags & rowFlags.conflated) === 0 ? '' : ',"conflated":true';
  return encoder.encode(`{"type":"rows","id":${id}${past}${conflated},`);
}

function saidShards({ positions, shards }: RowsMessage): readonly number[] {
  if (positions === undefined) return [];
  return shards ?? Array.from(positions.sequence.keys());
}

function jsonBody(message: RowsMessage, nameOf: NameOf): Uint8Array {
  const { kind, rows, positions } = message;
  const { count, day, nsOfDay, sequence, symbol, shard, epoch } = rows;
  const parts = [`"kind":${JSON.stringify(kind)}`];
  if (positions !== undefined) {
    const said = saidShards(message).map(
      (one) => `[${one},${positions.epoch[one] ?? 0},${positions.sequence[one] ?? 0}]`,
    );
    parts.push(`"positions":[${said.join(',')}]`);
  }
  parts.push(`"count":${count}`, `"day":[${day.join(',')}]`, `"nsOfDay":[${nsOfDay.join(',')}]`);
  parts.push(`"symbol":[${Array.from(symbol, (one) => JSON.stringify(nameOf(one))).join(',')}]`);
  parts.push(`"sequence":[${sequence.join(',')}]`);
  if (shard !== undefined) parts.push(`"shard":[${shard.join(',')}]`);
  if (epoch !== undefined) parts.push(`"epoch":[${epoch.join(',')}]`);
  const columns = rows.columns.map((column) => {
    const { name, values, nulls } = column;
    const texts = isText(column)
      ? textsOf(column, rows)
      : Array.from(values as ArrayLike<number | bigint>, numberText);
    const shown = texts.map((text, row) => (nulls?.[row] === 1 ? 'null' : text));
    return `${JSON.stringify(name)}:[${shown.join(',')}]`;
  });
  parts.push(`"columns":{${columns.join(',')}}}`);
  return encoder.encode(parts.join(','));
}

/** As JSON has them: bytes as base64. */
function textsOf({ type, values }: RawRowColumn, { count, heap }: RawRows): string[] {
  return Array.from({ length: count }, (_, row) => {
    const offset = values[2 * row] as number;
    const end = offset + (values[2 * row + 1] as number);
    const bytes = heap?.subarray(offset, end) ?? new Uint8Array(0);
    const { buffer, byteOffset, length } = bytes;
    const text = Buffer.from(buffer, byteOffset, length);
    return JSON.stringify(text.toString(type === 'text' ? 'utf8' : 'base64'));
  });
}

function textBytes({ values }: RawRowColumn, count: number): number {
  let bytes = 0;
  for (let row = 0; row < count; row += 1) bytes += values[2 * row + 1] as number;
  return bytes;
}

/** JSON has no NaN, and no whole numbers beyond 2^53 that every reader keeps. */
function numberText(value: number | bigint): string {
  if (typeof value === 'bigint') return `"${value}"`;
  return Number.isFinite(value) ? String(value) : 'null';
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function binaryBody(message: RowsMessage): Uint8Array {
  const { rows, positions } = message;
  const { count } = rows;
  const said = saidShards(message);
  let total = 16 * said.length + 16 * count + 3 * padded(4 * count);
  for (const column of rows.columns) {
    const { values, nulls } = column;
    total += isText(column)
      ? padded(4 * count) + padded(textBytes(column, count))
      : padded(values.byteLength);
    if (nulls !== undefined) total += padded(count);
  }
  const body = new Uint8Array(total);
  const view = new DataView(body.buffer);
  let at = 0;
  for (const shard of said) {
    view.setUint32(at, shard, true);
    view.setUint32(at + 4, positions?.epoch[shard] ?? 0, true);
    writeWhole(view, at + 8, positions?.sequence[shard] ?? 0);
    at += 16;
  }
  for (let row = 0; row < count; row += 1)
    writeTime(view, at + 8 * row, rows.day[row] ?? 0, rows.nsOfDay[row] ?? 0);
  at += 8 * count;
  for (let row = 0; row < count; row += 1) writeWhole(view, at + 8 * row, rows.sequence[row] ?? 0);
  at += 8 * count;
  const put = (values: ArrayBufferView | undefined, bytes: number): void => {
    if (values !== undefined)
      body.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += padded(bytes);
  };
  put(rows.symbol, 4 * count);
  put(rows.shard, 4 * count);
  put(rows.epoch, 4 * count);
  for (const column of rows.columns) {
    const { values, nulls } = column;
    if (isText(column)) {
      const start = at;
      let end = at + padded(4 * count);
      for (let row = 0; row < count; row += 1) {
        const [offset, length] = [values[2 * row] as number, values[2 * row + 1] as number];
        view.setUint32(start + 4 * row, length, true);
        if (rows.heap !== undefined) body.set(rows.heap.subarray(offset, offset + length), end);
        end += length;
      }
      at += padded(4 * count) + padded(textBytes(column, count));
    } else put(values, values.byteLength);
    if (nulls !== undefined) put(nulls, count);
  }
  return body;
}

const two32 = 4_294_967_296;

function writeWhole(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % two32, true);
  view.setUint32(offset + 4, Math.floor(value / two32), true);
}
