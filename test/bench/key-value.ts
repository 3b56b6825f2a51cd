// The key-value table: its parts alone, and as it is used, beside RocksDB with --peer rocksdb
// (kit/rocksdb.ts says what is the same on both sides). Ours and theirs take turns, a few rounds of
// each; a line has the median value and the median of the ratios of the rounds.
//
// Reads find a table that was filled with every key once in no order, compacted down to one level
// and opened again, by each round anew where the round writes.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Bench, type BenchContext, type BenchLine, pick } from './kit/bench.js';
import { median } from './kit/disk.js';
import { buildProgram, runBench } from './kit/native-program.js';
import { RocksDb } from './kit/rocksdb.js';

/** One bench at one size, on both sides. */
interface Contest {
  /** The first line is the one that is compared. */
  ours(): Promise<BenchLine[]>;
  /** Operations per second, or whatever else the first line counts. */
  theirs?: (() => Promise<number>) | undefined;
  /** For values of which less is better. */
  readonly less?: boolean;
}

const liveBytesPerKey = 116;

function keyCounts(context: BenchContext): readonly number[] {
  return pick(context.size, { smoke: [2000], small: [1_000_000], full: [1_000_000, 5_000_000] });
}

function emitMedian(context: BenchContext, lines: readonly BenchLine[], ratios: number[]): void {
  const first = lines[0];
  if (first === undefined) throw new Error('no line');
  if (lines.some((line) => line.answer !== first.answer))
    throw new Error(`${first.bench}: the answer differs between rounds`);
  const value = median(lines.map((line) => line.value));
  const peer = ratios.length === 0 ? {} : { peer: 'rocksdb', ratio: median(ratios) };
  context.emit({ ...first, value, ...peer });
}

async function compete(context: BenchContext, contest: Contest): Promise<void> {
  const rounds = pick(context.size, { smoke: 1, small: 3, full: 5 });
  const ours: BenchLine[][] = [];
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const lines = await contest.ours();
    ours.push(lines);
    const value = lines[0]?.value ?? Number.NaN;
    if (contest.theirs === undefined) continue;
    const peer = await contest.theirs();
    ratios.push(contest.less === true ? peer / value : value / peer);
    context.say(`${lines[0]?.bench}: ${value.toPrecision(4)}, rocksdb ${peer.toPrecision(4)}`);
  }
  for (let at = 0; at < (ours[0]?.length ?? 0); at += 1) {
    const sameMetric = ours.map((lines) => lines[at]).filter((line) => line !== undefined);
    emitMedian(context, sameMetric, at === 0 ? ratios : []);
  }
}

/** The two sides of one run of a bench, each with a folder of its own. */
class Sides {
  readonly #context: BenchContext;
  readonly #program: string;
  readonly #rocks: RocksDb | undefined;

  private constructor(context: BenchContext, program: string) {
    this.#context = context;
    this.#program = program;
    this.#rocks = context.peer === undefined ? undefined : new RocksDb(this.#dir('rocksdb'));
  }

  static async open(context: BenchContext): Promise<Sides> {
    return new Sides(context, await buildProgram('database_kv_bench'));
  }

  #dir(side: string): string {
    return join(this.#context.dir, side);
  }

  ours(bench: string, ...options: string[]): Promise<BenchLine[]> {
    const dirs = [`--dir=${this.#dir('ours')}`, `--memory=${this.#context.memory}`];
    return runBench(this.#program, [bench, ...dirs, ...options]);
  }

  /** What the peer does, given that there is one. */
  theirs<T>(action: (rocks: RocksDb) => Promise<T>): (() => Promise<T>) | undefined {
    const rocks = this.#rocks;
    return rocks === undefined ? undefined : () => action(rocks);
  }

  clear(): void {
    for (const side of ['ours', 'rocksdb'])
      rmSync(this.#dir(side), { recursive: true, force: true });
  }
}

async function first(results: Promise<number[]>): Promise<number> {
  return (await results)[0] ?? Number.NaN;
}

async function fill(context: BenchContext, name: string): Promise<void> {
  const sides = await Sides.open(context);
  const parts = await buildProgram('kv_bench');
  for (const keys of keyCounts(context)) {
    const benchmark = name.replace('kv_', '');
    await compete(context, {
      ours: () => sides.ours(name, `--keys=${keys}`),
      theirs: sides.theirs((rocks) => first(rocks.run([benchmark], [`--num=${keys}`]))),
    });
    sides.clear();
    await compete(context, {
      ours: () => runBench(parts, [name, `--keys=${keys}`, `--dir=${join(context.dir, 'store')}`]),
    });
  }
}

async function fillSync(context: BenchContext): Promise<void> {
  const sides = await Sides.open(context);
  const keys = pick(context.size, { smoke: 2000, small: 1_000_000, full: 1_000_000 });
  const operations = pick(context.size, { smoke: 20, small: 3000, full: 10_000 });
  for (const threads of [1, 8]) {
    const same = [`--threads=${threads}`];
    const options = [...same, '--sync=1', `--num=${keys}`, `--writes=${operations}`];
    await compete(context, {
      ours: () =>
        sides.ours('kv_fillsync', ...same, `--keys=${keys}`, `--operations=${operations}`),
      theirs: sides.theirs((rocks) => first(rocks.run(['fillrandom'], options))),
    });
    sides.clear();
  }
}

/** Fills both sides; every key once. */
async function prepare(sides: Sides, keys: number): Promise<void> {
  await sides.ours('prepare', `--keys=${keys}`);
  await sides.theirs((rocks) => rocks.run(['filluniquerandom', 'compact'], [`--num=${keys}`]))?.();
}

async function readRandom(context: BenchContext): Promise<void> {
  const sides = await Sides.open(context);
  for (const keys of keyCounts(context)) {
    await prepare(sides, keys);
    for (const threads of [1, 2]) {
      const same = [`--threads=${threads}`];
      const options = [...same, `--num=${keys}`, '--use_existing_db=1'];
      await compete(context, {
        ours: () => sides.ours('kv_readrandom', ...same, `--keys=${keys}`),
        theirs: sides.theirs((rocks) => first(rocks.run(['readrandom'], options))),
      });
    }
    sides.clear();
  }
}

async function readWhileWriting(context: BenchContext): Promise<void> {
  const sides = await Sides.open(context);
  for (const keys of keyCounts(context)) {
    await prepare(sides, keys);
    const options = ['--threads=1', `--num=${keys}`, '--use_existing_db=1'];
    await compete(context, {
      ours: async () => {
        const lines = await sides.ours('kv_readwhilewriting', `--keys=${keys}`);
        await sides.ours('compact');
        return lines;
      },
      theirs: sides.theirs((rocks) => first(rocks.run(['readwhilewriting', 'compact'], options))),
    });
    sides.clear();
  }
}

async function spaceAmplification(context: BenchContext): Promise<void> {
  const sides = await Sides.open(context);
  const overwrite = ['filluniquerandom', 'overwrite', 'overwrite', 'overwrite'];
  for (const keys of keyCounts(context)) {
    await compete(context, {
      less: true,
      ours: () => sides.ours('space_amplification', `--keys=${keys}`),
      theirs: sides.theirs(async (rocks) => {
        await rocks.run([...overwrite, 'flush', 'waitforcompaction'], [`--num=${keys}`]);
        return rocks.tableBytes() / (keys * liveBytesPerKey);
      }),
    });
    sides.clear();
  }
}

/** A bench of a part alone: one program, all of its lines. */
async function part(context: BenchContext, name: string, keys: number): Promise<void> {
  const program = await buildProgram('kv_bench');
  const args = [name, `--keys=${keys}`, `--dir=${join(context.dir, 'table')}`];
  await compete(context, { ours: () => runBench(program, args) });
}

const peers = ['rocksdb'];

export const keyValueBenches: readonly Bench[] = [
  {
    name: 'memtable_insert',
    about: 'inserts into a memtable of 16-byte keys and 100-byte values',
    // As many as fill the 128 MB that a memtable may have.
    run: (context) =>
      part(context, 'memtable_insert', pick(context.size, { smoke: 2000, small: 7e5, full: 7e5 })),
  },
  {
    name: 'sstable_get',
    about: 'gets from one warm sorted table; how many absent keys pass its filter',
    run: (context) =>
      part(context, 'sstable_get', pick(context.size, { smoke: 2000, small: 1e6, full: 5e6 })),
  },
  {
    name: 'kv_fillseq',
    about: 'writes in order through the log, accepted; and without a log',
    peers,
    run: (context) => fill(context, 'kv_fillseq'),
  },
  {
    name: 'kv_fillrandom',
    about: 'writes in random order through the log, accepted; and without a log',
    peers,
    run: (context) => fill(context, 'kv_fillrandom'),
  },
  {
    name: 'kv_fillsync',
    about: 'writes that wait until they are durable, 1 and 8 threads',
    peers,
    run: fillSync,
  },
  { name: 'kv_readrandom', about: 'gets of keys that are there', peers, run: readRandom },
  {
    name: 'kv_readwhilewriting',
    about: 'gets while another thread overwrites as fast as it can',
    peers,
    run: readWhileWriting,
  },
  {
    name: 'space_amplification',
    about: 'bytes of sorted tables per byte of live data after overwriting it three times',
    peers,
    run: spaceAmplification,
  },
];
