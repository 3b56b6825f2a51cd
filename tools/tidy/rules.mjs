// The rules every source file is held to, one function each: it answers the lines where the file
// breaks the rule, and what to do.

import { lineOf } from '../lib/source-text.mjs';
import { cppFunctions, scriptFunctions } from './functions.mjs';

export const fileLinesMax = 500;
export const functionLinesMax = 70;
export const lineCharactersMax = 100;

/** @typedef {{ line: number, message: string }} Finding */

export const isScript = (path) => /\.(ts|tsx|mjs|js)$/.test(path);
export const isCpp = (path) => /\.(cc|h)$/.test(path);

export function fileSize({ lines }) {
  const count = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  if (count <= fileLinesMax) return [];
  return [{ line: count, message: `${count} lines; a file has at most ${fileLinesMax}` }];
}

export function functionSize(source) {
  const functions = isCpp(source.path) ? cppFunctions(source) : scriptFunctions(source);
  return functions
    .filter((one) => one.lines > functionLinesMax)
    .map(({ line, lines }) => ({
      line,
      message: `a function of ${lines} lines; at most ${functionLinesMax}`,
    }));
}

function eachLine(source, test, message) {
  const found = [];
  for (const [index, line] of source.lines.entries())
    if (test(line)) found.push({ line: index + 1, message });
  return found;
}

export function lineLength(source) {
  // The tables of the schema: one entry, one line.
  if (source.path.startsWith('packages/protocol/schema/')) return [];
  const tooLong = (line) => [...line].length > lineCharactersMax && !/https?:\/\/\S{60}/.test(line);
  return eachLine(source, tooLong, `a line has at most ${lineCharactersMax} characters`);
}

export function whitespace(source) {
  const found = eachLine(source, (line) => /[ \t\r]$/.test(line), 'space at the end of a line');
  found.push(...eachLine(source, (line) => line.includes('\t'), 'a tab'));
  if (source.text !== '' && !source.text.endsWith('\n'))
    found.push({ line: source.lines.length, message: 'the last line is not ended' });
  return found;
}

export function unfinished(source) {
  const test = (line) => /\b(?:T[O]DO|F[I]XME|X[X]X|H[A]CK)\b/.test(line);
  return eachLine(source, test, 'unfinished work belongs in an issue, not in the code');
}

export function machinePaths(source) {
  const test = (line) => /(?<![\w.])\/(?:home|Users|root|work)\/\w|[A-Z]:\\\\?Users/.test(line);
  return eachLine(source, test, "a path of somebody's machine");
}

/** kebab-case for scripts, pages and documents; snake_case for C++. */
export function fileName({ path }) {
  const name = path.split('/').at(-1);
  if (isCpp(path)) {
    if (/^[a-z0-9]+(_[a-z0-9]+)*\.(cc|h)$/.test(name)) return [];
    return [{ line: 1, message: `${name} is not snake_case` }];
  }
  if (/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)+$/.test(name)) return [];
  if (/^(README|CHANGELOG|LICENSE|NOTICE)\.md$|^CMakeLists\.txt$/.test(name)) return [];
  return [{ line: 1, message: `${name} is not kebab-case` }];
}

/**
 * A file opens with a comment of at least a few words. What stands beside the file that says it
 * needs none: the implementation of a header, and the tests of a file.
 */
export function openingComment({ path, text, beside = [] }) {
  const told = path
    .split('/')
    .at(-1)
    .replace(/(_test|_fuzz|_bench)?\.cc$/, '.h')
    .replace(/\.test\.(ts|mjs)$/, '.$1');
  if (beside.includes(told)) return [];
  const start = text
    .replace(/^#!.*\n/, '')
    .replace(/^<!doctype html>\s*/i, '')
    .trimStart();
  const pattern = path.endsWith('.html')
    ? /^<!--([\s\S]*?)-->/
    : /^((?:\/\/.*\n?)+|\/\*[\s\S]*?\*\/)/;
  const words = pattern.exec(start)?.[1].match(/\w+/g) ?? [];
  if (words.length >= 4) return [];
  return [{ line: 1, message: 'the file does not open with a comment that says what it is' }];
}

function eachMatch(source, pattern, message) {
  return [...source.bare.matchAll(pattern)].map((match) => ({
    line: lineOf(source, match.index + match[0].search(/\S/)),
    message,
  }));
}

export function defaultExport(source) {
  return eachMatch(source, /\bexport\s+default\b|\bas\s+default\b/g, 'a default export');
}

export function anyType(source) {
  const pattern = /(?:[:<|&,]|=>|\bas)\s*any\b(?!\s*[(:.=])|\bany\s*\[\s*\]/g;
  return eachMatch(source, pattern, 'the type any');
}

export function enumeration(source) {
  return eachMatch(source, /(?<![\w.])(?:const\s+)?enum\s+[A-Z]\w*\s*\{/g, 'an enum');
}

const everywhere = [lineLength, whitespace, unfinished, machinePaths, fileName];
const code = [fileSize, functionSize, openingComment];

/** The rules for a file. */
export function rulesFor(path) {
  if (/\.(ts|tsx)$/.test(path))
    return [...everywhere, ...code, defaultExport, anyType, enumeration];
  if (isScript(path)) return [...everywhere, ...code, defaultExport];
  if (isCpp(path)) return [...everywhere, ...code];
  if (/\.(css|html)$/.test(path)) return [...everywhere, fileSize, openingComment];
  if (path.endsWith('.md')) return [fileName, unfinished, machinePaths, whitespace];
  if (/\.(cmake|txt|sh|yml|yaml|toml)$/.test(path)) return [whitespace, unfinished, machinePaths];
  return [];
}
