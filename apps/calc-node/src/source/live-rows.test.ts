// Rows off rings as a strategy has them: once, from its positions on, behind their watermark, and
// none behind a hole.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createTickBatch, type TickBatch } from '@ndts/protocol';
import { createTickRings, type TickRingWriter } from '@ndts/storage';
import { LiveRows, tickForm } from './live-rows.js';
import type { RowWatermark } from './market-source.js';

const slotCount = 64;

class Rings {
  readonly writer: TickRingWriter;
  readonly #dir = mkdtempSync(join(tmpdir(), 'ndts-live-'));
  readonly #next = [10, 20];

  constructor(context: TestContext) {
    const shape = { slotCount, epochs: [3, 3], firstSequences: this.#next };
    this.writer = createTickRings({ dir: this.#dir, ...shape });
    context.after(() => {
      this.writer.close();
      rmSync(this.#dir, { recursive: true, force: true });
    });
  }

  publish(shard: number, count: number, skipped = 0): void {
    const batch = createTickBatch(count);
    for (let row = 0; row < count; row += 1) {
      batch.shard[row] = shard;
      batch.epoch[row] = 3;
      batch.sequence[row] = this.#next[shard]! + skipped + row;
    }
    batch.count = count;
    this.#next[shard]! += skipped + count;
    this.writer.publish(batch);
  }

  read(context: TestContext, first: readonly number[], watermark: RowWatermark = 'accepted') {
    const from = first.map((sequence) => ({ epoch: 3, sequence }));
    const rows = new LiveRows(tickForm, { paths: this.writer.paths, from, watermark });
    context.after(() => rows.close());
    return rows;
  }
}

const batch = createTickBatch(16);

function poll(rows: LiveRows<TickBatch>): string[] {
  rows.poll(batch);
  return Array.from(
    { length: batch.count },
    (_, row) => `${batch.shard[row]} ${batch.sequence[row]}`,
  );
}

const sequences = (rows: LiveRows<TickBatch>): number[] =>
  rows.positions().map(({ sequence }) => sequence);

test('a ring that is not as far as the position: what was seen does not come again', (context) => {
  const rings = new Rings(context);
  rings.publish(0, 2);
  const rows = rings.read(context, [15, 20]);
  rings.publish(0, 4);
  rings.publish(1, 1, 3); // three that were only stored
  assert.deepEqual(poll(rows), ['0 15', '1 23']);
  assert.deepEqual(sequences(rows), [16, 24]);
  assert.ok(!rows.isBehind, 'what was never published is no hole');
});

test('overtaken it gives nothing more, and says where it stands', (context) => {
  const rings = new Rings(context);
  const rows = rings.read(context, [10, 20]);
  rings.publish(0, 5);
  assert.equal(poll(rows).length, 5);
  rings.publish(1, 3);
  for (let part = 0; part < 4; part += 1) rings.publish(0, 30);
  for (let turn = 0; turn < 3; turn += 1) assert.deepEqual(poll(rows), []);
  assert.ok(rows.isBehind);
  assert.deepEqual(sequences(rows), [15, 20]);
});

test('durable rows wait for their watermark, in their order', (context) => {
  const rings = new Rings(context);
  const rows = rings.read(context, [10, 20], 'durable');
  rings.publish(0, 3);
  rings.publish(1, 2);
  assert.deepEqual(poll(rows), []);
  assert.ok(rows.isHolding);
  assert.deepEqual(sequences(rows), [10, 20]);
  const mark = (first: number, second: number): void =>
    rings.writer.setWatermarks(Float64Array.of(13, first, 0, 0, 22, second, 0, 0));
  mark(12, 20);
  assert.deepEqual(poll(rows), ['0 10', '0 11']);
  assert.deepEqual(sequences(rows), [12, 20]);
  mark(13, 22);
  rings.publish(0, 1);
  assert.deepEqual(poll(rows), ['0 12', '1 20', '1 21']);
  assert.ok(rows.isHolding);
});
