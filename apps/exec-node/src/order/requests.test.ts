// A request under a name of its own: asked again it is answered as the first time and makes no
// second order, by the node that took it, by the next one, and behind a snapshot of the journal.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { SubmitRequest } from '@ndts/protocol';
import { createHarness, type Harness, type HarnessOptions } from '../exec-kit.js';
import { Ledger } from './ledger.js';
import { Requests } from './requests.js';
import { encodeLedger, restoreLedger } from './snapshot.js';

async function started(options: HarnessOptions): Promise<Harness> {
  const harness = createHarness(options);
  await harness.node.start();
  harness.ticks.push({ symbol: 1, price: 100, bid: 99.5, ask: 100.5 });
  await harness.settle();
  return harness;
}

function folder(context: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-requests-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const buy: SubmitRequest = { symbol: 1, side: 'buy', quantity: '1', requestId: 'mine-1' };

test('asked again it is the same order, after a restart, too', async (context) => {
  const dir = folder(context);
  const first = await started({ dir });
  const answer = first.node.submit(buy);
  assert.equal(answer.reason, 'APPROVED');
  await first.settle();
  // The order of the fields is nobody's business.
  const again = { requestId: 'mine-1', quantity: '1', side: 'buy', symbol: 1 } as const;
  assert.deepEqual(first.node.submit(again), answer);
  assert.throws(() => first.node.submit({ ...buy, quantity: '2' }), {
    ...{ code: 'INVALID_ARGUMENT', message: /'mine-1' was another order, 0-0-0/ },
  });
  assert.notEqual(first.node.submit({ ...buy, requestId: 'mine-2' }).clientOrderId, '0-0-0');
  await first.settle();

  const { journal, clock } = first;
  const next = await started({ dir, journal, clock });
  assert.deepEqual(next.node.submit(buy), answer);
  await next.settle();
  assert.equal(next.node.ledger.counts.intents, 2);
  assert.equal(next.node.ledger.counts.fills, 2);
});

test('what was refused stays so under its name; a snapshot has both', async (context) => {
  const { node } = await started({ dir: folder(context) });
  node.submit(buy);
  const refused = node.submit({ ...buy, requestId: 'mine-2', quantity: '100000' });
  assert.notEqual(refused.reason, 'APPROVED');
  const restored = new Ledger();
  restoreLedger(restored, encodeLedger(node.ledger, 1));
  assert.deepEqual([...restored.requests.all()], [...node.ledger.requests.all()]);
  assert.equal([...restored.requests.all()].length, 2);
  assert.deepEqual(node.submit({ ...buy, requestId: 'mine-2', quantity: '100000' }), refused);
});

test('the newest ten thousand are remembered', () => {
  const requests = new Requests();
  for (let at = 0; at < 10_001; at += 1)
    requests.note({ id: `r${at}`, clientOrderId: '', reason: '', content: '' });
  const ids = [...requests.all()].map(({ id }) => id);
  assert.deepEqual([ids.length, ids[0], ids.at(-1)], [10_000, 'r1', 'r10000']);
});
