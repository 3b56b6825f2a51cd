// A plugin for backtests: loaded here, and ready to be loaded by threads, which need not compile it
// again.

import { type CompiledFile, compilePlugin } from '../strategy/compile-plugin.js';
import type { AnyStrategy } from '../strategy/define.js';
import { loadStrategy } from '../strategy/load-strategy.js';

export interface LoadedPlugin {
  readonly strategy: AnyStrategy;
  /** What the compiler made of TypeScript; absent: it is loaded as it is. */
  readonly compiled: { readonly compiled?: readonly CompiledFile[] };
}

/** Built-in name, or path of a file. PLUGIN_FAILED. */
export async function loadPlugin(
  plugin: string,
  given?: readonly CompiledFile[],
): Promise<LoadedPlugin> {
  const compiled = given ?? (await compilePlugin(plugin));
  const strategy = await loadStrategy(plugin, compiled);
  return { strategy, compiled: compiled === undefined ? {} : { compiled } };
}
