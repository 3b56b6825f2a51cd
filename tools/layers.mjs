// The layer checker: which workspace may import which, through which door, what the engine may
// include, that it includes what it names and names it once, and that nothing reads the ambient
// clock, randomness, environment or threads.
//
//   node tools/layers.mjs [folder]    list what breaks a rule; exit code 1 when anything does

import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './lib/root.mjs';
import { listFiles } from './lib/projects.mjs';
import { splitSource } from './lib/source-text.mjs';
import * as cpp from './layers/cpp.mjs';
import { checkIncludes } from './layers/includes.mjs';
import { checkMarks } from './layers/marks.mjs';
import { checkNames } from './layers/names.mjs';
import * as typescript from './layers/typescript.mjs';

const folders = ['packages', 'apps', 'test'];

function checkFile(source, workspaces) {
  const isCpp = /\.(cc|h)$/.test(source.path);
  const { isAmbientFree, findAmbient } = isCpp ? cpp : typescript;
  const violations = isCpp ? cpp.checkCpp(source) : typescript.checkTypeScript(source, workspaces);
  if (isAmbientFree(source.path)) violations.push(...checkMarks(source, findAmbient(source)));
  return violations;
}

/**
 * @param {string} base the root of a repository
 * @returns {{ files: number, violations: { path: string, line: number, message: string }[] }}
 */
export function checkLayers(base) {
  const files = folders.filter((one) => existsSync(join(base, one)));
  const paths = files.flatMap((one) => listFiles(join(base, one)));
  const manifests = paths.filter((path) => path.endsWith('/package.json'));
  const workspaces = typescript.readWorkspaces(
    base,
    manifests.map((path) => path.slice(0, -'/package.json'.length)),
  );
  const sources = paths
    .filter((path) => /\.(ts|tsx|cc|h)$/.test(path))
    .map((path) =>
      splitSource(relative(base, path).replaceAll('\\', '/'), readFileSync(path, 'utf8')),
    );
  const violations = sources.flatMap((source) => checkFile(source, workspaces));
  violations.push(...checkIncludes(sources), ...checkNames(sources));
  return { files: sources.length, violations };
}

function main() {
  const { files, violations } = checkLayers(process.argv[2] ?? root);
  for (const { path, line, message } of violations) console.log(`${path}:${line}: ${message}`);
  console.log(`layers: ${files} files, ${violations.length} violations`);
  if (violations.length > 0 || files === 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
