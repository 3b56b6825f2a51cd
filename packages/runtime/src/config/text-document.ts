// A file for people, YAML, JSON (which is YAML) or TOML, as plain values that know their place: who
// refuses one says where it stands.

import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { NdtsError } from '@ndts/protocol';
import type * as Toml from 'smol-toml';
import type * as Yaml from 'yaml';
import { loadedLater } from '../lifecycle/loaded-later.js';

export const yaml = loadedLater<typeof Yaml>('yaml');
const toml = loadedLater<typeof Toml>('smol-toml');

export type TextFormat = 'yaml' | 'toml';

export interface TextDocument {
  readonly value: unknown;
  /** File and, where it is known, line of what the path leads to, or of the nearest above it. */
  placeOf(path: readonly (string | number)[]): string;
}

/** By the name of a file: .json, .yaml and .yml, .toml. Throws CONFIG_UNREADABLE for any other. */
export function textFormatOf(path: string): TextFormat {
  const extension = extname(path).toLowerCase();
  if (['.yaml', '.yml', '.json'].includes(extension)) return 'yaml';
  if (extension === '.toml') return 'toml';
  throw unreadable(`expected a .yaml, .yml, .json or .toml file, found ${path}`);
}

/** Throws CONFIG_UNREADABLE. */
export function readTextDocument(path: string): TextDocument {
  const format = textFormatOf(path);
  return parseTextDocument(readText(path), format, path);
}

/** @param name what places call it */
export function parseTextDocument(text: string, format: TextFormat, name: string): TextDocument {
  if (format === 'toml') return { value: parseTomlText(name, text), placeOf: () => name };
  const { document, lines } = parseYamlText(name, text);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw unreadable(`${name}: ${error instanceof Error ? error.message : error}`, error);
  }
  return {
    value,
    placeOf: (path) => {
      for (let length = path.length; length > 0; length -= 1) {
        const node: unknown = document.getIn(path.slice(0, length), true);
        if (yaml().isNode(node) && node.range)
          return `${name}:${lines.linePos(node.range[0]).line}`;
      }
      return name;
    },
  };
}

export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadable(
      `cannot read ${path}: ${error instanceof Error ? error.message : error}`,
      error,
    );
  }
}

export interface YamlText {
  readonly document: Yaml.Document.Parsed<Yaml.ParsedNode>;
  readonly lines: Yaml.LineCounter;
}

export function parseYamlText(path: string, text: string): YamlText {
  const { LineCounter, parseDocument } = yaml();
  const lines = new LineCounter();
  const uniqueKeys = (a: unknown, b: unknown): boolean => nameOf(a) === nameOf(b);
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys });
  const problem = document.errors[0];
  if (problem === undefined) {
    nameAsWritten(document);
    return { document, lines };
  }
  const { line, col } = lines.linePos(problem.pos[0]);
  const what = problem.message.split(/ at line |\n/)[0];
  throw unreadable(`${path}:${line}:${col}: ${what}`, problem);
}

/** What stands in front of a colon is a name, also where it looks like a number or a truth: symbols
 * are called 000001, 0700 and TRUE. */
function nameAsWritten(document: Yaml.Document): void {
  yaml().visit(document, {
    Pair: (_, { key }) => {
      if (yaml().isScalar(key)) key.value = nameOf(key);
    },
  });
}

function nameOf(key: unknown): unknown {
  if (!yaml().isScalar(key)) return key;
  return typeof key.value === 'string' ? key.value : (key.source ?? '');
}

export function parseTomlText(path: string, text: string): object {
  const { parse, TomlError } = toml();
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = error.message.split('\n')[0];
    throw unreadable(`${path}:${error.line}:${error.column}: ${what}`, error);
  }
}

export function unreadable(message: string, cause?: unknown): NdtsError {
  return new NdtsError('CONFIG_UNREADABLE', message, { cause });
}
