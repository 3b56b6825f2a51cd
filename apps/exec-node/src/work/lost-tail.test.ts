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
  more: Record<string, string> = {},
): Promise<Node> {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-tail-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const config = { 'exec.journalMode': 'accepted', 'risk.staleMs': '6000000', ...more };
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

test('a signal whose order was executed and lost makes no second one', async (context) => {
  const signal = { ordinal: 7, symbol, side: 1, quantity: '2', validForMs: 600_000 };
  const made = await lost(
    context,
    () => undefined,
    ({ signals }) => signals.push(signal),
  );
  const { node, signals } = made.harness;
  assert.equal(held(made), parseMoney('2'));
  // The strategy goes on from before, too, and its signal is still valid.
  for (const ordinal of [6, 7, 8]) signals.push({ ...signal, ordinal });
  for (let cycle = 0; cycle < 5; cycle++) await pass(made.harness, 10);
  const ids = node.ledger.orders.list(9, undefined).map(({ id }) => id);
  assert.deepEqual([ids, held(made)], [['1-8-0'], parseMoney('4')]);
  assert.deepEqual(ledgerSnapshot(rebuild(made.journal)), ledgerSnapshot(node.ledger));
});

test('nor does one whose order is open at the venue, and trading goes on', async (t) => {
  const signal = { ordinal: 7, symbol, side: 1, quantity: '2', limit: '99', validForMs: 600_000 };
  const made = await lost(
    t,
    () => undefined,
    ({ signals }) => signals.push(signal),
    { 'exec.differences': 'report' },
  );
  const { node, signals, broker } = made.harness;
  assert.deepEqual(node.riskView().differences, [
    'the venue holds order 1-7-0, the journal does not',
  ]);
  for (const ordinal of [7, 8]) signals.push({ ...signal, ordinal });
  for (let cycle = 0; cycle < 5; cycle++) await pass(made.harness, 10);
  const orders = node.ledger.orders.list(9, undefined).map(({ id, reason }) => `${id} ${reason}`);
  assert.deepEqual(orders, ['1-8-0 ', '1-7-0 DUPLICATE_ORDER']);
  assert.equal((await broker.queryOpenOrders()).length, 2);
});
