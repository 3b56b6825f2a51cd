// Where clauses are in a list of tokens: which SELECT a word belongs to, what its list has, where a
// clause ends. Parentheses are what matters; the rest of SQL is not looked at.

import { isSign, isWord, nameOf, type Token } from './tokens.js';

/** Places in the list of tokens. */
export interface Item {
  readonly start: number;
  /** Behind a name that stands in front: name: expression. */
  readonly expressionStart: number;
  /** Exclusive; behind the expression, in front of AS. */
  readonly expressionEnd: number;
  /** Exclusive; behind the name, if there is one. */
  readonly end: number;
  /** Behind AS, or of a plain column. */
  readonly name: string | undefined;
  readonly hasAlias: boolean;
}

export class Clauses {
  readonly tokens: readonly Token[];
  readonly #depths: readonly number[];

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
    this.#depths = depthsOf(tokens);
  }

  /** Places of two words that follow each other. */
  findPairs(first: string, second: string): number[] {
    const found: number[] = [];
    for (let at = 0; at + 1 < this.tokens.length; at += 1)
      if (isWord(this.tokens[at], first) && isWord(this.tokens[at + 1], second)) found.push(at);
    return found;
  }

  /** The place of `word` before `at` that belongs to the same query; -1: there is none. */
  findBefore(at: number, word: string): number {
    const depth = this.#depths[at] ?? 0;
    for (let place = at - 1; place >= 0; place -= 1) {
      if ((this.#depths[place] ?? 0) < depth) return -1;
      if (this.#depths[place] === depth && isWord(this.tokens[place], word)) return place;
    }
    return -1;
  }

  /** The FROM of the SELECT at `select`, before `end`; `end` if there is none. */
  findFrom(select: number, end: number): number {
    let at = select;
    do at = this.findBetween(at + 1, end, ['from']);
    while (at < end && at > select + 2 && isWord(this.tokens[at - 1], 'distinct'));
    return at;
  }

  /** The first of the words between two places, at the depth of `from`; `end` if there is none. */
  findBetween(from: number, end: number, words: readonly string[]): number {
    const depth = this.#depths[from] ?? 0;
    for (let place = from; place < end; place += 1)
      if (this.#depths[place] === depth && words.some((word) => isWord(this.tokens[place], word)))
        return place;
    return end;
  }

  /** Where a clause that starts at `from` ends: at one of the words, a closing parenthesis, a
   * semicolon or the end. */
  endOfClause(from: number, words: readonly string[]): number {
    const depth = this.#depths[from - 1] ?? 0;
    let place = from;
    for (; place < this.tokens.length; place += 1) {
      const here = this.#depths[place] ?? 0;
      if (here < depth) break;
      const token = this.tokens[place];
      if (here === depth && (isSign(token, ';') || words.some((word) => isWord(token, word))))
        break;
    }
    return place;
  }

  /** The place of what closes the parenthesis at `open`. */
  closeOf(open: number): number {
    let place = open + 1;
    while (place < this.tokens.length && (this.#depths[place] ?? 0) > (this.#depths[open] ?? 0))
      place += 1;
    return place;
  }

  /** What stands between two places, split at commas. */
  itemsBetween(from: number, end: number): Item[] {
    const depth = this.#depths[from] ?? 0;
    const items: Item[] = [];
    for (let start = from; start < end; ) {
      let stop = start;
      while (stop < end && !(this.#depths[stop] === depth && isSign(this.tokens[stop], ',')))
        stop += 1;
      items.push(this.#itemAt(start, stop, depth));
      start = stop + 1;
    }
    return items;
  }

  #itemAt(start: number, end: number, depth: number): Item {
    const alias = end - 2;
    if (alias > start && this.#depths[alias] === depth && isWord(this.tokens[alias], 'as'))
      return {
        start,
        expressionStart: start,
        end,
        expressionEnd: alias,
        name: nameOf(this.tokens[end - 1]),
        hasAlias: true,
      };
    const name = this.#columnName(start, end);
    return { start, expressionStart: start, end, expressionEnd: end, name, hasAlias: false };
  }

  /** The item, where it has this name that no AS stands in front of: expression name, or
   * name: expression. */
  named(item: Item, name: string): Item {
    if (name === '' || item.hasAlias) return item;
    const { start, end } = item;
    if (nameOf(this.tokens[start]) === name && isSign(this.tokens[start + 1], ':'))
      return { ...item, expressionStart: start + 2, name, hasAlias: true };
    return { ...item, expressionEnd: end - 1, name, hasAlias: true };
  }

  /** The name of a plain column: a, t.a; undefined for anything else. */
  #columnName(start: number, end: number): string | undefined {
    const isPlain = end - start === 1 || (end - start === 3 && isSign(this.tokens[start + 1], '.'));
    return isPlain ? nameOf(this.tokens[end - 1]) : undefined;
  }

  /** The name of the plain column that the expression of an item is. */
  columnOf(item: Item): string | undefined {
    return this.#columnName(item.expressionStart, item.expressionEnd);
  }
}

/** By token: how many parentheses are open. */
function depthsOf(tokens: readonly Token[]): number[] {
  let depth = 0;
  return tokens.map((token) => {
    if (isSign(token, ')') || isSign(token, ']') || isSign(token, '}')) depth -= 1;
    const here = depth;
    if (isSign(token, '(') || isSign(token, '[') || isSign(token, '{')) depth += 1;
    return here;
  });
}
