// Builds native bench programs: every engine/**/NAME.cc whose NAME ends in _bench. Prints where
// they are, a line each.
//
//   node tools/build-bench.mjs NAME...

import { join } from 'node:path';
import { root } from './lib/root.mjs';
import { buildNative } from './lib/native-build.mjs';
import { takeLock } from './setup/lock.mjs';

const names = process.argv.slice(2);
let release = () => {};
try {
  if (names.length === 0) throw new Error('expected the names of bench programs');
  // The set-up builds in the same folder.
  release = await takeLock(join(root, '.setup/lock'));
  process.once('exit', release);
  const folder = buildNative(names, { quiet: true });
  for (const name of names) console.log(join(folder, name));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  release();
}
