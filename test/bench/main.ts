// npm run bench -- [name ...] [--json] [--full | --smoke] [--peer NAME] [--list]
// Runs the named benchmarks, or all of them, one after the other. Exit code 1 when one failed or
// printed nothing.

import './kit/node-heap.js';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { nearestName } from '@ndts/runtime';
import { cleanBench } from './clean.js';
import { arbitrateBench } from './arbitrate.js';
import { backtestBenches } from './backtest.js';
import { bookBench } from './book.js';
import { clientBench } from './client.js';
import { codec } from './codec.js';
import { csvImport } from './csv-import.js';
import { factorBenches } from './factors.js';
import { feedParse, ingestFeed, recordReplay } from './feed.js';
import { fixCodec } from './fix.js';
import { ingestTicks } from './ingest-ticks.js';
import { idleBench } from './idle.js';
import { keyValueBenches } from './key-value.js';
import { type Bench, type BenchLine, type BenchSize, lineText } from './kit/bench.js';
import { lineIngest } from './line-ingest.js';
import { orderBenches } from './orders.js';
import { pullBenches } from './pull.js';
import { remoteLoad } from './remote-load.js';
import { replayBench, replaySnapshotsBench } from './replay.js';
import { ringBenches } from './ring.js';
import { sqlBenches } from './sql.js';
import { scanBenches } from './scan.js';
import { compactionStall, openCold, recoveryBench, snapshotBench } from './storage.js';
import { resumeBench, wsFanout } from './stream.js';
import { strategyLatency } from './strategy-latency.js';
import { tickToOrder, tickToSignal } from './tick-path.js';
import { walAppend } from './wal-append.js';
import { windowBench } from './window.js';

const benches: readonly Bench[] = [
  walAppend,
  ingestTicks,
  cleanBench,
  tickToSignal,
  tickToOrder,
  strategyLatency,
  ...keyValueBenches,
  codec,
  openCold,
  recoveryBench,
  snapshotBench,
  compactionStall,
  replayBench,
  replaySnapshotsBench,
  ...sqlBenches,
  ...scanBenches,
  clientBench,
  ...ringBenches,
  ...factorBenches,
  windowBench,
  ...backtestBenches,
  ...pullBenches,
  remoteLoad,
  lineIngest,
  csvImport,
  feedParse,
  recordReplay,
  ingestFeed,
  idleBench,
  wsFanout,
  resumeBench,
  arbitrateBench,
  bookBench,
  fixCodec,
  ...orderBenches,
];

interface Options {
  readonly names: string[];
  readonly json: boolean;
  readonly list: boolean;
  readonly size: BenchSize;
  readonly peer: string | undefined;
}

/** What was probably meant, to stand behind an error. */
function hint(word: string, known: readonly string[]): string {
  const near = nearestName(word, known);
  return near === undefined ? `there are ${known.join(', ')}` : `did you mean ${near}?`;
}

const optionNames = ['--json', '--list', '--help', '--full', '--smoke', '--peer'];

function parse(args: readonly string[]): Options {
  const names: string[] = [];
  let json = false;
  let list = false;
  let size: BenchSize = 'small';
  let peer: string | undefined;
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? '';
    if (word === '--json') json = true;
    else if (word === '--list' || word === '--help') list = true;
    else if (word === '--full') size = 'full';
    else if (word === '--smoke') size = 'smoke';
    else if (word === '--peer') {
      index += 1;
      peer = args[index];
      if (peer === undefined) throw new Error('--peer: expected a name');
    } else if (word.startsWith('--'))
      throw new Error(`unknown option ${word}; ${hint(word, optionNames)}`);
    else names.push(word);
  }
  return { names, json, list, size, peer };
}

function choose(names: readonly string[]): readonly Bench[] {
  if (names.length === 0) return benches;
  return names.map((name) => {
    const bench = benches.find((candidate) => candidate.name === name);
    if (bench === undefined)
      throw new Error(
        `no benchmark ${name}; ${hint(
          name,
          benches.map((one) => one.name),
        )}`,
      );
    return bench;
  });
}

function printList(): void {
  console.log('npm run bench -- [name ...] [--json] [--full | --smoke] [--peer NAME]\n');
  for (const bench of benches) {
    const peers = bench.peers === undefined ? '' : ` (--peer ${bench.peers.join(', ')})`;
    console.log(`  ${bench.name.padEnd(20)} ${bench.about}${peers}`);
  }
}

/** Shared memory where there is any. */
function memoryParent(): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}

/** @returns why it failed, or undefined */
async function runOne(bench: Bench, options: Options): Promise<string | undefined> {
  if (options.peer !== undefined && !(bench.peers ?? []).includes(options.peer)) {
    const { peers = [] } = bench;
    const why =
      peers.length === 0 ? 'no peers' : `no peer ${options.peer}; ${hint(options.peer, peers)}`;
    return why;
  }
  const dir = mkdtempSync(join(tmpdir(), `ndts-bench-${bench.name}-`));
  const memory = mkdtempSync(join(memoryParent(), `ndts-bench-${bench.name}-`));
  let lines = 0;
  try {
    await bench.run({
      size: options.size,
      peer: options.peer,
      dir,
      memory,
      emit: (line: BenchLine) => {
        lines += 1;
        console.log(options.json ? JSON.stringify(line) : lineText(line));
      },
      say: (text) => {
        if (!options.json) console.error(`  ${text}`);
      },
    });
  } catch (error) {
    return inspect(error);
  } finally {
    rmSync(dir, { recursive: true, force: true });
    rmSync(memory, { recursive: true, force: true });
  }
  return lines === 0 ? 'printed nothing' : undefined;
}

/** Said at once and, after other benches, once more at the end, where somebody looks for it. */
function sayFailures(failures: ReadonlyMap<string, string>, options: Options): void {
  for (const [bench, failed] of failures)
    if (options.json) console.log(JSON.stringify({ bench, failed }));
    else console.error(`${bench} failed: ${failed}`);
}

async function main(): Promise<number> {
  const options = parse(process.argv.slice(2));
  if (options.list) {
    printList();
    return 0;
  }
  const failures = new Map<string, string>();
  const chosen = choose(options.names);
  for (const bench of chosen) {
    const why = await runOne(bench, options);
    if (why === undefined) continue;
    failures.set(bench.name, why);
    if (chosen.length > 1) console.error(`${bench.name} failed: ${why}`);
  }
  sayFailures(failures, options);
  return failures.size === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
