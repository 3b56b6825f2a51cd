// Line coverage of the engine from the counters its instrumented tests left. gcov writes one JSON
// document per object file; a line in a header is covered when any of them ran it.

import { existsSync, readdirSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { root } from '../lib/root.mjs';
import { runProcess } from '../lib/run-process.mjs';
import { engineBuildFolder } from './engine.mjs';

const engine = join(root, 'packages/native/engine');

export function listCounters(folder = engineBuildFolder('coverage')) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((name) => /\.gc(da|no)$/.test(name));
}

function isOurs(path) {
  const name = relative(engine, path);
  if (name.startsWith('..') || isAbsolute(name)) return false;
  return !name.startsWith('generated/') && !/_(test|fuzz|bench)\.(cc|h)$/.test(name);
}

/** Adds the lines of one gcov document to `lines`: path -> line -> was it run? */
export function addDocument(document, lines) {
  for (const file of document.files) {
    const path = resolve(document.current_working_directory, file.file);
    if (!isOurs(path)) continue;
    const name = relative(root, path);
    const known = lines.get(name) ?? new Map();
    lines.set(name, known);
    for (const { line_number: line, count } of file.lines)
      known.set(line, (known.get(line) ?? false) || count > 0);
  }
}

/** @returns {Promise<{ name: string, covered: number, total: number }[]>} one per source file */
export async function engineCoverage() {
  const folder = engineBuildFolder('coverage');
  // An object whose code never ran has no .gcda; its .gcno still names its lines.
  const objects = new Set(listCounters().map((name) => name.replace(/\.gc(da|no)$/, '')));
  const ours = [...objects].filter((name) => name.includes('ndts_engine.dir'));
  const lines = new Map();
  for (let index = 0; index < ours.length; index += 20) {
    const files = ours.slice(index, index + 20).map((name) => `${name}.gcno`);
    const run = await runProcess('gcov', ['--json-format', '--stdout', ...files], { cwd: folder });
    for (const text of run.stdout.split('\n'))
      if (text.startsWith('{')) addDocument(JSON.parse(text), lines);
  }
  return [...lines].map(([name, known]) => ({
    name,
    covered: [...known.values()].filter(Boolean).length,
    total: known.size,
  }));
}
