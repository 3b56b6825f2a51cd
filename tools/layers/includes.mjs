// Every file of the engine includes what it names. Why a rule: files are compiled several at a time
// (NDTS_UNITY), where a neighbour's includes hide a missing one until the neighbours change.
//
// Names are types that one header of the engine declares, and nobody else under the same name: of
// the others text alone does not say which is meant. Reached through another header is included.

import { lineOf } from '../lib/source-text.mjs';
import { findIncludes } from './cpp.mjs';

const engine = 'packages/native/engine/';
/** At the start of a line: of a namespace, not of a class. */
const typePattern = /^(?:class|struct|enum class)\s+([A-Z]\w+)(?:\s+final)?[^;{()]*\{/gm;
const aliasPattern = /^using\s+([A-Z]\w+)\s*=/gm;
/** Anywhere: also in classes and as parameters of templates. */
const anyPattern = /\b(?:class|struct|using|typename|auto)\s+([A-Z]\w+)(?!\w*\s*;)/g;
/** `class X;` says that only a pointer is needed. */
const forwardPattern = /^\s*(?:class|struct)\s+([A-Z]\w+)\s*;/gm;
/** Words that test macros take are no types. */
const testMacro = /^(?:TEST\w*|INSTANTIATE_TEST_SUITE_P)\(\w+/gm;

function namesOf(text, pattern) {
  return [...text.matchAll(pattern)].map((match) => match[1]);
}

function add(map, name, path) {
  map.set(name, (map.get(name) ?? new Set()).add(path));
}

/** @returns {Map<string, string>} of each type that is declared once, the header */
function onlyDeclarations(sources) {
  const headers = new Map();
  const anywhere = new Map();
  for (const { path, bare } of sources) {
    for (const name of namesOf(bare, anyPattern)) add(anywhere, name, path);
    if (!path.endsWith('.h') || path.endsWith('_bench.h')) continue;
    for (const pattern of [typePattern, aliasPattern])
      for (const name of namesOf(bare, pattern)) add(headers, name, path);
  }
  const once = [...headers].filter(
    ([name, paths]) => paths.size === 1 && (anywhere.get(name)?.size ?? 0) <= 1,
  );
  return new Map(once.map(([name, paths]) => [name, [...paths][0]]));
}

/** The file itself and all that it includes, through whatever. */
function reachable(path, included) {
  const seen = new Set();
  const waiting = [path];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    waiting.push(...(included.get(next) ?? []));
  }
  return seen;
}

/** @returns {{ path: string, line: number, message: string }[]} */
export function checkIncludes(allSources) {
  const sources = allSources.filter((one) => one.path.startsWith(engine));
  const declared = onlyDeclarations(sources);
  const included = new Map(
    sources.map((one) => [one.path, findIncludes(one).map(({ header }) => engine + header)]),
  );
  const violations = [];
  for (const source of sources) {
    const seen = reachable(source.path, included);
    const text = source.bare.replace(testMacro, (match) => ' '.repeat(match.length));
    const told = new Set(namesOf(source.bare, forwardPattern));
    for (const match of text.matchAll(/\b[A-Z]\w+\b/g)) {
      const header = declared.get(match[0]);
      if (header === undefined || seen.has(header) || told.has(match[0])) continue;
      told.add(match[0]);
      const message = `${match[0]}: not included: "${header.slice(engine.length)}"`;
      violations.push({ path: source.path, line: lineOf(source, match.index), message });
    }
  }
  return violations;
}
