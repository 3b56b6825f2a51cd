// hot: no allocation after init
// What a symbol is among all: rank, z-score, quantile, and its value without what its group or
// another factor explains. Always: values that are not finite have no part in it and give NaN;
// equal values give equal results; sums go in the order of rows, which is that of symbols.

import { NdtsError } from '@ndts/protocol';

export const measureNames = [
  'rank',
  'percentile',
  'zscore',
  'quantile',
  'demean',
  'residual',
] as const;
export type MeasureName = (typeof measureNames)[number];

export interface Measure {
  readonly name: MeasureName;
  /** The place of the column it is of. */
  readonly input: number;
  /** Of quantile: how many there are; 5 by default. */
  readonly buckets?: number;
  /** Of demean: the group of each symbol; without, all are one. A symbol without a group is left
   * out. */
  readonly groups?: ReadonlyMap<number, number>;
  /** Of residual: the place of the column that explains. */
  readonly by?: number;
}

const bucketsMax = 1000;

/** Throws INVALID_ARGUMENT. */
export function checkMeasure({ name, input, buckets, by }: Measure): void {
  if (!measureNames.includes(name))
    throw wrong(`expected one of ${measureNames.join(', ')}; found '${name}'`);
  if (!isPlace(input)) throw wrong(`${name}: expected the place of a column, found ${input}`);
  if (name === 'residual' && !isPlace(by))
    throw wrong(`residual: expected the place of the column that explains, found ${by}`);
  const isCount = Number.isInteger(buckets) && (buckets ?? 0) >= 2 && (buckets ?? 0) <= bucketsMax;
  if (buckets !== undefined && !isCount)
    throw wrong(`quantile: expected 2 to ${bucketsMax} buckets, found ${buckets}`);
}

function isPlace(value: number | undefined): boolean {
  return Number.isInteger(value) && (value ?? -1) >= 0;
}

function wrong(text: string): NdtsError {
  return new NdtsError('INVALID_ARGUMENT', text);
}

/** Sorts the finite ones of up to `capacity` values, and finds ranks among them. */
export class Ranks {
  #sorted: Float64Array;
  #count = 0;

  constructor(capacity: number) {
    this.#sorted = new Float64Array(capacity);
  }

  /** Returns how many are finite. */
  take(values: Float64Array, count: number): number {
    if (count > this.#sorted.length) this.#sorted = new Float64Array(2 * count);
    let finite = 0;
    for (let row = 0; row < count; row += 1) {
      const value = values[row]!;
      if (value - value === 0) this.#sorted[finite++] = value;
    }
    this.#sorted.subarray(0, finite).sort();
    this.#count = finite;
    return finite;
  }

  /** From 1; equal ones share the mean of their places. */
  of(value: number): number {
    return (this.#bound(value, false) + this.#bound(value, true) + 1) / 2;
  }

  /** How many are less, or with `orEqual` not greater. */
  #bound(value: number, orEqual: boolean): number {
    const sorted = this.#sorted;
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const isBefore = orEqual ? sorted[middle]! <= value : sorted[middle]! < value;
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Ranks from 1 to the number of finite values. */
export function rank(values: Float64Array, count: number, out: Float64Array, ranks: Ranks): void {
  ranks.take(values, count);
  for (let row = 0; row < count; row += 1) {
    const value = values[row]!;
    out[row] = value - value === 0 ? ranks.of(value) : Number.NaN;
  }
}

/** From 0, the least, to 1, the greatest; 0.5 where there is one value. */
export function percentile(
  values: Float64Array,
  count: number,
  out: Float64Array,
  ranks: Ranks,
): void {
  const finite = ranks.take(values, count);
  for (let row = 0; row < count; row += 1) {
    const value = values[row]!;
    const place = finite === 1 ? 0.5 : (ranks.of(value) - 1) / (finite - 1);
    out[row] = value - value === 0 ? place : Number.NaN;
  }
}

/** 0, the least, to buckets - 1; equal values are in one bucket, so buckets may differ in size. */
export function quantile(
  values: Float64Array,
  count: number,
  out: Float64Array,
  ranks: Ranks,
  buckets: number,
): void {
  const finite = ranks.take(values, count);
  for (let row = 0; row < count; row += 1) {
    const value = values[row]!;
    const bucket = Math.floor((buckets * (ranks.of(value) - 0.5)) / finite);
    out[row] = value - value === 0 ? bucket : Number.NaN;
  }
}

/** Distance from the mean in population deviations; 0 where all are equal. */
export function zscore(values: Float64Array, count: number, out: Float64Array): void {
  const mean = meanOf(values, count);
  let squares = 0;
  let finite = 0;
  for (let row = 0; row < count; row += 1) {
    const distance = values[row]! - mean;
    if (distance - distance !== 0) continue;
    squares += distance * distance;
    finite += 1;
  }
  const deviation = Math.sqrt(squares / finite);
  for (let row = 0; row < count; row += 1) {
    const distance = values[row]! - mean;
    const score = deviation === 0 ? 0 : distance / deviation;
    out[row] = distance - distance === 0 ? score : Number.NaN;
  }
}

/** Of the finite values; worked out over distances from the first, so that equal ones have none. */
function meanOf(values: Float64Array, count: number): number {
  let first = Number.NaN;
  let sum = 0;
  let finite = 0;
  for (let row = 0; row < count; row += 1) {
    const value = values[row]!;
    if (value - value !== 0) continue;
    if (finite === 0) first = value;
    sum += value - first;
    finite += 1;
  }
  return first + sum / finite;
}

/** Where each group stands while its mean is worked out. */
export class GroupMeans {
  readonly #places = new Map<number, number>();
  readonly #first: number[] = [];
  readonly #sum: number[] = [];
  readonly #count: number[] = [];
  #used = 0;

  clear(): void {
    this.#places.clear();
    this.#used = 0;
  }

  add(group: number, value: number): void {
    let place = this.#places.get(group);
    if (place === undefined) {
      place = this.#used++;
      this.#places.set(group, place);
      this.#first[place] = value;
      this.#sum[place] = 0;
      this.#count[place] = 0;
    }
    this.#sum[place]! += value - this.#first[place]!;
    this.#count[place]! += 1;
  }

  mean(group: number): number {
    const place = this.#places.get(group) ?? -1;
    return this.#first[place]! + this.#sum[place]! / this.#count[place]!;
  }
}

/** The value without the mean of its group. */
export function demean(
  values: Float64Array,
  count: number,
  out: Float64Array,
  groups: Float64Array,
  means: GroupMeans,
): void {
  means.clear();
  for (let row = 0; row < count; row += 1) {
    const value = values[row]!;
    const group = groups[row]!;
    if (value - value === 0 && group - group === 0) means.add(group, value);
  }
  for (let row = 0; row < count; row += 1) {
    const value = values[row]!;
    const group = groups[row]!;
    out[row] = value - value === 0 && group - group === 0 ? value - means.mean(group) : Number.NaN;
  }
}

/**
 * What a line through the values over those of another column (least squares, with intercept)
 * leaves. Rows in which either is not finite have no part; over equal ones it is the distance from
 * the mean.
 */
export function residual(
  values: Float64Array,
  count: number,
  out: Float64Array,
  by: Float64Array,
): void {
  for (let row = 0; row < count; row += 1) {
    const isBoth = values[row]! - values[row]! === 0 && by[row]! - by[row]! === 0;
    out[row] = isBoth ? values[row]! : Number.NaN;
  }
  const mean = meanOf(out, count);
  let firstBy = Number.NaN;
  let sumBy = 0;
  let both = 0;
  for (let row = 0; row < count; row += 1) {
    if (Number.isNaN(out[row])) continue;
    if (both === 0) firstBy = by[row]!;
    sumBy += by[row]! - firstBy;
    both += 1;
  }
  const meanBy = firstBy + sumBy / both;
  let products = 0;
  let squares = 0;
  for (let row = 0; row < count; row += 1) {
    if (Number.isNaN(out[row])) continue;
    const distance = by[row]! - meanBy;
    products += distance * (out[row]! - mean);
    squares += distance * distance;
  }
  const slope = squares === 0 ? 0 : products / squares;
  for (let row = 0; row < count; row += 1)
    out[row] = out[row]! - mean - slope * (by[row]! - meanBy);
}
