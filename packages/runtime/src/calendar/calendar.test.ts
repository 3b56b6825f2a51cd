// Sessions by the clocks of a zone, as ranges of UTC: nights, weekends, holidays, and the two days
// of a year on which clocks are changed. Beside the examples a model asks the zone for the local
// time of each moment instead.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { msPerDay, timeToMs } from '@ndts/protocol';
import { DocumentEntry } from '../config/document-entry.js';
import { parseTextDocument } from '../config/text-document.js';
import { readCalendars } from './calendar-file.js';
import { type Calendar, sessionRanges } from './calendar.js';

const minuteMs = 60_000;
/** Comes to another minute of the day each day. */
const stepMs = 307 * minuteMs;

function calendarOf(text: string): Calendar {
  const entry = DocumentEntry.root(parseTextDocument(`c: { ${text} }`, 'yaml', 'rules'));
  const calendar = readCalendars(entry).get('c');
  assert.ok(calendar);
  return calendar;
}

function dayOf(text: string): number {
  return Date.parse(text) / msPerDay;
}

function text(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16);
}

/** Those that begin in [first, last], as text. */
function ranges(calendar: Calendar, first: string, last: string): string[] {
  const span = { firstDay: dayOf(first), lastDay: dayOf(last) };
  return sessionRanges(calendar, span)
    .filter(({ open }) => open.day >= span.firstDay && open.day <= span.lastDay)
    .map(({ open, close }) => `${text(timeToMs(open))} ${text(timeToMs(close))}`);
}

test('day sessions of Shanghai, without the weekend and a holiday', () => {
  const sse = calendarOf(
    'zone: Asia/Shanghai, sessions: ["09:30-11:30", "13:00-15:00"], holidays: [2026-01-01]',
  );
  assert.deepEqual(ranges(sse, '2025-12-31', '2026-01-05'), [
    '2025-12-31T01:30 2025-12-31T03:30',
    '2025-12-31T05:00 2025-12-31T07:00',
    '2026-01-02T01:30 2026-01-02T03:30',
    '2026-01-02T05:00 2026-01-02T07:00',
    '2026-01-05T01:30 2026-01-05T03:30',
    '2026-01-05T05:00 2026-01-05T07:00',
  ]);
});

test('night sessions of Shanghai: on Friday for Monday, none before a holiday', () => {
  const shfe = calendarOf(
    'zone: Asia/Shanghai, sessions: ["09:00-15:00"], nightSessions: ["21:00-02:30"], ' +
      'holidays: [2025-10-01..2025-10-08]',
  );
  assert.deepEqual(ranges(shfe, '2025-09-26', '2025-09-30'), [
    '2025-09-26T01:00 2025-09-26T07:00',
    '2025-09-26T13:00 2025-09-26T18:30',
    '2025-09-29T01:00 2025-09-29T07:00',
    '2025-09-29T13:00 2025-09-29T18:30',
    '2025-09-30T01:00 2025-09-30T07:00',
  ]);
  assert.deepEqual(ranges(shfe, '2025-10-01', '2025-10-09'), [
    '2025-10-09T01:00 2025-10-09T07:00',
    '2025-10-09T13:00 2025-10-09T18:30',
  ]);
});

test('New York opens at another time of UTC after each change of its clocks', () => {
  const nyse = calendarOf('zone: America/New_York, sessions: ["09:30-16:00"]');
  assert.deepEqual(ranges(nyse, '2026-03-06', '2026-03-09'), [
    '2026-03-06T14:30 2026-03-06T21:00',
    '2026-03-09T13:30 2026-03-09T20:00',
  ]);
  assert.deepEqual(ranges(nyse, '2026-10-30', '2026-11-02'), [
    '2026-10-30T13:30 2026-10-30T20:00',
    '2026-11-02T14:30 2026-11-02T21:00',
  ]);
});

test('a session in which clocks change is shorter or longer; times twice, times never', () => {
  const night = calendarOf(
    'zone: America/New_York, sessions: ["18:00-08:00"], weekdays: [sat, sun]',
  );
  assert.deepEqual(ranges(night, '2026-03-07', '2026-03-07'), [
    '2026-03-07T23:00 2026-03-08T12:00',
  ]);
  assert.deepEqual(ranges(night, '2026-10-31', '2026-10-31'), [
    '2026-10-31T22:00 2026-11-01T13:00',
  ]);
  // 02:30 does not exist on 8 March: it opens when clocks go on, at 03:00 of summer time.
  const early = calendarOf('zone: America/New_York, sessions: ["02:30-05:00"], weekdays: [sun]');
  assert.deepEqual(ranges(early, '2026-03-08', '2026-03-08'), [
    '2026-03-08T07:00 2026-03-08T09:00',
  ]);
  // 01:30 comes twice on 1 November: it is open from the first to the last.
  const twice = calendarOf('zone: America/New_York, sessions: ["01:30-01:45"], weekdays: [sun]');
  assert.deepEqual(ranges(twice, '2026-11-01', '2026-11-01'), [
    '2026-11-01T05:30 2026-11-01T06:45',
  ]);
});

test('extra days, special days, sessions that touch', () => {
  const calendar = calendarOf(
    'zone: Europe/London, sessions: ["08:00-12:00", "12:00-16:30"], extraDays: [2026-01-03], ' +
      'holidays: [2026-01-01], specialDays: { 2026-01-02: ["08:00-12:30"], 2026-01-05: [] }',
  );
  assert.deepEqual(ranges(calendar, '2025-12-31', '2026-01-06'), [
    '2025-12-31T08:00 2025-12-31T16:30',
    '2026-01-02T08:00 2026-01-02T12:30',
    '2026-01-03T08:00 2026-01-03T16:30',
    '2026-01-06T08:00 2026-01-06T16:30',
  ]);
  const week = calendarOf(
    'zone: America/New_York, sessions: ["17:00-17:00"], weekdays: [sun, mon, tue, wed, thu]',
  );
  assert.deepEqual(ranges(week, '2026-01-04', '2026-01-10'), ['2026-01-04T22:00 2026-01-09T22:00']);
});

/** What a person with a clock of the zone says. */
function isOpenAt(calendar: Calendar, format: Intl.DateTimeFormat, ms: number): boolean {
  const parts = Object.fromEntries(
    format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]),
  ) as Record<string, number>;
  const day = Date.UTC(parts['year']!, parts['month']! - 1, parts['day']) / msPerDay;
  const timeMs = (parts['hour']! * 60 + parts['minute']!) * minuteMs;
  return calendar.sessions.some(({ openMs, closeMs }) => {
    const opens = (on: number): boolean => calendar.weekdays.has((on + 4) % 7);
    if (closeMs > openMs) return opens(day) && timeMs >= openMs && timeMs < closeMs;
    return (opens(day) && timeMs >= openMs) || (opens(day - 1) && timeMs < closeMs);
  });
}

test('ranges say the same as the clocks of the zone, through a year', () => {
  // Not those in whose sessions an hour comes twice or never begins.
  for (const [zone, session] of [
    ['America/New_York', '09:30-16:00'],
    ['Europe/Berlin', '20:00-04:15'],
    ['Asia/Shanghai', '21:00-02:30'],
    ['Australia/Lord_Howe', '10:00-16:10'],
    ['Asia/Kolkata', '09:15-15:30'],
    ['Pacific/Apia', '23:00-05:00'],
  ] as const) {
    const calendar = calendarOf(`zone: ${zone}, sessions: ["${session}"]`);
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
    const span = { firstDay: dayOf('2026-01-01'), lastDay: dayOf('2026-12-31') };
    const found = sessionRanges(calendar, span);
    const check = (ms: number, isOpen: boolean): void =>
      assert.equal(isOpenAt(calendar, format, ms), isOpen, `${zone} ${text(ms)}`);
    for (const { open, close } of found) {
      check(timeToMs(open) - minuteMs, false);
      check(timeToMs(open), true);
      check(timeToMs(close) - minuteMs, true);
      check(timeToMs(close), false);
    }
    let at = 0;
    for (let ms = span.firstDay * msPerDay; ms < span.lastDay * msPerDay; ms += stepMs) {
      while (at < found.length && timeToMs(found[at]!.close) <= ms) at += 1;
      check(ms, at < found.length && timeToMs(found[at]!.open) <= ms);
    }
  }
});
