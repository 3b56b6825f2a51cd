import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../random/seeded-random.js';
import {
  LatencyHistogram,
  addSnapshots,
  emptySnapshot,
  quantileNs,
  subtractSnapshots,
  summarizeUs,
} from './latency-histogram.js';

const nsMax = 100e9;

test('each value up to 100 s is reported within 1 %, never too low', () => {
  const random = new SeededRandom(1);
  const values = [0, 1, 127, 128, 255, 256, 257, 511, 512, 65_535, 65_536, 2 ** 31 - 1, 2 ** 31];
  values.push(2 ** 31 + 1, 2 ** 32, 2 ** 36 - 1, nsMax);
  for (let round = 0; round < 5_000; round++) values.push(Math.floor(nsMax ** random.next()));
  const histogram = new LatencyHistogram();
  for (const value of values) {
    histogram.reset();
    histogram.record(value);
    // A higher one, so that the exact maximum does not hide the bucket's edge.
    histogram.record(nsMax * 2);
    const found = quantileNs(histogram.snapshot(), 0.5);
    assert.ok(found >= value && found <= value * 1.01, `${value} was reported as ${found}`);
  }
});

test('buckets follow each other without a gap', () => {
  const histogram = new LatencyHistogram();
  for (let value = 0; value < 5_000; value++) histogram.record(value);
  const { buckets, counts, count } = histogram.snapshot();
  assert.equal(count, 5_000);
  assert.deepEqual(
    buckets,
    buckets.map((_, index) => index),
  );
  assert.equal(
    counts.reduce((sum, value) => sum + value, 0),
    5_000,
  );
});

test('quantiles are those of the sorted values', () => {
  const random = new SeededRandom(2);
  const histogram = new LatencyHistogram();
  const values: number[] = [];
  for (let index = 0; index < 20_000; index++) {
    const value = Math.floor(1e3 * 10 ** (random.next() * 5));
    values.push(value);
    histogram.record(value);
  }
  values.sort((a, b) => a - b);
  const snapshot = histogram.snapshot();
  for (const quantile of [0, 0.1, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = values[Math.max(0, Math.ceil(values.length * quantile) - 1)] as number;
    const found = quantileNs(snapshot, quantile);
    assert.ok(found >= exact && found <= exact * 1.01, `${quantile}: ${found} for ${exact}`);
  }
  const summary = histogram.summaryUs();
  assert.equal(summary.count, 20_000);
  assert.equal(summary.max, (values.at(-1) as number) / 1e3);
  assert.ok(summary.p50 <= summary.p99 && summary.p99 <= summary.p999);
});

test('odd values do no harm', () => {
  const histogram = new LatencyHistogram();
  histogram.record(Number.NaN);
  histogram.record(-5);
  histogram.record(0.4);
  histogram.record(Number.POSITIVE_INFINITY);
  assert.equal(histogram.count, 3);
  assert.equal(quantileNs(histogram.snapshot(), 0.5), 1);
  assert.equal(histogram.snapshot().maxNs, Number.POSITIVE_INFINITY);
});

test('a difference of snapshots is what was recorded between them', () => {
  const histogram = new LatencyHistogram();
  histogram.record(1_000_000);
  const older = histogram.snapshot();
  for (let round = 0; round < 10; round++) histogram.record(500);
  const between = subtractSnapshots(histogram.snapshot(), older);
  assert.equal(between.count, 10);
  assert.equal(between.sumNs, 5_000);
  assert.ok(between.maxNs >= 500 && between.maxNs <= 505, `${between.maxNs}`);
  histogram.record(2_000_000);
  assert.equal(subtractSnapshots(histogram.snapshot(), older).maxNs, 2_000_000);
  const nothing = subtractSnapshots(older, older);
  assert.deepEqual(summarizeUs(nothing), { count: 0, p50: 0, p99: 0, p999: 0, max: 0 });
});

test('a sum of snapshots is one histogram of both; it crosses as JSON', () => {
  const both = new LatencyHistogram();
  const parts = [new LatencyHistogram(), new LatencyHistogram()];
  for (let value = 1; value < 100_000; value += 7) {
    both.record(value);
    parts[value % 2]?.record(value);
  }
  const crossed = parts.map((part) => JSON.parse(JSON.stringify(part.snapshot())));
  assert.deepEqual(crossed.reduce(addSnapshots, emptySnapshot), both.snapshot());
});
