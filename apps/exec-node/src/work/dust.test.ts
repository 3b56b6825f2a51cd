// What is held and less than a lot, because a fee was taken in the coin that was bought.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  type BrokerListener,
  moneyText,
  type OrderIntent,
  OrderStateNames,
  parseMoney,
  plainAbilities,
} from '@ndts/protocol';
import type { Gateway } from '../broker/gateway.js';
import type { PaperBroker } from '../broker/paper.js';
import { Desk, symbol } from './desk-kit.js';

const lot = parseMoney('0.01');

interface Coins {
  readonly desk: Desk;
  /** What was handed to the venue, as it was. */
  readonly sent: string[];
}

/** A venue that takes a thousandth of purchases, and trades in lots that nobody declared. */
async function coins(context: TestContext): Promise<Coins> {
  const sent: string[] = [];
  const wrap = (broker: PaperBroker): Gateway => {
    const connect = broker.connect.bind(broker);
    const submit = broker.submit.bind(broker);
    const taking = (listener: BrokerListener): BrokerListener => ({
      onOrderUpdate: (update) => listener.onOrderUpdate(update),
      onFill: (fill) => {
        listener.onFill(fill);
        const [tradeId, id] = [`${fill.tradeId}.fee`, `${fill.clientOrderId}.fee`];
        const fee = { tradeId, clientOrderId: id, side: -1, quantity: fill.quantity / 1000n };
        if (fill.side > 0) listener.onFill({ ...fill, ...fee });
      },
    });
    return Object.assign(broker, {
      connect: (listener: BrokerListener): Promise<void> => connect(taking(listener)),
      lotOf: (): bigint => lot,
      submit: (intent: OrderIntent): void => {
        sent.push(`${intent.clientOrderId} ${moneyText(intent.quantity)}`);
        submit(intent);
      },
    });
  };
  const config = { 'exec.checkMs': '0' };
  const desk = new Desk(context, { can: plainAbilities, config, wrap });
  await desk.start();
  await desk.market(100);
  return { desk, sent };
}

function states({ harness }: Desk): string[] {
  const orders = harness.node.ledger.orders.list(10, undefined);
  return orders.map(({ id, state, filled, reason }) => {
    const what = `${id} ${OrderStateNames[state]} ${moneyText(filled)}`;
    return reason === '' ? what : `${what}, ${reason}`;
  });
}

test('a stop is for what is held, and ends with the dust told', async (context) => {
  const { desk, sent } = await coins(context);
  const legs = { takeProfit: '120', stopLoss: '95' };
  await desk.signal({ ordinal: 1, side: 1, quantity: '2', ...legs });
  await desk.market(94);
  await desk.pass(5000);
  assert.deepEqual(sent, ['1-1-0 2', '1-1-2.1 1.99']);
  const { ledger } = desk.harness.node;
  assert.equal(moneyText(ledger.positions.get(symbol)?.quantity ?? 0n), '0.008');
  assert.equal(ledger.orders.open().size, 0);
  const told = states(desk);
  const left = '0.008 stays held, which is less than a lot';
  assert.ok(told.includes(`1-1-2 canceled 1.99, ${left}`), told.join('\n'));
  desk.checkJournal();
});

test('a profit is taken of what is held, and more than dust keeps its legs', async (context) => {
  const { desk, sent } = await coins(context);
  await desk.signal({ ordinal: 1, side: 1, quantity: '20', takeProfit: '104', stopLoss: '95' });
  await desk.market(102);
  assert.deepEqual(sent, ['1-1-0 20', '1-1-1.1 19.98']);
  assert.equal(desk.harness.node.ledger.orders.open().size, 3);
  await desk.market(105);
  await desk.pass(5000);
  assert.deepEqual(sent.length, 2);
  assert.equal(desk.harness.node.ledger.positions.get(symbol)?.quantity, 0n);
});

for (const can of [plainAbilities, { ...plainAbilities, closesOddLots: true }])
  test('what is below the least of one order ends as dust does', async (context) => {
    const desk = new Desk(context, { can });
    await desk.start();
    await desk.market(100);
    await desk.signal({ ordinal: 1, side: 1, quantity: '2.3', stopLoss: '95' });
    for (const [key, value] of [
      ['maxQuantity', '2'],
      ['minQuantity', '1'],
    ] as const) {
      const limit = { scope: 'symbol', name: String(symbol), key, value };
      await desk.harness.node.setLimit({ ...limit, actor: 'p', why: 'w' });
    }
    await desk.market(94);
    await desk.pass(5000);
    const left = '0.3 stays held, which is less than one order may be for';
    const told = states(desk);
    assert.ok(told.includes(`1-1-2 canceled 2, ${left}`), told.join('\n'));
    assert.equal(desk.harness.node.ledger.orders.open().size, 0);
    desk.checkJournal();
  });

test('to flatten sells whole lots and says what stays', async (context) => {
  const { desk, sent } = await coins(context);
  await desk.signal({ ordinal: 1, side: 1, quantity: '2' });
  const { node } = desk.harness;
  await node.flatten({ actor: 'p', why: 'w' });
  await desk.pass(5000);
  assert.deepEqual(sent, ['1-1-0 2', '0-0-0 1.99']);
  assert.equal(node.ledger.controls.flatten, '');
});

test('what is finer than the venue trades is denied before it is sent', async (context) => {
  const { desk, sent } = await coins(context);
  await desk.signal({ ordinal: 1, side: 1, quantity: '1.005' });
  assert.deepEqual(sent, []);
  const [denied] = desk.harness.node.ledger.orders.list(1, undefined);
  assert.equal(denied?.reason, 'INVALID_QUANTITY');
});
