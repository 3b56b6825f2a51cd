// The date of a CTP tick, which the exchanges write as each sees fit. UpdateTime is local time
// (UTC+8) without a date; TradingDay is the day a night belongs to, which follows it; ActionDay
// should be the calendar's day and often is not:
//
// - SHFE and INE: right.
// - DCE: in the night it repeats TradingDay; the night began on the working day before.
// - CZCE: in the night TradingDay is the calendar's day, too.
// - Some leave it empty.
//
// Always: what is not in trading hours has no time here, since it is the last session's price that
// is sent again at login. The day before a holiday is only known where ActionDay is right.

import { msPerDay } from '@ndts/protocol';

const minutes = (hours: number, rest: number): number => hours * 60 + rest;

/** Local minutes of the day, auctions included: [from, to). */
const tradingHours = [
  [0, minutes(2, 35)],
  [minutes(8, 50), minutes(11, 35)],
  [minutes(12, 55), minutes(15, 20)],
  [minutes(20, 50), minutes(24, 0)],
] as const;

const eveningFrom = minutes(20, 0);
const morningUntil = minutes(4, 0);
const clock = /^(\d\d):(\d\d):(\d\d)$/;
export const ctpOffsetMs = 8 * 3_600_000;

/** Days since 1970 of 20250102; undefined: it is no date. */
export function dayOfDate(date: number): number | undefined {
  const year = Math.floor(date / 10_000);
  const month = Math.floor(date / 100) % 100;
  if (!(year >= 1990 && year < 2200 && month >= 1 && month <= 12)) return undefined;
  const ms = Date.UTC(year, month - 1, date % 100);
  return new Date(ms).getUTCDate() === date % 100 ? ms / msPerDay : undefined;
}

/** 1970-01-01 was a Thursday. */
function workingDayBefore(day: number): number {
  const weekday = (day + 4) % 7;
  if (weekday === 1) return day - 3;
  return weekday === 0 ? day - 2 : day - 1;
}

export interface CtpStamp {
  readonly updateTime: string;
  readonly millisecond: number;
  readonly tradingDay: number;
  /** NaN: empty. */
  readonly actionDay: number;
  readonly isCzce: boolean;
}

/** Milliseconds since 1970, UTC; a text says why there is no such time. */
export function ctpTimeMs(stamp: CtpStamp): number | string {
  if (stamp.updateTime.trim() === '') return 'no UpdateTime';
  const found = clock.exec(stamp.updateTime.trim());
  const [hours, minute, second] = (found?.slice(1) ?? []).map(Number) as [number, number, number];
  if (found === null || hours > 23 || minute > 59 || second > 59)
    return `UpdateTime: expected HH:MM:SS, found '${stamp.updateTime.slice(0, 32)}'`;
  const at = minutes(hours, minute);
  if (!tradingHours.some(([from, to]) => at >= from && at < to))
    return 'outside of trading hours: the last session sent again';
  const day = calendarDay(stamp, at);
  if (day === undefined) return `TradingDay: expected a date, found ${stamp.tradingDay}`;
  const millisecond = stamp.millisecond >= 0 && stamp.millisecond < 1000 ? stamp.millisecond : 0;
  return day * msPerDay + (at * 60 + second) * 1000 + millisecond - ctpOffsetMs;
}

function calendarDay(stamp: CtpStamp, minuteOfDay: number): number | undefined {
  const action = dayOfDate(stamp.actionDay);
  const trading = dayOfDate(stamp.tradingDay);
  const isNight = minuteOfDay >= eveningFrom || minuteOfDay < morningUntil;
  if (!isNight) return trading ?? action;
  if (stamp.isCzce) return action ?? trading;
  if (action !== undefined && action !== trading) return action;
  if (trading === undefined) return undefined;
  return workingDayBefore(trading) + (minuteOfDay < morningUntil ? 1 : 0);
}
