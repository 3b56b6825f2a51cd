// Line protocol with the clients people use: what they send to a running node over TCP and HTTP is
// read back from its folder.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { InfluxDB, Point, setLogger } from '@influxdata/influxdb-client';
import { type Database, openDatabase, TableBatch } from '@ndts/native/db';
import { Sender } from '@questdb/nodejs-client';
import { freePort } from '../kit/free-port.js';
import { RunningPlatform } from '../kit/running-platform.js';
import { temporaryFolder } from '../kit/temporary-folder.js';

const start = 1_700_000_000_000_000_000n;
const names = ['BTC USD', 'a=b,c', 'ÖL', 'back\\slash'];
const texts = ['plain', 'a "quoted" one', 'two\nlines', 'back\\slash', ''];
const rows = 200;

const silent = (): void => undefined;
setLogger({ error: silent, warn: silent });

async function sendQuest(sender: Sender, table: string): Promise<void> {
  for (let row = 0; row < rows; row += 1) {
    sender
      .table(table)
      .symbol('symbol', names[row % names.length])
      .symbol('venue', `v${row % 3}`)
      .floatColumn('price', row / 7)
      .intColumn('count', row)
      .booleanColumn('open', row % 2 === 0)
      .stringColumn('note', texts[row % texts.length] ?? '')
      .timestampColumn('seen', row, 'ms');
    await sender.at(start + BigInt(row), 'ns');
  }
  await sender.flush();
}

async function sendInflux(url: string, token: string): Promise<void> {
  const influx = new InfluxDB({ url, token });
  const api = influx.getWriteApi('org', 'bucket', 'ns', { gzipThreshold: 100, maxRetries: 0 });
  for (let row = 0; row < rows; row += 1)
    api.writePoint(
      new Point('influx')
        .tag('symbol', names[row % names.length] ?? '')
        .tag('venue', `v${row % 3}`)
        .floatField('price', row / 7)
        .intField('count', row)
        .booleanField('open', row % 2 === 0)
        .stringField('note', texts[row % texts.length] ?? '')
        .uintField('seen', row * 1_000_000)
        .timestamp(String(start + BigInt(row))),
    );
  await api.close();
}

function openStopped(dataDir: string, context: TestContext): Database {
  const stagingDir = join(dataDir, 'staging-test');
  mkdirSync(stagingDir, { recursive: true });
  const database = openDatabase({
    dir: join(dataDir, 'ticks'),
    stagingDir,
    stagingBytes: 1 << 20,
    walFileBytes: 1 << 20,
    walBudgetBytes: 8 << 20,
    memtableBytes: 8 << 20,
    commitIntervalMs: 1,
    sealIntervalMs: 0,
    shardCount: 64,
  });
  context.after(() => database.close());
  return database;
}

function checkTable(database: Database, name: string): void {
  const table = database.tables().find((one) => one.name === name);
  assert.ok(table !== undefined, name);
  const ids = new Map(database.symbols().map((one) => [one.name, one.id]));
  const nameOf = new Map(database.symbols().map((one) => [one.id, one.name]));
  const batch = new TableBatch(table, rows);
  const from = { day: 0, nsOfDay: 0 };
  const to = { day: 100_000, nsOfDay: 0 };
  for (const [first, symbol] of names.entries()) {
    const id = ids.get(symbol);
    assert.ok(id !== undefined, symbol);
    database.loadRows(table.id, id, from, to, batch);
    assert.equal(batch.count, rows / names.length);
    for (let at = 0; at < batch.count; at += 1) {
      const row = first + at * names.length;
      const time =
        BigInt(batch.day[at] ?? 0) * 86_400_000_000_000n + BigInt(batch.nsOfDay[at] ?? 0);
      assert.equal(time, start + BigInt(row));
      assert.equal(nameOf.get(Number(batch.column('venue')[at])), `v${row % 3}`);
      assert.equal(batch.doubles('price')[at], row / 7);
      assert.equal(batch.column('count')[at], BigInt(row));
      assert.equal(batch.column('open')[at], row % 2 === 0 ? 1 : 0);
      assert.equal(batch.text('note', at), texts[row % texts.length]);
      assert.equal(batch.column('seen')[at], BigInt(row) * 1_000_000n);
    }
  }
}

test('rows of real clients come back as they were sent', async (context) => {
  const dataDir = join(await temporaryFolder(context), 'data');
  const [tcpPort, httpPort] = [await freePort(), await freePort()];
  const ports = { 'line.tcpPort': tcpPort, 'line.httpPort': httpPort };
  // Their names of symbols are odd on purpose, and those of a feed must not be.
  const keys = { 'feed.kind': 'none', 'line.ticks': 'table', ...ports };
  const platform = await RunningPlatform.start({ dataDir, keys });
  context.after(async () => {
    await platform.stop();
  });
  const { token } = platform;
  const secret = token.slice('ndts_'.length);

  const tcp = await Sender.fromConfig(
    `tcp::addr=127.0.0.1:${tcpPort};username=admin;token=${secret};auto_flush=off;`,
    { log: silent },
  );
  await tcp.connect();
  await sendQuest(tcp, 'questtcp');
  const http = await Sender.fromConfig(
    `http::addr=127.0.0.1:${httpPort};token=${token};auto_flush=off;`,
    { log: silent },
  );
  await sendQuest(http, 'questhttp');
  await sendInflux(`http://127.0.0.1:${httpPort}`, token);

  // A client learns what is wrong.
  http.table('questhttp').symbol('symbol', 'A').stringColumn('price', 'high');
  await http.atNow();
  await assert.rejects(http.flush(), /price/);
  const stranger = new InfluxDB({ url: `http://127.0.0.1:${httpPort}`, token: 'ndts_wrong' });
  const api = stranger.getWriteApi('org', 'bucket', 'ns', { maxRetries: 0 });
  api.writePoint(new Point('influx').tag('symbol', 'A').floatField('price', 1));
  await assert.rejects(api.close(), { statusCode: 401 });

  await tcp.close();
  await http.close();
  await platform.stop();
  assert.match(platform.output, new RegExp(`line +tcp 127.0.0.1:${tcpPort}\n`));
  assert.match(platform.output, new RegExp(`line +http 127.0.0.1:${httpPort}\n`));
  const database = openStopped(dataDir, context);
  for (const table of ['questtcp', 'questhttp', 'influx']) checkTable(database, table);
});
