// Days of an account: where they begin, over changes of clocks.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { msPerDay, timeFromMs } from '@ndts/protocol';
import { AccountDay } from './account-day.js';

/** The dates on which a day began, at these moments. */
function datesOf(start: string, zone: string, moments: readonly string[]): string[] {
  const days = new AccountDay(start, zone);
  return moments.map((moment) => {
    const day = days.at(timeFromMs(Date.parse(moment)));
    return new Date(day * msPerDay).toISOString().slice(0, 10);
  });
}

test('a day begins at its time of its zone, in summer and in winter', () => {
  const winter = ['2026-01-15T21:59:59Z', '2026-01-15T22:00:00Z'];
  assert.deepEqual(datesOf('17:00', 'America/New_York', winter), ['2026-01-14', '2026-01-15']);
  const summer = ['2026-07-15T20:59:59Z', '2026-07-15T21:00:00Z'];
  assert.deepEqual(datesOf('17:00', 'America/New_York', summer), ['2026-07-14', '2026-07-15']);
  const utc = ['2026-01-15T23:59:59Z', '2026-01-16T00:00:00Z'];
  assert.deepEqual(datesOf('00:00', 'UTC', utc), ['2026-01-15', '2026-01-16']);
  const evening = ['2026-01-15T12:59:59Z', '2026-01-15T13:00:00Z'];
  assert.deepEqual(datesOf('21:00', 'Asia/Shanghai', evening), ['2026-01-14', '2026-01-15']);
});

test('a time that clocks skip or show twice begins one day', () => {
  // At 01:00 UTC clocks go from 02:00 to 03:00, in autumn from 03:00 to 02:00.
  const spring = ['2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z', '2026-03-29T12:00:00Z'];
  assert.deepEqual(datesOf('02:30', 'Europe/Berlin', spring), [
    ...['2026-03-28', '2026-03-29', '2026-03-29'],
  ]);
  const autumn = ['2026-10-25T00:29:59Z', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'];
  assert.deepEqual(datesOf('02:30', 'Europe/Berlin', autumn), [
    ...['2026-10-24', '2026-10-25', '2026-10-25'],
  ]);
});

test('a zone that nobody knows is named', () => {
  assert.throws(() => new AccountDay('00:00', 'Mars/Olympus'), /found 'Mars\/Olympus'/);
});
