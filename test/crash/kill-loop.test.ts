// kill -9 in a loop of 20 restarts (100 with NDTS_TEST_LONG=1), at a random moment each (some while
// starting, some while trading): every tick that was ever visible on a ring is in the store with
// the same bits, no order reached the venue twice, and positions after the last restart are those
// of the venue.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConfigValues, createTickBatch, type PositionView } from '@ndts/protocol';
import { loadConfig, SeededRandom } from '@ndts/runtime';
import { type DataFolder, openDataFolder, openJournal, openTicks } from '@ndts/storage';
import { longRun } from '../kit/long-run.js';
import { killWhileStarting, RunningPlatform } from '../kit/running-platform.js';
import { testSeed } from '../kit/seed.js';
import { readJournalOrders } from './journal-orders.js';
import { fingerprint, RingWitness } from './ring-witness.js';
import { readVenueRecord, type VenueSummary } from './venue-record.js';

const rounds = longRun ? 100 : 6;
const shards = 8;
const keys = {
  'cluster.shards': shards,
  'feed.symbols': 24,
  'feed.ticksPerSecond': 20_000,
  'storage.stagingBytes': 4 * 1024 * 1024,
  'storage.walFileBytes': 4 * 1024 * 1024,
  // Small enough that segments are sealed between kills.
  'storage.memtableBytes': 4 * 1024 * 1024,
  'storage.walBudgetBytes': 16 * 1024 * 1024,
  'log.level': 'warn',
};

async function ordersOf(platform: RunningPlatform): Promise<number> {
  const status = (await platform.get('/api/status')) as { exec: { orders: number } | null };
  return status.exec?.orders ?? 0;
}

/** Starts, watches for a while, kills. Every fifth round first waits until it has traded. */
async function oneRound(
  dataDir: string,
  witness: RingWitness,
  liveMs: number,
  trade: boolean,
): Promise<void> {
  const platform = await RunningPlatform.start({ dataDir, keys });
  const rings = witness.attach(platform.run.memory);
  const before = trade ? await ordersOf(platform) : 0;
  let end = performance.now() + liveMs;
  let traded = !trade;
  while (!traded || performance.now() < end) {
    rings.poll();
    if (!traded && (await ordersOf(platform)) > before) {
      traded = true;
      end = performance.now() + liveMs;
    }
    await sleep(5);
    assert.ok(!platform.ended, `the node ended by itself: ${platform.output}`);
  }
  await platform.kill();
  rings.poll();
  rings.close();
}

function checkTicks(folder: DataFolder, values: ConfigValues, witness: RingWitness): void {
  const database = openTicks(folder, values);
  const batch = createTickBatch(4096);
  try {
    for (const [shard, ticks] of witness.seen) {
      const left = new Map(ticks);
      // Not spread: there may be more ticks than a call takes arguments.
      let next = [...ticks.keys()].reduce((least, one) => Math.min(least, one), Infinity);
      for (;;) {
        const count = database.readSequence(shard, next, batch);
        if (count === 0) break;
        for (let row = 0; row < count; row += 1) {
          const sequence = batch.sequence[row] ?? -1;
          const expected = left.get(sequence);
          if (expected !== undefined)
            assert.equal(fingerprint(batch, row), expected, `shard ${shard} sequence ${sequence}`);
          left.delete(sequence);
          next = sequence + 1;
        }
      }
      assert.equal(
        left.size,
        0,
        `shard ${shard} lost ${left.size} ticks: ${[...left.keys()].slice(0, 5)}`,
      );
    }
  } finally {
    database.close();
  }
}

/** Every order the venue received is in the journal, every one that is not was closed as never
 * received, and both know the same executions. */
function checkOrders(folder: DataFolder, values: ConfigValues, venue: VenueSummary): void {
  const journal = openJournal(folder, values);
  try {
    const { intents, notReceived, trades } = readJournalOrders(journal);
    const received = [...intents].filter((id) => !notReceived.has(id));
    assert.deepEqual(received.sort(), [...venue.ids].sort(), 'orders of journal and venue');
    assert.deepEqual(trades.sort(), [...venue.trades].sort(), 'executions of journal and venue');
  } finally {
    journal.close();
  }
}

function checkResults(positions: readonly PositionView[], venue: VenueSummary): void {
  assert.deepEqual(
    new Map(
      positions.map(({ symbol, realisedPnl, fees }) => [symbol, { realised: realisedPnl, fees }]),
    ),
    venue.results,
    'realised PnL and fees',
  );
}

test(`kill -9, ${rounds} times`, async (context) => {
  const random = new SeededRandom(testSeed(context));
  const dataDir = mkdtempSync(join(tmpdir(), 'ndts-kill-'));
  const witness = new RingWitness();
  try {
    for (let round = 0; round < rounds; round += 1)
      if (round % 10 === 7) await killWhileStarting({ dataDir, keys }, random.integer(800));
      else await oneRound(dataDir, witness, random.integer(400), round % 5 === 0);
    const last = await RunningPlatform.start({
      dataDir,
      keys: { ...keys, 'feed.ticksPerSecond': 0 },
    });
    const positions = (await last.get('/api/positions')) as PositionView[];
    assert.equal(await last.stop(), 0, last.output);

    const venue = readVenueRecord(join(dataDir, 'venue'));
    assert.ok(venue.orders > 0, 'orders were sent');
    assert.deepEqual(venue.sentTwice, [], 'no order was sent twice');
    assert.deepEqual(
      new Map(
        positions.filter((one) => one.quantity !== '0').map((one) => [one.symbol, one.quantity]),
      ),
      venue.positions,
    );

    const folder = openDataFolder({
      dir: dataDir,
      userId: process.getuid?.() ?? 0,
    });
    const args = Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, `${value}`]));
    assert.deepEqual(witness.contradictions, []);
    assert.ok(witness.count > 1000, `saw ${witness.count} ticks`);
    const values = loadConfig({ args, environment: {} });
    checkOrders(folder, values, venue);
    checkResults(positions, venue);
    checkTicks(folder, values, witness);
    console.log(`${witness.count} ticks, ${venue.orders} orders, ${venue.fills} fills`);
    rmSync(folder.memory, { recursive: true, force: true });
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});
