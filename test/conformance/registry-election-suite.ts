// What every Registry's elections do: one leader at a time, in the order of asking, with a token
// that grows.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hasCode, rejectsWith } from '../kit/errors.js';
import type { Within } from '../kit/harness.js';
import { until } from '../kit/passing-time.js';
import type { RegistryHarness } from './registry-suite.js';

export function registryElectionSuite(name: string, withRegistry: Within<RegistryHarness>): void {
  describe(`Registry elections: ${name}`, () => {
    it('makes the first candidate leader, and the next when it resigns', () =>
      withRegistry(async ({ registry, ttlMs }) => {
        assert.equal(await registry.leader('control'), undefined);
        const first = await registry.campaign('control', 'A', await registry.grantLease(ttlMs));
        assert.equal(first.value, 'A');
        assert.equal((await registry.leader('control'))?.value, 'A');
        assert.equal((await registry.leader('control'))?.createRevision, first.token);
        let second = 0;
        const waiting = registry
          .campaign('control', 'B', await registry.grantLease(ttlMs))
          .then(({ token }) => {
            second = token;
          });
        await registry.get('anything');
        assert.equal(second, 0, 'two leaders at once');
        await first.resign();
        await waiting;
        assert.ok(second > first.token, `${second} after ${first.token}`);
        assert.equal((await registry.leader('control'))?.value, 'B');
        await first.resign();
        assert.equal((await registry.leader('control'))?.value, 'B');
      }));

    it("hands over when the leader's lease ends", () =>
      withRegistry(async ({ registry, ttlMs, elapse }) => {
        const mortal = await registry.grantLease(ttlMs);
        const first = await registry.campaign('e', 'A', mortal);
        const other = await registry.grantLease(ttlMs * 20);
        let led = false;
        const waiting = registry.campaign('e', 'B', other).then((leadership) => {
          led = true;
          return leadership;
        });
        await elapse(ttlMs * 2);
        await until(() => led);
        const second = await waiting;
        assert.ok(second.token > first.token);
        assert.equal((await registry.leader('e'))?.value, 'B');
      }));
  });
  manyCandidatesTests(name, withRegistry);
}

function manyCandidatesTests(name: string, withRegistry: Within<RegistryHarness>): void {
  describe(`Registry elections over time: ${name}`, () => {
    it('keeps the order of asking, and skips who lost its lease', () =>
      withRegistry(async ({ registry, ttlMs }) => {
        const leases = [];
        for (let number = 0; number < 4; number++)
          leases.push(await registry.grantLease(ttlMs * 20));
        const order: string[] = [];
        const campaigns = [];
        for (const [number, lease] of leases.entries()) {
          const campaign = registry.campaign('e', `candidate ${number}`, lease);
          campaigns.push(campaign);
          campaign.then(
            ({ value }) => order.push(value),
            () => order.push(`${number} lost`),
          );
          await until(async () => (await registry.list('')).length > number);
        }
        await leases[2]?.revoke();
        await rejectsWith('LEASE_LOST', campaigns[2] as Promise<unknown>);
        await (await campaigns[0])?.resign();
        await campaigns[1];
        await leases[1]?.revoke();
        await campaigns[3];
        assert.deepEqual(order, ['candidate 0', '2 lost', 'candidate 1', 'candidate 3']);
      }));

    it('keeps elections apart, and ends a campaign without a lease', () =>
      withRegistry(async ({ registry, ttlMs }) => {
        const lease = await registry.grantLease(ttlMs);
        await registry.campaign('a', 'X', lease);
        await registry.campaign('a/b', 'Y', lease);
        assert.equal((await registry.leader('a'))?.value, 'X');
        assert.equal((await registry.leader('a/b'))?.value, 'Y');
        await lease.revoke();
        assert.equal(await registry.leader('a'), undefined);
        await assert.rejects(registry.campaign('a', 'Z', lease), hasCode('LEASE_LOST'));
      }));

    it('grows the token over every leader there ever was', () =>
      withRegistry(async (harness) => {
        let { registry } = harness;
        let last = 0;
        for (let round = 0; round < 4; round++) {
          const lease = await registry.grantLease(harness.ttlMs);
          const { token } = await registry.campaign('e', 'A', lease);
          assert.ok(token > last, `${token} after ${last}`);
          last = token;
          await lease.revoke();
          if (round === 1) registry = await harness.reopen();
        }
      }));
  });
}
