// Two gateways as one: the breaker, moving to the backup and back, and what never moves.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BrokerCard,
  type BrokerListener,
  type BrokerOrderStatus,
  type BrokerPosition,
  type Fill,
  type OrderChange,
  type OrderIntent,
  OrderState,
  parseMoney,
} from '@ndts/protocol';
import { VirtualClock } from '@ndts/runtime';
import type { Gateway } from '../broker/gateway.js';
import { RoutedGateway, type RoutedOptions } from './routed-gateway.js';

const time = { day: 20_000, nsOfDay: 0 };

/** Answers as it is told to. */
class Venue implements Gateway {
  readonly card: BrokerCard;
  readonly sent: string[] = [];
  readonly canceled: string[] = [];
  readonly statuses = new Map<string, BrokerOrderStatus>();
  positions: BrokerPosition[] = [];
  isUp = true;
  /** accept, refuse, fail, or say nothing. */
  mood: 'accept' | 'refuse' | 'fail' | 'silent' = 'accept';
  listener: BrokerListener | undefined;

  constructor(name: string) {
    this.card = { name, deduplicates: 'day', exclusiveSession: true, inFlightMs: 10 };
  }
  connected(): boolean {
    return this.isUp;
  }
  async connect(listener: BrokerListener): Promise<void> {
    this.listener = listener;
  }
  submit({ clientOrderId }: OrderIntent): void {
    this.sent.push(clientOrderId);
    if (this.mood !== 'silent') this.answer(clientOrderId);
  }
  answer(clientOrderId: string): void {
    const refused = this.mood !== 'accept';
    const state = refused ? OrderState.rejected : OrderState.accepted;
    const update = { clientOrderId, venueOrderId: 'V', state, reason: this.mood, time };
    this.statuses.set(clientOrderId, { ...update, filledQuantity: 0n });
    const failure = this.mood === 'fail' ? { failure: 'venue' as const } : {};
    this.listener?.onOrderUpdate({ ...update, ...failure });
  }
  cancel(clientOrderId: string): void {
    this.canceled.push(clientOrderId);
  }
  async queryOrder(clientOrderId: string): Promise<BrokerOrderStatus | undefined> {
    return this.statuses.get(clientOrderId);
  }
  async queryOpenOrders(): Promise<BrokerOrderStatus[]> {
    return [...this.statuses.values()].filter(({ state }) => state === OrderState.accepted);
  }
  async queryFills(): Promise<Fill[]> {
    return [];
  }
  async queryPositions(): Promise<BrokerPosition[]> {
    return this.positions;
  }
  doWork(): number {
    return 0;
  }
  async disconnect(): Promise<void> {}
}

async function routed(ruleFor?: RoutedOptions['ruleFor']): Promise<{
  readonly a: Venue;
  readonly b: Venue;
  readonly gateway: RoutedGateway;
  readonly clock: VirtualClock;
  readonly heard: string[];
  readonly send: (id: string, symbol?: number, orderType?: number) => void;
}> {
  const [a, b] = [new Venue('a'), new Venue('b')];
  const clock = new VirtualClock(1e12);
  const heard: string[] = [];
  const backupTrades = (symbol: number): boolean => symbol !== 9;
  const gateway = new RoutedGateway({
    ...{ primary: a, backup: b, clock, backupTrades, retryNs: 1e9 },
    ...(ruleFor === undefined ? {} : { ruleFor }),
  });
  await gateway.connect({
    onOrderUpdate: ({ clientOrderId, state }) => heard.push(`${clientOrderId} ${state}`),
    onFill: () => undefined,
  });
  gateway.parts.survey(true);
  gateway.parts.admit();
  const send = (clientOrderId: string, symbol = 1, orderType = 1): void =>
    gateway.submit({
      ...{ clientOrderId, account: 'x', instance: 1, ordinal: 1n, symbol, side: 1, orderType },
      ...{ quantity: 1n, limitPrice: 0n, time, tickTime: time, shard: 0, epoch: 0n },
      ...{ sequence: 0n, factorValue: 0, broker: gateway.card.name },
    });
  return { a, b, gateway, clock, heard, send };
}

const { accepted, rejected } = OrderState;

test('three failures open the breaker, a probe closes it', async () => {
  const { a, b, gateway, clock, heard, send } = await routed();
  a.mood = 'fail';
  for (const id of ['1', '2', '3', '4']) send(id);
  assert.deepEqual(a.sent, ['1', '2', '3']);
  assert.deepEqual(b.sent, ['1', '2', '3', '4']);
  assert.deepEqual(
    heard,
    ['1', '2', '3', '4'].map((id) => `${id} ${accepted}`),
    'the failures at the primary are nobody’s business',
  );
  assert.equal(gateway.breaker, 'open');
  assert.equal((await gateway.queryOrder('2'))?.state, accepted);
  clock.advance(1e9);
  a.mood = 'silent';
  send('5');
  send('6');
  assert.deepEqual([gateway.breaker, a.sent.at(-1), b.sent.at(-1)], ['half-open', '5', '6']);
  a.mood = 'accept';
  a.answer('5');
  assert.equal(gateway.breaker, 'closed');
  send('7');
  assert.equal(a.sent.at(-1), '7');
});

test('refusals and silence are no failures, and an unknown order never moves', async () => {
  const { a, b, gateway, heard, send } = await routed();
  a.mood = 'refuse';
  for (const id of ['1', '2', '3', '4']) send(id);
  a.mood = 'silent';
  for (const id of ['5', '6', '7', '8']) send(id);
  assert.equal(gateway.breaker, 'closed');
  assert.deepEqual(b.sent, []);
  assert.equal(heard.filter((line) => line.endsWith(` ${rejected}`)).length, 4);
  assert.equal(await gateway.queryOrder('5'), undefined);
});

test('a success begins the count anew; a failure told twice moves once', async () => {
  const { a, b, gateway, send } = await routed();
  for (const mood of ['fail', 'fail', 'accept', 'fail', 'fail'] as const) {
    a.mood = mood;
    send(`${a.sent.length}`);
  }
  assert.equal(gateway.breaker, 'closed');
  a.answer('0');
  assert.equal(gateway.breaker, 'closed');
  assert.deepEqual(b.sent, ['0', '1', '3', '4']);
});

test('what the backup has no instrument for stays at the primary', async () => {
  const { a, b, gateway, heard, send } = await routed();
  a.mood = 'fail';
  for (const id of ['1', '2', '3']) send(id);
  assert.deepEqual([gateway.trades(1), gateway.trades(9)], [true, false]);
  send('4', 9);
  assert.equal(heard.at(-1), `4 ${rejected}`);
  assert.ok(!b.sent.includes('4'));
});

test('a primary that is away: orders go to the backup until it was compared', async () => {
  const { a, b, gateway, clock, send } = await routed();
  a.isUp = false;
  gateway.doWork();
  assert.equal(gateway.connected(), true);
  for (const id of ['1', '2', '3']) send(id);
  assert.deepEqual([a.sent, b.sent.length, gateway.breaker], [[], 3, 'open']);
  a.isUp = true;
  gateway.doWork();
  clock.advance(1e9);
  send('4');
  assert.deepEqual([a.sent, b.sent.length, gateway.parts.isPending], [[], 4, true]);
  gateway.parts.survey(true);
  a.isUp = false;
  gateway.doWork();
  a.isUp = true;
  gateway.parts.admit();
  send('5');
  assert.deepEqual(a.sent, [], 'it was away while it was asked');
  gateway.parts.survey(true);
  gateway.parts.admit();
  clock.advance(1e9);
  send('6');
  assert.deepEqual([a.sent, gateway.parts.isPending], [['6'], false]);
});

test('an order for one that was not compared is refused, a change of one there, too', async () => {
  const { a, b, gateway, heard, send } = await routed(() => 'primary');
  const changed: string[] = [];
  Object.assign(a, { replace: ({ clientOrderId: id }: OrderChange) => changed.push(id) });
  send('1');
  a.isUp = false;
  gateway.doWork();
  a.isUp = true;
  const asked = { phase: 1, quantity: 1n, limitPrice: 0n, stopPrice: 0n, reason: '', time };
  gateway.replace({ clientOrderId: '1', ...asked });
  send('2');
  assert.equal(heard.length, 1, 'nothing is told from inside');
  gateway.doWork();
  assert.deepEqual([a.sent, b.sent, changed], [['1'], [], []]);
  assert.deepEqual(heard.slice(1), [`1 ${accepted}`, `2 ${rejected}`]);
});

test('who is away is not asked, and nobody else can say of its orders', async () => {
  const { a, b, gateway, send } = await routed();
  send('1');
  a.isUp = false;
  gateway.doWork();
  gateway.parts.survey(true);
  assert.deepEqual(await gateway.queryOpenOrders(), []);
  assert.equal(await gateway.queryOrder('1'), undefined);
  const areAsked = ['1', 'old'].map((id) => gateway.parts.areAskedFor(id));
  assert.deepEqual([areAsked, gateway.parts.areAllAsked], [[false, false], false]);
  b.isUp = false;
  gateway.parts.survey(true);
  assert.equal(gateway.parts.areAllAsked, true, 'with none the questions say so');
});

test('positions of both are one; a cancel goes where the order is, or to both', async () => {
  const { a, b, gateway, send } = await routed();
  const [two, one] = [parseMoney('2'), parseMoney('1')];
  a.positions = [{ symbol: 1, quantity: two, averagePrice: parseMoney('10') }];
  b.positions = [{ symbol: 1, quantity: one, averagePrice: parseMoney('13') }];
  assert.deepEqual(await gateway.queryPositions(), [
    { symbol: 1, quantity: two + one, averagePrice: parseMoney('11') },
  ]);
  send('1');
  gateway.cancel('1');
  gateway.cancel('old');
  assert.deepEqual([a.canceled, b.canceled], [['1', 'old'], ['old']]);
});

test('an order of a rule goes to its venue alone, and failures of it count', async () => {
  const { a, b, gateway, heard, send } = await routed(({ symbol, orderType }) => {
    if (symbol === 2) return 'primary';
    return orderType === 2 ? 'backup' : undefined;
  });
  send('1', 1, 2);
  assert.deepEqual([a.sent, b.sent], [[], ['1']]);
  a.mood = 'fail';
  for (const id of ['2', '3', '4']) send(id, 2);
  assert.deepEqual([a.sent, b.sent], [['2', '3', '4'], ['1']], 'it never moves');
  assert.equal(heard.at(-1), `4 ${rejected}`);
  assert.equal(gateway.breaker, 'open');
  send('5');
  assert.equal(b.sent.at(-1), '5');
});

test('what was canceled, or asked for, does not move when the primary fails it late', async () => {
  const { a, b, gateway, heard, send } = await routed();
  a.mood = 'silent';
  for (const id of ['1', '2', '3']) send(id);
  gateway.cancel('1');
  assert.equal(await gateway.queryOrder('2'), undefined);
  a.mood = 'fail';
  for (const id of ['1', '2', '3']) a.answer(id);
  assert.deepEqual(b.sent, ['3']);
  assert.deepEqual(heard, [`1 ${rejected}`, `2 ${rejected}`, `3 ${accepted}`]);
});
