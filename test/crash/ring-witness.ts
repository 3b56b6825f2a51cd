// An independent witness: maps the rings of a running node from another process and remembers every
// tick it saw there. A tick on a ring was accepted, so after any kill -9 it must be in the store.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openTickRings } from '@ndts/native/ring';
import { createTickBatch, type TickBatch } from '@ndts/protocol';

/** What a tick is, apart from its place: hashed to a number so that millions fit in memory. */
export function fingerprint(batch: TickBatch, row: number): number {
  let hash = 0x811c9dc5;
  const view = scratchView;
  for (const column of [
    batch.nsOfDay,
    batch.price,
    batch.volume,
    batch.bid,
    batch.ask,
    batch.bidVolume,
    batch.askVolume,
  ]) {
    view.setFloat64(0, column[row] ?? Number.NaN);
    hash = Math.imul(hash ^ view.getUint32(0), 0x01000193);
    hash = Math.imul(hash ^ view.getUint32(4), 0x01000193);
  }
  hash = Math.imul(hash ^ (batch.symbol[row] ?? 0), 0x01000193);
  return (hash ^ (batch.day[row] ?? 0)) >>> 0;
}

const scratchView = new DataView(new ArrayBuffer(8));

export class RingWitness {
  /** By shard: sequence -> fingerprint. */
  readonly seen = new Map<number, Map<number, number>>();
  readonly contradictions: string[] = [];
  readonly #batch = createTickBatch(4096);

  ringPaths(memory: string): string[] {
    const dir = join(memory, 'rings');
    return readdirSync(dir)
      .filter((name) => name.startsWith('ticks-'))
      .sort()
      .map((name) => join(dir, name));
  }

  /** Opens the rings of a node that just started; the mapping outlives the node. */
  attach(memory: string): { poll(): number; close(): void } {
    const reader = openTickRings({ paths: this.ringPaths(memory), from: 'oldest' });
    return {
      poll: () => {
        let total = 0;
        for (;;) {
          const count = reader.poll(this.#batch);
          for (let row = 0; row < count; row += 1) this.#remember(row);
          total += count;
          if (count < this.#batch.capacity) return total;
        }
      },
      close: () => reader.close(),
    };
  }

  get count(): number {
    let count = 0;
    for (const ticks of this.seen.values()) count += ticks.size;
    return count;
  }

  #remember(row: number): void {
    const shard = this.#batch.shard[row] ?? 0;
    const sequence = this.#batch.sequence[row] ?? 0;
    const mark = fingerprint(this.#batch, row);
    let ticks = this.seen.get(shard);
    if (ticks === undefined) {
      ticks = new Map();
      this.seen.set(shard, ticks);
    }
    const old = ticks.get(sequence);
    if (old !== undefined && old !== mark)
      this.contradictions.push(`shard ${shard} sequence ${sequence} names two ticks`);
    ticks.set(sequence, mark);
  }
}
