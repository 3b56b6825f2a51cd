// ring_latency and ring_throughput: ticks (and for throughput trades and books) from a publisher in
// a process of its own to a reader in another: a native one, and one in Node. A percentile on few
// processors is the scheduler's as much as ours: figures are also taken with publisher and reader
// each on a processor of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Bench, type BenchContext, type BenchLine, pick } from './kit/bench.js';
import { buildProgram, runBench } from './kit/native-program.js';
import { canPin } from './kit/pin.js';

const readerScript = fileURLToPath(new URL('kit/ring-reader.js', import.meta.url));

let runs = 0;

function newDir(context: BenchContext): string {
  runs += 1;
  const dir = join(context.memory, `run-${runs}`);
  mkdirSync(dir, { mode: 0o700 });
  return dir;
}

function secondsOf(context: BenchContext): number {
  return pick(context.size, { smoke: 0.05, small: 1, full: 10 });
}

function flags(options: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

interface Run {
  readonly bench: 'latency' | 'throughput';
  readonly load: Readonly<Record<string, string | number>>;
  readonly isPinned: boolean;
}

async function runNative(context: BenchContext, program: string, run: Run): Promise<void> {
  const shared = { dir: newDir(context), seconds: secondsOf(context), pin: run.isPinned ? 1 : 0 };
  for (const line of await runBench(program, [run.bench, ...flags({ ...shared, ...run.load })]))
    context.emit(line);
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('expected a pipe');
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'exit').then(() => {
    throw new Error('a process of the bench ended too early');
  });
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  ended.catch(() => undefined);
  return line;
}

/** The reader says that it is ready, the publisher begins, the reader answers with its lines. */
async function runNode(context: BenchContext, program: string, run: Run): Promise<void> {
  const seconds = secondsOf(context);
  const shared = { dir: newDir(context), seconds, pin: run.isPinned ? 1 : 0 };
  const publisher = spawn(program, ['write', ...flags({ ...shared, ...run.load })], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const path = await firstLine(publisher);
  const task = JSON.stringify({ ...run, path, seconds });
  const [command, ...before] = run.isPinned
    ? ['taskset', '-c', '1', process.execPath]
    : [process.execPath];
  const reader = spawn(command!, [...before, readerScript, task], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  try {
    await once(reader, 'message');
    publisher.stdin.write('begin\n');
    const [lines] = (await once(reader, 'message')) as [readonly BenchLine[]];
    for (const line of lines) context.emit(line);
  } finally {
    publisher.kill('SIGKILL');
    reader.kill();
  }
}

async function runAll(
  context: BenchContext,
  bench: Run['bench'],
  loads: readonly Run['load'][],
): Promise<void> {
  const isSmoke = context.size === 'smoke';
  const program = await buildProgram('ring_bench');
  const pinned = !isSmoke && (await canPin(context)) ? [false, true] : [false];
  for (const load of isSmoke ? loads.slice(0, 1) : loads)
    for (const isPinned of pinned) {
      await runNative(context, program, { bench, load, isPinned });
      await runNode(context, program, { bench, load, isPinned });
    }
}

const latency: Bench = {
  name: 'ring_latency',
  about: 'age of a tick at a spinning reader in another process, native and Node',
  run: (context) => runAll(context, 'latency', [{ rate: 100_000 }, { rate: 1_000_000 }]),
};

const throughput: Bench = {
  name: 'ring_throughput',
  about: 'rows a second to a reader in another process, one and many a batch, native and Node',
  run: (context) =>
    runAll(context, 'throughput', [
      { kind: 'ticks', batch: 1 },
      { kind: 'ticks', batch: 256 },
      { kind: 'trades', batch: 256 },
      { kind: 'books', batch: 256 },
    ]),
};

export const ringBenches: readonly Bench[] = [latency, throughput];
