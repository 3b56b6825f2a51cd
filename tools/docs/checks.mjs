// What documents may not say: a link to nothing, a folder, script, option or configuration key that
// does not exist, a dependency that is not there or is not explained. One function per rule; each
// answers the lines that break it.

import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { anchorOf, findCode, findHeadings, findLinks } from './markdown.mjs';

/** @typedef {{ path: string, parts: { prose: string[], fenced: string[] } }} Document
 *  @typedef {{ base: string, documents: Document[], configKeys: string[], scripts: string[],
 *   sourceText: string, dependencies: Map<string, string[]>, systemPackages: string[] }} Facts
 *  @typedef {{ line: number, message: string }} Finding */

/** @returns {Finding[]} */
export function checkLinks(document, facts) {
  const found = [];
  for (const { line, target } of findLinks(document.parts)) {
    if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue;
    const [file, anchor] = target.split('#');
    const path = file === '' ? document.path : normalize(join(dirname(document.path), file));
    if (!existsSync(join(facts.base, path)))
      found.push({ line, message: `${target}: no such file` });
    else if (anchor !== undefined && anchor !== '') {
      const other = facts.documents.find((one) => one.path === path);
      const anchors = findHeadings(other?.parts ?? { prose: [] }).map((one) => anchorOf(one.text));
      if (other !== undefined && !anchors.includes(anchor))
        found.push({ line, message: `${target}: no such heading` });
    }
  }
  return found;
}

/** Headings of docs/tick-path.md name the folders the path goes through. */
export function checkPathHeadings(document, facts) {
  if (document.path !== 'docs/tick-path.md') return [];
  const found = [];
  let named = 0;
  for (const { line, text } of findHeadings(document.parts))
    for (const match of text.matchAll(/`([^`]+)`/g)) {
      named += 1;
      if (!existsSync(join(facts.base, match[1])))
        found.push({ line, message: `\`${match[1]}\`: no such folder` });
    }
  if (named === 0) found.push({ line: 1, message: 'no heading names a folder in backticks' });
  return found;
}

/** `NDTS_FEED_SYMBOLS` for feed.symbols, `NDTS_DATA_DIR` for dataDir. */
export function environmentName(key) {
  const words = key.replaceAll('.', '_').replace(/[A-Z]/g, (letter) => `_${letter}`);
  return `NDTS_${words.toUpperCase()}`;
}

/** Environment names, and keys in backticks whose first word is a group of the configuration. */
export function checkConfigNames(document, facts) {
  const found = [];
  const known = new Set(facts.configKeys.map(environmentName));
  const groups = new Set(
    facts.configKeys.filter((key) => key.includes('.')).map((key) => key.split('.')[0]),
  );
  for (const { line, code } of findCode(document.parts)) {
    for (const match of code.matchAll(/\bNDTS_[A-Z0-9_]*[A-Z0-9]\b/g))
      if (!known.has(match[0]) && !facts.sourceText.includes(match[0]))
        found.push({ line, message: `${match[0]}: no such environment name` });
    const key = /^(?:--)?([a-z]+)\.([a-zA-Z]+)(?:[=:\s].*)?$/.exec(code);
    if (key === null || !groups.has(key[1])) continue;
    const isFile = /^(?:ts|js|md|json|log|node|h|cc|mjs|yaml|yml|toml)$/.test(key[2]);
    if (!isFile && !facts.configKeys.includes(`${key[1]}.${key[2]}`))
      found.push({ line, message: `${key[1]}.${key[2]}: no such configuration key` });
  }
  return found;
}

/** Scripts of package.json, and options of our commands: an option must occur in a source. */
export function checkCommands(document, facts) {
  const found = [];
  for (const { line, code } of findCode(document.parts)) {
    for (const match of code.matchAll(/\bnpm run ([\w:-]+)/g))
      if (!facts.scripts.includes(match[1]))
        found.push({ line, message: `npm run ${match[1]}: no such script` });
    if (!/\b(?:npm (?:start|test|run)|ndts|node tools\/)/.test(code)) continue;
    for (const match of code.replace(/#.*$/, '').matchAll(/(?<=\s)--([a-z][\w-]*)(?![\w.-])/g)) {
      const isKey = facts.configKeys.includes(match[1]);
      if (!isKey && !new RegExp(`--${match[1]}(?![\\w-])`).test(facts.sourceText))
        found.push({ line, message: `--${match[1]}: no command has this option` });
    }
  }
  return found;
}

/**
 * Both ways: docs/dependencies.md has one table row per npm dependency, and no other. Debian
 * packages that the set-up installs are named there too.
 */
export function checkDependencies(document, facts) {
  if (document.path !== 'docs/dependencies.md') return [];
  const rows = new Map();
  for (const [index, line] of document.parts.prose.entries()) {
    const name = /^\|\s*`([^`]+)`/.exec(line)?.[1];
    if (name !== undefined) rows.set(name, index + 1);
  }
  const found = [];
  for (const [name, users] of facts.dependencies)
    if (!rows.has(name)) found.push({ line: 1, message: `${name} (${users.join(', ')}): no row` });
  for (const [name, line] of rows)
    if (!facts.dependencies.has(name) && !facts.systemPackages.includes(name))
      found.push({ line, message: `${name}: nothing depends on it` });
  const named = new Set(findCode(document.parts).map((one) => one.code));
  for (const name of facts.systemPackages)
    if (!named.has(name)) found.push({ line: 1, message: `${name} (Debian): not named` });
  return found;
}

/** The documents that must be there. */
export const requiredDocuments = [
  'README.md',
  'docs/architecture.md',
  'docs/tick-path.md',
  'docs/glossary.md',
  'docs/dependencies.md',
];

export const documentChecks = [
  checkLinks,
  checkPathHeadings,
  checkConfigNames,
  checkCommands,
  checkDependencies,
];
