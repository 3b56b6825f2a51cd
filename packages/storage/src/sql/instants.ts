// Instants with a zone, made those without: `now()`, `to_timestamp(x)`, `TIMESTAMPTZ '...'`. Times
// of tables are in UTC and have no zone for the engine, which compares the two kinds only by a
// cast that nobody who writes `time > now() - INTERVAL '5 minutes'` thinks of.
//
// Always: a column that is nothing but such a call keeps its name and type; what stands in front
// of AT TIME ZONE stays as it is.

import type { Edit } from './edits.js';
import { isSign, isWord, type Token } from './tokens.js';

const calls = new Set(['now', 'transaction_timestamp', 'get_current_timestamp', 'to_timestamp']);

/** Edits within none of the others. */
export function instantEdits(tokens: readonly Token[], others: readonly Edit[]): Edit[] {
  const closes = closesOf(tokens);
  return tokens
    .map((token, at) => (token.kind === 'word' ? instantEnd(tokens, at, closes) : -1))
    .filter((last) => last >= 0 && !isWord(tokens[last + 1], 'at'))
    .map((last) => ({ end: tokens[last]!.end, isList: isListEnd(tokens, last) }))
    .filter(({ end }) => others.every((one) => end <= one.start || end >= one.end))
    .map(({ end, isList }) => ({
      start: end,
      end,
      text: isList ? '::TIMESTAMP[]' : '::TIMESTAMP',
    }));
}

/** Of each opening parenthesis the place of what closes it, in one pass; -1: nothing does. */
function closesOf(tokens: readonly Token[]): Int32Array {
  const closes = new Int32Array(tokens.length).fill(-1);
  const open: number[] = [];
  for (const [at, token] of tokens.entries()) {
    if (isSign(token, '(')) open.push(at);
    else if (isSign(token, ')')) closes[open.pop() ?? at] = at;
  }
  return closes;
}

/** The last place of the instant that begins at a word, or of the cast that names its type there;
 * -1: there is none. */
function instantEnd(tokens: readonly Token[], at: number, closes: Int32Array): number {
  if (isSign(tokens[at - 1], '.')) return -1;
  const word = tokens[at]!.text.toLowerCase();
  const isLong = ['timestamp', 'with', 'time', 'zone'].every((one, n) =>
    isWord(tokens[at + n], one),
  );
  if (word === 'timestamptz' || isLong) return typeEnd(tokens, at, isLong ? at + 3 : at);
  const isCall = calls.has(word) && isSign(tokens[at + 1], '(');
  if (!isCall && word !== 'current_timestamp') return -1;
  const last = isCall ? closes[at + 1]! : at;
  return last < 0 || isWholeItem(tokens, at, last) ? -1 : last;
}

/** x::type[], CAST(x AS type[]): the place of the last sign or what closes the cast. */
function isListEnd(tokens: readonly Token[], last: number): boolean {
  return isSign(tokens[last], ']') || (isSign(tokens[last], ')') && isSign(tokens[last - 1], ']'));
}

/** x::type, CAST(x AS type), type 'text' */
function typeEnd(tokens: readonly Token[], at: number, word: number): number {
  const isList = isSign(tokens[word + 1], '[') && isSign(tokens[word + 2], ']');
  const last = isList ? word + 2 : word;
  if (isSign(tokens[at - 1], ':')) return last;
  const next = tokens[last + 1];
  if (isWord(tokens[at - 1], 'as')) return isSign(next, ')') ? last + 1 : -1;
  return next?.kind === 'string' ? last + 1 : -1;
}

function isWholeItem(tokens: readonly Token[], at: number, last: number): boolean {
  const [before, next] = [tokens[at - 1], tokens[last + 1]];
  if (!isWord(before, 'select') && !isSign(before, ',')) return false;
  if (next === undefined || isSign(next, ',') || isSign(next, ';')) return true;
  return isWord(next, 'from') || isWord(next, 'as');
}
