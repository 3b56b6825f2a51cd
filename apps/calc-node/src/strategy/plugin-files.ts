// The files of a plugin: its own and all that it imports by relative paths, directly or through
// others. What is compiled, hashed and watched, and how Node finds them at run time. Always: the
// same files for all of these; the first is the plugin's own.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';

/** Texts by absolute path, in the order of the imports. */
export type PluginTexts = ReadonlyMap<string, string>;

const relativeImport = /\b(?:from|import|require)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g;

/** TypeScript writes the name that the compiler's output would have: `./x.js` for x.ts. */
const sources: Readonly<Record<string, string>> = { '.js': '.ts', '.mjs': '.mts' };
/** Tried where a name has no ending. */
const endings = ['.ts', '.mts', '.js', '.mjs', '.cjs'] as const;

/** The file that a relative import means; undefined: there is none. */
export function resolveImport(from: string, specifier: string): string | undefined {
  const path = resolve(dirname(from), specifier);
  if (isFile(path)) return path;
  const ending = extname(path);
  const source = sources[ending];
  const others =
    source === undefined ? [] : [`${path.slice(0, path.length - ending.length)}${source}`];
  return [...others, ...endings.map((one) => path + one)].find(isFile);
}

export function pluginTexts(plugin: string): PluginTexts {
  const texts = new Map<string, string>();
  collect(resolve(plugin), texts);
  return texts;
}

function collect(path: string, texts: Map<string, string>): void {
  if (texts.has(path) || !existsSync(path)) return;
  const text = readFileSync(path, 'utf8');
  texts.set(path, text);
  for (const [, specifier = ''] of text.matchAll(relativeImport)) {
    const found = resolveImport(path, specifier);
    if (found !== undefined) collect(found, texts);
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
