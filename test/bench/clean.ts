// clean: the native pass over ticks of 4,000 symbols with every rule on (a clock, a calendar, a
// tick size, jumps), in batches as the data node has them, on one core. With one class of symbols,
// and with three, each with rules of its own. Making the ticks is not measured; the figure is that
// of the batch in the middle.

import { createCleaner } from '@ndts/native/clean';
import { compileRules, Simulator, simulatorSymbolNames } from '@ndts/data-node';
import { CleanReason, type Clock, createTickBatch } from '@ndts/protocol';
import { loadConfig, parseTextDocument, SystemClock, VirtualClock } from '@ndts/runtime';
import { answerHash, type Bench, type BenchContext, pick } from './kit/bench.js';
import { median } from './kit/disk.js';

const symbolCount = 4000;
const batchRows = 1024;
const startMs = Date.UTC(2026, 0, 5, 8);
const dirtPerMillion = 500;

const everyRule = `
calendars:
  week: { zone: America/New_York, sessions: ["17:00-16:59"], weekdays: [sun, mon, tue, wed, thu] }
classes:
  default: { calendar: week, tickSize: 0.01 }
  wide: { spreadMax: 0.2, rules: { jump: mark } }
  narrow: { spreadMax: 0.05, disorderMs: 500 }
symbols:
`;
const classSymbols = {
  1: '  []',
  3: '  - { match: "*1", class: wide }\n  - { match: ["*2", "*3", "*4"], class: narrow }\n',
} as const;

function measure(context: BenchContext, classes: 1 | 3, total: number, clock: Clock): void {
  const config = loadConfig({ args: {}, environment: {} });
  const symbols = simulatorSymbolNames(symbolCount).map((name, id) => ({ id, shard: 0, name }));
  const text = parseTextDocument(everyRule + classSymbols[classes], 'yaml', 'rules');
  const day = Math.floor(startMs / 86_400_000);
  const rules = compileRules(text, config, { firstDay: day - 3650, lastDay: day + 365 });
  const cleaner = createCleaner(rules.native(symbols));
  const simulated = new VirtualClock(startMs);
  const rate = { ticksPerSecond: 1_000_000, seed: 7, dirtPerMillion };
  const feed = new Simulator({ symbols, ...rate, clock: simulated, start: simulated.now() });
  const batch = createTickBatch(batchRows);
  const refused = createTickBatch(batchRows);
  const batchNs: number[] = [];
  let kept = 0;
  const warmUp = Math.floor(total / 4);
  for (let offered = 0; offered < total; offered += batchRows) {
    feed.fill(batch);
    const now = { day: batch.day[batchRows - 1]!, nsOfDay: batch.nsOfDay[batchRows - 1]! };
    const start = clock.monotonicNs();
    cleaner.clean(batch, refused, 0, now);
    const took = clock.monotonicNs() - start;
    kept += batch.count;
    if (offered >= warmUp) batchNs.push(took);
  }
  const counts = cleaner.counts(0);
  cleaner.close();
  if (kept < 0.99 * total) throw new Error(`only ${kept} of ${total} ticks were kept`);
  context.emit({
    bench: 'clean',
    params: { symbols: symbolCount, classes, batchRows, ticks: total, dirtPerMillion },
    metric: 'ticksPerSecond',
    value: (batchRows * 1e9) / median(batchNs),
    unit: '1/s',
    answer: answerHash(kept, counts, String(counts[CleanReason.duplicate])),
  });
}

async function run(context: BenchContext): Promise<void> {
  const total = pick(context.size, { smoke: 102_400, small: 8_192_000, full: 65_536_000 });
  const clock = new SystemClock();
  for (const classes of [1, 3] as const) measure(context, classes, total, clock);
}

export const cleanBench: Bench = {
  name: 'clean',
  about: 'the native pass over dirty ticks of 4,000 symbols with every rule on, one core',
  run,
};
