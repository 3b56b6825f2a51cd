// The transport suite on mapped memory.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTickRings } from '@ndts/native/ring';
import { createTickBatch } from '@ndts/protocol';
import { MappedTransport } from '@ndts/storage';
import { type TransportHarness, transportSuite } from './transport-suite.js';

const shardCount = 4;
const slotCount = 1024;
const epoch = 7;

function openMapped(): TransportHarness {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-transport-'));
  const zeros = new Array<number>(shardCount).fill(0);
  const rings = createTickRings({
    dir: join(dir, 'rings'),
    slotCount,
    epochs: zeros.map(() => epoch),
    firstSequences: zeros,
  });
  const next = [...zeros];
  const batch = createTickBatch(256);
  return {
    shardCount,
    slotCount,
    epoch,
    transport: () => new MappedTransport(rings.paths),
    publish: (shard, count) => {
      for (let left = count; left > 0; left -= batch.count) {
        batch.count = Math.min(left, batch.capacity);
        for (let row = 0; row < batch.count; row += 1) {
          const sequence = (next[shard] ?? 0) + row;
          batch.day[row] = 20_000;
          batch.nsOfDay[row] = sequence;
          batch.shard[row] = shard;
          batch.epoch[row] = epoch;
          batch.sequence[row] = sequence;
          batch.price[row] = sequence;
          batch.symbol[row] = 1;
        }
        next[shard] = (next[shard] ?? 0) + batch.count;
        rings.publish(batch);
      }
    },
    close: () => {
      rings.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

transportSuite('mapped memory', openMapped);
