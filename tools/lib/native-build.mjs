// Configures and builds packages/native/build/release: the addon, and on demand the bench programs,
// which link the very engine that is shipped and cost one more file each. Plain Node, no
// dependencies of its own. Configuring is skipped while its arguments are unchanged; ninja notices
// changed sources and CMake files by itself, so calling this again is cheap.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './root.mjs';

const source = join(root, 'packages/native');
const build = join(source, 'build/release');
const stamp = join(build, 'configured.json');

/** The include folders of Node-API: C headers, then the C++ wrapper. */
function nodeIncludes() {
  const require = createRequire(join(source, 'package.json'));
  const headers = require('node-api-headers').include_dir;
  const wrapper = dirname(require.resolve('node-addon-api/package.json'));
  return [headers, wrapper];
}

function run(command, args, quiet) {
  const result = spawnSync(command, args, {
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (result.error) throw new Error(`${command} did not start: ${result.error.message}`);
  if (result.status === 0) return;
  if (quiet) process.stderr.write(`${result.stdout}${result.stderr}`);
  throw new Error(`${command} ${args[0]} failed with status ${result.status}`);
}

/**
 * Builds what changed; throws with one line when it cannot. One caller at a time: ninja does not
 * share its folder.
 * @param {readonly string[]} targets none: everything but the bench programs
 * @returns {string} the folder
 */
export function buildNative(targets, { quiet = false } = {}) {
  const args = [
    '-S',
    source,
    '-B',
    build,
    '-G',
    'Ninja',
    '-DCMAKE_BUILD_TYPE=Release',
    '-DNDTS_ADDON=ON',
    '-DNDTS_BENCH=ON',
    '-DNDTS_UNITY=ON',
    `-DNDTS_NODE_INCLUDES=${nodeIncludes().join(';')}`,
  ];
  const wanted = JSON.stringify(args);
  const known = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (known !== wanted || !existsSync(join(build, 'build.ninja'))) {
    // CMake refuses the cache of a folder that was moved, and keeps options that are gone.
    rmSync(build, { recursive: true, force: true });
    mkdirSync(build, { recursive: true });
    run('cmake', args, quiet);
    writeFileSync(stamp, wanted);
  }
  run('ninja', ['-C', build, '-j', String(availableParallelism()), ...targets], quiet);
  return build;
}
