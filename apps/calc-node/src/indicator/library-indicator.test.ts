// Every indicator of technicalindicators by name: row by row over several symbols it says what the
// library's own batch functions say of each symbol's rows. Where the optional package is not
// installed they are skipped.

import { deepEqual, ok, rejects, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '@ndts/runtime';
import { LibraryIndicator } from './library-indicator.js';
import { type LibraryModule, loadLibrary } from './library-module.js';
import { type LibraryEntry, libraryEntries } from './library-table.js';

const seed = Number(process.env['NDTS_TEST_SEED'] ?? 19);
const library = await loadLibrary().catch(() => undefined);
const skip = library === undefined ? 'technicalindicators is not installed' : false;

type Candles = Readonly<Record<string, Float64Array>>;

const symbols = [4, 9, 4, 4, 9];

function candles(count: number): Candles {
  const random = new SeededRandom(seed);
  const column = (): Float64Array => new Float64Array(count);
  const all = { open: column(), high: column(), low: column(), close: column(), volume: column() };
  let price = 100;
  for (let row = 0; row < count; row += 1) {
    const open = price;
    price = Math.max(1, price + (random.integer(201) - 100) / 100);
    all.open[row] = open;
    all.close[row] = price;
    all.high[row] = Math.max(open, price) + random.integer(30) / 100;
    all.low[row] = Math.min(open, price) - random.integer(30) / 100;
    all.volume[row] = 1 + random.integer(100);
  }
  const { open, high, low, close } = all;
  return {
    ...all,
    value: close,
    valueA: high,
    valueB: low.map((one) => one + 0.2),
    start: open,
    end: close,
  };
}

/** What is wanted of one symbol, by the library itself; undefined: it has no such function. */
function byLibrary(
  module: LibraryModule,
  entry: LibraryEntry,
  rows: Candles,
): unknown[] | undefined {
  const lists = Object.fromEntries(Object.entries(rows).map(([key, column]) => [key, [...column]]));
  const given = {
    ...lists,
    values: lists['value'],
    lineA: lists['valueA'],
    lineB: lists['valueB'],
  };
  const parameters = { ...entry.parameters, reversedInput: false };
  const Class = module[entry.member] as { calculate?: (input: unknown) => unknown };
  if (Class.calculate === undefined) return undefined;
  const found = Class.calculate({ ...given, ...parameters });
  if (Array.isArray(found)) return found;
  // Candles come by column.
  const columns = found as Record<string, number[]>;
  return columns['close']!.map((_, at) =>
    Object.fromEntries(Object.keys(columns).map((key) => [key, columns[key]![at]])),
  );
}

function of(value: unknown, output: string): number {
  const found = typeof value === 'object' ? (value as Record<string, unknown>)[output] : value;
  return found === undefined ? Number.NaN : Number(found);
}

test('row by row what the library says of all rows', { skip }, () => {
  ok(library !== undefined);
  const count = 220;
  const rows = candles(count);
  const symbol = Uint32Array.from({ length: count }, (_, row) => symbols[row % symbols.length]!);
  for (const entry of libraryEntries) {
    const indicator = new LibraryIndicator(library, entry.name, {});
    const columns = entry.inputs.map((input) => rows[input]!);
    const found = indicator.update({ count, symbol }, columns).map((column) => column.slice());
    for (const one of new Set(symbols)) {
      const own = [...symbol.keys()].filter((row) => symbol[row] === one);
      const ownRows = Object.fromEntries(
        Object.entries(rows).map(([key, column]) => [
          key,
          Float64Array.from(own, (row) => column[row]!),
        ]),
      );
      const wanted = byLibrary(library, entry, ownRows);
      for (const [at, output] of entry.outputs.entries()) {
        const values = own.map((row) => found[at]![row]!);
        ok(values.some(Number.isFinite), `${entry.name}.${output} says something`);
        if (wanted === undefined) continue;
        // The library leaves out the rows of the beginning.
        const numbers = wanted.map((value) => of(value, output));
        deepEqual(values.slice(-numbers.length), numbers, `${entry.name}.${output}; seed ${seed}`);
      }
    }
    // In pieces the same.
    const pieces = new LibraryIndicator(library, entry.name, {});
    for (let from = 0; from < count; from += 90) {
      const to = Math.min(count, from + 90);
      const part = columns.map((column) => column.subarray(from, to));
      const some = pieces.update({ count: to - from, symbol: symbol.subarray(from, to) }, part);
      for (const [at, column] of some.entries())
        deepEqual(column.slice(0, to - from), found[at]!.subarray(from, to), entry.name);
    }
  }
});

test('renko and volume profile are of the last rows only', { skip }, () => {
  ok(library !== undefined);
  const count = 60;
  const rows = candles(count);
  for (const name of ['renko', 'volumeprofile']) {
    const indicator = new LibraryIndicator(library, name, { rows: 20 });
    const run = (from: number): number[] => {
      const columns = indicator.inputs.map((input) => rows[input]!.subarray(from));
      const symbol = new Uint32Array(count - from).fill(from);
      return indicator
        .update({ count: count - from, symbol }, columns)
        .map((of) => of.at(count - from - 1)!);
    };
    deepEqual(run(0), run(count - 20), `${name}; seed ${seed}`);
  }
});

test('every name that the library lists is there, but for what is none', { skip }, () => {
  ok(library !== undefined);
  const listed = (library['getAvailableIndicators'] as () => string[])();
  const names = new Set(libraryEntries.map(({ name }) => name));
  deepEqual(
    listed.filter((name) => !names.has(name)),
    ['FixedSizeLinkedList', 'crossover'],
  );
});

test('a value that is not finite is passed over, and poisons nothing', { skip }, () => {
  ok(library !== undefined);
  const sma = new LibraryIndicator(library, 'sma', { period: 2 });
  const symbol = new Uint32Array(5);
  const [column] = sma.update({ count: 5, symbol }, [
    Float64Array.of(1, 3, Number.NaN, 5, Number.POSITIVE_INFINITY),
  ]);
  deepEqual([...column!], [Number.NaN, 2, Number.NaN, 4, Number.NaN]);
});

test('wrong names, parameters and columns are told', { skip }, () => {
  ok(library !== undefined);
  throws(
    () => new LibraryIndicator(library, 'smaa', {}),
    /there is no indicator 'smaa'; there are sma/,
  );
  throws(
    () => new LibraryIndicator(library, 'sma', { length: 2 }),
    /no parameter 'length'; it has period/,
  );
  throws(
    () => new LibraryIndicator(library, 'sma', { period: 0 }),
    /a whole period from 1, found 0/,
  );
  throws(() => new LibraryIndicator({}, 'sma', {}), /technicalindicators has no SMA/);
  const atr = new LibraryIndicator(library, 'atr', {});
  throws(
    () => atr.update({ count: 0, symbol: new Uint32Array(0) }, []),
    /expected high, low, close/,
  );
});

test('where it is not installed who asks for it is told how to get it', async () => {
  const message = /npm install technicalindicators/;
  await rejects(loadLibrary('nowhere-installed'), { code: 'NOT_FOUND', message });
});
