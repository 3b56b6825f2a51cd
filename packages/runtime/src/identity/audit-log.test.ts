import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { VirtualClock } from '../clock/virtual-clock.js';
import { AuditLog } from './audit-log.js';

function folderOf(context: TestContext): string {
  const parent = mkdtempSync(join(tmpdir(), 'ndts-audit-'));
  context.after(() => rmSync(parent, { recursive: true }));
  return join(parent, 'identity');
}

function recordOf(number: number) {
  const detail = { number, text: 'ü'.repeat(number % 50) };
  return { actor: 'admin', role: 'admin', action: 'halt', detail, outcome: 'ok' };
}

test('records are read newest first, across restarts, for the owner only', (context) => {
  const dir = folderOf(context);
  const clock = new VirtualClock(1_000);
  const audit = AuditLog.open({ dir, clock });
  assert.deepEqual(audit.recent(5), []);
  audit.record(recordOf(1));
  clock.advance(5e9);
  audit.record(recordOf(2));
  assert.deepEqual(audit.recent(1), [{ timeMs: 6_000, ...recordOf(2) }]);
  audit.close();
  audit.close();
  assert.throws(() => audit.record(recordOf(3)), { code: 'CLOSED' });
  const again = AuditLog.open({ dir, clock });
  assert.deepEqual(
    again.recent(10).map(({ timeMs }) => timeMs),
    [6_000, 1_000],
  );
  again.close();
  assert.equal(statSync(join(dir, 'audit.jsonl')).mode & 0o777, 0o600);
});

test('many records, far more than one read, come back in order', (context) => {
  const dir = folderOf(context);
  const audit = AuditLog.open({ dir, clock: new VirtualClock() });
  const count = 3_000;
  for (let number = 0; number < count; number++) audit.record(recordOf(number));
  assert.ok(statSync(join(dir, 'audit.jsonl')).size > 200_000);
  const numbers = audit
    .recent(count + 1)
    .map(({ detail }) => (detail as { number: number }).number);
  assert.deepEqual(
    numbers,
    Array.from({ length: count }, (_, index) => count - 1 - index),
  );
  audit.close();
});

test('the half line of a crash is cut off, what was whole stays', (context) => {
  const dir = folderOf(context);
  const path = join(dir, 'audit.jsonl');
  const clock = new VirtualClock();
  const audit = AuditLog.open({ dir, clock });
  audit.record(recordOf(1));
  audit.close();
  const whole = readFileSync(path, 'utf8');
  for (const torn of ['{"timeMs":1,"act', 'x'.repeat(100_000)]) {
    appendFileSync(path, torn);
    const again = AuditLog.open({ dir, clock });
    assert.equal(readFileSync(path, 'utf8'), whole);
    again.record(recordOf(2));
    assert.equal(again.recent(10).length, 2);
    again.close();
    writeFileSync(path, whole);
  }
});

test('a damaged line hides only itself', (context) => {
  const dir = folderOf(context);
  const audit = AuditLog.open({ dir, clock: new VirtualClock() });
  audit.record(recordOf(1));
  audit.close();
  appendFileSync(join(dir, 'audit.jsonl'), 'not JSON\n');
  const again = AuditLog.open({ dir, clock: new VirtualClock() });
  again.record(recordOf(2));
  assert.equal(again.recent(10).length, 2);
  again.close();
});

test('a file that others can read is refused', (context) => {
  const dir = folderOf(context);
  const clock = new VirtualClock();
  AuditLog.open({ dir, clock }).close();
  chmodSync(join(dir, 'audit.jsonl'), 0o640);
  assert.throws(() => AuditLog.open({ dir, clock }), { code: 'INSECURE_FILE' });
});
