// Where tests of strategies find what they need: the types of the plugin door, the types of Node,
// and the hooks that find the platform wherever the test lies.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

export const strategyTestFiles = {
  door: fileURLToPath(new URL('./define.d.ts', import.meta.url)),
  hooks: new URL('./register-hooks.js', import.meta.url).href,
  /** Folder of @types. */
  get types(): string {
    return dirname(dirname(join(require.resolve('@types/node/package.json'))));
  },
} as const;
