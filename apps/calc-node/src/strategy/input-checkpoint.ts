// Where a log of inputs begins, and the whole of one as it is read: what a strategy knew, then what
// it received, in order. Always: a damaged checkpoint is no log; a torn or damaged block ends it
// (what was flushed before it is whole).

import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { RingPosition } from '@ndts/protocol';
import type { OrderUpdate } from './define.js';
import type { InputPositions } from './input-log.js';

/** First byte of a record. */
export const InputKind = {
  ...{ rows: 1, time: 2, order: 3, symbols: 4, signal: 5, epoch: 6 },
  ...{ books: 7, bookEpoch: 8 },
} as const;

export interface Checkpoint {
  /** Of the code, its parameters and what it keeps: only an equal one goes on from it. */
  readonly identity: string;
  /** Of the ordinal of the next signal: the high word, and how many there were of it. */
  readonly generation: number;
  readonly signals: number;
  /** Revision of the last change of an order that was received. */
  readonly orders: number;
  /** Slots of signals that nobody has answered yet, as base64. */
  readonly unanswered: readonly string[];
  /** Orders whose end was asked for, which nobody has answered either. */
  readonly cancels: readonly number[];
  /** How many symbols were known. */
  readonly symbols: number;
  /** Ticks that were not received yet, by shard. */
  readonly positions: readonly RingPosition[];
  /** Books; absent: it is handed none. */
  readonly books?: readonly RingPosition[];
  /** JSON text of the plugin; absent: it has none. */
  readonly snapshot?: string;
  readonly driver: Uint8Array;
}

export type InputRecord =
  | {
      readonly kind: 'rows' | 'books';
      readonly shard: number;
      readonly first: number;
      readonly count: number;
    }
  | { readonly kind: 'time'; readonly day: number; readonly nsOfDay: number }
  | { readonly kind: 'order'; readonly number: number; readonly update: OrderUpdate }
  | { readonly kind: 'symbols'; readonly count: number };

/** One that left, or was about to. */
export interface LoggedSignal {
  readonly day: number;
  readonly nsOfDay: number;
  readonly checksum: number;
}

export interface InputLog {
  readonly checkpoint: Checkpoint;
  readonly records: readonly InputRecord[];
  readonly signals: readonly LoggedSignal[];
  /** Rows behind the last one of each shard. */
  readonly ends: InputPositions;
  /** Up to here the file is whole. */
  readonly bytes: number;
}

const magic = 'NDTSINP2';
/** magic, checksum of the rest of the checkpoint, bytes of its text and of the driver's state. */
const headBytes = 20;
const blockHeadBytes = 8;

export function checkpointBytes({ driver, ...rest }: Checkpoint): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(rest));
  const bytes = new Uint8Array(headBytes + text.length + driver.length);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(magic));
  view.setUint32(12, text.length, true);
  view.setUint32(16, driver.length, true);
  bytes.set(text, headBytes);
  bytes.set(driver, headBytes + text.length);
  view.setUint32(8, crc32(bytes.subarray(12)), true);
  return bytes;
}

/** JSON with amounts, which are bigints. */
export function orderText(update: OrderUpdate): string {
  return JSON.stringify(update, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
}

function orderIn(text: string): OrderUpdate {
  const read = JSON.parse(text) as Record<'quantity' | 'filled' | 'averagePrice', string>;
  const amount = (name: keyof typeof read): bigint => BigInt(read[name].slice(0, -1));
  const [quantity, filled, averagePrice] = [
    amount('quantity'),
    amount('filled'),
    amount('averagePrice'),
  ];
  return { ...(read as unknown as OrderUpdate), quantity, filled, averagePrice };
}

/** Revision of the last change of an order that a strategy was told of. */
export function lastOrder({ checkpoint, records }: InputLog): number {
  const last = records.findLast(({ kind }) => kind === 'order');
  return last?.kind === 'order' ? last.number : checkpoint.orders;
}

/** undefined: there is none, or none that is whole. */
export function readInputLog(path: string): InputLog | undefined {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(readFileSync(path));
  } catch {
    return undefined;
  }
  if (bytes.length < headBytes || textIn(bytes, 0, 8) !== magic) return undefined;
  const view = new DataView(bytes.buffer);
  const textBytes = view.getUint32(12, true);
  const end = headBytes + textBytes + view.getUint32(16, true);
  if (end > bytes.length || view.getUint32(8, true) !== crc32(bytes.subarray(12, end)))
    return undefined;
  const rest = JSON.parse(textIn(bytes, headBytes, textBytes)) as Omit<Checkpoint, 'driver'>;
  const checkpoint = { ...rest, driver: bytes.slice(headBytes + textBytes, end) };
  const reader = new BlockReader(checkpoint);
  let at = end;
  while (at + blockHeadBytes <= bytes.length) {
    const count = view.getUint32(at, true);
    const payload = bytes.subarray(at + blockHeadBytes, at + blockHeadBytes + count);
    const isWhole = payload.length === count && crc32(payload) === view.getUint32(at + 4, true);
    if (count === 0 || !isWhole) break;
    reader.read(payload);
    at += blockHeadBytes + count;
  }
  const { records, signals, ends } = reader;
  return { checkpoint, records, signals, ends, bytes: at };
}

class BlockReader {
  readonly records: InputRecord[] = [];
  readonly signals: LoggedSignal[] = [];
  readonly ends: { readonly ticks: RingPosition[]; readonly books: RingPosition[] };
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor({ positions, books = [] }: Checkpoint) {
    this.ends = { ticks: [...positions], books: [...books] };
  }

  read(bytes: Uint8Array): void {
    this.#bytes = bytes;
    for (this.#at = 0; this.#at < bytes.length; ) {
      this.#at += 1;
      this.#readRecord(bytes[this.#at - 1]!);
    }
  }

  #readRecord(kind: number): void {
    if (kind === InputKind.rows) this.#readRows('rows', this.ends.ticks);
    else if (kind === InputKind.books) this.#readRows('books', this.ends.books);
    else if (kind === InputKind.epoch) this.#readEpoch(this.ends.ticks);
    else if (kind === InputKind.bookEpoch) this.#readEpoch(this.ends.books);
    else if (kind === InputKind.time)
      this.records.push({ kind: 'time', day: this.#number(), nsOfDay: this.#number() });
    else if (kind === InputKind.symbols)
      this.records.push({ kind: 'symbols', count: this.#number() });
    else if (kind === InputKind.order) this.#readOrder();
    else if (kind === InputKind.signal)
      this.signals.push({
        ...{ day: this.#number(), nsOfDay: this.#number() },
        checksum: this.#number(),
      });
  }

  #readEpoch(ends: RingPosition[]): void {
    const shard = this.#number();
    ends[shard] = { sequence: ends[shard]?.sequence ?? 0, epoch: this.#number() };
  }

  #readRows(kind: 'rows' | 'books', ends: RingPosition[]): void {
    const shard = this.#number();
    const end = ends[shard] ?? { epoch: 0, sequence: 0 };
    const first = end.sequence + this.#number();
    const count = this.#number();
    this.records.push({ kind, shard, first, count });
    ends[shard] = { epoch: end.epoch, sequence: first + count };
  }

  #readOrder(): void {
    const number = this.#number();
    const length = this.#number();
    const update = orderIn(textIn(this.#bytes, this.#at, length));
    this.records.push({ kind: 'order', number, update });
    this.#at += length;
  }

  #number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at]!;
      this.#at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
}

function textIn(bytes: Uint8Array, from: number, count: number): string {
  return new TextDecoder().decode(bytes.subarray(from, from + count));
}
