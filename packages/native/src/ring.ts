// Rings in shared memory: one writer, many readers in any process of this host. What the memory
// holds and how it is read without locks: docs/protocol/ring.md. Every handle belongs to one
// thread; closing twice is allowed, any other call after close is CLOSED.
// hot: no allocation after init

import type {
  BookBatch,
  RecordKind,
  RingPosition,
  RingWait,
  RowStreamReader,
  TickBatch,
  TradeBatch,
} from '@ndts/protocol';
import { addon, native, toNdtsError } from './addon.js';

export interface RowRingsOptions {
  /** Folder, in shared memory; created 0700, the rings 0600. Rings of this kind and of older epochs
   * are removed. */
  readonly dir: string;
  readonly slotCount: number;
  /** By shard. */
  readonly epochs: readonly number[];
  /** By shard: the sequence of the first row this ring will carry. */
  readonly firstSequences: readonly number[];
}

/** One ring per shard, written together. */
export interface RowRingWriter<Batch> {
  /** Files by shard. */
  readonly paths: readonly string[];
  /** Publishes rows [0, count); their shard, epoch and sequence are those of the append: within a
   * shard each follows the row before it. Sequences skipped since the last batch are filled with
   * void slots. Readers that sleep are woken. INVALID_ARGUMENT publishes nothing. */
  publish(batch: Batch): void;
  /** As Database.watermarks gives them: 4 values per shard. */
  setWatermarks(marks: Float64Array): void;
  heartbeat(monotonicNs: number): void;
  /** Unmaps and removes the files. */
  close(): void;
}

export interface RingMarks {
  readonly epoch: number;
  readonly tail: number;
  readonly accepted: number;
  readonly durable: number;
  readonly replicated: number;
  readonly sealed: number;
  readonly heartbeatNs: number;
}

export interface RowRingReader<Batch> extends RowStreamReader<Batch> {
  /** Of lapped(): rows that were published. The others fill sequences that never were. */
  overtaken(): number;
  marks(shard: number): RingMarks;
}

export type TickRingWriter = RowRingWriter<TickBatch>;
export type TradeRingWriter = RowRingWriter<TradeBatch>;
export type BookRingWriter = RowRingWriter<BookBatch>;
export type TickRingReader = RowRingReader<TickBatch>;
export type TradeRingReader = RowRingReader<TradeBatch>;
export type BookRingReader = RowRingReader<BookBatch>;

export interface OpenRowRingsOptions {
  readonly paths: readonly string[];
  /** Where to start, by shard. 'oldest': what the ring still holds; 'tail': only what comes. */
  readonly from: 'oldest' | 'tail' | ReadonlyMap<number, RingPosition>;
}

export interface SlotRingOptions {
  /** A ring of an older epoch at this path is replaced by a new file; any other file there is
   * ALREADY_EXISTS. */
  readonly path: string;
  readonly kind: RecordKind;
  readonly slotBytes: number;
  readonly slotCount: number;
  /** The shard or strategy instance it belongs to. */
  readonly owner: number;
  readonly epoch: number;
  readonly firstSequence: number;
}

/** A ring of raw slots (factors, signals); both ends read the fields with the schema's offsets. */
export interface SlotRingWriter {
  /** Publishes the first `count` slots of the buffer. */
  publish(slots: Uint8Array, count: number): void;
  /** Unmaps. The file stays, so that what was published last can still be read. */
  close(): void;
}

export interface SlotRingReader {
  /** Copies as many whole slots as fit and are there; returns how many. */
  poll(into: Uint8Array): number;
  /** Sequence of the next slot. */
  nextSequence(): number;
  lapped(): number;
  close(): void;
}

/** Where sleepers meet whoever publishes: a file beside the rings (docs/protocol/ring.md). */
export interface RingBell {
  /** Wakes all that rest. Costs little while nobody does. */
  ring(): void;
  /** From now on whoever rings is heard, once. The caller looks at its rings once more after this.
   * A process that rests does not end by itself. */
  rest(): void;
  close(): void;
}

interface NativeRingWriter {
  paths(): string[];
  publish(buffer: ArrayBuffer, capacity: number, count: number): void;
  setWatermarks(marks: Float64Array): void;
  heartbeat(monotonicNs: number): void;
  close(): void;
}

interface NativeRingReader {
  poll(buffer: ArrayBuffer, capacity: number): number;
  waitPoll(
    buffer: ArrayBuffer,
    capacity: number,
    spinUs: number,
    yieldUs: number,
    sleepUs: number,
  ): number;
  lapped(): number;
  overtaken(): number;
  position(shard: number): RingPosition;
  marks(shard: number): RingMarks;
  close(): void;
}

type Start = 'oldest' | 'tail';
type Numbers = readonly number[];

interface NewRingWriter {
  new (dir: string, slotCount: number, epochs: Numbers, firstSequences: Numbers): NativeRingWriter;
}

interface NewRingReader {
  new (
    paths: readonly string[],
    fromOrShards: Start | Numbers,
    epochs?: Numbers,
    sequences?: Numbers,
  ): NativeRingReader;
}

interface NewSlotRingWriter {
  new (
    path: string,
    kind: number,
    slotBytes: number,
    slotCount: number,
    owner: number,
    epoch: number,
    firstSequence: number,
  ): SlotRingWriter;
}

interface NewSlotRingReader {
  new (path: string, from: Start | number): SlotRingReader;
}

const classes = addon as {
  readonly TickRingWriter: NewRingWriter;
  readonly TickRingReader: NewRingReader;
  readonly TradeRingWriter: NewRingWriter;
  readonly TradeRingReader: NewRingReader;
  readonly BookRingWriter: NewRingWriter;
  readonly BookRingReader: NewRingReader;
  readonly SlotRingWriter: NewSlotRingWriter;
  readonly SlotRingReader: NewSlotRingReader;
  readonly RingBell: new (path: string, isOurs: boolean, onRung: () => void) => RingBell;
};

/** What every batch has. */
interface BatchMemory {
  readonly buffer: ArrayBuffer;
  readonly capacity: number;
  count: number;
}

class AddonRingWriter<Batch extends BatchMemory> implements RowRingWriter<Batch> {
  readonly #native: NativeRingWriter;
  readonly paths: readonly string[];

  constructor(Writer: NewRingWriter, options: RowRingsOptions) {
    const { dir, slotCount, epochs, firstSequences } = options;
    const made = native(() => new Writer(dir, slotCount, epochs, firstSequences));
    this.#native = made;
    this.paths = made.paths();
  }

  publish(batch: Batch): void {
    try {
      this.#native.publish(batch.buffer, batch.capacity, batch.count);
    } catch (error) {
      throw toNdtsError(error);
    }
  }

  setWatermarks(marks: Float64Array): void {
    try {
      this.#native.setWatermarks(marks);
    } catch (error) {
      throw toNdtsError(error);
    }
  }

  heartbeat(monotonicNs: number): void {
    try {
      this.#native.heartbeat(monotonicNs);
    } catch (error) {
      throw toNdtsError(error);
    }
  }

  close(): void {
    this.#native.close();
  }
}

/** Before it sleeps: a row that comes at once is taken without waking anybody. */
const yieldUsBeforeSleep = 50;

class AddonRingReader<Batch extends BatchMemory> implements RowRingReader<Batch> {
  readonly #native: NativeRingReader;

  constructor(Reader: NewRingReader, options: OpenRowRingsOptions) {
    this.#native = native(() => AddonRingReader.#open(Reader, options));
  }

  static #open(Reader: NewRingReader, options: OpenRowRingsOptions): NativeRingReader {
    const { paths, from } = options;
    if (typeof from === 'string') return new Reader(paths, from);
    const positions = [...from.values()];
    return new Reader(
      paths,
      [...from.keys()],
      positions.map((position) => position.epoch),
      positions.map((position) => position.sequence),
    );
  }

  poll(batch: Batch): number {
    try {
      batch.count = this.#native.poll(batch.buffer, batch.capacity);
    } catch (error) {
      throw toNdtsError(error);
    }
    return batch.count;
  }

  waitPoll(batch: Batch, spinUs: number, wait: RingWait = 'spin', waitUs = 0): number {
    const { buffer, capacity } = batch;
    let yieldUs = wait === 'spin' ? 0 : waitUs;
    let sleepUs = 0;
    if (wait === 'sleep' && waitUs > yieldUsBeforeSleep) {
      yieldUs = yieldUsBeforeSleep;
      sleepUs = waitUs - yieldUs;
    }
    try {
      batch.count = this.#native.waitPoll(buffer, capacity, spinUs, yieldUs, sleepUs);
    } catch (error) {
      throw toNdtsError(error);
    }
    return batch.count;
  }

  lapped(): number {
    return native(() => this.#native.lapped());
  }

  overtaken(): number {
    return native(() => this.#native.overtaken());
  }

  position(shard: number): RingPosition {
    return native(() => this.#native.position(shard));
  }

  marks(shard: number): RingMarks {
    return native(() => this.#native.marks(shard));
  }

  close(): void {
    this.#native.close();
  }
}

class AddonSlotRingWriter implements SlotRingWriter {
  readonly #native: SlotRingWriter;

  constructor(options: SlotRingOptions) {
    const { path, kind, slotBytes, slotCount, owner, epoch, firstSequence } = options;
    this.#native = native(
      () =>
        new classes.SlotRingWriter(path, kind, slotBytes, slotCount, owner, epoch, firstSequence),
    );
  }

  publish(slots: Uint8Array, count: number): void {
    try {
      this.#native.publish(slots, count);
    } catch (error) {
      throw toNdtsError(error);
    }
  }

  close(): void {
    this.#native.close();
  }
}

class AddonSlotRingReader implements SlotRingReader {
  readonly #native: SlotRingReader;

  constructor(path: string, from: Start | number) {
    this.#native = native(() => new classes.SlotRingReader(path, from));
  }

  poll(into: Uint8Array): number {
    try {
      return this.#native.poll(into);
    } catch (error) {
      throw toNdtsError(error);
    }
  }

  nextSequence(): number {
    return native(() => this.#native.nextSequence());
  }

  lapped(): number {
    return native(() => this.#native.lapped());
  }

  close(): void {
    this.#native.close();
  }
}

class AddonRingBell implements RingBell {
  readonly #native: RingBell;
  #closed = false;

  constructor(path: string, isOurs: boolean, onRung: () => void) {
    // What was rung before it was closed may be told after.
    const heard = (): void => {
      if (!this.#closed) onRung();
    };
    this.#native = native(() => new classes.RingBell(path, isOurs, heard));
  }

  ring(): void {
    try {
      this.#native.ring();
    } catch (error) {
      throw toNdtsError(error);
    }
  }

  rest(): void {
    try {
      this.#native.rest();
    } catch (error) {
      throw toNdtsError(error);
    }
  }

  close(): void {
    this.#closed = true;
    this.#native.close();
  }
}

export function createTickRings(options: RowRingsOptions): TickRingWriter {
  return new AddonRingWriter(classes.TickRingWriter, options);
}

export function openTickRings(options: OpenRowRingsOptions): TickRingReader {
  return new AddonRingReader(classes.TickRingReader, options);
}

export function createTradeRings(options: RowRingsOptions): TradeRingWriter {
  return new AddonRingWriter(classes.TradeRingWriter, options);
}

export function openTradeRings(options: OpenRowRingsOptions): TradeRingReader {
  return new AddonRingReader(classes.TradeRingReader, options);
}

export function createBookRings(options: RowRingsOptions): BookRingWriter {
  return new AddonRingWriter(classes.BookRingWriter, options);
}

export function openBookRings(options: OpenRowRingsOptions): BookRingReader {
  return new AddonRingReader(classes.BookRingReader, options);
}

export function createSlotRing(options: SlotRingOptions): SlotRingWriter {
  return new AddonSlotRingWriter(options);
}

/** `from` may be a sequence: the next one wanted. */
export function openSlotRing(path: string, from: 'oldest' | 'tail' | number): SlotRingReader {
  return new AddonSlotRingReader(path, from);
}

/** Makes the bell where there is none yet; it stays when it is closed. */
export function createRingBell(path: string, onRung: () => void = () => undefined): RingBell {
  return new AddonRingBell(path, true, onRung);
}

/** Throws NOT_FOUND; READ_ONLY for who may not write to it. */
export function openRingBell(path: string, onRung: () => void = () => undefined): RingBell {
  return new AddonRingBell(path, false, onRung);
}
