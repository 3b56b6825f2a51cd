// csv_import: ticks as CSV into a database: parsed only, until the last row is accepted, and
// until it is durable, with the settings a node has. With --peer duckdb the same file goes into a
// table of its own by CREATE TABLE AS read_csv with the same types, in turns with ours; a line
// has the median of the rounds and of the ratios. Whole imports, the checksum of the file
// included.

import { closeSync, mkdirSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { CsvReader } from '@ndts/native/csv';
import { type Database, openDatabase, TableBatch } from '@ndts/native/db';
import { shardOf } from '@ndts/protocol';
import { SystemClock } from '@ndts/runtime';
import { databaseTarget, importFile } from '@ndts/storage';
import { answerHash, type Bench, type BenchContext, pick } from './kit/bench.js';
import { median } from './kit/disk.js';
import { DuckDb } from './kit/duckdb.js';
import { storageOptions } from './storage.js';

const symbols = 100;
const threads = 2;
const clock = new SystemClock();

/** In the order of time: a day of 50 million, or a part of it. */
function writeTicks(path: string, rows: number): void {
  const file = openSync(path, 'w');
  let text = 'time,symbol,price,volume,bid1,ask1,bid_vol1,ask_vol1,flags\n';
  const gapUs = Math.floor(86_000_000_000 / rows);
  for (let row = 0; row < rows; row += 1) {
    const us = row * gapUs;
    const time = new Date(Math.floor(us / 1000)).toISOString().slice(11, 23);
    const cents = 10_000 + ((row * 7919) % 9973);
    text +=
      `2024-01-02T${time}${String(us % 1000).padStart(3, '0')}000Z,SYM${row % symbols},` +
      `${cents / 100},${row % 1000},${(cents - 1) / 100},${(cents + 1) / 100},` +
      `${row % 700},${row % 300},0\n`;
    if (text.length < 1 << 20 && row < rows - 1) continue;
    writeSync(file, text);
    text = '';
  }
  closeSync(file);
}

function open(context: BenchContext, name: string): Database {
  const dir = join(context.dir, name);
  const stagingDir = join(context.memory, name);
  mkdirSync(dir);
  mkdirSync(stagingDir);
  return openDatabase(storageOptions(dir, stagingDir));
}

interface Seconds {
  readonly accepted: number;
  readonly durable: number;
  readonly answer: string;
}

async function importOnce(context: BenchContext, path: string, name: string): Promise<Seconds> {
  const database = open(context, name);
  let lastId = 0;
  const target = databaseTarget(database, (names) => {
    const ids = Uint32Array.from(names, (_, at) => lastId + 1 + at);
    for (const [at, one] of names.entries())
      database.registerSymbol(ids[at] ?? 0, shardOf(one, 64), one);
    lastId += names.length;
    return Promise.resolve(ids);
  });
  let accepted = 0;
  const start = performance.now();
  const waiting = {
    ...target,
    durable: (position: number) => {
      accepted = (performance.now() - start) / 1000;
      return target.durable(position);
    },
  };
  const end = await importFile(waiting, clock, { path });
  const durable = (performance.now() - start) / 1000;
  const last = new TableBatch(database.tables()[0]!, 100);
  database.lastRows(1, 1, last);
  const answer = answerHash('rows' in end ? String(end.rows) : '', last.doubles('price'));
  database.close();
  for (const dir of [context.dir, context.memory]) rmSync(join(dir, name), { recursive: true });
  return { accepted, durable, answer };
}

async function parseOnce(context: BenchContext, path: string): Promise<number> {
  const database = open(context, 'parse');
  const schema = database.tables()[0]!;
  database.close();
  const reader = new CsvReader({
    path,
    delimiter: ',',
    quote: '"',
    skipLines: 0,
    schema,
    hasHeader: true,
    fields: 9,
    columns: [
      { target: 'time', field: 0 },
      { target: 'symbol', field: 1 },
      ...schema.columns.map((_, at) => ({ target: 'column' as const, column: at, field: at + 2 })),
    ],
    nullWords: [],
    timeKind: 'iso',
    offsetMinutes: 0,
  });
  const batch = new TableBatch(schema, 32_768);
  const start = performance.now();
  let ended = false;
  while (!ended) ({ ended } = await reader.next(batch));
  const seconds = (performance.now() - start) / 1000;
  reader.close();
  for (const dir of [context.dir, context.memory]) rmSync(join(dir, 'parse'), { recursive: true });
  return seconds;
}

async function peerOnce(context: BenchContext, path: string): Promise<number> {
  const file = join(context.dir, 'peer.duckdb');
  const duck = await DuckDb.open(file, threads);
  const columns =
    "{'time': 'TIMESTAMP_NS', 'symbol': 'VARCHAR', 'price': 'DOUBLE', 'volume': 'DOUBLE', " +
    "'bid1': 'DOUBLE', 'ask1': 'DOUBLE', 'bid_vol1': 'DOUBLE', 'ask_vol1': 'DOUBLE', " +
    "'flags': 'INTEGER'}";
  const start = performance.now();
  await duck.run(
    `CREATE TABLE tick AS SELECT * FROM read_csv('${path}', header = true, columns = ${columns})`,
  );
  const seconds = (performance.now() - start) / 1000;
  duck.close();
  rmSync(file);
  rmSync(`${file}.wal`, { force: true });
  return seconds;
}

async function run(context: BenchContext): Promise<void> {
  const rows = pick(context.size, { smoke: 50_000, small: 5_000_000, full: 50_000_000 });
  const rounds = pick(context.size, { smoke: 1, small: 3, full: 1 });
  const path = join(context.dir, 'ticks.csv');
  writeTicks(path, rows);
  const bytes = statSync(path).size;
  const params = { rows, symbols, MB: Math.round(bytes / 1e6), threads };
  const parsed: number[] = [];
  const ours: Seconds[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    parsed.push(await parseOnce(context, path));
    ours.push(await importOnce(context, path, `round-${round}`));
    if (context.peer !== undefined) theirs.push(await peerOnce(context, path));
    context.say(`round ${round + 1} of ${rounds}`);
  }
  const answer = ours[0]?.answer ?? '';
  const emit = (metric: string, seconds: readonly number[], isPeer = false): void => {
    const best = median(seconds);
    const ratios = theirs.map((peer, at) => peer / (seconds[at] ?? Number.NaN));
    const peer = isPeer && context.peer !== undefined ? context.peer : undefined;
    const beside = peer === undefined ? {} : { peer, ratio: median(ratios) };
    const line = { bench: 'csv_import', params, answer };
    context.emit({ ...line, metric, value: rows / best, unit: '1/s', ...beside });
    context.emit({ ...line, metric: `${metric}Bytes`, value: bytes / best / 1e6, unit: 'MB/s' });
  };
  emit('parsedRows', parsed);
  emit(
    'acceptedRows',
    ours.map((one) => one.accepted),
  );
  emit(
    'durableRows',
    ours.map((one) => one.durable),
    true,
  );
  if (theirs.length > 0) emit('peerRows', theirs);
}

export const csvImport: Bench = {
  name: 'csv_import',
  about: 'a file of CSV into ticks: parsed, accepted, durable',
  peers: ['duckdb'],
  run,
};
