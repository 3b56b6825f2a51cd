// Grants are a connection's own: they end with it, and when it asks for new ones.

import { deepEqual, equal, rejects, throws } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createTickRings } from '@ndts/native/ring';
import { NdtsError } from '@ndts/protocol';
import { Metrics } from '@ndts/runtime';
import type { Service } from '../../service/service.js';
import { GuardedService } from '../network/guarded-service.js';
import { RingGrants } from './ring-grants.js';

const service: Service = {
  shardCount: 2,
  call: (name: string) => Promise.reject(new NdtsError('UNAVAILABLE', name)),
  open: () => Promise.reject(new NdtsError('UNAVAILABLE', 'none')),
} as never;

const reader = { name: 'reader', role: 'viewer' } as const;
const over = { code: 'NOT_FOUND' };

const metrics = new Metrics();

function open(context: TestContext): RingGrants {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-grants-'));
  const shape = { slotCount: 64, epochs: [1, 1], firstSequences: [0, 0] };
  const rings = createTickRings({ dir: join(dir, 'rings'), ...shape });
  const pulls = new RingGrants({
    provider: 'tcp',
    host: '127.0.0.1',
    port: 0,
    paths: { tick: rings.paths },
    metrics,
  });
  context.after(() => {
    pulls.close();
    rings.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return pulls;
}

test('a connection has its own grants, and they end with it', async (context) => {
  const pulls = open(context);
  const one = new GuardedService(service, reader, pulls);
  const other = new GuardedService(service, reader, pulls);
  const first = await one.call('pullRings', {});
  deepEqual(
    first.map(({ provider, length }) => [provider, length]),
    [
      ['tcp', 640 + 64 * 64],
      ['tcp', 640 + 64 * 64],
    ],
  );
  const keys = [...first, ...(await other.call('pullRings', {}))].map((grant) => grant.key);
  equal(new Set(keys).size, 4);
  equal(await one.call('renewPulls', {}), null);
  const again = await one.call('pullRings', {});
  throws(() => pulls.renew(keys.slice(0, 1)), over);
  pulls.renew(keys.slice(2));
  one.close();
  one.close();
  throws(() => pulls.renew(again.map((grant) => grant.key)), over);
  await rejects(one.call('pullRings', {}), { code: 'CLOSED' });
  pulls.renew(keys.slice(2));
  other.close();
});

test('without pulls the service says so', async () => {
  const guarded = new GuardedService(service, reader, undefined);
  await rejects(guarded.call('pullRings', {}), { code: 'UNAVAILABLE' });
});
