// An order of which the venue tells less than it has executed, while others of its symbol trade on.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { moneyText } from '@ndts/protocol';
import { createHarness, during, type HarnessOptions, pass } from '../exec-kit.js';
import { Veil } from './veil-kit.js';

test('the sum of a position lasts no longer than what its orders lack', async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-short-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const veil = new Veil();
  veil.hides = () => true;
  let comparisons = 0;
  const wrap: NonNullable<HarnessOptions['wrap']> = (broker) => {
    const veiled = veil.wrap(broker);
    const open = veiled.queryOpenOrders.bind(veiled);
    veiled.queryOpenOrders = () => {
      comparisons += 1;
      return open();
    };
    return veiled;
  };
  const config = {
    ...{ 'exec.checkMs': '200', 'exec.differences': 'adopt', 'exec.paperFill': 'queue' },
    ...{ 'risk.staleMs': '6000000', 'exec.paperFeeBps': '0' },
  };
  const harness = createHarness({ dir, config, wrap });
  const { node, ticks, signals } = harness;
  const shown = { symbol: 1, price: 100, bid: 100, ask: 100, bidVolume: 50 };
  ticks.push({ ...shown, askVolume: 3 });
  await during(harness, node.start());
  ticks.push({ ...shown, askVolume: 3 });
  const executed = (): string[] =>
    [node.ledger.orders.get('1-1-0')?.filled, node.ledger.positions.get(1)?.quantity].map((one) =>
      moneyText(one ?? 0n),
    );
  /** Until the next comparison was made. */
  const compared = async (): Promise<void> => {
    for (const before = comparisons; comparisons === before; ) await pass(harness, 5);
    for (let turn = 0; turn < 20; turn += 1) await pass(harness, 5);
  };
  // 3 of 5 are executed, and nobody is told.
  signals.push({ ordinal: 1, symbol: 1, side: 1, quantity: '5' });
  await compared();
  assert.deepEqual(executed(), ['0', '0']);
  // The rest is told, and a sale of as much: here and there the sums are what they were.
  veil.hides = () => false;
  ticks.push({ ...shown, askVolume: 9 });
  signals.push({ ordinal: 2, symbol: 1, side: -1, quantity: '2' });
  await compared();
  assert.deepEqual(executed(), ['2', '0']);
  assert.equal(node.ledger.tradingState, 'ACTIVE', node.ledger.tradingReason);
  await compared();
  assert.deepEqual(executed(), ['5', '3']);
  assert.equal(node.ledger.tradingState, 'ACTIVE', node.ledger.tradingReason);
});
