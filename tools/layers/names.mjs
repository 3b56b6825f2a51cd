// Headers of the engine declare a type of a namespace once. Two of one name, each in its own
// header, compile and link; then a member of one may be called on an object of the other, wherever
// the compiler did not inline it.

import { lineOf } from '../lib/source-text.mjs';

const engine = 'packages/native/engine/';
/** At the start of a line: of a namespace, not of a class. */
const typePattern = /^(?:class|struct|enum class|enum)\s+([A-Z]\w+)(?:\s+final)?[^;{()]*\{/gm;
const namespacePattern = /^(?:inline )?namespace ([\w:]+) \{/m;

/** @returns {{ path: string, line: number, message: string }[]} */
export function checkNames(sources) {
  const declared = new Map();
  const violations = [];
  for (const source of sources) {
    const { path, bare } = source;
    if (!path.startsWith(engine) || !path.endsWith('.h')) continue;
    const space = namespacePattern.exec(bare)?.[1] ?? '';
    for (const match of bare.matchAll(typePattern)) {
      const name = `${space}::${match[1]}`;
      const other = declared.get(name);
      if (other === undefined) {
        declared.set(name, path);
        continue;
      }
      const message = `${name}: declared in ${other.slice(engine.length)}, too`;
      violations.push({ path, line: lineOf(source, match.index), message });
    }
  }
  return violations;
}
