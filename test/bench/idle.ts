// idle: how much of a processor a node takes that has nothing, or little, to do: the command
// itself, as `npm start` runs it, with its strategy. Processor time, not wall time: it says the
// same on a machine that others use, too. And what rest costs: how long after the insert of the
// first row in a while its reader has it, in the process that inserts and out of the node.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NDTSClient, type SubscribeOptions } from '@ndts/storage';
import { smallSettings } from '../kit/small-settings.js';
import { answerHash, type Bench, type BenchContext, percentile, pick } from './kit/bench.js';

const command = fileURLToPath(new URL('../../../apps/ndts/dist/main.js', import.meta.url));

interface Setting {
  readonly node: string;
  readonly flags: readonly string[];
}

/** Where no figure counts: a node whose memory is made sooner. */
const smallFlags = [...Object.entries(smallSettings).map(([key, value]) => `--${key}=${value}`)];
const quiet = ['--feed.kind=none', '--control.port=0'];
const alone = [...quiet, '--strategy.list='];
/** Ports are fixed where 0 means off. */
const doors = ['stream', 'postgres', 'remote'].map((door, at) => `--${door}.port=${28_411 + at}`);
const settings: readonly Setting[] = [
  { node: 'no feed', flags: quiet },
  { node: 'no feed, no strategy', flags: alone },
  {
    node: 'no feed, all listeners',
    flags: [...quiet, ...doors, '--line.tcpPort=28414', '--line.httpPort=28415'],
  },
  { node: '50 ticks/s', flags: ['--feed.ticksPerSecond=50', '--control.port=0'] },
];

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1')
      .split(' ')
      .filter((text) => text.trim() !== '')
      .map(Number),
  );
}

/** Processor time so far, in seconds; a thread that ended meanwhile takes its own with it. */
function processorSeconds(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
    const [ns] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ');
    return sum + Number(ns) / 1e9;
  }, 0);
}

async function start(dir: string, flags: readonly string[]): Promise<ChildProcess> {
  const args = [command, 'up', '--data-dir', dir, `--storage.memoryDir=${dir}-memory`, ...flags];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the node ended with ${code}`);
  });
  ended.catch(() => undefined);
  await Promise.race([once(child.stdout!, 'data'), ended]);
  return child;
}

/** After so many seconds of silence, how often. */
type Silences = readonly (readonly [number, number])[];

/** From before a row is inserted until a reader has it; asleep since the row before. */
async function firstRows(
  context: BenchContext,
  client: NDTSClient,
  through: string,
  options: SubscribeOptions,
): Promise<void> {
  const quote = { bid1: 1, ask1: 2, bid_vol1: 1, ask_vol1: 1, flags: 0 };
  const row = { time: { day: 20_000, nsOfDay: 0 }, symbol: 'FIRST', price: 1, volume: 1, ...quote };
  await client.registerSymbol('FIRST');
  const subscription = client.subscribe(undefined, { columns: ['price'], ...options });
  await subscription.from();
  const silences: Silences = pick<Silences>(context.size, {
    smoke: [[0, 3]],
    small: [0, 1].map((seconds) => [seconds, 5] as const),
    full: [
      ...[0, 1].map((seconds) => [seconds, 20] as const),
      ...[10, 60].map((seconds) => [seconds, 3] as const),
    ],
  });
  for (const [seconds, times] of silences) {
    const ms: number[] = [];
    for (let time = 0; time < times; time += 1) {
      const next = subscription.next();
      await sleep(seconds * 1000);
      const start = performance.now();
      const seen = next.then(() => ms.push(performance.now() - start));
      await Promise.all([client.insert('tick', [row]), seen]);
    }
    ms.sort((a, b) => a - b);
    const params = { through, silentSeconds: seconds, rows: times };
    const shared = { bench: 'idle', params, unit: 'ms', answer: answerHash(times) };
    const sorted = Float64Array.from(ms);
    context.emit({ ...shared, metric: 'firstRowP50', value: percentile(sorted, 0.5) });
    context.emit({ ...shared, metric: 'firstRowMax', value: ms.at(-1) ?? 0 });
  }
  await subscription.close();
}

async function firstRowsHere(context: BenchContext): Promise<void> {
  const dataDir = join(context.dir, 'idle-here');
  const settings = { ...smallSettings, 'storage.memoryDir': `${dataDir}-memory` };
  await using client = new NDTSClient({ mode: 'standalone', dataDir, settings, role: 'open' });
  await firstRows(context, client, 'this process', {});
}

async function firstRowsOfNode(context: BenchContext, dataDir: string): Promise<void> {
  const settings = { 'storage.memoryDir': `${dataDir}-memory` };
  await using client = new NDTSClient({ mode: 'standalone', dataDir, settings, role: 'connect' });
  await firstRows(context, client, 'socket of a node', {});
  await firstRows(context, client, 'rings of a node, asleep', { ring: 'sleep' });
}

async function measure(context: BenchContext, { node, flags }: Setting, at: number): Promise<void> {
  const dataDir = join(context.dir, `idle-${at}`);
  const size = context.size === 'smoke' ? smallFlags : [];
  const child = await start(dataDir, [...flags, ...size]);
  const pid = child.pid ?? 0;
  try {
    const seconds = pick(context.size, { smoke: 0.1, small: 5, full: 30 });
    // Its start is over, and the compiler of its code has come to rest.
    await sleep(pick(context.size, { smoke: 0, small: 8000, full: 20_000 }));
    const strategies = childrenOf(pid);
    const all = (): [number, number] => [
      processorSeconds(pid),
      strategies.reduce((sum, one) => sum + processorSeconds(one), 0),
    ];
    const before = all();
    await sleep(seconds * 1000);
    const after = all();
    const emit = (metric: string, used: number): void =>
      context.emit({
        bench: 'idle',
        params: { node },
        metric,
        value: (100 * used) / seconds,
        unit: '% of a processor',
        answer: answerHash(at),
      });
    emit('node', after[0] - before[0]);
    if (strategies.length > 0) emit('strategies', after[1] - before[1]);
    if (flags === alone) await firstRowsOfNode(context, dataDir);
  } finally {
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }
}

export const idleBench: Bench = {
  name: 'idle',
  about:
    'processor time of a node with nothing to do, or 50 ticks/s; its first row after a silence',
  run: async (context) => {
    if (context.size === 'smoke') {
      // A strategy is a process more to start; and where no figure counts nothing waits its turn.
      await Promise.all([measure(context, settings[1]!, 0), firstRowsHere(context)]);
      return;
    }
    for (const [at, setting] of settings.entries()) await measure(context, setting, at);
    await firstRowsHere(context);
  },
};
