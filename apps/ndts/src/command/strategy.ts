// `ndts strategy new | test | list | start | stop | logs`: strategies of one's own, and those of a
// running node.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { runCompiler, strategyNamePattern, strategyTestFiles } from '@ndts/calc-node';
import {
  NdtsError,
  type StrategyLogLine,
  type StrategyView,
  timeFromMs,
  timeText,
} from '@ndts/protocol';
import { strategyTable } from '../screen/strategy-table.js';
import { fetchJson, findTarget, requestJson, type Target, type TargetOptions } from './running.js';
import { strategyTestText, strategyText } from './strategy-template.js';

export interface StrategyContext {
  readonly parseCount: (text: string) => number;
  readonly print: (text: string) => void;
  /** Until Ctrl-C. */
  readonly pause: (ms: number) => Promise<boolean>;
}

type LogFlags = TargetOptions & { readonly lines: number; readonly follow: boolean };

const followMs = 500;
const linesMax = 1000;

export function addStrategy(program: Command, { parseCount, print, pause }: StrategyContext): void {
  const strategy = program
    .command('strategy')
    .description('strategies: write and test one; those of a node (docs/strategies.md)');
  strategy
    .command('new')
    .description('write a strategy that works, and its test')
    .argument('<name>', "lower-case letters, digits, '-', '_' and '.'")
    .option('--dir <folder>', 'where to', '.')
    .action((name: string, { dir }: { dir: string }) => newStrategy(name, dir, print));
  strategy
    .command('test')
    .description('check the types of test files of strategies, and run them')
    .argument('<files...>')
    .action(async (files: string[]) => {
      process.exitCode = await testStrategies(files); // ambient: the exit code of the command
    });
  const onNode = (name: string, description: string): Command =>
    strategy
      .command(name)
      .description(description)
      .option('--data-dir <folder>', 'data folder of the node', 'data')
      .option('--url <url>', 'its address, when it runs elsewhere')
      .option(
        '--token-file <file>',
        'a file with a token (default: the admin token of the folder)',
      );
  onNode('list', 'strategies of a node, and how they are')
    .option('--json', 'one JSON line, for programs', false)
    .action((flags: TargetOptions & { json: boolean }) => listStrategies(flags, print));
  for (const action of ['start', 'stop'] as const)
    onNode(action, `${action} a strategy; it stays so when the node starts again`)
      .argument('<name>')
      .action((name: string, flags: TargetOptions) => setStrategy(name, action, flags, print));
  onNode('logs', 'what a strategy printed and logged, and what became of it')
    .argument('<name>')
    .option('--lines <count>', 'the newest', parseCount, 50)
    .option('--follow', 'go on with what comes', false)
    .action((name: string, flags: LogFlags) => showLog(name, flags, print, pause));
}

/** NAME.ts and NAME.test.ts, and tsconfig.json where there is none: nothing is overwritten. */
export function newStrategy(name: string, dir: string, print: (text: string) => void): void {
  if (!strategyNamePattern.test(name))
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `expected a name of lower-case letters, digits, '-', '_', '.', found '${name}'`,
    );
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${name}.ts`);
  const testFile = join(dir, `${name}.test.ts`);
  for (const path of [file, testFile])
    if (existsSync(path)) throw new NdtsError('ALREADY_EXISTS', `${path} is there already`);
  writeFileSync(file, strategyText(name));
  writeFileSync(testFile, strategyTestText(name));
  const config = join(dir, 'tsconfig.json');
  const isKnown = existsSync(config);
  if (!isKnown) writeFileSync(config, `${JSON.stringify(editorConfig(), null, 2)}\n`);
  print(`wrote ${file}, its test${isKnown ? '' : ', and tsconfig.json for editors and tsc'}

  ndts strategy test ${testFile}
  ndts up --strategy.list=${file}
or copy it into strategies/ of the data folder of a node that runs, and
  ndts strategy start ${name}`);
}

/** Types of the platform that wrote it, for a folder anywhere. */
function editorConfig() {
  const { door, types } = strategyTestFiles;
  return {
    compilerOptions: {
      ...{ module: 'esnext', moduleResolution: 'bundler', target: 'es2023', strict: true },
      ...{ noEmit: true, allowImportingTsExtensions: true, skipLibCheck: true },
      ...{ types: ['node'], typeRoots: [types] },
      paths: { '@ndts/calc-node/strategy': [door] },
    },
    include: ['*.ts'],
  };
}

/** The exit code of the tests. */
export async function testStrategies(files: readonly string[]): Promise<number> {
  const { door, hooks, types } = strategyTestFiles;
  const paths = files.map((file) => resolve(file));
  const missing = paths.find((path) => !existsSync(path));
  if (missing !== undefined) throw new NdtsError('NOT_FOUND', `no such file: ${missing}`);
  const folder = mkdtempSync(join(tmpdir(), 'ndts-strategy-test-'));
  try {
    const config = {
      compilerOptions: {
        ...{ module: 'esnext', moduleResolution: 'bundler', target: 'es2023', strict: true },
        ...{ rewriteRelativeImportExtensions: true, outDir: join(folder, 'out') },
        allowJs: true, // helpers may be in JavaScript
        rootDir: '/',
        ...{ types: ['node'], typeRoots: [types] },
        paths: { '@ndts/calc-node/strategy': [door] },
      },
      files: paths,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    await runCompiler(['-p', folder]);
    const names = paths.map((path) => join(folder, 'out', path.replace(/ts$/, 'js')));
    // ambient: tests run on the very Node this process runs on, in its environment, but without the
    // mark of a test's own process: Node would skip all of them, and say that they passed.
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
    const child = spawn(process.execPath, ['--import', hooks, '--test', ...names], {
      stdio: 'inherit',
      env,
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function listStrategies(
  flags: TargetOptions & { readonly json: boolean },
  print: (text: string) => void,
): Promise<void> {
  const views = (await fetchJson(findTarget(flags), '/api/strategies')) as StrategyView[];
  if (flags.json) print(JSON.stringify(views));
  else print(views.length === 0 ? 'no strategies' : strategyTable(views));
}

async function setStrategy(
  name: string,
  action: 'start' | 'stop',
  flags: TargetOptions,
  print: (text: string) => void,
): Promise<void> {
  const path = `/api/strategies/${action}`;
  const request = { method: 'POST', path, body: { name } } as const;
  const { state, reason } = (await requestJson(findTarget(flags), request)) as StrategyView;
  print(`${name}: ${state}${reason === '' ? '' : ` (${reason})`}`);
}

async function showLog(
  name: string,
  flags: LogFlags,
  print: (text: string) => void,
  pause: StrategyContext['pause'],
): Promise<void> {
  const target = findTarget(flags);
  let shown = await readLog(target, name, flags.lines);
  for (const line of shown) print(logText(line));
  while (flags.follow && (await pause(followMs))) {
    const newest = await readLog(target, name, linesMax);
    for (const line of newLines(shown, newest)) print(logText(line));
    shown = newest;
  }
}

async function readLog(target: Target, name: string, lines: number): Promise<StrategyLogLine[]> {
  const path = `/api/strategies/log?name=${encodeURIComponent(name)}&limit=${lines}`;
  return (await fetchJson(target, path)) as StrategyLogLine[];
}

/** Lines behind the newest that was shown. Lines may be equal: it is looked for with its past. */
export function newLines(
  shown: readonly StrategyLogLine[],
  newest: readonly StrategyLogLine[],
): readonly StrategyLogLine[] {
  const text = (lines: readonly StrategyLogLine[]): string => JSON.stringify(lines);
  for (let end = newest.length; end > 0; end -= 1) {
    const count = Math.min(end, shown.length, 20);
    if (count > 0 && text(newest.slice(end - count, end)) === text(shown.slice(-count)))
      return newest.slice(end);
  }
  return newest;
}

function logText({ timeMs, from, text }: StrategyLogLine): string {
  return `${timeText(timeFromMs(timeMs)).slice(0, 23)}  ${from.padEnd(6)}  ${text}`;
}
