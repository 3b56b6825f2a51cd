// The transport suite on mapped memory, and on mirrors that are pulled from it over TCP and over
// libfabric.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createPullServer, openRingPuller } from '@ndts/native/fabric';
import { createTickRings, openTickRings } from '@ndts/native/ring';
import { createTickBatch } from '@ndts/protocol';
import { MappedTransport } from '@ndts/storage';
import { libfabricAbsent } from '../kit/libfabric.js';
import { type TransportHarness, transportSuite } from './transport-suite.js';

const shardCount = 4;
const slotCount = 1024;
const epoch = 7;

interface RingHarness extends TransportHarness {
  readonly dir: string;
  readonly paths: readonly string[];
}

function openMapped(): RingHarness {
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
    dir,
    paths: rings.paths,
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

/** The same rings as their mirrors have them. */
async function openPulled(provider: string): Promise<TransportHarness> {
  const rings = openMapped();
  const server = createPullServer({ provider, address: '127.0.0.1', port: 0 });
  const grants = rings.paths.map((path) => server.exposeRing(path, 600_000));
  const mirrorDir = join(rings.dir, 'mirrors');
  const puller = openRingPuller({ grants, dir: mirrorDir, from: 'oldest' });
  const paths = await puller.mirrors(20_000);
  const mirrors = openTickRings({ paths, from: 'tail' });
  const published = new Array<number>(shardCount).fill(0);
  return {
    ...rings,
    transport: () => new MappedTransport(paths),
    publish: (shard, count) => {
      // Less than a puller takes at once: what it is overtaken by is another test's.
      for (let left = count; left > 0; left -= 256) {
        rings.publish(shard, Math.min(left, 256));
        published[shard] = (published[shard] ?? 0) + Math.min(left, 256);
        while (mirrors.marks(shard).tail < (published[shard] ?? 0)) Atomics.wait(still, 0, 0, 1);
      }
    },
    close: () => {
      mirrors.close();
      puller.close();
      server.close();
      rings.close();
    },
  };
}

/** What nobody wakes: a wait of a millisecond. */
const still = new Int32Array(new SharedArrayBuffer(4));

transportSuite('mapped memory', openMapped);
transportSuite('pulled over tcp', () => openPulled('tcp'));
const absent = libfabricAbsent();
if (absent === false) transportSuite('pulled over libfabric', () => openPulled('libfabric'));
else test('pulled over libfabric', { skip: absent });
