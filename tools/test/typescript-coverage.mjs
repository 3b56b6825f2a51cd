// Line coverage of our TypeScript. V8 counts in every process of the tests, c8 merges the counts
// and maps them to the sources; of these, the lines that compile to code are counted. A file no
// test ever loaded counts with all its lines as not covered.

import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { inModules, root } from '../lib/root.mjs';
import { listFiles, listProjects, readJson } from '../lib/projects.mjs';
import { runProcess } from '../lib/run-process.mjs';
import { splitSource } from '../lib/source-text.mjs';
import { mappedLines } from './source-map.mjs';

/** One per run: two runs side by side do not count each other's lines. */
const folder = join(root, 'coverage', String(process.pid));

/** Where V8 writes: the value of NODE_V8_COVERAGE for processes under test. */
export const countsFolder = join(folder, 'v8');

export function startCounts() {
  mkdirSync(countsFolder, { recursive: true });
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
}

/** What a file of types compiles to holds nothing that could run. */
function isOnlyTypes(compiled) {
  const code = readFileSync(compiled, 'utf8').replace(/^\s*\/\/.*$|\/\*[\s\S]*?\*\//gm, '');
  return code.trim() === 'export {};';
}

/** Counted are the sources of packages and apps that run in Node, without tests and generated. */
function listCounted() {
  const counted = [];
  for (const project of listProjects(root)) {
    if (project.name === 'test' || project.name.endsWith('/web')) continue;
    if (!existsSync(project.sources)) continue;
    for (const source of listFiles(project.sources)) {
      if (!source.endsWith('.ts') || source.endsWith('.test.ts')) continue;
      if (source.endsWith('.d.ts') || source.includes('/generated/')) continue;
      const name = relative(project.sources, source).replace(/\.ts$/, '.js');
      const compiled = join(project.compiled, name);
      if (existsSync(compiled) && !isOnlyTypes(compiled))
        counted.push({ source, map: `${compiled}.map` });
    }
  }
  return counted;
}

/** Lines of one file that a count of 0 covers. */
function uncoveredLines(report) {
  const lines = new Set();
  for (const [key, { start, end }] of Object.entries(report.statementMap))
    if (report.s[key] === 0)
      for (let line = start.line; line <= end.line; line += 1) lines.add(line);
  return lines;
}

/** Lines that compile to code, without comments that are carried along and lone brackets. */
function codeLines(path, map) {
  const lines = splitSource(path, readFileSync(path, 'utf8')).code.split('\n');
  const mapped = [...mappedLines(readJson(map).mappings)];
  return new Set(mapped.filter((line) => /\w/.test(lines[line - 1] ?? '')));
}

async function runC8() {
  const args = ['report', '--temp-directory', countsFolder, '--reports-dir', folder];
  args.push('--reporter', 'json', '--exclude-after-remap', '--allowExternal=false');
  for (const part of ['packages', 'apps']) args.push('--include', `${part}/*/src/**`);
  args.push('--exclude', '**/*.test.ts', '--exclude', '**/generated/**');
  const run = await runProcess(process.execPath, [inModules('c8/bin/c8.js'), ...args], {
    cwd: root,
    limitSeconds: 300,
    env: { NODE_V8_COVERAGE: undefined, NODE_OPTIONS: '--max-old-space-size=4096' },
  });
  if (run.code !== 0) throw new Error(`c8 failed\n${run.output.slice(-2000)}`);
  return readJson(join(folder, 'coverage-final.json'));
}

/** @returns {Promise<{ name: string, covered: number, total: number }[]>} one per source file */
export async function typescriptCoverage() {
  const reports = await runC8();
  const files = [];
  for (const { source, map } of listCounted()) {
    const code = codeLines(source, map);
    const uncovered = reports[source] === undefined ? code : uncoveredLines(reports[source]);
    const covered = [...code].filter((line) => !uncovered.has(line)).length;
    files.push({ name: relative(root, source), covered, total: code.size });
  }
  return files;
}
