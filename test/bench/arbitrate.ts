// arbitrate: rows of several sources of the same ticks, offered in turn, each source a batch behind
// the one before it. Counted is what is offered; the answer is the hash of what came out, which is
// the same for every number of sources.

import { Arbiter, SymbolQuality } from '@ndts/data-node';
import { copyTickRow, createTickBatch, type TickBatch } from '@ndts/protocol';
import { answerHash, type Bench, type BenchContext, pick } from './kit/bench.js';
import { simulatedBatches } from './kit/simulated.js';

const batchRows = 1024;
const symbols = 4000;

function copyOf(from: TickBatch, to: TickBatch): TickBatch {
  for (let row = 0; row < from.count; row += 1) copyTickRow(from, row, to, row);
  to.count = from.count;
  return to;
}

function runSources(context: BenchContext, sources: number, batches: readonly TickBatch[]): void {
  const arbiter = new Arbiter({ window: 64, slots: 4 });
  for (let source = 1; source <= sources; source += 1) arbiter.addSource(source, source);
  const work = createTickBatch(batchRows);
  let offered = 0;
  let through = 0;
  let sum = 0;
  let spentMs = 0;
  for (let turn = 0; turn < batches.length + sources - 1; turn += 1)
    for (let source = 1; source <= sources; source += 1) {
      const batch = batches[turn - source + 1];
      if (batch === undefined) continue;
      copyOf(batch, work);
      offered += work.count;
      const start = performance.now();
      arbiter.ticks(work, source, turn * 1e6);
      spentMs += performance.now() - start;
      through += work.count;
      for (let row = 0; row < work.count; row += 1) sum += work.price[row]!;
    }
  const params = { sources, symbols, ticks: offered };
  const answer = answerHash(through, sum);
  const value = (offered * 1000) / spentMs;
  context.emit({
    bench: 'arbitrate',
    params,
    metric: 'ticksPerSecond',
    value,
    unit: '1/s',
    answer,
  });
}

function runQuality(context: BenchContext, batches: readonly TickBatch[]): void {
  const limits = { staleNs: 1e9, gapNs: 1e9, crossedNs: 1e6, settleNs: 1e9 };
  let changes = 0;
  const rules = { classes: [limits], classOf: new Uint16Array(0) };
  const quality = new SymbolQuality(rules, () => {
    changes += 1;
  });
  let ticks = 0;
  const start = performance.now();
  for (const [turn, batch] of batches.entries()) {
    quality.noteTicks(batch, 1, turn * 1e6);
    ticks += batch.count;
  }
  const spentMs = performance.now() - start;
  context.emit({
    bench: 'arbitrate',
    params: { stage: 'quality', symbols, ticks },
    metric: 'ticksPerSecond',
    value: (ticks * 1000) / spentMs,
    unit: '1/s',
    answer: answerHash(ticks, changes),
  });
}

export const arbitrateBench: Bench = {
  name: 'arbitrate',
  about: 'ticks/s through arbitration of 1, 2 and 3 sources, and through quality, one thread',
  run: async (context) => {
    const total = pick(context.size, { smoke: 50_000, small: 1e6, full: 5e6 });
    const batches = simulatedBatches(symbols, total, batchRows);
    for (const sources of [1, 2, 3]) runSources(context, sources, batches);
    runQuality(context, batches);
  },
};
