// Line coverage of the engine from the counts its tests left, as lcov's records say it.

import { readdirSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { root } from '../lib/root.mjs';
import { runProcess } from '../lib/run-process.mjs';
import { engineBuildFolder } from './engine.mjs';

const engine = join(root, 'packages/native/engine');

function isOurs(path) {
  const name = relative(engine, path);
  if (name.startsWith('..') || isAbsolute(name)) return false;
  return !name.startsWith('generated/') && !/_(test|fuzz|bench)\.(cc|h)$/.test(name);
}

/**
 * Reads records `SF:path`, `DA:line,count`.
 * @returns {{ name: string, covered: number, total: number }[]} one per source file of the engine
 */
export function readRecords(text) {
  const files = new Map();
  let file;
  for (const line of text.split('\n')) {
    if (line.startsWith('SF:')) {
      const path = line.slice(3);
      if (!isOurs(path)) {
        file = undefined;
        continue;
      }
      const name = relative(root, path);
      file = files.get(name) ?? { name, covered: 0, total: 0 };
      files.set(name, file);
    } else if (file !== undefined && line.startsWith('DA:')) {
      file.total += 1;
      if (!line.endsWith(',0')) file.covered += 1;
    }
  }
  return [...files.values()];
}

async function runTool(args, folder) {
  const [command, ...rest] = args;
  const run = await runProcess(command, rest, { cwd: folder, limitSeconds: 300 });
  if (run.code !== 0) throw new Error(`${command} ended with code ${run.code}\n${run.output}`);
  return run.stdout;
}

export async function engineCoverage() {
  const folder = engineBuildFolder('counted');
  const counts = readdirSync(folder).filter((name) => name.endsWith('.profraw'));
  await runTool(['llvm-profdata', 'merge', '-sparse', ...counts, '-o', 'counts.profdata'], folder);
  const args = ['export', '--format=lcov', '--instr-profile=counts.profdata', 'engine_tests'];
  return readRecords(await runTool(['llvm-cov', ...args], folder));
}
