// The docs checker: what the documents name exists, and what must be documented is.
//
//   node tools/docs.mjs [folder]    list what is wrong; exit code 1 when anything is

import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { documentChecks, requiredDocuments } from './docs/checks.mjs';
import { readMarkdown } from './docs/markdown.mjs';
import { listFiles, readJson } from './lib/projects.mjs';
import { root } from './lib/root.mjs';
import { systemPackages } from './setup/system-packages.mjs';

const folders = ['docs', 'packages', 'apps', 'test', 'tools', 'deploy'];

/** npm dependencies of ours and who declares them. */
export function findDependencies(base, paths) {
  const found = new Map();
  const manifests = paths.filter((path) => path.endsWith('/package.json'));
  for (const path of [join(base, 'package.json'), ...manifests]) {
    const { name, dependencies, devDependencies, optionalDependencies } = readJson(path);
    const all = { ...dependencies, ...devDependencies, ...optionalDependencies };
    for (const one of Object.keys(all))
      if (!one.startsWith('@ndts/')) found.set(one, [...(found.get(one) ?? []), name]);
  }
  return found;
}

async function readConfigKeys(base) {
  const file = join(base, 'packages/protocol/schema/config.mjs');
  if (!existsSync(file)) return [];
  const { configKeys } = await import(pathToFileURL(file).href);
  return configKeys.map((one) => one.key);
}

async function readFacts(base, paths) {
  const sources = paths.filter((path) => /\.(ts|mjs|cc|h|txt)$/.test(path));
  const documents = [join(base, 'README.md'), ...paths]
    .filter((path) => path.endsWith('.md') && existsSync(path))
    .map((path) => ({
      path: relative(base, path).replaceAll('\\', '/'),
      parts: readMarkdown(readFileSync(path, 'utf8')),
    }));
  return {
    base,
    documents,
    configKeys: await readConfigKeys(base),
    scripts: Object.keys(readJson(join(base, 'package.json')).scripts ?? {}),
    sourceText: sources.map((path) => readFileSync(path, 'utf8')).join('\n'),
    dependencies: findDependencies(base, paths),
    systemPackages: systemPackages.map((one) => one.name),
  };
}

/**
 * @param {string} base the root of a repository
 * @returns {Promise<{ files: number,
 *   violations: { path: string, line: number, message: string }[] }>}
 */
export async function checkDocs(base) {
  const present = folders.filter((one) => existsSync(join(base, one)));
  const facts = await readFacts(
    base,
    present.flatMap((one) => listFiles(join(base, one))),
  );
  const violations = requiredDocuments
    .filter((path) => !existsSync(join(base, path)))
    .map((path) => ({ path, line: 1, message: 'this document is missing' }));
  for (const document of facts.documents)
    for (const check of documentChecks)
      for (const finding of check(document, facts))
        violations.push({ path: document.path, ...finding });
  return { files: facts.documents.length, violations };
}

async function main() {
  const { files, violations } = await checkDocs(process.argv[2] ?? root);
  for (const { path, line, message } of violations) console.log(`${path}:${line}: ${message}`);
  console.log(`docs: ${files} documents, ${violations.length} violations`);
  if (violations.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
