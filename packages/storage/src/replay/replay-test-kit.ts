// What the tests of replays share: a database of random ticks in segments and in memory, and all
// of them as plain objects.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createTickBatch, nsPerDay, shardOf } from '@ndts/protocol';
import { type Database, openDatabase } from '@ndts/native/db';
import { SeededRandom } from '@ndts/runtime';

export interface PlainTick {
  readonly day: number;
  readonly nsOfDay: number;
  readonly name: string;
  readonly sequence: number;
  readonly price: number;
  readonly flags: number;
}

export interface ReplayFolder {
  readonly dir: string;
  readonly random: SeededRandom;
  readonly seed: number;
  open(): Database;
}

const shardCount = 4;
/** Names in another order than their ids. */
export const testNames = ['GAMMA', 'ALPHA', 'ÖL', 'BETA', 'DELTA', 'A'];

export function replayFolder(context: TestContext): ReplayFolder {
  // ambient: lets a person repeat a failed run
  const seed = Number(process.env['NDTS_SEED'] ?? 77);
  context.diagnostic(`NDTS_SEED=${seed}`);
  const root = mkdtempSync(join(tmpdir(), 'ndts-replay-'));
  const dir = join(root, 'data');
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const open = (): Database => {
    const database = openDatabase({
      dir,
      stagingDir: join(root, 'staging'),
      stagingBytes: 1 << 20,
      walFileBytes: 1 << 20,
      walBudgetBytes: 8 << 20,
      memtableBytes: 1 << 20,
      commitIntervalMs: 1,
      sealIntervalMs: 0,
      shardCount,
    });
    context.after(() => database.close());
    for (const [id, name] of testNames.entries())
      database.registerSymbol(id, shardOf(name, shardCount), name);
    return database;
  };
  return { dir, seed, random: new SeededRandom(seed), open };
}

/** Appends random ticks, some of them late, over some days; half of them are sealed. */
export function fillTicks(database: Database, random: SeededRandom, count: number): PlainTick[] {
  const ticks: PlainTick[] = [];
  let day = 20_000;
  let nsOfDay = 0;
  for (let made = 0; made < count; ) {
    const batch = createTickBatch(1 + random.integer(200));
    for (let row = 0; row < batch.capacity; row += 1) {
      nsOfDay += random.integer(3) * random.integer(20e9);
      if (random.integer(300) === 0) nsOfDay += nsPerDay;
      day += Math.floor(nsOfDay / nsPerDay);
      nsOfDay %= nsPerDay;
      batch.day[row] = day - (random.integer(20) === 0 ? 1 : 0);
      batch.nsOfDay[row] = nsOfDay;
      batch.symbol[row] = random.integer(testNames.length);
      batch.price[row] = random.integer(10_000) / 100;
      batch.flags[row] = random.integer(8);
    }
    batch.count = batch.capacity;
    database.appendTicks(batch);
    for (let row = 0; row < batch.count; row += 1)
      ticks.push({
        day: batch.day[row] ?? 0,
        nsOfDay: batch.nsOfDay[row] ?? 0,
        name: testNames[batch.symbol[row] ?? 0] ?? '',
        sequence: batch.sequence[row] ?? 0,
        price: batch.price[row] ?? 0,
        flags: batch.flags[row] ?? 0,
      });
    if (made < count / 2 && made + batch.count >= count / 2) database.seal();
    made += batch.count;
  }
  return ticks;
}

export function inOrder(ticks: readonly PlainTick[]): PlainTick[] {
  return [...ticks].sort(
    (a, b) =>
      a.day - b.day ||
      a.nsOfDay - b.nsOfDay ||
      Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)) ||
      a.sequence - b.sequence,
  );
}

export function segmentFiles(dir: string): string[] {
  const tables = join(dir, 'tables');
  return readdirSync(tables)
    .filter((name) => name.endsWith('.segment'))
    .map((name) => join(tables, name));
}
