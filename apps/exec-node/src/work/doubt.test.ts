// Ticks that cleaning marked, or of a symbol that is stale or crossed, and what waits for a price.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { moneyText, OrderStateNames, OrderType, TickFlags } from '@ndts/protocol';
import { type TestTick, testDay } from '../exec-kit.js';
import { Desk, symbol } from './desk-kit.js';

const { suspect, crossed, stale, gapped, halted } = TickFlags;

class DoubtDesk extends Desk {
  /** What a restart finds. */
  readonly stored: TestTick[];

  constructor(context: TestContext, config: Record<string, string> = {}) {
    const stored: TestTick[] = [];
    super(context, { config, lastTicks: stored });
    this.stored = stored;
  }

  /** One tick, and what the node does at once: no time passes. */
  async tick(price: number, flags = 0): Promise<void> {
    this.harness.ticks.push({ symbol, price, bid: price - 0.5, ask: price + 0.5, flags });
    await this.harness.settle();
  }

  state(id: string): string | undefined {
    const state = this.harness.node.ledger.orders.get(id)?.state ?? 0;
    return OrderStateNames[state];
  }

  get stopPrice(): string {
    return moneyText(this.harness.node.ledger.orders.get('1-1-0')?.terms.stopPrice ?? 0n);
  }
}

async function started(context: TestContext): Promise<DoubtDesk> {
  const desk = new DoubtDesk(context);
  await desk.start();
  await desk.tick(100);
  return desk;
}

/** A strategy's stop to sell. */
async function stopAt(context: TestContext, price: string): Promise<DoubtDesk> {
  const desk = await started(context);
  const stop = { orderType: OrderType.stop, parameter: price };
  await desk.signal({ ordinal: 1, side: -1, ...stop });
  return desk;
}

test('a tick in doubt triggers no stop alone', async (t) => {
  for (const flags of [suspect, crossed, stale]) {
    const desk = await stopAt(t, '97');
    await desk.tick(60, flags);
    assert.equal(desk.state('1-1-0'), 'emulated');
    await desk.tick(100);
    await desk.tick(60, flags);
    await desk.tick(100, flags);
    assert.equal(desk.state('1-1-0'), 'emulated', 'one tick of three');
    await desk.pass(4000);
    assert.equal(desk.state('1-1-0'), 'emulated', 'the tick that stands says 100');
  }
});

test('a flag that says nothing against the price of the tick leaves it', async (t) => {
  const desk = await stopAt(t, '97');
  await desk.tick(96, gapped | halted);
  assert.equal(desk.state('1-1-0'), 'triggered');
});

test('of ticks all in doubt the second one that has reached a stop fires it', async (t) => {
  const desk = await stopAt(t, '97');
  for (const price of [98, 96]) await desk.tick(price, suspect);
  assert.equal(desk.state('1-1-0'), 'emulated');
  await desk.tick(93, suspect);
  assert.equal(desk.state('1-1-0'), 'filled');
  const torn = await stopAt(t, '97');
  for (const price of [60, 100, 61]) await torn.tick(price, suspect);
  assert.equal(torn.state('1-1-0'), 'filled', 'two of three, whatever is between them');
});

test('a tick in doubt that nothing follows counts after a while', async (t) => {
  const desk = await stopAt(t, '97');
  const { clock, broker } = desk.harness;
  await desk.tick(90, suspect);
  assert.equal(broker.dueNs(), clock.monotonicNs() + 3e9);
  clock.advance(2.9e9);
  await desk.harness.settle();
  assert.equal(desk.state('1-1-0'), 'emulated');
  clock.advance(0.1e9);
  await desk.harness.settle();
  assert.equal(desk.state('1-1-0'), 'filled');
  desk.checkJournal();
});

test('what was reached before a restart counts after it', async (t) => {
  const desk = await stopAt(t, '97');
  await desk.tick(96, suspect);
  desk.stored.push({ symbol, price: 96, flags: suspect });
  await desk.start();
  await desk.tick(95, suspect);
  assert.equal(desk.state('1-1-0'), 'emulated', 'no tick is known before the two');
  await desk.tick(94, suspect);
  assert.equal(desk.state('1-1-0'), 'filled');
});

test('a trail does not follow a tick in doubt', async (t) => {
  const desk = await started(t);
  await desk.signal({ ordinal: 1, side: -1, orderType: OrderType.trailing, parameter: '3' });
  await desk.tick(150, suspect);
  await desk.tick(101);
  assert.equal(desk.stopPrice, '98');
  for (const price of [150, 149]) await desk.tick(price, suspect);
  assert.equal(desk.stopPrice, '146');
});

test('a limit order does not step in front of its stop for a tick in doubt', async (t) => {
  const desk = await started(t);
  await desk.signal({ ordinal: 1, side: 1, takeProfit: '104', stopLoss: '95' });
  await desk.tick(60, suspect);
  assert.equal(desk.state('1-1-2'), 'emulated');
  assert.equal(desk.state('1-1-1.1'), 'accepted', 'the profit is not taken back');
  await desk.tick(106, crossed);
  assert.equal(desk.state('1-1-1.1'), 'accepted', 'nor does the simulated venue execute by it');
  await desk.tick(105, crossed);
  assert.equal(desk.state('1-1-1'), 'filled');
});

test('with no time to wait a tick in doubt is like any', async (t) => {
  const desk = new DoubtDesk(t, { 'risk.doubtMs': '0' });
  await desk.start();
  await desk.tick(100);
  await desk.signal({ ordinal: 1, side: -1, orderType: OrderType.stop, parameter: '97' });
  await desk.tick(96, suspect);
  assert.equal(desk.state('1-1-0'), 'filled');
});

test('a day does not begin with a price in doubt', async (t) => {
  const desk = await started(t);
  const { clock, node } = desk.harness;
  await desk.signal({ ordinal: 1, side: 1, quantity: '2' });
  clock.advance(86_400e9 - clock.now().nsOfDay - 1e9);
  await desk.tick(99);
  await desk.tick(1, suspect);
  clock.advance(1e9);
  await desk.harness.settle();
  assert.equal(node.ledger.riskDay?.day, testDay + 1);
  await desk.tick(98);
  assert.equal(node.riskView().dayLoss, '2');
});
