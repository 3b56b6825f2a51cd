// History over blocks that are read one-sided is what the node itself would say, whatever goes
// wrong on the way: other bytes, leases that end, memory without room, ports that say nothing,
// peers that die.

import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createPullServer, type PullServer } from '@ndts/native/fabric';
import { createTickBatch, NdtsError } from '@ndts/protocol';
import {
  createSilentLogger,
  loadConfig,
  Metrics,
  SeededRandom,
  SystemClock,
  VirtualClock,
} from '@ndts/runtime';
import { type LocalDatabase, openLocalDatabase } from '../../folder/local-database.js';
import { closeServer, listen } from '../../listen/listen.js';
import { FolderService } from '../../service/folder-service.js';
import type { Calls, CallName, RawReplayRows, Service, Streams } from '../../service/service.js';
import { GuardedService } from '../network/guarded-service.js';
import { BlockGrants } from './block-grants.js';
import { BlockMemory, BlockReader, type BlockReaderOptions } from './block-reader.js';

const names = ['ZZ', 'é', 'A', '𝄞', 'B b'];
const mib = 2 ** 20;
const seed = Number(process.env['NDTS_SEED'] ?? 20_261_126); // ambient: repeats a run

const settings = {
  'storage.stagingBytes': 8 * mib,
  'storage.walFileBytes': 4 * mib,
  'storage.walBudgetBytes': 32 * mib,
  'storage.memtableBytes': 2 * mib,
  'cluster.shards': 4,
};

type Altered = <N extends CallName>(
  name: N,
  answer: Calls[N]['answer'],
) => Calls[N]['answer'] | Promise<Calls[N]['answer']>;

class Bench {
  readonly dir = mkdtempSync(join(tmpdir(), 'ndts-blocks-'));
  readonly clock = new SystemClock();
  readonly metrics = new Metrics();
  local!: LocalDatabase;
  service!: FolderService;
  server!: PullServer;
  grants!: BlockGrants;
  guarded!: GuardedService;
  memory!: BlockMemory;
  /** Changes what the node answers. */
  alter: Altered = (_name, answer) => answer;

  static async open(context: TestContext, provider = 'tcp', arenaBytes = 16 * mib): Promise<Bench> {
    context.diagnostic(`NDTS_SEED=${seed}`);
    const bench = new Bench();
    context.after(() => bench.#end());
    const args = Object.entries(settings).map(([key, value]) => [key, String(value)]);
    bench.local = await openLocalDatabase({
      values: loadConfig({
        args: { ...Object.fromEntries(args), dataDir: bench.dir },
        environment: {},
      }),
      clock: bench.clock,
      logger: createSilentLogger(),
      random: new SeededRandom(1),
      userId: process.getuid?.() ?? 0, // ambient: whose folder it is
    });
    const { ticks: database, symbols, folder } = bench.local;
    bench.service = new FolderService({ database, symbols, clock: bench.clock });
    await bench.#fill();
    const address = provider === 'mapped' ? folder.memory : '127.0.0.1';
    bench.server = createPullServer({ provider, address, port: 0 });
    bench.grants = new BlockGrants({
      database,
      symbols,
      folder: folder.memory,
      arenaBytes,
      server: bench.server,
      metrics: new Metrics(),
    });
    const reader = { name: 'reader', role: 'viewer' } as const;
    bench.guarded = new GuardedService(bench.service, reader, undefined, bench.grants);
    bench.memory = new BlockMemory(16, bench.metrics);
    return bench;
  }

  /** Three days in segments that overlap, the end in memory, some rows late. */
  async #fill(): Promise<void> {
    const { ticks: database } = this.local;
    const entries = await this.service.call('register', { names });
    const random = new SeededRandom(seed);
    const rows = 3000;
    const batch = createTickBatch(rows);
    let at = 0;
    for (let part = 0; part < 16; part += 1) {
      batch.count = rows;
      for (let row = 0; row < rows; row += 1) {
        at += Math.floor(random.next() * 4e9);
        const late = random.next() < 0.1 ? Math.floor(random.next() * 3e12) : 0;
        const ns = Math.max(0, at - late);
        batch.day[row] = 20_000 + Math.floor(ns / 86_400e9);
        batch.nsOfDay[row] = ns % 86_400e9;
        batch.symbol[row] = entries[Math.floor(random.next() ** 2 * names.length)]?.id ?? 0;
        batch.price[row] = Math.round(random.next() * 1e5) / 100;
        batch.volume[row] = Math.round(random.next() * 1e3);
        batch.bid[row] = random.next();
        batch.flags[row] = row % 7;
      }
      database.appendTicks(batch);
      if (part % 7 === 5) database.seal();
    }
  }

  get arenaPath(): string {
    return join(this.local.folder.memory, 'pull-blocks.arena');
  }

  reader(options: Partial<BlockReaderOptions> = {}): BlockReader {
    const call: Service['call'] = async (name, asked) =>
      this.alter(name, await this.guarded.call(name, asked));
    const { shardCount } = this.service;
    const service = { call, shardCount, closed: false };
    const { memory, clock } = this;
    return new BlockReader({ service, reachable: (grant) => grant, memory, clock, ...options });
  }

  async count(name: string): Promise<number> {
    const text = await this.metrics.text();
    return Number(new RegExp(`^ndts_${name} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  }

  async #end(): Promise<void> {
    this.guarded?.close();
    this.grants?.close();
    this.server?.close();
    await this.service?.close();
    await this.local?.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

interface RowStream {
  next(): Promise<Pick<RawReplayRows, 'count'> | undefined>;
  close(): Promise<void>;
}

/** Everything of it as plain values. */
async function all(stream: RowStream): Promise<unknown[]> {
  const parts: unknown[] = [];
  for (let item = await stream.next(); item !== undefined; item = await stream.next())
    parts.push(structuredClone(item));
  await stream.close();
  return parts;
}

const everything: Streams['replay']['asked'] = {
  columns: [0, 1, 2, 3, 6],
  capacity: 1000,
  intervalNs: 0,
};

/** The reader's replay is the node's, batch by batch. */
async function replaysAgree(
  bench: Bench,
  reader: BlockReader,
  asked: Streams['replay']['asked'] = everything,
): Promise<void> {
  const far = await reader.replay(asked);
  ok(far !== undefined, 'blocks are not pulled');
  const near = await bench.service.open('replay', asked);
  deepEqual(far.head.ends, near.head.ends);
  deepEqual(far.head.epochs, near.head.epochs);
  deepEqual(far.head.symbols, near.head.symbols);
  const expected = await all(near);
  ok(expected.length > 0);
  deepEqual(await all(far), expected);
}

const from = { day: 20_001, nsOfDay: 3_600e9 };
const to = { day: 20_002, nsOfDay: 7_200e9 };

async function everyWayAgrees(context: TestContext, provider: string): Promise<void> {
  const bench = await Bench.open(context, provider);
  const reader = bench.reader();
  context.after(() => reader.close());
  await replaysAgree(bench, reader);
  ok((await bench.count('blocks_pulled_total')) > 8);
  equal(await bench.count('blocks_stale_total'), 0);
  equal(await bench.count('blocks_over_connection_total'), 0);
  const pulled = await bench.count('blocks_pulled_total');
  await replaysAgree(bench, reader, { ...everything, symbols: ['é', 'A'], from, to });
  await replaysAgree(bench, reader, { ...everything, intervalNs: 60e9, columns: [0] });
  ok((await bench.count('block_cache_hits_total')) > 8);
  // Only what was in memory comes again.
  ok((await bench.count('blocks_pulled_total')) - pulled < pulled);
  for (const symbol of names) {
    const asked = { table: 'tick', symbol, batch: 777, columns: ['volume', 'price'] };
    const far = await reader.load(asked);
    ok(far !== undefined);
    deepEqual(await all(far), await all(await bench.service.open('load', asked)));
  }
}

function skipped(provider: string): string | false {
  try {
    createPullServer({ provider, address: '127.0.0.1', port: 0 }).close();
    return false;
  } catch (error) {
    return (error as Error).message;
  }
}

for (const provider of ['mapped', 'tcp'])
  test(`over ${provider}: what the node itself says`, (context) =>
    everyWayAgrees(context, provider));

test('over libfabric: what the node itself says', { skip: skipped('tcp;ofi_rxm') }, (context) =>
  everyWayAgrees(context, 'tcp;ofi_rxm'),
);

/** Changes a byte of a file. */
function flip(path: string, offset: number): void {
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, offset);
  byte[0] = (byte[0] ?? 0) ^ 0x10;
  writeSync(file, byte, 0, 1, offset);
  closeSync(file);
}

test('other bytes in the memory are noticed, and come over the connection', async (context) => {
  const bench = await Bench.open(context);
  const reader = bench.reader();
  context.after(() => reader.close());
  bench.alter = (name, answer) => {
    if (name === 'placeBlocks') {
      const { offset, bytes } = answer as Calls['placeBlocks']['answer'];
      flip(bench.arenaPath, offset + Math.floor(bytes / 3));
    }
    return answer;
  };
  await replaysAgree(bench, reader);
  const stale = await bench.count('blocks_stale_total');
  ok(stale >= 2);
  ok((await bench.count('blocks_over_connection_total')) > 0);
});

test('other bytes over the connection, too, fail the replay', async (context) => {
  const bench = await Bench.open(context);
  const reader = bench.reader({ reachable: (grant) => ({ ...grant, key: '1' }) });
  context.after(() => reader.close());
  bench.alter = (name, answer) => {
    if (name !== 'readBlocks') return answer;
    const bytes = (answer as Uint8Array).slice();
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    return bytes as never;
  };
  const stream = await reader.replay(everything);
  ok(stream !== undefined);
  await rejects(all(stream), { code: 'CORRUPT' });
  await stream.close();
});

test('a footer that was changed is refused', async (context) => {
  const bench = await Bench.open(context);
  const reader = bench.reader();
  context.after(() => reader.close());
  bench.alter = (name, answer) => {
    if (name !== 'blockEnds') return answer;
    const bytes = (answer as Uint8Array).slice();
    bytes[200] = (bytes[200] ?? 0) ^ 1;
    return bytes as never;
  };
  await rejects(reader.replay(everything), { code: 'CORRUPT' });
});

test('what came after its lease is not used', async (context) => {
  const bench = await Bench.open(context);
  const reader = bench.reader();
  context.after(() => reader.close());
  bench.alter = (name, answer) =>
    name === 'placeBlocks' ? ({ ...(answer as object), leaseMs: 0 } as never) : answer;
  await replaysAgree(bench, reader);
  equal(await bench.count('blocks_pulled_total'), 0);
  ok((await bench.count('blocks_over_connection_total')) > 8);
});

test('without room blocks come over the connection', async (context) => {
  const bench = await Bench.open(context, 'tcp', 2 * mib);
  const reader = bench.reader();
  context.after(() => reader.close());
  // Another reader has all of it: half, and one more half.
  for (const owner of [1_000, 1_001]) {
    const hold = await bench.local.ticks.holdBlocks({}, bench.local.folder.memory, `o-${owner}`);
    const arena = bench.grants.arena();
    for (let file = 0, more = true; more; file = (file + 1) % (hold.files().length / 8))
      try {
        await hold.place(arena, owner, Uint32Array.of(file, 0), 60_000);
      } catch (error) {
        equal((error as NdtsError).code, 'RATE_LIMITED');
        ok(/some comes in \d+ ms/.test((error as Error).message));
        more = false;
      }
    hold.close();
  }
  await replaysAgree(bench, reader);
  ok((await bench.count('blocks_over_connection_total')) > 0);
});

test('a port that says nothing, and none at all', async (context) => {
  const bench = await Bench.open(context);
  const mute = createServer((socket) => socket.on('error', () => undefined).resume());
  const port = await listen(mute, 'test', '127.0.0.1', 0);
  const reach = (address: string): BlockReader =>
    bench.reader({ reachable: (grant) => ({ ...grant, address }), readTimeoutMs: 50 });
  await replaysAgree(bench, reach(`127.0.0.1:${port}`));
  await closeServer(mute);
  bench.memory = new BlockMemory(0, new Metrics());
  await replaysAgree(bench, reach(`127.0.0.1:${port}`));
});

test('a port that was out of reach for a while is tried again', async (context) => {
  const bench = await Bench.open(context);
  bench.memory = new BlockMemory(0, bench.metrics);
  const mute = createServer((socket) => socket.on('error', () => undefined).resume());
  const port = await listen(mute, 'test', '127.0.0.1', 0);
  const clock = new VirtualClock();
  let isCut = true;
  const reader = bench.reader({
    clock,
    reachable: (grant) => (isCut ? { ...grant, address: `127.0.0.1:${port}` } : grant),
    readTimeoutMs: 50,
  });
  context.after(() => reader.close());
  await replaysAgree(bench, reader);
  await closeServer(mute);
  isCut = false;
  await replaysAgree(bench, reader);
  equal(await bench.count('blocks_pulled_total'), 0);
  clock.advance(60e9);
  await replaysAgree(bench, reader);
  ok((await bench.count('blocks_pulled_total')) > 8);
});

test('pulls that end in the middle go on over the connection', async (context) => {
  const bench = await Bench.open(context);
  const reader = bench.reader();
  context.after(() => reader.close());
  let placed = 0;
  bench.alter = (name, answer) => {
    if (name !== 'placeBlocks') return answer;
    placed += 1;
    // The key is no good any more: what a revocation does.
    if (placed === 2) bench.server.revoke((answer as Calls['placeBlocks']['answer']).grant.key);
    return answer;
  };
  await replaysAgree(bench, reader);
  ok((await bench.count('blocks_stale_total')) > 0);
  ok((await bench.count('blocks_pulled_total')) > 0);
});

test('a connection that ends, ends the replay', async (context) => {
  const bench = await Bench.open(context);
  const reader = bench.reader();
  context.after(() => reader.close());
  let calls = 0;
  bench.alter = (name, answer) => {
    if (name === 'placeBlocks') calls += 1;
    if (calls < 2) return answer;
    bench.guarded.close();
    throw new NdtsError('UNAVAILABLE', 'the connection ended');
  };
  const stream = await reader.replay(everything);
  ok(stream !== undefined);
  await rejects(all(stream), { code: 'UNAVAILABLE' });
  await stream.close();
});

test('a replay that is left takes nothing along', async (context) => {
  const bench = await Bench.open(context);
  const reader = bench.reader();
  context.after(() => reader.close());
  // More than one connection may hold: each is let go of.
  for (let at = 0; at < 20; at += 1) {
    const stream = await reader.replay(everything);
    ok(stream !== undefined, `replay ${at}`);
    if (at % 2 === 0) await stream.next();
    await stream.close();
    equal(await stream.next(), undefined);
  }
  equal(bench.grants.holds, 0);
  await replaysAgree(bench, reader);
});

test('a node that does not pull blocks is asked itself', async (context) => {
  const bench = await Bench.open(context);
  const reader = { name: 'reader', role: 'viewer' } as const;
  bench.guarded = new GuardedService(bench.service, reader, undefined);
  equal(await bench.reader().replay(everything), undefined);
  const asked = { table: 'tick', symbol: 'A', batch: 10 };
  equal(await bench.reader().load(asked), undefined);
});
