// Completes package-lock.json with the builds of optional packages for other platforms. Why: npm
// writes only what the registry at hand serves, and a registry that serves one platform leaves the
// others out; `npm ci` then refuses the lockfile everywhere. What is added names the exact version
// its parent asks for and the platform it is for, so nothing is fetched where it does not fit.
//
//   node tools/lock-platforms.mjs    write what is missing (after npm install)

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './lib/root.mjs';

const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const processors = ['arm64', 'x64', 'ia32', 'arm', 'ppc64', 'riscv64', 's390x', 'loong64'];

/** The platform in a name like `@scope/binding-linux-arm64-musl`. */
export function platformOf(name) {
  const words = name.split('/').at(-1).split('-');
  const system = systems.find((one) => words.includes(one));
  const processor = processors.find((one) => words.includes(one));
  if (system === undefined || processor === undefined) return undefined;
  const platform = { os: [system], cpu: [processor] };
  if (system !== 'linux') return platform;
  return { ...platform, libc: [words.some((one) => one.startsWith('musl')) ? 'musl' : 'glibc'] };
}

/** Where npm would look for `name` from the package at `path`: beside it, or at the top. */
function isLocked(packages, path, name) {
  return `${path}/node_modules/${name}` in packages || `node_modules/${name}` in packages;
}

/** @returns {Record<string, object>} lock entries of builds for other platforms that are missing */
export function missingPlatforms(lock) {
  const missing = {};
  for (const [path, one] of Object.entries(lock.packages))
    for (const [name, version] of Object.entries(one.optionalDependencies ?? {})) {
      const platform = platformOf(name);
      if (platform === undefined || isLocked(lock.packages, path, name)) continue;
      const { cpu, libc, os } = platform;
      const entry = { version, cpu, optional: true, os, ...(libc === undefined ? {} : { libc }) };
      missing[`node_modules/${name}`] = one.dev === true ? { ...entry, dev: true } : entry;
    }
  return missing;
}

function main() {
  const path = join(root, 'package-lock.json');
  const lock = JSON.parse(readFileSync(path, 'utf8'));
  const missing = missingPlatforms(lock);
  const packages = Object.entries({ ...lock.packages, ...missing });
  // npm's own order, so that its next write changes nothing else.
  packages.sort(([a], [b]) => a.localeCompare(b, 'en'));
  lock.packages = Object.fromEntries(packages);
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`package-lock.json: added ${Object.keys(missing).length} builds of other platforms`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
