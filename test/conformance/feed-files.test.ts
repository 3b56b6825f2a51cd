// The feed cards on files, and files of Parquet with the columns of CSV ones.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { FileFeed, simulatorSymbolNames } from '@ndts/data-node';
import { createTickBatch, nsPerMs, createTradeBatch } from '@ndts/protocol';
import { VirtualClock } from '@ndts/runtime';
import { temporaryFolder } from '../kit/temporary-folder.js';
import { type FeedHarness, feedSuite } from './feed-suite.js';

const symbols = simulatorSymbolNames(3).map((name, index) => ({ id: index + 1, name }));
const startMs = Date.UTC(2026, 0, 5, 14);

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A row in a millisecond of each symbol; the price is its number. */
function ticksFile(dir: string): string {
  const path = join(dir, 'ticks.csv');
  const lines = ['time,symbol,price,volume'];
  for (let at = 0; at < 3000; at += 1)
    for (const { name } of symbols)
      lines.push(`${new Date(startMs + at).toISOString()},${name},${at + 1},1`);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

async function ensure(names: readonly string[]): Promise<Uint32Array> {
  return Uint32Array.from(names, (name) => symbols.find((one) => one.name === name)?.id ?? 9);
}

async function fileHarness(): Promise<FeedHarness> {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-feed-'));
  const clock = new VirtualClock(startMs);
  const feed = new FileFeed({
    name: 'files',
    paths: [ticksFile(dir)],
    speed: 1,
    clock,
    ensure,
    kinds: ['tick'],
  });
  return {
    feed,
    symbols,
    isNumbered: true,
    pass: async (ms) => {
      clock.advance(ms * nsPerMs);
      await new Promise((resolve) => void setTimeout(resolve, 1)); // files are read by a thread
    },
    timers: () => (clock.nextTimerNs() === undefined ? 0 : 1),
    close: async () => {
      await feed.disconnect();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

feedSuite('files', fileHarness);

test('Parquet is read by its names; numbers are times by their size', async (context) => {
  const dir = await temporaryFolder(context);
  const trades = join(dir, 'BTCUSDT-trades-2025-01-01.parquet');
  const ticks = join(dir, 'ticks.parquet');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(
    `COPY (SELECT 7::BIGINT AS id, 1.5::DOUBLE AS price, 2::DOUBLE AS qty, 3::DOUBLE AS quote_qty,
       1735689600000001::BIGINT AS time, true AS is_buyer_maker) TO '${trades}' (FORMAT parquet)`,
  );
  await connection.run(
    `COPY (SELECT TIMESTAMP '2026-01-02 09:30:00.25' AS time, 'AAPL' AS symbol, 101.5 AS price)
       TO '${ticks}' (FORMAT parquet)`,
  );
  connection.closeSync();
  const clock = new VirtualClock(startMs);
  const feed = new FileFeed({ name: 'files', paths: [trades, ticks], speed: 0, clock, ensure });
  const [batch, tradeBatch] = [createTickBatch(10), createTradeBatch(10)];
  const seen: number[][] = [];
  await feed.connect();
  while (!feed.stats().isEnded) {
    await turn();
    if (feed.pollTrades(tradeBatch) > 0) seen.push([tradeBatch.tradeId[0] ?? 0]);
    if (feed.poll(batch) > 0)
      seen.push([batch.day[0] ?? 0, batch.nsOfDay[0] ?? 0, batch.price[0] ?? 0]);
  }
  assert.deepEqual(feed.rejects(10), []);
  assert.deepEqual(seen, [[7], [20_089, 1000, 1.5], [20_455, 34_200_250_000_000, 101.5]]);
  await feed.disconnect();
});
