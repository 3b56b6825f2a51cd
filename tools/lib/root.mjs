// Where the repository is, for every tool.

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** The file of a command that an npm package declares, so that it runs without a shell. */
export function inModules(path) {
  return join(root, 'node_modules', path);
}
