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
  type Time,
} from '@ndts/protocol';
import { createSilentLogger } from '@ndts/runtime';
import type { Gateway } from '../broker/gateway.js';
import type { PaperBroker } from '../broker/paper.js';
import { Desk, symbol } from './desk-kit.js';

/** An entry to buy that reaches no venue, so that the test says what becomes of it. */
class LateDesk extends Desk {
  #told: BrokerListener | undefined;
  #trades = 0;

  constructor(context: TestContext, logger = createSilentLogger()) {
    const wrap = (broker: PaperBroker): Gateway => {
      const connect = broker.connect.bind(broker);
      const submit = broker.submit.bind(broker);
      return Object.assign(broker, {
        connect: (listener: BrokerListener): Promise<void> => {
          this.#told = listener;
          return connect(listener);
        },
        submit: (intent: OrderIntent, terms?: OrderTerms): void => {
          if (intent.clientOrderId !== '1-1-0') submit(intent, terms);
        },
      });
    };
    const config = { 'exec.checkMs': '0', 'exec.differences': 'report' };
    super(context, { can: plainAbilities, config, wrap, logger });
  }

  /** Also when what differs is asked for once more. */
  override async start(): Promise<void> {
    let isOver = false;
    const start = super.start().finally(() => {
      isOver = true;
    });
    while (!isOver) {
      this.harness.clock.advance(1e6);
      await Promise.resolve();
    }
    await start;
  }

  async begin(quantity: string, legs = { takeProfit: '105', stopLoss: '95' }): Promise<void> {
    await this.start();
    await this.market(100);
    await this.signal({ ordinal: 1, side: 1, limit: '99', quantity, ...legs });
  }

  async executes(units: bigint): Promise<void> {
    const executed = { symbol, side: 1, quantity: units * moneyScale, price: 99n * moneyScale };
    this.#trades += 1;
    const tradeId = `late-${this.#trades}`;
    this.#told?.onFill({ ...this.#entry, ...executed, fee: 0n, venue: 'paper', tradeId });
    await this.pass();
  }

  async ends(): Promise<void> {
    const { canceled: state } = OrderState;
    this.#told?.onOrderUpdate({ ...this.#entry, state, reason: 'of the venue' });
    await this.pass();
  }

  get #entry(): { clientOrderId: string; venueOrderId: string; time: Time } {
    return { clientOrderId: '1-1-0', venueOrderId: 'V1', time: this.harness.clock.now() };
  }

  get position(): bigint {
    return (this.harness.node.ledger.positions.get(symbol)?.quantity ?? 0n) / moneyScale;
  }

  get open(): string[] {
    return [...this.harness.node.ledger.orders.open()].map(({ id }) => id);
  }
}

function ordersOf({ harness }: Desk): string[] {
  const orders = harness.node.ledger.orders.list(10, undefined);
  return orders.map(({ id, state, filled, intent: { quantity } }) => {
    const executed = `${moneyText(filled)}/${moneyText(quantity)}`;
    return `${id} ${OrderStateNames[state]} ${executed}`;
  });
}

test('what executes late has a stop and a profit, once', async (context) => {
  const desk = new LateDesk(context);
  await desk.begin('2');
  await desk.ends();
  assert.deepEqual(desk.open, []);
  await desk.executes(2n);
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

test('what executes after its legs have executed the rest has others', async (context) => {
  const desk = new LateDesk(context);
  await desk.begin('6');
  await desk.executes(2n);
  await desk.ends();
  await desk.market(105.6);
  assert.deepEqual([desk.position, desk.open], [0n, []]);
  await desk.market(100);
  await desk.executes(3n);
  assert.ok(ordersOf(desk).includes('1-1-4 emulated 0/3'));
  await desk.market(94);
  assert.deepEqual([desk.position, desk.open], [0n, []]);
  await desk.start();
  assert.deepEqual(desk.open, [], 'what has had its legs has them no more');
  await desk.market(100);
  await desk.executes(1n);
  assert.ok(ordersOf(desk).includes('1-1-6 emulated 0/1'));
  await desk.market(94);
  assert.deepEqual([desk.position, desk.open], [0n, []]);
  desk.checkJournal();
});

test('late legs grow with what executes, less what others were for', async (context) => {
  const desk = new LateDesk(context);
  await desk.begin('6', { takeProfit: '0', stopLoss: '95' });
  await desk.executes(2n);
  await desk.ends();
  await desk.market(94);
  await desk.market(100);
  for (const [executed, line] of [
    [1n, '1-1-4 emulated 0/1'],
    [2n, '1-1-4 emulated 0/3'],
  ] as const) {
    await desk.executes(executed);
    assert.ok(ordersOf(desk).includes(line), line);
  }
  desk.checkJournal();
});

test('what executes after its legs ended with dust has others', async (context) => {
  const desk = new LateDesk(context);
  await desk.begin('6');
  await desk.executes(2n);
  await desk.ends();
  const lot = { scope: 'symbol', name: String(symbol), key: 'lot', value: '1.5' };
  await desk.harness.node.setLimit({ ...lot, actor: 'p', why: 'w' });
  await desk.market(94);
  const left = '0.5 stays held, which is less than a lot';
  assert.equal(desk.harness.node.ledger.orders.get('1-1-2')?.reason, left);
  assert.deepEqual(desk.open, []);
  await desk.market(100);
  await desk.executes(3n);
  assert.ok(ordersOf(desk).includes('1-1-4 emulated 0/3'), ordersOf(desk).join('\n'));
  desk.checkJournal();
});

test('what executed while nobody worked has its legs after the restart', async (context) => {
  const desk = new LateDesk(context);
  await desk.begin('2');
  await desk.ends();
  desk.harness.broker.setOutage(true);
  await desk.pass();
  await desk.executes(2n);
  assert.deepEqual(desk.open, []);
  await desk.start();
  await desk.pass();
  assert.deepEqual(desk.open.slice(0, 2), ['1-1-3', '1-1-4']);
});

test('where somebody took the legs away, it is told', async (context) => {
  const errors: unknown[] = [];
  const error = (fields: unknown, line: unknown): void => {
    errors.push(fields, line);
  };
  const desk = new LateDesk(context, Object.assign(createSilentLogger(), { error }));
  await desk.begin('3');
  await desk.executes(1n);
  for (const leg of ['1-1-1', '1-1-2']) desk.harness.node.cancel(leg, 'by hand');
  await desk.ends();
  errors.length = 0;
  await desk.executes(2n);
  assert.deepEqual(desk.open, []);
  const line = 'it executed after its legs had been canceled: no stop is there for it';
  assert.deepEqual(errors, [{ clientOrderId: '1-1-0', quantity: '2' }, line]);
});
