import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createTickBatch, NdtsError } from '@ndts/protocol';
import { columnChecksum, createBollinger, createBollingerColumns } from './factor.js';

const code = (expected: string) => (error: unknown) =>
  error instanceof NdtsError && error.code === expected;

describe('bollinger', () => {
  test('bands, value and signal of a known window', () => {
    const bollinger = createBollinger({ period: 4, width: 1 });
    const batch = createTickBatch(6);
    batch.price.set([1, 3, 1, 3, 9, Number.NaN]);
    batch.count = 6;
    const out = createBollingerColumns(6);
    bollinger.update(batch, out);
    assert.ok(Number.isNaN(out.value[2]));
    assert.equal(out.signal[2], 0);
    // Mean 2, population deviation 1.
    assert.equal(out.middle[3], 2);
    assert.equal(out.upper[3], 3);
    assert.equal(out.lower[3], 1);
    assert.equal(out.value[3], 1);
    assert.equal(out.signal[3], 0);
    // 3, 1, 3, 9: mean 4, deviation 3.
    assert.equal(out.middle[4], 4);
    assert.equal(out.upper[4], 7);
    assert.equal(out.signal[4], -1);
    assert.ok(Number.isNaN(out.value[5]));
    bollinger.close();
  });

  test('a flat window has no width', () => {
    const bollinger = createBollinger({ period: 3, width: 2 });
    const batch = createTickBatch(3);
    batch.price.fill(0.7);
    batch.count = 3;
    const out = createBollingerColumns(3);
    bollinger.update(batch, out);
    assert.equal(out.value[2], 0.5);
    assert.equal(out.signal[2], 0);
    assert.equal(out.upper[2], out.lower[2]);
  });

  test('misuse', () => {
    for (const wrong of [{ period: 1 }, { period: 2.5 }, { period: 1e6 }, { width: 0 }])
      assert.throws(
        () => createBollinger({ period: 20, width: 2, ...wrong }),
        code('INVALID_ARGUMENT'),
      );
    const bollinger = createBollinger({ period: 20, width: 2 });
    const batch = createTickBatch(8);
    batch.count = 8;
    const out = createBollingerColumns(8);
    assert.throws(
      () => bollinger.update(batch, createBollingerColumns(7)),
      code('INVALID_ARGUMENT'),
    );
    assert.throws(() => bollinger.update(batch, { ...out }), code('INVALID_ARGUMENT'));
    assert.throws(() => bollinger.update({ ...batch, count: 9 }, out), code('INVALID_ARGUMENT'));
    batch.symbol[7] = 2 ** 22;
    assert.throws(() => bollinger.update(batch, out), code('INVALID_ARGUMENT'));
    bollinger.close();
    bollinger.close();
    assert.throws(() => bollinger.update(batch, out), code('CLOSED'));
  });
});

describe('columnChecksum', () => {
  test('the known value, and the same in parts', () => {
    const text = new TextEncoder().encode('123456789');
    assert.equal(columnChecksum(0, text), 0xe306_9283);
    const column = Float64Array.from([1, -0, Number.NaN, 1e300]);
    const first = columnChecksum(0, column.subarray(0, 1));
    assert.equal(columnChecksum(first, column.subarray(1)), columnChecksum(0, column));
    assert.notEqual(columnChecksum(0, Float64Array.of(0)), columnChecksum(0, Float64Array.of(-0)));
    assert.equal(columnChecksum(7, new Uint32Array(0)), 7);
  });

  test('misuse', () => {
    assert.throws(() => columnChecksum(-1, new Uint32Array(1)), code('INVALID_ARGUMENT'));
    assert.throws(() => columnChecksum(2 ** 32, new Uint32Array(1)), code('INVALID_ARGUMENT'));
  });
});
