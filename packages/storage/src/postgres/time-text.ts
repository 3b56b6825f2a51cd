// Instants as PostgreSQL writes and reads them, in UTC.
//
// Always: what is written with fewer digits than it has is cut, never rounded: no time comes out
// later than it was.

import type { Time } from '@ndts/protocol';
import { msPerDay, nsPerDay } from '@ndts/protocol';

/** Days from 1970 to 2000, where PostgreSQL counts from. */
export const postgresEpochDay = 10_957;

const usPerDay = 86_400e6;
const two32 = 4_294_967_296;

const datePattern = String.raw`(\d{4,6})-(\d\d?)-(\d\d?)`;
const clockPattern = String.raw`(?:[T ]\s*(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?)?`;
const zonePattern = String.raw`(Z|UTC|GMT|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?`;
const timePattern = new RegExp(
  String.raw`^\s*${datePattern}${clockPattern}\s*${zonePattern}\s*$`,
  'i',
);

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}

/** Written anew only when the day changes: most of a result is on one day. */
let cachedDay = Number.NaN;
let cachedText = '';

/** Any day of the calendar, before the year 1 with BC. */
export function dateText(day: number): string {
  if (day === cachedDay) return cachedText;
  if (!Number.isFinite(day)) return day > 0 ? 'infinity' : '-infinity';
  const date = new Date(day * msPerDay);
  const year = date.getUTCFullYear();
  // Beyond what Date holds: the year of such a day means nothing to anybody.
  if (Number.isNaN(year)) return day > 0 ? 'infinity' : '-infinity';
  const rest = `-${pad(date.getUTCMonth() + 1, 2)}-${pad(date.getUTCDate(), 2)}`;
  cachedText = year > 0 ? pad(year, 4) + rest : `${pad(1 - year, 4)}${rest} BC`;
  cachedDay = day;
  return cachedText;
}

/** @param digits of the second, at most; zeros at the end are left out */
export function timeOfDayText(nsOfDay: number, digits: number): string {
  const seconds = Math.floor(nsOfDay / 1e9);
  const ns = nsOfDay - seconds * 1e9;
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const text = `${pad(hours, 2)}:${pad(minutes - hours * 60, 2)}:${pad(seconds - minutes * 60, 2)}`;
  if (ns === 0) return text;
  const fraction = pad(ns, 9).slice(0, digits);
  let end = fraction.length;
  while (end > 0 && fraction.charCodeAt(end - 1) === 48) end -= 1;
  return end === 0 ? text : `${text}.${fraction.slice(0, end)}`;
}

export function instantText(day: number, nsOfDay: number, digits: number): string {
  const date = dateText(day);
  if (!Number.isFinite(day)) return date;
  const time = `${timeOfDayText(nsOfDay, digits)}+00`;
  return date.endsWith(' BC') ? `${date.slice(0, -3)} ${time} BC` : `${date} ${time}`;
}

/** Seconds east of UTC. */
function offsetOf(zone: string | undefined): number {
  if (zone === undefined || /^[a-z]/i.test(zone)) return 0;
  const digits = zone.slice(1).replaceAll(':', '').padEnd(6, '0');
  const [hours, minutes, seconds] = [0, 2, 4].map((at) => Number(digits.slice(at, at + 2)));
  return (zone.startsWith('-') ? -1 : 1) * (hours! * 3600 + minutes! * 60 + seconds!);
}

/** A date, or a date and a time, with a zone or in UTC; undefined: something else. */
export function parseInstant(text: string): Time | undefined {
  const found = timePattern.exec(text);
  if (found === null) return undefined;
  const [year, month, dayOfMonth, hour, minute, second] = found
    .slice(1, 7)
    .map((part: string | undefined) => Number(part ?? 0));
  // Date.UTC takes the years 0 to 99 for those of the last century.
  const date = new Date(0);
  const ms = date.setUTCFullYear(year!, month! - 1, dayOfMonth!);
  const isDay = date.getUTCMonth() === month! - 1 && date.getUTCDate() === dayOfMonth;
  if (!isDay || hour! > 24 || minute! > 59 || second! > 60) return undefined;
  const fraction = Number((found[7] ?? '').padEnd(9, '0'));
  const seconds = hour! * 3600 + minute! * 60 + second! - offsetOf(found[8]);
  const ns = seconds * 1e9 + fraction;
  const over = Math.floor(ns / nsPerDay);
  return { day: ms / msPerDay + over, nsOfDay: ns - over * nsPerDay };
}

/** Microseconds since 2000, as the two halves of an int64. */
export function microsecondHalves(day: number, nsOfDay: number): { high: number; low: number } {
  if (!Number.isFinite(day))
    return day > 0 ? { high: 0x7fffffff, low: -1 } : { high: -0x80000000, low: 0 };
  // In units of 2^32 and below: both exact, whatever the year.
  const base = (day - postgresEpochDay) * usPerDay;
  const high = Math.floor(base / two32);
  const low = base - high * two32 + Math.floor(nsOfDay / 1000);
  const over = Math.floor(low / two32);
  return { high: high + over, low: low - over * two32 };
}

export function instantOfMicroseconds(value: bigint): Time {
  const perDay = 86_400_000_000n;
  let day = value / perDay;
  if (value % perDay < 0n) day -= 1n;
  return {
    day: Number(day) + postgresEpochDay,
    nsOfDay: Number(value - day * perDay) * 1000,
  };
}
