// Calendars as people write them in a file: zone, sessions, weekdays, days.

import { msPerDay } from '@ndts/protocol';
import type { DocumentEntry } from '../config/document-entry.js';
import { alwaysOpen, type Calendar, type Session } from './calendar.js';
import { ZoneOffsets } from './zone-offsets.js';

const weekdayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const mondayToFriday = [1, 2, 3, 4, 5];
const calendarKeys = [
  'zone',
  'sessions',
  'nightSessions',
  'weekdays',
  'holidays',
  'extraDays',
  'specialDays',
];
const sessionPattern = /^(\d\d):(\d\d)(?::(\d\d))?-(\d\d):(\d\d)(?::(\d\d))?$/;
const dayPattern = /^(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d))?$/;
const daysMax = 366;

export function readCalendars(entry: DocumentEntry | undefined): Map<string, Calendar> {
  const calendars = new Map<string, Calendar>();
  for (const [name, calendar] of entry?.entries() ?? []) {
    if (name === alwaysOpen) throw calendar.refusal(`${alwaysOpen} is the one without sessions`);
    calendars.set(name, readCalendar(calendar));
  }
  return calendars;
}

function readCalendar(entry: DocumentEntry): Calendar {
  const fields = new Map(entry.entries(calendarKeys));
  const sessions = readSessions(fields.get('sessions'));
  const nightSessions = readSessions(fields.get('nightSessions'));
  if (sessions.length + nightSessions.length === 0)
    throw entry.refusal('expected sessions, such as "09:30-16:00"');
  const holidays = readDays(fields.get('holidays'));
  const extraDays = readDays(fields.get('extraDays'));
  const both = [...extraDays].find((day) => holidays.has(day));
  if (both !== undefined) throw entry.refusal(`${textOfDay(both)} is a holiday and an extra day`);
  return {
    zone: readZone(fields.get('zone') ?? entry.at('zone')),
    sessions,
    nightSessions,
    weekdays: readWeekdays(fields.get('weekdays')),
    holidays,
    extraDays,
    specialDays: new Map(
      (fields.get('specialDays')?.entries() ?? []).map(([text, value]) => {
        const [day = 0, ...more] = parseDays(text);
        if (more.length > 0 || !dayPattern.test(text)) throw value.refusal('expected one day');
        return [day, readSessions(value)];
      }),
    ),
  };
}

function readZone(entry: DocumentEntry): string {
  const expected = 'a time zone such as Asia/Shanghai';
  const zone = entry.text(expected);
  try {
    new ZoneOffsets(zone, 0, 0);
  } catch {
    throw entry.wrong(expected);
  }
  return zone;
}

function readWeekdays(entry: DocumentEntry | undefined): Set<number> {
  if (entry === undefined) return new Set(mondayToFriday);
  const names = entry.list('a list of weekdays').map((day) => day.oneOf(weekdayNames));
  if (names.length === 0) throw entry.wrong('at least one weekday');
  return new Set(names.map((name) => weekdayNames.indexOf(name)));
}

function readSessions(entry: DocumentEntry | undefined): Session[] {
  return (entry?.list('a list of sessions') ?? []).map((session) => {
    const expected = 'a session such as "09:30-11:30"';
    const found = sessionPattern.exec(session.text(expected));
    if (found === null) throw session.wrong(expected);
    const [, ...parts] = found;
    const [openHour = 0, openMinute = 0, openSecond = 0, hour = 0, minute = 0, second = 0] =
      parts.map((part) => Number(part ?? 0));
    const openMs = timeOfDayMs(openHour, openMinute, openSecond);
    const closeMs = timeOfDayMs(hour, minute, second);
    if (openMs === undefined || closeMs === undefined || openMs === msPerDay)
      throw session.wrong('times from 00:00 to 24:00');
    return { openMs, closeMs };
  });
}

function timeOfDayMs(hour: number, minute: number, second: number): number | undefined {
  const ms = ((hour * 60 + minute) * 60 + second) * 1000;
  return minute < 60 && second < 60 && ms <= msPerDay ? ms : undefined;
}

function readDays(entry: DocumentEntry | undefined): Set<number> {
  const days = new Set<number>();
  for (const one of entry?.list('a list of days') ?? []) {
    const expected = 'a day such as 2026-01-01, or 2026-02-16..2026-02-22';
    const found = parseDays(one.text(expected));
    if (found.length === 0) throw one.wrong(expected);
    for (const day of found) days.add(day);
  }
  return days;
}

/** Without any: it is no day, or none that there is, or too many. */
function parseDays(text: string): number[] {
  const [, first = '', last = first] = dayPattern.exec(text) ?? [];
  const from = dayOf(first);
  const to = dayOf(last);
  if (from === undefined || to === undefined || to < from || to - from > daysMax) return [];
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

function dayOf(text: string): number | undefined {
  const day = Date.parse(`${text}T00:00:00Z`) / msPerDay;
  return Number.isInteger(day) && textOfDay(day) === text ? day : undefined;
}

export function textOfDay(day: number): string {
  return new Date(day * msPerDay).toISOString().slice(0, 10);
}
