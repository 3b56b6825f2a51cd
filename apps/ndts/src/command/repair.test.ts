// ndts repair on real files: nothing is changed unasked; what is repaired opens.

import { deepEqual, equal, match, ok, throws } from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ConfigValues, createTickBatch, NdtsError } from '@ndts/protocol';
import { loadConfig } from '@ndts/runtime';
import { type DataFolder, openDataFolder, openJournal, openTicks } from '@ndts/storage';
import { repair, type RepairFlags } from './repair.js';

interface Made {
  readonly folder: DataFolder;
  readonly values: ConfigValues;
}

function run(path: string, flags: Partial<RepairFlags> = {}): { code: number; text: string } {
  const lines: string[] = [];
  const code = repair(path, { apply: false, json: false, ...flags }, (text) => lines.push(text));
  return { code, text: lines.join('\n') };
}

function fillTicks({ folder, values }: Made): void {
  const ticks = openTicks(folder, values);
  ticks.registerSymbol(1, 3, 'LOST');
  ticks.registerSymbol(2, 3, 'KEPT');
  const batch = createTickBatch(2_000);
  batch.day.fill(20_454);
  for (let row = 0; row < 2_000; row += 1) {
    batch.symbol[row] = row < 1_024 ? 1 : 2;
    batch.nsOfDay[row] = row;
  }
  batch.count = 2_000;
  ticks.appendTicks(batch);
  ticks.seal();
  ticks.close();
}

function fillJournal({ folder, values }: Made): void {
  const journal = openJournal(folder, values);
  journal.write([{ key: 'a', value: new Uint8Array(3) }]);
  journal.seal();
  journal.close();
}

/** A data folder with ticks of two symbols in one segment, and keys. */
function makeFolder(context: TestContext): Made {
  const root = mkdtempSync(join(tmpdir(), 'ndts-repair-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const values = loadConfig({
    args: { 'storage.stagingBytes': '1048576', 'storage.walFileBytes': '1048576' },
    environment: {},
  });
  const folder = openDataFolder({
    dir: join(root, 'data'),
    memoryParent: join(root, 'memory'),
    userId: 7,
  });
  const made = { folder, values };
  fillTicks(made);
  fillJournal(made);
  return made;
}

function flip(path: string, offset: number): void {
  const bytes = readFileSync(path);
  bytes[offset] = (bytes[offset] ?? 0) ^ 4;
  writeFileSync(path, bytes);
}

function only(dir: string, end: string): string {
  const names = readdirSync(dir).filter((name) => name.endsWith(end));
  equal(names.length, 1, names.join());
  return join(dir, names[0] ?? '');
}

function withCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof NdtsError && error.code === code;
}

test('nothing is wrong with a good folder, and it must not be open', (context) => {
  const { folder, values } = makeFolder(context);
  const { code, text } = run(folder.root);
  equal(code, 0);
  match(text, /ticks: nothing is wrong\n.*journal: nothing is wrong/);
  const ticks = openTicks(folder, values);
  throws(() => run(folder.root), withCode('LOCKED'));
  ticks.close();
  throws(() => run(folder.logs), withCode('NOT_FOUND'));
});

test('a snapshot that cannot be restored is named, and nothing else is wrong', async (context) => {
  const { folder, values } = makeFolder(context);
  const ticks = openTicks(folder, values);
  await ticks.snapshot('mine');
  ticks.close();
  flip(join(folder.ticks, 'snapshots/mine/COMPLETE'), 20);
  const { code, text } = run(folder.root);
  equal(code, 0);
  match(text, /ticks: nothing is wrong\nsnapshot mine is damaged and cannot be restored: CORRUPT/);
});

test('a bad block is named; its rows go only when told', (context) => {
  const { folder, values } = makeFolder(context);
  const segment = only(join(folder.ticks, 'tables'), '.segment');
  flip(segment, 70);
  const damaged = readFileSync(segment);
  const manifest = readFileSync(join(folder.ticks, 'MANIFEST'));
  const looked = run(folder.root);
  equal(looked.code, 1);
  match(looked.text, /series_\d+\.segment .*checksum.* 976 rows +1,024 rows/);
  match(looked.text, /rows of LOST in table tick, shard 3, from 2026-01-01T/);
  match(looked.text, /Nothing was changed/);
  deepEqual(readFileSync(segment), damaged);
  deepEqual(readFileSync(join(folder.ticks, 'MANIFEST')), manifest);

  const done = run(folder.root, { apply: true });
  equal(done.code, 0);
  match(done.text, /It is repaired/);
  deepEqual(readFileSync(only(join(folder.ticks, 'damaged/1'), '.segment')), damaged);
  deepEqual(readFileSync(join(folder.ticks, 'damaged/1/MANIFEST')), manifest);
  equal(run(folder.root).code, 0);

  const ticks = openTicks(folder, values);
  const batch = createTickBatch(2_000);
  const all = { from: { day: 20_000, nsOfDay: 0 }, to: { day: 21_000, nsOfDay: 0 } };
  equal(ticks.loadTicks(1, all.from, all.to, batch), 0);
  equal(ticks.loadTicks(2, all.from, all.to, batch), 976);
  equal(ticks.nextSequence(3), 2_000);
  ticks.close();
});

test('a lost manifest is made again, with the shards that are told', (context) => {
  const { folder, values } = makeFolder(context);
  rmSync(join(folder.ticks, 'MANIFEST'));
  flip(join(folder.journal, 'MANIFEST'), 20);
  const looked = run(folder.root, { json: true, shards: values.cluster.shards });
  equal(looked.code, 1);
  const reports: unknown = JSON.parse(looked.text);
  ok(Array.isArray(reports));
  equal(reports.length, 2);
  throws(() => run(folder.ticks, { shards: 3 }), withCode('INVALID_ARGUMENT'));
  equal(run(folder.root, { apply: true, shards: values.cluster.shards }).code, 0);
  const ticks = openTicks(folder, values);
  equal(ticks.readSequence(3, 0, createTickBatch(4_000)), 2_000);
  deepEqual(
    ticks.symbols().map((symbol) => symbol.name),
    ['LOST', 'KEPT'],
  );
  ticks.close();
  const journal = openJournal(folder, values);
  deepEqual(journal.get('a'), new Uint8Array(3));
  journal.close();
});

test('a log is cut at the first bad entry that was durable', (context) => {
  const { folder, values } = makeFolder(context);
  let journal = openJournal(folder, values);
  for (const key of ['first', 'second', 'third'])
    journal.write([{ key, value: new Uint8Array(3) }]);
  journal.close();
  const wal = join(folder.journal, 'wal');
  const logs = readdirSync(wal).map((name) => join(wal, name));
  const log = logs.find((path) => readFileSync(path).includes('second')) ?? '';
  flip(log, readFileSync(log).indexOf('second'));
  throws(() => openJournal(folder, values), withCode('CORRUPT'));
  const looked = run(folder.journal);
  equal(looked.code, 1);
  match(looked.text, /wal\/wal_\d+\.log +\d+ +bad entry at position .* 1 log entry +2 log entries/);
  equal(run(folder.journal, { apply: true }).code, 0);
  journal = openJournal(folder, values);
  deepEqual(
    journal.scan({ prefix: '' }).map((entry) => entry.key),
    ['a', 'first'],
  );
  journal.close();
  equal(run(folder.journal).code, 0);
});
