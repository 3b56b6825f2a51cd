// What a node sent and a power loss took out of its journal (journalMode accepted): the venue tells
// of it, and nothing of it is sent once more.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { OrderStateNames, parseMoney, plainAbilities } from '@ndts/protocol';
import { MemoryKeyValueStore } from '@ndts/runtime';
import { createHarness, during, type Harness, ledgerSnapshot, pass, rebuild } from '../exec-kit.js';
import { symbol } from './desk-kit.js';

interface Node {
  readonly harness: Harness;
  readonly journal: MemoryKeyValueStore;
}

async function started(harness: Harness, price: number): Promise<void> {
  await during(harness, harness.node.start());
  harness.ticks.push({ symbol, price });
  await harness.settle();
}

/** A node, and what it does that is lost; returns the one that starts after it. */
async function lost(
  context: TestContext,
  before: (node: Harness['node']) => void,
  act: (harness: Harness) => void,
): Promise<Node> {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-tail-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const config = { 'exec.journalMode': 'accepted', 'risk.staleMs': '6000000' };
  const options = { dir, can: plainAbilities, config };
  const journal = new MemoryKeyValueStore();
  const first = createHarness({ ...options, journal });
  await started(first, 100);
  before(first.node);
  await first.settle();
  await journal.durable();
  journal.holdCommits();
  act(first);
  await first.settle();
  first.ticks.push({ symbol, price: 102 });
  await first.settle();
  const left = journal.afterPowerLoss();
  const harness = createHarness({ ...options, clock: first.clock, journal: left });
  await started(harness, 102);
  for (let cycle = 0; cycle < 50; cycle++) await pass(harness, 100);
  return { harness, journal: left };
}

function held({ harness }: Node): bigint | undefined {
  return harness.node.ledger.positions.get(symbol)?.quantity;
}

const order = { symbol, side: 'buy', quantity: '2' } as const;

test('a part that was executed counts for its order, which sends no other one', async (context) => {
  const made = await lost(
    context,
    (node) => node.submit({ ...order, type: 'stop', stopPrice: '101' }),
    ({ ticks }) => ticks.push({ symbol, price: 102 }),
  );
  assert.equal(held(made), parseMoney('2'));
  const { ledger } = made.harness.node;
  const whole = ledger.orders.get('0-0-0');
  assert.deepEqual([OrderStateNames[whole?.state ?? 0], whole?.childCount], ['filled', 1]);
  assert.equal(ledger.positions.get(symbol)?.openBuy, 0n);
  assert.deepEqual(ledgerSnapshot(rebuild(made.journal)), ledgerSnapshot(ledger));
});

test('the number of an order of a person is not given to another one', async (context) => {
  const made = await lost(
    context,
    () => undefined,
    ({ node }) => node.submit(order),
  );
  assert.equal(held(made), parseMoney('2'));
  assert.equal(made.harness.node.submit(order).clientOrderId, '0-1-0');
  assert.deepEqual(ledgerSnapshot(rebuild(made.journal)), ledgerSnapshot(made.harness.node.ledger));
});
