// Flags that are whole numbers above 0. Both throw INVALID_ARGUMENT.

import { NdtsError } from '@ndts/protocol';

export function parseCount(text: string): number {
  return numberIn(text, '');
}

/** The same, with the name of the flag in what is said of a wrong one. */
export function countOf(flag: string, text: string): number {
  return numberIn(text, `--${flag}: `);
}

function numberIn(text: string, prefix: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  const what = `${prefix}expected a whole number above 0, found '${text}'`;
  throw new NdtsError('INVALID_ARGUMENT', what);
}
