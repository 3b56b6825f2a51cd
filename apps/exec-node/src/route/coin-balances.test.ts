// Balances that several symbols share, against our books.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BrokerPosition, moneyText, parseMoney } from '@ndts/protocol';
import { Positions } from '../position/positions.js';
import { withoutOthers } from './coin-balances.js';

const [btcUsdt, ethBtc, btcUsdc] = [1, 2, 3];

function books(): Positions {
  const ours = new Positions();
  const execute = (symbol: number, side: number, quantity: string, price: string): void =>
    void ours.execute(symbol, side, parseMoney(quantity), parseMoney(price), 0n);
  execute(btcUsdt, 1, '3', '60000');
  execute(ethBtc, 1, '10', '0.05');
  execute(ethBtc, -1, '2', '0.06');
  execute(btcUsdc, -1, '1', '60000');
  return ours;
}

function told(quantity: string, more: Partial<BrokerPosition> = {}): BrokerPosition {
  const coin = { name: 'BTC', heldAs: [btcUsdc], paidFor: [ethBtc] };
  return { symbol: btcUsdt, quantity: parseMoney(quantity), averagePrice: 0n, coin, ...more };
}

function found(...those: BrokerPosition[]): string[] {
  return withoutOthers(those, books()).map(
    ({ symbol, quantity }) => `${symbol}: ${moneyText(quantity)}`,
  );
}

test('what other symbols are held in or were paid with is not of the first', () => {
  // 3 - 1 of it, less 10 * 0.05, with 2 * 0.06.
  assert.deepEqual(found(told('1.62')), ['1: 3', '3: -1']);
  assert.deepEqual(found(told('1.52')), ['1: 2.9', '3: -1'], 'what is missing shows in it');
});

test('what another venue tells of a symbol that is held in it counts, too', () => {
  const other = { symbol: btcUsdc, quantity: parseMoney('0.5'), averagePrice: 0n };
  assert.deepEqual(found(told('1.12'), other), ['1: 3', '3: -1']);
  const coin = { name: 'BTC', heldAs: [btcUsdt], paidFor: [ethBtc] };
  assert.deepEqual(found(told('1.12'), { ...other, coin }), ['1: 3', '3: -1'], 'told twice');
});

test('fees in a coin are taken from its balance, whatever was traded', () => {
  const ours = books();
  ours.execute(ethBtc, 1, parseMoney('1'), parseMoney('0.05'), parseMoney('0.001'));
  ours.execute(9, 1, parseMoney('1'), parseMoney('7'), parseMoney('0.002'), 'BTC');
  const [first] = withoutOthers([told('1.567')], ours);
  assert.equal(moneyText(first?.quantity ?? 0n), '3');
});

test('parts that are finer than ours are no difference', () => {
  const within = parseMoney('0.00000999');
  assert.deepEqual(found(told('1.62000999', { within })), ['1: 3', '3: -1']);
  assert.deepEqual(found(told('1.61999001', { within })), ['1: 3', '3: -1']);
  assert.deepEqual(found(told('1.62001', { within })), ['1: 3.00001', '3: -1']);
});
