// Only the rings that are asked for are pulled, by few pullers, and those nobody reads are dropped.

import { deepEqual, equal, notEqual } from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createTickRings, openTickRings } from '@ndts/native/ring';
import { NdtsError, nsPerMs } from '@ndts/protocol';
import { Metrics, VirtualClock } from '@ndts/runtime';
import type { Service } from '../../service/service.js';
import { GuardedService } from '../network/guarded-service.js';
import { RingGrants } from './ring-grants.js';
import { RingMirrors, unreadMs } from './ring-mirrors.js';

const shardCount = 7;
const node: Service = {
  shardCount,
  call: (name: string) => Promise.reject(new NdtsError('INTERNAL', `nobody asks ${name}`)),
  open: () => Promise.reject(new NdtsError('INTERNAL', 'nobody opens')),
} as never;

interface Mirrored {
  readonly mirrors: RingMirrors;
  readonly clock: VirtualClock;
}

/** Mirrors of rings of this process. */
function mirrored(context: TestContext): Mirrored {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-mirrors-'));
  const numbers = Array.from({ length: shardCount }, () => 1);
  const shape = { slotCount: 64, epochs: numbers, firstSequences: numbers };
  const rings = createTickRings({ dir: join(dir, 'rings'), ...shape });
  const at = { provider: 'tcp', host: '127.0.0.1', port: 0 };
  const pulls = new RingGrants({ ...at, paths: { tick: rings.paths }, metrics: new Metrics() });
  const guarded = new GuardedService(node, { name: 'reader', role: 'viewer' }, pulls);
  const service = { shardCount, closed: false, call: guarded.call.bind(guarded) };
  const clock = new VirtualClock(0);
  const mirrors = new RingMirrors({ service, host: '127.0.0.1', clock, timeoutMs: 60_000 });
  context.after(() => {
    mirrors.close();
    guarded.close();
    pulls.close();
    rings.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return { mirrors, clock };
}

/** How many pullers, each of which has a folder. */
const pullers = (paths: readonly string[]): number => new Set(paths.map(dirname)).size;

/** Of the rings of these shards: each is where it was asked for, or NOT_FOUND is thrown. */
function epochsOf(paths: readonly string[], asked: readonly number[]): number[] {
  return paths.map((path, at) => {
    const reader = openTickRings({ paths: [path], from: 'tail' });
    const { epoch } = reader.position(asked[at] ?? -1);
    reader.close();
    return epoch;
  });
}

test('shards are pulled as they are asked for, the last puller takes the rest', async (context) => {
  const { mirrors } = mirrored(context);
  const asked = [[1], [2, 0], [1], [0, 3], [4], [6, 5], [0, 1, 2, 3, 4, 5, 6]];
  const found: [number, number][] = [];
  const seen = new Set<string>();
  for (const shards of asked) {
    const paths = await mirrors.paths({ shards });
    deepEqual(
      epochsOf(paths, shards),
      shards.map(() => 1),
    );
    for (const path of paths) seen.add(path);
    found.push([seen.size, pullers([...seen])]);
  }
  deepEqual(found, [
    [1, 1],
    [3, 2],
    [3, 2],
    [4, 3],
    [5, 4],
    [7, 4],
    [7, 4],
  ]);
  deepEqual(await mirrors.paths({}), await mirrors.paths({ shards: [0, 1, 2, 3, 4, 5, 6] }));
});

test('asked for at once they are pulled once', async (context) => {
  const { mirrors } = mirrored(context);
  const both = await Promise.all([
    mirrors.paths({ shards: [2, 3] }),
    mirrors.paths({ shards: [3, 4] }),
  ]);
  equal(new Set(both.flat()).size, 3);
  equal(pullers(both.flat()), 2);
});

test('mirrors that nobody reads are dropped after a while', async (context) => {
  const { mirrors, clock } = mirrored(context);
  const first = await mirrors.paths({ shards: [0] });
  const wide = await mirrors.paths({ shards: [0, 1] });
  const there = (): boolean[] => wide.map(existsSync);
  const wait = (ms: number): void => clock.advance(ms * nsPerMs);
  mirrors.leave(wide);
  wait(unreadMs);
  deepEqual(there(), [true, false], 'the first is read still');
  mirrors.leave(first);
  wait(unreadMs - 1);
  deepEqual(await mirrors.paths({ shards: [0] }), first, 'who comes back finds them');
  wait(unreadMs);
  deepEqual(there(), [true, false]);
  mirrors.leave(first);
  wait(unreadMs);
  deepEqual(there(), [false, false]);
  const again = await mirrors.paths({ shards: [0] });
  notEqual(again[0], first[0]);
  deepEqual(epochsOf(again, [0]), [1]);
  mirrors.leave(first); // of a mirror that is gone: nothing
  mirrors.leave(again);
  mirrors.close();
  equal(existsSync(again[0] ?? ''), false);
});
