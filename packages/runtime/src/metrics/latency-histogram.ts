// hot: no allocation after init
// Latencies in log-linear buckets: 128 per power of two, exact below 256 ns. Recording is a few
// operations on flat memory. Always: a reported quantile is at most 0.8 % above the recorded value
// and never below it; the maximum is exact.

import type { LatencySummary } from '@ndts/protocol';

/** Plain data: crosses processes, and snapshots subtract and add. */
export interface HistogramSnapshot {
  readonly count: number;
  readonly sumNs: number;
  readonly maxNs: number;
  /** Indexes of the buckets in use, ascending, and how many values each holds. */
  readonly buckets: readonly number[];
  readonly counts: readonly number[];
}

const subBucketBits = 7;
const subBuckets = 1 << subBucketBits;
/** 2^40 ns is 18 minutes; what is longer falls into the last bucket and keeps its exact maximum. */
const exponentMax = 40;
const bucketCount = (exponentMax - subBucketBits + 1) * subBuckets;
const valueNsMax = 2 ** exponentMax - 1;
const inversePowers = Float64Array.from({ length: exponentMax + 1 }, (_, power) => 2 ** -power);

export class LatencyHistogram {
  readonly #counts = new Float64Array(bucketCount);
  #count = 0;
  #sumNs = 0;
  #maxNs = 0;

  get count(): number {
    return this.#count;
  }

  /** Negative (two clocks read out of order) counts as 0; NaN is ignored. */
  record(ns: number): void {
    if (Number.isNaN(ns)) return;
    const value = ns > 0 ? ns : 0;
    const index = bucketOf(value);
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#count++;
    this.#sumNs += value;
    if (value > this.#maxNs) this.#maxNs = value;
  }

  snapshot(): HistogramSnapshot {
    const buckets: number[] = [];
    const counts: number[] = [];
    for (let index = 0; index < bucketCount; index++) {
      const count = this.#counts[index] as number;
      if (count === 0) continue;
      buckets.push(index);
      counts.push(count);
    }
    return { count: this.#count, sumNs: this.#sumNs, maxNs: this.#maxNs, buckets, counts };
  }

  summaryUs(): LatencySummary {
    return summarizeUs(this.snapshot());
  }

  reset(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#sumNs = 0;
    this.#maxNs = 0;
  }
}

export const emptySnapshot: HistogramSnapshot = {
  count: 0,
  sumNs: 0,
  maxNs: 0,
  buckets: [],
  counts: [],
};

/** The value below or at which `quantile` (0 to 1) of the values are; 0 when there are none. */
export function quantileNs(snapshot: HistogramSnapshot, quantile: number): number {
  const rank = Math.max(1, Math.ceil(snapshot.count * quantile));
  let seen = 0;
  for (let index = 0; index < snapshot.buckets.length; index++) {
    seen += snapshot.counts[index] as number;
    if (seen < rank) continue;
    return Math.min(highestOf(snapshot.buckets[index] as number), snapshot.maxNs);
  }
  return snapshot.maxNs;
}

export function summarizeUs(snapshot: HistogramSnapshot): LatencySummary {
  return {
    count: snapshot.count,
    p50: quantileNs(snapshot, 0.5) / 1e3,
    p99: quantileNs(snapshot, 0.99) / 1e3,
    p999: quantileNs(snapshot, 0.999) / 1e3,
    max: snapshot.maxNs / 1e3,
  };
}

/** What was recorded between two snapshots of one histogram. The maximum is exact when it fell into
 * that time, else the upper edge of the highest bucket. */
export function subtractSnapshots(
  newer: HistogramSnapshot,
  older: HistogramSnapshot,
): HistogramSnapshot {
  const before = new Map(older.buckets.map((bucket, at) => [bucket, older.counts[at] as number]));
  const buckets: number[] = [];
  const counts: number[] = [];
  let count = 0;
  newer.buckets.forEach((bucket, at) => {
    const difference = (newer.counts[at] as number) - (before.get(bucket) ?? 0);
    if (difference <= 0) return;
    buckets.push(bucket);
    counts.push(difference);
    count += difference;
  });
  const highest = buckets.at(-1);
  const edgeNs = highest === undefined ? 0 : Math.min(highestOf(highest), newer.maxNs);
  const maxNs = newer.maxNs > older.maxNs ? newer.maxNs : edgeNs;
  return { count, sumNs: Math.max(0, newer.sumNs - older.sumNs), maxNs, buckets, counts };
}

/** Both together: the histograms of several processes as one. */
export function addSnapshots(a: HistogramSnapshot, b: HistogramSnapshot): HistogramSnapshot {
  const total = new Map<number, number>();
  for (const part of [a, b]) {
    part.buckets.forEach((bucket, at) => {
      total.set(bucket, (total.get(bucket) ?? 0) + (part.counts[at] as number));
    });
  }
  const sorted = [...total].sort(([left], [right]) => left - right);
  return {
    count: a.count + b.count,
    sumNs: a.sumNs + b.sumNs,
    maxNs: Math.max(a.maxNs, b.maxNs),
    buckets: sorted.map(([bucket]) => bucket),
    counts: sorted.map(([, count]) => count),
  };
}

function bucketOf(ns: number): number {
  const value = ns < valueNsMax ? Math.ceil(ns) : valueNsMax;
  if (value < subBuckets * 2) return value;
  const exponent =
    value < 2_147_483_648
      ? 31 - Math.clz32(value)
      : 47 - Math.clz32(Math.floor(value * (inversePowers[16] as number)));
  const shift = exponent - subBucketBits;
  return shift * subBuckets + Math.floor(value * (inversePowers[shift] as number));
}

/** The highest value that falls into the bucket. */
function highestOf(bucket: number): number {
  if (bucket < subBuckets * 2) return bucket;
  const shift = Math.floor(bucket / subBuckets) - 1;
  const sub = bucket - shift * subBuckets;
  return (sub + 1) * 2 ** shift - 1;
}
