// The database through its typed door: round trips bit for bit, promises of durability, and misuse
// as a matrix, from this thread, from workers and from other processes.

import { deepEqual, equal, match, ok, rejects, throws } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  createTickBatch,
  type ErrorCode,
  type KeyValueOperation,
  NdtsError,
  type TickBatch,
} from '@ndts/protocol';
import { type Database, type DatabaseOptions, openDatabase, TableBatch } from './db.js';

let root = '';
let options: DatabaseOptions;
const opened: Database[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ndts-db-'));
  options = {
    dir: join(root, 'data'),
    stagingDir: join(root, 'staging'),
    stagingBytes: 1 << 20,
    walFileBytes: 1 << 20,
    walBudgetBytes: 8 << 20,
    memtableBytes: 1 << 20,
    commitIntervalMs: 1,
    sealIntervalMs: 0,
    shardCount: 4,
  };
});

afterEach(() => {
  for (const database of opened.splice(0)) database.close();
  rmSync(root, { recursive: true, force: true });
});

function open(changes: Partial<DatabaseOptions> = {}): Database {
  const database = openDatabase({ ...options, ...changes });
  opened.push(database);
  return database;
}

function withCode(code: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof NdtsError && error.code === code;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const columns = ['price', 'volume', 'bid', 'ask', 'bidVolume', 'askVolume'] as const;

/** Fills `count` rows of symbol 1 with doubles whose every bit counts. */
function fillOdd(batch: TickBatch, count: number): void {
  const odd = new Float64Array(columns.length * count);
  const words = new BigUint64Array(odd.buffer);
  const special = [0x7ff80000deadbeefn, 0xfff0000000000001n, 0x8000000000000000n, 1n];
  for (let index = 0; index < words.length; index += 1)
    words[index] = special[index % 7] ?? (BigInt(index) * 0x9e3779b97f4a7c15n) % (1n << 64n);
  for (let row = 0; row < count; row += 1) {
    batch.day[row] = row % 2 === 0 ? -106_751 : 106_750;
    batch.nsOfDay[row] = row % 3 === 0 ? 86_399_999_999_999 : row;
    batch.symbol[row] = 1;
    batch.flags[row] = 0xffff_ffff;
  }
  const source = new BigUint64Array(odd.buffer);
  columns.forEach((name, at) => {
    const column = new BigUint64Array(batch.buffer, batch[name].byteOffset, count);
    column.set(source.subarray(at * count, (at + 1) * count));
  });
}

function bits(batch: TickBatch, row: number): string {
  const values = columns.map((name) => {
    return new BigUint64Array(batch.buffer, batch[name].byteOffset, batch.count)[row]?.toString(16);
  });
  const key = [batch.day[row], batch.nsOfDay[row], batch.symbol[row], batch.flags[row]];
  return [...key, batch.shard[row], batch.epoch[row], batch.sequence[row], ...values].join(' ');
}

test('ticks come back bit for bit, from memory, from the log and from a segment', () => {
  const batch = createTickBatch(64);
  let database = open();
  database.registerSymbol(1, 3, 'ODD');
  fillOdd(batch, 64);
  batch.count = 64;
  database.appendTicks(batch);
  const written = Array.from({ length: 64 }, (_, row) => bits(batch, row));
  equal(batch.sequence[63], 63);
  equal(batch.shard[0], 3);
  equal(batch.epoch[0], 1);
  for (const stage of ['memory', 'log', 'segment']) {
    const found = createTickBatch(64);
    equal(database.readSequence(3, 0, found), 64, stage);
    deepEqual(
      Array.from({ length: 64 }, (_, row) => bits(found, row)),
      written,
      stage,
    );
    if (stage === 'log') database.seal();
    database.close();
    database = open();
  }
  equal(database.stats().segments, 2);
  equal(database.epoch(3), 4);
});

test('pages of ticks with equal times join without gap or repetition', () => {
  const database = open();
  database.registerSymbol(1, 0, 'EQUAL');
  const batch = createTickBatch(100);
  for (let row = 0; row < 100; row += 1) {
    batch.symbol[row] = 1;
    batch.nsOfDay[row] = Math.floor(row / 40);
  }
  batch.count = 100;
  database.appendTicks(batch);
  database.seal();
  database.appendTicks(batch);
  const page = createTickBatch(7);
  const seen: string[] = [];
  let from = { day: 0, nsOfDay: 0 };
  let after: number | undefined;
  while (database.loadTicks(1, from, { day: 1, nsOfDay: 0 }, page, after) > 0) {
    for (let row = 0; row < page.count; row += 1)
      seen.push(`${page.nsOfDay[row]}/${page.sequence[row]}`);
    const last = page.count - 1;
    from = { day: page.day[last] ?? 0, nsOfDay: page.nsOfDay[last] ?? 0 };
    after = page.sequence[last];
  }
  equal(seen.length, 200);
  equal(new Set(seen).size, 200);
  equal(seen[0], '0/0');
  equal(seen[40], '0/100');
  equal(seen[199], '2/199');
  equal(database.lastTicks(1, page), 7);
  equal(page.sequence[6], 199);
  equal(database.loadTicks(1, { day: 0, nsOfDay: 1 }, { day: 0, nsOfDay: 2 }, page), 7);
  equal(page.sequence[0], 40);
});

test('the watermarks follow the ticks', async () => {
  const database = open();
  database.registerSymbol(1, 2, 'A');
  const batch = createTickBatch(8);
  batch.count = 8;
  batch.symbol.fill(1);
  database.appendTicks(batch);
  const marks = new Float64Array(16);
  await database.durable();
  database.watermarks(marks);
  deepEqual([...marks.subarray(8, 12)], [8, 8, 8, 0]);
  database.seal();
  database.watermarks(marks);
  deepEqual([...marks], [0, 0, 0, 0, 0, 0, 0, 0, 8, 8, 8, 8, 0, 0, 0, 0]);
  equal(database.nextSequence(2), 8);
});

test('keys keep byte order, prefixes, limits and directions, across reopening', () => {
  let database = open();
  database.write([
    { key: 'a/1', value: text('one') },
    { key: 'a/2', value: new Uint8Array() },
    { key: 'a/é', value: text('accent') },
    { key: 'b', value: text('b') },
    { key: 'gone', value: text('x') },
  ]);
  database.write([{ key: 'gone', value: undefined }]);
  database.seal();
  database.write([{ key: 'a/1', value: text('newer') }]);
  for (const stage of ['live', 'reopened', 'sealed']) {
    const keys = (range: Parameters<Database['scan']>[0]): string[] =>
      database.scan(range).map((entry) => entry.key);
    deepEqual(keys({ prefix: '' }), ['a/1', 'a/2', 'a/é', 'b'], stage);
    deepEqual(keys({ prefix: 'a/', reverse: true }), ['a/é', 'a/2', 'a/1'], stage);
    deepEqual(keys({ prefix: 'a/', from: 'a/2' }), ['a/2', 'a/é'], stage);
    deepEqual(keys({ prefix: 'a/', from: 'a/2', exclusive: true }), ['a/é'], stage);
    deepEqual(keys({ prefix: 'a/', from: 'a/2', reverse: true }), ['a/2', 'a/1'], stage);
    const below = { prefix: 'a/', from: 'a/2', reverse: true, exclusive: true, limit: 1 };
    deepEqual(keys(below), ['a/1'], stage);
    deepEqual(keys({ prefix: 'a/', limit: 0 }), [], stage);
    deepEqual(database.get('a/1'), text('newer'), stage);
    deepEqual(database.get('a/2'), new Uint8Array(), stage);
    equal(database.get('gone'), undefined, stage);
    database.close();
    database = open();
    if (stage === 'reopened') database.seal();
  }
});

test('a value belongs to the caller', () => {
  const database = open();
  const value = text('abc');
  database.write([{ key: 'k', value }]);
  value[0] = 0;
  const found = database.get('k');
  deepEqual(found, text('abc'));
  if (found !== undefined) found[0] = 0;
  deepEqual(database.get('k'), text('abc'));
});

test('durable resolves for many waiters at once and refuses what was never accepted', async () => {
  const database = open({ commitIntervalMs: 10_000 });
  const waits: Promise<void>[] = [];
  for (let index = 0; index < 500; index += 1)
    waits.push(database.durable(database.write([{ key: `k${index}`, value: text('v') }])));
  await Promise.all(waits);
  equal(database.durablePosition(), database.acceptedPosition());
  ok(database.stats().commits < 400, 'commits are shared');
  await database.durable();
  await database.durable(0);
  await rejects(database.durable(database.acceptedPosition() + 1), withCode('INVALID_ARGUMENT'));
  await rejects(database.durable(-1), withCode('INVALID_ARGUMENT'));
});

test('close settles who still waits', async () => {
  const database = open({ commitIntervalMs: 10_000 });
  const wait = database.durable(database.write([{ key: 'k', value: text('v') }]));
  database.close();
  await wait;
});

test('every call after close is CLOSED, closing again is allowed', async () => {
  const database = open();
  const batch = createTickBatch(1);
  const schema = {
    name: 'one',
    columns: [{ name: 'value', type: 'f64', nullable: false }],
  } as const;
  const rows = new TableBatch(schema, 1);
  database.createTable(schema);
  database.close();
  database.close();
  const time = { day: 0, nsOfDay: 0 };
  const calls: (() => unknown)[] = [
    () => database.registerSymbol(1, 0, 'A'),
    () => database.symbols(),
    () => database.epoch(0),
    () => database.nextSequence(0),
    () => database.appendTicks(batch),
    () => database.watermarks(new Float64Array(16)),
    () => database.loadTicks(1, time, time, batch),
    () => database.lastTicks(1, batch),
    () => database.readSequence(0, 0, batch),
    () => database.createTable(schema),
    () => database.tables(),
    () => database.appendRows(2, rows),
    () => database.loadRows(2, 1, time, time, rows),
    () => database.lastRows(2, 1, rows),
    () => database.readRows(2, 0, 0, rows),
    () => database.replay({ columns: [0], capacity: 1 }),
    () => database.get('a'),
    () => database.scan({ prefix: '' }),
    () => database.write([]),
    () => database.durablePosition(),
    () => database.acceptedPosition(),
    () => database.seal(),
    () => database.settle(),
    () => database.snapshots(),
    () => database.removeSnapshot('a'),
    () => database.stats(),
  ];
  for (const call of calls) throws(call, withCode('CLOSED'), String(call));
  await rejects(database.durable(), withCode('CLOSED'));
  await rejects(database.snapshot('a'), withCode('CLOSED'));
});

test('wrong values are INVALID_ARGUMENT and change nothing', () => {
  const database = open();
  database.registerSymbol(1, 0, 'A');
  const batch = createTickBatch(4);
  const spoilt = (changes: object): TickBatch => ({ ...createTickBatch(4), ...changes });
  const moved = createTickBatch(4);
  structuredClone(moved.buffer, { transfer: [moved.buffer] });
  const odd = <T>(value: unknown): T => value as T;
  const time = { day: 0, nsOfDay: 0 };
  const calls: (() => unknown)[] = [
    () => database.appendTicks(spoilt({ count: 5 })),
    () => database.appendTicks(spoilt({ count: -1 })),
    () => database.appendTicks(spoilt({ count: 1.5 })),
    () => database.appendTicks(spoilt({ count: 1 })),
    () => database.appendTicks(spoilt({ capacity: 1e6 })),
    () => database.appendTicks(spoilt({ buffer: odd('no') })),
    () => database.appendTicks(moved),
    () => database.appendTicks(odd({})),
    () => database.registerSymbol(2, 4, 'B'),
    () => database.registerSymbol(-1, 0, 'B'),
    () => database.registerSymbol(2 ** 31, 0, 'B'),
    () => database.registerSymbol(2, 0, ''),
    () => database.epoch(4),
    () => database.nextSequence(odd('0')),
    () => database.watermarks(new Float64Array(15)),
    () => database.watermarks(odd(new Float32Array(16))),
    () => database.loadTicks(9, time, time, batch),
    () => database.loadTicks(1, { day: Number.NaN, nsOfDay: 0 }, time, batch),
    () => database.loadTicks(1, { day: 0, nsOfDay: -1 }, time, batch),
    () => database.lastTicks(2, batch),
    () => database.readSequence(4, 0, batch),
    () => database.readSequence(0, -1, batch),
    () => database.get(odd(1)),
    () => database.scan(odd({ prefix: 1 })),
    () => database.scan({ prefix: '', limit: -1 }),
    () => database.write(odd('no')),
    () => database.write(odd([1])),
    () => database.write(odd([{ key: 'a', value: 'text' }])),
    () => database.write(odd([{ key: 1, value: undefined }])),
    () => database.write([{ key: '\ud800', value: text('half a pair') }]),
    () => database.write(odd([null])),
    () => database.get('\ud800'),
    () => database.scan({ prefix: '\ud800' }),
    () => database.scan({ prefix: '', from: '\ud800' }),
    () => database.registerSymbol(2, 0, '\ud800'),
    () => database.createTable({ name: '\ud800', columns: [{ name: 'a', type: 'f64' }] }),
  ];
  const before = database.acceptedPosition();
  for (const call of calls) throws(call, withCode('INVALID_ARGUMENT'), String(call));
  throws(() => database.registerSymbol(1, 0, 'B'), withCode('ALREADY_EXISTS'));
  throws(() => database.registerSymbol(2, 0, 'A'), withCode('ALREADY_EXISTS'));
  equal(database.acceptedPosition(), before);
  deepEqual(database.symbols(), [{ id: 1, shard: 0, name: 'A' }]);
});

test('what is asked for an operation may write, too, or close the database', () => {
  const database = open();
  const asking = (ask: () => void): KeyValueOperation => ({
    get key(): string {
      ask();
      return 'outer';
    },
    value: text('1'),
  });
  // The check of the key asks first, the engine second.
  let asked = 0;
  const nested = (): void => {
    if (++asked === 2) database.write([{ key: 'inner', value: text('2') }]);
  };
  database.write([{ key: 'first', value: text('0') }, asking(nested)]);
  const keys = database.scan({ prefix: '' }).map((entry) => entry.key);
  deepEqual(keys, ['first', 'inner', 'outer']);
  asked = 0;
  const closing = (): void => {
    if (++asked === 2) database.close();
  };
  throws(() => database.write([asking(closing)]), withCode('CLOSED'));
});

test('wrong options are INVALID_ARGUMENT', () => {
  const odd = <T>(value: unknown): T => value as T;
  const wrong: Partial<DatabaseOptions>[] = [
    { shardCount: 3 },
    { shardCount: 0 },
    { shardCount: odd('4') },
    { dir: '' },
    { dir: odd(undefined) },
    { memtableBytes: -1 },
    { stagingBytes: 1 },
    { commitIntervalMs: Number.NaN },
    { sealIntervalMs: -1 },
    { snapshotIntervalMs: -1 },
    { snapshotIntervalMs: 1e300 },
    { mergeSegments: 0 },
    { mergeSegments: 1 },
    { dir: `${options.dir}\0other` },
    { stagingDir: `${options.stagingDir}\0other` },
  ];
  for (const changes of wrong)
    throws(() => open(changes), withCode('INVALID_ARGUMENT'), JSON.stringify(changes));
  open().close();
  throws(
    () => open({ shardCount: 8 }),
    (error) => {
      ok(withCode('INVALID_ARGUMENT')(error));
      match((error as Error).message, /8.*4/);
      return true;
    },
  );
});

test('a folder opens once: not again here, in a worker, or in another process', async () => {
  const database = open();
  throws(() => open(), withCode('LOCKED'));
  const source = `
    import { openDatabase } from ${JSON.stringify(new URL('./db.js', import.meta.url).href)};
    const options = ${JSON.stringify(options)};
    let code = 'OPENED';
    try { openDatabase(options).close(); } catch (error) { code = error.code; }`;
  const inChild = (): string =>
    spawnSync(process.execPath, ['--input-type=module', '-e', `${source} console.log(code);`], {
      encoding: 'utf8',
    }).stdout.trim();
  const inWorker = async (): Promise<unknown> => {
    const url = `data:text/javascript,${encodeURIComponent(
      `import { parentPort } from 'node:worker_threads'; ${source} parentPort.postMessage(code);`,
    )}`;
    const worker = new Worker(new URL(url));
    const code = await new Promise((done, fail) =>
      worker.once('message', done).once('error', fail),
    );
    await worker.terminate();
    return code;
  };
  equal(inChild(), 'LOCKED');
  equal(await inWorker(), 'LOCKED');
  database.close();
  equal(inChild(), 'OPENED');
  equal(await inWorker(), 'OPENED');
});

test('a worker that is torn down releases the folder and keeps what it wrote', async () => {
  const url = new URL('./db.js', import.meta.url).href;
  const source = `
    import { parentPort } from 'node:worker_threads';
    import { openDatabase } from ${JSON.stringify(url)};
    const database = openDatabase(${JSON.stringify(options)});
    database.write([{ key: 'k', value: new Uint8Array([7]) }]);
    void database.durable();
    parentPort.postMessage('written');
    setInterval(() => database.get('k'), 1);`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  await new Promise((done, fail) => worker.once('message', done).once('error', fail));
  await worker.terminate();
  deepEqual(open().get('k'), new Uint8Array([7]));
});

test('an open database does not keep the process alive', () => {
  const url = new URL('./db.js', import.meta.url).href;
  const source = `
    import { openDatabase } from ${JSON.stringify(url)};
    const database = openDatabase(${JSON.stringify(options)});
    await database.durable(database.write([{ key: 'k', value: new Uint8Array(1) }]));
    console.log('durable');`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
    timeout: 600_000,
  });
  equal(child.stdout.trim(), 'durable');
  equal(child.status, 0, child.stderr);
  deepEqual(open().get('k'), new Uint8Array(1));
});

test('what is in memory for long is sealed, however little', async () => {
  const database = open({ sealIntervalMs: 20 });
  database.registerSymbol(1, 0, 'A');
  const batch = createTickBatch(8);
  fillOdd(batch, 1);
  batch.count = 1;
  database.appendTicks(batch);
  const marks = new Float64Array(4 * 4);
  while (marks[3] !== 1) {
    database.watermarks(marks);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  equal(database.stats().segments, 1);
  deepEqual([...marks.subarray(0, 4)], [1, 1, 1, 1]);
});
