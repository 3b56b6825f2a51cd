// How a strategy's loop waits at its rings: it spins after a tick, then waits as it was told; how
// time goes on meanwhile.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTickBatch, nsPerDay, nsPerMs, type RingWait, type TickBatch } from '@ndts/protocol';
import { type HostParts, type LiveMarket, StrategyHost } from './host.js';

interface Asked {
  readonly spinUs: number;
  readonly wait: RingWait | undefined;
  readonly waitUs: number | undefined;
}

/** A host without a strategy to speak of, on a clock that is set. */
function hostOn(wait: RingWait, reportIntervalMs = 1e6) {
  const asked: Asked[] = [];
  const advanced: number[] = [];
  const reported: number[] = [];
  const state = { nowNs: 0, rows: 0 };
  const batch = createTickBatch(1);
  const reader = {
    waitPoll: (_: TickBatch, spinUs: number, mode?: RingWait, waitUs?: number) => {
      asked.push({ spinUs, wait: mode, waitUs });
      batch.count = state.rows;
      return state.rows;
    },
    lapped: () => 0,
    isBehind: false,
    isHolding: false,
  };
  const driver = { ticks: 0, plan: { factors: [] } };
  const journal = {
    bytes: 0,
    run: () => undefined,
    advance: (day: number, nsOfDay: number) => void advanced.push(day * nsPerDay + nsOfDay),
  };
  const parts = {
    driver,
    journal,
    batch,
    factorRows: {},
    signals: { count: 0, latency: { snapshot: () => ({}) } },
    spinUs: 100,
    spinMs: 5,
    wait,
    waitMs: 10,
    reportIntervalMs,
    monotonicNs: () => state.nowNs,
    report: () => void reported.push(state.nowNs / nsPerMs),
    snapshot: () => undefined,
    state: () => undefined,
  };
  const live = { ticks: reader, books: undefined };
  const host = new StrategyHost(parts as unknown as HostParts, live as unknown as LiveMarket);
  const poll = (nowMs: number, rows = 0): Asked => {
    state.rows = rows;
    state.nowNs = nowMs * nsPerMs;
    host.doWork();
    return asked.at(-1)!;
  };
  return { poll, batch, advanced, reported };
}

const spinning: Asked = { spinUs: 100, wait: undefined, waitUs: undefined };

test('it spins while ticks come often, else sleeps, longer when none come', () => {
  const { poll } = hostOn('sleep');
  assert.deepEqual(poll(0.1), spinning);
  const asleep: Asked = { spinUs: 0, wait: 'sleep', waitUs: 10_000 };
  poll(1);
  assert.deepEqual(poll(2), asleep);
  let nowMs = 10;
  for (; nowMs < 20; nowMs += 0.1) poll(nowMs, 1);
  assert.deepEqual(poll(nowMs + 4), spinning);
  poll(nowMs + 6);
  assert.deepEqual(poll(nowMs + 7), asleep);
  poll(1200);
  assert.deepEqual(poll(1300), { ...asleep, waitUs: 100_000 });
});

test('it reports four times less often while nothing comes, soon again when something does', () => {
  const { poll, reported } = hostOn('sleep', 250);
  for (let nowMs = 0; nowMs < 3500; nowMs += 50) poll(nowMs);
  assert.deepEqual(reported, [0, 250, 500, 750, 1000, 1250, 2000, 3000]);
  reported.length = 0;
  for (let nowMs = 3500; nowMs < 4500; nowMs += 50) poll(nowMs, nowMs === 3600 ? 1 : 0);
  assert.deepEqual(reported, [3850, 4000, 4250]);
});

test('time goes on after the newest tick, half a second late, over midnight too', () => {
  const { poll, batch, advanced } = hostOn('yield');
  poll(1200);
  batch.day[0] = 3;
  batch.nsOfDay[0] = nsPerDay - 100 * nsPerMs;
  poll(2000, 1);
  poll(2400);
  assert.deepEqual(advanced, [], 'no tick yet, or it came just now');
  poll(2550);
  poll(2700);
  const ends = [-50, 100].map((ms) => 4 * nsPerDay + ms * nsPerMs);
  assert.deepEqual(advanced, ends);
});
