import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addNs,
  nextBeatNs,
  nsBetween,
  nsPerDay,
  readTime,
  timeFromMs,
  timeText,
  timeToMs,
  writeTime,
} from './time.js';

const view = new DataView(new ArrayBuffer(8));

test('beats are the same moments for all who ask between two of them', () => {
  const every = 250e6;
  for (const nowNs of [1000e6, 1000e6 + 1, 1125e6, 1250e6 - 1])
    assert.equal(nextBeatNs(nowNs, every), 1250e6);
  assert.equal(nextBeatNs(1250e6, every), 1500e6);
});

test('writeTime gives the same int64 as BigInt arithmetic, readTime gives the same time', () => {
  let seed = 20_261_121;
  const next = (limit: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 4_294_967_296) * limit);
  };
  const cases: [number, number][] = [
    [0, 0],
    [0, 1],
    [0, nsPerDay - 1],
    [-1, 0],
    [-1, nsPerDay - 1],
    [-20_000, 123_456_789],
    [20_778, 4_294_967_295],
    [20_778, 4_294_967_296],
    [106_000, nsPerDay - 1],
  ];
  for (let i = 0; i < 20_000; i += 1)
    cases.push([next(100_000) - 20_000, next(86_400) * 1e9 + next(1e9)]);
  for (const [day, nsOfDay] of cases) {
    writeTime(view, 0, day, nsOfDay);
    const expected = BigInt(day) * BigInt(nsPerDay) + BigInt(nsOfDay);
    assert.equal(view.getBigInt64(0, true), expected, `day ${day} ns ${nsOfDay}`);
    assert.deepEqual(readTime(view, 0), { day, nsOfDay });
  }
});

test('differences and sums carry over midnight', () => {
  const late = { day: 10, nsOfDay: nsPerDay - 1 };
  assert.deepEqual(addNs(late, 1), { day: 11, nsOfDay: 0 });
  assert.deepEqual(addNs({ day: 11, nsOfDay: 0 }, -1), late);
  assert.equal(nsBetween({ day: 11, nsOfDay: 5 }, late), 6);
});

test('milliseconds and text', () => {
  const time = timeFromMs(Date.UTC(2026, 10, 21, 7, 30, 0, 250));
  assert.equal(timeToMs(time), Date.UTC(2026, 10, 21, 7, 30, 0, 250));
  assert.equal(timeText(addNs(time, 1)), '2026-11-21T07:30:00.250000001Z');
});
