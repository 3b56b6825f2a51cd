// hot: no allocation after init
// The ways a simulated tick can be wrong: one for each rule the cleaner has. Always: a soiled row
// is one the default rules refuse.

import type { TickBatch } from '@ndts/protocol';

export const dirtKinds = [
  'notANumber',
  'largest',
  'zeroPrice',
  'negativeVolume',
  'crossed',
  'wideSpread',
  'duplicate',
  'outOfOrder',
] as const;

export type DirtKind = (typeof dirtKinds)[number];

/** Makes a row wrong by itself; the two kinds that need the tick before are the simulator's. */
export function soil(batch: TickBatch, row: number, kind: DirtKind): void {
  switch (kind) {
    case 'notANumber':
      batch.price[row] = Number.NaN;
      break;
    case 'largest':
      batch.price[row] = Number.MAX_VALUE;
      break;
    case 'zeroPrice':
      batch.price[row] = 0;
      break;
    case 'negativeVolume':
      batch.volume[row] = -batch.volume[row]!;
      break;
    case 'crossed':
      batch.bid[row] = batch.ask[row]! * 1.01;
      break;
    case 'wideSpread':
      batch.ask[row] = batch.bid[row]! * 1.5;
      break;
    case 'duplicate':
    case 'outOfOrder':
      break;
  }
}
