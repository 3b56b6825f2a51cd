// What a benchmark is and what it prints. A line per result; with --json one JSON object per line.
// Every line carries a hash of the answer, so that a fast wrong result shows.

import { createHash } from 'node:crypto';

export interface BenchLine {
  readonly bench: string;
  readonly params: Readonly<Record<string, string | number | boolean>>;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  /** Hash of what was computed; equal work gives an equal hash. */
  readonly answer: string;
  readonly peer?: string;
  /** Ours over the peer's, from runs that alternate; above 1 is better whatever the unit. */
  readonly ratio?: number;
}

/** smoke: tenths of a second, to see that it runs; small: seconds; full: the sizes of the SPEC. */
export type BenchSize = 'smoke' | 'small' | 'full';

export interface BenchContext {
  readonly size: BenchSize;
  readonly peer: string | undefined;
  /** A folder of this run, on disk; removed afterwards. */
  readonly dir: string;
  /** A folder of this run, in shared memory where there is any; removed afterwards. */
  readonly memory: string;
  emit(line: BenchLine): void;
  /** Progress for people, on standard error. */
  say(text: string): void;
}

export interface Bench {
  readonly name: string;
  readonly about: string;
  /** Names accepted by --peer. */
  readonly peers?: readonly string[];
  run(context: BenchContext): Promise<void>;
}

export function pick<T>(size: BenchSize, values: Readonly<Record<BenchSize, T>>): T {
  return values[size];
}

export function answerHash(...parts: readonly (string | number | ArrayBufferView)[]): string {
  const hash = createHash('sha256');
  for (const part of parts)
    if (typeof part === 'object')
      hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    else hash.update(`${part}\n`);
  return hash.digest('hex').slice(0, 16);
}

/** The value at a fraction of sorted numbers, nearest rank. */
export function percentile(sorted: Float64Array, fraction: number): number {
  if (sorted.length === 0) return Number.NaN;
  const index = Math.min(sorted.length - 1, Math.ceil(fraction * sorted.length) - 1);
  return sorted[Math.max(0, index)] ?? Number.NaN;
}

export const percentiles = [
  ['p50', 0.5],
  ['p99', 0.99],
  ['p99.9', 0.999],
  ['max', 1],
] as const;

export function lineText(line: BenchLine): string {
  const params = Object.entries(line.params)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
  const peer =
    line.peer === undefined ? '' : `  (${(line.ratio ?? Number.NaN).toFixed(2)}x ${line.peer})`;
  const value = valueText(line.value);
  const head = `${line.bench.padEnd(16)} ${params.padEnd(46)} ${line.metric.padEnd(22)}`;
  return `${head} ${value} ${line.unit}${peer}`;
}

function valueText(value: number): string {
  if (!Number.isFinite(value)) return String(value).padStart(14);
  const digits = Math.abs(value) >= 1000 ? 0 : 3;
  const text = value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return text.padStart(14);
}
