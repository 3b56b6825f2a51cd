// The tidy checker: sizes, names, opening comments and what does not belong in the tree. Generated
// files are left out; their generator is checked instead.
//
//   node tools/tidy.mjs [folder]    list what breaks a rule; exit code 1 when anything does

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listFiles } from './lib/projects.mjs';
import { root } from './lib/root.mjs';
import { splitSource } from './lib/source-text.mjs';
import { rulesFor } from './tidy/rules.mjs';

const folders = ['packages', 'apps', 'test', 'tools', 'docs', 'deploy'];

function isGenerated(name, text) {
  return name.includes('/generated/') || /^.*\n+<!-- Generated /.test(text);
}

/** @returns {{ files: string[], violations: { path: string, line: number, message: string }[] }} */
export function checkTidy(base) {
  const present = folders.filter((one) => existsSync(join(base, one)));
  const files = [];
  const violations = [];
  for (const path of present.flatMap((one) => listFiles(join(base, one)))) {
    const name = relative(base, path).replaceAll('\\', '/');
    const rules = rulesFor(name);
    if (rules.length === 0) continue;
    const text = readFileSync(path, 'utf8');
    if (isGenerated(name, text)) continue;
    files.push(name);
    const beside = readdirSync(dirname(path)).filter((one) => one !== basename(path));
    const source = { ...splitSource(name, text), beside };
    for (const rule of rules)
      for (const finding of rule(source)) violations.push({ path: name, ...finding });
  }
  return { files, violations };
}

/** A checker that looked at next to nothing found nothing: that is not a pass. */
function looksTooSmall(files) {
  const count = (pattern) => files.filter((name) => pattern.test(name)).length;
  return count(/\.ts$/) < 20 || count(/\.(cc|h)$/) < 10 || count(/^tools\/.*\.mjs$/) < 10;
}

function main() {
  const base = process.argv[2] ?? root;
  const { files, violations } = checkTidy(base);
  for (const { path, line, message } of violations) console.log(`${path}:${line}: ${message}`);
  console.log(`tidy: ${files.length} files, ${violations.length} violations`);
  if (violations.length > 0) process.exitCode = 1;
  if (base === root && looksTooSmall(files)) {
    console.log('tidy: too few files were found to call this a check');
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
