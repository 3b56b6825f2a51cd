// The risk check: each reason, the borders of each limit, and what must stay possible.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  moneyText,
  OrderFlags,
  OrderType,
  parseMoney,
  RiskReason,
  RiskReasonNames,
  TickFlags,
} from '@ndts/protocol';
import { loadConfig } from '@ndts/runtime';
import { checkRisk, type RiskExposure, type RiskOrder } from './check.js';
import { LimitBook, limitsOf, type RiskLimits } from './limits.js';
import type { MarketPoint } from './market.js';

const now = { day: 20_000, nsOfDay: 3_600e9 };
const defaults = limitsOf(loadConfig({ args: {}, environment: {} }).risk);

interface Case {
  readonly order?: Partial<RiskOrder>;
  readonly limits?: Partial<RiskLimits>;
  readonly exposure?: Partial<RiskExposure>;
  readonly market?: Partial<MarketPoint>;
}

function check(given: Case): string {
  const order: RiskOrder = {
    symbol: 1,
    side: 1,
    orderType: OrderType.market,
    quantity: parseMoney('1'),
    limitPrice: 0n,
    ...given.order,
  };
  const exposure: RiskExposure = {
    position: 0n,
    openBuy: 0n,
    openSell: 0n,
    dayLoss: 0n,
    tradingState: 'ACTIVE',
    brokerConnected: true,
    messagesLeft: 1,
    ...given.exposure,
  };
  const market = {
    ...{ last: 100, bid: 99.9, ask: 100.1, day: now.day, nsOfDay: now.nsOfDay, flags: 0 },
    isSilent: false,
    ...given.market,
  };
  const reason = checkRisk(order, { ...defaults, ...given.limits }, exposure, market, now);
  return RiskReasonNames[reason] ?? String(reason);
}

const money = parseMoney;
const limit = (price: string): Partial<RiskOrder> => ({
  orderType: OrderType.limit,
  limitPrice: money(price),
});

test('an ordinary order passes', () => {
  assert.equal(check({}), 'APPROVED');
  assert.equal(check({ order: { side: -1 } }), 'APPROVED');
  assert.equal(check({ order: limit('104') }), 'APPROVED');
});

test('less than a lot closes all that is held, where the venue takes that', () => {
  const odd = (held: string, closesOddLots: boolean, more: Partial<RiskExposure> = {}): string =>
    check({
      order: { side: -1, quantity: money('0.5') },
      limits: { lot: money('1') },
      exposure: { position: money(held), closesOddLots, ...more },
    });
  assert.equal(odd('0.5', true), 'APPROVED');
  assert.equal(odd('0.5', false), 'INVALID_QUANTITY');
  assert.equal(odd('1', true), 'INVALID_QUANTITY', 'something would be left');
  assert.equal(odd('0', true), 'INVALID_QUANTITY', 'it would open');
  assert.equal(odd('1.5', true, { openSell: money('1') }), 'APPROVED', 'the rest is on its way');
  assert.equal(odd('3', true, { closable: money('0.5') }), 'APPROVED', 'by its offset');
});

test('what makes no order', () => {
  assert.equal(check({ order: { side: 0 } }), 'INVALID_ORDER');
  assert.equal(check({ order: { side: 2 } }), 'INVALID_ORDER');
  assert.equal(check({ order: { orderType: 9 } }), 'INVALID_ORDER');
  assert.equal(check({ order: { limitPrice: 5n } }), 'INVALID_ORDER');
  assert.equal(check({ order: { orderType: OrderType.limit } }), 'INVALID_ORDER');
  assert.equal(check({ order: { quantity: 0n } }), 'INVALID_QUANTITY');
  assert.equal(check({ order: { quantity: -1n } }), 'INVALID_QUANTITY');
  const lots = { limits: { lot: money('0.5') } };
  assert.equal(check({ ...lots, order: { quantity: money('1.2') } }), 'INVALID_QUANTITY');
  assert.equal(check({ ...lots, order: { quantity: money('1.5') } }), 'APPROVED');
});

test('position limit: open orders of the side count, and the border is inside', () => {
  const exposure = { position: money('90'), openBuy: money('9'), openSell: money('500') };
  assert.equal(check({ exposure }), 'APPROVED');
  const two = { quantity: money('1.00000001') };
  assert.equal(check({ exposure, order: two }), 'POSITION_LIMIT_EXCEEDED');
  const short = { position: money('-90'), openSell: money('9') };
  assert.equal(check({ exposure: short, order: { side: -1 } }), 'APPROVED');
  assert.equal(check({ exposure: short, order: { side: -1, ...two } }), 'POSITION_LIMIT_EXCEEDED');
  // Beyond the limit for whatever reason: the way back stays open.
  assert.equal(check({ exposure: { position: money('-300') } }), 'APPROVED');
});

test('order value: limit price, or what a market order would pay', () => {
  const many = { limits: { maxPosition: money('1000000') }, market: { ask: 101 } };
  const quantity = money('9900.990099');
  assert.equal(check({ ...many, order: { quantity } }), 'APPROVED');
  const more = money('9901');
  assert.equal(check({ ...many, order: { quantity: more } }), 'ORDER_VALUE_EXCEEDED');
  assert.equal(check({ ...many, order: { quantity: more, ...limit('100') } }), 'APPROVED');
});

test('daily loss: at the limit is too much; getting out stays possible', () => {
  const atLimit = { dayLoss: defaults.maxDailyLoss };
  assert.equal(check({ exposure: { dayLoss: defaults.maxDailyLoss - 1n } }), 'APPROVED');
  assert.equal(check({ exposure: atLimit }), 'DAILY_LOSS_LIMIT');
  const short = { ...atLimit, position: money('-1') };
  assert.equal(check({ exposure: short }), 'APPROVED');
  assert.equal(check({ exposure: { ...short, openBuy: 1n } }), 'DAILY_LOSS_LIMIT');
});

test('trading states', () => {
  assert.equal(check({ exposure: { tradingState: 'HALTED' } }), 'TRADING_HALTED');
  const long = { tradingState: 'REDUCING' as const, position: money('2') };
  assert.equal(check({ exposure: long }), 'REDUCE_ONLY');
  assert.equal(check({ exposure: long, order: { side: -1 } }), 'APPROVED');
  const all = { ...long, openSell: money('1') };
  assert.equal(check({ exposure: all, order: { side: -1 } }), 'APPROVED');
  const beyond = { side: -1, quantity: money('1.1') };
  assert.equal(check({ exposure: all, order: beyond }), 'REDUCE_ONLY');
});

test('a flagged symbol is reduce-only while the flag is set', () => {
  for (const flags of [TickFlags.stale, TickFlags.gapped, TickFlags.crossed, TickFlags.halted]) {
    assert.equal(check({ market: { flags } }), 'SYMBOL_QUALITY');
    const exposure = { position: money('-1') };
    assert.equal(check({ market: { flags }, exposure }), 'APPROVED');
  }
});

test('other flags restrict nothing; a silent data node restricts everything', () => {
  assert.equal(check({ market: { flags: 1 << 20 } }), 'APPROVED');
  assert.equal(check({ market: { isSilent: true } }), 'SYMBOL_QUALITY');
  const exposure = { position: money('-1') };
  assert.equal(check({ market: { isSilent: true }, exposure }), 'APPROVED');
});

test('no market, an old one, one from the future', () => {
  assert.equal(check({ market: { last: 0 } }), 'NO_MARKET');
  assert.equal(check({ market: { last: Number.NaN } }), 'NO_MARKET');
  const age = (ns: number): Case => ({ market: { nsOfDay: now.nsOfDay - ns } });
  assert.equal(check(age(defaults.staleNs)), 'APPROVED');
  assert.equal(check(age(defaults.staleNs + 1)), 'STALE_MARKET');
  assert.equal(check(age(-defaults.staleNs - 1)), 'STALE_MARKET');
  const short = { position: money('-1') };
  assert.equal(check({ ...age(defaults.staleNs + 1), exposure: short }), 'APPROVED', 'the way out');
});

test('price collar: both ways, and for market orders against a torn book', () => {
  assert.equal(check({ order: limit('105') }), 'APPROVED');
  assert.equal(check({ order: limit('105.00000001') }), 'PRICE_COLLAR');
  assert.equal(check({ order: limit('95') }), 'APPROVED');
  assert.equal(check({ order: limit('94.99999999') }), 'PRICE_COLLAR');
  assert.equal(check({ market: { ask: 106 } }), 'PRICE_COLLAR');
  assert.equal(check({ market: { ask: 0 } }), 'APPROVED');
});

test('broker away, messages used up', () => {
  assert.equal(check({ exposure: { brokerConnected: false } }), 'BROKER_UNAVAILABLE');
  assert.equal(check({ exposure: { messagesLeft: 0 } }), 'MESSAGE_RATE');
});

test('the check changes nothing it is given', () => {
  const frozen = Object.freeze({ ...defaults });
  assert.equal(check({ limits: frozen }), RiskReasonNames[RiskReason.APPROVED]);
});

test('tick size, least and largest quantity', () => {
  const limits = { tick: money('0.05'), minQuantity: money('2'), maxQuantity: money('5') };
  const two = { quantity: money('2') };
  assert.equal(check({ limits, order: { ...two, ...limit('100.05') } }), 'APPROVED');
  assert.equal(check({ limits, order: { ...two, ...limit('100.04') } }), 'INVALID_PRICE');
  const stop = { orderType: OrderType.stop, stopPrice: money('101.01') };
  assert.equal(check({ limits, order: { ...two, ...stop } }), 'INVALID_PRICE');
  assert.equal(check({ limits, order: { quantity: money('1.9') } }), 'QUANTITY_LIMIT');
  assert.equal(check({ limits, order: { quantity: money('5') } }), 'APPROVED');
  assert.equal(check({ limits, order: { quantity: money('5.1') } }), 'QUANTITY_LIMIT');
});

test('restricted, unmapped and throttled: only the way out is open', () => {
  const cases: [Case, string][] = [
    [{ limits: { isRestricted: true } }, 'RESTRICTED'],
    [{ exposure: { isUnmapped: true } }, 'UNMAPPED'],
    [{ exposure: { isThrottled: true } }, 'REPEATED_EXECUTION'],
  ];
  for (const [given, reason] of cases) {
    assert.equal(check(given), reason);
    const exposure = { ...given.exposure, position: money('-1') };
    assert.equal(check({ ...given, exposure }), 'APPROVED', `the way out of ${reason}`);
  }
});

test('duplicates, and our own orders on the other side', () => {
  assert.equal(check({ exposure: { isDuplicate: true } }), 'DUPLICATE_ORDER');
  const against = { exposure: { ownAgainst: money('100.1') } };
  assert.equal(check(against), 'SELF_TRADE', 'at the market');
  assert.equal(check({ ...against, order: limit('100.09') }), 'APPROVED');
  assert.equal(check({ ...against, order: limit('100.1') }), 'SELF_TRADE');
  const sell = { side: -1, ...limit('100.2') };
  assert.equal(check({ ...against, order: sell }), 'APPROVED');
  const stop = { orderType: OrderType.stop, stopPrice: money('101') };
  assert.equal(check({ ...against, order: stop }), 'APPROVED', 'it waits');
});

test('books of a strategy and an account hold beside all, and the multiplier counts', () => {
  const book = { position: money('3'), openBuy: money('1'), openSell: 0n, dayLoss: 5n };
  const books = (max: string | undefined, loss?: bigint): Case => ({
    exposure: {
      books: [{ ...book, maxPosition: max === undefined ? max : money(max), maxDailyLoss: loss }],
    },
  });
  assert.equal(check(books('5')), 'APPROVED');
  assert.equal(check(books('4.9')), 'POSITION_LIMIT_EXCEEDED');
  assert.equal(check(books(undefined, 6n)), 'APPROVED');
  assert.equal(check(books(undefined, 5n)), 'DAILY_LOSS_LIMIT');
  const closing = { ...books(undefined, 5n).exposure, closable: money('1') };
  assert.equal(check({ exposure: closing }), 'APPROVED', 'closed by its offset');
  const worth = { exposure: { multiplier: 300n }, order: { quantity: money('34') } };
  assert.equal(check({ order: { quantity: money('34') } }), 'APPROVED');
  assert.equal(check(worth), 'ORDER_VALUE_EXCEEDED');
});

test('limits of a symbol are not those of one whose id is its name', () => {
  const config = loadConfig({ args: { 'risk.limits': 'symbol 2 maxPosition=7' }, environment: {} });
  const book = new LimitBook(config.risk, (id) => ['', 'AAA', 'BBB', '2', '1'][id] ?? '');
  const set = { scope: 'symbol', name: '1', key: 'maxPosition', value: '9', reason: 'anna' };
  book.follow(1, () => [{ kind: 'limit', ...set }]);
  const positions = [1, 2, 3, 4].map((id) => moneyText(book.of('paper', 1, id).maxPosition));
  assert.deepEqual(positions, ['9', '100', '7', '100']);
});

test('reduce-only orders never open or turn a position', () => {
  const order = { flags: OrderFlags.reduceOnly, quantity: money('2') };
  assert.equal(check({ order }), 'REDUCE_ONLY');
  assert.equal(check({ order, exposure: { position: money('-1') } }), 'REDUCE_ONLY');
  assert.equal(check({ order, exposure: { position: money('-2') } }), 'APPROVED');
});
