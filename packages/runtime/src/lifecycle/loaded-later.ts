// A package that only some processes use, loaded when the first asks for it: what all of them load
// is what every command, node and strategy waits for as it starts.

import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** @returns what gives the package, loading it at the first call */
export function loadedLater<Module>(name: string): () => Module {
  let loaded: Module | undefined;
  return () => {
    loaded ??= require(name) as Module;
    return loaded;
  };
}
