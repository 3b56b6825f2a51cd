// When an exchange trades: its sessions by the clocks of its zone, compiled to ranges of UTC.
//
// A session belongs to the day on which it begins. It is held when that day is open: not a holiday,
// and a weekday of trading or an extra day; a special day has sessions of its own. A night session
// is held only when the trading day after that night is no holiday, either: exchanges of China have
// none before holidays. Clocks that are set forward or back in a session make it shorter or longer.

import { msPerDay, type Time, timeFromMs } from '@ndts/protocol';
import { ZoneOffsets } from './zone-offsets.js';

/** Of the calendar that is never closed. */
export const alwaysOpen = 'always';

/** Milliseconds of the day; an end at or before the beginning is on the next day. */
export interface Session {
  readonly openMs: number;
  readonly closeMs: number;
}

/** Days are whole days since 1970, by the zone's own calendar. */
export interface Calendar {
  readonly zone: string;
  readonly sessions: readonly Session[];
  readonly nightSessions: readonly Session[];
  /** 0: Sunday. */
  readonly weekdays: ReadonlySet<number>;
  readonly holidays: ReadonlySet<number>;
  readonly extraDays: ReadonlySet<number>;
  readonly specialDays: ReadonlyMap<number, readonly Session[]>;
}

/** Whole days of UTC since 1970; the last is in it. */
export interface DaySpan {
  readonly firstDay: number;
  readonly lastDay: number;
}

/** A session in UTC, half-open. */
export interface SessionRange {
  readonly open: Time;
  readonly close: Time;
}

/** How far the next trading day may be. */
const daysToNext = 14;

function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

function isTradingDay(calendar: Calendar, day: number): boolean {
  return calendar.weekdays.has(weekdayOf(day)) || calendar.extraDays.has(day);
}

function sessionsOf(calendar: Calendar, day: number): readonly Session[] {
  const special = calendar.specialDays.get(day);
  if (special !== undefined) return special;
  if (calendar.holidays.has(day) || !isTradingDay(calendar, day)) return [];
  if (calendar.nightSessions.length === 0) return calendar.sessions;
  let next = day + 1;
  while (!isTradingDay(calendar, next) && next < day + daysToNext) next += 1;
  if (calendar.holidays.has(next)) return calendar.sessions;
  return [...calendar.sessions, ...calendar.nightSessions];
}

/** Ascending, without a common moment; those that touch are one. */
export function sessionRanges(calendar: Calendar, span: DaySpan): SessionRange[] {
  const { firstDay, lastDay } = span;
  const offsets = new ZoneOffsets(
    calendar.zone,
    (firstDay - 3) * msPerDay,
    (lastDay + 3) * msPerDay,
  );
  const found: [number, number][] = [];
  for (let day = firstDay - 2; day <= lastDay + 1; day += 1)
    for (const { openMs, closeMs } of sessionsOf(calendar, day)) {
      const closeDay = closeMs > openMs ? day : day + 1;
      const open = offsets.utcMs(day * msPerDay + openMs, 'first');
      const close = offsets.utcMs(closeDay * msPerDay + closeMs, 'last');
      if (open < close) found.push([open, close]);
    }
  found.sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [open, close] of found) {
    const last = joined.at(-1);
    if (last !== undefined && open <= last[1]) last[1] = Math.max(last[1], close);
    else joined.push([open, close]);
  }
  return joined.map(([open, close]) => ({ open: timeFromMs(open), close: timeFromMs(close) }));
}
