// ndts factor on a real folder: every row, the newest of each symbol, part of the symbols; what is
// wrong is said.

import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ConfigValues } from '@ndts/protocol';
import { loadConfig, SystemClock } from '@ndts/runtime';
import { NDTSClient } from '@ndts/storage';
import { type FactorFlags, listFactors, runFactors } from './factor.js';
import { storedFactorsText } from './factor-store.js';

const day = 20_454; // 2026-01-01

function makeValues(context: TestContext): ConfigValues {
  const root = mkdtempSync(join(tmpdir(), 'ndts-factor-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const sizes = { 'storage.stagingBytes': '1048576', 'storage.walFileBytes': '1048576' };
  return loadConfig({ args: { dataDir: join(root, 'data'), ...sizes }, environment: {} });
}

/** Prices 0, 1, 2 ... of A and C in turn, a tick a second. */
async function fill(values: ConfigValues, count: number): Promise<void> {
  const client = new NDTSClient({ mode: 'standalone', values });
  const rest = { volume: 3, bid1: 1, ask1: 2, bid_vol1: 3, ask_vol1: 1, flags: 0 };
  const rows = Array.from({ length: count }, (_, at) => ({
    time: { day, nsOfDay: at * 1e9 },
    symbol: at % 2 === 0 ? 'A' : 'C',
    price: at,
    ...rest,
  }));
  for (let from = 0; from < count; from += 2000)
    await client.insert('tick', rows.slice(from, from + 2000));
  await client.close();
}

async function run(
  values: ConfigValues,
  texts: readonly string[],
  flags: Partial<FactorFlags> = {},
): Promise<string> {
  let written = '';
  const write = async (text: string): Promise<void> => {
    written += text;
  };
  const all = { dataDir: '', last: false, json: false, ...flags };
  await runFactors(texts, all, { values, clock: new SystemClock(), write });
  return written;
}

test('a row for each tick', async (context) => {
  const values = makeValues(context);
  await fill(values, 6);
  const lines = (await run(values, ['sma(price, 2)', 'imbalance()'])).trimEnd().split('\n');
  equal(lines[0], 'time,symbol,sequence,"sma(price, 2)",imbalance()');
  deepEqual(
    lines.slice(1).map((line) => line.split(',').slice(1)),
    [
      ['A', '0', 'NaN', '0.5'],
      ['C', '0', 'NaN', '0.5'],
      ['A', '1', '1', '0.5'],
      ['C', '1', '2', '0.5'],
      ['A', '2', '3', '0.5'],
      ['C', '2', '4', '0.5'],
    ],
  );
  const json = await run(values, ['price'], {
    symbols: 'C',
    json: true,
    from: '2026-01-01T00:00:03',
  });
  deepEqual(
    json
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { price: number }).price),
    [3, 5],
  );
});

test('the newest of each symbol, over many batches', async (context) => {
  const values = makeValues(context);
  await fill(values, 20_001);
  const json = await run(values, ['sma(price, 3)'], { last: true, json: true });
  deepEqual(
    json
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object),
    [
      { symbol: 'A', 'sma(price, 3)': 19_998 },
      { symbol: 'C', 'sma(price, 3)': 19_997 },
    ],
  );
  match(await run(values, ['price'], { last: true }), /A +20,?000\nC +19,?999/);
});

test('a row for each window, and for each symbol of a cross-section', async (context) => {
  const values = makeValues(context);
  await fill(values, 20);
  const rowsOf = (text: string): string[] => text.trimEnd().split('\n');
  const cells = (line: string): string[] => [line.slice(11, 19), ...line.split(',').slice(1)];
  const windows = rowsOf(
    await run(values, ['max(sma(price, 2))', 'delay(last(price), 1)'], {
      window: '10s',
      step: '5s',
      to: '2026-01-01T00:00:20',
    }),
  );
  equal(windows[0], 'time,symbol,ticks,"max(sma(price, 2))","delay(last(price), 1)"');
  deepEqual(windows.slice(-4).map(cells), [
    ['00:00:15', 'A', '5', '13', '8'],
    ['00:00:15', 'C', '5', '12', '9'],
    ['00:00:20', 'A', '5', '17', '14'],
    ['00:00:20', 'C', '5', '18', '13'],
  ]);
  const sections = rowsOf(await run(values, ['rank(-price)', 'demean(price)'], { every: '5s' }));
  equal(sections[0], 'time,symbol,rank(-price),demean(price)');
  deepEqual(sections.slice(-2).map(cells), [
    ['00:00:15', 'A', '1', '0.5'],
    ['00:00:15', 'C', '2', '-0.5'],
  ]);
  const last = await run(values, ['rank(price)'], { every: '5s', last: true });
  match(last, /A +2\nC +1/);
  for (const flags of [
    { step: '5s' },
    { window: '10' },
    { window: '0s' },
    { window: '1500us' },
    { window: '10s', every: '5s' },
  ])
    await rejects(run(values, ['last(price)'], flags), { code: 'INVALID_ARGUMENT' });
});

test('windows of time: the ticks that are less than a period old', async (context) => {
  const values = makeValues(context);
  await fill(values, 8);
  const rows = await run(values, ['sum(price, 4s)', 'sma(count(1h), 2)'], { symbols: 'A' });
  deepEqual(
    rows
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',').slice(2)),
    [
      ['0', '0', 'NaN'],
      ['1', '2', '1.5'],
      ['2', '6', '2.5'],
      ['3', '10', '3.5'],
    ],
  );
  const later = { store: 'mine', from: '2026-01-01T00:00:02' };
  match(
    await run(values, ['sums=sum(price, 4s)'], later),
    /^2 rows of mine stored, from 6 ticks$/m,
  );
  await using client = new NDTSClient({ mode: 'standalone', values });
  const sql = 'SELECT symbol, value, first_sequence, last_sequence FROM factor ORDER BY symbol';
  deepEqual(
    (await (await client.query(sql)).rows()).map((row) => Object.values(row)),
    [
      ['A', 10, 2, 3],
      ['C', 12, 2, 3],
    ],
  );
});

test('values are stored once, with the ticks they look at, and listed', async (context) => {
  const values = makeValues(context);
  await fill(values, 10);
  const texts = ['mean=sma(price, 3)'];
  const to = '2026-01-01T00:00:06';
  match(await run(values, texts, { store: 'mine', to }), /^6 rows of mine stored, from 6 ticks$/m);
  const again = await run(values, texts, { store: 'mine' });
  match(again, /^4 rows of mine stored, from 10 ticks, 6 were there before$/m);
  const later = await run(values, texts, { store: 'mine', factorVersion: '2', from: to });
  match(later, /^0 rows of mine stored, from 4 ticks$/m, 'nothing is warm');
  await using client = new NDTSClient({ mode: 'standalone', values });
  const sql =
    'SELECT f.symbol, f.value, f.version, f.first_sequence, f.last_sequence, t.price ' +
    'FROM factor f JOIN tick t ON t.symbol = f.symbol AND t.epoch = f.tick_epoch ' +
    "AND t.sequence = f.last_sequence WHERE f.symbol = 'A' ORDER BY f.last_sequence";
  deepEqual(
    (await (await client.query(sql)).rows()).map((row) => Object.values(row)),
    [
      ['A', null, 1, null, 0, 0],
      ['A', null, 1, null, 1, 2],
      ['A', 2, 1, 0, 2, 4],
      ['A', 4, 1, 1, 3, 6],
      ['A', 6, 1, 2, 4, 8],
    ],
  );
  await client.close();
  const flags = { dataDir: '' };
  const write = async (): Promise<void> => {};
  const listed = await storedFactorsText(flags, { values, clock: new SystemClock(), write });
  match(listed, /mine +mean +1 +10 +2 +2026-01-01/);
  for (const wrong of [[], ['sma(price, 3)'], ['a=sma(price)']])
    await rejects(run(values, wrong, { store: 'mine' }), { code: 'INVALID_ARGUMENT' });
  const bands = await run(values, [], { of: 'bollinger' }).catch((error: Error) => error.message);
  match(bands, /declares no factor with store: true/);
});

test('what is wrong is said', async (context) => {
  const values = makeValues(context);
  await rejects(run(values, ['price']), { code: 'NOT_FOUND' });
  await fill(values, 2);
  await rejects(run(values, ['sma(price)']), { code: 'INVALID_ARGUMENT' });
  await rejects(run(values, ['sma(price, 99999)']), { code: 'INVALID_ARGUMENT' });
  await rejects(run(values, ['price'], { symbols: 'nobody' }), { code: 'NOT_FOUND' });
  await rejects(run(values, ['ema(price, 60s)']), {
    code: 'INVALID_ARGUMENT',
    message: /found '60s'; a period may be a time in count, sum, sma, .*vwap/,
  });
  match(listFactors(), /bollinger\(of, period = 20, width = 2\)/);
  match(listFactors(), /a period is so many rows, or a time such as 60s in count, sum, .*vwap/);
});
