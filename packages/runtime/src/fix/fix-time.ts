// Times as FIX writes them: YYYYMMDD-HH:MM:SS, with a fraction of up to nine digits when read and
// of three when written. Always UTC; a leap second is refused, as no clock here has one.

import { msPerDay, nsPerMs, type Time } from '@ndts/protocol';

const zero = 48;
const nsPerSecondOfDay = 1e9;
const fractionDigitsMax = 9;

/** The number that `count` digits are; -1: one of them is none. */
export function readDigits(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let index = at; index < at + count; index++) {
    const digit = (bytes[index] ?? 0) - zero;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Nearly all times of a session are of one day: its eight digits, and which day that is. */
let lastDigits = -1;
let lastDay: number | undefined;

/** undefined: not a day that exists. */
export function readFixDay(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end - start < 8) return undefined;
  const digits = readDigits(bytes, start, 8);
  if (digits < 0) return undefined;
  if (digits !== lastDigits) {
    lastDay = dayOf(Math.floor(digits / 10_000), Math.floor(digits / 100) % 100, digits % 100);
    lastDigits = digits;
  }
  return lastDay;
}

function dayOf(year: number, month: number, date: number): number | undefined {
  if (year < 1970 || month < 1 || month > 12 || date < 1 || date > 31) return undefined;
  const day = Date.UTC(year, month - 1, date) / msPerDay;
  return new Date(day * msPerDay).getUTCDate() === date ? day : undefined;
}

export function readFixTime(bytes: Uint8Array, start: number, end: number): Time | undefined {
  const day = readFixDay(bytes, start, end);
  const length = end - start;
  const isShaped =
    (length === 17 || (length >= 19 && length <= 18 + fractionDigitsMax)) &&
    bytes[start + 8] === 45 &&
    bytes[start + 11] === 58 &&
    bytes[start + 14] === 58 &&
    (length === 17 || bytes[start + 17] === 46);
  if (day === undefined || !isShaped) return undefined;
  const hour = readDigits(bytes, start + 9, 2);
  const minute = readDigits(bytes, start + 12, 2);
  const second = readDigits(bytes, start + 15, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
    return undefined;
  const digits = Math.max(0, length - 18);
  const fraction = readDigits(bytes, start + 18, digits);
  if (fraction < 0) return undefined;
  const seconds = (hour * 60 + minute) * 60 + second;
  const ns = fraction * 10 ** (fractionDigitsMax - digits);
  return { day, nsOfDay: seconds * nsPerSecondOfDay + ns };
}

let cachedDay = -1;
let cachedText = '';
let cachedSecond = -1;
let cachedClock = '';

/** YYYYMMDD. */
export function fixDayText(day: number): string {
  if (day !== cachedDay) {
    cachedText = new Date(day * msPerDay).toISOString().slice(0, 10).replaceAll('-', '');
    cachedDay = day;
  }
  return cachedText;
}

/** With milliseconds; what is finer is cut off. */
export function fixTimeText(time: Time): string {
  const ms = Math.floor(time.nsOfDay / nsPerMs);
  const second = Math.floor(ms / 1000);
  if (second !== cachedSecond) {
    const minute = Math.floor(second / 60);
    cachedClock = `-${two(Math.floor(minute / 60))}:${two(minute % 60)}:${two(second % 60)}.`;
    cachedSecond = second;
  }
  const rest = ms - second * 1000;
  const zeros = rest < 10 ? '00' : rest < 100 ? '0' : '';
  return `${fixDayText(time.day)}${cachedClock}${zeros}${rest}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
