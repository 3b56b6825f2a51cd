// How modules of a strategy are found: `@ndts/calc-node/strategy` is this very platform wherever
// the file lies, a relative import means what it means to the compiler (plugin-files.ts), and a
// file that was compiled is taken from what the compiler made of it. Run by Node on a thread of its
// own, before any module of the plugin is loaded.

import type { InitializeHook, LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { CompiledFile } from './compile-plugin.js';
import { resolveImport } from './plugin-files.js';

export interface PluginHooksData {
  /** Files of the plugin that were compiled. */
  readonly compiled: readonly CompiledFile[];
}

const door = '@ndts/calc-node/strategy';
const doorUrl = new URL('./define.js', import.meta.url).href;
const textByUrl = new Map<string, string>();

export const initialize: InitializeHook<PluginHooksData> = ({ compiled }) => {
  for (const { path, text } of compiled) textByUrl.set(pathToFileURL(path).href, text);
};

export const resolve: ResolveHook = (specifier, context, next) => {
  if (specifier === door) return { url: doorUrl, shortCircuit: true };
  return next(relativeUrl(specifier, context.parentURL) ?? specifier, context);
};

/** undefined: it is none, or Node will say that there is no such file. */
function relativeUrl(specifier: string, parentUrl: string | undefined): string | undefined {
  const isOurs = parentUrl?.startsWith('file:') === true && !parentUrl.includes('/node_modules/');
  if (!isOurs || !/^\.{1,2}\//.test(specifier)) return undefined;
  const found = resolveImport(fileURLToPath(parentUrl), specifier);
  return found === undefined ? undefined : pathToFileURL(found).href;
}

export const load: LoadHook = (url, context, next) => {
  const source = textByUrl.get(url);
  if (source === undefined) return next(url, context);
  return { format: 'module', source, shortCircuit: true };
};
