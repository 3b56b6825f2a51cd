// inspect reads every kind of file a database leaves, and names what was damaged.

import { deepEqual, equal, match, ok, throws } from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTickBatch, NdtsError } from '@ndts/protocol';
import { openSmall } from './database-test-kit.js';
import { inspectFile } from './inspect.js';

function only(dir: string, end: string): string {
  const names = readdirSync(dir).filter((name) => name.endsWith(end));
  equal(names.length, 1, names.join());
  return join(dir, names[0] ?? '');
}

function flip(path: string, offset: number): void {
  const bytes = readFileSync(path);
  bytes[offset] = (bytes[offset] ?? 0) ^ 4;
  writeFileSync(path, bytes);
}

test('every file of a database prints, damage is named', (context) => {
  const root = mkdtempSync(join(tmpdir(), 'ndts-inspect-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const dir = join(root, 'data');
  const database = openSmall(root);
  database.registerSymbol(5, 1, 'A"B');
  const batch = createTickBatch(3);
  batch.symbol.fill(5);
  batch.day.fill(20_454);
  batch.price.set([1.5, 2, 0.1]);
  batch.count = 3;
  database.appendTicks(batch);
  database.write([{ key: 'key', value: new Uint8Array(3) }]);
  database.seal();
  database.appendTicks(batch);
  database.write([{ key: 'gone', value: undefined }]);

  match(inspectFile(only(join(root, 'staging'), '.staging')).join('\n'), /staging memory/);
  const manifest = inspectFile(join(dir, 'MANIFEST')).join('\n');
  match(manifest, /shard 1 {2}epoch 1 {2}sealed below 3 {2}epochs 1@0/);
  match(manifest, /table 1 "tick" {2}price f64 .* flags i32/);
  const symbols = only(join(dir, 'tables'), '.dict');
  match(inspectFile(symbols).join('\n'), /symbol 5 shard 1 "A\\x22B"/);
  const segment = only(join(dir, 'tables'), '.segment');
  match(inspectFile(segment).join('\n'), /day 2026-01-01 {2}rows 3.*price 0\.1 to 2/s);
  const table = only(join(dir, 'tables'), '.sst');
  ok(inspectFile(table).includes('"key" 3 bytes'));
  database.close();

  const log = readdirSync(join(dir, 'wal')).filter((name) => name.endsWith('.log'));
  const lines = log.flatMap((name) => inspectFile(join(dir, 'wal', name))).join('\n');
  match(
    lines,
    /ticks {2}\[table 1 shard 1 epoch 1 sequence 3 rows 3 first 2026-01-01T00:00:00\.000000000Z/,
  );
  match(lines, /keyValue {2}\[delete "gone"\]/);

  const corrupt = (error: unknown): boolean =>
    error instanceof NdtsError && error.code === 'CORRUPT' && /at \d+\)/.test(error.message);
  for (const path of [segment, table, symbols, join(dir, 'MANIFEST')]) {
    const size = readFileSync(path).length;
    for (const offset of [20, 70, size - 20]) {
      flip(path, offset);
      throws(() => inspectFile(path), corrupt, `${path} ${offset}`);
      flip(path, offset);
    }
    inspectFile(path);
  }
  const seen: string[] = [];
  flip(segment, 70);
  throws(() => inspectFile(segment, (line) => seen.push(line)), corrupt);
  ok(seen.some((line) => line.includes('checksum of')));
  writeFileSync(join(root, 'other'), 'not ours');
  const codes = [join(root, 'other'), join(root, 'none')].map((path) => {
    try {
      return inspectFile(path).join();
    } catch (error) {
      return error instanceof NdtsError ? error.code : String(error);
    }
  });
  deepEqual(codes, ['INVALID_ARGUMENT', 'NOT_FOUND']);
});
