// The words of an SQL text, with their places: enough to find clauses and to replace parts of the
// text, not to understand it. Comments and blanks are left out.
//
// Always: tokens do not overlap and come in order; a text that is not well formed (an open quote)
// is INVALID_SQL with its place.

import { SqlError } from './sql-error.js';

export type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'parameter' | 'sign';

export interface Token {
  readonly kind: TokenKind;
  /** As it stands in the text. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const wordPattern = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const numberPattern = /(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const parameterPattern = /\$[\p{L}\p{N}_]+|\?\d*/uy;
const dollarPattern = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;
const blankPattern = /\s+/y;

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/** Behind a comment, which may hold comments. */
function endOfComment(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const pair = text.slice(at, at + 2);
    if (pair === '/*') depth += 1;
    else if (pair === '*/') depth -= 1;
    else continue;
    at += 1;
    if (depth === 0) return at + 1;
  }
  throw SqlError.at(text, start, 'this comment has no end');
}

/** Behind a text in quotes; a quote in it is written twice, or with a backslash in E'...'. */
function endOfQuoted(text: string, start: number, escapes: boolean): number {
  const quote = text[start];
  for (let at = start + 1; at < text.length; at += 1) {
    if (escapes && text[at] === '\\') at += 1;
    else if (text[at] === quote && text[at + 1] === quote) at += 1;
    else if (text[at] === quote) return at + 1;
  }
  throw SqlError.at(text, start, 'this quote has no end');
}

function endOfDollarQuoted(text: string, start: number, mark: string): number {
  const end = text.indexOf(mark, start + mark.length);
  if (end < 0) throw SqlError.at(text, start, 'this quote has no end');
  return end + mark.length;
}

function skipBlank(text: string, at: number): number {
  const blank = matchAt(blankPattern, text, at);
  if (blank !== undefined) return at + blank.length;
  if (text.startsWith('--', at)) {
    const end = text.indexOf('\n', at);
    return end < 0 ? text.length : end + 1;
  }
  return text.startsWith('/*', at) ? endOfComment(text, at) : at;
}

function tokenAt(text: string, start: number): Token {
  const make = (kind: TokenKind, end: number): Token => {
    return { kind, text: text.slice(start, end), start, end };
  };
  const first = text[start] ?? '';
  if (first === "'") return make('string', endOfQuoted(text, start, false));
  if (first === '"') return make('quoted', endOfQuoted(text, start, false));
  if (/^[eE]'/.test(text.slice(start, start + 2)))
    return make('string', endOfQuoted(text, start + 1, true));
  const mark = matchAt(dollarPattern, text, start);
  if (mark !== undefined) return make('string', endOfDollarQuoted(text, start, mark));
  for (const [kind, pattern] of [
    ['parameter', parameterPattern],
    ['word', wordPattern],
    ['number', numberPattern],
  ] as const) {
    const found = matchAt(pattern, text, start);
    if (found !== undefined) return make(kind, start + found.length);
  }
  return make('sign', start + 1);
}

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const behind = skipBlank(text, at);
    if (behind > at) {
      at = behind;
      continue;
    }
    const token = tokenAt(text, at);
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

/** Whether the token is this word of the language, whatever its case. */
export function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toLowerCase() === word;
}

export function isSign(token: Token | undefined, sign: string): boolean {
  return token?.kind === 'sign' && token.text === sign;
}

/** The name that a token stands for; undefined: it is none. */
export function nameOf(token: Token | undefined): string | undefined {
  if (token?.kind === 'word') return token.text;
  if (token?.kind === 'quoted') return token.text.slice(1, -1).replaceAll('""', '"');
  return undefined;
}

/** A name as SQL has it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
