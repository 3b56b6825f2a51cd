// Benches of scans and aggregates: the program scan_bench does the work, in the sizes asked for.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Bench, type BenchContext, pick } from './kit/bench.js';
import { buildProgram, runBench } from './kit/native-program.js';

interface Size {
  readonly rows: number;
  readonly symbols: number;
}

async function runScan(name: string, context: BenchContext, size: Size): Promise<void> {
  const program = await buildProgram('scan_bench');
  const dir = join(context.dir, name);
  const rounds = pick(context.size, { smoke: 1, small: 9, full: 9 });
  const args = [`--rows=${size.rows}`, `--symbols=${size.symbols}`, `--rounds=${rounds}`];
  for (const line of await runBench(program, [name, `--dir=${dir}`, ...args])) context.emit(line);
  rmSync(dir, { recursive: true, force: true });
}

function scanBench(name: string, about: string, small: Size, full: Size): Bench {
  const smoke = { rows: 40_000, symbols: 40 };
  return {
    name,
    about,
    run: (context) => runScan(name, context, pick(context.size, { smoke, small, full })),
  };
}

const many = { rows: 50_000_000, symbols: 1000 };
const some = { rows: 2_000_000, symbols: 100 };

export const scanBenches: readonly Bench[] = [
  scanBench('scan_sum', 'the sum of a column beside that of an array in memory', some, many),
  scanBench('scan_filter', 'count and sum of what a predicate leaves', some, many),
  scanBench('ohlcv_1m_kernel', 'one-minute bars of every symbol', some, many),
  scanBench(
    'latest_on',
    'the latest row of every symbol',
    { rows: 200_000, symbols: 5000 },
    { rows: 5_000_000, symbols: 5000 },
  ),
  scanBench('symbol_day', "one symbol's day", some, many),
];
