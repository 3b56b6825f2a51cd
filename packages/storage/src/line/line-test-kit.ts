// What the tests of line protocol share: a node's listeners over a small database, the proof a
// client gives over TCP, and rows read back as plain objects.

import { createECDH, createPrivateKey, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Database, openDatabase, TableBatch } from '@ndts/native/db';
import { type ConfigValues, nsPerDay } from '@ndts/protocol';
import {
  createSilentLogger,
  EmbeddedRegistry,
  Identity,
  loadConfig,
  MemoryKeyValueStore,
  Metrics,
  type Role,
  SeededRandom,
  SystemClock,
  systemSecureRandom,
} from '@ndts/runtime';
import { SymbolRegistry } from '../table/symbol-registry.js';
import { LineServer } from './line-server.js';

const shardCount = 4;
const tokenPrefix = 'ndts_';

export interface LineNode {
  readonly database: Database;
  readonly identity: Identity;
  readonly metrics: Metrics;
  readonly server: LineServer;
  readonly tcpPort: number;
  readonly url: string;
  token(name: string, role: Role): string;
}

export interface PlainRow {
  readonly [column: string]: string | number | bigint | boolean | null;
}

export async function lineNode(
  context: TestContext,
  line: Partial<ConfigValues['line']> = {},
): Promise<LineNode> {
  const root = mkdtempSync(join(tmpdir(), 'ndts-line-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const database = openSmall(root);
  context.after(() => database.close());
  const clock = new SystemClock();
  const logger = createSilentLogger();
  const store = new MemoryKeyValueStore();
  const random = new SeededRandom(1);
  const registry = new EmbeddedRegistry({ store, clock, random, logger });
  const symbols = await SymbolRegistry.open({ registry, shardCount });
  const identity = Identity.open({ dir: join(root, 'identity'), clock, logger });
  const config = loadConfig({ args: {}, environment: {} });
  const metrics = new Metrics();
  const server = await LineServer.start({
    config: { ...config, line: { ...config.line, ...line } },
    database,
    symbols,
    identity,
    clock,
    secureRandom: systemSecureRandom,
    logger,
    metrics,
    anyPort: true,
  });
  context.after(() => server.stop());
  const scheme = line.tlsCert === undefined ? 'http' : 'https';
  return {
    database,
    identity,
    metrics,
    server,
    tcpPort: Number(server.addresses.tcp?.split(':').at(-1)),
    url: `${scheme}://${server.addresses.http}`,
    token: (name, role) => identity.createToken(name, role),
  };
}

function openSmall(root: string): Database {
  return openDatabase({
    dir: join(root, 'data'),
    stagingDir: join(root, 'staging'),
    stagingBytes: 1 << 20,
    walFileBytes: 1 << 20,
    walBudgetBytes: 8 << 20,
    memtableBytes: 4 << 20,
    commitIntervalMs: 1,
    sealIntervalMs: 0,
    shardCount,
  });
}

/** A signature as a client makes it, which has the token and nothing else. */
export function proof(token: string, challenge: Uint8Array): string {
  const d = Buffer.from(token.slice(tokenPrefix.length), 'base64url');
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(d);
  const point = curve.getPublicKey();
  const half = (from: number): string => point.subarray(from, from + 32).toString('base64url');
  const key = createPrivateKey({
    format: 'jwk',
    key: { kty: 'EC', crv: 'P-256', d: d.toString('base64url'), x: half(1), y: half(33) },
  });
  return sign('sha256', challenge, key).toString('base64');
}

/** A connection whose name was sent; the challenge is answered with what `answer` makes of it. */
export async function connectTcp(
  port: number,
  name: string,
  answer: (challenge: Buffer) => string,
): Promise<Socket> {
  return prove(connect(port, '127.0.0.1'), name, answer);
}

export async function prove(
  socket: Socket,
  name: string,
  answer: (challenge: Buffer) => string,
): Promise<Socket> {
  socket.on('error', () => undefined);
  socket.write(`${name}\n`);
  const challenge = await new Promise<Buffer>((resolve) => {
    socket.once('data', resolve);
  });
  socket.write(`${answer(challenge.subarray(0, -1))}\n`);
  return socket;
}

export function closed(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}

/** All rows of a table, at most `most` of a symbol, by symbol in the order of registering, then
 * time. */
export function rowsOf(database: Database, name: string, most = 4096): PlainRow[] {
  const table = database.tables().find((one) => one.name === name);
  if (table === undefined) return [];
  const names = new Map(database.symbols().map((one) => [one.id, one.name]));
  const batch = new TableBatch(table, most);
  const rows: PlainRow[] = [];
  for (const id of names.keys()) {
    const from = { day: -100_000, nsOfDay: 0 };
    const to = { day: 100_000, nsOfDay: 0 };
    database.loadRows(table.id, id, from, to, batch);
    for (let row = 0; row < batch.count; row += 1) rows.push(rowAt(batch, row, names));
  }
  return rows;
}

function rowAt(batch: TableBatch, row: number, names: ReadonlyMap<number, string>): PlainRow {
  const plain: Record<string, string | number | bigint | boolean | null> = {
    symbol: names.get(batch.symbol[row] ?? -1) ?? null,
    time: BigInt(batch.day[row] ?? 0) * BigInt(nsPerDay) + BigInt(batch.nsOfDay[row] ?? 0),
  };
  for (const { name, type } of batch.schema.columns) {
    if (batch.isNull(name, row)) plain[name] = null;
    else if (type === 'text' || type === 'bytes') plain[name] = batch.text(name, row);
    else {
      const value = batch.column(name)[row] ?? null;
      if (type === 'symbol') plain[name] = names.get(Number(value)) ?? null;
      else plain[name] = type === 'bool' ? value === 1 : value;
    }
  }
  return plain;
}
