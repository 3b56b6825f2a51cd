// Closing what is held, where one order may not be for all of it.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { moneyText, parseMoney } from '@ndts/protocol';
import { createHarness, during, type Harness, pass } from '../exec-kit.js';

const who = { actor: 'anna', why: 'a test' };

async function started(context: TestContext, config: Record<string, string>): Promise<Harness> {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-flatten-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const harness = createHarness({ dir, config: { 'risk.staleMs': '6000000', ...config } });
  await during(harness, harness.node.start());
  harness.ticks.push({ symbol: 1, price: 100, bid: 99, ask: 101 });
  await harness.settle();
  return harness;
}

for (const [limit, config, parts] of [
  ['value', { 'risk.maxOrderValue': '250', 'risk.lot': '1' }, ['2', '2', '1']],
  ['quantity', { 'risk.maxQuantity': '3' }, ['3', '2']],
] as const)
  test(`what is held goes in parts that an order may have: ${limit}`, async (context) => {
    const harness = await started(context, config);
    const { node } = harness;
    for (const [ordinal, quantity] of [
      [1, '2'],
      [2, '2'],
      [3, '1'],
    ] as const) {
      harness.signals.push({ ordinal, symbol: 1, side: 1, quantity });
      await harness.settle();
    }
    assert.equal(node.ledger.positions.get(1)?.quantity, parseMoney('5'));
    await node.flatten(who);
    for (let turn = 0; turn < 100; turn++) await pass(harness, 50);
    assert.equal(node.ledger.positions.get(1)?.quantity, 0n);
    assert.equal(node.ledger.controls.flatten, '');
    const orders = node.ledger.orders.list(100, 1).reverse();
    const closing = orders.filter(({ intent }) => intent.instance === 0);
    assert.deepEqual(
      closing.map(({ quantity }) => moneyText(quantity)),
      parts,
    );
  });

test('a stop goes in parts when the market moved beyond what one order may be', async (context) => {
  const harness = await started(context, { 'risk.maxOrderValue': '250', 'risk.lot': '1' });
  harness.signals.push({ ordinal: 1, symbol: 1, side: -1, quantity: '2', stopLoss: '120' });
  await harness.settle();
  assert.equal(harness.node.ledger.positions.get(1)?.quantity, parseMoney('-2'));
  harness.ticks.push({ symbol: 1, price: 126, bid: 125, ask: 127 });
  for (let turn = 0; turn < 20; turn++) await pass(harness, 50);
  assert.equal(harness.node.ledger.positions.get(1)?.quantity, 0n);
});
