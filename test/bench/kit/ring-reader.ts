// The Node reader of the ring benches, in a process of its own: says that it is ready, reads for as
// long as the publisher goes on, sends the lines of the bench.

import {
  createBookBatch,
  createTickBatch,
  createTradeBatch,
  type RowStreamReader,
  type TickBatch,
} from '@ndts/protocol';
import { SystemClock } from '@ndts/runtime';
import { openBookRings, openTickRings, openTradeRings } from '@ndts/storage';
import { type BenchLine, percentile, percentiles } from './bench.js';

interface Task {
  readonly bench: 'latency' | 'throughput';
  readonly load: { readonly rate?: number; readonly kind?: string; readonly batch?: number };
  readonly isPinned: boolean;
  readonly path: string;
  readonly seconds: number;
}

interface Batch {
  count: number;
  readonly capacity: number;
  readonly sequence: Float64Array;
  readonly symbol: Uint32Array;
}

const task = JSON.parse(process.argv[2] ?? '') as Task;
const clock = new SystemClock();
const pollRows = 256;
const spinUs = 1000;
const nsPerDay = 86_400e9;

const lines: BenchLine[] = [];
function emit(metric: string, value: number, unit: string, isRight: boolean): void {
  const params = { reader: 'node', ...task.load, pinned: task.isPinned };
  const answer = isRight ? 'right' : 'WRONG';
  lines.push({ bench: `ring_${task.bench}`, params, metric, value, unit, answer });
}

function isRightAt(batch: Batch, row: number): boolean {
  return batch.symbol[row] === batch.sequence[row]! % 2 ** 32;
}

function latency(reader: RowStreamReader<TickBatch>, rows: number): void {
  const batch = createTickBatch(pollRows);
  const ages = new Float64Array(rows);
  let count = 0;
  let isRight = true;
  while (count + reader.lapped() < rows) {
    if (reader.waitPoll(batch, spinUs) === 0) continue;
    const nowNs = clock.monotonicNs();
    for (let row = 0; row < batch.count; row += 1) {
      ages[count] = nowNs - (batch.day[row]! * nsPerDay + batch.nsOfDay[row]!);
      count += 1;
      isRight = isRight && isRightAt(batch, row) && batch.price[row]! % 1 === 0.25;
    }
  }
  const sorted = ages.subarray(0, count).sort();
  for (const [name, part] of percentiles)
    if (name !== 'max') emit(name, percentile(sorted, part) / 1000, 'us', isRight);
  emit('lapped', reader.lapped(), 'rows', isRight);
}

function throughput<Rows extends Batch>(reader: RowStreamReader<Rows>, batch: Rows): void {
  let rows = 0;
  let isRight = true;
  while (reader.waitPoll(batch, spinUs) === 0);
  const lapped = reader.lapped();
  const startNs = clock.monotonicNs();
  const untilNs = startNs + task.seconds * 1e9;
  let nowNs = startNs;
  for (let turn = 0; nowNs < untilNs; turn += 1) {
    const count = reader.poll(batch);
    rows += count;
    // One row of each poll: looking at all of them would be the figure.
    if (count > 0) isRight = isRight && isRightAt(batch, turn % count);
    if (turn % 64 === 0) nowNs = clock.monotonicNs();
  }
  const seconds = (nowNs - startNs) / 1e9;
  emit('read', rows / seconds, 'rows/s', isRight);
  emit('published', (rows + reader.lapped() - lapped) / seconds, 'rows/s', isRight);
}

const options = { paths: [task.path], from: 'oldest' } as const;
const begin = (): void => {
  process.send?.('ready');
};
if (task.bench === 'latency') {
  const reader = openTickRings(options);
  begin();
  latency(reader, Math.floor((task.load.rate ?? 0) * task.seconds));
} else if (task.load.kind === 'trades') {
  const reader = openTradeRings(options);
  begin();
  throughput(reader, createTradeBatch(pollRows));
} else if (task.load.kind === 'books') {
  const reader = openBookRings(options);
  begin();
  throughput(reader, createBookBatch(pollRows));
} else {
  const reader = openTickRings(options);
  begin();
  throughput(reader, createTickBatch(pollRows));
}
process.send?.(lines, () => process.disconnect());
