// A plugin for backtests: loaded here, and ready to be loaded by threads, which need not compile it
// again.

import { compilePlugin } from '../strategy/compile-plugin.js';
import type { AnyStrategy } from '../strategy/define.js';
import { loadStrategy } from '../strategy/load-strategy.js';

export interface LoadedPlugin {
  readonly strategy: AnyStrategy;
  /** What the compiler made of TypeScript; absent: it is loaded as it is. */
  readonly compiled: { readonly source?: string };
}

/** Built-in name, or path of a file. PLUGIN_FAILED. */
export async function loadPlugin(plugin: string, given?: string): Promise<LoadedPlugin> {
  const source = given ?? (await compilePlugin(plugin));
  const strategy = await loadStrategy(plugin, source);
  return { strategy, compiled: source === undefined ? {} : { source } };
}
