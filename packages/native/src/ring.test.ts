import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { type EventEmitter, once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { createTickBatch, NdtsError, RecordKind } from '@ndts/protocol';
import {
  createSlotRing,
  createTickRings,
  openSlotRing,
  openTickRings,
  openTradeRings,
  type RowRingWriter,
  type SlotRingOptions,
  createRingBell,
  openRingBell,
} from './ring.js';
import type { FollowAnswer, FollowTask } from './ring-test-follower.js';
import {
  fillRow,
  type RingKind,
  ringKinds,
  type RowBatch,
  rowIsRight,
  testEpoch,
} from './ring-test-rows.js';

const folder = mkdtempSync(join(tmpdir(), 'ndts-ring-'));
after(() => rmSync(folder, { recursive: true }));

let made = 0;
function newDir(): string {
  made += 1;
  return join(folder, `rings-${made}`);
}

class Publisher {
  readonly writer: RowRingWriter<RowBatch>;
  readonly #next: number[];
  #turn = 0;

  constructor(kind: RingKind, shards: number, slotCount: number, first = 0) {
    const each = (value: number) => new Array<number>(shards).fill(value);
    this.writer = kind.create({
      dir: newDir(),
      slotCount,
      epochs: each(testEpoch),
      firstSequences: each(first),
    });
    this.#next = each(first);
  }

  publish(batch: RowBatch, count: number): void {
    for (let row = 0; row < count; row += 1) {
      this.#turn = (this.#turn * 5 + 3) % this.#next.length;
      const sequence = this.#next[this.#turn] ?? 0;
      fillRow(batch, row, this.#turn, sequence);
      this.#next[this.#turn] = sequence + 1;
    }
    batch.count = count;
    this.writer.publish(batch);
  }
}

const code = (expected: string) => (error: unknown) =>
  error instanceof NdtsError && error.code === expected;

for (const kind of ringKinds) {
  describe(`rings of ${kind.name}`, () => {
    test('what is polled is what was published, in order, from all shards', () => {
      const publisher = new Publisher(kind, 7, 1024, 100);
      const reader = kind.open({ paths: publisher.writer.paths, from: 'oldest' });
      const batch = kind.batch(500);
      const got = kind.batch(64);
      const expected = new Array<number>(7).fill(100);
      for (const count of [1, 500, 0, 63, 64, 65]) {
        publisher.publish(batch, count);
        for (let left = count; left > 0; left -= got.count) {
          assert.equal(reader.poll(got), got.count);
          assert.ok(got.count > 0);
          for (let row = 0; row < got.count; row += 1) {
            assert.ok(rowIsRight(got, row));
            const shard = got.shard[row] ?? 0;
            assert.equal(got.sequence[row], expected[shard]);
            expected[shard] = (expected[shard] ?? 0) + 1;
          }
        }
        assert.equal(reader.poll(got), 0);
        assert.equal(got.count, 0);
      }
      for (const [shard, sequence] of expected.entries())
        assert.deepEqual(reader.position(shard), { epoch: testEpoch, sequence });
      assert.equal(reader.lapped(), 0);
      assert.equal(reader.waitPoll(got, 100), 0);
      reader.close();
      publisher.writer.close();
    });

    test('files are private and gone after close; a mapped reader goes on', () => {
      const publisher = new Publisher(kind, 2, 64);
      const { paths } = publisher.writer;
      const reader = kind.open({ paths, from: 'oldest' });
      publisher.publish(kind.batch(8), 8);
      for (const path of paths) assert.equal(statSync(path).mode & 0o777, 0o600);
      publisher.writer.close();
      for (const path of paths) assert.equal(existsSync(path), false);
      assert.equal(reader.poll(kind.batch(8)), 8);
      assert.throws(() => kind.open({ paths, from: 'tail' }), code('NOT_FOUND'));
    });

    test('positions, marks and heartbeat', () => {
      const publisher = new Publisher(kind, 2, 64, 10);
      const { writer } = publisher;
      const { paths } = writer;
      publisher.publish(kind.batch(8), 8);
      writer.setWatermarks(Float64Array.of(14, 13, 12, 11, 24, 23, 22, 21));
      writer.heartbeat(987_654_321_012);
      const reader = kind.open({ paths, from: 'tail' });
      assert.equal(reader.poll(kind.batch(8)), 0);
      assert.deepEqual(reader.marks(1), {
        epoch: testEpoch,
        tail: reader.position(1).sequence,
        accepted: 24,
        durable: 23,
        replicated: 22,
        sealed: 21,
        heartbeatNs: 987_654_321_012,
      });
      const at = (epoch: number, sequence: number) =>
        kind.open({ paths, from: new Map([[1, { epoch, sequence }]]) });
      assert.equal(at(testEpoch, 12).position(1).sequence, 12);
      assert.equal(at(testEpoch, 12).position(0).sequence, 10);
      const behind = at(testEpoch - 1, 7);
      assert.equal(behind.lapped(), 3);
      assert.equal(behind.position(1).sequence, 10);
      assert.throws(() => at(testEpoch - 1, 11), code('WRONG_EPOCH'));
      assert.throws(() => at(testEpoch + 1, 10), code('WRONG_EPOCH'));
      assert.throws(() => at(testEpoch, 1000), code('INVALID_ARGUMENT'));
      assert.throws(() => reader.position(2), code('NOT_FOUND'));
      assert.throws(() => reader.marks(-1), code('INVALID_ARGUMENT'));
      writer.close();
    });

    test('a lapped reader knows how many ticks it missed', () => {
      const publisher = new Publisher(kind, 1, 64);
      const reader = kind.open({ paths: publisher.writer.paths, from: 'oldest' });
      const batch = kind.batch(50);
      for (let round = 0; round < 20; round += 1) publisher.publish(batch, 50);
      let seen = 0;
      while (reader.poll(batch) > 0) {
        for (let row = 0; row < batch.count; row += 1) assert.ok(rowIsRight(batch, row));
        seen += batch.count;
      }
      assert.ok(seen > 0);
      assert.equal(seen + reader.lapped(), 1000);
      publisher.writer.close();
    });

    test('misuse is named and harms nothing', () => {
      const publisher = new Publisher(kind, 1, 64);
      const { writer } = publisher;
      const reader = kind.open({ paths: writer.paths, from: 'oldest' });
      const batch = kind.batch(16);
      publisher.publish(batch, 4);
      const short = { ...batch, buffer: new ArrayBuffer(64) };
      const foreign = { ...batch, buffer: new Uint8Array(4096) as unknown as ArrayBuffer };
      const transferred = kind.batch(16);
      structuredClone(transferred.buffer, { transfer: [transferred.buffer] });
      for (const wrong of [
        short,
        foreign,
        transferred,
        { ...batch, capacity: -1 },
        { ...batch, capacity: 1.5 },
        { ...batch, capacity: 2 ** 40 },
        { ...batch, capacity: '16' as unknown as number },
      ]) {
        assert.throws(() => writer.publish(wrong), code('INVALID_ARGUMENT'));
        assert.throws(() => reader.poll(wrong), code('INVALID_ARGUMENT'));
        assert.throws(() => reader.waitPoll(wrong, 1), code('INVALID_ARGUMENT'));
      }
      for (const count of [17, -1, 0.5, Number.NaN])
        assert.throws(() => writer.publish({ ...batch, count }), code('INVALID_ARGUMENT'));
      for (const spinUs of [-1, Number.NaN, 1e9])
        assert.throws(() => reader.waitPoll(batch, spinUs), code('INVALID_ARGUMENT'));
      for (const marks of [new Float64Array(3), new Uint8Array(4), [1, 2, 3, 4]])
        assert.throws(() => writer.setWatermarks(marks as Float64Array), code('INVALID_ARGUMENT'));
      assert.throws(() => writer.heartbeat(-1), code('INVALID_ARGUMENT'));
      assert.throws(() => writer.publish({ ...batch, count: 4 }), code('INVALID_ARGUMENT'));
      assert.equal(reader.poll(batch), 4);
      for (let row = 0; row < 4; row += 1) assert.ok(rowIsRight(batch, row));
      writer.close();
    });

    test('closing twice is allowed, use after close is CLOSED', () => {
      const publisher = new Publisher(kind, 1, 64);
      const { writer } = publisher;
      const reader = kind.open({ paths: writer.paths, from: 'oldest' });
      const batch = kind.batch(4);
      for (const handle of [reader, writer]) {
        handle.close();
        handle.close();
      }
      for (const use of [
        () => writer.publish(batch),
        () => writer.setWatermarks(new Float64Array(4)),
        () => writer.heartbeat(1),
        () => reader.poll(batch),
        () => reader.waitPoll(batch, 1),
        () => reader.lapped(),
        () => reader.position(0),
        () => reader.marks(0),
      ])
        assert.throws(use, code('CLOSED'));
    });

    test('wrong options and wrong files', () => {
      const create = (options: object) => () =>
        kind.create({
          dir: newDir(),
          slotCount: 64,
          epochs: [1],
          firstSequences: [0],
          ...options,
        });
      for (const wrong of [
        { slotCount: 100 },
        { slotCount: -8 },
        { epochs: [] },
        { epochs: [0] },
        { firstSequences: [0, 1] },
        { firstSequences: ['0'] },
        { dir: '' },
        { dir: 7 },
      ])
        assert.throws(create(wrong), code('INVALID_ARGUMENT'), JSON.stringify(wrong));
      const path = join(folder, `no-ring-of-${kind.name}`);
      const open = () => kind.open({ paths: [path], from: 'oldest' });
      assert.throws(open, code('NOT_FOUND'));
      writeFileSync(path, 'not a ring');
      assert.throws(open, code('CORRUPT'));
      writeFileSync(path, Buffer.alloc(4096));
      assert.throws(open, code('CORRUPT'));
      const { writer } = new Publisher(kind, 1, 64);
      truncateSync(writer.paths[0] ?? '', 2048);
      assert.throws(() => kind.open({ paths: writer.paths, from: 'oldest' }), code('CORRUPT'));
      writer.close();
    });
  });
}

for (const kind of ringKinds) {
  describe(`rings of ${kind.name} across threads and processes`, () => {
    const follower = fileURLToPath(new URL('./ring-test-follower.js', import.meta.url));
    const rows = 100_000;

    /** Publishes once the follower is ready, and checks its answer. */
    async function feed(publisher: Publisher, follower: EventEmitter): Promise<void> {
      const [ready] = await once(follower, 'message');
      assert.equal(ready, 'ready');
      const finished = once(follower, 'message');
      const batch = kind.batch(64);
      let sent = 0;
      while (sent < rows) {
        const count = Math.min(1 + (sent % 64), rows - sent);
        publisher.publish(batch, count);
        sent += count;
        if (sent % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      const [message] = await finished;
      const answer = message as FollowAnswer;
      assert.equal(answer.wrong, 0);
      assert.equal(answer.disordered, 0);
      assert.ok(answer.whole > 0);
      assert.equal(answer.whole + answer.lapped, rows);
      assert.equal(answer.afterClose, 'CLOSED');
      publisher.writer.close();
    }

    test('another process reads what this one publishes', async () => {
      const publisher = new Publisher(kind, 4, 1024);
      const child = fork(follower);
      const task: FollowTask = { kind: kind.name, paths: publisher.writer.paths, rows };
      child.send(task);
      await feed(publisher, child);
    });

    test('a worker thread reads what this one publishes', async () => {
      const publisher = new Publisher(kind, 4, 1024);
      const task: FollowTask = { kind: kind.name, paths: publisher.writer.paths, rows };
      const worker = new Worker(follower, { workerData: task });
      await feed(publisher, worker);
      await worker.terminate();
    });
  });
}

describe('waiting', () => {
  const rings = (name: string) => {
    const dir = newDir();
    const writer = createTickRings({
      dir,
      slotCount: 64,
      epochs: [testEpoch],
      firstSequences: [0],
    });
    return { name, dir, writer };
  };

  test('a reader that sleeps waits for as long as it was told, and is woken', async () => {
    const { dir, writer } = rings('sleep');
    const batch = createTickBatch(4);
    for (const wait of ['spin', 'yield', 'sleep'] as const) {
      const reader = openTickRings({ paths: writer.paths, from: 'tail' });
      const before = process.hrtime.bigint();
      assert.equal(reader.waitPoll(batch, 10, wait, 3000), 0);
      const waitedNs = Number(process.hrtime.bigint() - before);
      assert.ok(waitedNs >= (wait === 'spin' ? 10_000 : 3_000_000), `${wait}: ${waitedNs}`);
      reader.close();
    }
    assert.equal(statSync(join(dir, 'ticks.bell')).mode & 0o777, 0o600);
    writer.close();
    assert.ok(existsSync(join(dir, 'ticks.bell')));
  });

  test('misuse', () => {
    const { writer } = rings('misuse');
    const { paths } = writer;
    const reader = openTickRings({ paths, from: 'tail' });
    const batch = createTickBatch(1);
    for (const wait of ['yield', 'sleep'] as const)
      for (const waitUs of [-1, Number.NaN, 2e6])
        assert.throws(() => reader.waitPoll(batch, 1, wait, waitUs), code('INVALID_ARGUMENT'));
    assert.throws(() => openTradeRings({ paths, from: 'tail' }), code('INVALID_ARGUMENT'));
    writer.close();
  });
});

describe('slot rings', () => {
  const bytes = 128;
  const options = (path: string): SlotRingOptions => ({
    path,
    kind: RecordKind.signal,
    slotBytes: bytes,
    slotCount: 16,
    owner: 9,
    epoch: 2,
    firstSequence: 40,
  });
  const slots = (from: number, count: number) => {
    const block = new Uint8Array(count * bytes + 3);
    for (let slot = 0; slot < count; slot += 1)
      block.fill(from + slot, slot * bytes, (slot + 1) * bytes);
    return block;
  };

  test('whole slots, in order, from where they are wanted', () => {
    const path = join(folder, 'signals');
    const writer = createSlotRing(options(path));
    const reader = openSlotRing(path, 'oldest');
    writer.publish(slots(40, 5), 5);
    const into = new Uint8Array(3 * bytes + 100);
    assert.equal(reader.poll(into), 3);
    assert.deepEqual(into.subarray(0, 3 * bytes), slots(40, 3).subarray(0, 3 * bytes));
    assert.equal(reader.nextSequence(), 43);
    // A view that is not aligned to words.
    const view = new Uint8Array(new ArrayBuffer(4 * bytes + 1), 1);
    assert.equal(reader.poll(view), 2);
    assert.equal(view[0], 43);
    assert.equal(reader.poll(into), 0);
    assert.equal(openSlotRing(path, 'tail').nextSequence(), 45);
    assert.equal(openSlotRing(path, 44).poll(into), 1);
    assert.equal(openSlotRing(path, 35).lapped(), 5);
    assert.throws(() => openSlotRing(path, 46), code('INVALID_ARGUMENT'));
    assert.throws(() => openSlotRing(path, -1), code('INVALID_ARGUMENT'));
    assert.throws(() => openSlotRing(join(folder, 'nowhere'), 'tail'), code('NOT_FOUND'));
    assert.throws(() => openTickRings({ paths: [path], from: 'tail' }), code('INVALID_ARGUMENT'));
    writer.publish(slots(45, 60), 60);
    let seen = 0;
    for (let count = reader.poll(into); count > 0; count = reader.poll(into)) seen += count;
    assert.equal(seen + reader.lapped(), 60);
    writer.close();
    assert.equal(openSlotRing(path, 'tail').nextSequence(), 105);
  });

  test('misuse', () => {
    const path = join(folder, 'factors');
    const writer = createSlotRing(options(path));
    assert.throws(() => createSlotRing(options(path)), code('ALREADY_EXISTS'));
    for (const wrong of [{ slotBytes: 100 }, { slotCount: 15 }, { epoch: 0 }, { path: '' }])
      assert.throws(
        () => createSlotRing({ ...options(join(folder, 'wrong')), ...wrong }),
        code('INVALID_ARGUMENT'),
      );
    assert.throws(() => writer.publish(slots(0, 2), 3), code('INVALID_ARGUMENT'));
    assert.throws(
      () => writer.publish(new Float64Array(64) as unknown as Uint8Array, 1),
      code('INVALID_ARGUMENT'),
    );
    const reader = openSlotRing(path, 'oldest');
    assert.equal(reader.poll(new Uint8Array(bytes - 1)), 0);
    for (const handle of [writer, reader]) {
      handle.close();
      handle.close();
    }
    for (const use of [
      () => writer.publish(slots(0, 1), 1),
      () => reader.poll(new Uint8Array(bytes)),
      () => reader.nextSequence(),
      () => reader.lapped(),
    ])
      assert.throws(use, code('CLOSED'));
    const fresh = createSlotRing({ ...options(path), epoch: 3 });
    fresh.close();
  });
});

test('a bell is heard by who rests at it, once, in any process', async () => {
  const path = join(folder, 'signals.bell');
  assert.throws(() => openRingBell(path), code('NOT_FOUND'));
  let heard: (() => void) | undefined;
  let count = 0;
  const ours = createRingBell(path, () => {
    count += 1;
    heard?.();
  });
  const theirs = openRingBell(path);
  theirs.ring();
  for (let round = 1; round <= 20; round += 1) {
    const next = new Promise<void>((resolve) => {
      heard = resolve;
    });
    ours.rest();
    theirs.ring();
    theirs.ring();
    await next;
    assert.equal(count, round);
  }
  ours.rest();
  ours.close();
  ours.close();
  theirs.ring();
  theirs.close();
  assert.throws(() => ours.ring(), code('CLOSED'));
  assert.throws(() => ours.rest(), code('CLOSED'));
});

// Its thread may be on its way to sleep at any of these closes, and is not left there.
test('a bell closes at any moment after it was rung', async () => {
  const path = join(folder, 'closed.bell');
  createRingBell(path).close();
  const theirs = openRingBell(path);
  for (let round = 0; round < 400; round += 1) {
    const ours = createRingBell(path);
    ours.rest();
    theirs.ring();
    for (let spin = (round * 1850) % 40_000; spin > 0; spin -= 1);
    ours.close();
    if (round % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  theirs.close();
});
