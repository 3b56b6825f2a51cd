// hot: no allocation after init
// The ways a simulated tick can be wrong. Always: a row soiled in one of `dirtKinds` is one the
// default rules refuse, and there is one kind for each of them; `rareDirtKinds` need rules that
// know more: the tick size, the hours, what a price can do.

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

export const rareDirtKinds = [
  'infinite',
  'negativePrice',
  'negativeZero',
  'jump',
  'offTick',
  'yesterday',
  'future',
] as const;

export type DirtKind = (typeof dirtKinds)[number] | (typeof rareDirtKinds)[number];

export const allDirtKinds: readonly DirtKind[] = [...dirtKinds, ...rareDirtKinds];

const hourNs = 3600e9;
const nsPerDay = 86_400e9;
const jumpFactor = 1.5;

/** Makes a row wrong by itself; the two kinds that need the tick before are the simulator's. */
export function soil(batch: TickBatch, row: number, kind: DirtKind, tickSize: number): void {
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
    default:
      soilRarely(batch, row, kind, tickSize);
  }
}

function soilRarely(
  batch: TickBatch,
  row: number,
  kind: (typeof rareDirtKinds)[number],
  tickSize: number,
): void {
  switch (kind) {
    case 'infinite':
      batch.price[row] = Number.POSITIVE_INFINITY;
      break;
    case 'negativePrice':
      batch.price[row] = -batch.price[row]!;
      break;
    case 'negativeZero':
      batch.volume[row] = -0;
      break;
    case 'jump':
      batch.price[row]! *= jumpFactor;
      batch.bid[row]! *= jumpFactor;
      batch.ask[row]! *= jumpFactor;
      break;
    case 'offTick':
      batch.price[row]! += tickSize / 3;
      break;
    case 'yesterday':
      batch.day[row]! -= 1;
      break;
    case 'future': {
      const nsOfDay = batch.nsOfDay[row]! + hourNs;
      batch.nsOfDay[row] = nsOfDay % nsPerDay;
      batch.day[row]! += nsOfDay >= nsPerDay ? 1 : 0;
      break;
    }
  }
}
