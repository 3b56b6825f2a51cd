// Finds functions and how long they are by following braces through the text with strings and
// comments blanked. It knows as much of each language as is needed to tell the body of a function
// from every other block; a function handed to describe() or suite() is a container, not counted.

import { lineOf } from '../lib/source-text.mjs';

/** @typedef {{ line: number, lines: number }} FunctionSize */

const blocks = /^(?:if|for|while|switch|catch|with|constexpr)$/;

/** The index of the bracket that opens what closes at `close`. */
function openOf(bare, close, open, shut) {
  let depth = 0;
  for (let index = close; index >= 0; index -= 1) {
    if (bare[index] === shut) depth += 1;
    if (bare[index] === open) depth -= 1;
    if (depth === 0) return index;
  }
  return -1;
}

function lastCharacter(bare, before) {
  let index = before - 1;
  while (index >= 0 && /\s/.test(bare[index])) index -= 1;
  return index;
}

function wordBefore(bare, index) {
  return /([\w$.]*)\s*$/.exec(bare.slice(Math.max(0, index - 80), index))?.[1] ?? '';
}

/** The start of the parameters whose `)` is at `close`, if they are those of a function. */
function parametersAt(bare, close) {
  const open = openOf(bare, close, '(', ')');
  return open >= 0 && !blocks.test(wordBefore(bare, open)) ? open : -1;
}

/** A return type between the parameters and the body: `): Map<string, number[]> {`. */
function closeBeforeType(bare, brace) {
  if (/\bclass\b[^;{}()]*$/.test(bare.slice(Math.max(0, brace - 200), brace))) return -1;
  let index = lastCharacter(bare, brace);
  for (let steps = 0; index >= 0 && steps < 400; steps += 1) {
    const character = bare[index];
    if (character === ':') {
      const close = lastCharacter(bare, index);
      if (bare[close] === ')') return close;
    }
    if (character === '}') index = openOf(bare, index, '{', '}') - 1;
    else if (character === ')') index = openOf(bare, index, '(', ')') - 1;
    else if (/[\w\s.<>|&[\],'"?:=$]/.test(character)) index -= 1;
    else return -1;
  }
  return -1;
}

/** Is this the callback of describe() or suite()? */
function isContainer(bare, index) {
  return /\b(?:describe|suite)\s*\([^{};]*$/.test(bare.slice(Math.max(0, index - 160), index));
}

/** Where the function whose body opens at `brace` starts, or -1 when it is no function. */
function scriptFunction(bare, brace) {
  const before = lastCharacter(bare, brace);
  if (before < 0) return -1;
  if (bare.slice(before - 1, before + 1) === '=>') {
    const close = lastCharacter(bare, before - 1);
    if (bare[close] === ')') return openOf(bare, close, '(', ')');
    const typed = closeBeforeType(bare, before - 1);
    return typed === -1 ? close : openOf(bare, typed, '(', ')');
  }
  if (bare[before] === ')') return parametersAt(bare, before);
  if (bare[before] === ':' || bare[before] === '=') return -1;
  const close = closeBeforeType(bare, brace);
  return close === -1 ? -1 : parametersAt(bare, close);
}

/** @returns {FunctionSize[]} of TypeScript or JavaScript */
export function scriptFunctions(source) {
  const { bare } = source;
  const open = [];
  const found = [];
  for (let index = 0; index < bare.length; index += 1) {
    if (bare[index] === '{') {
      const start = scriptFunction(bare, index);
      open.push(start === -1 || isContainer(bare, start) ? -1 : start);
    }
    if (bare[index] !== '}') continue;
    const start = open.pop() ?? -1;
    if (start === -1) continue;
    const line = lineOf(source, start);
    found.push({ line, lines: lineOf(source, index) - line + 1 });
  }
  return found;
}

const scopes = /\b(?:namespace|class|struct|union|enum|extern)\b/;

/** What stands between the last `;`, `{` or `}` and this brace. */
function headerOf(bare, brace) {
  let index = brace - 1;
  let depth = 0;
  for (; index >= 0; index -= 1) {
    if (bare[index] === ')') depth += 1;
    if (bare[index] === '(') depth -= 1;
    if (depth === 0 && /[;{}]/.test(bare[index])) break;
  }
  return { text: bare.slice(index + 1, brace), start: index + 1 };
}

function isCppFunction(text) {
  if (!text.includes('(')) return false;
  const head = text.replace(/\btemplate\s*<[^{}]*?>\s*(?=\w)/g, ' ');
  if (scopes.test(head.slice(0, head.indexOf('(')))) return /\boperator\b/.test(head);
  return !/=\s*$/.test(head);
}

/** @returns {FunctionSize[]} of C++; a lambda counts as part of its function */
export function cppFunctions(source) {
  const bare = source.bare.replace(/^[ \t]*#.*(?:\\\n.*)*$/gm, (text) =>
    text.replace(/[^\n]/g, ' '),
  );
  const open = [];
  const found = [];
  let last;
  for (let index = 0; index < bare.length; index += 1) {
    if (bare[index] === '{') {
      const { text, start } = headerOf(bare, index);
      const inside = open.some((one) => one.function);
      // A constructor's initialisers in braces come before its body: `A() : a_{1}, b_{2} {`.
      const goesOn = last !== undefined && /^\s*(?:,[^=]*)?$/.test(text) && last.end + 1 === start;
      const isFunction = !inside && (isCppFunction(text) || goesOn);
      const from = goesOn ? last.start : start + text.search(/\S|$/);
      open.push({ function: isFunction, start: from });
    }
    if (bare[index] !== '}') continue;
    const one = open.pop();
    if (one?.function !== true) continue;
    last = { start: one.start, end: index };
    const line = lineOf(source, one.start);
    found.push({ line, lines: lineOf(source, index) - line + 1 });
  }
  return found;
}
