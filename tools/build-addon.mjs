// Builds the native addon: packages/native/build/release/ndts.node.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildNative } from './lib/native-build.mjs';

/** Builds what changed and returns the path of the addon; throws with one line when it cannot. */
export function buildAddon(options = {}) {
  return join(buildNative([], options), 'ndts.node');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(buildAddon({ quiet: process.argv.includes('--quiet') }));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
