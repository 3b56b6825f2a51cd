// Feeds that people add: kept, begun again, recorded and replayed.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type Clock,
  createTickBatch,
  type FeedDefinition,
  type FeedView,
  type FixFeedDefinition,
} from '@ndts/protocol';
import { createSilentLogger, SeededRandom, SystemClock, VirtualClock } from '@ndts/runtime';
import { FakeVenue, settle } from './crypto/fake-venue.js';
import { FeedManager } from './feed-manager.js';
import { FeedSet } from './feed-set.js';
import { Counterparty } from './fix/counterparty.js';
import { turn } from './file/file-test-kit.js';

const startMs = Date.UTC(2026, 0, 5, 14);

class Setup {
  readonly set = new FeedSet([]);
  readonly venue = new FakeVenue();
  /** No name may be a symbol any more. */
  isRefusing = false;
  readonly manager: FeedManager;

  constructor(
    recordingDir: string,
    kept: Map<string, FeedDefinition>,
    clock: Clock = new VirtualClock(startMs),
    secrets?: ReadonlyMap<string, string>,
  ) {
    this.manager = new FeedManager({
      set: this.set,
      store: {
        list: async () => [...kept.values()],
        put: async (definition) => {
          kept.set(definition.name, definition);
        },
        remove: async (name) => {
          kept.delete(name);
        },
      },
      clock,
      random: new SeededRandom(1),
      logger: createSilentLogger(),
      door: {
        ensure: async (names) =>
          Uint32Array.from(names, (name) => (name === '?' || this.isRefusing ? 0 : 7)),
        refusal: () => 'has other characters',
      },
      recordingDir,
      ...(secrets === undefined ? {} : { secrets }),
      load: async () => this.venue.module,
    });
  }
}

function folder(context: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-feeds-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const binance: FeedDefinition = {
  name: 'binance',
  kind: 'ccxt',
  venue: 'binance',
  symbols: ['BTC/USDT'],
};

test('an exchange is kept and begun again; what cannot be begun is not kept', async (context) => {
  const dir = folder(context);
  const kept = new Map<string, FeedDefinition>();
  const first = new Setup(dir, kept);
  await first.set.connect();
  assert.equal((await first.manager.add(binance)).state, 'connected');
  await assert.rejects(first.manager.add(binance), /there is a feed binance/);
  const bad: FeedDefinition = { ...binance, name: 'bad', venue: 'nowhere' };
  await assert.rejects(first.manager.add(bad), /no exchange nowhere/);
  await assert.rejects(first.manager.add({ name: 'x', kind: 'files' }), /expected paths/);
  const odd: FeedDefinition = { ...binance, name: 'odd', symbols: ['?'] };
  await assert.rejects(first.manager.add(odd), /no symbols: "\?" \(has other characters\)/);
  assert.deepEqual([...kept.keys()], ['binance']);
  assert.equal(first.set.sources.length, 1);
  await first.manager.stop();
  kept.set('bad', bad);
  const second = new Setup(dir, kept);
  await second.set.connect();
  await second.manager.start();
  await turn();
  assert.deepEqual(
    second.manager.list().map(({ name, state }) => [name, state]),
    [
      ['binance', 'connected'],
      ['bad', 'failed'],
    ],
  );
  assert.equal(await second.manager.remove('binance'), true);
  await assert.rejects(second.manager.remove('binance'), /there is no feed binance/);
  assert.deepEqual([...kept.keys()], ['bad']);
  await second.manager.stop();
});

test('what is recorded from now on replays as a feed of its own', async (context) => {
  const dir = folder(context);
  const setup = new Setup(dir, new Map());
  const { manager, set, venue } = setup;
  await set.connect();
  assert.equal((await manager.add(binance)).recording, null);
  const view = await manager.record('binance', true);
  assert.deepEqual([view.recording?.lost, view.state], [0, 'connected']);
  await settle();
  for (let id = 1; id <= 5; id += 1) {
    // The loop of the connection before still waits for its turn, and is passed over.
    await venue.trades.give([{ id: `${id}`, timestamp: startMs + id, price: id, amount: 1 }]);
  }
  const batch = createTickBatch(64);
  const live = Array.from({ length: set.poll(batch) }, (_, row) => batch.price[row]);
  assert.ok(live.length >= 4);
  assert.equal((await manager.record('binance', false)).recording, null);
  const replay: FeedDefinition = {
    name: 'again',
    kind: 'recording',
    recorded: 'binance',
    venue: 'binance',
  };
  await assert.rejects(manager.add({ ...replay, days: ['2025-01-01'] }), /no recordings/);
  await manager.add(replay);
  const again: number[] = [];
  const isEnded = (): boolean =>
    manager.list().find(({ name }) => name === 'again')?.isEnded === true;
  while (!isEnded()) {
    await turn();
    const count = set.poll(batch);
    again.push(...batch.price.subarray(0, count));
  }
  assert.deepEqual(again, live);
  await manager.stop();
});

test('a feed that could not be made anew goes on as it was', async (context) => {
  const setup = new Setup(folder(context), new Map());
  await setup.set.connect();
  await setup.manager.add(binance);
  const { source } = setup.set.sources[0]!;
  setup.isRefusing = true;
  await assert.rejects(setup.manager.record('binance', true), /has other characters/);
  assert.deepEqual(
    setup.manager.list().map((one) => [one.source, one.state, one.recording]),
    [[source, 'connected', null]],
  );
  await setup.manager.stop();
});

test('a FIX counterparty is kept without its secret, recorded, and replayed', async (context) => {
  const dir = folder(context);
  const market = new Counterparty();
  const port = await market.open();
  const kept = new Map<string, FeedDefinition>();
  const { manager, set } = new Setup(dir, kept, new SystemClock());
  context.after(async () => {
    await manager.stop();
    market.close();
  });
  await set.connect();
  const [open, secret] = [join(dir, 'open'), join(dir, 'secret')];
  writeFileSync(open, 'hush', { mode: 0o644 });
  writeFileSync(secret, 'hush\n', { mode: 0o600 });
  const fix = { host: '127.0.0.1', port, senderCompId: 'DESK', targetCompId: 'MARKET' };
  const market1: FeedDefinition = {
    ...{ name: 'market', kind: 'fix', symbols: ['BTC/USD'], record: true },
    fix: { ...fix, username: 'desk', passwordFile: secret },
  };
  const refused: readonly [Partial<FeedDefinition>, RegExp][] = [
    [{ fix: { ...fix, passwordFile: open } }, /expected mode 0600 or narrower, found 0644/],
    [{ fix: { ...fix, passwordFile: join(dir, 'none') } }, /expected a password in/],
    [{ fix: { ...fix, host: '192.0.2.1' } }, /192.0.2.1 is beyond this machine: expected tls/],
    [{ symbols: [] }, /expected symbols/],
  ];
  for (const [change, reason] of refused)
    await assert.rejects(manager.add({ ...market1, ...change }), reason);
  const view = await manager.add(market1);
  assert.deepEqual([view.state, view.kind, kept.size], ['connected', 'fix', 1]);
  assert.ok(!JSON.stringify([...kept.values(), view]).includes('hush'));
  while (market.asked.length === 0) await turn();
  market.say('W', '262=M1|55=BTC/USD|268=2|269=0|270=99|271=5|269=1|270=101|271=4|');
  market.say('X', '268=1|279=0|269=2|278=41|55=BTC/USD|270=100.5|271=0.25|');
  const batch = createTickBatch(64);
  const take = (rows: (readonly number[])[]): void => {
    set.poll(batch);
    for (let row = 0; row < batch.count; row += 1)
      rows.push([batch.day[row]!, batch.nsOfDay[row]!, batch.price[row]!, batch.bid[row]!]);
  };
  const live: (readonly number[])[] = [];
  while (live.length < 2) {
    await turn();
    take(live);
  }
  assert.equal((await manager.record('market', false)).recording, null);
  const replay: FeedDefinition = {
    ...{ name: 'again', kind: 'recording', recorded: 'market', venue: 'fix' },
  };
  await manager.add(replay);
  const again: (readonly number[])[] = [];
  while (manager.list().find(({ name }) => name === 'again')?.isEnded !== true) {
    await turn();
    take(again);
  }
  assert.deepEqual(again, live);
});

test('a password comes from the environment, too, and is shown nowhere', async (context) => {
  const market = new Counterparty();
  const port = await market.open();
  const kept = new Map<string, FeedDefinition>();
  const secrets = new Map([['NDTS_SECRET_MARKET', 'hush']]);
  const { manager, set } = new Setup(folder(context), kept, new SystemClock(), secrets);
  context.after(async () => {
    await manager.stop();
    market.close();
  });
  await set.connect();
  const fix = { host: '127.0.0.1', port, senderCompId: 'DESK', targetCompId: 'MARKET' };
  const add = (more: Partial<FixFeedDefinition>): Promise<FeedView> =>
    manager.add({ name: 'market', kind: 'fix', symbols: ['BTC/USD'], fix: { ...fix, ...more } });
  await assert.rejects(
    add({ passwordEnv: 'NDTS_SECRET_NONE' }),
    /expected a password in the variable NDTS_SECRET_NONE of the environment/,
  );
  const both = { passwordFile: '/etc/hostname', passwordEnv: 'NDTS_SECRET_MARKET' };
  await assert.rejects(add(both), /not both/);
  const view = await add({ passwordEnv: 'NDTS_SECRET_MARKET' });
  assert.equal(market.password, 'hush');
  assert.ok(!JSON.stringify([...kept.values(), view]).includes('hush'));
});

/** A counterparty that takes connections and says nothing. */
async function startSilent(context: TestContext): Promise<{
  server: Server;
  fix: { host: string; port: number; senderCompId: string; targetCompId: string };
}> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  context.after(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, fix: { host: '127.0.0.1', port, senderCompId: 'DESK', targetCompId: 'MARKET' } };
}

test('one that is being opened is removed at once, and holds up no other', async (context) => {
  const { server, fix } = await startSilent(context);
  const kept = new Map<string, FeedDefinition>();
  const { manager, set } = new Setup(folder(context), kept);
  await set.connect();
  const market: FeedDefinition = { name: 'market', kind: 'fix', symbols: ['BTC/USD'], fix };
  const adding = assert.rejects(manager.add(market), /market was removed while it was opened/);
  const [socket] = (await once(server, 'connection')) as [Socket];
  context.after(() => void socket.destroy());
  socket.on('error', () => undefined).resume();
  assert.equal((await manager.add(binance)).state, 'connected');
  // Nobody moves the clock: what waits for an answer would wait for ever.
  assert.equal(await manager.remove('market'), true);
  await adding;
  assert.deepEqual(
    [manager.list().map(({ name }) => name), [...kept.keys()]],
    [['binance'], ['binance']],
  );
  await assert.rejects(manager.remove('market'), /there is no feed market/);
  // So is one that a start begins.
  kept.set('market', market);
  await manager.start();
  await once(server, 'connection');
  assert.equal(await manager.remove('market'), true);
  assert.deepEqual([...kept.keys()], ['binance']);
  await manager.stop();
});

test('neither a stop nor other feeds wait for one that nobody answers', async (context) => {
  const { server, fix } = await startSilent(context);
  const kept = new Map<string, FeedDefinition>();
  const { manager, set } = new Setup(folder(context), kept);
  await set.connect();
  const adding = manager.add({ name: 'market', kind: 'fix', symbols: ['BTC/USD'], fix });
  const [socket] = (await once(server, 'connection')) as [Socket];
  context.after(() => void socket.destroy());
  socket.on('error', () => undefined).resume();
  await manager.stop();
  assert.equal((await adding).state, 'disconnected');
  kept.set('binance', binance);
  const again = new Setup(folder(context), kept);
  await again.set.connect();
  await again.manager.start();
  const isConnected = ({ name, state }: FeedView): boolean =>
    name === 'binance' && state === 'connected';
  while (!again.manager.list().some(isConnected)) await turn();
  await again.manager.stop();
});
