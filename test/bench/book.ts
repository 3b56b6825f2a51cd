// book: changes of books into whole books, five levels shown whenever they changed. Changes fall
// near the best prices, as they do at venues, on books of some hundred levels a side.

import { BookAssembler, bookChangeFlags, BookRowStore } from '@ndts/data-node';
import { SeededRandom } from '@ndts/runtime';
import { answerHash, type Bench, type BenchContext, pick } from './kit/bench.js';

const { ask, clear, end } = bookChangeFlags;
const levels = 400;
const batchRows = 1024;

interface Writer {
  readonly sequences: Float64Array;
  readonly row: BookRowStore;
}

function put(
  rows: BookRowStore,
  { sequences, row }: Writer,
  symbol: number,
  level: { isAsk: boolean; step: number; size: number },
  flags: number,
): void {
  const { isAsk, step, size } = level;
  row.count = 1;
  row.symbol[0] = symbol;
  row.price[0] = isAsk ? 10_000 + step : 10_000 - step;
  row.quantity[0] = size;
  row.sequence[0] = sequences[symbol]!;
  row.previous[0] = sequences[symbol]! - 1;
  row.flags[0] = flags | (isAsk ? ask : 0);
  rows.append(row, 0, 0);
}

/** A snapshot of each book, then messages of one to four changes. */
function makeBatches(symbols: number, total: number): BookRowStore[] {
  const random = new SeededRandom(5);
  const writer = { sequences: new Float64Array(symbols + 1).fill(1), row: new BookRowStore() };
  const first = new BookRowStore();
  for (let symbol = 1; symbol <= symbols; symbol += 1)
    for (let place = 0; place < 2 * levels; place += 1) {
      const flags = (place === 0 ? clear : 0) | (place === 2 * levels - 1 ? end : 0);
      const level = { isAsk: place % 2 === 1, step: 1 + (place >> 1), size: 1 };
      put(first, writer, symbol, level, flags);
    }
  const batches = [first];
  for (let made = 0; made < total; ) {
    const rows = new BookRowStore();
    while (rows.count < batchRows) {
      const symbol = 1 + random.integer(symbols);
      writer.sequences[symbol]! += 1;
      for (let left = random.integer(4); left >= 0; left -= 1) {
        const step = 1 + Math.floor(levels * random.next() ** 4);
        const size = random.integer(3) === 0 ? 0 : 1 + random.integer(1000);
        const level = { isAsk: random.integer(2) === 0, step, size };
        put(rows, writer, symbol, level, left === 0 ? end : 0);
      }
    }
    made += rows.count;
    batches.push(rows);
  }
  return batches;
}

function runBooks(context: BenchContext, symbols: number): void {
  const total = pick(context.size, { smoke: 20_000, small: 2_000_000, full: 10_000_000 });
  const [first, ...batches] = makeBatches(symbols, total);
  let shown = 0;
  let sum = 0;
  const assembler = new BookAssembler({
    rulesOf: () => ({
      ...{ sequence: 'range', checksum: undefined, snapshots: 'asked' },
      ...{ crossed: 'mark', depth: 0, heldMax: 16 },
    }),
    onShown: ({ levels: best }) => {
      shown += 1;
      sum += best[0]! + best[3]!;
    },
    askSnapshot: () => undefined,
    askAgainNs: 1e9,
  });
  assembler.take(first!, 0);
  let deltas = 0;
  const start = performance.now();
  for (const rows of batches) {
    assembler.take(rows, 0);
    deltas += rows.count;
  }
  const spentMs = performance.now() - start;
  const counts = assembler.counts();
  const params = { symbols, levels, deltas };
  const answer = answerHash(shown, sum, counts.messages, counts.gaps);
  const value = (deltas * 1000) / spentMs;
  context.emit({ bench: 'book', params, metric: 'deltasPerSecond', value, unit: '1/s', answer });
}

export const bookBench: Bench = {
  name: 'book',
  about: 'changes/s into whole books, five levels out on change, one thread',
  run: async (context) => {
    for (const symbols of [1, 500]) runBooks(context, symbols);
  },
};
