// ndts feed as a person calls it, on a running node: files are added, read once, shown and removed.

import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command } from 'commander';
import { noSymbolName } from '@ndts/data-node';
import { type FeedView, rejectsSchema, tradeRejectsSchema, tradeSchema } from '@ndts/protocol';
import { loadConfig, SeededRandom, SystemClock, systemSecureRandom } from '@ndts/runtime';
import { TableBatch } from '@ndts/storage';
import { type Platform, startPlatform } from '../compose/platform.js';
import { freePort } from './command-test-kit.js';
import { addFeed } from './feed.js';

const userId = 7;

function start(
  dataDir: string,
  memory: string,
  keys: Readonly<Record<string, string>> = {},
): Promise<Platform> {
  return startPlatform({
    values: loadConfig({
      args: {
        dataDir,
        'storage.stagingBytes': '1048576',
        'storage.walFileBytes': '1048576',
        'storage.memoryDir': memory,
        'feed.kind': 'none',
        'control.port': '0',
        'strategy.list': '',
        ...keys,
      },
      environment: {},
    }),
    clock: new SystemClock(),
    random: new SeededRandom(1),
    secureRandom: systemSecureRandom,
    userId,
    version: 'test',
    processId: 1,
    processLoad: () => ({ memory: 0, cpu: 0 }),
  });
}

/** What the command prints. */
async function run(dataDir: string, words: readonly string[]): Promise<string> {
  const printed: string[] = [];
  const program = new Command('ndts').exitOverride();
  addFeed(program, (text) => printed.push(text));
  await program.parseAsync(['feed', ...words, '--data-dir', dataDir], { from: 'user' });
  return printed.join('\n');
}

/** Rows of the table of rejects, once there are so many. */
async function sampledRejects(platform: Platform, count: number): Promise<string[]> {
  const { ticks, symbols } = platform.foundation;
  for (;;) {
    await new Promise((done) => void setTimeout(done, 10)); // ambient: a node runs
    const entry = symbols.byName(noSymbolName);
    const table = ticks.tables().find(({ name }) => name === rejectsSchema.name);
    if (entry === undefined || table === undefined) continue;
    const rows = new TableBatch(table, 100);
    if (ticks.lastRows(table.id, entry.id, rows) < count) continue;
    return Array.from({ length: rows.count }, (_, row) =>
      ['reason', 'source', 'sample'].map((name) => rows.text(name, row)).join(' '),
    ).sort((one, other) => other.localeCompare(one));
  }
}

/** Ticks by line protocol go the way of a feed: cleaned, refused with a reason, told by status. */
async function writeLines(
  { foundation }: Platform,
  port: string,
  call: (...words: string[]) => Promise<string>,
): Promise<void> {
  const token = foundation.identity.createToken('sender', 'trader');
  const write = (path: string, text: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` },
      body: text,
    });
  const fields = 'volume=1,bid1=0,ask1=0,bid_vol1=0,ask_vol1=0';
  const line = (symbol: string, price: number, time = ''): string =>
    `tick,symbol=${symbol} price=${price},${fields} ${time}\n`;
  const next = (): number => {
    const shard = foundation.symbols.byName('SILVER')?.shard;
    return shard === undefined ? 0 : foundation.ticks.nextSequence(shard);
  };
  const lines = line('SILVER', 30) + line('SILVER', -1) + line('SILVER', 31);
  const told = ({ status, headers }: Response): string =>
    `${status} ${headers.get('x-ndts-refused')} ${headers.get('x-ndts-refused-by')}`;
  equal(told(await write('/write', lines)), '204 1 price=1');
  equal(next(), 2, 'stored when it is answered');
  equal(told(await write('/write', line('SILVER', 29, '1700000000000000000'))), '204 1 stale=1');
  equal(next(), 2, 'refused as stale');
  equal((await write('/write?feed=off', line('SILVER', 29, '1700000000000000000'))).status, 204);
  equal(next(), 3, 'into the table as it is');
  const trades = (): string[] =>
    [tradeSchema, tradeRejectsSchema].map(({ name }) => {
      const table = foundation.ticks.tables().find((one) => one.name === name);
      const silver = foundation.symbols.byName('SILVER');
      if (table === undefined || silver === undefined) return '';
      const rows = new TableBatch(table, 10);
      foundation.ticks.lastRows(table.id, silver.id, rows);
      const told = name === tradeSchema.name ? 'trade_id' : 'reason';
      return Array.from({ length: rows.count }, (_, row) => rows.text(told, row)).join();
    });
  const trade = (id: number, price: number): string =>
    `trade,symbol=SILVER price=${price},volume=1,side=1i,trade_id="${id}"\n`;
  const some = trade(1, 30) + trade(2, -1) + trade(1, 30) + trade(3, 31);
  equal(told(await write('/write', some)), '204 2 price=1,duplicate=1');
  deepEqual(trades(), ['1,3', 'price,duplicate'], 'cleaned like those of any feed');
  equal((await write('/write', line('n\\ o', 1))).status, 400);
  const broken = await write('/write', `${line('SILVER', -1)}${line('SILVER', 31)}nothing\n`);
  const { stored, refused } = (await broken.json()) as { stored: number; refused: unknown };
  deepEqual([broken.status, stored, refused], [400, 1, { price: 1 }]);
  const senders = Array.from({ length: 8 }, (_, bad) =>
    write('/write', `# of one sender\n${line('GOLD', -1).repeat(bad)}`),
  );
  for (const [bad, answer] of (await Promise.all(senders)).entries())
    equal(told(answer), bad === 0 ? '204 null null' : `204 ${bad} price=${bad}`, 'each its own');
  const text = await call('status', 'line');
  match(text, /refused: symbol 1, message 1/);
  match(text, /characters \d+: n o/);
  match(text, / line 3: [^\n]*[^: ]\n/, 'no colon behind which nothing stands');
}

test('files are added, read once, shown and removed', async (context) => {
  const root = mkdtempSync(join(tmpdir(), 'ndts-feed-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const memory = join(root, 'memory');
  mkdirSync(memory);
  const dataDir = join(root, 'data');
  const file = join(root, 'ticks.csv');
  const lines = Array.from(
    { length: 100 },
    (_, at) => `2026-01-02T09:30:00.${String(at).padStart(3, '0')}Z,GOLD,${100 + at / 100},1`,
  );
  const odd = '2026-01-02T09:30:01Z,no symbol,1,1';
  writeFileSync(file, `time,symbol,price,volume\n${lines.join('\n')}\nbad,GOLD,1,1\n${odd}\n`);
  const call = (...words: string[]): Promise<string> => run(dataDir, words);
  const views = async (): Promise<FeedView[]> =>
    JSON.parse(await call('list', '--json')) as FeedView[];
  const platform = await start(dataDir, memory);
  try {
    equal(await call('list'), 'no feeds');
    match(await call('add', 'old', '--files', file), /old +files/);
    await rejects(call('add', 'old', '--files', file), /there is a feed old/);
    await rejects(call('add', 'none', '--files', join(root, 'nowhere.csv')), /nowhere/);
    await rejects(
      call('add', 'both', '--files', file, '--venue', 'x'),
      /--files, --venue or --fix/,
    );
    await rejects(call('add', 'x', '--venue', 'binance', '--symbols', 'BTC/USDT'), /ccxt/);
    await rejects(call('record', 'old'), /no messages to record/);
    await rejects(call('replay', 'again', 'never', '--venue', 'binance'), /no recordings/);
    while ((await views())[0]?.isEnded !== true)
      await new Promise((done) => void setTimeout(done, 10)); // ambient: a node runs
    const [view] = await views();
    deepEqual([view?.polled, view?.malformed, view?.isEnded], [100, 2, true]);
    deepEqual([view?.malformedBy, view?.skipped], [{ value: 1, symbol: 1 }, 1]);
    const text = await call('status', 'old');
    match(text, /at its end/);
    match(text, /line 102/);
    const whole = await call('status');
    match(whole, /refused: .*symbol 1/);
    match(whole, /characters \d+: no symbol/);
    const samples = await sampledRejects(platform, 2);
    match(samples[0] ?? '', /^feed:value old line 102: time: .*: bad,GOLD,1,1$/);
    match(samples[1] ?? '', /^feed:symbol old has other characters than .*: no symbol$/);
    await rejects(call('status', 'none'), /no feed none/);
    const gold = platform.foundation.symbols.byName('GOLD');
    ok(gold !== undefined);
    equal(platform.foundation.ticks.nextSequence(gold.shard), 100);
  } finally {
    await platform.stop();
  }
  const port = String(await freePort());
  const keys = { 'line.httpPort': port, 'line.trades': 'feed' };
  const again = await start(dataDir, memory, keys);
  try {
    deepEqual(
      (await views()).map(({ name, kind }) => [name, kind]),
      [['line', 'line']],
    );
    await writeLines(again, port, call);
    await call('add', 'old', '--files', file);
    equal(await call('remove', 'old'), 'removed old');
    await rejects(call('remove', 'old'), /no feed old/);
    await rejects(call('remove', 'line'), /of the configuration/);
    equal((await views()).length, 1);
  } finally {
    await again.stop();
  }
});

test('the process of an exchange is shown', async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-feed-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const token = join(dir, 'token');
  writeFileSync(token, 'x');
  const view: Partial<FeedView> = {
    ...{ name: 'venue', kind: 'ccxt', source: 1, malformedBy: {} },
    ...{ state: 'connected', reason: '', isEnded: false },
    ...{ polled: 0, backlog: 0, skipped: 0, malformed: 0, messages: 1 },
    ...{ clockOffsetMs: null, recording: null },
    process: { pid: 4711, memoryBytes: 187_300_000 },
  };
  const node = createHttpServer(({ url }, answer) => {
    answer.end(JSON.stringify(url === '/api/feeds' ? [view] : []));
  });
  await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
  context.after(() => node.close());
  const url = `http://127.0.0.1:${(node.address() as AddressInfo).port}`;
  const text = await run(dir, ['status', 'venue', '--url', url, '--token-file', token]);
  match(text, /^ {2}process 4711, 187\.3 MB of memory$/m);
});
