// Finds a strategy: a built-in one by name, or one exported by a file. Checks what must hold of it
// before anything of it is called.

import Module, { register } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { NdtsError } from '@ndts/protocol';
import type { CompiledFile } from './compile-plugin.js';
import type { AnyStrategy } from './define.js';
import { bollingerStrategy } from './examples/bollinger.js';
import { marketMakerStrategy } from './examples/market-maker.js';
import { momentumStrategy } from './examples/momentum.js';
import { movingAveragesStrategy } from './examples/moving-averages.js';
import { resolveImport } from './plugin-files.js';
import type { PluginHooksData } from './plugin-hooks.js';

// The erasure of a strategy's own types: it is only ever handed its own parameters and state.
const builtIns: ReadonlyMap<string, AnyStrategy> = new Map(
  [bollingerStrategy, movingAveragesStrategy, momentumStrategy, marketMakerStrategy].map((one) => [
    one.name,
    one as unknown as AnyStrategy,
  ]),
);

export const builtInStrategies: readonly string[] = [...builtIns.keys()];

export const strategyNamePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** `compiled`: files of the plugin that are not as Node runs them. */
export async function loadStrategy(
  plugin: string,
  compiled: readonly CompiledFile[] = [],
): Promise<AnyStrategy> {
  const builtIn = builtIns.get(plugin);
  if (builtIn !== undefined) return builtIn;
  const data: PluginHooksData = { compiled };
  register(new URL('./plugin-hooks.js', import.meta.url), { data });
  openDoorToRequire();
  const module = await importPlugin(plugin);
  const strategy = module['strategy'] ?? strategyIn(module['default']);
  checkStrategy(plugin, strategy);
  return strategy;
}

interface RequireInternals {
  _resolveFilename(request: string, parent?: Asking, ...others: readonly unknown[]): string;
  readonly _extensions: Record<string, ((module: unknown, path: string) => void) | undefined>;
}

interface Asking {
  readonly filename?: string | null;
}

const door = '@ndts/calc-node/strategy';
let isDoorOpen = false;

/** What the hooks do for `import`: require() of a plugin in CommonJS does not ask them. */
function openDoorToRequire(): void {
  if (isDoorOpen) return;
  isDoorOpen = true;
  const internals = Module as unknown as RequireInternals;
  const resolveFilename = internals._resolveFilename.bind(Module);
  const doorPath = fileURLToPath(new URL('./define.js', import.meta.url));
  internals._resolveFilename = (request, parent, ...others) => {
    if (request === door) return doorPath;
    try {
      return resolveFilename(request, parent, ...others);
    } catch (error) {
      const from = parent?.filename;
      const isRelative = typeof from === 'string' && /^\.{1,2}\//.test(request);
      const found = isRelative ? resolveImport(from, request) : undefined;
      if (found === undefined) throw error;
      return found;
    }
  };
  for (const ending of ['.ts', '.mts']) internals._extensions[ending] ??= refuseTypeScript;
}

/** Where Node runs no TypeScript what it is given is a module, which require() can't make of it. */
function refuseTypeScript(_module: unknown, path: string): never {
  const how = 'write import in place of require (in a .mjs or .ts file)';
  throw new NdtsError('PLUGIN_FAILED', `${path}: a helper in TypeScript is imported: ${how}`);
}

async function importPlugin(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const isUnknownKind = (error as { code?: unknown }).code === 'ERR_UNKNOWN_FILE_EXTENSION';
    const why = isUnknownKind
      ? `this version of Node cannot run ${extname(path)} files; compile it to JavaScript`
      : String(error);
    throw new NdtsError('PLUGIN_FAILED', `${path} cannot be loaded: ${why}`, { cause: error });
  }
}

/** The default export, or what CommonJS exports as `strategy` within it. */
function strategyIn(exported: unknown): unknown {
  const inner = (exported as { strategy?: unknown } | null | undefined)?.strategy;
  return inner ?? exported;
}

const hookNames = ['onTick', 'onFactor', 'onBar', 'onBook', 'onTimer', 'onOrder'];
const functionNames = [...hookNames, 'snapshot', 'restore', 'state'];

function checkStrategy(plugin: string, value: unknown): asserts value is AnyStrategy {
  const fail = (expected: string): never => {
    throw new NdtsError('PLUGIN_FAILED', `${plugin}: expected ${expected}`);
  };
  if (typeof value !== 'object' || value === null)
    return fail('an export named strategy (or a default export) made by defineStrategy');
  const fields = value as Readonly<Record<string, unknown>>;
  const { name, version, params } = fields;
  if (typeof name !== 'string' || !strategyNamePattern.test(name))
    return fail(`a name of lower-case letters, digits, '-', '_', '.', found '${String(name)}'`);
  if (typeof version !== 'string') return fail(`a version, found ${typeof version}`);
  if (typeof params !== 'object' || params === null) return fail('params, at least {}');
  for (const hook of functionNames)
    if (fields[hook] !== undefined && typeof fields[hook] !== 'function')
      return fail(`${hook} to be a function, found ${typeof fields[hook]}`);
  // A name that is misspelt would never be called, and nobody would hear of it.
  const unknown = Object.keys(fields).find(
    (key) => /^on[A-Z]/.test(key) && !hookNames.includes(key),
  );
  if (unknown !== undefined) return fail(`hooks of ${hookNames.join(', ')}; found '${unknown}'`);
}
