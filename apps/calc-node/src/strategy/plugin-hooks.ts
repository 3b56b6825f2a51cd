// How modules of a strategy are found: `@ndts/calc-node/strategy` is this very platform wherever
// the file lies, and a file that was compiled is taken from what the compiler made of it. Run by
// Node on a thread of its own, before any module of the plugin is loaded.

import type { InitializeHook, LoadHook, ResolveHook } from 'node:module';

export interface PluginHooksData {
  /** Of the plugin, and its JavaScript; both absent: it is as it is. */
  readonly url?: string;
  readonly source?: string;
}

const door = '@ndts/calc-node/strategy';
const doorUrl = new URL('./define.js', import.meta.url).href;
let plugin: PluginHooksData = {};

export const initialize: InitializeHook<PluginHooksData> = (data) => {
  plugin = data;
};

export const resolve: ResolveHook = (specifier, context, next) =>
  specifier === door ? { url: doorUrl, shortCircuit: true } : next(specifier, context);

export const load: LoadHook = (url, context, next) => {
  const { source } = plugin;
  if (source === undefined || url !== plugin.url) return next(url, context);
  return { format: 'module', source, shortCircuit: true };
};
