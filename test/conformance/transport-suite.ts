// What every Transport must do, whatever carries the ticks. A harness owns the writing end: it
// publishes numbered ticks into shards and can begin a new epoch.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTickBatch, type RingPosition, type Transport } from '@ndts/protocol';

export interface TransportHarness {
  readonly shardCount: number;
  /** Slots of one ring. */
  readonly slotCount: number;
  readonly epoch: number;
  transport(): Transport;
  /** Publishes `count` ticks into the shard; their price is their sequence. They can be read when
   * it returns. */
  publish(shard: number, count: number): void;
  close(): void;
}

type Rows = [shard: number, epoch: number, sequence: number, price: number][];

function drain(reader: ReturnType<Transport['openTicks']>, capacity = 64): Rows {
  const batch = createTickBatch(capacity);
  const rows: Rows = [];
  for (;;) {
    const count = reader.poll(batch);
    assert.equal(batch.count, count);
    for (let row = 0; row < count; row += 1)
      rows.push([
        batch.shard[row] ?? -1,
        batch.epoch[row] ?? -1,
        batch.sequence[row] ?? -1,
        batch.price[row] ?? Number.NaN,
      ]);
    if (count === 0) return rows;
  }
}

function sequences(rows: Rows, shard: number): number[] {
  return rows.filter((row) => row[0] === shard).map((row) => row[2]);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

export function transportSuite(
  name: string,
  open: () => TransportHarness | Promise<TransportHarness>,
): void {
  const scene = (action: (harness: TransportHarness) => void) => async (): Promise<void> => {
    const harness = await open();
    try {
      action(harness);
    } finally {
      harness.close();
    }
  };
  describe(`${name}: reading`, () => {
    it('gives every tick of the shards asked for, in order, and no others', scene(readsShards));
    it('gives nothing when there is nothing, and goes on when there is', scene(goesOn));
    it('fills no more than the batch holds', scene(smallBatches));
  });
  describe(`${name}: positions`, () => {
    it('resumes exactly behind a position', scene(resumes));
    it('counts what was overwritten and goes on behind it', scene(laps));
  });
  describe(`${name}: misuse`, () => {
    it('refuses shards that do not exist and an empty list', scene(refusesShards));
    it('closes twice and refuses use after close', scene(closes));
  });
}

function readsShards(harness: TransportHarness): void {
  const reader = harness.transport().openTicks([0, 2]);
  for (let round = 0; round < 5; round += 1)
    for (let shard = 0; shard < harness.shardCount; shard += 1) harness.publish(shard, 3);
  const rows = drain(reader);
  assert.deepEqual(sequences(rows, 0), range(0, 15));
  assert.deepEqual(sequences(rows, 2), range(0, 15));
  assert.equal(rows.length, 30);
  for (const [, epoch, sequence, price] of rows) {
    assert.equal(price, sequence);
    assert.equal(epoch, harness.epoch);
  }
  reader.close();
}

function goesOn(harness: TransportHarness): void {
  const reader = harness.transport().openTicks([1]);
  assert.deepEqual(drain(reader), []);
  assert.equal(reader.waitPoll(createTickBatch(8), 10), 0);
  harness.publish(1, 2);
  const batch = createTickBatch(8);
  assert.equal(reader.waitPoll(batch, 1_000_000), 2);
  harness.publish(1, 1);
  assert.deepEqual(sequences(drain(reader), 1), [2]);
  reader.close();
}

function smallBatches(harness: TransportHarness): void {
  const reader = harness.transport().openTicks([0]);
  harness.publish(0, 10);
  const batch = createTickBatch(4);
  assert.deepEqual([reader.poll(batch), reader.poll(batch), reader.poll(batch)], [4, 4, 2]);
  reader.close();
}

function resumes(harness: TransportHarness): void {
  const transport = harness.transport();
  const first = transport.openTicks([0, 1]);
  harness.publish(0, 7);
  harness.publish(1, 4);
  drain(first);
  const positions = new Map<number, RingPosition>([
    [0, first.position(0)],
    [1, first.position(1)],
  ]);
  assert.deepEqual(positions.get(0), { epoch: harness.epoch, sequence: 7 });
  first.close();
  harness.publish(0, 2);
  const second = transport.openTicks([0, 1], positions);
  harness.publish(1, 1);
  const rows = drain(second);
  assert.deepEqual(sequences(rows, 0), [7, 8]);
  assert.deepEqual(sequences(rows, 1), [4]);
  assert.equal(second.lapped(), 0);
  second.close();
}

function laps(harness: TransportHarness): void {
  const reader = harness.transport().openTicks([0]);
  const total = harness.slotCount * 3;
  harness.publish(0, total);
  const rows = drain(reader);
  const seen = sequences(rows, 0);
  assert.equal(seen.at(-1), total - 1, 'the newest tick is there');
  assert.deepEqual(seen, range(total - seen.length, total), 'no gap behind the jump');
  assert.equal(reader.lapped() + seen.length, total, 'read or counted');
  assert.ok(reader.lapped() > 0);
  reader.close();
}

function refusesShards(harness: TransportHarness): void {
  const transport = harness.transport();
  assert.throws(() => transport.openTicks([]), { code: 'INVALID_ARGUMENT' });
  assert.throws(() => transport.openTicks([harness.shardCount]), { code: 'NOT_FOUND' });
}

function closes(harness: TransportHarness): void {
  const reader = harness.transport().openTicks([0]);
  reader.close();
  reader.close();
  assert.throws(() => reader.poll(createTickBatch(1)), { code: 'CLOSED' });
}
