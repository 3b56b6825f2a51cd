// What only coins do: a position is a balance, which several markets share.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BrokerPosition, moneyText, parseMoney } from '@ndts/protocol';
import { FakeExchange } from '../kit/fake-exchange.js';
import { brokerOf, buy, coin, fakeVenue, scene, settle, swap, symbol } from './crypto-kit.js';
import { Heard } from './broker-kit.js';

test('coins: the position is the balance, out of which a fee in them is taken', async (context) => {
  const venue = fakeVenue();
  venue.feeCurrency = 'BTC';
  const { broker, heard } = await scene(context, venue, { markets: new Map([[symbol, coin]]) });
  buy(broker, 'c', '2');
  await settle(venue, broker);
  assert.deepEqual(
    heard.fills.map(({ clientOrderId, side, quantity, price, fee }) => [
      ...[clientOrderId, side, moneyText(quantity), moneyText(price), moneyText(fee)],
    ]),
    [
      ['c', 1, '2', '101', '20.402'],
      ['c.fee', -1, '0.202', '101', '0'],
    ],
  );
  assert.deepEqual(await broker.queryPositions(), [
    {
      ...{ symbol, quantity: parseMoney('1.798'), averagePrice: 0n },
      coin: { name: 'BTC', heldAs: [], paidFor: [] },
    },
  ]);
  assert.equal((await broker.queryOrder('c'))?.filledQuantity, parseMoney('2'));
  const { broker: again } = await scene(context, venue, { markets: new Map([[symbol, coin]]) });
  assert.deepEqual(
    (await again.queryFills()).map(({ tradeId }) => tradeId),
    heard.fills.map(({ tradeId }) => tradeId),
  );
});

const three = new Map([
  [1, 'BTC/USDT'],
  [2, 'ETH/BTC'],
  [3, 'BTC/USDC'],
]);

test('a balance is told once, with all that changes it', async (context) => {
  const venue = new FakeExchange({
    'BTC/USDT': { base: 'BTC', quote: 'USDT', precision: { amount: 0.00001, price: 0.01 } },
    'ETH/BTC': { base: 'ETH', quote: 'BTC', precision: { amount: 0.0001, price: 0.00001 } },
    'BTC/USDC': { base: 'BTC', quote: 'USDC' },
  });
  const { broker, heard } = await scene(context, venue, { markets: three });
  venue.market('BTC/USDT', 100, 100);
  venue.market('BTC/USDC', 100, 100);
  venue.market('ETH/BTC', 0.05, 0.05);
  buy(broker, 'a', '3', '0', { symbol: 1 });
  buy(broker, 'b', '10', '0', { symbol: 2 });
  buy(broker, 'c', '1', '0', { symbol: 3, side: -1 });
  await settle(venue, broker);
  assert.equal(heard.fills.length, 3);
  const told: BrokerPosition[] = [
    {
      ...{ symbol: 1, quantity: parseMoney('1.5'), averagePrice: 0n },
      coin: { name: 'BTC', heldAs: [3], paidFor: [2] },
    },
    {
      ...{ symbol: 2, quantity: parseMoney('10'), averagePrice: 0n },
      ...{ coin: { name: 'ETH', heldAs: [], paidFor: [] }, within: 9999n },
    },
  ];
  assert.deepEqual(await broker.queryPositions(), told);
});

test('balances of coins that are worth little are told', async (context) => {
  const venue = fakeVenue();
  const { broker } = await scene(context, venue, { markets: new Map([[symbol, coin]]) });
  venue.market(coin, 0.00001, 0.00001);
  buy(broker, 'p', '20000000000');
  await settle(venue, broker);
  assert.equal(moneyText((await broker.queryPositions())[0]?.quantity ?? 0n), '20000000000');
});

test('a market that cannot be traded exactly is refused before anything is sent', async () => {
  const refused = async (
    market: FakeExchange['markets'][string],
    reason: RegExp,
  ): Promise<void> => {
    const venue = new FakeExchange({ [coin]: market });
    const broker = brokerOf(venue, { markets: new Map([[symbol, coin]]) });
    await assert.rejects(broker.connect(new Heard()), reason);
    await broker.disconnect();
  };
  const plain = { base: 'PEPE', quote: 'USDT' };
  const fine = { amount: 1, price: 1e-10 };
  await refused({ ...plain, precision: fine }, /BTC\/USDT: its prices are in steps of 1e-10/);
  await refused({ ...plain, precision: { amount: 1e-9, price: 0.1 } }, /amounts are in steps/);
  await refused({ ...plain, contract: true, inverse: true }, /settled in the coin/);
  await refused({ ...plain, option: true }, /options/);
});

test('a market that the venue does not have, and a coin that is margin, are named', async () => {
  const venue = new FakeExchange({
    [coin]: { base: 'BTC', quote: 'USDT' },
    [swap]: { base: 'ETH', quote: 'BTC', settle: 'BTC', contract: true },
  });
  const asked = async (...names: string[]): Promise<void> => {
    const markets = new Map(names.map((name, index) => [index + 1, name]));
    const broker = brokerOf(venue, { markets });
    try {
      await broker.connect(new Heard());
    } finally {
      await broker.disconnect();
    }
  };
  await assert.rejects(asked('NO/SUCH'), /NO\/SUCH: the venue has no such market/);
  await assert.rejects(asked(coin, swap), /margin of BTC\/USDT:USDT/);
  await asked(coin);
});
