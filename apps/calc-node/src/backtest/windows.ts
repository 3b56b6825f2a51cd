// Walk-forward: the ticks in parts of equal size; each part but the first is tested with what was
// best on the part before it, or on all parts before it (anchored). Always: no tick is tested on
// that was trained on before or at the same fold.

import { NdtsError } from '@ndts/protocol';

/** Rows [first, end) of a tape. */
export interface Rows {
  readonly first: number;
  readonly end: number;
}

export interface Fold {
  readonly train: Rows;
  readonly test: Rows;
}

export function walkForward(rows: number, folds: number, anchored: boolean): Fold[] {
  if (!Number.isSafeInteger(folds) || folds < 1 || rows < folds + 1)
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `expected 1 to ${rows - 1} folds of ${rows} ticks, found ${folds}`,
    );
  const edge = (part: number): number => Math.floor((rows * part) / (folds + 1));
  return Array.from({ length: folds }, (_, at) => ({
    train: { first: anchored ? 0 : edge(at), end: edge(at + 1) },
    test: { first: edge(at + 1), end: edge(at + 2) },
  }));
}
