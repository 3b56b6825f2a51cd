// A gateway to crypto exchanges on the stand-in for ccxt, and what it tells.

import type { TestContext } from 'node:test';
import { CcxtBroker, type CcxtBrokerOptions, ccxtDefaults } from '@ndts/exec-node';
import { type OrderIntent, OrderType, parseMoney } from '@ndts/protocol';
import { createSilentLogger, SeededRandom, SystemClock } from '@ndts/runtime';
import { FakeExchange } from '../kit/fake-exchange.js';
import { Heard } from './broker-kit.js';

export const symbol = 42;
export const clock = new SystemClock();
export const swap = 'BTC/USDT:USDT';
export const coin = 'BTC/USDT';
export const market = { base: 'BTC', quote: 'USDT', settle: 'USDT' };

export function fakeVenue(): FakeExchange {
  return new FakeExchange({
    [swap]: { ...market, contract: true, contractSize: 1 },
    [coin]: { ...market, contract: false },
  });
}

export function brokerOf(
  venue: FakeExchange,
  changes: Partial<CcxtBrokerOptions> = {},
): CcxtBroker {
  return new CcxtBroker({
    ...{ ...ccxtDefaults, venue: 'binance', load: async () => venue.module, settings: {} },
    ...{ markets: new Map([[symbol, swap]]), clock, random: new SeededRandom(5) },
    ...{ logger: createSilentLogger(), pollMs: 1, inFlightMs: 1 },
    backOff: { firstMs: 1, maxMs: 2 },
    ...changes,
  });
}

/** Until both agree about the connection and the venue was asked all there is. */
export async function settle(venue: FakeExchange, broker: CcxtBroker): Promise<void> {
  let quiet = 0;
  while (quiet < 5) {
    const before = venue.requests.length;
    const work = broker.doWork();
    await new Promise((resolve) => setTimeout(resolve, 1));
    const agree = broker.connected() !== venue.out;
    const asked = venue.requests.slice(before).some((one) => one === 'createOrder');
    quiet = work === 0 && agree && !asked ? quiet + 1 : 0;
  }
  if (broker.connected()) await broker.queryOpenOrders();
  broker.doWork();
}

export async function scene(
  context: TestContext,
  venue: FakeExchange,
  changes: Partial<CcxtBrokerOptions>,
): Promise<{ broker: CcxtBroker; heard: Heard }> {
  const broker = brokerOf(venue, changes);
  context.after(() => broker.disconnect());
  const heard = new Heard();
  venue.market(swap, 99, 101);
  venue.market(coin, 99, 101);
  await broker.connect(heard);
  return { broker, heard };
}

export function buy(
  broker: CcxtBroker,
  id: string,
  quantity = '1',
  limit = '0',
  other: Partial<OrderIntent> = {},
): void {
  const time = clock.now();
  broker.submit({
    ...{ clientOrderId: id, account: 'ours', instance: 1, ordinal: 1n, symbol, side: 1 },
    orderType: limit === '0' ? OrderType.market : OrderType.limit,
    ...{ quantity: parseMoney(quantity), limitPrice: parseMoney(limit) },
    ...{ time, tickTime: time, shard: 0, epoch: 0n, sequence: 0n, factorValue: 0, broker: 'b' },
    ...other,
  });
}
