// The simulated venue's own record: an append-only file of JSON lines in its own folder, written
// before anything is answered. It is the venue's memory across restarts and an independent witness
// of what was sent to it. What always holds: one write per batch; a line that was answered is never
// lost to kill -9; a torn last line was never answered and is cut off at the next open.
//
// A record that has grown long begins again at an open: a new file opens with the state so far,
// and the old one stays as record-<part>.jsonl, of which the newest few are kept. The new file
// takes the old one's place by a rename, so that there is always exactly one whole record.
//
// Quantities, prices and fees are integers scaled by 1e8, as text.

import {
  closeSync,
  copyFileSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { NdtsError } from '@ndts/protocol';

/** What the venue keeps. */
export interface PaperLimits {
  /** A record longer than this begins again at the next open. */
  readonly recordBytes: number;
  /** Parts of the record that stay behind it. */
  readonly archives: number;
  /** Closed orders in memory. */
  readonly closedOrders: number;
}

export const defaultLimits: PaperLimits = {
  recordBytes: 4 * 1024 * 1024,
  archives: 8,
  closedOrders: 4096,
};

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
  /** An OrderOffset; absent: none. */
  readonly offset?: number;
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

/** A change of quantity or price that was carried out. */
export interface RecordedReplace extends Stamped {
  readonly kind: 'replace';
  readonly quantity: string;
  readonly limitPrice: string;
}
export interface RecordedFill extends Stamped {
  readonly kind: 'fill';
  readonly tradeId: string;
  readonly symbol: number;
  readonly side: number;
  readonly quantity: string;
  readonly price: string;
  readonly fee: string;
  /** An OrderOffset; absent: none. */
  readonly offset?: number;
}

export type RecordEntry =
  | RecordedOrder
  | RecordedDuplicate
  | RecordedReject
  | RecordedCancel
  | RecordedReplace
  | RecordedFill;

/** What a record begins with when it is not the first: all that the parts before it gave. */
export type RecordState =
  | { kind: 'state'; part: number; orders: number; fills: number }
  | { kind: 'highest'; series: string; ordinal: number }
  | { kind: 'known'; known: string }
  | { kind: 'sides'; symbol: number; tradingDay: number; held: readonly string[] }
  | { kind: 'holding'; symbol: number; quantity: string; averagePrice: string }
  | (Omit<RecordedOrder, 'kind' | 'day' | 'ns'> & {
      kind: 'standing';
      filled: string;
      state: number;
    });

export type RecordLine = RecordEntry | RecordState;

export const recordFileName = 'record.jsonl';
const newFileName = 'record.jsonl.new';
const archiveName = /^record-(\d+)\.jsonl$/;
const chunkBytes = 1 << 20;
const newline = 0x0a;

export class PaperRecord {
  readonly dir: string;
  readonly path: string;
  #file: number;
  #part = 1;
  #lines = '';
  #scratch = Buffer.allocUnsafeSlow(1 << 16);

  /** Opens the record in the folder, replays it, and cuts off a torn last line. */
  constructor(dir: string, take: (line: RecordLine) => void) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.dir = dir;
    this.path = join(dir, recordFileName);
    this.#file = openSync(this.path, 'a+', 0o600);
    try {
      const whole = readFileLines(this.path, (line) => {
        if (line.kind === 'state') this.#part = line.part;
        take(line);
      });
      if (whole < fstatSync(this.#file).size) ftruncateSync(this.#file, whole);
      // Of a beginning again that was cut off: the record itself is still that part.
      rmSync(archivePath(dir, this.#part), { force: true });
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
  }

  get bytes(): number {
    return fstatSync(this.#file).size;
  }

  /** Number of this file of the record, from 1. */
  get part(): number {
    return this.#part;
  }

  /** Begins again with this state, which must say part + 1, before anything is recorded. Keeps so
   * many archives. When it throws, the record goes on as it was. */
  beginAgain(state: Iterable<RecordState>, archives: number): void {
    const lines = [...state].map((line) => `${JSON.stringify(line)}\n`);
    const fresh = join(this.dir, newFileName);
    writeFileSync(fresh, lines.join(''), { mode: 0o600, flush: true });
    copyFileSync(this.path, archivePath(this.dir, this.#part));
    const file = openSync(fresh, 'a+', 0o600);
    try {
      renameSync(fresh, this.path);
    } catch (error) {
      closeSync(file);
      throw error;
    }
    closeSync(this.#file);
    this.#file = file;
    this.#part += 1;
    syncFolder(this.dir);
    for (const part of archivesOf(this.dir))
      if (part < this.#part - archives) rmSync(archivePath(this.dir, part), { force: true });
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
      `${offsetField(entry.offset)}"day":${entry.day},"ns":${entry.ns}}\n`;
  }

  fill(entry: Omit<RecordedFill, 'kind'>): void {
    this.#lines +=
      `{"kind":"fill","tradeId":"${entry.tradeId}","id":${JSON.stringify(entry.id)},` +
      `"symbol":${entry.symbol},"side":${entry.side},"quantity":"${entry.quantity}",` +
      `"price":"${entry.price}","fee":"${entry.fee}",${offsetField(entry.offset)}` +
      `"day":${entry.day},"ns":${entry.ns}}\n`;
  }

  other(entry: RecordedDuplicate | RecordedReject | RecordedCancel | RecordedReplace): void {
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

function offsetField(offset: number | undefined): string {
  return offset === undefined || offset === 0 ? '' : `"offset":${offset},`;
}

/** Reads every whole line of one file of a record, oldest first, but not the state it begins with;
 * returns the bytes all lines take. */
export function readRecord(path: string, take: (entry: RecordEntry) => void): number {
  return readFileLines(path, (line) => {
    if (isEntry(line)) take(line);
  });
}

/** Reads what the venue still has of its record, oldest first, over all its files. True: nothing of
 * it is gone. */
export function readRecords(dir: string, take: (entry: RecordEntry) => void): boolean {
  const parts = archivesOf(dir);
  let part = 1;
  for (const archive of parts) readRecord(archivePath(dir, archive), take);
  readFileLines(join(dir, recordFileName), (line) => {
    if (line.kind === 'state') part = line.part;
    else if (isEntry(line)) take(line);
  });
  return parts.length === part - 1;
}

/** Numbers of the archived parts, oldest first. */
function archivesOf(dir: string): number[] {
  return readdirSync(dir)
    .flatMap((name) => archiveName.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

function archivePath(dir: string, part: number): string {
  return join(dir, `record-${part}.jsonl`);
}

function isEntry(line: RecordLine): line is RecordEntry {
  return 'day' in line;
}

function readFileLines(path: string, take: (line: RecordLine) => void): number {
  const file = openSync(path, 'r');
  try {
    return readLines(file, path, take);
  } finally {
    closeSync(file);
  }
}

function readLines(file: number, path: string, take: (line: RecordLine) => void): number {
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

function parseLine(line: string, path: string, offset: number): RecordLine {
  try {
    return JSON.parse(line) as RecordLine;
  } catch {
    throw new NdtsError('CORRUPT', `expected a JSON line at byte ${offset} of ${path}`);
  }
}

function syncFolder(dir: string): void {
  const folder = openSync(dir, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
