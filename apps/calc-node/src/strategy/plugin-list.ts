// What strategy.list means: built-in strategies by name, others by file or package; and what lies
// in strategy.dir. Always: what is wrong with an entry of the list is found when the node is made,
// not when a process has failed five times.

import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { basename, isAbsolute, resolve } from 'node:path';
import { NdtsError } from '@ndts/protocol';
import { builtInStrategies, strategyNamePattern } from './load-strategy.js';
import { packageMain } from './package-main.js';

export interface NamedPlugin {
  readonly name: string;
  /** Built-in name or absolute path. */
  readonly plugin: string;
}

/** CONFIG_INVALID_VALUE for what is neither built in nor a readable file, and for a name twice. */
export function resolvePlugins(list: readonly string[]): NamedPlugin[] {
  const plugins = list.map(resolvePlugin);
  const names = plugins.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) fail(`expected each name once, found '${twice}' twice`);
  return plugins;
}

const file = /\.(?:[cm]?js|m?ts)$/;

/** Strategies that lie in a folder, by name; tests of theirs are none. Empty: no such folder. */
export function pluginsIn(dir: string): NamedPlugin[] {
  let names: string[];
  try {
    names = readdirSync(dir).toSorted();
  } catch {
    return [];
  }
  return names
    .filter((name) => file.test(name) && !/\.(?:test|d)\.\w+$/.test(name))
    .map((name) => ({ name: name.replace(file, ''), plugin: resolve(dir, name) }))
    .filter(({ name }) => strategyNamePattern.test(name));
}

/** `npm:PACKAGE`: what the package's main file exports, as seen from the working folder. */
function resolvePackage(entry: string): NamedPlugin {
  const wanted = entry.slice(packagePrefix.length);
  const name = wanted.replace(/^@/, '').replaceAll('/', '.');
  if (!strategyNamePattern.test(name)) fail(`${expected}, found '${entry}'`);
  try {
    return { name, plugin: packageMain(wanted, resolve('.')) };
  } catch (error) {
    return fail(`${expected}, found '${entry}' (${String(error).split('\n')[0]})`);
  }
}

const packagePrefix = 'npm:';

function resolvePlugin(entry: string): NamedPlugin {
  if (entry.startsWith(packagePrefix)) return resolvePackage(entry);
  if (builtInStrategies.includes(entry)) return { name: entry, plugin: entry };
  const name = basename(entry).replace(file, '');
  const isPath = isAbsolute(entry) || entry.includes('/') || name !== entry;
  if (!isPath) fail(`${expected}, found '${entry}'`);
  const plugin = resolve(entry);
  const problem = unreadable(plugin);
  if (problem !== '') fail(`${expected}, found '${entry}' (${problem})`);
  if (!strategyNamePattern.test(name))
    fail(`expected a file named with a-z, 0-9, '-', '_', '.', found '${entry}'`);
  return { name, plugin };
}

const known = builtInStrategies.join(', ');
const expected = `expected a readable file, npm:PACKAGE or a built-in strategy (${known})`;

/** '' when it is a file that can be read. */
function unreadable(path: string): string {
  try {
    if (!statSync(path).isFile()) return 'not a file';
    accessSync(path, constants.R_OK);
    return '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : String(error);
  }
}

function fail(what: string): never {
  throw new NdtsError('CONFIG_INVALID_VALUE', `strategy.list: ${what}`);
}
