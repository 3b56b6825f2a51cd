// hot: no allocation after init
// The order in which a strategy received its inputs, in a file: a checkpoint, then blocks of
// records (docs/formats/inputs.md). Written by the strategy's process before anything leaves it.
//
// Always: what was flushed is there after the process was killed; a checkpoint replaces the file as
// a whole, so there is the old one or the new one. What does not fit on the disk is DISK_FULL, and
// nothing that was whole before is lost by it. One thread.

import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { NdtsError, type RingPosition, type TickBatch, type Time } from '@ndts/protocol';
import { type Checkpoint, checkpointBytes, InputKind } from './input-checkpoint.js';

const headBytes = 8;
/** Records wait for the next flush, but no more than these. */
const bufferBytes = 1 << 16;
const recordBytesMax = 40;

/** Of ticks, or of books: next sequence of each shard, if nothing is left out, and its epoch. */
class RunPlaces {
  readonly next: number[] = [];
  readonly epochs: number[] = [];

  /** Kinds of their records. */
  readonly run: number;
  readonly epoch: number;

  constructor(run: number, epoch: number) {
    this.run = run;
    this.epoch = epoch;
  }

  startAt(positions: readonly RingPosition[]): void {
    for (const [shard, { epoch, sequence }] of positions.entries()) {
      this.next[shard] = sequence;
      this.epochs[shard] = epoch;
    }
  }
}

/** What is noted of rows. */
type NotedRows = Pick<TickBatch, 'shard' | 'sequence' | 'epoch'>;

/** By shard, of rows that were not received yet; of books none where there are none. */
export interface InputPositions {
  readonly ticks: readonly RingPosition[];
  readonly books: readonly RingPosition[];
}

export class InputLogWriter {
  readonly #path: string;
  readonly #writeSync: typeof writeSync;
  readonly #bytes = new Uint8Array(bufferBytes);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #ticks = new RunPlaces(InputKind.rows, InputKind.epoch);
  readonly #books = new RunPlaces(InputKind.books, InputKind.bookEpoch);
  #file = -1;
  #at = headBytes;
  #runOf = this.#ticks;
  #runShard = 0;
  #runFirst = 0;
  #runCount = 0;
  /** Of the file. */
  bytes = 0;

  /** `write`: as writeSync. */
  constructor(path: string, write: typeof writeSync = writeSync) {
    this.#path = path;
    this.#writeSync = write;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  }

  /** Goes on behind what was read of the file. */
  append(bytes: number, ends: InputPositions): void {
    this.#file = openSync(this.#path, 'r+');
    ftruncateSync(this.#file, bytes);
    this.bytes = bytes;
    this.#startAt(ends);
  }

  /** All before is in the checkpoint; the file begins anew. */
  begin(checkpoint: Checkpoint): void {
    const bytes = checkpointBytes(checkpoint);
    const draft = `${this.#path}.new`;
    const file = this.#create(draft, bytes);
    renameSync(draft, this.#path);
    if (this.#file >= 0) closeSync(this.#file);
    this.#file = file;
    this.bytes = bytes.length;
    this.#at = headBytes;
    this.#runCount = 0;
    this.#startAt({ ticks: checkpoint.positions, books: checkpoint.books ?? [] });
  }

  /** Ticks [from, to) were received. */
  rows(batch: NotedRows, from: number, to: number): void {
    this.#noteRows(this.#ticks, batch, from, to);
  }

  /** A book was. */
  book(batch: NotedRows, row: number): void {
    this.#noteRows(this.#books, batch, row, row + 1);
  }

  #noteRows(
    places: RunPlaces,
    { shard, sequence, epoch }: NotedRows,
    from: number,
    to: number,
  ): void {
    for (let row = from; row < to; row += 1) {
      const of = shard[row]!;
      const at = sequence[row]!;
      if (epoch[row] !== places.epochs[of]) this.#noteEpoch(places, of, epoch[row]!);
      const isNext = of === this.#runShard && at === this.#runFirst + this.#runCount;
      if (places !== this.#runOf || !isNext) this.#endRun();
      if (this.#runCount === 0) {
        this.#runOf = places;
        this.#runShard = of;
        this.#runFirst = at;
      }
      this.#runCount += 1;
    }
  }

  time(day: number, nsOfDay: number): void {
    this.#start(InputKind.time);
    this.#number(day);
    this.#number(nsOfDay);
  }

  /** `update`: JSON. */
  order(number: number, update: string): void {
    const text = new TextEncoder().encode(update);
    this.#start(InputKind.order, text.length);
    this.#number(number);
    this.#number(text.length);
    this.#bytes.set(text, this.#at);
    this.#at += text.length;
    this.flush();
  }

  /** So many symbols of the directory are known. */
  symbols(count: number): void {
    this.#start(InputKind.symbols);
    this.#number(count);
  }

  /** A signal is about to leave; flushed. */
  signal(time: Time, checksum: number): void {
    this.#start(InputKind.signal);
    this.#number(time.day);
    this.#number(time.nsOfDay);
    this.#number(checksum);
    this.flush();
  }

  flush(): void {
    this.#endRun();
    if (this.#at === headBytes || this.#file < 0) return;
    this.#view.setUint32(0, this.#at - headBytes, true);
    this.#view.setUint32(4, crc32(this.#bytes.subarray(headBytes, this.#at)), true);
    this.#write(this.#file, this.#bytes.subarray(0, this.#at), this.bytes);
    this.bytes += this.#at;
    this.#at = headBytes;
  }

  /** The file stays. */
  close(): void {
    if (this.#file >= 0) closeSync(this.#file);
    this.#file = -1;
  }

  /** Nothing is to be gone on from. */
  remove(): void {
    this.close();
    rmSync(this.#path, { force: true });
  }

  /** A draft that is not whole takes no room. */
  #create(draft: string, bytes: Uint8Array): number {
    let file = -1;
    try {
      file = this.#orFull(() => openSync(draft, 'w', 0o600));
      this.#write(file, bytes, 0);
      return file;
    } catch (error) {
      if (file >= 0) closeSync(file);
      rmSync(draft, { force: true });
      throw error;
    }
  }

  /** The system may write a part only: the rest says why. */
  #write(file: number, bytes: Uint8Array, at: number): void {
    for (let done = 0; done < bytes.length; )
      done += this.#orFull(() =>
        this.#writeSync(file, bytes, done, bytes.length - done, at + done),
      );
  }

  #orFull<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!isFull(error)) throw error;
      const what = `no space for the log of inputs ${this.#path}`;
      throw new NdtsError('DISK_FULL', what, { cause: error });
    }
  }

  #startAt({ ticks, books }: InputPositions): void {
    this.#ticks.startAt(ticks);
    this.#books.startAt(books);
  }

  #noteEpoch(places: RunPlaces, shard: number, epoch: number): void {
    this.#start(places.epoch);
    this.#number(shard);
    this.#number(epoch);
    places.epochs[shard] = epoch;
  }

  #endRun(): void {
    if (this.#runCount === 0) return;
    const [shard, first, count] = [this.#runShard, this.#runFirst, this.#runCount];
    const { run, next } = this.#runOf;
    this.#runCount = 0;
    this.#start(run);
    this.#number(shard);
    this.#number(first - (next[shard] ?? 0));
    this.#number(count);
    next[shard] = first + count;
  }

  #start(kind: number, more = 0): void {
    this.#endRun();
    if (this.#at + recordBytesMax + more > bufferBytes) this.flush();
    this.#bytes[this.#at] = kind;
    this.#at += 1;
  }

  /** Seven bits a byte, the lowest first; the last byte has no high bit. */
  #number(value: number): void {
    let left = value;
    while (left >= 128) {
      this.#bytes[this.#at] = 128 + (left % 128);
      this.#at += 1;
      left = Math.floor(left / 128);
    }
    this.#bytes[this.#at] = left;
    this.#at += 1;
  }
}

function isFull(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === 'ENOSPC' || code === 'EDQUOT';
}
