// Where a reader of a table stands: by shard, the sequence it wants next and the epoch of what it
// saw before that. (epoch, sequence) names a row for ever, so a position outlives its process; what
// became of it meanwhile is what positionsAfter() finds out.
//
// Always: below `sequence` everything was seen; a greater epoch is later, whatever the sequence.

import { type Database, TableBatch, type TableInfo } from '@ndts/native/db';
import { NdtsError } from '@ndts/protocol';
import { array, record } from '../service/arguments.js';

export interface ShardPositions {
  readonly epoch: Uint32Array;
  readonly sequence: Float64Array;
}

/** Rows of a shard that were seen and lost since, with an asynchronous tail: from `last` on they
 * never were, and what comes next begins there. */
export interface VoidRows {
  readonly shard: number;
  /** Where the reader stood. */
  readonly epoch: number;
  readonly sequence: number;
  /** The last position that still holds: whatever was made of rows above it is to be undone. */
  readonly last: { readonly epoch: number; readonly sequence: number };
}

/** Before the first row of every shard. */
export function oldestPositions(shardCount: number): ShardPositions {
  return { epoch: new Uint32Array(shardCount), sequence: new Float64Array(shardCount) };
}

export function copyPositions({ epoch, sequence }: ShardPositions): ShardPositions {
  return { epoch: epoch.slice(), sequence: sequence.slice() };
}

/** What came from outside, as positions. INVALID_ARGUMENT. */
export function positionsOf(given: unknown, shardCount: number, name: string): ShardPositions {
  const fields = record(given, name);
  const epoch = array(fields['epoch'], Uint32Array, shardCount, `${name}: epoch`);
  const sequence = array(fields['sequence'], Float64Array, shardCount, `${name}: sequence`);
  for (const one of sequence)
    if (!Number.isSafeInteger(one) || one < 0)
      throw new NdtsError('INVALID_ARGUMENT', `${name}: ${one} is no sequence`);
  return { epoch: epoch.slice(), sequence: sequence.slice() };
}

/** Whether shard by shard one of the positions is later than the other. */
export function isLater(a: ShardPositions, b: ShardPositions, shard: number): boolean {
  const epochs = (a.epoch[shard] ?? 0) - (b.epoch[shard] ?? 0);
  return epochs > 0 || (epochs === 0 && (a.sequence[shard] ?? 0) > (b.sequence[shard] ?? 0));
}

/** Looks up what became of positions; those beyond the end of their epoch are moved back. Throws
 * WRONG_EPOCH for an epoch there was not yet, INVALID_ARGUMENT for a row there was not yet. */
export class PositionCheck {
  readonly #database: Database;
  readonly #table: TableInfo;
  readonly #marks: Float64Array;
  readonly #row: TableBatch;

  constructor(database: Database, table: TableInfo) {
    this.#database = database;
    this.#table = table;
    this.#marks = new Float64Array(4 * database.shardCount);
    this.#row = new TableBatch(table, 1);
  }

  /** Moves `positions` to where they go on. @returns what of them is void */
  settle({ epoch, sequence }: ShardPositions): VoidRows[] {
    this.#database.watermarks(this.#marks, this.#table.id);
    const voids: VoidRows[] = [];
    for (let shard = 0; shard < sequence.length; shard += 1) {
      const at = { epoch: epoch[shard] ?? 0, sequence: sequence[shard] ?? 0 };
      const end = this.#validEnd(shard, at.epoch, at.sequence);
      if (end === at.sequence) continue;
      voids.push({ shard, ...at, last: { epoch: at.epoch, sequence: end } });
      sequence[shard] = end;
    }
    return voids;
  }

  /** The end of what is still there of what was seen at this position. */
  #validEnd(shard: number, epoch: number, sequence: number): number {
    const current = this.#database.epoch(shard);
    const accepted = this.#marks[4 * shard] ?? 0;
    if (sequence === 0) return 0;
    if (epoch > current)
      throw new NdtsError(
        'WRONG_EPOCH',
        `shard ${shard} is at epoch ${current}, the position is of epoch ${epoch}`,
      );
    if (epoch === current && sequence > accepted)
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `shard ${shard} has rows below ${accepted}, the position is at ${sequence}`,
      );
    if (epoch === current) return sequence;
    const end = Math.min(sequence, accepted);
    const found = this.#at(shard, end - 1);
    // A row that retention took cannot tell; what follows it is passed over anyway.
    if (found === undefined || found.sequence !== end - 1 || found.epoch <= epoch) return end;
    return this.#firstAbove(shard, epoch, end - 1);
  }

  /** The first sequence of a later epoch; `high` is of one. Epochs only grow with sequences. */
  #firstAbove(shard: number, epoch: number, high: number): number {
    let low = 0;
    let first = high;
    while (low < first) {
      const middle = Math.floor((low + first) / 2);
      const found = this.#at(shard, middle);
      if (found !== undefined && found.epoch > epoch) first = middle;
      else low = middle + 1;
    }
    return first;
  }

  /** The row of this sequence, or the next one there is. */
  #at(shard: number, sequence: number): { epoch: number; sequence: number } | undefined {
    if (sequence < 0) return undefined;
    if (this.#database.readRows(this.#table.id, shard, sequence, this.#row) === 0) return undefined;
    return { epoch: this.#row.epoch[0] ?? 0, sequence: this.#row.sequence[0] ?? 0 };
  }
}
