// Rows between a position and where live goes on, as they came out of the database, for the log of
// inputs to be played over, or for a strategy that was overtaken. Always: a row is found by shard
// and sequence; what was lost is missed.

import { NdtsError, type RingPosition } from '@ndts/protocol';
import type { RowForm } from '../source/live-rows.js';

export interface GapBatch {
  readonly capacity: number;
  count: number;
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;
  readonly sequence: Float64Array;
  readonly shard: Uint32Array;
}

export interface Place<Batch> {
  readonly batch: Batch;
  readonly row: number;
}

export class GapRows<Batch extends GapBatch> {
  readonly #form: Omit<RowForm<Batch>, 'open'>;
  readonly #batch: Batch;
  /** By shard, in the order of their sequence. */
  readonly #shards: Place<Batch>[][] = [];

  constructor(form: Omit<RowForm<Batch>, 'open'>, capacity: number) {
    this.#form = form;
    this.#batch = form.createBatch(capacity);
  }

  add(batch: Batch): void {
    for (let row = 0; row < batch.count; row += 1) {
      const shard = batch.shard[row]!;
      this.#shards[shard] ??= [];
      this.#shards[shard].push({ batch, row });
    }
  }

  /** CORRUPT: not all of them are there. */
  places(shard: number, first: number, count: number): readonly Place<Batch>[] {
    const places = this.#shards[shard] ?? [];
    const from = lowerBound(places, first);
    const found = places.slice(from, from + count);
    const isThere = found.length === count && sequenceOf(found.at(-1)!) === first + count - 1;
    if (!isThere) throw new NdtsError('CORRUPT', `rows that were received are gone, from ${first}`);
    return found;
  }

  /** All from these positions on, in the order of their time; rows of a shard as they came. */
  rest(from: readonly RingPosition[]): readonly Place<Batch>[] {
    const queues = this.#shards.map((places, shard) =>
      places.slice(lowerBound(places, from[shard]?.sequence ?? 0)),
    );
    const at = queues.map(() => 0);
    const merged: Place<Batch>[] = [];
    for (;;) {
      let least = -1;
      for (const [shard, queue] of queues.entries()) {
        const place = queue?.[at[shard]!];
        if (place !== undefined && (least < 0 || isBefore(place, queues[least]![at[least]!]!)))
          least = shard;
      }
      if (least < 0) return merged;
      merged.push(queues[least]![at[least]!]!);
      at[least]! += 1;
    }
  }

  /** Batches are re-used. */
  *batches(places: readonly Place<Batch>[]): Generator<Batch> {
    const batch = this.#batch;
    for (let from = 0; from < places.length; from += batch.capacity) {
      batch.count = 0;
      for (const place of places.slice(from, from + batch.capacity)) {
        this.#form.copyRow(place.batch, place.row, batch, batch.count);
        batch.count += 1;
      }
      yield batch;
    }
  }
}

function sequenceOf({ batch, row }: Place<GapBatch>): number {
  return batch.sequence[row]!;
}

function isBefore(a: Place<GapBatch>, b: Place<GapBatch>): boolean {
  const days = a.batch.day[a.row]! - b.batch.day[b.row]!;
  return days < 0 || (days === 0 && a.batch.nsOfDay[a.row]! < b.batch.nsOfDay[b.row]!);
}

function lowerBound(places: readonly Place<GapBatch>[], sequence: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sequenceOf(places[middle]!) < sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
