import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTickBatch, NdtsError } from '@ndts/protocol';
import {
  createPullServer,
  openRingPuller,
  type PullGrant,
  type PullServer,
  type PullServerStats,
} from './fabric.js';
import type { PublishTask } from './fabric-test-publisher.js';
import { createTickRings, openTickRings, type TickRingWriter } from './ring.js';
import { fillRow, rowIsRight, testEpoch } from './ring-test-rows.js';

const folder = mkdtempSync(join(tmpdir(), 'ndts-fabric-'));
after(() => rmSync(folder, { recursive: true }));

let made = 0;
function newDir(): string {
  made += 1;
  return join(folder, `dir-${made}`);
}

const code = (expected: string) => (error: unknown) =>
  error instanceof NdtsError && error.code === expected;

const patienceMs = 120_000;
const leaseMs = 60_000;
const tcp = { provider: 'tcp', address: '127.0.0.1', port: 0 };

/** Why libfabric cannot be used here, or undefined. */
function whyNoLibfabric(): string | undefined {
  try {
    createPullServer({ ...tcp, provider: 'libfabric' }).close();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function message<T>(child: ChildProcess): Promise<T> {
  const [value] = await once(child, 'message');
  return value as T;
}

function pull(grants: readonly PullGrant[], dir = newDir()) {
  return openRingPuller({ grants, dir, from: 'oldest' });
}

interface Host {
  readonly writer: TickRingWriter;
  readonly server: PullServer;
  readonly grant: PullGrant;
}

function oneRing(epoch = testEpoch): Host {
  const options = { dir: newDir(), slotCount: 64, epochs: [epoch], firstSequences: [0] };
  const writer = createTickRings(options);
  const server = createPullServer(tcp);
  return { writer, server, grant: server.exposeRing(writer.paths[0] ?? '', leaseMs) };
}

function publish(writer: TickRingWriter, from: number, count: number): void {
  const batch = createTickBatch(count);
  for (let row = 0; row < count; row += 1) fillRow(batch, row, 0, from + row);
  batch.count = count;
  writer.publish(batch);
}

describe('rings of another process', () => {
  const publisher = fileURLToPath(new URL('./fabric-test-publisher.js', import.meta.url));
  const shards = 2;
  const ticks = 20_000;

  for (const provider of ['tcp', 'libfabric']) {
    const skip = provider === 'libfabric' ? (whyNoLibfabric() ?? false) : false;
    test(`are pulled over ${provider} and read from their mirrors`, { skip }, async () => {
      const child = fork(publisher);
      const task: PublishTask = { provider, dir: newDir(), shards, ticks };
      child.send(task);
      const puller = pull(await message<PullGrant[]>(child));
      const paths = await puller.mirrors(patienceMs);
      assert.equal(paths.length, shards);
      const reader = openTickRings({ paths, from: 'oldest' });
      child.send('go');
      const published = message<PullServerStats>(child);
      const batch = createTickBatch(256);
      const next = new Array<number>(shards).fill(0);
      let seen = 0;
      while (seen + reader.lapped() < ticks * shards) {
        reader.waitPoll(batch, 1000);
        for (let row = 0; row < batch.count; row += 1) {
          const shard = batch.shard[row] ?? 0;
          assert.ok(rowIsRight(batch, row));
          assert.ok((batch.sequence[row] ?? -1) >= (next[shard] ?? 0));
          next[shard] = (batch.sequence[row] ?? 0) + 1;
        }
        seen += batch.count;
      }
      assert.ok(seen > 0);
      const stats = puller.stats();
      assert.equal(stats.connects, 1);
      for (const ring of stats.rings) {
        assert.equal(ring.end, 'OK');
        assert.equal(ring.slots + ring.voids, ticks);
      }
      const served = await published;
      if (provider === 'tcp') assert.ok(served.reads > 0 && served.bytes > 0);
      puller.close();
      assert.ok(paths.every((path) => !existsSync(path)));
      reader.close();
      child.send('end');
      await once(child, 'exit');
    });
  }
});

describe('pulls', () => {
  test('a revoked ring ends, and another epoch takes its place', async () => {
    const first = oneRing();
    publish(first.writer, 0, 5);
    const puller = pull([first.grant]);
    const [oldPath = ''] = await puller.mirrors(patienceMs);
    const old = openTickRings({ paths: [oldPath], from: 'oldest' });
    const options = { dir: newDir(), slotCount: 64, epochs: [testEpoch + 1], firstSequences: [5] };
    const fresh = createTickRings(options);
    first.server.revoke(first.grant.key);
    puller.replace(0, first.server.exposeRing(fresh.paths[0] ?? '', leaseMs));
    const [path = ''] = await puller.mirrors(patienceMs);
    assert.notEqual(path, oldPath);
    assert.equal(puller.stats().rings[0]?.epoch, testEpoch + 1);
    assert.throws(() => first.server.renew(first.grant.key, leaseMs), code('NOT_FOUND'));
    for (const handle of [old, puller, fresh, first.writer, first.server]) handle.close();
  });

  test('what is wrong is named when mirrors are waited for', async () => {
    const { writer, server, grant } = oneRing();
    const wrong = pull([{ ...grant, key: 'abc' }]);
    await assert.rejects(wrong.mirrors(patienceMs), code('LEASE_LOST'));
    assert.equal(wrong.stats().rings[0]?.end, 'LEASE_LOST');
    const nowhere = pull([{ ...grant, address: '127.0.0.1:1' }]);
    await assert.rejects(nowhere.mirrors(50), code('UNAVAILABLE'));
    assert.equal(nowhere.stats().connected, false);
    server.renew(grant.key, leaseMs);
    for (const handle of [wrong, nowhere, writer, server]) handle.close();
  });

  test('mapped memory is pulled alike', async () => {
    const { writer } = oneRing();
    publish(writer, 0, 5);
    const leases = mkdtempSync(join(folder, 'leases-'));
    chmodSync(leases, 0o700);
    const server = createPullServer({ provider: 'mapped', address: leases, port: 0 });
    const puller = pull([server.exposeRing(writer.paths[0] ?? '', leaseMs)]);
    const reader = openTickRings({ paths: await puller.mirrors(patienceMs), from: 'oldest' });
    const batch = createTickBatch(8);
    while (reader.waitPoll(batch, 1000) === 0);
    assert.ok(rowIsRight(batch, 0));
    for (const handle of [reader, puller, server, writer]) handle.close();
  });

  test('misuse is named and harms nothing', async () => {
    const { writer, server, grant } = oneRing();
    const dir = newDir();
    for (const wrong of [
      { provider: 'pigeon' },
      { provider: 'shm;ofi_rxm' },
      { address: '' },
      { port: -1 },
      { port: 70_000 },
    ])
      assert.throws(() => createPullServer({ ...tcp, ...wrong }), code('INVALID_ARGUMENT'));
    assert.throws(() => server.exposeRing(join(folder, 'nothing'), leaseMs), code('NOT_FOUND'));
    for (const lease of [0, -1, Number.NaN])
      assert.throws(
        () => server.exposeRing(writer.paths[0] ?? '', lease),
        code('INVALID_ARGUMENT'),
      );
    assert.throws(() => server.revoke('1'), code('NOT_FOUND'));
    for (const wrong of [
      { key: 'xyz' },
      { key: '' },
      { key: '12345678901234567' },
      { provider: 'pigeon' },
      { length: -1 },
      { region: 1.5 },
      { base: 7 as unknown as string },
    ])
      assert.throws(() => pull([{ ...grant, ...wrong }]), code('INVALID_ARGUMENT'));
    assert.throws(() => pull([]), code('INVALID_ARGUMENT'));
    assert.throws(() => pull([7 as unknown as PullGrant]), code('INVALID_ARGUMENT'));
    const puller = pull([grant], dir);
    assert.throws(() => pull([grant], dir), code('LOCKED'));
    assert.throws(() => puller.replace(1, grant), code('INVALID_ARGUMENT'));
    assert.throws(
      () => puller.replace(0, { ...grant, address: '127.0.0.1:1' }),
      code('INVALID_ARGUMENT'),
    );
    await puller.mirrors(patienceMs);
    assert.equal(server.stats().connections, 1);
    for (const handle of [puller, writer, server]) handle.close();
  });

  test('closing twice is allowed, use after close is CLOSED', async () => {
    const { writer, server, grant } = oneRing();
    const puller = pull([{ ...grant, address: '127.0.0.1:1' }]);
    const waiting = puller.mirrors(patienceMs);
    for (const handle of [puller, server]) {
      handle.close();
      handle.close();
    }
    await assert.rejects(waiting, (error) => error instanceof NdtsError);
    for (const use of [
      () => puller.stats(),
      () => puller.replace(0, grant),
      () => server.stats(),
      () => server.exposeRing(writer.paths[0] ?? '', leaseMs),
      () => server.renew(grant.key, 1),
      () => server.revoke(grant.key),
    ])
      assert.throws(use, code('CLOSED'));
    await assert.rejects(puller.mirrors(1), code('CLOSED'));
    writer.close();
  });
});
