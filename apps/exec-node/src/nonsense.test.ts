// What no market, no person and no clock should send, and what the node makes of it: it goes on, it
// changes nothing it can't stand for, and it says what it expected.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseMoney, type SubmitRequest } from '@ndts/protocol';
import {
  createHarness,
  FullDisk,
  type Harness,
  type HarnessOptions,
  ledgerSnapshot,
  rebuild,
} from './exec-kit.js';

async function started(
  context: TestContext,
  options: Partial<HarnessOptions> = {},
): Promise<Harness> {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-nonsense-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const harness = createHarness({ dir, ...options });
  await harness.node.start();
  harness.ticks.push({ symbol: 1, price: 100, bid: 99.5, ask: 100.5 });
  await harness.settle();
  return harness;
}

function reasons({ node }: Harness): string[] {
  return node.ledger.orders.list(10, undefined).map(({ id, reason }) => `${id} ${reason}`);
}

const buy: SubmitRequest = { symbol: 1, side: 'buy', quantity: '1' };
const who = { actor: 'anna', why: 'a test' };

test('a price that is none is no market, and other symbols trade on', async (context) => {
  for (const price of [1e10, 1e300, Number.POSITIVE_INFINITY, Number.NaN, 0, -5]) {
    const harness = await started(context);
    harness.signals.push({ ordinal: 1, symbol: 1, side: 1 });
    await harness.settle();
    harness.ticks.push({ symbol: 1, price });
    harness.ticks.push({ symbol: 2, price: 100, bid: 1e300, ask: Number.POSITIVE_INFINITY });
    harness.signals.push({ ordinal: 2, symbol: 1, side: 1 });
    harness.signals.push({ ordinal: 3, symbol: 2, side: 1 });
    await harness.settle();
    assert.deepEqual(reasons(harness), ['1-3-0 ', '1-2-0 NO_MARKET', '1-1-0 '], String(price));
    assert.equal(harness.node.ledger.positions.get(2)?.quantity, parseMoney('1'));
    harness.node.riskView();
  }
});

test('a number beyond 64 bits makes no order, nor a part of one', async (context) => {
  const harness = await started(context);
  const huge = '999999999999';
  for (const more of [
    { takeProfit: huge, stopLoss: '90' },
    { quantity: huge },
    { limitPrice: huge },
    { type: 'trailing', distance: huge },
  ])
    assert.throws(() => harness.node.submit({ ...buy, ...more }), {
      ...{ code: 'INVALID_ARGUMENT', message: /expected a number below 9.2e10, found '9{12}'/ },
    });
  await harness.settle();
  assert.deepEqual(reasons(harness), []);
  assert.equal(harness.node.ledger.positions.get(1)?.quantity ?? 0n, 0n);
});

test('who names no part of what trades sets nothing', async (context) => {
  const { node } = await started(context);
  const set = 'HALTED' as const;
  for (const [scope, name, expected] of [
    ['strategy', 'momentum', /expected the number of a strategy instance, found 'momentum'/],
    ['strategy', '1.5', /expected the number of a strategy instance/],
    ['symbol', 'BTC', /expected the id of a symbol, found 'BTC'/],
    ['account', 'nobody', /expected the account 'paper', found 'nobody'/],
    ['', '3', /expected one of account, strategy, symbol, found ''/],
  ] as const) {
    await assert.rejects(node.setTradingState({ set, scope, name, ...who }), expected);
    const limit = { scope, name, key: 'maxPosition', value: '1', ...who };
    await assert.rejects(node.setLimit(limit), expected);
  }
  assert.deepEqual([...node.ledger.controls.entries()], []);
  assert.equal(node.ledger.tradingState, 'ACTIVE');
});

test('no number is given to an order that the journal can’t take', async (context) => {
  const journal = new FullDisk();
  const harness = await started(context, { journal });
  journal.full = true;
  assert.throws(() => harness.node.submit(buy), /0-0-0 is APPROVED and waits: .*no space left/);
  assert.throws(() => harness.node.submit(buy), /no space left/);
  journal.full = false;
  harness.clock.advance(200e6);
  await harness.settle();
  assert.deepEqual(harness.node.submit(buy), { clientOrderId: '0-1-0', reason: 'APPROVED' });
  await harness.settle();
  assert.equal(harness.node.ledger.positions.get(1)?.quantity, parseMoney('2'));
  assert.deepEqual(ledgerSnapshot(rebuild(journal)), ledgerSnapshot(harness.node.ledger));
});
