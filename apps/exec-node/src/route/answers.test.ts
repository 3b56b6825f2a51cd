// What the broker tells, in every order it may come: late, twice, too much, and never asked for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Fill,
  moneyText,
  type OrderIntent,
  OrderState,
  OrderType,
  parseMoney,
  type Time,
} from '@ndts/protocol';
import { createSilentLogger, MemoryKeyValueStore, VirtualClock } from '@ndts/runtime';
import { ledgerSnapshot, rebuild } from '../exec-kit.js';
import { EventJournal } from '../order/journal.js';
import { Ledger } from '../order/ledger.js';
import type { Order } from '../order/order.js';
import { Scribe } from '../order/scribe.js';
import { Answers } from './answers.js';
import { LogGate } from './log-gate.js';

const time: Time = { day: 20_000, nsOfDay: 0 };

function setUp(): {
  answers: Answers;
  order: Order;
  ledger: Ledger;
  tell: (state: OrderState, venueOrderId?: string) => void;
  fill: (tradeId: string, quantity: string, change?: Partial<Fill>) => void;
  sameAfterRestart: () => void;
  store: MemoryKeyValueStore;
  clock: VirtualClock;
  scribe: Scribe;
} {
  const clock = new VirtualClock(20_000 * 86_400_000);
  const logger = createSilentLogger();
  const store = new MemoryKeyValueStore();
  const journal = new EventJournal(store);
  const ledger = new Ledger();
  const scribe = new Scribe(journal, ledger, clock, logger, () => undefined);
  const strays = { ended: () => false };
  const answers = new Answers(ledger, journal, scribe, logger, new LogGate(clock, 10), strays);
  const order = scribe.intent(intentOf('1-1-0'));
  ledger.orders.setState(order, OrderState.submitted, false);
  const tell = (state: OrderState, venueOrderId = 'V1'): void => {
    answers.onOrderUpdate({ clientOrderId: '1-1-0', venueOrderId, state, reason: '', time });
    answers.drain();
  };
  const fill = (tradeId: string, quantity: string, change: Partial<Fill> = {}): void => {
    answers.onFill({
      ...{ venue: 'paper', tradeId, clientOrderId: '1-1-0', symbol: 5, side: 1, time },
      ...{ quantity: parseMoney(quantity), price: parseMoney('100'), fee: 7n },
      ...change,
    });
    answers.drain();
  };
  const sameAfterRestart = (): void => {
    assert.equal(scribe.flush(), true);
    assert.deepEqual(ledgerSnapshot(rebuild(store)), ledgerSnapshot(ledger));
  };
  return { answers, order, ledger, tell, fill, sameAfterRestart, store, clock, scribe };
}

function intentOf(clientOrderId: string): OrderIntent {
  return {
    ...{ clientOrderId, account: 'paper', instance: 1, ordinal: 1n, symbol: 5, side: 1 },
    ...{ orderType: OrderType.limit, quantity: parseMoney('10'), limitPrice: parseMoney('100') },
    ...{ time, tickTime: time, shard: 0, epoch: 0n, sequence: 0n, factorValue: 0 },
    broker: 'paper',
  };
}

function position(ledger: Ledger): string {
  const { quantity, openBuy, openSell } = ledger.positions.ensure(5);
  return [quantity, openBuy, openSell].map((value) => String(value / 100_000_000n)).join(' ');
}

test('the ordinary life: accepted, partly filled, filled', () => {
  const { order, ledger, tell, fill, sameAfterRestart } = setUp();
  assert.equal(position(ledger), '0 10 0');
  tell(OrderState.accepted);
  assert.equal(order.venueOrderId, 'V1');
  fill('T1', '4');
  assert.equal(order.state, OrderState.partiallyFilled);
  assert.equal(position(ledger), '4 6 0');
  fill('T2', '6');
  assert.equal(order.state, OrderState.filled);
  assert.equal(position(ledger), '10 0 0');
  assert.equal(order.closed, true);
  sameAfterRestart();
});

test('fill before the acknowledgement: the ack brings the id and changes nothing else', () => {
  const { answers, order, tell, fill, sameAfterRestart } = setUp();
  fill('T1', '4');
  tell(OrderState.accepted);
  assert.equal(order.state, OrderState.partiallyFilled);
  assert.equal(order.venueOrderId, 'V1');
  fill('T2', '6');
  tell(OrderState.accepted);
  assert.equal(order.state, OrderState.filled);
  assert.equal(answers.counts.illegal, 0);
  assert.equal(answers.counts.duplicateUpdates, 1);
  sameAfterRestart();
});

test('late fill after cancel: it counts, and no quantity opens again', () => {
  const { order, ledger, tell, fill, sameAfterRestart } = setUp();
  tell(OrderState.accepted);
  tell(OrderState.canceled);
  assert.equal(position(ledger), '0 0 0');
  fill('T1', '3');
  assert.equal(order.state, OrderState.partiallyFilled);
  assert.equal(order.closed, true);
  assert.equal(position(ledger), '3 0 0');
  assert.equal(ledger.orders.open().size, 0);
  sameAfterRestart();
});

test('a venue refuses what it had taken: it is over, and a late fill of it counts', () => {
  for (const [filled, told] of [
    ['', OrderState.accepted],
    ['4', OrderState.accepted],
    ['4', OrderState.unknown],
  ] as const) {
    const { answers, order, ledger, tell, fill, sameAfterRestart } = setUp();
    tell(OrderState.accepted);
    if (filled !== '') fill('T1', filled);
    tell(told);
    tell(OrderState.rejected);
    assert.deepEqual([order.state, order.closed], [OrderState.canceled, true]);
    fill('T2', '1');
    const held = Number(filled) + 1;
    assert.deepEqual([position(ledger), answers.counts.illegal], [`${held} 0 0`, 0]);
    tell(OrderState.rejected);
    assert.deepEqual([order.closed, position(ledger)], [true, `${held} 0 0`]);
    sameAfterRestart();
  }
});

test('an order that ended with more than was told is open until it was told', () => {
  const { answers, order, ledger, tell, fill, sameAfterRestart } = setUp();
  tell(OrderState.accepted);
  fill('T1', '2');
  const [clientOrderId, state, filledQuantity] = ['1-1-0', OrderState.canceled, parseMoney('5')];
  answers.onOrderUpdate({
    clientOrderId,
    venueOrderId: 'V1',
    state,
    reason: '',
    time,
    filledQuantity,
  });
  answers.drain();
  assert.deepEqual([order.closed, position(ledger)], [false, '2 8 0']);
  fill('T2', '1');
  assert.deepEqual([order.closed, position(ledger)], [false, '3 7 0']);
  fill('T3', '2');
  answers.drain();
  assert.deepEqual([order.state, order.closed, position(ledger)], [state, true, '5 0 0']);
  assert.equal(answers.counts.illegal, 0);
  sameAfterRestart();
});

test('a closed order is not opened again by words', () => {
  const { answers, order, tell, fill, sameAfterRestart } = setUp();
  tell(OrderState.canceled);
  fill('T1', '3');
  tell(OrderState.unknown);
  tell(OrderState.pendingCancel);
  assert.equal(answers.counts.illegal, 2);
  assert.equal(order.state, OrderState.partiallyFilled);
  tell(OrderState.canceled);
  assert.equal(order.state, OrderState.canceled);
  sameAfterRestart();
});

test('cancel refused: back to accepted, or to partly filled', () => {
  const { order, tell, fill, sameAfterRestart } = setUp();
  tell(OrderState.accepted);
  tell(OrderState.pendingCancel);
  tell(OrderState.accepted);
  assert.equal(order.state, OrderState.accepted);
  fill('T1', '1');
  tell(OrderState.pendingCancel);
  tell(OrderState.accepted);
  assert.equal(order.state, OrderState.partiallyFilled);
  sameAfterRestart();
});

test('a fill told twice counts once, told for another quantity too', () => {
  const { answers, order, ledger, fill, sameAfterRestart } = setUp();
  fill('T1', '4');
  fill('T1', '4');
  fill('T1', '2');
  assert.equal(answers.counts.duplicateFills, 2);
  assert.equal(order.filled, parseMoney('4'));
  assert.equal(ledger.counts.fills, 1);
  sameAfterRestart();
});

test('an overfill is refused and counted', () => {
  const { answers, order, fill, sameAfterRestart } = setUp();
  fill('T1', '9');
  fill('T2', '1.00000001');
  assert.equal(answers.counts.overfills, 1);
  assert.equal(order.filled, parseMoney('9'));
  fill('T3', '1');
  fill('T4', '0.00000001');
  assert.equal(answers.counts.overfills, 2);
  assert.equal(order.state, OrderState.filled);
  sameAfterRestart();
});

test('a fill that contradicts the order is refused', () => {
  const { answers, order, fill } = setUp();
  fill('T1', '1', { symbol: 6 });
  fill('T2', '1', { side: -1 });
  fill('T3', '0');
  assert.equal(answers.counts.illegal, 3);
  assert.equal(order.filled, 0n);
});

test('illegal updates are refused and counted', () => {
  const { answers, order, tell, fill, sameAfterRestart } = setUp();
  tell(OrderState.accepted);
  tell(OrderState.submitted);
  assert.equal(order.state, OrderState.accepted);
  fill('T1', '10');
  tell(OrderState.canceled);
  tell(OrderState.rejected);
  assert.equal(order.state, OrderState.filled);
  assert.equal(answers.counts.illegal, 3);
  sameAfterRestart();
});

test('rejected means it never lived: a fill of it is refused', () => {
  const { answers, ledger, tell, fill, sameAfterRestart } = setUp();
  tell(OrderState.rejected);
  assert.equal(position(ledger), '0 0 0');
  fill('T1', '1');
  assert.equal(answers.counts.illegal, 1);
  sameAfterRestart();
});

test('unknown keeps its place in the limits until it is resolved', () => {
  const { ledger, order, tell, sameAfterRestart } = setUp();
  tell(OrderState.unknown, '');
  assert.equal(position(ledger), '0 10 0');
  assert.equal(ledger.orders.unknownCount, 1);
  tell(OrderState.accepted);
  assert.equal(order.state, OrderState.accepted);
  assert.equal(ledger.orders.unknownCount, 0);
  sameAfterRestart();
});

test('a fill of an order we do not hold moves the position, once', () => {
  const { answers, ledger, fill, sameAfterRestart } = setUp();
  fill('T9', '2', { clientOrderId: 'someone' });
  fill('T9', '2', { clientOrderId: 'someone' });
  assert.equal(ledger.positions.ensure(5).quantity, parseMoney('2'));
  assert.equal(answers.counts.foreign, 2);
  assert.equal(answers.counts.duplicateFills, 1);
  sameAfterRestart();
});

test('what is told today counts in the loss of today, whatever the venue dates it', () => {
  const { ledger, fill, sameAfterRestart, scribe } = setUp();
  const evening: Time = { day: 20_001, nsOfDay: 0 };
  const before: Time = { day: 19_998, nsOfDay: 0 };
  fill('T1', '4');
  scribe.beginRiskDay({ day: 20_000, time }, new Map([[5, parseMoney('90')]]));
  assert.equal(ledger.positions.dayLoss(), 0n);
  fill('T2', '4', { side: -1, price: parseMoney('60'), clientOrderId: 'x', time: evening });
  const loss = parseMoney('120') * 100_000_000n + 7n * 100_000_000n;
  assert.equal(ledger.positions.dayLoss(), loss);
  fill('T3', '1', { time: before });
  fill('T4', '1', { side: -1, price: parseMoney('50'), clientOrderId: 'x', time: before });
  assert.equal(ledger.positions.dayLoss(), loss + (parseMoney('50') + 14n) * 100_000_000n);
  sameAfterRestart();
});

test('what an order can’t execute beside what was inferred of it is what was inferred', () => {
  const { answers, ledger, order, fill, sameAfterRestart, scribe, clock } = setUp();
  scribe.inferred({
    ...{ venue: 'paper', tradeId: 'i', clientOrderId: '1-1-0', account: 'a', instance: 1 },
    ...{ offset: 0, symbol: 5, side: 1, quantity: order.quantity, price: parseMoney('99') },
    ...{ time, until: time, reason: 'missing' },
  });
  clock.advance(3600e9);
  // Told an hour later, by a venue whose clock or time zone is wrong by more than that.
  fill('T1', moneyText(order.quantity), { time: { day: 20_000, nsOfDay: 7200e9 } });
  assert.deepEqual([ledger.inferred.waiting(), answers.counts.overfills], [[], 0]);
  assert.equal(order.filled, order.quantity);
  assert.equal(ledger.positions.ensure(5).cost, order.quantity * parseMoney('100'));
  fill('T2', '1', { time });
  assert.equal(answers.counts.overfills, 1);
  sameAfterRestart();
});

test('a fill of an order long gone waits for a journal that can’t be asked', () => {
  const { answers, ledger, fill, store, clock, sameAfterRestart } = setUp();
  const write = store.write.bind(store);
  store.write = () => {
    throw new Error('no space left');
  };
  fill('T9', '2', { clientOrderId: '1-0-0' });
  fill('T9', '2', { clientOrderId: '1-0-0' });
  assert.deepEqual([answers.counts.foreign, position(ledger)], [0, '0 10 0']);
  store.write = write;
  clock.advance(200e6);
  answers.drain();
  assert.equal(position(ledger), '2 10 0');
  assert.equal(answers.counts.duplicateFills, 1);
  sameAfterRestart();
});
