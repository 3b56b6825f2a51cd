// What is not the same at all exchanges, as ccxt speaks with them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CcxtBroker } from '@ndts/exec-node';
import { moneyText, OrderState, parseMoney } from '@ndts/protocol';
import { AuthenticationError, type FakeExchange } from '../kit/fake-exchange.js';
import { buy, clock, coin, fakeVenue, scene, settle, swap, symbol } from './crypto-kit.js';

const markets = new Map([[symbol, swap]]);

async function lost(venue: FakeExchange, broker: CcxtBroker, what: () => void): Promise<void> {
  venue.loseAnswers = true;
  what();
  await settle(venue, broker);
  venue.loseAnswers = false;
  await settle(venue, broker);
}

const known = async (broker: CcxtBroker, id: string): Promise<OrderState | undefined> =>
  (await broker.queryOrder(id))?.state;

test('bybit: orders are asked for as ccxt wants it, and end', async (context) => {
  const venue = fakeVenue();
  venue.asks = 'bybit';
  const { broker, heard } = await scene(context, venue, { venue: 'bybit' });
  buy(broker, '7-1-0', '2');
  buy(broker, '7-2-0', '2', '90');
  await settle(venue, broker);
  broker.cancel('7-2-0');
  await settle(venue, broker);
  assert.equal(heard.filled('7-1-0'), parseMoney('2'));
  assert.equal(heard.states('7-2-0').at(-1), OrderState.canceled);
  assert.deepEqual(await broker.queryOpenOrders(), []);
});

test('bybit: the newest order of somebody else is not taken for a lost one', async (context) => {
  const venue = fakeVenue();
  venue.asks = 'bybit';
  const { broker } = await scene(context, venue, { venue: 'bybit' });
  venue.loseRequests = true;
  buy(broker, '7-1-0', '2', '90');
  await settle(venue, broker);
  venue.orderByHand('', swap, 5, 80);
  venue.loseRequests = false;
  await settle(venue, broker);
  assert.equal(await broker.queryOrder('7-1-0'), undefined);
});

test('an answer about another order is none', async (context) => {
  const venue = fakeVenue();
  const { broker } = await scene(context, venue, {});
  venue.loseRequests = true;
  buy(broker, '7-1-0', '2', '90');
  await settle(venue, broker);
  venue.loseRequests = false;
  venue.tellsNewest = true;
  venue.orderByHand('hand', swap, 5, 80);
  assert.equal(await known(broker, '7-1-0'), OrderState.unknown);
});

test('kraken: an order whose answer got lost is found in the lists', async (context) => {
  const venue = fakeVenue();
  Object.assign(venue, { asks: 'kraken', listsOrders: false, listsClosed: true });
  const { broker, heard } = await scene(context, venue, { venue: 'kraken' });
  await lost(venue, broker, () => {
    buy(broker, '7-1-0', '2', '90');
    buy(broker, '7-2-0', '2');
  });
  assert.equal(await known(broker, '7-1-0'), OrderState.accepted);
  assert.deepEqual(
    (await broker.queryFills()).map(({ clientOrderId }) => clientOrderId),
    ['7-2-0'],
  );
  broker.cancel('7-1-0');
  await settle(venue, broker);
  assert.equal(heard.states('7-1-0').at(-1), OrderState.canceled);
});

test('kraken: what its lists do not tell of is unknown, not gone', async (context) => {
  const venue = fakeVenue();
  Object.assign(venue, { asks: 'kraken', listsOrders: false, listsClosed: true });
  const { broker } = await scene(context, venue, { venue: 'kraken' });
  venue.loseRequests = true;
  buy(broker, '7-1-0', '2', '90');
  await settle(venue, broker);
  venue.loseRequests = false;
  await settle(venue, broker);
  assert.equal(await known(broker, '7-1-0'), OrderState.unknown);
  assert.equal((await broker.queryOrder('7-1-0'))?.isLimbo, true, 'a person can settle it');
  assert.equal((await broker.queryOrder('7-9-0'))?.isLimbo, true, 'of another process');
  venue.requests.length = 0;
  await settle(venue, broker);
  assert.ok(!venue.requests.includes('fetchOrders'), 'its lists are asked on by questions alone');
});

test('kraken: an order that may still arrive is in no limbo', async (context) => {
  const venue = fakeVenue();
  Object.assign(venue, { asks: 'kraken', listsOrders: false, listsClosed: true });
  const { broker } = await scene(context, venue, { venue: 'kraken', inFlightMs: 60_000 });
  let arrive: () => void = () => undefined;
  venue.held = new Promise((resolve) => {
    arrive = resolve;
  });
  buy(broker, '7-1-0', '2', '90');
  const status = await broker.queryOrder('7-1-0');
  assert.deepEqual([status?.state, status?.isLimbo], [OrderState.unknown, undefined]);
  venue.loseRequests = true;
  arrive();
  await settle(venue, broker);
  assert.equal((await broker.queryOrder('7-1-0'))?.isLimbo, undefined, 'the horizon is not over');
});

test('kraken: an id that is too long for it is refused here', async (context) => {
  const venue = fakeVenue();
  venue.asks = 'kraken';
  const { broker, heard } = await scene(context, venue, { venue: 'kraken' });
  buy(broker, 'desk7-118000000000-0.2', '1', '90');
  await settle(venue, broker);
  assert.match(heard.updates[0]?.reason ?? '', /at most 18 characters/);
  assert.ok(!venue.requests.includes('createOrder'));
});

test('coinbase: our id is that of the order', async (context) => {
  const venue = fakeVenue();
  venue.idParameter = 'client_order_id';
  const { broker } = await scene(context, venue, { venue: 'coinbase' });
  buy(broker, '7-1-0', '2', '90');
  await settle(venue, broker);
  const { broker: later } = await scene(context, venue, { venue: 'coinbase' });
  const open = await later.queryOpenOrders();
  assert.deepEqual(
    open.map(({ clientOrderId }) => clientOrderId),
    ['7-1-0'],
  );
});

test('a venue that is not described is never asked nor canceled by our id', async (context) => {
  const venue = fakeVenue();
  const { broker } = await scene(context, venue, { venue: 'elsewhere' });
  await lost(venue, broker, () => buy(broker, '7-1-0', '2', '90'));
  assert.equal(await known(broker, '7-1-0'), OrderState.accepted, 'it is listed as open');
  venue.loseRequests = true;
  buy(broker, '7-2-0', '2', '90');
  await settle(venue, broker);
  venue.requests.length = 0;
  broker.cancel('7-2-0');
  assert.equal(await known(broker, '7-2-0'), OrderState.unknown);
  assert.deepEqual(
    venue.requests.filter((one) => one === 'cancelOrder' || one === 'fetchOrder'),
    [],
  );
});

test('trades are all known where the newest are told first', async (context) => {
  const venue = fakeVenue();
  Object.assign(venue, { newestFirst: true, pageMax: 60 });
  const { broker } = await scene(context, venue, {});
  for (let count = 1; count <= 200; count++) buy(broker, `n${count}`);
  await settle(venue, broker);
  await settle(venue, broker);
  const { broker: again } = await scene(context, venue, { markets });
  assert.equal((await again.queryFills()).length, 200);
  assert.deepEqual(await again.queryOpenOrders(), []);
});

test('both sides of a trade with oneself count', async (context) => {
  const venue = fakeVenue();
  venue.hasOneTradeId = true;
  const { broker, heard } = await scene(context, venue, {});
  buy(broker, '7-1-0', '2');
  buy(broker, '7-2-0', '2', '0', { side: -1 });
  await settle(venue, broker);
  assert.equal(new Set(heard.fills.map(({ tradeId }) => tradeId)).size, 2);
  const { broker: again } = await scene(context, venue, {});
  assert.deepEqual(
    (await again.queryFills()).map(({ tradeId }) => tradeId),
    heard.fills.map(({ tradeId }) => tradeId),
  );
});

test('an answer that rejects is a refusal, one without an id says nothing', async (context) => {
  const venue = fakeVenue();
  const { broker, heard } = await scene(context, venue, {});
  venue.answersWith = { id: '', status: 'rejected' };
  buy(broker, '7-1-0', '2', '90');
  await settle(venue, broker);
  assert.deepEqual(heard.states('7-1-0'), [OrderState.rejected]);
  venue.answersWith = { id: '' };
  buy(broker, '7-2-0', '2', '90');
  await settle(venue, broker);
  assert.deepEqual(heard.states('7-2-0'), [OrderState.accepted], 'found by our id');
});

test('what somebody sent without an id of its own is found and canceled', async (context) => {
  const venue = fakeVenue();
  const { broker } = await scene(context, venue, {});
  venue.orderByHand('', swap, 5, 80);
  const [open] = await broker.queryOpenOrders();
  assert.deepEqual([open?.clientOrderId, open?.state], ['#900', OrderState.accepted]);
  broker.cancel('#900');
  await settle(venue, broker);
  assert.deepEqual(await broker.queryOpenOrders(), []);
});

test('an order that the venue forgot is looked for among those that are over', async (context) => {
  const venue = fakeVenue();
  Object.assign(venue, { listsOrders: false, listsClosed: true });
  const { broker, heard } = await scene(context, venue, { venue: 'bybit' });
  buy(broker, '7-1-0', '2', '90');
  await settle(venue, broker);
  venue.holdTrades = true;
  venue.forgetsClosed = true;
  venue.executePart(2);
  const isOver = (): boolean => heard.states('7-1-0').length > 1;
  for (let turn = 0; turn < 50 && !isOver(); turn++) await settle(venue, broker);
  venue.holdTrades = false;
  await settle(venue, broker);
  assert.equal(heard.filled('7-1-0'), parseMoney('2'));
  assert.ok(!heard.states('7-1-0').includes(OrderState.canceled));
});

test('an order that the venue makes trouble about holds up no trades', async (context) => {
  const venue = fakeVenue();
  const { broker, heard } = await scene(context, venue, {});
  buy(broker, '7-1-0', '2', '90');
  await settle(venue, broker);
  venue.troubleId = '7a1a0';
  venue.executePart(2);
  buy(broker, '7-2-0', '3');
  for (let turn = 0; turn < 500 && heard.fills.length < 2; turn++) {
    broker.doWork();
    await new Promise(setImmediate);
  }
  assert.deepEqual([heard.filled('7-1-0'), heard.filled('7-2-0')].map(moneyText), ['2', '3']);
  await assert.rejects(broker.queryOpenOrders(), /EOrder:Invalid order/);
});

test('where requests carry the time it is asked for at each connection', async (context) => {
  const venue = fakeVenue();
  const { broker } = await scene(context, venue, {});
  assert.deepEqual(venue.settings[0]?.['options'], { adjustForTimeDifference: true });
  venue.out = true;
  await settle(venue, broker);
  venue.out = false;
  await settle(venue, broker);
  assert.ok(venue.timeLoads >= 2);
  const other = fakeVenue();
  await scene(context, other, { venue: 'kraken' });
  assert.deepEqual([other.settings[0]?.['options'], other.timeLoads], [undefined, 0]);
});

test('reasons hold neither keys nor what stands in an address', async (context) => {
  const venue = fakeVenue();
  const { broker, heard } = await scene(context, venue, {
    settings: { apiKey: 'k-123', secret: 's' },
  });
  const address = 'https://api.x/order?symbol=BTC&signature=abc';
  venue.failWith = new AuthenticationError(`binance POST ${address} k-123 is no key wss://x/abc`);
  buy(broker, '7-1-0', '2', '90');
  await settle(venue, broker);
  const [refused] = heard.updates;
  assert.equal(
    refused?.reason.replace(/^\w+: /, ''),
    'binance POST https://api.x/order *** is no key wss://x',
  );
});

test('an order that waits for its turn is canceled unsent, or too late', async (context) => {
  const venue = fakeVenue();
  venue.costs.set('createOrder', 2000);
  let laterNs = 0;
  const late = Object.create(clock, {
    monotonicNs: { value: () => clock.monotonicNs() + laterNs },
    setTimer: { value: (_ms: number, action: () => void) => clock.setTimer(1, action) },
  }) as typeof clock;
  const { broker, heard } = await scene(context, venue, { clock: late });
  for (const id of ['7-1-0', '7-2-0', '7-3-0', '7-4-0']) buy(broker, id, '1', '90');
  await new Promise(setImmediate);
  broker.cancel('7-3-0');
  laterNs = 60e9;
  await settle(venue, broker);
  assert.deepEqual(heard.states('7-3-0'), [OrderState.canceled]);
  const [told] = heard.updates.filter(({ clientOrderId }) => clientOrderId === '7-4-0');
  assert.deepEqual([told?.state, told?.failure], [OrderState.rejected, 'transport']);
  const sent = (await broker.queryOpenOrders()).map(({ clientOrderId }) => clientOrderId);
  assert.deepEqual(sent, ['7-1-0']);
});

test('play money is that of the demo where the test network has no contracts', async (context) => {
  const demo = fakeVenue();
  await scene(context, demo, { sandbox: true });
  assert.deepEqual([demo.demo, demo.sandbox], [true, false]);
  const plain = fakeVenue();
  await scene(context, plain, { sandbox: true, markets: new Map([[symbol, coin]]) });
  assert.deepEqual([plain.demo, plain.sandbox], [false, true]);
});
