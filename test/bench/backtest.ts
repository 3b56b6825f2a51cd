// backtest: ticks of a closed folder through a JavaScript strategy with simulated fills, from the
// open to the last sample; and the same out of shared memory. sweep: many such runs over the same
// ticks, on one thread and on two.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  executeRun,
  gridPoints,
  type HistorySource,
  loadStrategy,
  parseRange,
  recordTape,
  resolveSettings,
  type RunRequest,
  runSweep,
  type TapeSource,
} from '@ndts/calc-node';
import { createTickBatch } from '@ndts/protocol';
import { createSilentLogger, loadConfig, SeededRandom, SystemClock } from '@ndts/runtime';
import { NDTSClient, openLocalDatabase } from '@ndts/storage';
import { answerHash, type Bench, type BenchContext, pick } from './kit/bench.js';
import { median } from './kit/disk.js';
import { TickFill } from './kit/tick-fill.js';

const symbols = 100;
/** A trading day of six and a half hours. */
const dayNs = 6.5 * 3600e9;
const strategies = {
  /** One onTick for each tick, nothing else. */
  onTick: 'backtest-on-tick.js',
  /** Bollinger bands read at each tick, an order at each crossing. */
  bands: 'backtest-bands.js',
  /** Bars of a minute, an order where one turns. */
  onBar: 'backtest-on-bar.js',
} as const;

function pluginPath(name: keyof typeof strategies): string {
  return fileURLToPath(new URL(`kit/${strategies[name]}`, import.meta.url));
}

/** A data folder with so many ticks of all symbols in turn, closed. */
async function makeFolder(context: BenchContext, ticks: number): Promise<HistorySource> {
  context.say(`writing ${ticks} ticks`);
  const dataDir = join(context.dir, `backtest-${ticks}`);
  const memoryDir = { 'storage.memoryDir': context.memory };
  const values = loadConfig({ args: { dataDir, ...memoryDir }, environment: {} });
  const client = { mode: 'standalone', values } as const;
  const names = Array.from({ length: symbols }, (_, at) => `S${String(at).padStart(3, '0')}`);
  const writer = new NDTSClient(client);
  const ids = await writer.registerSymbol(names);
  await writer.close();
  const local = await openLocalDatabase({
    values,
    clock: new SystemClock(),
    random: new SeededRandom(1),
    logger: createSilentLogger(),
    userId: process.getuid?.() ?? 0,
  });
  const fill = new TickFill(symbols, dayNs / ticks);
  const batch = createTickBatch(symbols * 100);
  for (let left = ticks; left > 0; left -= batch.count) {
    fill.fill(batch);
    batch.count = Math.min(left, batch.capacity);
    for (let row = 0; row < batch.count; row += 1)
      batch.symbol[row] = ids[batch.symbol[row]! - 1] ?? 0;
    local.ticks.appendTicks(batch);
  }
  local.ticks.seal();
  local.ticks.settle();
  await local.close();
  return { kind: 'history', client, range: {} };
}

function requestOf(plugin: string, source: RunRequest['source']): RunRequest {
  const settings = resolveSettings({ cash: '1000000000' });
  return { strategies: [{ plugin, parameters: {} }], settings, source };
}

interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly fills: number;
  readonly answer: string;
}

async function measure(request: RunRequest): Promise<Measured> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  const { summary } = await executeRun(request);
  const used = process.cpuUsage(cpu);
  const { statistics } = summary;
  return {
    seconds: (performance.now() - start) / 1000,
    cpuSeconds: (used.user + used.system) / 1e6,
    fills: statistics.total.fills,
    answer: answerHash(statistics.ticks, statistics.endEquity, statistics.total.fills),
  };
}

async function tapeOf(source: HistorySource): Promise<TapeSource> {
  const { tape, symbols: entries } = await recordTape(source, 8e9);
  const rows = { warmUpFirst: 0, first: 0, end: tape.rows };
  return { kind: 'tape', tape, symbols: entries, ...rows, data: 'the same' };
}

async function run(context: BenchContext): Promise<void> {
  const ticks = pick(context.size, { smoke: 50_000, small: 4_000_000, full: 40_000_000 });
  const rounds = pick(context.size, { smoke: 1, small: 3, full: 3 });
  const history = await makeFolder(context, ticks);
  const tape = await tapeOf(history);
  for (const name of ['onTick', 'bands', 'onBar'] as const)
    for (const source of [history, tape]) {
      const found: Measured[] = [];
      for (let round = 0; round < rounds; round += 1)
        found.push(await measure(requestOf(pluginPath(name), source)));
      const [{ fills } = { fills: 0 }] = found;
      const params = { strategy: name, from: source.kind, symbols, ticks, fills };
      const answer = [...new Set(found.map((one) => one.answer))].join('+');
      const line = { bench: 'backtest', params, answer };
      const seconds = median(found.map((one) => one.seconds));
      const cpu = median(found.map((one) => one.cpuSeconds));
      context.emit({ ...line, metric: 'ticksPerSecond', value: ticks / seconds, unit: '1/s' });
      context.emit({ ...line, metric: 'cpuPerTick', value: (cpu * 1e9) / ticks, unit: 'ns' });
    }
}

async function sweeps(context: BenchContext): Promise<void> {
  const ticks = pick(context.size, { smoke: 20_000, small: 1_000_000, full: 4_000_000 });
  const source = await makeFolder(context, ticks);
  const strategy = await loadStrategy('bollinger');
  const ranges = {
    period: parseRange(strategy, 'period', '20..50:10'),
    width: parseRange(strategy, 'width', '2..3:1'),
  };
  const points = gridPoints({}, ranges).slice(0, context.size === 'smoke' ? 2 : 8);
  let alone = Number.NaN;
  for (const threads of [1, 2]) {
    const start = performance.now();
    const settings = resolveSettings({});
    const request = { plugin: 'bollinger', points, settings, source, metric: 'profit' as const };
    const result = await runSweep({ ...request, threads, memoryBytes: 8e9 });
    const seconds = (performance.now() - start) / 1000;
    if (threads === 1) alone = seconds;
    const params = { runs: points.length, ticks, threads };
    const answer = answerHash(JSON.stringify(result.rows));
    const line = { bench: 'sweep', params, answer };
    const rate = (ticks * points.length) / seconds;
    context.emit({ ...line, metric: 'ticksPerSecond', value: rate, unit: '1/s' });
    context.emit({ ...line, metric: 'runsPerSecond', value: points.length / seconds, unit: '1/s' });
    context.emit({ ...line, metric: 'speedUp', value: alone / seconds, unit: 'x' });
  }
}

export const backtestBenches: readonly Bench[] = [
  { name: 'backtest', about: 'ticks of a folder through a JavaScript strategy with fills', run },
  { name: 'sweep', about: 'eight runs over the same ticks, one thread and two', run: sweeps },
];
