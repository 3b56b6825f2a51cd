// What a strategy can rely on: each of its cancels counts, and each of its orders is told of.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type InstanceOrders, type OrderNews, OrderStateNames, subjects } from '@ndts/protocol';
import { createHarness, type Harness, type HarnessOptions } from './exec-kit.js';

async function started(
  context: TestContext,
  options: Omit<HarnessOptions, 'dir'>,
): Promise<Harness> {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-exec-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const harness = createHarness({ dir, ...options });
  await harness.node.start();
  return harness;
}

function states({ node }: Harness): string[] {
  const orders = node.ledger.orders.list(100, undefined);
  return orders.map(({ id, state, reason }) => [id, OrderStateNames[state], reason].join(' '));
}

test('a cancel that overtakes its signal is not lost', async (context) => {
  const harness = await started(context, {});
  harness.ticks.push({ symbol: 3, price: 100 });
  const cancel = async (clientOrderId: string, ahead: boolean): Promise<unknown> =>
    harness.bus.request(subjects.execCancel, {
      ...{ clientOrderId, ahead, actor: 'anna', why: 'a test' },
    });
  assert.deepEqual([await cancel('1-5-0', true), await cancel('1-6-0', false)], [true, false]);
  for (const ordinal of [4, 5, 6])
    harness.signals.push({ ordinal, symbol: 3, side: 1, quantity: '1', limit: '99' });
  await harness.settle();
  const expected = ['1-6-0 accepted ', '1-5-0 canceled anna: a test', '1-4-0 accepted '];
  assert.deepEqual(states(harness), expected);
  assert.equal(await cancel('1-5-0', true), false, 'it has ended');
});

test('a strategy that was away is told of each order, a flood of them too', async (context) => {
  const config = { 'risk.maxPosition': '100000', 'risk.ordersPerSecond': '100000' };
  const harness = await started(context, { config });
  const events = new Map<string, OrderNews>();
  let last = 0;
  harness.bus.subscribe(subjects.orderEvent, ({ payload }) => {
    const news = payload as OrderNews;
    assert.ok(news.revision > last, 'in the order of the journal');
    last = news.revision;
    events.set(news.clientOrderId, news);
  });
  harness.ticks.push({ symbol: 3, price: 100 });
  for (let ordinal = 1; ordinal <= 1100; ordinal++)
    harness.signals.push({ ordinal, symbol: 3, side: ordinal % 2 === 0 ? 1 : -1 });
  await harness.settle();
  for (let turn = 0; turn < 30; turn++) {
    harness.clock.advance(250e6);
    await harness.settle();
  }
  assert.equal(events.size, 1100, 'none was dropped');
  const ask = async (instance: number, after: number): Promise<InstanceOrders> =>
    (await harness.bus.request(subjects.execInstanceOrders, {
      ...{ instance, after },
    })) as InstanceOrders;
  const all = await ask(1, -1);
  assert.equal(all.highest, 1100);
  const newest = [...events.values()].sort((a, b) => a.revision - b.revision);
  assert.deepEqual(all.orders.slice(-1000), newest.slice(-1000));
  const { revision } = newest[1000]!;
  assert.deepEqual((await ask(1, revision)).orders, newest.slice(1001));
  assert.deepEqual(await ask(2, -1), { revision: all.revision, highest: -1, orders: [] });
  assert.deepEqual((await ask(1, all.revision)).orders, []);
});
