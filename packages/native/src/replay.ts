// Replays of a table: rows of many symbols in one order, decoded by threads of the engine into a
// few batches that are used again and again. storage/src/replay is the door for everybody else.
// hot: no allocation after init

import { NdtsError, type TableSchema, type Time } from '@ndts/protocol';
import { addon, native, toNdtsError } from './addon.js';
import { batchOver, type ReplayBatch } from './replay-batch.js';

export type { ReplayBatch } from './replay-batch.js';

export interface ReplayRequest {
  /** Default: ticks. */
  readonly table?: number;
  /** Ids, each once; default: all. */
  readonly symbols?: Uint32Array;
  /** Inclusive; default: from the first row. */
  readonly from?: Time;
  /** Exclusive; default: to the last. */
  readonly to?: Time;
  /** Places of the columns in the table's schema. None may be of type text or bytes. */
  readonly columns: readonly number[];
  /** Rows of a batch. */
  readonly capacity: number;
  /** How many batches there are, at least two; default 4. */
  readonly batches?: number;
  /** Threads that decode ahead of the merge; default 1. */
  readonly threads?: number;
  /** Only the last row of each symbol in each interval of so many nanoseconds; default 0: all. */
  readonly intervalNs?: number;
}

export interface ReplayReader {
  /** By shard: the first sequence that the replay does not see. What is appended after the replay
   * was made has it, or a greater one: whoever wants more goes on from there. */
  readonly ends: Float64Array;
  /** The next batch; undefined when there is none yet, or no more. The one before is no longer
   * the caller's. Throws CORRUPT, IO_ERROR and VERSION_TOO_NEW of a file, CLOSED. */
  take(): ReplayBatch | undefined;
  /** Whether all batches were taken. */
  readonly ended: boolean;
  /** Until take() may say more. */
  wait(): Promise<void>;
  /** Lets files and memory go; twice is allowed. Batches are not filled any more. */
  close(): void;
}

/** What the engine makes of a request; only a replay can be made of it. */
export interface NativeReplayRequest {
  readonly table: number | undefined;
  readonly symbols: Uint32Array | undefined;
  readonly fromDay: number;
  readonly fromNs: number;
  readonly toDay: number;
  readonly toNs: number;
  readonly columns: readonly number[];
  readonly capacity: number;
  readonly batches: number;
  readonly threads: number;
  readonly intervalNs: number;
}

interface NativeReplay {
  buffers(): ArrayBuffer[];
  ends(): Float64Array;
  take(counts: Float64Array): number;
  wait(): Promise<void>;
  close(): void;
}

const { Replay: NativeReplay } = addon as { Replay: new (made: unknown) => NativeReplay };

const defaultBatches = 4;
const tookBatch = 1;
const tookEnd = 3;

export function nativeRequest(request: ReplayRequest): NativeReplayRequest {
  return {
    table: request.table,
    symbols: request.symbols,
    fromDay: request.from?.day ?? Number.NEGATIVE_INFINITY,
    fromNs: request.from?.nsOfDay ?? 0,
    toDay: request.to?.day ?? Number.POSITIVE_INFINITY,
    toNs: request.to?.nsOfDay ?? 0,
    columns: request.columns,
    capacity: request.capacity,
    batches: request.batches ?? defaultBatches,
    threads: request.threads ?? 1,
    intervalNs: request.intervalNs ?? 0,
  };
}

export class AddonReplay implements ReplayReader {
  readonly ends: Float64Array;
  readonly #native: NativeReplay;
  readonly #batches: readonly ReplayBatch[];
  readonly #counts = new Float64Array(2);
  #next = 0;
  #ended = false;

  /** @param made what the database's replay() returned for the request */
  constructor(made: unknown, schema: TableSchema, request: ReplayRequest) {
    this.#native = native(() => new NativeReplay(made));
    this.ends = this.#native.ends();
    this.#batches = this.#native.buffers().map((buffer) => batchOver(buffer, schema, request));
  }

  get ended(): boolean {
    return this.#ended;
  }

  take(): ReplayBatch | undefined {
    let outcome: number;
    try {
      outcome = this.#native.take(this.#counts);
    } catch (error) {
      throw toNdtsError(error);
    }
    this.#ended = outcome === tookEnd;
    if (outcome !== tookBatch) return undefined;
    const batch = this.#batches[this.#next];
    if (batch === undefined) throw new NdtsError('INTERNAL', 'a replay without batches');
    this.#next = (this.#next + 1) % this.#batches.length;
    batch.count = this.#counts[0] ?? 0;
    batch.steps = this.#counts[1] ?? 0;
    return batch;
  }

  async wait(): Promise<void> {
    try {
      await this.#native.wait();
    } catch (error) {
      throw toNdtsError(error);
    }
  }

  close(): void {
    this.#native.close();
  }
}
