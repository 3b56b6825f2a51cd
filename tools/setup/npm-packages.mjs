// Whether node_modules is what package-lock.json says, and `npm ci` when it is not. Two looks: the
// hash of the lockfile at the last install; else npm's own record of what it installed, so that a
// folder installed by hand is not installed again.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProcess } from '../lib/run-process.mjs';

const stampName = 'node_modules/.ndts-lock';

function lockStamp(root) {
  const text = readFileSync(join(root, 'package-lock.json'));
  const hash = createHash('sha256').update(text).digest('hex');
  return `${hash} ${process.platform} ${process.arch}\n`;
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Does npm's record of the install hold every package of the lockfile in its version? */
export function sameAsLock(lock, installed) {
  for (const [path, wanted] of Object.entries(lock.packages ?? {})) {
    if (path === '') continue;
    const found = installed.packages?.[path];
    if (found === undefined) {
      // Another platform's build of an optional package is never installed.
      if (wanted.optional === true) continue;
      return false;
    }
    if (found.version !== wanted.version || found.link !== wanted.link) return false;
    const own = JSON.stringify(wanted.dependencies ?? {});
    if (JSON.stringify(found.dependencies ?? {}) !== own) return false;
  }
  return true;
}

function recordMatches(root) {
  const record = readText(join(root, 'node_modules/.package-lock.json'));
  if (record === '') return false;
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  if (!sameAsLock(lock, JSON.parse(record))) return false;
  return Object.entries(lock.packages)
    .filter(([path, one]) => path.startsWith('node_modules/') && one.optional !== true)
    .every(([path]) => existsSync(join(root, path)));
}

/**
 * @returns {Promise<string>} empty when all is installed, else the one message why not
 */
export async function installNpmPackages(root, print) {
  const stamp = lockStamp(root);
  const stampPath = join(root, stampName);
  if (readText(stampPath) === stamp) return '';
  if (recordMatches(root)) {
    writeFileSync(stampPath, stamp);
    return '';
  }
  print('installing npm packages (npm ci) ...');
  const args = ['ci', '--prefer-offline', '--no-audit', '--no-fund'];
  const result = await runProcess('npm', args, { cwd: root });
  if (result.code !== 0) {
    const said = result.output.split('\n').filter((line) => /^npm error \S/.test(line));
    const why = said.length > 0 ? said : result.output.trim().split('\n');
    return `npm ci failed (code ${result.code}):\n  ${why.slice(0, 8).join('\n  ')}`;
  }
  writeFileSync(stampPath, stamp);
  return '';
}
