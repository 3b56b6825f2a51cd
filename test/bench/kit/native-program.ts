// Bench programs in C++ (engine/**/x_bench.cc): built when they are asked for, run as a process of
// their own, their JSON lines read.

import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BenchLine } from './bench.js';

const run = promisify(execFile);
const root = join(dirname(fileURLToPath(import.meta.url)), '../../../..');
const outputBytesMax = 64 * 1024 * 1024;

/** The path of the program, built from the sources as they are. */
export async function buildProgram(name: string): Promise<string> {
  const tool = join(root, 'tools/build-bench.mjs');
  const { stdout } = await run(process.execPath, [tool, name]);
  return stdout.trim();
}

/** Runs a program to its end. @returns the object of each line */
export async function runProgram(path: string, args: readonly string[]): Promise<unknown[]> {
  const { stdout } = await run(path, args, { maxBuffer: outputBytesMax });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
}

/** The lines of a program that prints them as `npm run bench -- --json` does. */
export async function runBench(path: string, args: readonly string[]): Promise<BenchLine[]> {
  const records = await runProgram(path, args);
  return records.map((record) => {
    const line = record as BenchLine;
    if (typeof line.bench !== 'string' || typeof line.metric !== 'string')
      throw new Error(`${path}: not a line of a bench: ${JSON.stringify(record)}`);
    if (!Number.isFinite(line.value) || typeof line.unit !== 'string')
      throw new Error(`${path}: no value: ${JSON.stringify(record)}`);
    return line;
  });
}
