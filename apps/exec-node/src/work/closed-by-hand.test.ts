// What becomes of orders that protect or reduce what a strategy holds when it is closed by somebody
// or something else.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { moneyScale, moneyText, OrderFlags, OrderStateNames } from '@ndts/protocol';
import { SignalTape, type TestSignal } from '../exec-kit.js';
import { Desk, symbol } from './desk-kit.js';

class HandDesk extends Desk {
  order(id: string): string {
    const order = this.harness.node.ledger.orders.get(id);
    if (order === undefined) return 'none';
    const { state, filled, intent } = order;
    return `${OrderStateNames[state]} ${moneyText(filled)}/${moneyText(intent.quantity)}`;
  }

  reason(id: string): string | undefined {
    return this.harness.node.ledger.orders.get(id)?.reason;
  }

  get position(): string {
    return moneyText(this.harness.node.ledger.positions.get(symbol)?.quantity ?? 0n);
  }

  get open(): string[] {
    return [...this.harness.node.ledger.orders.open()].map(({ id }) => id);
  }

  /** A person's, at the market. */
  async person(side: 'buy' | 'sell', quantity: string): Promise<void> {
    const { reason } = this.harness.node.submit({ symbol, side, quantity });
    assert.equal(reason, 'APPROVED');
    await this.pass();
  }

  /** A strategy's, with a profit to take at 104 and a stop at 97. */
  async bracket(signal: Partial<TestSignal> = {}): Promise<void> {
    const legs = { takeProfit: '104', stopLoss: '97' };
    await this.signal({ ordinal: 1, side: 1, quantity: '5', ...legs, ...signal });
  }
}

async function started(
  context: TestContext,
  config: Record<string, string> = {},
): Promise<HandDesk> {
  const desk = new HandDesk(context, { config });
  await desk.start();
  await desk.market(100);
  return desk;
}

const twoOfTheFirst = ['0', 'canceled 2/5', 'canceled 0/5'];
const gone = 'nothing is held any more that it could reduce';

test('legs end when a person closes what they protect, and open nothing', async (t) => {
  const desk = await started(t);
  await desk.bracket();
  assert.equal(desk.order('1-1-1.1'), 'accepted 0/5');
  await desk.person('sell', '5');
  assert.deepEqual(desk.open, []);
  assert.deepEqual([desk.reason('1-1-1'), desk.reason('1-1-2')], [gone, gone]);
  for (const price of [104.6, 96]) await desk.market(price);
  assert.equal(desk.position, '0');
  desk.checkJournal();
});

test('legs protect what a person left of it', async (t) => {
  const desk = await started(t);
  await desk.bracket();
  await desk.person('sell', '3');
  assert.equal(desk.order('1-1-1.2'), 'accepted 0/2', 'the profit follows');
  await desk.start();
  await desk.market(96);
  assert.equal(desk.position, '0');
  assert.equal(desk.order('1-1-2'), 'canceled 2/5');
  assert.deepEqual(desk.open, []);
  desk.checkJournal();
});

test('what a person opened beside a strategy, and closes, is none of its business', async (t) => {
  const desk = await started(t);
  await desk.person('buy', '2');
  await desk.bracket();
  await desk.person('sell', '2');
  assert.equal(desk.order('1-1-1.1'), 'accepted 0/5');
  await desk.market(96);
  assert.equal(desk.position, '0');
});

test('what a person had before on the other side closes nothing', async (t) => {
  const desk = await started(t);
  await desk.person('sell', '5');
  await desk.bracket();
  await desk.person('buy', '1');
  assert.equal(desk.order('1-1-1.1'), 'accepted 0/5');
  await desk.market(96);
  assert.deepEqual([desk.order('1-1-2'), desk.position], ['filled 5/5', '-4']);
});

test('what a person closed and opened again has its stop no more', async (t) => {
  const desk = await started(t);
  await desk.bracket();
  await desk.person('sell', '5');
  await desk.person('buy', '5');
  await desk.bracket({ ordinal: 2, quantity: '3' });
  assert.equal(desk.order('1-2-1.1'), 'accepted 0/3');
  await desk.market(96);
  assert.deepEqual([desk.order('1-2-2'), desk.position], ['filled 3/3', '5']);
  desk.checkJournal();
});

test('what a person left of several strategies their orders share', async (t) => {
  const desk = await started(t);
  const other = new SignalTape(desk.harness.clock, 2);
  desk.harness.node.addSignalRing(2, 'other', other);
  await desk.bracket();
  other.push({ symbol, ordinal: 1, side: 1, quantity: '5', takeProfit: '103', stopLoss: '97' });
  await desk.pass();
  await desk.person('sell', '8');
  assert.equal(desk.position, '2');
  await desk.market(96);
  assert.deepEqual([desk.position, desk.order('1-1-2'), desk.order('2-1-2')], twoOfTheFirst);
  assert.deepEqual(desk.open, []);
  desk.checkJournal();
});

test('legs end when the strategy closes by itself, and its next position has none', async (t) => {
  const desk = await started(t);
  await desk.bracket();
  await desk.signal({ ordinal: 2, side: -1, quantity: '5' });
  assert.deepEqual(desk.open, []);
  await desk.signal({ ordinal: 3, side: 1, quantity: '5' });
  await desk.market(96);
  assert.equal(desk.position, '5');
  desk.checkJournal();
});

test('legs wait while their entry may still execute', async (t) => {
  const desk = await started(t, { 'exec.checkMs': '0' });
  await desk.bracket({ limit: '99', quantity: '4' });
  const { venue, clock } = desk.harness;
  const executed = { symbol, side: 1, quantity: 2n * moneyScale, price: 99n * moneyScale, fee: 0n };
  const fill = (tradeId: string): void =>
    venue.onFill({ clientOrderId: '1-1-0', tradeId, venue: 'x', time: clock.now(), ...executed });
  fill('a');
  await desk.pass();
  await desk.person('sell', '2');
  assert.deepEqual([desk.order('1-1-2'), desk.order('1-1-1.1')], ['emulated 0/4', 'canceled 0/2']);
  fill('b');
  await desk.pass();
  assert.equal(desk.order('1-1-1.2'), 'accepted 0/2');
});

test('a limit order that only reduces ends with what it reduces', async (t) => {
  const desk = await started(t);
  await desk.signal({ ordinal: 1, side: 1, quantity: '5' });
  const { reduceOnly: flags } = OrderFlags;
  await desk.signal({ ordinal: 2, side: -1, quantity: '5', limit: '104', flags });
  await desk.person('sell', '5');
  assert.deepEqual([desk.order('1-2-0'), desk.reason('1-2-0')], ['canceled 0/5', gone]);
});
