// Quantities and money: bigint scaled by 1e8, exact. Float64 exists only at the market's side
// (ticks) and at the screen's.

import { NdtsError } from './errors.js';

export const moneyScale = 100_000_000n;
const scaleDigits = 8;
/** Prices of a market above it are no prices: nobody could hold them exactly. */
export const marketPriceMax = 9e9;
/** Scaled by 1e8 it stays below 2^53. */
const exactWholeMax = 90_000_000;
const decimal = /^([+-]?)(\d{1,18})(?:\.(\d{1,8}))?$/;

/** Parses a decimal number exactly; more than eight decimals are refused, not rounded. */
export function parseMoney(text: string): bigint {
  const match = decimal.exec(text.trim());
  if (match === null)
    throw new NdtsError('INVALID_ARGUMENT', `expected a decimal number, found '${text}'`);
  const whole = BigInt(match[2] ?? '0') * moneyScale;
  const fraction = BigInt((match[3] ?? '').padEnd(scaleDigits, '0'));
  return match[1] === '-' ? -(whole + fraction) : whole + fraction;
}

/** As parseMoney, of what an order carries: it has 64 bits there. */
export function parseOrderMoney(text: string): bigint {
  const value = parseMoney(text);
  if (BigInt.asIntN(64, value) === value) return value;
  throw new NdtsError('INVALID_ARGUMENT', `expected a number below 9.2e10, found '${text}'`);
}

/** Shortest exact decimal text. */
export function moneyText(value: bigint): string {
  const absolute = value < 0n ? -value : value;
  const fraction = String(absolute % moneyScale)
    .padStart(scaleDigits, '0')
    .replace(/0+$/, '');
  const text = `${absolute / moneyScale}${fraction === '' ? '' : `.${fraction}`}`;
  return value < 0n ? `-${text}` : text;
}

/** The market's float64 as money: nearest 1e-8. The input is data, not a sum of money. */
export function moneyFromFloat(value: number): bigint {
  if (!Number.isFinite(value) || Math.abs(value) > marketPriceMax)
    throw new NdtsError('INVALID_ARGUMENT', `expected a finite price below 9e9, found ${value}`);
  const whole = Math.trunc(value);
  const fraction = Math.round((value - whole) * 1e8);
  // The sum is a whole number that a float64 holds exactly: one BigInt instead of four.
  if (Math.abs(whole) < exactWholeMax) return BigInt(whole * 1e8 + fraction);
  return BigInt(whole) * moneyScale + BigInt(fraction);
}

/** A volume as the market tells it, 0n where it tells none; beyond money, all volumes are alike. */
export function quantityFromFloat(value: number): bigint {
  return value > 0 ? moneyFromFloat(Math.min(value, marketPriceMax)) : 0n;
}

/** The float64 nearest to it: the one its text is read as. A sum of whole and fraction may be the
 * one beside it, and whoever cuts 1.3599999999999999 to cents has one less. */
export function moneyToFloat(value: bigint): number {
  const whole = Number(value);
  // Both are exact, so that their quotient is rounded once.
  return Number.isSafeInteger(whole) ? whole / 1e8 : Number(moneyText(value));
}

/** a * b, rounded half away from zero. */
export function multiplyMoney(a: bigint, b: bigint): bigint {
  return divideRound(a * b, moneyScale);
}

/** numerator / denominator as integers, rounded half away from zero. */
export function divideRound(numerator: bigint, denominator: bigint): bigint {
  if (numerator >= 0n && denominator > 0n) return (numerator + (denominator >> 1n)) / denominator;
  const negative = numerator < 0n !== denominator < 0n;
  const n = numerator < 0n ? -numerator : numerator;
  const d = denominator < 0n ? -denominator : denominator;
  const quotient = (n + (d >> 1n)) / d;
  return negative ? -quotient : quotient;
}
