// SQL over sealed rows, beside DuckDB with the same rows in tables of its own and the same text
// (--peer duckdb), or Polars with the same rows in memory (--peer polars): candles of a minute,
// ASOF JOIN of deals with quotes, the newest row of each symbol, one symbol's day. Ours and theirs
// take turns; a line has the median of the rounds and the median of the ratios. Rows are made by a
// rule that both sides can follow.

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, openDatabase, TableBatch } from '@ndts/native/db';
import { createTickBatch, shardOf, type TableSchema } from '@ndts/protocol';
import { SystemClock } from '@ndts/runtime';
import { Sql } from '@ndts/storage';
import { answerHash, type Bench, type BenchContext, pick } from './kit/bench.js';
import { median } from './kit/disk.js';
import { DuckDb } from './kit/duckdb.js';
import { type PolarsColumns, PolarsPeer } from './kit/polars.js';
import { storageOptions } from './storage.js';

const shardCount = 64;
const threads = 2;
const firstDay = 20_000;
const gapNs = 1_000_000;
const nsPerDay = 86_400e9;
const dealGap = 10;

const dealSchema: TableSchema = {
  name: 'deal',
  columns: [
    { name: 'price', type: 'f64' },
    { name: 'size', type: 'f64' },
  ],
};

interface Sizes {
  readonly rows: number;
  readonly symbols: number;
}

function cents(at: number, symbols: number): number {
  return 10_000 + ((at * 7919) % 997) + (at % symbols);
}

function fillTicks(database: Database, { rows, symbols }: Sizes): void {
  const batch = createTickBatch(20_000);
  for (let at = 0; at < rows; ) {
    batch.count = Math.min(batch.capacity, rows - at);
    for (let row = 0; row < batch.count; row += 1, at += 1) {
      const day = Math.floor((at * gapNs) / nsPerDay);
      batch.day[row] = firstDay + day;
      batch.nsOfDay[row] = at * gapNs - day * nsPerDay;
      batch.symbol[row] = at % symbols;
      batch.price[row] = cents(at, symbols) / 100;
      batch.bid[row] = (cents(at, symbols) - 1) / 100;
      batch.ask[row] = (cents(at, symbols) + 1) / 100;
      batch.volume[row] = 100 * (1 + ((at * 31) % 50));
    }
    database.appendTicks(batch);
  }
}

/** Every tenth tick, half a gap later. */
function fillDeals(database: Database, { rows, symbols }: Sizes): void {
  const table = database.createTable(dealSchema);
  const batch = new TableBatch(dealSchema, 10_000);
  const price = batch.doubles('price');
  const size = batch.doubles('size');
  for (let at = 0; at < rows; ) {
    batch.clear();
    let row = 0;
    for (; row < batch.capacity && at < rows; row += 1, at += dealGap) {
      const day = Math.floor((at * gapNs) / nsPerDay);
      batch.day[row] = firstDay + day;
      batch.nsOfDay[row] = at * gapNs - day * nsPerDay + gapNs / 2;
      batch.symbol[row] = (at * 7) % symbols;
      price[row] = cents(at, symbols) / 100;
      size[row] = 100;
    }
    batch.count = row;
    database.appendRows(table, batch);
  }
}

function openOurs(context: BenchContext, sizes: Sizes): Database {
  const dir = join(context.dir, 'ours');
  const stagingDir = join(context.memory, 'ours');
  for (const folder of [dir, stagingDir]) if (!existsSync(folder)) mkdirSync(folder);
  const database = openDatabase({ ...storageOptions(dir, stagingDir), shardCount });
  for (let id = 0; id < sizes.symbols; id += 1)
    database.registerSymbol(id, shardOf(`SYM${id}`, shardCount), `SYM${id}`);
  return database;
}

/** Somebody else with the same rows. */
interface Peer {
  /** The values of the one row of the answer, as text. */
  ask(question: keyof typeof texts): Promise<readonly string[]>;
  close?(): void;
}

function openTheirs(context: BenchContext, sizes: Sizes, deals: boolean): Promise<Peer> {
  return context.peer === 'polars' ? openPolars(sizes, deals) : openDuckDb(context, sizes, deals);
}

function openPolars({ rows, symbols }: Sizes, deals: boolean): Promise<Peer> {
  const columnOf = (count: number, at: (row: number) => number): Float64Array =>
    new Float64Array(count).map((_, row) => at(row));
  const tick: PolarsColumns = {
    time: columnOf(rows, (row) => row * gapNs),
    symbol: columnOf(rows, (row) => row % symbols),
    price: columnOf(rows, (row) => cents(row, symbols) / 100),
    volume: columnOf(rows, (row) => 100 * (1 + ((row * 31) % 50))),
    bid1: columnOf(rows, (row) => (cents(row, symbols) - 1) / 100),
  };
  const dealRows = Math.ceil(rows / dealGap);
  const deal: PolarsColumns = {
    time: columnOf(dealRows, (row) => row * dealGap * gapNs + gapNs / 2),
    symbol: columnOf(dealRows, (row) => (row * dealGap * 7) % symbols),
    price: columnOf(dealRows, (row) => cents(row * dealGap, symbols) / 100),
    size: new Float64Array(dealRows).fill(100),
  };
  return PolarsPeer.open(threads, tick, deals ? deal : undefined);
}

async function openDuckDb(context: BenchContext, sizes: Sizes, deals: boolean): Promise<Peer> {
  const { rows, symbols } = sizes;
  const peer = await DuckDb.open(join(context.dir, 'peer.duckdb'), threads);
  const base = `${firstDay}::BIGINT * 86400000000000`;
  const price = `(10000 + (i * 7919) % 997 + i % ${symbols})`;
  await peer.run(
    `CREATE TABLE tick AS SELECT make_timestamp_ns(${base} + i * ${gapNs}) AS time,
       'SYM' || (i % ${symbols}) AS symbol, i AS sequence, ${price}::DOUBLE / 100 AS price,
       100.0::DOUBLE * (1 + (i * 31) % 50) AS volume, (${price} - 1)::DOUBLE / 100 AS bid1,
       (${price} + 1)::DOUBLE / 100 AS ask1
     FROM range(${rows}) t(i)`,
  );
  if (deals)
    await peer.run(
      `CREATE TABLE deal AS SELECT make_timestamp_ns(${base} + i * ${gapNs} + ${gapNs / 2}) AS time,
         'SYM' || ((i * 7) % ${symbols}) AS symbol, ${price}::DOUBLE / 100 AS price,
         100.0::DOUBLE AS size
       FROM range(0, ${rows}, ${dealGap}) t(i)`,
    );
  return {
    ask: async (question) => ((await peer.rows(texts[question]))[0] ?? '').split(' '),
    close: () => peer.close(),
  };
}

const texts = {
  ohlcv_1m_sql: `SELECT count(*) AS n, sum(open) AS o, sum(high) AS h, sum(low) AS l,
      sum(close) AS c, sum(volume) AS v
    FROM (SELECT symbol, epoch_ns(time) // 60000000000 AS minute, arg_min(price, time) AS open,
        max(price) AS high, min(price) AS low, arg_max(price, time) AS close,
        sum(volume) AS volume
      FROM tick GROUP BY symbol, minute)`,
  asof_join: `SELECT count(*) AS n, sum(deal.price - tick.bid1) AS spread, sum(size) AS size
    FROM deal ASOF JOIN tick ON deal.symbol = tick.symbol AND deal.time >= tick.time`,
  latest_on_sql: `SELECT count(*) AS n, sum(price) AS price FROM
      (SELECT symbol, arg_max(price, time) AS price FROM tick GROUP BY symbol)`,
  symbol_day_sql: `SELECT count(*) AS n, sum(price) AS price, max(volume) AS volume FROM tick
    WHERE symbol = 'SYM7' AND time >= '2024-10-04' AND time < '2024-10-05'`,
} as const;

/** Doubles are summed in another order on each side, and each time. */
function checkEqual(name: string, ours: readonly number[], theirs: readonly number[]): void {
  const isNear = (value: number, at: number): boolean =>
    Math.abs(value - (theirs[at] ?? Number.NaN)) <= 1e-9 * Math.abs(value);
  if (ours.length === theirs.length && ours.every(isNear)) return;
  throw new Error(`${name}: ours ${ours.join(' ')}, theirs ${theirs.join(' ')}`);
}

async function compare(context: BenchContext, name: keyof typeof texts): Promise<void> {
  const sizes = pick<Sizes>(context.size, {
    smoke: { rows: 40_000, symbols: 20 },
    small: { rows: 4_000_000, symbols: 1000 },
    full: { rows: 50_000_000, symbols: 1000 },
  });
  const rounds = pick(context.size, { smoke: 1, small: 5, full: 5 });
  const withDeals = name === 'asof_join';
  const database = openOurs(context, sizes);
  fillTicks(database, sizes);
  if (withDeals) fillDeals(database, sizes);
  database.seal();
  database.settle();
  const peer = context.peer === undefined ? undefined : await openTheirs(context, sizes, withDeals);
  const sql = new Sql({
    ...{ database, clock: new SystemClock(), threads, timeoutMs: 0 },
    memoryBytes: 8 * 2 ** 30, // of the peer: most of the machine
  });
  const times: number[] = [];
  const ratios: number[] = [];
  let answer: readonly number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const start = process.hrtime.bigint(); // ambient: a bench measures
    const [row] = await (await sql.query(texts[name])).rows();
    const ours = Number(process.hrtime.bigint() - start) / 1e9; // ambient: a bench measures
    answer = Object.values(row ?? {}).map(Number);
    if (round > 0) times.push(ours); // the first one warms up
    if (peer === undefined) continue;
    const peerStart = process.hrtime.bigint(); // ambient: a bench measures
    const theirAnswer = (await peer.ask(name)).map(Number);
    const theirs = Number(process.hrtime.bigint() - peerStart) / 1e9; // ambient: a bench measures
    checkEqual(name, answer, theirAnswer);
    if (round > 0) ratios.push(theirs / ours);
    context.say(`${name}: ours ${ours.toFixed(4)} s, ${context.peer} ${theirs.toFixed(4)} s`);
  }
  peer?.close?.();
  database.close();
  const seconds = median(times);
  context.emit({
    bench: name,
    params: { rows: sizes.rows, symbols: sizes.symbols, threads },
    metric: name === 'symbol_day_sql' ? 'time' : 'rows',
    value: name === 'symbol_day_sql' ? seconds * 1000 : sizes.rows / seconds,
    unit: name === 'symbol_day_sql' ? 'ms' : 'rows/s',
    answer: answerHash(answer.map((value) => value.toPrecision(6)).join(' ')),
    ...(peer === undefined ? {} : { peer: context.peer ?? '', ratio: median(ratios) }),
  });
}

const abouts: Readonly<Record<keyof typeof texts, string>> = {
  ohlcv_1m_sql: 'candles of a minute by SQL',
  asof_join: 'ASOF JOIN of deals with the quotes before them',
  latest_on_sql: 'the newest price of each symbol by SQL, all rows read',
  symbol_day_sql: "one symbol's day by SQL, a query from its text to its row",
};

export const sqlBenches: readonly Bench[] = (
  Object.keys(texts) as readonly (keyof typeof texts)[]
).map((name) => ({
  name,
  about: abouts[name],
  peers: ['duckdb', 'polars'],
  run: (context) => compare(context, name),
}));
