// Ticks of the simulator, made before anything is timed: a million a second of so many symbols, the
// same in every run, without dirt.

import { Simulator, simulatorSymbolNames } from '@ndts/data-node';
import { createTickBatch, type TickBatch } from '@ndts/protocol';
import { SystemClock } from '@ndts/runtime';

/** At least `total` ticks. */
export function simulatedBatches(symbols: number, total: number, batchRows: number): TickBatch[] {
  const feed = new Simulator({
    symbols: simulatorSymbolNames(symbols).map((name, index) => ({ id: index + 1, name })),
    ticksPerSecond: 1_000_000,
    seed: 1,
    dirtPerMillion: 0,
    clock: new SystemClock(),
    start: { day: 20_000, nsOfDay: 0 },
  });
  const batches: TickBatch[] = [];
  for (let made = 0; made < total; ) {
    const batch = createTickBatch(batchRows);
    made += feed.fill(batch);
    batches.push(batch);
  }
  return batches;
}
