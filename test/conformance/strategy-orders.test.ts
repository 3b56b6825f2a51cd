// From a hook of a strategy to the journal of the exec node: what buy() was asked for is what the
// order is, term by term, over the bytes of the signal ring.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SignalWriter, StrategyDriver } from '@ndts/calc-node';
import type { OrderOptions } from '@ndts/calc-node/strategy';
import { createHarness, rebuild } from '@ndts/exec-node/kit';
import { createTickBatch, OrderState, OrderTypeNames, TimeInForceNames } from '@ndts/protocol';

const unit = 100_000_000n;
const symbol = 3;
const asked: readonly OrderOptions[] = [
  { stopPrice: 101 },
  { limitPrice: 99, timeInForce: 'gtd', workForMs: 1000, postOnly: true },
  { distance: 1.5 },
  { limitPrice: 98, shown: unit },
  { slices: 3, workForMs: 60_000 },
  { takeProfit: 103, stopLoss: 97 },
];

test('options of a strategy are terms in the journal', async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-terms-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const wide = { 'risk.maxPosition': '100000', 'risk.maxOrderValue': '10000000' };
  const harness = createHarness({ dir, config: wide });
  await harness.node.start();
  const slots: Uint8Array[] = [];
  const writer = new SignalWriter({
    ...{ instance: 2, generation: 1, validForMs: 2000, clock: harness.clock, cancel: () => {} },
    ring: { publish: (bytes) => void slots.push(bytes.slice()), close: () => {} },
  });
  harness.node.addSignalRing(2, 'terms', {
    poll(into) {
      const slot = slots.shift();
      if (slot !== undefined) into.set(slot);
      return slot === undefined ? 0 : 1;
    },
    lapped: () => 0,
  });
  const driver = new StrategyDriver({
    strategy: {
      ...{ name: 'asks', version: '1', params: {} },
      onTick(_, hooks) {
        for (const [index, options] of asked.entries())
          hooks.buy(symbol, BigInt(index + 3) * unit, options);
      },
    },
    ...{ parameters: {}, capacity: 1, sink: writer, log: () => {} },
  });
  harness.ticks.push({ symbol, price: 100, bid: 99.5, ask: 100.5 });
  await harness.settle();
  const batch = createTickBatch(1);
  const now = harness.clock.now();
  batch.day[0] = now.day;
  batch.nsOfDay[0] = now.nsOfDay;
  batch.symbol[0] = symbol;
  batch.price[0] = 100;
  batch.count = 1;
  driver.run(batch);
  driver.close();
  await harness.settle();
  const orders = rebuild(harness.journal).orders.list(100, undefined);
  const told = orders
    .filter(({ state, intent }) => state !== OrderState.denied && intent.instance === 2)
    .filter(({ intent }) => intent.clientOrderId.endsWith('-0'))
    .sort((one, other) => Number(one.intent.ordinal - other.intent.ordinal))
    .map(({ intent, terms }) => {
      const { stopPrice, distance, shown, slices, flags, timeInForce } = terms;
      const numbers = [stopPrice, distance, shown].map((value) => Number(value) / 1e8);
      const words = [OrderTypeNames[intent.orderType], TimeInForceNames[timeInForce]];
      return [...words, Number(intent.limitPrice) / 1e8, ...numbers, slices, flags].join(' ');
    });
  assert.deepEqual(told, [
    'stop gtc 0 101 0 0 0 0',
    'limit gtd 99 0 0 0 0 1',
    'trailing gtc 0 101.5 1.5 0 0 0',
    'iceberg gtc 98 0 0 1 0 0',
    'twap gtc 0 0 0 0 3 0',
    'market gtc 0 0 0 0 0 0',
  ]);
  const legs = orders.filter(({ terms }) => terms.entry !== '').length;
  assert.equal(legs, 2, 'of the bracket');
});
