// tick_to_signal and tick_to_order: `ndts up` as it ships - strategy in a process of its own, a
// dashboard client attached - at fixed rates. The feed is open-loop and a tick carries the time at
// which it was due, so that every stall counts in full (no coordinated omission).
//
// Which orders fall into the measured time differs from run to run, so the answer is the hash of
// the verdict on the whole run, read from the venue's own record after the end: orders sent twice,
// orders and fills that do not pair. It is equal in every right run.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HistogramSnapshot, subtractSnapshots, summarizeUs } from '@ndts/runtime';
import { WebSocket } from 'ws';
import { readVenueRecord } from '../crash/venue-record.js';
import { RunningPlatform } from '../kit/running-platform.js';
import { answerHash, type Bench, type BenchContext, pick } from './kit/bench.js';

interface Series {
  readonly snapshot: HistogramSnapshot;
}

interface LatencyAnswer {
  readonly exec: { readonly tickToOrder: Series };
  readonly calc: { readonly tickToSignal: Series };
}

interface Measured {
  readonly answer: string;
  readonly signal: HistogramSnapshot;
  readonly order: HistogramSnapshot;
  readonly ticksPerSecond: number;
}

const symbols = 100;
const warmUpMs = 3000;

function attachDashboard(platform: RunningPlatform): WebSocket {
  const url = `${platform.run.url.replace(/^http/, 'ws').replace(/\/$/, '')}/api/live`;
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${platform.token}` } });
  socket.on('open', () => socket.send(JSON.stringify({ type: 'subscribe', symbol: 1 })));
  return socket;
}

async function accepted(platform: RunningPlatform): Promise<number> {
  const status = (await platform.get('/api/status')) as {
    data: { watermarks: { accepted: number } };
  };
  return status.data.watermarks.accepted;
}

/** The strategy runs and its orders arrive: from here on counts what a user would see. */
async function untilTrading(platform: RunningPlatform): Promise<void> {
  for (;;) {
    const latency = (await platform.get('/api/latency')) as Partial<LatencyAnswer>;
    if ((latency.exec?.tickToOrder.snapshot.count ?? 0) > 10) return;
    if (platform.ended) throw new Error(`the node ended: ${platform.output}`);
    await sleep(50);
  }
}

async function measure(
  context: BenchContext,
  rate: number,
  journalMode: string,
): Promise<Measured> {
  const seconds = pick(context.size, { smoke: 0.5, small: 8, full: 60 });
  const dataDir = join(context.dir, `${rate}-${journalMode}`);
  const platform = await RunningPlatform.start({
    dataDir,
    keys: {
      'feed.ticksPerSecond': rate,
      'feed.symbols': symbols,
      'feed.dirtPerMillion': 0,
      'exec.journalMode': journalMode,
    },
  });
  let measured: Omit<Measured, 'answer'>;
  try {
    measured = await watch(platform, context, seconds);
  } finally {
    await platform.stop();
  }
  return { ...measured, answer: verdictHash(dataDir) };
}

function verdictHash(dataDir: string): string {
  const { orders, fills, sentTwice } = readVenueRecord(join(dataDir, 'venue'));
  if (orders === 0) throw new Error('no order reached the venue');
  return answerHash(sentTwice.length, fills - orders);
}

async function watch(
  platform: RunningPlatform,
  context: BenchContext,
  seconds: number,
): Promise<Omit<Measured, 'answer'>> {
  const socket = attachDashboard(platform);
  try {
    await untilTrading(platform);
    await sleep(context.size === 'smoke' ? 500 : warmUpMs);
    const before = (await platform.get('/api/latency')) as LatencyAnswer;
    const acceptedBefore = await accepted(platform);
    const start = performance.now();
    await sleep(seconds * 1000);
    const after = (await platform.get('/api/latency')) as LatencyAnswer;
    const elapsed = (performance.now() - start) / 1000;
    const ticks = (await accepted(platform)) - acceptedBefore;
    const between = (newer: Series, older: Series): HistogramSnapshot =>
      subtractSnapshots(newer.snapshot, older.snapshot);
    return {
      signal: between(after.calc.tickToSignal, before.calc.tickToSignal),
      order: between(after.exec.tickToOrder, before.exec.tickToOrder),
      ticksPerSecond: ticks / elapsed,
    };
  } finally {
    socket.terminate();
  }
}

function emitSummary(
  context: BenchContext,
  bench: string,
  params: Record<string, string | number>,
  snapshot: HistogramSnapshot,
  answer: string,
): void {
  const summary = summarizeUs(snapshot);
  const all = { ...params, samples: summary.count };
  // A percentile needs enough samples above it to mean something.
  const rows: [string, number, number][] = [
    ['p50', summary.p50, 10],
    ['p99', summary.p99, 200],
    ['p99.9', summary.p999, 2000],
    ['max', summary.max, 1],
  ];
  for (const [metric, value, samplesMin] of rows)
    if (summary.count >= samplesMin)
      context.emit({ bench, params: all, metric, value, unit: 'us', answer });
}

function rates(context: BenchContext): number[] {
  return context.size === 'smoke' ? [5000] : [1000, 10_000, 100_000];
}

export const tickToSignal: Bench = {
  name: 'tick_to_signal',
  about: 'from the time a tick was due to its signal in the ring, on the platform as it ships',
  run: async (context) => {
    for (const rate of rates(context)) {
      const measured = await measure(context, rate, 'accepted');
      const params = { ticksPerSecond: rate, reached: Math.round(measured.ticksPerSecond) };
      emitSummary(context, 'tick_to_signal', params, measured.signal, measured.answer);
    }
  },
};

export const tickToOrder: Bench = {
  name: 'tick_to_order',
  about: 'from the time a tick was due to the order at the broker; accepted and durable journal',
  run: async (context) => {
    for (const journal of ['accepted', 'durable'])
      for (const rate of rates(context)) {
        const measured = await measure(context, rate, journal);
        const reached = Math.round(measured.ticksPerSecond);
        const params = { ticksPerSecond: rate, reached, journal };
        emitSummary(context, 'tick_to_order', params, measured.order, measured.answer);
      }
  },
};
