// How a strategy's loop waits at its rings: it spins after a tick, then waits as it was told, never
// past the next timer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTickBatch, nsPerMs, type RingWait, type TickBatch } from '@ndts/protocol';
import { type HostParts, StrategyHost } from './host.js';

interface Asked {
  readonly spinUs: number;
  readonly wait: RingWait | undefined;
  readonly waitUs: number | undefined;
}

/** A host without a strategy to speak of, on a clock that is set. */
function hostOn(wait: RingWait, timerIntervalMs: number) {
  const asked: Asked[] = [];
  const state = { nowNs: 0, rows: 0, timers: 0 };
  const reader = {
    waitPoll: (_: TickBatch, spinUs: number, mode?: RingWait, waitUs?: number) => {
      asked.push({ spinUs, wait: mode, waitUs });
      return state.rows;
    },
    lapped: () => 0,
  };
  const parts = {
    strategy: {
      timerIntervalMs,
      onTimer: () => {
        state.timers += 1;
      },
    },
    context: {},
    reader,
    batch: createTickBatch(1),
    plan: { factors: [], compute: () => undefined },
    factorRows: {},
    signals: { count: 0 },
    spinUs: 100,
    spinMs: 5,
    wait,
    waitMs: 10,
    reportIntervalMs: 1e6,
    monotonicNs: () => state.nowNs,
    report: () => undefined,
    snapshot: () => undefined,
  };
  const host = new StrategyHost(parts as unknown as HostParts);
  // The first report is due at once, and not what is tested.
  Object.assign(parts.context, { latency: { snapshot: () => ({}) } });
  const poll = (nowMs: number, rows = 0): Asked => {
    state.rows = rows;
    state.nowNs = nowMs * nsPerMs;
    host.doWork();
    return asked.at(-1)!;
  };
  return { poll, state };
}

const spinning: Asked = { spinUs: 100, wait: undefined, waitUs: undefined };

test('it spins after the start and after a tick, then sleeps', () => {
  const { poll } = hostOn('sleep', 1000);
  assert.deepEqual(poll(1), spinning);
  assert.deepEqual(poll(5), spinning);
  const asleep: Asked = { spinUs: 0, wait: 'sleep', waitUs: 10_000 };
  assert.deepEqual(poll(15), asleep);
  assert.deepEqual(poll(25, 1), asleep);
  assert.deepEqual(poll(26), spinning);
  assert.deepEqual(poll(30), spinning);
  assert.deepEqual(poll(31), asleep);
});

test('it does not wait past the next timer', () => {
  const { poll, state } = hostOn('yield', 20);
  poll(13);
  assert.deepEqual(poll(19), { spinUs: 0, wait: 'yield', waitUs: 7000 });
  assert.deepEqual(poll(20), { spinUs: 0, wait: 'yield', waitUs: 1000 });
  assert.equal(state.timers, 1);
  assert.deepEqual(poll(25), { spinUs: 0, wait: 'yield', waitUs: 10_000 });
});
