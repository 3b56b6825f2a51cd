// window_engine: ticks through windows of 60 s every 10 s of 4,000 symbols, in JavaScript, one
// thread; the closing of windows is counted, what reads their rows is not. The same ticks come
// again and again, each time later. The answer is the hash of the rows of the last steps.

import { type Aggregate, type AggregateName, WindowEngine } from '@ndts/calc-node';
import { nsPerDay, nsPerMs, type TickBatch } from '@ndts/protocol';
import { answerHash, type Bench, type BenchContext, percentile, pick } from './kit/bench.js';
import { sortedCopy } from './kit/disk.js';
import { simulatedBatches } from './kit/simulated.js';

const symbols = 4000;
const batchRows = 4096;
/** By event time: a step has a million. */
const ticksPerSecond = 100_000;

const aggregates: readonly Aggregate[] = [
  ...(['first', 'max', 'min', 'last', 'count', 'avg', 'std'] as const).map(
    (name: AggregateName): Aggregate => ({ name, inputs: [0] }),
  ),
  { name: 'sum', inputs: [1] },
  { name: 'vwap', inputs: [0, 1] },
];

/** Ticks at even distances from the `first`th on. */
function stamp(batch: TickBatch, first: number): void {
  for (let row = 0; row < batch.count; row += 1) {
    const ns = (first + row) * (1e9 / ticksPerSecond);
    batch.day[row] = 20_000 + Math.floor(ns / nsPerDay);
    batch.nsOfDay[row] = ns % nsPerDay;
  }
}

async function run(context: BenchContext): Promise<void> {
  const total = pick(context.size, { smoke: 100_000, small: 10_000_000, full: 60_000_000 });
  const batches = simulatedBatches(symbols, Math.min(total, 1_000_000), batchRows);
  let rows = 0;
  let readMs = 0;
  const steps: string[] = [];
  const engine = new WindowEngine({ aggregates }, (closed) => {
    const start = performance.now();
    rows += closed.count;
    const { count } = closed;
    const values = closed.values.map((column) => column.subarray(0, count));
    steps.push(answerHash(closed.symbol.subarray(0, count), ...values));
    if (steps.length > 6) steps.shift();
    readMs += performance.now() - start;
  });
  let ticks = 0;
  let spentMs = 0;
  let given = 0;
  const closingMs: number[] = [];
  /** Of each batch: the median leaves out what else the machine did. */
  const perTickNs: number[] = [];
  while (ticks < total)
    for (const batch of batches) {
      stamp(batch, ticks);
      readMs = 0;
      const start = performance.now();
      engine.push(batch, [batch.price, batch.volume]);
      const ms = performance.now() - start - readMs;
      spentMs += ms;
      perTickNs.push((ms * nsPerMs) / batch.count);
      if (rows > given) closingMs.push(ms);
      given = rows;
      ticks += batch.count;
    }
  engine.advance(20_000, (ticks / ticksPerSecond) * 1000 * nsPerMs + 60_000 * nsPerMs);
  const params = { symbols, aggregates: aggregates.length, ticks };
  const line = { bench: 'window_engine', params, answer: answerHash(rows, ...steps) };
  context.emit({ ...line, metric: 'ticksPerSecond', value: ticks / (spentMs / 1000), unit: '1/s' });
  const perTick = percentile(sortedCopy(Float64Array.from(perTickNs)), 0.5);
  context.emit({ ...line, metric: 'perTickMedian', value: perTick, unit: 'ns' });
  if (closingMs.length === 0) return;
  const closing = percentile(sortedCopy(Float64Array.from(closingMs)), 0.5);
  context.emit({ ...line, metric: 'closingBatchMedian', value: closing, unit: 'ms' });
}

export const windowBench: Bench = {
  name: 'window_engine',
  about: 'windows of 60 s every 10 s over 4,000 symbols, nine aggregates, one thread',
  run,
};
