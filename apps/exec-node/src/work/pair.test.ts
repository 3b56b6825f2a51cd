// Two orders of which what one executes the other can't, over the paper venue: each of them ends
// the other, in parts, too; what counts in the limits; cancels; what makes no pair; all of it over
// restarts.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  moneyText,
  OrderFlags,
  OrderStateNames,
  OrderType,
  type SubmitRequest,
} from '@ndts/protocol';
import { Desk, symbol } from './desk-kit.js';

class PairDesk extends Desk {
  constructor(context: TestContext) {
    super(context, { config: { 'exec.paperFeeBps': '0', 'risk.collarPercent': '50' } });
  }

  override market(last: number): Promise<void> {
    return super.market(last, 0);
  }

  async send(request: Partial<SubmitRequest>): Promise<string> {
    const plain = { symbol, side: 'sell', quantity: '4', limitPrice: '110' } as const;
    const { reason } = this.harness.node.submit({ ...plain, ...request });
    await this.pass();
    return reason;
  }

  orders(...ids: string[]): string[] {
    const { orders } = this.harness.node.ledger;
    return ids.map((id) => {
      const order = orders.get(id);
      return order === undefined
        ? 'none'
        : `${OrderStateNames[order.state]} ${moneyText(order.filled)}`;
    });
  }

  get exposed(): string {
    const position = this.harness.node.ledger.positions.ensure(symbol);
    const { quantity, openBuy, openSell } = position;
    return [quantity, openBuy, openSell].map(moneyText).join(' ');
  }
}

async function started(context: TestContext): Promise<PairDesk> {
  const desk = new PairDesk(context);
  await desk.start();
  await desk.market(100);
  return desk;
}

const stop = { other: { stopPrice: '90' } };

test('each of the two ends the other, over a restart; the greater counts', async (context) => {
  for (const [last, states] of [
    [111, ['filled 4', 'canceled 0']],
    [89, ['canceled 0', 'filled 4']],
  ] as const) {
    const desk = await started(context);
    assert.equal(await desk.send(stop), 'APPROVED');
    assert.equal(desk.exposed, '0 0 4');
    assert.deepEqual(desk.orders('0-0-0', '0-0-1', '0-0-0.1'), [
      'emulated 0',
      'emulated 0',
      'accepted 0',
    ]);
    await desk.start();
    await desk.market(100);
    assert.equal(desk.exposed, '0 0 4');
    await desk.market(last);
    assert.deepEqual(desk.orders('0-0-0', '0-0-1'), states);
    assert.equal(desk.exposed, '-4 0 0');
    desk.checkJournal();
  }
});

test('what one has executed in part the other goes on without', async (context) => {
  const desk = await started(context);
  await desk.send(stop);
  desk.harness.broker.setBehaviour({ partialFillPerMillion: 1_000_000 });
  // Marketable at once: half now, and the rest before the stop.
  await desk.send({ limitPrice: '100', quantity: '6', other: { stopPrice: '90' } });
  assert.deepEqual(desk.orders('0-1-0', '0-1-1'), ['filled 6', 'canceled 0']);
  assert.equal(desk.exposed, '-6 0 4');
  desk.checkJournal();
});

test('both sides: a range is left in one direction only', async (context) => {
  const desk = await started(context);
  const other = { side: 'buy', type: 'stop', stopPrice: '105' } as const;
  const { node } = desk.harness;
  const { reason } = node.submit({
    ...{ symbol, side: 'sell', quantity: '2', type: 'stop', stopPrice: '95', other },
  });
  assert.equal(reason, 'APPROVED');
  assert.equal(desk.exposed, '0 2 2');
  await desk.start();
  await desk.market(106);
  assert.deepEqual(desk.orders('0-0-0', '0-0-1'), ['canceled 0', 'filled 2']);
  assert.equal(desk.exposed, '2 0 0');
  desk.checkJournal();
});

test('two limit orders: one rests, the other comes when the market does', async (context) => {
  const desk = await started(context);
  await desk.send({ other: { side: 'buy', limitPrice: '95' } });
  assert.deepEqual(desk.orders('0-0-0.1', '0-0-1.1'), ['accepted 0', 'none']);
  await desk.market(94);
  assert.deepEqual(desk.orders('0-0-0', '0-0-1', '0-0-0.1'), [
    'canceled 0',
    'filled 4',
    'canceled 0',
  ]);
  assert.equal(desk.exposed, '4 0 0');
  desk.checkJournal();
});

test('a signal of a strategy makes a pair; repeated it makes none', async (context) => {
  const desk = await started(context);
  const pair = { limit: '110', parameter: '90', flags: OrderFlags.pair };
  await desk.signal({ ordinal: 7, side: -1, ...pair });
  await desk.signal({ ordinal: 7, side: -1, ...pair });
  assert.deepEqual(desk.orders('1-7-0', '1-7-1'), ['emulated 0', 'emulated 0']);
  assert.equal(desk.exposed, '0 0 1');
  await desk.market(89);
  assert.deepEqual(desk.orders('1-7-0', '1-7-1'), ['canceled 0', 'filled 1']);
  desk.checkJournal();
});

test('a cancel of one cancels both', async (context) => {
  const desk = await started(context);
  await desk.send(stop);
  assert.equal(desk.harness.node.cancel('0-0-1', 'a test'), true);
  await desk.pass();
  assert.deepEqual(desk.orders('0-0-0', '0-0-1', '0-0-0.1'), [
    'canceled 0',
    'canceled 0',
    'canceled 0',
  ]);
  assert.equal(desk.exposed, '0 0 0');
  desk.checkJournal();
});

test('what makes no pair is one denial; the limits look at the greater alone', async (context) => {
  const desk = await started(context);
  for (const [request, reason] of [
    [{ other: { type: 'market' } }, 'INVALID_ORDER'],
    [{ ...stop, takeProfit: '90' }, 'INVALID_ORDER'],
    [{ ...stop, timeInForce: 'ioc' }, 'INVALID_ORDER'],
    [{ other: { stopPrice: '20' } }, 'PRICE_COLLAR'],
    [{ ...stop, quantity: '101' }, 'POSITION_LIMIT_EXCEEDED'],
    [{ ...stop, quantity: '100' }, 'APPROVED'],
    [{ ...stop, quantity: '1' }, 'POSITION_LIMIT_EXCEEDED'],
  ] as const)
    assert.equal(await desk.send(request), reason, JSON.stringify(request));
  assert.equal(desk.harness.node.ledger.counts.denied, 6);
  await desk.signal({ ordinal: 1, side: 1, orderType: OrderType.market, flags: OrderFlags.pair });
  assert.equal(desk.harness.node.ledger.counts.denied, 7);
  desk.checkJournal();
});
