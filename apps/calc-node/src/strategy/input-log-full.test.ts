// The log of inputs on a disk that is full: what was whole stays whole, nothing leaves that is not
// in the file, and the next one goes on behind it.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Checkpoint, readInputLog } from './input-checkpoint.js';
import { InputLogWriter } from './input-log.js';

const checkpoint: Checkpoint = {
  ...{ identity: 'one', generation: 1, signals: 0, orders: 0, unanswered: [], symbols: 0 },
  cancels: [],
  positions: [{ epoch: 1, sequence: 0 }],
  driver: new Uint8Array(100),
};

/** A disk with so many bytes left: it takes a part of what is too much. */
class SmallDisk {
  left = Number.POSITIVE_INFINITY;

  readonly write = ((file: number, bytes: Uint8Array, from: number, count: number, at: number) => {
    const taken = Math.min(count, this.left);
    if (taken === 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    this.left -= taken;
    return writeSync(file, bytes, from, taken, at);
  }) as unknown as typeof writeSync;
}

function pathIn(context: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-full-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, '1.log');
}

test('a block that does not fit ends the log, which goes on once there is space', (context) => {
  const path = pathIn(context);
  const disk = new SmallDisk();
  const writer = new InputLogWriter(path, disk.write);
  writer.begin(checkpoint);
  writer.signal({ day: 1, nsOfDay: 1 }, 11);
  disk.left = 9;
  assert.throws(() => writer.signal({ day: 1, nsOfDay: 2 }, 12), {
    code: 'DISK_FULL',
    message: /log of inputs .*1\.log/,
  });
  writer.close();
  const found = readInputLog(path)!;
  assert.deepEqual(
    found.signals.map(({ checksum }) => checksum),
    [11],
  );
  assert.ok(readFileSync(path).length > found.bytes, 'a part of it was written');
  const next = new InputLogWriter(path);
  next.append(found.bytes, found.ends);
  next.signal({ day: 1, nsOfDay: 3 }, 13);
  next.close();
  const checksums = readInputLog(path)!.signals.map(({ checksum }) => checksum);
  assert.deepEqual(checksums, [11, 13]);
});

test('a checkpoint that does not fit leaves the log before it, and no draft', (context) => {
  const path = pathIn(context);
  const disk = new SmallDisk();
  const writer = new InputLogWriter(path, disk.write);
  writer.begin(checkpoint);
  writer.signal({ day: 1, nsOfDay: 1 }, 11);
  for (const left of [0, 50]) {
    disk.left = left;
    assert.throws(() => writer.begin({ ...checkpoint, identity: 'two' }), { code: 'DISK_FULL' });
    assert.ok(!existsSync(`${path}.new`));
    assert.equal(readInputLog(path)!.checkpoint.identity, 'one');
  }
  disk.left = 1e6;
  writer.signal({ day: 1, nsOfDay: 2 }, 12);
  writer.close();
  assert.equal(readInputLog(path)!.signals.length, 2, 'and that one goes on');
});
