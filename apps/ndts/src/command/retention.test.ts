// ndts retention as a person calls it: on a closed folder, and where a node has it open.

import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command } from 'commander';
import {
  bookSchema,
  createTickBatch,
  NdtsError,
  type RetentionView,
  type Time,
} from '@ndts/protocol';
import { loadConfig, SeededRandom, SystemClock, systemSecureRandom } from '@ndts/runtime';
import { NDTSClient, openDataFolder, openTicks } from '@ndts/storage';
import { startPlatform } from '../compose/platform.js';
import { freePort } from './command-test-kit.js';
import { runExportCommand } from './export.js';
import { query } from './query.js';
import { replay } from './replay.js';
import { addRetention } from './retention.js';

const userId = process.getuid?.() ?? 0; // ambient: whose folder a client looks for

interface Made {
  readonly dataDir: string;
  readonly args: Readonly<Record<string, string>>;
}

/** Ten ticks of 2026-01-01, and ten of today. */
function makeFolder(context: TestContext): Made {
  const root = mkdtempSync(join(tmpdir(), 'ndts-retention-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const dataDir = join(root, 'data');
  const memory = join(root, 'memory');
  mkdirSync(memory);
  const args = {
    dataDir,
    'storage.stagingBytes': '1048576',
    'storage.walFileBytes': '1048576',
    'storage.memoryDir': memory,
    'storage.retention': 'tick:30d:archive',
    'feed.kind': 'none',
    'control.port': '0',
    'strategy.list': '',
  };
  addTicks({ dataDir, args }, [20_454, Math.floor(new SystemClock().nowMs() / 86_400_000)]);
  return { dataDir, args };
}

/** Ten of each day. */
function addTicks({ dataDir, args }: Made, days: readonly number[]): void {
  const values = loadConfig({ args, environment: {} });
  const memoryParent = values.storage.memoryDir;
  const ticks = openTicks(openDataFolder({ dir: dataDir, memoryParent, userId }), values);
  ticks.registerSymbol(1000, 3, 'ONE');
  const batch = createTickBatch(10 * days.length);
  batch.symbol.fill(1000);
  for (const [at, day] of days.entries()) batch.day.fill(day, 10 * at, 10 * at + 10);
  batch.count = 10 * days.length;
  ticks.appendTicks(batch);
  ticks.close();
}

async function call(made: Made, ...words: string[]): Promise<string> {
  const lines: string[] = [];
  const program = new Command('ndts').exitOverride();
  addRetention(program, {
    values: () => loadConfig({ args: made.args, environment: {} }),
    userId,
    print: (text) => lines.push(text),
  });
  await program.parseAsync(['retention', ...words, '--data-dir', made.dataDir], { from: 'user' });
  return lines.join('\n');
}

async function viewOf(made: Made): Promise<RetentionView> {
  return JSON.parse(await call(made, 'list', '--json')) as RetentionView;
}

/** What a command says beside its rows: its note, or how it was refused. */
async function said(made: Made, read: 'replay' | 'query' | 'export', from?: string) {
  const values = loadConfig({ args: made.args, environment: {} });
  const clock = new SystemClock();
  let notes = '';
  const note = (text: string): void => {
    notes += text;
  };
  const screen = { isTerminal: false, columns: 80, write: note };
  const flags = { dataDir: made.dataDir, json: false, csv: false };
  const range = from === undefined ? {} : { from };
  const write = async (): Promise<void> => undefined;
  try {
    if (read === 'replay')
      await replay(
        [],
        { ...flags, speed: 0, count: true, ...range },
        { values, clock, write, screen },
      );
    else if (read === 'query')
      await query(
        'SELECT count(*) FROM tick',
        { ...flags, rows: 1, timeoutMs: 10_000 },
        {
          values,
          clock,
          print: () => undefined,
          note,
        },
      );
    else
      await runExportCommand(
        join(made.dataDir, 'out.csv'),
        { ...flags, header: true, force: true, ...range },
        {
          values,
          clock,
          random: new SeededRandom(1),
          userId,
          screen: { ...screen, write: () => undefined },
          note,
          signal: new AbortController().signal,
        },
      );
  } catch (error) {
    if (error instanceof NdtsError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return notes;
}

test('who reads is told of archived days, and how they come back', async (context) => {
  const made = makeFolder(context);
  await call(made, 'run');
  const command = /2026-01-01 of table tick: .* ndts retention restore tick 2026-01-01 brings/;
  for (const read of ['replay', 'query', 'export'] as const) match(await said(made, read), command);
  for (const read of ['replay', 'export'] as const) {
    match(await said(made, read, '2026-01-01'), /^NOT_FOUND: .*in the archive/);
    equal(await said(made, read, '2026-01-02'), '');
  }
  // As many late rows as went into the archive are not those that did.
  addTicks(made, [20_454]);
  for (const read of ['replay', 'query', 'export'] as const) match(await said(made, read), command);
  await call(made, 'restore', 'tick', '2026-01-01');
  for (const read of ['replay', 'query', 'export'] as const) equal(await said(made, read), '');
  equal(await said(made, 'replay', '2026-01-01'), '');
});

test('programs are told of archived days, unless they skip them', async (context) => {
  const made = makeFolder(context);
  await call(made, 'run');
  const values = loadConfig({ args: made.args, environment: {} });
  const client = new NDTSClient({ mode: 'standalone', values });
  context.after(() => client.close());
  const rowsOf = async (batches: AsyncIterable<{ count: number }>): Promise<number> => {
    let rows = 0;
    for await (const batch of batches) rows += batch.count;
    return rows;
  };
  const day = (count: number) => ({ day: count, nsOfDay: 0 });
  const count = async (where: string, options = {}): Promise<number> => {
    const result = await client.query(`SELECT count(*)::INT AS n FROM tick ${where}`, options);
    return Number((await result.rows())[0]?.['n']);
  };
  const refusal = {
    code: 'NOT_FOUND',
    message: /2026-01-01 of table tick.*restore tick/,
  };
  for (const range of [{}, { from: day(20_454) }, { to: day(20_455) }]) {
    await rejects(rowsOf(client.replayTicks(undefined, range)), refusal);
    await rejects(client.aggregate({ aggregates, ...range }), refusal);
    await rejects(
      client.replaySnapshots(undefined, { intervalNs: 86_400e9, ...range }).next(),
      refusal,
    );
  }
  const since = { from: day(20_455) };
  equal(await rowsOf(client.replayTicks(undefined, since)), 10);
  await client.aggregate({ aggregates, ...since });
  equal(await rowsOf(client.replayTicks(undefined, { archived: 'skip' })), 10);
  for (const where of [
    '',
    `WHERE time < '2026-01-02'`,
    `WHERE time BETWEEN '2025-12-31' AND '2026-01-01'`,
    `t LEFT JOIN tick o ON o.time = t.time WHERE t.time >= '2026-01-02'`,
    `WHERE time >= '2026-01-02' OR price < 0`,
  ]) {
    await rejects(count(where), refusal, where);
    await count(where, { archived: 'skip' });
  }
  for (const where of [
    `WHERE time >= '2026-01-02'`,
    `WHERE time > TIMESTAMP '2026-01-02 00:00:00' AND symbol = 'ONE'`,
    `WHERE time < '2026-01-01'`,
    `WHERE time >= '2025-12-01' AND time < DATE '2026-01-01'`,
    `WHERE time BETWEEN '2026-01-02' AND '2030-01-01'`,
  ])
    equal(await count(where), where.includes('01-02') ? 10 : 0, where);
  const latest = await client.query('SELECT symbol FROM tick LATEST ON time PARTITION BY symbol');
  equal((await latest.rows()).length, 1);
});

test('a closed folder: listed, archived, restored', async (context) => {
  const made = makeFolder(context);
  match(await call(made, 'list'), /tick +2026-01-01 +1 +10 +[\d,]+ +archive/);
  match(await call(made, 'run'), /tick +2026-01-01 +1 +10 +[\d,]+ +archived/);
  match(await call(made, 'run'), /nothing is old/);
  match(await call(made, 'list'), /nothing is old\n\n[\s\S]*2026-01-01 +1 +10 +[\d,]+ +archived/);
  match(await call(made, 'restore', 'tick', '2026-01-01'), /2026-01-01 +1 +10 .*restored/);
  deepEqual((await viewOf(made)).old, []);
  await rejects(call(made, 'restore', 'tick', '2026-13-01'), { code: 'INVALID_ARGUMENT' });
  await rejects(call(made, 'restore', 'tick', '2026-01-02'), { code: 'NOT_FOUND' });
  await rejects(call(made, 'restore', 'tick', '2026-01-01', '--hold', 'x'), NdtsError);
  await rejects(call({ ...made, dataDir: `${made.dataDir}-not` }, 'list'), { code: 'NOT_FOUND' });
  const plain = makeFolder(context);
  const policy = { 'storage.retention': 'tick:30d' };
  const said = await call({ ...plain, args: { ...plain.args, ...policy } }, 'run');
  match(said, /tick +2026-01-01 +1 +10 +[\d,]+ +gone/);
});

function startNode({ args }: Made): ReturnType<typeof startPlatform> {
  return startPlatform({
    values: loadConfig({ args, environment: {} }),
    clock: new SystemClock(),
    random: new SeededRandom(1),
    secureRandom: systemSecureRandom,
    userId,
    version: '0.0.0',
    processId: process.pid,
    processLoad: () => ({ memory: 0, cpu: 0 }),
  });
}

/** Every way a program reads days of a node, of a range without a beginning or from a day on: with
 * the first rows it has, or what it throws. */
type Read = (client: NDTSClient, from?: Time, archived?: 'skip') => Promise<unknown>;
const first = async (items: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of items) return;
};
const asked = (from?: Time, archived?: 'skip') => ({
  ...(from === undefined ? {} : { from }),
  ...(archived === undefined ? {} : { archived }),
});
const aggregates = { n: { kind: 'max', column: 'price' } } as const;
const reads: Readonly<Record<string, Read>> = {
  replayTicks: (client, ...range) => first(client.replayTicks(undefined, asked(...range))),
  replayBooks: (client, ...range) => first(client.replayBooks(undefined, asked(...range))),
  replaySnapshots: (client, ...range) =>
    first(client.replaySnapshots(undefined, { intervalNs: 86_400e9, ...asked(...range) })),
  loadSymbol: (client, ...range) => first(client.loadSymbol('TWO', asked(...range))),
  aggregate: (client, ...range) => client.aggregate({ aggregates, ...asked(...range) }),
  locate: (client, from, archived) => client.locate('TWO', from, undefined, asked(from, archived)),
  query: async (client, from, archived) => {
    const where = from === undefined ? '' : `WHERE time >= '2026-01-02'`;
    return (await client.query(`SELECT * FROM tick ${where}`, asked(undefined, archived))).rows();
  },
  historical: (client, from, archived) =>
    first(
      client.subscribe(undefined, {
        mode: 'historical',
        ...asked(from ?? (archived === 'skip' ? { day: 20_455, nsOfDay: 0 } : undefined)),
      }),
    ),
};

test('archived days of a node are refused to programs here and elsewhere', async (context) => {
  const made = makeFolder(context);
  const port = await freePort();
  const policies = { 'storage.retention': 'tick:30d:archive,book:30d:archive' };
  const node = { ...made, args: { ...made.args, ...policies, 'remote.port': String(port) } };
  const values = loadConfig({ args: node.args, environment: {} });
  // A symbol that programs know by its name.
  const filler = new NDTSClient({ mode: 'standalone', values, role: 'open' });
  const today = Math.floor(new SystemClock().nowMs() / 86_400_000);
  const quote = { price: 1, volume: 1, bid1: 1, ask1: 1, bid_vol1: 1, ask_vol1: 1 };
  const tick = (day: number) => ({ symbol: 'TWO', time: { day, nsOfDay: 0 }, ...quote, flags: 0 });
  await filler.insert('tick', [tick(20_454), tick(today)]);
  await filler.createTable(bookSchema);
  const book = (day: number) => ({ symbol: 'TWO', time: { day, nsOfDay: 0 } });
  await filler.insert('book', [book(20_454), book(today)]);
  await filler.close();
  const platform = await startNode(node);
  const token = readFileSync(join(made.dataDir, 'identity', 'admin.token'), 'utf8').trim();
  const clients = {
    socket: new NDTSClient({ mode: 'standalone', values, role: 'connect' }),
    remote: new NDTSClient({ mode: 'distributed', nodes: [`127.0.0.1:${port}`], token }),
  };
  try {
    platform.foundation.ticks.seal();
    for (const client of Object.values(clients)) await reads['replayTicks']!(client);
    match(await call(made, 'run', '--json'), /"day":"2026-01-01"/);
    const refusal = { code: 'NOT_FOUND', message: /2026-01-01 of table (tick|book): .*restore \1/ };
    for (const [how, client] of Object.entries(clients))
      for (const [name, read] of Object.entries(reads)) {
        await rejects(read(client), refusal, `${how} ${name}`);
        await read(client, { day: 20_455, nsOfDay: 0 });
        await read(client, undefined, 'skip');
      }
    for (const table of ['tick', 'book']) await call(made, 'restore', table, '2026-01-01');
    for (const client of Object.values(clients))
      for (const read of Object.values(reads)) await read(client);
  } finally {
    for (const client of Object.values(clients)) await client.close();
    await platform.stop();
  }
});

test('where a node has the folder open, it is asked', async (context) => {
  const made = makeFolder(context);
  const platform = await startNode(made);
  try {
    platform.foundation.ticks.seal();
    equal((await viewOf(made)).old[0]?.day, '2026-01-01');
    match(await call(made, 'run', '--json'), /"day":"2026-01-01".*"rows":10/);
    const restored = await call(made, 'restore', 'tick', '2026-01-01', '--hold', '0', '--json');
    match(restored, /"rows":10/);
    equal((await viewOf(made)).archived.length, 1);
    await rejects(call(made, 'restore', 'tick', '2020-01-01'), { code: 'NOT_FOUND' });
  } finally {
    await platform.stop();
  }
});
