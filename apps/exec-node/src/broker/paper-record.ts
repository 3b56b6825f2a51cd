// The simulated venue's own record: an append-only file of JSON lines in its own folder, written
// before anything is answered. It is the venue's memory across restarts and an independent witness
// of what was sent to it. What always holds: one write per batch; a line that was answered is never
// lost to kill -9; a torn last line was never answered and is cut off at the next open.
//
// Quantities, prices and fees are integers scaled by 1e8, as text.

import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { NdtsError } from '@ndts/protocol';

interface Stamped {
  /** clientOrderId. */
  readonly id: string;
  readonly day: number;
  readonly ns: number;
}

export interface RecordedOrder extends Stamped {
  readonly kind: 'order';
  readonly venueOrderId: string;
  readonly symbol: number;
  readonly side: number;
  readonly type: number;
  readonly quantity: string;
  readonly limitPrice: string;
}

/** An id that was received before: refused, never executed. */
export interface RecordedDuplicate extends Stamped {
  readonly kind: 'duplicate';
}

export interface RecordedReject extends Stamped {
  readonly kind: 'reject';
  readonly venueOrderId: string;
  readonly reason: string;
}

export interface RecordedCancel extends Stamped {
  readonly kind: 'cancel';
}

export interface RecordedFill extends Stamped {
  readonly kind: 'fill';
  readonly tradeId: string;
  readonly symbol: number;
  readonly side: number;
  readonly quantity: string;
  readonly price: string;
  readonly fee: string;
}

export type RecordEntry =
  | RecordedOrder
  | RecordedDuplicate
  | RecordedReject
  | RecordedCancel
  | RecordedFill;

export const recordFileName = 'record.jsonl';
const chunkBytes = 1 << 20;
const newline = 0x0a;

/** Reads every whole line of a record, oldest first; returns the bytes they take. */
export function readRecord(path: string, take: (entry: RecordEntry) => void): number {
  const file = openSync(path, 'r');
  try {
    return readLines(file, path, take);
  } finally {
    closeSync(file);
  }
}

function readLines(file: number, path: string, take: (entry: RecordEntry) => void): number {
  const chunk = Buffer.allocUnsafe(chunkBytes);
  let rest = Buffer.alloc(0);
  let whole = 0;
  for (;;) {
    const bytes = readSync(file, chunk, 0, chunkBytes, null);
    if (bytes === 0) return whole;
    const data = Buffer.concat([rest, chunk.subarray(0, bytes)]);
    let start = 0;
    for (;;) {
      const end = data.indexOf(newline, start);
      if (end < 0) break;
      take(parseLine(data.toString('utf8', start, end), path, whole));
      whole += end + 1 - start;
      start = end + 1;
    }
    rest = Buffer.from(data.subarray(start));
  }
}

function parseLine(line: string, path: string, offset: number): RecordEntry {
  try {
    return JSON.parse(line) as RecordEntry;
  } catch {
    throw new NdtsError('CORRUPT', `expected a JSON line at byte ${offset} of ${path}`);
  }
}

export class PaperRecord {
  readonly path: string;
  readonly #file: number;
  #lines = '';
  #scratch = Buffer.allocUnsafeSlow(1 << 16);

  /** Opens the record in the folder, replays it, and cuts off a torn last line. */
  constructor(dir: string, take: (entry: RecordEntry) => void) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.path = join(dir, recordFileName);
    this.#file = openSync(this.path, 'a+', 0o600);
    try {
      const whole = readRecord(this.path, take);
      if (whole < fstatSync(this.#file).size) ftruncateSync(this.#file, whole);
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
  }

  /** Bytes not yet written. */
  get pending(): number {
    return this.#lines.length;
  }

  order(entry: Omit<RecordedOrder, 'kind'>): void {
    this.#lines +=
      `{"kind":"order","id":${JSON.stringify(entry.id)},"venueOrderId":"${entry.venueOrderId}",` +
      `"symbol":${entry.symbol},"side":${entry.side},"type":${entry.type},` +
      `"quantity":"${entry.quantity}","limitPrice":"${entry.limitPrice}",` +
      `"day":${entry.day},"ns":${entry.ns}}\n`;
  }

  fill(entry: Omit<RecordedFill, 'kind'>): void {
    this.#lines +=
      `{"kind":"fill","tradeId":"${entry.tradeId}","id":${JSON.stringify(entry.id)},` +
      `"symbol":${entry.symbol},"side":${entry.side},"quantity":"${entry.quantity}",` +
      `"price":"${entry.price}","fee":"${entry.fee}","day":${entry.day},"ns":${entry.ns}}\n`;
  }

  other(entry: RecordedDuplicate | RecordedReject | RecordedCancel): void {
    this.#lines += `${JSON.stringify(entry)}\n`;
  }

  /** Writes what was recorded, before anything of it is answered. */
  write(): void {
    if (this.#lines === '') return;
    const bytes = Buffer.byteLength(this.#lines, 'utf8');
    if (bytes > this.#scratch.length) this.#scratch = Buffer.allocUnsafeSlow(bytes * 2);
    this.#scratch.write(this.#lines, 'utf8');
    this.#lines = '';
    let written = 0;
    while (written < bytes)
      written += writeSync(this.#file, this.#scratch, written, bytes - written);
  }

  close(): void {
    closeSync(this.#file);
  }
}
