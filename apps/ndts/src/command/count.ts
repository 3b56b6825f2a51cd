// Flags that are whole numbers above 0.

import { NdtsError } from '@ndts/protocol';

/** Throws INVALID_ARGUMENT. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new NdtsError('INVALID_ARGUMENT', `expected a whole number above 0, found '${text}'`);
  return count;
}
