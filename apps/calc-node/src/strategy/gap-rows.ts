// Rows between a checkpoint and where live begins, as they came out of the database, for the log of
// inputs to be played over. Always: a row is found by shard and sequence; what was lost is missed.

import {
  copyTickRow,
  createTickBatch,
  NdtsError,
  type RingPosition,
  type TickBatch,
} from '@ndts/protocol';

interface Place {
  readonly batch: TickBatch;
  readonly row: number;
}

export class GapRows {
  readonly #capacity: number;
  /** By shard, in the order of their sequence. */
  readonly #shards: Place[][] = [];
  readonly #batch: TickBatch;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#batch = createTickBatch(capacity);
  }

  add(batch: TickBatch): void {
    for (let row = 0; row < batch.count; row += 1) {
      const shard = batch.shard[row]!;
      this.#shards[shard] ??= [];
      this.#shards[shard].push({ batch, row });
    }
  }

  /** Batches are re-used. CORRUPT: not all of them are there. */
  *run(shard: number, first: number, count: number): Generator<TickBatch> {
    const places = this.#shards[shard] ?? [];
    const from = lowerBound(places, first);
    const found = places.slice(from, from + count);
    const isThere = found.length === count && sequenceOf(found.at(-1)!) === first + count - 1;
    if (!isThere) throw new NdtsError('CORRUPT', `rows that were received are gone, from ${first}`);
    yield* this.#batches(found);
  }

  /** All from these positions on, in the order of their time; rows of a shard as they came. */
  *rest(from: readonly RingPosition[]): Generator<TickBatch> {
    const queues = this.#shards.map((places, shard) =>
      places.slice(lowerBound(places, from[shard]?.sequence ?? 0)),
    );
    const at = queues.map(() => 0);
    const merged: Place[] = [];
    for (;;) {
      let least = -1;
      for (const [shard, queue] of queues.entries()) {
        const place = queue?.[at[shard]!];
        if (place !== undefined && (least < 0 || isBefore(place, queues[least]![at[least]!]!)))
          least = shard;
      }
      if (least < 0) break;
      merged.push(queues[least]![at[least]!]!);
      at[least]! += 1;
    }
    yield* this.#batches(merged);
  }

  *#batches(places: readonly Place[]): Generator<TickBatch> {
    const batch = this.#batch;
    for (let from = 0; from < places.length; from += this.#capacity) {
      batch.count = 0;
      for (const place of places.slice(from, from + this.#capacity)) {
        copyTickRow(place.batch, place.row, batch, batch.count);
        batch.count += 1;
      }
      yield batch;
    }
  }
}

function sequenceOf({ batch, row }: Place): number {
  return batch.sequence[row]!;
}

function isBefore(a: Place, b: Place): boolean {
  const days = a.batch.day[a.row]! - b.batch.day[b.row]!;
  return days < 0 || (days === 0 && a.batch.nsOfDay[a.row]! < b.batch.nsOfDay[b.row]!);
}

function lowerBound(places: readonly Place[], sequence: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sequenceOf(places[middle]!) < sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
