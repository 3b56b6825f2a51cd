// When a session is open, in UTC: every day, some days of the week, or from one day of the week to
// another. Each session begins with numbers of its own. What always holds: a time is in at most one
// session, and the session is named by when it began.

import { addNs, NdtsError, nsPerDay, nsPerSecond, type Time } from '@ndts/protocol';

export interface FixSchedule {
  /** Nanoseconds of the day at which a session begins, and how long it lasts. */
  readonly startNs: number;
  readonly lengthNs: number;
  /** Days of the week on which one begins; 0 is Sunday. */
  readonly days: ReadonlySet<number>;
}

const names = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const daysOfWeek = 7;
const thursday = 4;
const clockText = '([01]\\d|2[0-3]):([0-5]\\d)';
const daily = new RegExp(`^(?:(\\w{3})(?:-(\\w{3}))? )?${clockText}-${clockText}$`);
const weekly = new RegExp(`^(\\w{3}) ${clockText} to (\\w{3}) ${clockText}$`);

/** "08:00-17:00", "mon-fri 22:00-21:00", "sun 22:00 to fri 21:00"; empty: one session without an
 * end. */
export function parseFixSchedule(text: string): FixSchedule | undefined {
  if (text.trim() === '') return undefined;
  const everyDay = daily.exec(text);
  if (everyDay !== null) {
    const [, first, last, fromHour, fromMinute, toHour, toMinute] = everyDay;
    const startNs = clockNs(fromHour, fromMinute);
    const lengthNs = clockNs(toHour, toMinute) - startNs;
    const days = daysFrom(first ?? 'sun', last ?? first ?? 'sat', text);
    return { startNs, lengthNs: lengthNs > 0 ? lengthNs : lengthNs + nsPerDay, days };
  }
  const everyWeek = weekly.exec(text);
  if (everyWeek === null) throw badSchedule(text);
  const [, first, fromHour, fromMinute, last, toHour, toMinute] = everyWeek;
  const from = dayOfWeek(first ?? '', text);
  const startNs = clockNs(fromHour, fromMinute);
  const length = (dayOfWeek(last ?? '', text) - from) * nsPerDay;
  const lengthNs = length + clockNs(toHour, toMinute) - startNs;
  const days = new Set([from]);
  return { startNs, lengthNs: lengthNs > 0 ? lengthNs : lengthNs + daysOfWeek * nsPerDay, days };
}

/** When the session of this time began; undefined: there is none. Without a schedule the one
 * session began before all times. */
export function fixSessionAt(schedule: FixSchedule | undefined, time: Time): Time | undefined {
  if (schedule === undefined) return { day: 0, nsOfDay: 0 };
  const span = Math.ceil(schedule.lengthNs / nsPerDay);
  for (let back = 0; back <= span; back++) {
    const day = time.day - back;
    if (!schedule.days.has((day + thursday) % daysOfWeek)) continue;
    const age = back * nsPerDay + time.nsOfDay - schedule.startNs;
    if (age >= 0 && age < schedule.lengthNs) return addNs({ day, nsOfDay: 0 }, schedule.startNs);
  }
  return undefined;
}

function daysFrom(first: string, last: string, text: string): Set<number> {
  const days = new Set<number>();
  const end = dayOfWeek(last, text);
  for (let day = dayOfWeek(first, text); ; day = (day + 1) % daysOfWeek) {
    days.add(day);
    if (day === end) return days;
  }
}

function dayOfWeek(name: string, text: string): number {
  const day = names.indexOf(name.toLowerCase());
  if (day < 0) throw badSchedule(text);
  return day;
}

function clockNs(hour: string | undefined, minute: string | undefined): number {
  return (Number(hour) * 60 + Number(minute)) * 60 * nsPerSecond;
}

function badSchedule(text: string): NdtsError {
  const forms = "'08:00-17:00', 'mon-fri 22:00-21:00' or 'sun 22:00 to fri 21:00'";
  return new NdtsError('CONFIG_INVALID_VALUE', `expected ${forms}, found '${text}'`);
}
