// hot: no allocation after init
// The newest points of price and bands per symbol, for a person's eye: at most one per symbol and
// 50 ms, the last of each 50 ms kept. Always: bounded, whatever the tick rate and the number of
// symbols.

import type { ChartPoint } from '@ndts/protocol';
import type { FactorRows } from '../factor/factor-rows.js';

const bucketMs = 50;
const pointsMax = 1200;
const pointsMin = 16;
const columnCount = 6;
const budgetDoubles = 8 * 1024 * 1024;

/** time, price, middle, upper, lower, value: one after the other, each `points` long. */
interface History {
  readonly values: Float64Array;
  /** Points ever begun. */
  count: number;
  bucket: number;
}

export class Chart {
  readonly #histories = new Map<number, History>();
  readonly #points: number;

  /** `symbols`: how many may come, to share the memory. */
  constructor(symbols: number) {
    const share = Math.floor(budgetDoubles / (columnCount * Math.max(1, symbols)));
    this.#points = Math.max(pointsMin, Math.min(pointsMax, share));
  }

  note(rows: FactorRows, row: number): void {
    const history = this.#historyOf(rows.symbol(row));
    const timeMs = rows.timeMs(row);
    const bucket = Math.floor(timeMs / bucketMs);
    if (bucket < history.bucket) return;
    if (bucket > history.bucket) history.count += 1;
    history.bucket = bucket;
    const values = history.values;
    const points = this.#points;
    const slot = (history.count - 1) % points;
    values[slot] = timeMs;
    values[points + slot] = rows.price(row);
    values[2 * points + slot] = rows.middle(row);
    values[3 * points + slot] = rows.upper(row);
    values[4 * points + slot] = rows.lower(row);
    values[5 * points + slot] = rows.value(row);
  }

  #historyOf(symbol: number): History {
    const known = this.#histories.get(symbol);
    if (known !== undefined) return known;
    const values = new Float64Array(columnCount * this.#points);
    const history = { values, count: 0, bucket: -1 };
    this.#histories.set(symbol, history);
    return history;
  }

  /** Oldest first. */
  points(symbol: number, limit: number): ChartPoint[] {
    const history = this.#histories.get(symbol);
    if (history === undefined) return [];
    const count = Math.min(history.count, this.#points, Math.max(0, Math.floor(limit)));
    return Array.from({ length: count }, (_, index) => {
      const slot = (history.count - count + index) % this.#points;
      const at = (column: number): number => history.values[column * this.#points + slot]!;
      return {
        timeMs: at(0),
        price: at(1),
        middle: orNull(at(2)),
        upper: orNull(at(3)),
        lower: orNull(at(4)),
        value: orNull(at(5)),
      };
    });
  }
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
