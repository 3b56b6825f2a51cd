// The bars of many symbols against builders that are asked about every symbol at every moment: the
// set knows which of them have nothing to say.

import { deepEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { createTickBatch, msPerDay, nsPerMs } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { BarBuilder, type BarView } from '../bar/bar-builder.js';
import { BarSet, type BarSpecs } from './bar-set.js';

const seed = Number(process.env['NDTS_TEST_SEED'] ?? 7);
const specs: BarSpecs = {
  minute: { kind: 'time', size: 60_000 },
  ten: { kind: 'ticks', size: 10 },
  short: { kind: 'time', size: 7_000 },
  traded: { kind: 'volume', size: 900 },
};
/** The last one's place is beyond what the set has room for at first. */
const symbols = [1, 2, 3, 5, 1500];
const moments = 4000;

function textOf(name: string, symbol: number, bar: BarView): string {
  return `${name} ${symbol} ${bar.day} ${bar.endNsOfDay} ${bar.open} ${bar.close} ${bar.count}`;
}

/** Bars of all symbols, those of a symbol in the order of declaration. */
class PlainBars {
  readonly told: string[] = [];
  readonly #builders = new Map<number, (readonly [string, BarBuilder])[]>();

  closeBy(symbol: number, day: number, nsOfDay: number): void {
    for (const [name, builder] of this.#of(symbol))
      while (builder.closeBy(day, nsOfDay)) this.told.push(textOf(name, symbol, builder.closed));
  }

  closeAllBy(day: number, nsOfDay: number): void {
    for (const symbol of symbols) this.closeBy(symbol, day, nsOfDay);
  }

  push(symbol: number, tick: readonly [number, number, number, number]): void {
    for (const [name, builder] of this.#of(symbol))
      if (builder.push(...tick)) this.told.push(textOf(name, symbol, builder.closed));
  }

  #of(symbol: number): readonly (readonly [string, BarBuilder])[] {
    let found = this.#builders.get(symbol);
    if (found === undefined) {
      found = Object.entries(specs).map(([name, spec]) => [name, new BarBuilder(spec)] as const);
      this.#builders.set(symbol, found);
    }
    return found;
  }
}

test(`bars of many symbols end as if each was asked at each moment (seed ${seed})`, () => {
  const random = new SeededRandom(seed);
  const told: string[] = [];
  const newSet = (): BarSet =>
    new BarSet(specs, (bar) => told.push(textOf(bar.bar, bar.symbol, bar)));
  let set = newSet();
  const plain = new PlainBars();
  const batch = createTickBatch(1);
  let ms = 20_454 * msPerDay - 40 * 60_000; // over a midnight
  for (let moment = 0; moment < moments; moment += 1) {
    ms += random.integer(random.integer(50) === 0 ? 90_000 : 2000);
    const day = Math.floor(ms / msPerDay);
    const nsOfDay = (ms - day * msPerDay) * nsPerMs + random.integer(nsPerMs);
    if (random.integer(3) === 0) {
      set.closeAllAt(ms);
      plain.closeAllBy(day, nsOfDay);
    } else {
      const symbol = symbols[random.integer(random.integer(4) === 0 ? 5 : 2)]!;
      const [price, volume] = [100 + random.integer(50), random.integer(300)];
      [batch.symbol[0], batch.day[0], batch.nsOfDay[0]] = [symbol, day, nsOfDay];
      [batch.price[0], batch.volume[0]] = [price, volume];
      if (set.isDue(symbol, ms)) set.closeAt(symbol, ms);
      set.push(ms, batch, 0);
      plain.closeBy(symbol, day, nsOfDay);
      plain.push(symbol, [day, nsOfDay, price, volume]);
    }
    if (random.integer(500) === 0) set = copyOf(set, newSet());
  }
  deepEqual(told, plain.told);
  ok(told.length > moments / 20, `${told.length} bars`);
});

function copyOf(set: BarSet, copy: BarSet): BarSet {
  for (const symbol of symbols) {
    const bytes = new Uint8Array(set.stateBytes);
    set.save(symbol, bytes);
    copy.load(symbol, bytes);
  }
  return copy;
}
