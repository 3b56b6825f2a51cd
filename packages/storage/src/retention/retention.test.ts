// Retention over a real database: what is old goes or is archived, what is not stays; what was
// archived comes back the same, whatever happened in between.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Database, openDatabase } from '@ndts/native/db';
import { createTickBatch, NdtsError, type Objects, shardOf, tickSchema } from '@ndts/protocol';
import { FolderObjects, VirtualClock } from '@ndts/runtime';
import { ArchivedDays } from './archived-days.js';
import { parsePolicies } from './policy.js';
import { type OldDay, Retention } from './retention.js';

const shardCount = 4;
const symbols = ['A', 'B', 'C', 'D', 'E', 'F'];
const today = 20_000;
const msPerDay = 86_400_000;

class Data {
  readonly root: string;
  readonly clock = new VirtualClock(today * msPerDay + 5 * 3_600_000);
  database: Database;
  /** By day, what was appended: symbol, nanoseconds, price. */
  readonly rows = new Map<number, string[]>();

  constructor(context: TestContext) {
    this.root = mkdtempSync(join(tmpdir(), 'ndts-retention-'));
    this.database = this.#open();
    context.after(() => {
      this.database.close();
      rmSync(this.root, { recursive: true, force: true });
    });
  }

  get dir(): string {
    return join(this.root, 'ticks');
  }

  #open(): Database {
    const stagingDir = join(this.root, 'staging');
    mkdirSync(stagingDir, { recursive: true });
    const mebi = 1024 * 1024;
    const database = openDatabase({
      dir: this.dir,
      stagingDir,
      stagingBytes: mebi,
      walFileBytes: mebi,
      walBudgetBytes: 4 * mebi,
      memtableBytes: mebi,
      commitIntervalMs: 5,
      sealIntervalMs: 0,
      shardCount,
    });
    for (const [id, name] of symbols.entries())
      database.registerSymbol(id, shardOf(name, shardCount), name);
    return database;
  }

  reopen(): void {
    this.database.close();
    this.database = this.#open();
  }

  append(day: number, count: number): void {
    this.appendUnsealed(day, count);
    this.database.seal();
  }

  appendUnsealed(day: number, count: number): void {
    const batch = createTickBatch(count);
    batch.count = count;
    const kept = this.rows.get(day) ?? [];
    for (let row = 0; row < count; row += 1) {
      batch.day[row] = day;
      batch.nsOfDay[row] = kept.length;
      batch.symbol[row] = kept.length % symbols.length;
      batch.price[row] = day + kept.length / 7;
      kept.push(`${batch.symbol[row]} ${batch.nsOfDay[row]} ${batch.price[row]}`);
    }
    this.rows.set(day, kept);
    this.database.appendTicks(batch);
  }

  found(day: number): string[] {
    const batch = createTickBatch(10_000);
    const rows: string[] = [];
    for (const id of symbols.keys()) {
      const from = { day, nsOfDay: 0 };
      const count = this.database.loadTicks(id, from, { day: day + 1, nsOfDay: 0 }, batch);
      for (let row = 0; row < count; row += 1)
        rows.push(`${batch.symbol[row]} ${batch.nsOfDay[row]} ${batch.price[row]}`);
    }
    return rows.sort();
  }

  expect(gone: readonly number[]): void {
    for (const [day, rows] of this.rows)
      assert.deepEqual(this.found(day), gone.includes(day) ? [] : rows.toSorted(), `day ${day}`);
  }

  readonly archived = new ArchivedDays(
    { tables: () => this.database.tables(), segments: (table) => this.database.segments(table) },
    () => this.retention([]).archived(),
  );

  /** Days, of those there were, that reading is refused. */
  async refused(): Promise<number[]> {
    const refused: number[] = [];
    for (const day of this.rows.keys()) {
      const range = { from: { day, nsOfDay: 5 }, to: { day, nsOfDay: 6 } };
      await this.archived.check('tick', range).catch(() => refused.push(day));
    }
    return refused.sort((a, b) => a - b);
  }

  retention(policies: readonly string[], archive?: Objects): Retention {
    return new Retention({
      database: this.database,
      dir: this.dir,
      archive: archive ?? new FolderObjects({ dir: join(this.root, 'cold') }),
      clock: this.clock,
      policies: parsePolicies(policies),
      archived: this.archived,
    });
  }
}

const days = (list: readonly OldDay[]): number[] => list.map(({ day }) => day);

test('days beyond the limit go, the others stay', async (context) => {
  const data = new Data(context);
  for (const age of [0, 1, 29, 30, 31, 400]) data.append(today - age, 50);
  data.append(today - 31, 30);
  const retention = data.retention(['tick:30d']);
  const planned = retention.plan();
  assert.deepEqual(days(planned), [today - 400, today - 31]);
  assert.equal(planned[1]?.rows, 80);
  assert.equal(planned[1]?.action, 'expire');
  const done: OldDay[] = [];
  await retention.run((day) => done.push(day));
  assert.deepEqual(done, planned);
  data.expect([today - 400, today - 31]);
  data.reopen();
  data.expect([today - 400, today - 31]);
  assert.deepEqual(data.retention(['tick:30d']).plan(), []);
  data.clock.advance(msPerDay * 1e6);
  assert.deepEqual(days(data.retention(['tick:30d']).plan()), [today - 30]);
});

test('old rows that are only in memory are told, not taken', async (context) => {
  const data = new Data(context);
  const retention = data.retention(['tick:30d', 'nothing:1d']);
  data.append(today - 31, 50); // sealed
  assert.deepEqual(await retention.waiting(), []);
  data.appendUnsealed(today - 40, 7);
  data.appendUnsealed(today - 35, 5);
  data.appendUnsealed(today - 30, 3);
  assert.deepEqual(await retention.waiting(), [{ table: 'tick', rows: 12, day: today - 40 }]);
  await retention.run();
  assert.deepEqual(await retention.waiting(), [{ table: 'tick', rows: 12, day: today - 40 }]);
  data.database.seal();
  assert.deepEqual(await retention.waiting(), []);
  assert.deepEqual(days(retention.plan()), [today - 40, today - 35]);
});

test('archived days come back as they were, and stay until their hold ends', async (context) => {
  const data = new Data(context);
  for (const age of [0, 40, 41]) data.append(today - age, 60);
  const retention = data.retention(['tick:30d:archive']);
  assert.deepEqual(await data.refused(), []);
  await retention.run();
  data.expect([today - 40, today - 41]);
  assert.deepEqual(await data.refused(), [today - 41, today - 40]);
  // Late rows of a day that is in the archive join it.
  const first = data.rows.get(today - 40)!;
  data.append(today - 40, 25);
  await retention.run();
  data.expect([today - 40, today - 41]);
  const archived = await retention.archived();
  assert.deepEqual(
    archived.map(({ table, day }) => [table, day]),
    [
      ['tick', today - 41],
      ['tick', today - 40],
    ],
  );
  assert.equal(
    archived[1]?.segments.reduce((sum, { rows }) => sum + rows, 0),
    first.length,
  );
  await retention.restore('tick', today - 40, 7);
  data.expect([today - 41]);
  assert.deepEqual(await data.refused(), [today - 41]);
  await retention.restore('tick', today - 40, 7);
  data.expect([today - 41]);
  assert.deepEqual(retention.plan(), []);
  // Merged, with more late rows, and archived again: each row once.
  data.append(today - 40, 11);
  data.database.settle();
  data.reopen();
  data.clock.advance(8 * msPerDay * 1e6);
  const again = data.retention(['tick:30d:archive']);
  assert.deepEqual(days(again.plan()), [today - 40]);
  await again.run();
  data.expect([today - 40, today - 41]);
  await again.restore('tick', today - 40, 1);
  data.expect([today - 41]);
});

test('thousands of days cost readers no more than one look at each table', async () => {
  const looks = { archive: 0, segments: 0 };
  const one = { number: 0, shard: 0, rows: 1, bytes: 1, firstSequence: 0, endSequence: 1 };
  const present = { ...one, path: '', firstSequence: 9, endSequence: 10 };
  const archived = new ArchivedDays(
    {
      tables: () => [{ ...tickSchema, id: 3 }] as ReturnType<Database['tables']>,
      segments: () => {
        looks.segments += 1;
        return [today - 2, today - 1].map((day) => ({ ...present, day }));
      },
    },
    () => {
      looks.archive += 1;
      const segments = [{ ...one, sha256: '' }];
      const ages = Array.from({ length: 3000 }, (_, age) => today - age);
      return Promise.resolve(ages.map((day) => ({ table: 'tick', day, segments })));
    },
  );
  for (let read = 0; read < 3; read += 1)
    await assert.rejects(archived.check('tick', {}), /and 2999 more days/);
  assert.deepEqual(looks, { archive: 1, segments: 1 });
});

test('a run that finds nothing old leaves readers with what they know', async (context) => {
  const data = new Data(context);
  data.append(today - 1, 10);
  const retention = data.retention(['tick:30d:archive']);
  const { mock } = context.mock.method(data.archived, 'changed');
  await retention.run();
  assert.equal(mock.callCount(), 0);
  data.clock.advance(60 * msPerDay * 1e6);
  await retention.run();
  assert.equal(mock.callCount(), 1);
});

/** Fails at the nth write. */
class FailingObjects extends FolderObjects {
  left: number;

  constructor(dir: string, left: number) {
    super({ dir });
    this.left = left;
  }

  override put(name: string, content: Uint8Array): Promise<void> {
    if (this.left === 0) return Promise.reject(new NdtsError('DISK_FULL', name));
    this.left -= 1;
    return super.put(name, content);
  }
}

test('an archive that fails anywhere loses nothing and doubles nothing', async (context) => {
  for (let writes = 0; writes < 8; writes += 1) {
    const data = new Data(context);
    data.append(today - 40, 60);
    data.append(today - 40, 20);
    const objects = new FailingObjects(join(data.root, 'cold'), writes);
    const retention = data.retention(['tick:30d:archive'], objects);
    let failed = false;
    await retention.run().catch((error: unknown) => {
      assert.equal(error instanceof NdtsError && error.code, 'DISK_FULL');
      failed = true;
    });
    assert.equal(failed, data.found(today - 40).length > 0, `after ${writes} writes`);
    if (failed) data.expect([]);
    data.database.settle();
    objects.left = 100;
    await retention.run();
    data.expect([today - 40]);
    await retention.restore('tick', today - 40, 1);
    data.expect([]);
  }
});

test('what is not in the archive, or is damaged there, is said', async (context) => {
  const data = new Data(context);
  data.append(today - 40, 60);
  const retention = data.retention(['tick:30d:archive']);
  await retention.run();
  await assert.rejects(retention.restore('tick', today - 1, 1), { code: 'NOT_FOUND' });
  await assert.rejects(retention.restore('none', today - 40, 1), { code: 'NOT_FOUND' });
  const cold = join(data.root, 'cold');
  const files = readdirSync(cold, { recursive: true, encoding: 'utf8' });
  const segment = files.find((name) => name.endsWith('.segment'))!;
  writeFileSync(join(cold, segment), 'nonsense');
  await assert.rejects(retention.restore('tick', today - 40, 1), { code: 'CORRUPT' });
  assert.deepEqual(data.found(today - 40), []);
  const catalog = files.find((name) => name.endsWith('catalog.json'))!;
  writeFileSync(join(cold, catalog), '{}');
  await assert.rejects(retention.restore('tick', today - 40, 1), { code: 'CORRUPT' });
});

test('a replay that began before goes on with what it began with', async (context) => {
  const data = new Data(context);
  data.append(today - 40, 60);
  const batch = createTickBatch(10);
  const reader = data.database.replay({ columns: [0], capacity: 10 });
  await data.retention(['tick:30d']).run();
  assert.equal(data.database.readSequence(shardOf('A', shardCount), 0, batch), 0);
  let rows = 0;
  for (;;) {
    const taken = reader.take();
    if (taken !== undefined) rows += taken.count;
    else if (reader.ended) break;
    else await reader.wait();
  }
  reader.close();
  assert.equal(rows, 60);
});

test('policies are read, and what is none is refused', () => {
  assert.deepEqual(parsePolicies(['tick:90d', 'bar:2y:archive', 'my table:3w']), [
    { table: 'tick', days: 90, archive: false },
    { table: 'bar', days: 730, archive: true },
    { table: 'my table', days: 21, archive: false },
  ]);
  for (const text of ['', 'tick', 'tick:', 'tick:0d', 'tick:5', 'tick:5m', 'tick:1d:keep', ':1d'])
    assert.throws(() => parsePolicies([text]), { code: 'CONFIG_INVALID_VALUE' }, text);
  assert.throws(() => parsePolicies(['tick:1d', 'tick:2d']), /twice/);
});
