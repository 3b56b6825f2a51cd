// Brackets whose entry executes after it was over, and with it its legs.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  type BrokerListener,
  moneyScale,
  moneyText,
  type OrderIntent,
  OrderState,
  OrderStateNames,
  type OrderTerms,
  plainAbilities,
} from '@ndts/protocol';
import type { Gateway } from '../broker/gateway.js';
import type { PaperBroker } from '../broker/paper.js';
import { Desk, symbol } from './desk-kit.js';

/** An entry that the venue ended, and of which it tells an execution afterwards. */
async function lateFill(context: TestContext, quantity: bigint): Promise<Desk> {
  let told: BrokerListener | undefined;
  const wrap = (broker: PaperBroker): Gateway => {
    const connect = broker.connect.bind(broker);
    const submit = broker.submit.bind(broker);
    return Object.assign(broker, {
      connect: (listener: BrokerListener): Promise<void> => {
        told = listener;
        return connect(listener);
      },
      submit: (intent: OrderIntent, terms?: OrderTerms): void => {
        if (intent.clientOrderId !== '1-1-0') submit(intent, terms);
      },
    });
  };
  const config = { 'exec.checkMs': '0' };
  const desk = new Desk(context, { can: plainAbilities, config, wrap });
  await desk.start();
  await desk.market(100);
  const legs = { takeProfit: '105', stopLoss: '95' };
  await desk.signal({ ordinal: 1, side: 1, limit: '99', quantity: '2', ...legs });
  const one = { clientOrderId: '1-1-0', venueOrderId: 'V1', time: desk.harness.clock.now() };
  told?.onOrderUpdate({ ...one, state: OrderState.canceled, reason: 'of the venue' });
  await desk.pass();
  assert.deepEqual([...desk.harness.node.ledger.orders.open()], []);
  const executed = { symbol, side: 1, quantity, price: 99n * moneyScale, fee: 0n };
  told?.onFill({ ...one, ...executed, venue: 'paper', tradeId: 'late-1' });
  await desk.pass();
  return desk;
}

function ordersOf({ harness }: Desk): string[] {
  const orders = harness.node.ledger.orders.list(10, undefined);
  return orders.map(({ id, state, filled, intent: { quantity } }) => {
    const executed = `${moneyText(filled)}/${moneyText(quantity)}`;
    return `${id} ${OrderStateNames[state]} ${executed}`;
  });
}

test('what executes late has a stop and a profit, once', async (context) => {
  const desk = await lateFill(context, 2n * moneyScale);
  const legs = ['1-1-4 emulated 0/2', '1-1-3 emulated 0/2'];
  assert.deepEqual(
    ordersOf(desk).filter((line) => line.includes('emulated')),
    legs,
  );
  desk.checkJournal();
  await desk.market(94);
  const { ledger } = desk.harness.node;
  assert.equal(ledger.positions.get(symbol)?.quantity, 0n);
  assert.deepEqual(ordersOf(desk).slice(0, 4), [
    '1-1-4.1 filled 2/2',
    '1-1-3.1 canceled 0/2',
    '1-1-4 filled 2/2',
    '1-1-3 canceled 0/2',
  ]);
  assert.equal(ledger.orders.open().size, 0);
  desk.checkJournal();
});
