// Factors over history: the same program that runs live, over batches of a replay. Always: the
// values are those a stream of these rows from the first one on would have given, to the bit.

import type { FactorProgram } from '@ndts/native/factor';
import { createTickBatch, type TickBatch } from '@ndts/protocol';
import { type TickColumn, type TickReplayBatch, tickColumns } from '@ndts/storage';
import { compileFactors } from './compile.js';
import type { Expression } from './expression.js';

/** What a factor may read of a replayed tick; the flags are no number. */
type ReplayedColumn = Exclude<TickColumn, 'flags'>;
export const replayedColumns: readonly ReplayedColumn[] = tickColumns.filter(
  (name): name is ReplayedColumn => name !== 'flags',
);

export type ReplayedBatch = TickReplayBatch<ReplayedColumn>;

const ownColumns = ['day', 'nsOfDay', 'sequence', 'symbol', ...replayedColumns] as const;

/** Parts of replayed batches as batches of ticks. */
export class ReplayedTicks {
  readonly #batch: TickBatch;

  constructor(capacity = 4096) {
    this.#batch = createTickBatch(capacity);
  }

  /** Rows of one call of take(). */
  get capacity(): number {
    return this.#batch.capacity;
  }

  /** Rows [from, from + count), valid until the next call. */
  take(batch: ReplayedBatch, from: number, count: number): TickBatch {
    for (const name of ownColumns)
      this.#batch[name].set(batch[name].subarray(from, from + count) as Float64Array);
    this.#batch.count = count;
    return this.#batch;
  }
}

export class FactorsOverHistory {
  readonly #program: FactorProgram;
  readonly #ticks: ReplayedTicks;

  /** Throws INVALID_ARGUMENT where an expression can't be run. */
  constructor(expressions: readonly Expression[], capacity = 4096) {
    this.#ticks = new ReplayedTicks(capacity);
    this.#program = compileFactors(expressions, capacity);
  }

  /** Rows of a symbol before each factor has its first value. */
  get warmUp(): readonly number[] {
    return this.#program.warmUp;
  }

  /** The factors of rows [from, from + count) of a batch, valid until the next call. */
  run(batch: ReplayedBatch, from: number, count: number): readonly Float64Array[] {
    this.#program.update(this.#ticks.take(batch, from, count));
    return this.#program.outputs;
  }

  /** Rows that one call of run() takes. */
  get capacity(): number {
    return this.#ticks.capacity;
  }

  close(): void {
    this.#program.close();
  }
}
