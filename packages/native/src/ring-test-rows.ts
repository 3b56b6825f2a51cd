// Ticks for the ring tests whose every field follows from shard and sequence, so that who reads one
// can tell whether it is whole. Not part of any door.

import type { TickBatch } from '@ndts/protocol';

export const testEpoch = 5;

const numbers = ['price', 'volume', 'bid', 'ask', 'bidVolume', 'askVolume'] as const;

export function fillRow(batch: TickBatch, row: number, shard: number, sequence: number): void {
  batch.day[row] = (sequence % 3) * 10_000 - 10_000;
  batch.nsOfDay[row] = (sequence * 7919) % 86_400e9;
  batch.sequence[row] = sequence;
  for (const [factor, name] of numbers.entries())
    batch[name][row] = (sequence * 64 + shard) * (factor + 1) + 0.25;
  batch.symbol[row] = sequence + shard;
  batch.flags[row] = sequence % 16;
  batch.shard[row] = shard;
  batch.epoch[row] = testEpoch;
}

export function rowIsRight(batch: TickBatch, row: number): boolean {
  const shard = batch.shard[row] ?? -1;
  const sequence = batch.sequence[row] ?? -1;
  return (
    batch.day[row] === (sequence % 3) * 10_000 - 10_000 &&
    batch.nsOfDay[row] === (sequence * 7919) % 86_400e9 &&
    numbers.every(
      (name, factor) => batch[name][row] === (sequence * 64 + shard) * (factor + 1) + 0.25,
    ) &&
    batch.symbol[row] === sequence + shard &&
    batch.flags[row] === sequence % 16 &&
    batch.epoch[row] === testEpoch
  );
}
