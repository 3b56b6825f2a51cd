// What every client does, whoever has the folder open: values as they went in, orders as they are
// promised, errors with their codes. Compared with plain objects and plain loops.

import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { nsBetween, type TableSchema, type Time } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import type { NDTSClient, RowBatch } from '@ndts/storage';
import { hasCode, rejectsWith } from '../kit/errors.js';
import { testSeed } from '../kit/seed.js';
import { temporaryFolder } from '../kit/temporary-folder.js';
import { firstDay, insertTicks, type Known, names, randomTicks } from './client-rows.js';
import { liveRowsAgree, modesAgree } from './client-streams.js';

export type OpenClient = (context: TestContext, dataDir: string) => Promise<NDTSClient>;

const everything: TableSchema = {
  name: 'everything',
  columns: [
    { name: 'whole', type: 'i64' },
    { name: 'real', type: 'f64', nullable: true },
    { name: 'small', type: 'i32' },
    { name: 'single', type: 'f32' },
    { name: 'on', type: 'bool' },
    { name: 'other', type: 'symbol' },
    { name: 'note', type: 'text', nullable: true },
    { name: 'raw', type: 'bytes' },
  ],
};

const intervalNs = 300e9;

function inOrder(ticks: readonly Known[]): Known[] {
  return [...ticks].sort(
    (a, b) =>
      nsBetween(a.time, b.time) ||
      Buffer.compare(Buffer.from(a.symbol), Buffer.from(b.symbol)) ||
      a.sequence - b.sequence,
  );
}

const plainOf = ({ time, symbol, price, sequence }: Known): unknown[] => [
  time.day,
  time.nsOfDay,
  symbol,
  price,
  sequence,
];

async function nameOf(client: NDTSClient): Promise<(id: number) => string> {
  const byId = new Map((await client.symbols()).map((entry) => [entry.id, entry.name]));
  return (id) => byId.get(id) ?? '';
}

export function clientSuite(who: string, open: OpenClient): void {
  test(`${who}: values of every type come back as they went in`, async (context) => {
    const client = await open(context, await temporaryFolder(context));
    await valuesComeBack(client);
  });

  test(`${who}: ticks are read back as a plain model says`, async (context) => {
    const random = new SeededRandom(testSeed(context));
    const client = await open(context, await temporaryFolder(context));
    const ticks: Known[] = [];
    for (let part = 0; part < 3; part += 1)
      ticks.push(...(await insertTicks(client, randomTicks(random, 700))));
    await replaysAgree(client, ticks);
    await loadsAgree(client, ticks);
    await numbersAgree(client, ticks);
    await placesAgree(client, ticks);
  });

  test(`${who}: a subscription sees what comes, once, and goes on`, async (context) => {
    const random = new SeededRandom(testSeed(context));
    const client = await open(context, await temporaryFolder(context));
    await liveRowsAgree(client, random);
  });

  test(`${who}: subscriptions of the past, delayed ones, and consumers`, async (context) => {
    const random = new SeededRandom(testSeed(context));
    const client = await open(context, await temporaryFolder(context));
    await modesAgree(client, random);
  });

  test(`${who}: what is wrong has its code`, async (context) => {
    const client = await open(context, await temporaryFolder(context));
    await codesAreNamed(client);
  });

  test(`${who}: loops that are left, signals and many at once`, async (context) => {
    const random = new SeededRandom(testSeed(context));
    const client = await open(context, await temporaryFolder(context));
    const ticks = await insertTicks(client, randomTicks(random, 2000));
    await leavingIsClean(client, ticks);
  });
}

async function valuesComeBack(client: NDTSClient): Promise<void> {
  const table = await client.createTable(everything);
  equal(await client.createTable(everything), table);
  const reals = [0.1, -0, Number.NaN, Number.POSITIVE_INFINITY, 5e-324, null];
  const rows = Array.from({ length: 300 }, (_, at) => ({
    time: { day: firstDay, nsOfDay: at },
    symbol: 'S',
    whole: (at % 2 === 0 ? -(2n ** 63n) : 2n ** 63n - 1n - BigInt(at)) as bigint,
    real: reals[at % reals.length] ?? null,
    small: at - 150,
    single: at / 8,
    on: at % 3 === 0,
    other: names[at % names.length] ?? '',
    note: at % 5 === 0 ? null : `größer ${at}`,
    raw: Uint8Array.of(at % 256, 0, 255),
  }));
  const { sequence, epoch } = await client.insert('everything', rows, { acknowledge: 'durable' });
  equal(new Set(sequence).size, rows.length);
  ok(epoch.every((one) => one === epoch[0] && one > 0));
  const byId = await nameOf(client);
  const wanted = rows.map(({ time: _time, symbol: _symbol, ...row }) => row);
  const found = (batch: RowBatch): unknown[] =>
    Array.from({ length: batch.count }, (_, row) => {
      const values = batch.row(row);
      return 'other' in values ? { ...values, other: byId(Number(values['other'])) } : values;
    });
  const all = await client.loadSymbol('S', { table: 'everything', batch: 64 }).all();
  deepEqual(found(all), wanted);
  deepEqual([...all.sequence], [...sequence]);
  deepEqual(all.texts('note').slice(0, 2), ['', 'größer 1']);
  const some = { table: 'everything', columns: ['small', 'real'], batch: 64 };
  const numbers = await client.loadSymbol('S', some).all();
  deepEqual(
    found(numbers),
    wanted.map(({ small, real }) => ({ small, real })),
  );
  const limited = await client.loadSymbol('S', { ...some, limit: 100 }).all();
  deepEqual(found(limited), found(numbers).slice(0, 100));
  equal((await client.loadSymbol('S', { ...some, limit: 0 }).all()).count, 0);
  const latest = await client.latest(['S'], { table: 'everything' });
  deepEqual(found(latest), wanted.slice(-1));
  const result = await client.query('SELECT note, whole FROM everything ORDER BY time LIMIT 2');
  deepEqual(await result.rows(), [
    { note: null, whole: -(2n ** 63n) },
    { note: 'größer 1', whole: 2n ** 63n - 2n },
  ]);
}

async function replaysAgree(client: NDTSClient, ticks: readonly Known[]): Promise<void> {
  const byId = await nameOf(client);
  const wanted = inOrder(ticks);
  const [from, to] = [wanted[300]?.time, wanted[1500]?.time];
  ok(from !== undefined && to !== undefined);
  const some = ['ÖL', 'BETA', 'A'];
  const ranges: readonly { readonly from?: Time; readonly to?: Time }[] = [{}, { from, to }];
  for (const symbols of [undefined, some])
    for (const range of ranges) {
      const found: unknown[] = [];
      const replay = client.replayTicks(symbols, { columns: ['price'], batch: 97, ...range });
      for await (const batch of replay)
        for (let row = 0; row < batch.count; row += 1)
          found.push([
            batch.day[row],
            batch.nsOfDay[row],
            byId(batch.symbol[row] ?? 0),
            batch.price[row],
            batch.sequence[row],
          ]);
      const expected: readonly Known[] = wanted.filter(
        ({ symbol, time }) =>
          (symbols === undefined || symbols.includes(symbol)) &&
          (range.from === undefined || (nsBetween(time, from) >= 0 && nsBetween(time, to) < 0)),
      );
      deepEqual(found, expected.map(plainOf));
    }
  equal(
    (await client.replayTicks().ends()).reduce((sum, end) => sum + end, 0),
    ticks.length,
  );
  await snapshotsAgree(client, wanted, some);
}

async function snapshotsAgree(
  client: NDTSClient,
  wanted: readonly Known[],
  symbols: readonly string[],
): Promise<void> {
  const first = wanted[0]?.time;
  ok(first !== undefined);
  const from = { day: first.day, nsOfDay: 0 };
  const options = { from, intervalNs, columns: ['price'] as const };
  let moment = 0;
  let at = 0;
  const last = symbols.map(() => Number.NaN);
  const check = (state: { last: { price: Float64Array }; changedCount: number }): void => {
    moment += 1;
    for (; at < wanted.length; at += 1) {
      const tick = wanted[at];
      if (tick === undefined || nsBetween(tick.time, from) >= moment * intervalNs) break;
      const place = symbols.indexOf(tick.symbol);
      if (place >= 0) last[place] = tick.price;
    }
    deepEqual([...state.last.price], last, `moment ${moment}`);
  };
  // The first one is that of the first change.
  const start = wanted.find(({ symbol }) => symbols.includes(symbol));
  moment = Math.floor(nsBetween(start?.time ?? from, from) / intervalNs);
  const begin = moment;
  for await (const state of client.replaySnapshots(symbols, options)) check(state);
  const count = moment;
  moment = begin;
  at = 0;
  last.fill(Number.NaN);
  await client.replaySnapshots(symbols, options).each(check);
  equal(moment, count);
  ok(count - begin > 10);
}

async function loadsAgree(client: NDTSClient, ticks: readonly Known[]): Promise<void> {
  for (const name of names) {
    const wanted = inOrder(ticks.filter(({ symbol }) => symbol === name));
    const rows = await client.loadSymbol(name, { columns: ['price', 'volume'], batch: 50 }).all();
    deepEqual(
      Array.from({ length: rows.count }, (_, row) => [
        rows.time(row),
        rows.column('price')[row],
        rows.doubles('volume')[row],
      ]),
      wanted.map(({ time, price, volume }) => [time, price, volume]),
    );
  }
  const latest = await client.latest();
  const byId = await nameOf(client);
  const found = new Map(
    Array.from(latest.symbol, (id, row) => [byId(id), latest.doubles('price')[row]]),
  );
  for (const name of names)
    equal(found.get(name), inOrder(ticks.filter(({ symbol }) => symbol === name)).at(-1)?.price);
}

async function numbersAgree(client: NDTSClient, ticks: readonly Known[]): Promise<void> {
  const cents = (some: readonly Known[]): number =>
    some.reduce((sum, { price }) => sum + Math.round(price * 100), 0);
  const result = await client.aggregate({
    symbols: names,
    bySymbol: true,
    where: [{ column: 'volume', compare: '<', value: 500 }],
    aggregates: { rows: { kind: 'rows' }, sum: { kind: 'sum', column: 'price' } },
  });
  const byId = await nameOf(client);
  equal(result.count, names.length);
  for (let group = 0; group < result.count; group += 1) {
    const name = byId(result.symbol[group] ?? 0);
    const mine = ticks.filter(({ symbol, volume }) => symbol === name && volume < 500);
    equal(result.values['rows']?.[group], mine.length);
    equal(Math.round(Number(result.values['sum']?.[group]) * 100), cents(mine));
  }
  const query = await client.query(
    'SELECT symbol, count(*) AS n FROM tick WHERE price >= $least GROUP BY symbol ORDER BY symbol',
    { parameters: { least: 500.5 } },
  );
  const counts = names
    .map((symbol) => ({
      symbol,
      n: ticks.filter((tick) => tick.symbol === symbol && tick.price >= 500.5).length,
    }))
    .sort((a, b) => Buffer.compare(Buffer.from(a.symbol), Buffer.from(b.symbol)));
  deepEqual(await query.rows(), counts);
  const all = await client.query('SELECT price FROM tick ORDER BY time, symbol, sequence', {
    batchRows: 256,
  });
  const prices: number[] = [];
  let batches = 0;
  for await (const batch of all) {
    prices.push(...(batch.column('price').values as Float64Array));
    batches += 1;
  }
  ok(batches > 1);
  equal(prices.length, ticks.length);
  equal(
    all.watermark.accepted['tick']?.reduce((sum, one) => sum + one, 0),
    ticks.length,
  );
}

async function placesAgree(client: NDTSClient, ticks: readonly Known[]): Promise<void> {
  const shards = await client.getShards();
  equal(shards.length, 8);
  equal(
    shards.reduce((sum, { accepted }) => sum + accepted, 0),
    ticks.length,
  );
  for (const { epoch, durable, accepted } of shards) ok(epoch > 0 && durable <= accepted);
  for (const name of names) {
    const mine = ticks.filter(({ symbol }) => symbol === name);
    const { blocks, memory } = await client.locate(name);
    const rows = blocks.reduce((sum, block) => sum + block.rows, memory?.rows ?? 0);
    equal(rows, mine.length);
    for (const block of blocks) {
      equal(block.shard, mine[0]?.shard);
      ok(block.offset + block.bytes < block.fileBytes && block.file.endsWith('.segment'));
    }
  }
}

async function codesAreNamed(client: NDTSClient): Promise<void> {
  equal(await client.registerSymbol('A'), await client.registerSymbol('A'));
  deepEqual((await client.registerSymbol(['A', 'B'])).length, 2);
  await rejectsWith('INVALID_ARGUMENT', client.registerSymbol(''));
  await rejectsWith('INVALID_ARGUMENT', client.registerSymbol('a\nb'));
  await rejectsWith('NOT_FOUND', client.loadSymbol('NOBODY').all());
  await rejectsWith('NOT_FOUND', client.loadSymbol('A', { table: 'nothing' }).all());
  await rejectsWith('INVALID_ARGUMENT', client.loadSymbol('A', { columns: ['nothing'] }).all());
  await rejectsWith('NOT_FOUND', client.replayTicks(['NOBODY']).next());
  await rejectsWith('INVALID_ARGUMENT', client.replayTicks(['A', 'A']).next());
  await rejectsWith('NOT_FOUND', client.latest(['NOBODY']));
  await rejectsWith('NOT_FOUND', client.locate('NOBODY'));
  await rejectsWith('NOT_FOUND', client.subscribe(['NOBODY']).next());
  await rejectsWith('NOT_FOUND', client.insert('nothing', []));
  const wrong = { time: { day: 1, nsOfDay: 0 }, symbol: 'A', price: 'x' };
  await rejectsWith('INVALID_ARGUMENT', client.insert('tick', [wrong]));
  await rejectsWith('INVALID_ARGUMENT', client.insert('tick', [{ ...wrong, price: 1 }]));
  await rejectsWith(
    'INVALID_ARGUMENT',
    client.aggregate({ aggregates: { a: { kind: 'sum', column: 'nothing' } } }),
  );
  await rejects(client.query('SELECT nothing FROM tick'), (error: unknown) => {
    hasCode('INVALID_SQL')(error);
    deepEqual((error as { position?: { column: number } }).position?.column, 8);
    return true;
  });
  const other = { name: 'tick', columns: [{ name: 'x', type: 'f64' }] } as const;
  await rejectsWith('ALREADY_EXISTS', client.createTable(other));
  equal((await client.latest()).count, 0);
  equal((await client.loadSymbol('A').all()).count, 0);
}

async function leavingIsClean(client: NDTSClient, ticks: readonly Known[]): Promise<void> {
  for await (const batch of client.replayTicks(undefined, { batch: 10 }))
    if (batch.count > 0) break;
  for await (const batch of client.loadSymbol('A', { batch: 10 })) if (batch.count > 0) break;
  const result = await client.query('SELECT * FROM tick');
  for await (const batch of result) if (batch.rows > 0) break;
  const stop = new AbortController();
  const replay = client.replayTicks(undefined, { batch: 10, signal: stop.signal });
  await replay.next();
  const live = client.subscribe(undefined, { signal: stop.signal });
  const waiting = live.next();
  const endless = client.query('SELECT count(*) FROM range(1000000000000)', {
    signal: stop.signal,
  });
  const stopped = rejectsWith(
    'CANCELLED',
    endless.then((one) => one.rows()),
  );
  setTimeout(() => stop.abort(new Error('enough')), 20);
  await rejects(waiting, /enough/);
  await rejects(replay.next(), /enough/);
  await stopped;
  const short = client.query('SELECT count(*) FROM range(1000000000000)', { timeoutMs: 30 });
  await rejectsWith(
    'TIMEOUT',
    short.then((one) => one.rows()),
  );
  const counts = await Promise.all(
    Array.from({ length: 20 }, async (_, at) => {
      let count = 0;
      const options = { batch: 100 + at, columns: ['price'] as const };
      for await (const batch of client.replayTicks(undefined, options)) count += batch.count;
      return count;
    }),
  );
  ok(counts.every((count) => count === ticks.length));
  const cut = client.replayTicks(undefined, { batch: 1 });
  await cut.next();
  await client.close();
  await client.close();
  await rejectsWith('CLOSED', client.tables());
  // What is cut short does not look like its end.
  await rejectsWith(
    'CLOSED',
    (async () => {
      while ((await cut.next()).done !== true);
    })(),
  );
}
