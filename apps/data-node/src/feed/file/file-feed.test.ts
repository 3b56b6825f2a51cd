// Files as a feed: hostile content, pace, and going on after a disconnect.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { createTickBatch, nsPerMs, nsPerSecond } from '@ndts/protocol';
import type { FileFeed } from './file-feed.js';
import { fileFeed, filesIn, rowsOf, turn } from './file-test-kit.js';

const header = 'time,symbol,price,volume\n';
const line = (at: number, symbol = 'A'): string =>
  `2026-01-02T09:30:${String(at).padStart(2, '0')}Z,${symbol},${100 + at},1\n`;

test('malformed, truncated, oversized, binary: counted, and the rest goes on', async (context) => {
  const bad = [
    'no time,A,1,1\n',
    '2026-01-02T09:30:01Z,A\n',
    '2026-01-02T09:30:01Z,A,1,1,1,1,1\n',
    '2026-01-02T09:30:01Z,A,1e5x,1\n',
    '\0\0\0,\0,\0,\0\n',
    `${'x'.repeat(300_000)}\n`,
    `2026-01-02T09:30:01Z,${'S'.repeat(5000)},1,1\n`,
  ];
  const text = header + line(1) + bad.join('') + line(2);
  const paths = filesIn(context, {
    'bad.csv': Buffer.concat([Buffer.from(text), Buffer.from([0xff, 0xfe, 0x0a])]),
    'torn.csv': `${header}${line(3)}2026-01-02T09:30`,
  });
  const rows = await rowsOf(paths);
  assert.deepEqual(
    rows.ticks.map((one) => one.split(' ')[2]),
    ['101', '102', '103'],
  );
  assert.equal(rows.stats.malformed, bad.length + 2);
  for (const { sample } of rows.rejects)
    assert.ok(sample.length <= 256 && !/\p{C}/u.test(sample), sample);
});

test('a file that cannot be read at all is passed over, but not the first one', async (context) => {
  const paths = filesIn(context, {
    'a.csv': header + line(1),
    'b.csv': '',
    'c.csv': Buffer.alloc(5000),
    'd.parquet': 'PAR1 is not enough',
    'e.csv': header + line(2),
  });
  const rows = await rowsOf([...paths.slice(0, 1), '/nowhere/at-all.csv', ...paths.slice(1)]);
  assert.equal(rows.ticks.length, 2);
  assert.equal(rows.stats.malformed, 4);
  await assert.rejects(rowsOf(paths.slice(1)), /b\.csv/);
  await assert.rejects(rowsOf(['/nowhere/at-all.csv']), /at-all/);
});

test('what is no file is refused, and nobody waits for it', async (context) => {
  const paths = filesIn(context, { 'a.csv': header + line(1), 'b.csv': header + line(2) });
  const pipe = `${paths[0]}.pipe`;
  // Opened by a reader it waits for a writer, and there is none.
  execFileSync('mkfifo', [pipe]);
  await assert.rejects(rowsOf([pipe]), /\.pipe is no file/);
  await assert.rejects(rowsOf([dirname(pipe)]), /is no file/);
  const rows = await rowsOf([paths[0]!, pipe, paths[1]!]);
  assert.deepEqual([rows.ticks.length, rows.stats.malformedBy], [2, { file: 1 }]);
});

/** What is due now: so many, and no more. */
async function dueNow(feed: FileFeed, count: number): Promise<number[]> {
  const batch = createTickBatch(10);
  const prices: number[] = [];
  for (let more = 20; more > 0; more -= 1) {
    while (feed.poll(batch) > 0) prices.push(...batch.price.subarray(0, batch.count));
    await turn(); // a thread reads the file
    if (prices.length < count) more = 20;
  }
  return prices;
}

test('at its own pace a record is due as far from the first as its time is', async (context) => {
  const paths = filesIn(context, {
    'a.csv': header + [0, 1, 2, 10].map((at) => line(at)).join(''),
  });
  const { feed, clock } = fileFeed(paths, { speed: 2 });
  await feed.connect();
  assert.deepEqual(await dueNow(feed, 1), [100]);
  clock.advance(499 * nsPerMs);
  assert.deepEqual(await dueNow(feed, 0), []);
  clock.advance(nsPerMs);
  assert.deepEqual(await dueNow(feed, 1), [101]);
  clock.advance(10 * nsPerSecond);
  assert.deepEqual(await dueNow(feed, 2), [102, 110]);
  await feed.disconnect();
});

test('a wrong time holds nothing up and hurries nothing', async (context) => {
  const wrong = (year: number): string => `${year}-01-02T09:30:00Z,A,${year},1\n`;
  const paths = filesIn(context, {
    'a.csv': header + wrong(1970) + line(0) + wrong(2200) + line(1) + wrong(1999) + line(2),
    'b.csv': header + line(3) + wrong(2200) + wrong(2201) + line(4),
  });
  const { feed, clock } = fileFeed(paths, { speed: 1 });
  await feed.connect();
  assert.deepEqual(await dueNow(feed, 2), [1970, 100]);
  clock.advance(999 * nsPerMs);
  assert.deepEqual(await dueNow(feed, 0), []);
  clock.advance(nsPerMs);
  assert.deepEqual(await dueNow(feed, 3), [2200, 101, 1999]);
  clock.advance(nsPerSecond);
  assert.deepEqual(await dueNow(feed, 1), [102]);
  clock.advance(nsPerSecond);
  assert.deepEqual(await dueNow(feed, 4), [103, 2200, 2201, 104], 'two that agree are a new day');
  await feed.disconnect();
});

test('a file that begins before the end of the one before it has its own pace', async (context) => {
  const of = (symbol: string): string => header + [1, 2].map((at) => line(at, symbol)).join('');
  const { feed, clock } = fileFeed(filesIn(context, { 'a.csv': of('A'), 'b.csv': of('B') }), {
    speed: 1,
  });
  await feed.connect();
  assert.deepEqual(await dueNow(feed, 1), [101]);
  clock.advance(nsPerSecond);
  assert.deepEqual(await dueNow(feed, 2), [102, 101]);
  clock.advance(nsPerSecond);
  assert.deepEqual(await dueNow(feed, 1), [102]);
  await feed.disconnect();
});

test('it goes on where it was, and counts a reject once', async (context) => {
  const lines = Array.from({ length: 50 }, (_, at) => line(at) + (at % 10 === 3 ? 'bad\n' : ''));
  const paths = filesIn(context, { 'a.csv': header + lines.join('') });
  const { feed } = fileFeed(paths, { chunkRows: 7 });
  const batch = createTickBatch(1);
  const seen: number[] = [];
  for (let turns = 0; !feed.stats().isEnded && turns < 5000; turns += 1) {
    await feed.connect();
    await turn();
    // What waits in the queue is given up with the connection: take all of it.
    const before = seen.length;
    while (feed.poll(batch) > 0) seen.push(batch.price[0] ?? 0);
    if (seen.length > before) await feed.disconnect();
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 50 }, (_, at) => 100 + at),
  );
  assert.deepEqual([feed.stats().malformed, feed.stats().skipped], [5, 0]);
  await feed.disconnect();
});
