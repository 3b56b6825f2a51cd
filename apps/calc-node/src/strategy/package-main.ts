// The main file of an npm package as `import` would find it from a folder. Node's own resolver is
// not to be had for another folder than one's own: require's knows no package that exports to
// `import` only. Always: the file is there; nothing of the package is run.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Of what `import` asks for, in any order a package writes them. */
const conditions: ReadonlySet<string> = new Set(['import', 'node', 'default', 'module-sync']);

/** Throws why there is none: no such package, or one that exports nothing. */
export function packageMain(name: string, folder: string): string {
  return exportedFile(name, folder) ?? createRequire(join(folder, 'any')).resolve(name);
}

/** undefined: it exports nothing to `import`, or says nothing of what it exports. */
function exportedFile(name: string, folder: string): string | undefined {
  const home = packageFolder(name, folder);
  if (home === undefined) return undefined;
  const text = readFileSync(join(home, 'package.json'), 'utf8');
  const { exports } = JSON.parse(text) as { readonly exports?: unknown };
  const target = targetOf(isObject(exports) && '.' in exports ? exports['.'] : exports);
  if (target?.startsWith('./') !== true) return undefined;
  const path = join(home, target);
  return path.startsWith(home) && existsSync(path) && statSync(path).isFile() ? path : undefined;
}

/** The nearest node_modules upwards that has it. */
function packageFolder(name: string, folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const home = join(at, 'node_modules', name);
    if (existsSync(join(home, 'package.json'))) return home;
    if (at === dirname(at)) return undefined;
  }
}

function targetOf(exported: unknown): string | undefined {
  if (typeof exported === 'string') return exported;
  if (Array.isArray(exported)) return exported.map(targetOf).find((one) => one !== undefined);
  if (!isObject(exported)) return undefined;
  for (const [condition, inner] of Object.entries(exported)) {
    const target = conditions.has(condition) ? targetOf(inner) : undefined;
    if (target !== undefined) return target;
  }
  return undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
