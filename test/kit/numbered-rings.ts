// Rings whose ticks are numbered by their sequence, for tests of whatever carries them.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTickRings, type TickRingWriter } from '@ndts/native/ring';
import { createTickBatch } from '@ndts/protocol';

export const ringShape = { shardCount: 4, slotCount: 1024, epoch: 7 } as const;

export class NumberedRings {
  readonly dir = mkdtempSync(join(tmpdir(), 'ndts-transport-'));
  readonly paths: readonly string[];
  readonly #rings: TickRingWriter;
  readonly #next = new Array<number>(ringShape.shardCount).fill(0);
  readonly #batch = createTickBatch(256);

  constructor(slotCount: number = ringShape.slotCount) {
    const zeros = new Array<number>(ringShape.shardCount).fill(0);
    this.#rings = createTickRings({
      dir: join(this.dir, 'rings'),
      slotCount,
      epochs: zeros.map(() => ringShape.epoch),
      firstSequences: zeros,
    });
    this.paths = this.#rings.paths;
  }

  /** Ticks of one shard; their price is their sequence. */
  publish(shard: number, count: number): void {
    const batch = this.#batch;
    for (let left = count; left > 0; left -= batch.count) {
      batch.count = Math.min(left, batch.capacity);
      for (let row = 0; row < batch.count; row += 1) {
        const sequence = (this.#next[shard] ?? 0) + row;
        batch.day[row] = 20_000;
        batch.nsOfDay[row] = sequence;
        batch.shard[row] = shard;
        batch.epoch[row] = ringShape.epoch;
        batch.sequence[row] = sequence;
        batch.price[row] = sequence;
        batch.symbol[row] = 1;
      }
      this.#next[shard] = (this.#next[shard] ?? 0) + batch.count;
      this.#rings.publish(batch);
    }
  }

  close(): void {
    this.#rings.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
