// What the tests of backtests share: random ticks as plain objects, batches of them, and a run over
// them.

import type { TestContext } from 'node:test';
import { createTickBatch, nsPerDay, type TickBatch, TickFlags } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import type { AnyStrategy } from '../strategy/define.js';
import type { GivenParameters } from '../strategy/parameters.js';
import { Backtest, type BacktestOptions } from './backtest.js';
import type { FillRow } from './fill-record.js';
import { type GivenSettings, resolveSettings } from './settings.js';

/** Prices in cents, volumes and quantities whole. */
export interface PlainTick {
  /** Nanoseconds since the beginning of the first day. */
  readonly atNs: number;
  readonly symbol: number;
  readonly price: number;
  readonly volume: number;
  /** 0: no quote. */
  readonly bid: number;
  readonly ask: number;
  readonly bidVolume: number;
  readonly askVolume: number;
  readonly isVoid: boolean;
}

export const firstDay = 20_000;
export const testSymbols = [0, 1, 2].map((id) => ({ id, name: `S${id}` }));

export function testRandom(context: TestContext): SeededRandom {
  // ambient: lets a person repeat a failed run
  const seed = Number(process.env['NDTS_SEED'] ?? 4711);
  context.diagnostic(`NDTS_SEED=${seed}`);
  return new SeededRandom(seed);
}

/** A walk of each symbol by cents, over more than a day. Most steps stay where they are, so that
 * queues are gone through before the price leaves them. */
export function randomTicks(random: SeededRandom, count: number): PlainTick[] {
  const middles = testSymbols.map(() => 1000);
  const ticks: PlainTick[] = [];
  let atNs = nsPerDay - count * 0.25e9;
  for (let made = 0; made < count; made += 1) {
    atNs += random.integer(4) === 0 ? 0 : random.integer(1e9);
    const symbol = random.integer(middles.length);
    const step = random.integer(4) === 0 ? random.integer(5) - 2 : 0;
    const middle = Math.max(20, middles[symbol]! + step);
    middles[symbol] = middle;
    const hasQuote = random.integer(12) > 0;
    const spread = random.integer(5) === 0 ? 1 : 0;
    ticks.push({
      atNs,
      symbol,
      price: middle + random.integer(3) - 1,
      volume: random.integer(3) === 0 ? 0 : 1 + random.integer(20),
      bid: hasQuote ? middle - 1 - spread : 0,
      ask: hasQuote ? middle + 1 + spread : 0,
      bidVolume: 10 + random.integer(15),
      askVolume: random.integer(15),
      isVoid: random.integer(40) === 0,
    });
  }
  return ticks;
}

/** The ticks in batches of so many rows; the arrays are used once. */
export function* batchesOf(ticks: readonly PlainTick[], rows: number): Generator<TickBatch> {
  for (let first = 0; first < ticks.length; first += rows) {
    const batch = createTickBatch(rows);
    for (const [row, tick] of ticks.slice(first, first + rows).entries()) {
      batch.day[row] = firstDay + Math.floor(tick.atNs / nsPerDay);
      batch.nsOfDay[row] = tick.atNs % nsPerDay;
      batch.sequence[row] = first + row;
      batch.symbol[row] = tick.symbol;
      batch.price[row] = tick.price / 100;
      batch.volume[row] = tick.volume;
      batch.bid[row] = tick.bid / 100;
      batch.ask[row] = tick.ask / 100;
      batch.bidVolume[row] = tick.bidVolume;
      batch.askVolume[row] = tick.askVolume;
      batch.flags[row] = tick.isVoid ? TickFlags.void : 0;
      batch.count = row + 1;
    }
    yield batch;
  }
}

export interface TestRun {
  readonly settings?: GivenSettings;
  readonly parameters?: GivenParameters;
  readonly rows?: number;
  readonly onOutput?: BacktestOptions['onOutput'];
}

export function runTicks(
  ticks: readonly PlainTick[],
  strategies: readonly AnyStrategy[],
  { settings = {}, parameters = {}, rows = 64, onOutput }: TestRun = {},
): Backtest {
  const resolved = resolveSettings(settings);
  const backtest = new Backtest({
    strategies: strategies.map((strategy) => ({ strategy, parameters })),
    symbols: testSymbols,
    settings: resolved,
    random: new SeededRandom(resolved.seed),
    capacity: rows,
    ...(onOutput === undefined ? {} : { onOutput }),
  });
  for (const batch of batchesOf(ticks, rows)) backtest.run(batch);
  backtest.finish();
  return backtest;
}

export function fillsOf(backtest: Backtest): FillRow[] {
  const { fills } = backtest.venue;
  return Array.from({ length: fills.count }, (_, at) => fills.row(at));
}
