// When a session is open, and when it began.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Time, timeFromMs } from '@ndts/protocol';
import { fixSessionAt, parseFixSchedule } from './schedule.js';

test('schedules: daily, over midnight, weekly; numbers begin again with each session', () => {
  // 2023-11-14 is a Tuesday.
  const at = (text: string): Time => timeFromMs(Date.parse(`${text}Z`));
  const cases: [string, string, string | undefined][] = [
    ['08:00-17:00', '2023-11-14T08:00', '2023-11-14T08:00'],
    ['08:00-17:00', '2023-11-14T17:00', undefined],
    ['08:00-17:00', '2023-11-14T07:59', undefined],
    ['mon-fri 22:00-21:00', '2023-11-14T03:00', '2023-11-13T22:00'],
    ['mon-fri 22:00-21:00', '2023-11-14T21:30', undefined],
    ['mon-fri 22:00-21:00', '2023-11-18T20:00', '2023-11-17T22:00'],
    ['mon-fri 22:00-21:00', '2023-11-19T20:00', undefined],
    ['sun 22:00 to fri 21:00', '2023-11-14T03:00', '2023-11-12T22:00'],
    ['sun 22:00 to fri 21:00', '2023-11-17T21:00', undefined],
    ['tue 00:00-00:00', '2023-11-14T23:59', '2023-11-14T00:00'],
  ];
  for (const [text, time, start] of cases) {
    const schedule = parseFixSchedule(text);
    const expected = start === undefined ? undefined : at(start);
    assert.deepEqual(fixSessionAt(schedule, at(time)), expected, `${text} at ${time}`);
  }
  assert.deepEqual(fixSessionAt(parseFixSchedule(''), at('2023-11-14T00:00')), {
    ...{ day: 0, nsOfDay: 0 },
  });
  for (const bad of ['8-17', 'mon 25:00-26:00', 'xyz 08:00-09:00', 'sun 22:00 to 21:00'])
    assert.throws(() => parseFixSchedule(bad), /expected '08:00-17:00'/);
});
