// What every Registry does: revisions, compare-and-set, watches, leases. Elections are in
// registry-election-suite.ts.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Registry, RegistryEvent } from '@ndts/protocol';
import { hasCode, rejectsWith } from '../kit/errors.js';
import { type Within, within } from '../kit/harness.js';
import { until } from '../kit/passing-time.js';
import { registryElectionSuite } from './registry-election-suite.js';

export interface RegistryHarness {
  readonly registry: Registry;
  /** A time to live this registry can keep, long enough for a test not to lose it by itself. */
  readonly ttlMs: number;
  /** Lets time pass for leases. */
  readonly elapse: (ms: number) => Promise<void>;
  /** The same registry as a new process finds it; the old one is gone. */
  reopen(): Promise<Registry>;
  /** Whether a lease outlives the process that holds it (until its time is over). */
  readonly leasesSurviveReopen: boolean;
  close(): Promise<void>;
}

export function registrySuite(name: string, makeHarness: () => Promise<RegistryHarness>): void {
  const withRegistry = within(makeHarness);
  recordTests(name, withRegistry);
  concurrencyTests(name, withRegistry);
  watchTests(name, withRegistry);
  leaseTests(name, withRegistry);
  lostLeaseTests(name, withRegistry);
  restartTests(name, withRegistry);
  registryElectionSuite(name, withRegistry);
}

function recordTests(name: string, withRegistry: Within<RegistryHarness>): void {
  describe(`Registry records: ${name}`, () => {
    it('puts, gets, lists by prefix in key order', () =>
      withRegistry(async ({ registry }) => {
        assert.equal(await registry.get('a'), undefined);
        for (const key of ['b/2', 'a/x', 'b/1', 'b', 'c']) await registry.put(key, `of ${key}`);
        assert.equal((await registry.get('b/1'))?.value, 'of b/1');
        const listed = (await registry.list('b/')).map(({ key }) => key);
        assert.deepEqual(listed, ['b/1', 'b/2']);
        assert.equal((await registry.list('')).length, 5);
        await rejectsWith('INVALID_ARGUMENT', registry.put('', 'x'));
      }));

    it('gives every change a higher revision, and keeps the one of creation', () =>
      withRegistry(async ({ registry }) => {
        const created = await registry.put('k', '1');
        const other = await registry.put('other', '1');
        const changed = await registry.put('k', '2');
        assert.ok(created < other && other < changed, `${created} ${other} ${changed}`);
        const record = await registry.get('k');
        assert.equal(record?.revision, changed);
        assert.equal(record?.createRevision, created);
        assert.equal(await registry.delete('k'), true);
        const again = await registry.put('k', '3');
        assert.equal((await registry.get('k'))?.createRevision, again);
        assert.ok(again > changed);
      }));

    it('changes only what has the expected revision', () =>
      withRegistry(async ({ registry }) => {
        const first = await registry.put('k', '1', { ifRevision: 0 });
        await rejectsWith('COMPARE_FAILED', registry.put('k', '2', { ifRevision: 0 }));
        const second = await registry.put('k', '2', { ifRevision: first });
        await rejectsWith('COMPARE_FAILED', registry.put('k', '3', { ifRevision: first }));
        await rejectsWith('COMPARE_FAILED', registry.put('none', '3', { ifRevision: first }));
        await rejectsWith('COMPARE_FAILED', registry.delete('k', { ifRevision: first }));
        assert.equal((await registry.get('k'))?.value, '2');
        assert.equal(await registry.delete('k', { ifRevision: second }), true);
        assert.equal(await registry.delete('k'), false);
        await registry.put('k', '4', { ifRevision: 0 });
      }));
  });
}

function concurrencyTests(name: string, withRegistry: Within<RegistryHarness>): void {
  describe(`Registry, many at once: ${name}`, () => {
    it('lets one of many create a key', () =>
      withRegistry(async ({ registry }) => {
        const puts = Array.from({ length: 10 }, (_, number) =>
          registry.put('k', String(number), { ifRevision: 0 }),
        );
        const results = await Promise.allSettled(puts);
        const lost = results.filter((result) => result.status === 'rejected');
        assert.equal(lost.length, 9);
        for (const { reason } of lost) assert.ok(hasCode('COMPARE_FAILED')(reason));
      }));

    it('counts right when many count by compare-and-set', () =>
      withRegistry(async ({ registry }) => {
        const countTo = async (rounds: number): Promise<void> => {
          for (let round = 0; round < rounds; ) {
            const present = await registry.get('count');
            const next = String(Number(present?.value ?? 0) + 1);
            const ifRevision = present?.revision ?? 0;
            if (await succeeds(registry.put('count', next, { ifRevision }))) round++;
          }
        };
        await Promise.all([countTo(10), countTo(10), countTo(10)]);
        assert.equal((await registry.get('count'))?.value, '30');
      }));

    it('refuses everything after close; closing twice is allowed', () =>
      withRegistry(async ({ registry }) => {
        await registry.close();
        await registry.close();
        await rejectsWith('CLOSED', registry.get('k'));
        await rejectsWith('CLOSED', registry.put('k', '1'));
        await rejectsWith('CLOSED', registry.grantLease(1_000));
      }));
  });
}

/** False when another one was faster; any other failure is the test's. */
function succeeds(put: Promise<number>): Promise<boolean> {
  return put.then(
    () => true,
    (error: unknown) => !hasCode('COMPARE_FAILED')(error),
  );
}

function watchTests(name: string, withRegistry: Within<RegistryHarness>): void {
  describe(`Registry watches: ${name}`, () => {
    it('shows every change below the prefix after the call, in order, once', () =>
      withRegistry(async ({ registry }) => {
        await registry.put('w/before', '0');
        const events: RegistryEvent[] = [];
        const end = registry.watch('w/', (event) => events.push(event));
        await registry.put('w/a', '1');
        await registry.put('v/a', '1');
        const second = await registry.put('w/a', '2');
        await registry.delete('w/a');
        await registry.delete('w/none');
        await registry.put('w/b', '3');
        await until(() => events.length >= 4);
        const seen = events.map(({ type, key, record }) => [type, key, record?.value]);
        assert.deepEqual(seen, [
          ['put', 'w/a', '1'],
          ['put', 'w/a', '2'],
          ['delete', 'w/a', undefined],
          ['put', 'w/b', '3'],
        ]);
        assert.equal(events[1]?.revision, second);
        const revisions = events.map(({ revision }) => revision);
        assert.deepEqual(
          revisions,
          revisions.toSorted((a, b) => a - b),
        );
        end();
        end();
        await registry.put('w/c', '4');
        assert.equal(events.length, 4);
      }));

    it('keeps a watcher that throws, and the others', () =>
      withRegistry(async ({ registry }) => {
        let calls = 0;
        const seen: string[] = [];
        registry.watch('', () => {
          calls++;
          throw new Error('a watcher of this test throws');
        });
        registry.watch('', ({ key }) => seen.push(key));
        await registry.put('a', '1');
        await registry.put('b', '1');
        await until(() => calls >= 2 && seen.length >= 2);
        assert.deepEqual(seen, ['a', 'b']);
      }));
  });
}

function leaseTests(name: string, withRegistry: Within<RegistryHarness>): void {
  describe(`Registry leases: ${name}`, () => {
    it('deletes the keys of a lease that is not renewed, and says so', () =>
      withRegistry(async ({ registry, ttlMs, elapse }) => {
        const lease = await registry.grantLease(ttlMs);
        await registry.put('l/a', '1', { lease: lease.id });
        await registry.put('l/b', '1', { lease: lease.id });
        assert.equal((await registry.get('l/a'))?.lease, lease.id);
        const deleted: string[] = [];
        registry.watch('l/', ({ type, key }) => type === 'delete' && deleted.push(key));
        await elapse(ttlMs * 2);
        await until(() => deleted.length >= 2);
        assert.deepEqual(deleted.toSorted(), ['l/a', 'l/b']);
        assert.equal(await registry.get('l/a'), undefined);
        await rejectsWith('LEASE_LOST', lease.renew());
        await rejectsWith('LEASE_LOST', registry.put('l/a', '2', { lease: lease.id }));
      }));

    it('keeps the keys of a lease that is renewed', () =>
      withRegistry(async ({ registry, ttlMs, elapse }) => {
        const lease = await registry.grantLease(ttlMs);
        await registry.put('k', '1', { lease: lease.id });
        for (let round = 0; round < 4; round++) {
          await elapse(ttlMs / 2);
          await lease.renew();
        }
        assert.equal((await registry.get('k'))?.value, '1');
      }));

    it('deletes at once when a lease is revoked', () =>
      withRegistry(async ({ registry, ttlMs }) => {
        const lease = await registry.grantLease(ttlMs);
        await registry.put('k', '1', { lease: lease.id });
        await lease.revoke();
        assert.equal(await registry.get('k'), undefined);
        await rejectsWith('LEASE_LOST', lease.renew());
      }));

    it('lets go of a key that is put without the lease, or with another', () =>
      withRegistry(async ({ registry, ttlMs }) => {
        const first = await registry.grantLease(ttlMs);
        const second = await registry.grantLease(ttlMs);
        await registry.put('free', '1', { lease: first.id });
        await registry.put('free', '2');
        await registry.put('moved', '1', { lease: first.id });
        await registry.put('moved', '2', { lease: second.id });
        await first.revoke();
        assert.equal((await registry.get('free'))?.value, '2');
        assert.equal((await registry.get('moved'))?.lease, second.id);
        await second.revoke();
        assert.equal(await registry.get('moved'), undefined);
      }));
  });
}

function lostLeaseTests(name: string, withRegistry: Within<RegistryHarness>): void {
  describe(`Registry leases that are gone: ${name}`, () => {
    it('creates again what went with a lease', () =>
      withRegistry(async ({ registry, ttlMs }) => {
        const lease = await registry.grantLease(ttlMs);
        const before = await registry.put('k', '1', { lease: lease.id });
        await lease.revoke();
        const after = await registry.put('k', '2', { ifRevision: 0 });
        assert.ok(after > before);
      }));

    it('refuses a lease nobody granted', () =>
      withRegistry(async ({ registry }) => {
        await rejectsWith('LEASE_LOST', registry.put('k', '1', { lease: '123456' }));
        await rejectsWith('INVALID_ARGUMENT', registry.grantLease(0));
      }));
  });
}

function restartTests(name: string, withRegistry: Within<RegistryHarness>): void {
  describe(`Registry across a restart: ${name}`, () => {
    it('keeps records and goes on counting revisions', () =>
      withRegistry(async (harness) => {
        const revision = await harness.registry.put('k', 'kept');
        await harness.registry.put('gone', '1');
        await harness.registry.delete('gone');
        const last = await harness.registry.put('other', '1');
        const registry = await harness.reopen();
        const record = await registry.get('k');
        assert.deepEqual([record?.value, record?.revision], ['kept', revision]);
        assert.equal(await registry.get('gone'), undefined);
        assert.ok((await registry.put('k', 'new', { ifRevision: revision })) > last);
      }));

    it('drops the keys of leases nobody holds any more', () =>
      withRegistry(async (harness) => {
        const lease = await harness.registry.grantLease(harness.ttlMs);
        await harness.registry.put('mortal', '1', { lease: lease.id });
        const last = await harness.registry.put('kept', '1');
        const registry = await harness.reopen();
        if (harness.leasesSurviveReopen) await harness.elapse(harness.ttlMs * 2);
        await until(async () => (await registry.get('mortal')) === undefined);
        assert.equal((await registry.get('kept'))?.value, '1');
        assert.ok((await registry.put('mortal', '2', { ifRevision: 0 })) > last);
      }));
  });
}
