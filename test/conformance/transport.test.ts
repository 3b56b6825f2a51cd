// The transport suite on mapped memory, and on mirrors that are pulled from it over TCP and over
// libfabric.

import { join } from 'node:path';
import { test } from 'node:test';
import { createPullServer, openRingPuller } from '@ndts/native/fabric';
import { openTickRings } from '@ndts/native/ring';
import { MappedTransport } from '@ndts/storage';
import { libfabricAbsent } from '../kit/libfabric.js';
import { NumberedRings, ringShape } from '../kit/numbered-rings.js';
import { awaitTail } from '../kit/pulled-host.js';
import { type TransportHarness, transportSuite } from './transport-suite.js';

interface RingHarness extends TransportHarness {
  readonly dir: string;
  readonly paths: readonly string[];
}

function openMapped(): RingHarness {
  const rings = new NumberedRings();
  return {
    ...ringShape,
    dir: rings.dir,
    paths: rings.paths,
    transport: () => new MappedTransport(rings.paths),
    publish: (shard, count) => rings.publish(shard, count),
    close: () => rings.close(),
  };
}

/** The same rings as their mirrors have them. */
async function openPulled(provider: string): Promise<TransportHarness> {
  const rings = openMapped();
  const server = createPullServer({ provider, address: '127.0.0.1', port: 0 });
  const grants = rings.paths.map((path) => server.exposeRing(path, 600_000));
  const mirrorDir = join(rings.dir, 'mirrors');
  const puller = openRingPuller({ grants, dir: mirrorDir, from: 'oldest' });
  const paths = await puller.mirrors(120_000);
  const mirrors = openTickRings({ paths, from: 'tail' });
  const published = new Array<number>(ringShape.shardCount).fill(0);
  return {
    ...rings,
    transport: () => new MappedTransport(paths),
    publish: (shard, count) => {
      // Less than a puller takes at once: what it is overtaken by is another test's.
      for (let left = count; left > 0; left -= 256) {
        rings.publish(shard, Math.min(left, 256));
        published[shard] = (published[shard] ?? 0) + Math.min(left, 256);
        awaitTail(mirrors, puller, shard, published[shard] ?? 0);
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

transportSuite('mapped memory', openMapped);
transportSuite('pulled over tcp', () => openPulled('tcp'));
const absent = libfabricAbsent();
if (absent === false) transportSuite('pulled over libfabric', () => openPulled('libfabric'));
else test('pulled over libfabric', { skip: absent });
