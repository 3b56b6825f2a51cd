// Parameters beside a sign of arithmetic, of which SQL here tells no type: `price * $1` may be many
// things to it. PostgreSQL takes such a parameter for what stands on the other side.

import { isSign, isWord, type Token } from '../sql/tokens.js';
import { type PostgresType, types } from './types.js';

function isArithmetic(token: Token | undefined): boolean {
  return ['*', '/', '%', '+', '-'].some((sign) => isSign(token, sign));
}

/** By number: an instant beside a span of time, else a number, which is taken exactly. */
export function operandTypes(tokens: readonly Token[]): ReadonlyMap<number, PostgresType> {
  const found = new Map<number, PostgresType>();
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== 'parameter') continue;
    const [before, next] = [tokens[at - 1], tokens[at + 1]];
    // What stands before a sign tells a difference from a minus: `x > -$1` is a number, too.
    if (!isArithmetic(before) && !isArithmetic(next)) continue;
    const hasSpan = isArithmetic(next) && isWord(tokens[at + 2], 'interval');
    found.set(Number(token.text.slice(1)), hasSpan ? types.timestamptz : types.numeric);
  }
  return found;
}
