// The layer rules that hold in C++: what the engine may include, and that nothing ambient is read.

import { posix } from 'node:path';
import { lineOf } from '../lib/source-text.mjs';
import { ambientCpp, nodeHeaders } from './rules.mjs';

const native = 'packages/native/';
const includePattern = /^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)[>"]/gm;

/** @returns {{ header: string, line: number }[]} */
export function findIncludes(source) {
  return [...source.code.matchAll(includePattern)].map((match) => ({
    header: match[1],
    line: lineOf(source, match.index + match[0].search(/\S/)),
  }));
}

function brokenInclude(path, header) {
  const inEngine = path.startsWith(`${native}engine/`);
  if (nodeHeaders.test(posix.basename(header))) {
    if (inEngine) return 'the engine does not see Node';
    if (!path.startsWith(`${native}binding/`)) return 'only native/binding includes Node-API';
  }
  if (header.startsWith('rdma/') && !path.startsWith(`${native}engine/fabric/`))
    return 'only engine/fabric includes rdma/*';
  if (inEngine && /(^|\/)(binding|inspect)\//.test(header))
    return 'the engine does not include what is built on it';
  return undefined;
}

/** Tests, fuzz targets and benches drive the engine and may use threads and clocks. */
export function isAmbientFree(path) {
  return path.startsWith(native) && !/_(test|fuzz|bench)\.(cc|h)$/.test(path);
}

/** Uses of ambient things in a C++ source. @returns {{ line: number, name: string }[]} */
export function findAmbient(source) {
  const found = [];
  for (const { name, pattern } of ambientCpp)
    for (const match of source.bare.matchAll(pattern))
      found.push({ line: lineOf(source, match.index + match[0].search(/\S/)), name });
  return found;
}

/** @returns {{ path: string, line: number, message: string }[]} */
export function checkCpp(source) {
  const violations = [];
  for (const { header, line } of findIncludes(source)) {
    const message = brokenInclude(source.path, header);
    if (message !== undefined)
      violations.push({ path: source.path, line, message: `${header}: ${message}` });
  }
  return violations;
}
