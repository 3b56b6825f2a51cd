// Arrays, as parameters and as literals: PostgreSQL's text and binary form of them. SQL here has
// lists instead, and reads `= ANY('{a,b}')` as a text that nothing can be taken from.
//
// Always: an array of one dimension; what is none is an error, never a text in its place.

import type { Edit } from '../sql/edits.js';
import { isSign, isWord, type Token, tokensOf } from '../sql/tokens.js';
import { PostgresError } from './postgres-error.js';
import { arrayTypes, type PostgresType, typeOfOid } from './types.js';

/** In the form that its element's type has. */
export type ArrayItem = Buffer | null;

/** An array has no more than this. */
const itemsMax = 1_000_000;

function malformed(text: string, why: string): PostgresError {
  const shown = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  return new PostgresError('22P02', `malformed array literal: "${shown}"`, { detail: why });
}

/** {1,2,NULL,"a, b"}, with bounds in front or not. */
function wordsOfText(text: string): (string | null)[] {
  const body = /^\s*(?:\[[+-]?\d+:[+-]?\d+\]\s*=\s*)?\{(.*)\}\s*$/s.exec(text)?.[1];
  if (body === undefined) throw malformed(text, 'an array stands in braces');
  if (body.trim() === '') return [];
  const words: (string | null)[] = [];
  // A text in quotes, or one without; then a comma or the end.
  const item = /\s*(?:"((?:[^"\\]|\\.)*)"|((?:[^"\\{},]|\\.)*))\s*(,|$)/sy;
  for (;;) {
    const start = item.lastIndex;
    const found = item.exec(body);
    if (found === null) {
      if (/^\s*\{/.test(body.slice(start)))
        throw new PostgresError('0A000', 'arrays of more than one dimension are not supported');
      throw malformed(text, `an item is not understood: ${body.slice(start, start + 20)}`);
    }
    const [, inQuotes, plain = '', sign] = found;
    const word = inQuotes ?? plain.trimEnd();
    if (inQuotes === undefined && word === '') throw malformed(text, 'an item is missing');
    const isNull = inQuotes === undefined && word.toLowerCase() === 'null';
    words.push(isNull ? null : word.replace(/\\(.)/gs, '$1'));
    if (words.length > itemsMax) throw tooMany();
    if (sign !== ',') return words;
  }
}

function tooMany(): PostgresError {
  return new PostgresError('54000', 'an array may have a million items');
}

export function itemsOfText(text: string): ArrayItem[] {
  return wordsOfText(text).map((word) => (word === null ? null : Buffer.from(word, 'utf8')));
}

export function itemsOfBinary(bytes: Buffer, type: PostgresType): ArrayItem[] {
  const wrong = (why: string): PostgresError =>
    new PostgresError('22P03', `incorrect binary data format for type ${type.sqlName}: ${why}`);
  if (bytes.length < 12) throw wrong('it has no head');
  const dimensions = bytes.readInt32BE(0);
  const element = bytes.readUInt32BE(8);
  if (element !== type.element?.oid)
    throw new PostgresError(
      '42804',
      `expected an array of ${type.element?.sqlName}, found one of ` +
        (typeOfOid(element)?.sqlName ?? `the type with OID ${element}`),
    );
  if (dimensions === 0) return [];
  if (dimensions !== 1)
    throw new PostgresError('0A000', 'arrays of more than one dimension are not supported');
  if (bytes.length < 20) throw wrong('it has no dimension');
  const count = bytes.readInt32BE(12);
  if (count < 0 || count * 4 > bytes.length - 20) throw wrong('it has fewer items than it says');
  if (count > itemsMax) throw tooMany();
  const items: ArrayItem[] = [];
  let at = 20;
  for (let item = 0; item < count; item += 1) {
    const length = at + 4 <= bytes.length ? bytes.readInt32BE(at) : -2;
    at += 4;
    if (length < -1 || at + length > bytes.length) throw wrong('an item ends behind it');
    items.push(length < 0 ? null : bytes.subarray(at, at + length));
    at += Math.max(0, length);
  }
  if (at !== bytes.length) throw wrong('something stands behind its items');
  return items;
}

function isAny(token: Token | undefined): boolean {
  return isWord(token, 'any') || isWord(token, 'all') || isWord(token, 'some');
}

/** The text with `x = ANY($1)` as `x = ($1)`, whose parameter is of the type of an item, and which
 * parameters those are. Places stay. */
export function withoutAny(text: string): { text: string; lists: ReadonlySet<number> } {
  const lists = new Set<number>();
  const tokens = tokensOf(text);
  let made = text;
  for (const [at, token] of tokens.entries()) {
    const [open, parameter, close] = tokens.slice(at + 1, at + 4);
    if (!isAny(token) || !isSign(open, '(') || parameter?.kind !== 'parameter') continue;
    if (!isSign(close, ')')) continue;
    lists.add(Number(parameter.text.slice(1)));
    const blank = ' '.repeat(token.end - token.start);
    made = made.slice(0, token.start) + blank + made.slice(token.end);
  }
  return { text: made, lists };
}

/** What `$1::timestamptz[]` says of its parameter: SQL does not tell of every type. */
export function castLists(text: string): ReadonlyMap<number, PostgresType> {
  const tokens = tokensOf(text);
  const found = new Map<number, PostgresType>();
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== 'parameter' || !isSign(tokens[at + 1], ':')) continue;
    const end = typeEnd(tokens, at + 3);
    const words = tokens.slice(at + 3, end).map((word) => word.text.toLowerCase());
    const type = isSign(tokens[end], '[') ? arrayOfName(words.join(' ')) : undefined;
    if (type !== undefined) found.set(Number(token.text.slice(1)), type);
  }
  return found;
}

function arrayOfName(name: string): PostgresType | undefined {
  return arrayTypes.find(({ element }) => element?.name === name || element?.sqlName === name);
}

/** `= ANY('{a,b}')` as `IN ('a','b')`, and `'{a,b}'::text[]` as `['a','b']::text[]`. */
export function arrayEdits(tokens: readonly Token[]): Edit[] {
  return tokens.flatMap((token, at) => {
    if (token.kind !== 'string' || !/^'\s*(\[[^\]]*\]\s*=\s*)?\{/.test(token.text)) return [];
    const [first, second] = tokens.slice(at + 1, at + 3);
    if (isSign(first, ':') && isSign(second, ':')) {
      const isList = isSign(tokens[typeEnd(tokens, at + 3)], '[');
      return isList ? [{ ...token, text: `[${literals(token)}]` }] : [];
    }
    return isSign(first, ')') && isSign(tokens[at - 1], '(') ? anyEdit(tokens, at) : [];
  });
}

/** Behind the words of a type: `double precision`, `timestamp with time zone`. */
function typeEnd(tokens: readonly Token[], start: number): number {
  let at = start;
  while (tokens[at]?.kind === 'word') at += 1;
  return at;
}

function anyEdit(tokens: readonly Token[], at: number): Edit[] {
  const word = tokens[at - 2];
  const isEqual = isSign(tokens[at - 3], '=') && !/[<>!=]/.test(tokens[at - 4]?.text ?? '');
  const isOther = isSign(tokens[at - 3], '>') && isSign(tokens[at - 4], '<');
  const list = literals(tokens[at]!) || 'SELECT NULL WHERE false';
  const end = tokens[at + 1]!.end;
  if (isEqual && (isWord(word, 'any') || isWord(word, 'some')))
    return [{ start: tokens[at - 3]!.start, end, text: `IN (${list})` }];
  if (isOther && isWord(word, 'all'))
    return [{ start: tokens[at - 4]!.start, end, text: `NOT IN (${list})` }];
  return [];
}

function literals(token: Token): string {
  const words = wordsOfText(token.text.slice(1, -1).replaceAll("''", "'"));
  return words
    .map((word) => (word === null ? 'NULL' : `'${word.replaceAll("'", "''")}'`))
    .join(',');
}
