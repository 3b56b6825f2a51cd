// A configuration file as a flat list of settings with the place of each. YAML or TOML by
// extension.

import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { NdtsError } from '@ndts/protocol';
import { TomlError, parse as parseToml } from 'smol-toml';
import { LineCounter, isMap, isScalar, parseDocument } from 'yaml';

export interface ConfigSetting {
  readonly key: string;
  readonly value: unknown;
  /** For people: where it was set. */
  readonly source: string;
}

export function readConfigFile(path: string): ConfigSetting[] {
  const extension = extname(path).toLowerCase();
  const text = readText(path);
  if (extension === '.yaml' || extension === '.yml') return readYaml(path, text);
  if (extension === '.toml') return readToml(path, text);
  throw unreadable(`expected a .yaml, .yml or .toml file, found ${path}`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadable(
      `cannot read ${path}: ${error instanceof Error ? error.message : error}`,
      error,
    );
  }
}

function readYaml(path: string, text: string): ConfigSetting[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const problem = document.errors[0];
  if (problem !== undefined) {
    const { line, col } = lines.linePos(problem.pos[0]);
    const what = problem.message.split(/ at line |\n/)[0];
    throw unreadable(`${path}:${line}:${col}: ${what}`, problem);
  }
  const settings: ConfigSetting[] = [];
  const visit = (node: unknown, prefix: string): void => {
    if (!isMap(node)) throw unreadable(`${path}: expected keys with values at the top`);
    for (const { key, value } of node.items) {
      const name = prefix + String(isScalar(key) ? key.value : key);
      const line = isScalar(key) ? lines.linePos(key.range?.[0] ?? 0).line : 1;
      if (isMap(value)) visit(value, `${name}.`);
      else settings.push({ key: name, value: plainYaml(value), source: `${path}:${line}` });
    }
  };
  if (document.contents !== null) visit(document.contents, '');
  return settings;
}

function plainYaml(node: unknown): unknown {
  const convertible = node as { toJSON?: () => unknown } | null;
  return convertible?.toJSON === undefined ? node : convertible.toJSON();
}

function readToml(path: string, text: string): ConfigSetting[] {
  let table: object;
  try {
    table = parseToml(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = error.message.split('\n')[0];
    throw unreadable(`${path}:${error.line}:${error.column}: ${what}`, error);
  }
  const settings: ConfigSetting[] = [];
  const visit = (part: object, prefix: string): void => {
    for (const [name, value] of Object.entries(part)) {
      const isTable =
        typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
      if (isTable && value !== null) visit(value, `${prefix}${name}.`);
      else settings.push({ key: prefix + name, value, source: path });
    }
  };
  visit(table, '');
  return settings;
}

function unreadable(message: string, cause?: unknown): NdtsError {
  return new NdtsError('CONFIG_UNREADABLE', message, { cause });
}
