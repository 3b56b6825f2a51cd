import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NdtsError } from './errors.js';
import {
  divideRound,
  moneyFromFloat,
  moneyText,
  moneyToFloat,
  multiplyMoney,
  parseMoney,
} from './money.js';

test('decimal text round-trips exactly', () => {
  for (const text of ['0', '1', '-1', '0.1', '-0.00000001', '123456789.12345678', '50000'])
    assert.equal(moneyText(parseMoney(text)), text);
  assert.equal(parseMoney('+2.50'), 250_000_000n);
});

test('what is not a decimal number, or too fine, is refused', () => {
  for (const text of ['', '.', '1.', '.5', '1e3', 'NaN', '0.123456789', '0x10', '1,5'])
    assert.throws(() => parseMoney(text), NdtsError, text);
});

test('market prices become the nearest 1e-8', () => {
  assert.equal(moneyFromFloat(0.1 + 0.2), 30_000_000n);
  assert.equal(moneyFromFloat(123_456.78), 12_345_678_000_000n);
  assert.equal(moneyFromFloat(-1.5), -150_000_000n);
  assert.equal(moneyToFloat(12_345_678_000_000n), 123_456.78);
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 1e10])
    assert.throws(() => moneyFromFloat(bad), NdtsError);
});

test('as float64 it is the number that its text says, so that no venue cuts a digit off', () => {
  for (const text of ['1.14', '1.36', '-1.57', '160.82621374', '98765432109.87654321', '0.3'])
    assert.equal(moneyToFloat(parseMoney(text)), Number(text));
  for (let cents = 0n; cents < 1000n; cents += 1n) {
    const value = cents * 1_000_000n;
    assert.equal(String(moneyToFloat(value)), moneyText(value));
  }
});

test('products and quotients round half away from zero', () => {
  assert.equal(multiplyMoney(parseMoney('1.5'), parseMoney('0.00000001')), 2n);
  assert.equal(multiplyMoney(parseMoney('-1.5'), parseMoney('0.00000001')), -2n);
  assert.equal(divideRound(7n, 2n), 4n);
  assert.equal(divideRound(-7n, 2n), -4n);
  assert.equal(divideRound(1n, 3n), 0n);
});
