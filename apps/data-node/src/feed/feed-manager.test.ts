// Feeds that people add: kept, begun again, recorded and replayed.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createTickBatch, type FeedDefinition } from '@ndts/protocol';
import { createSilentLogger, SeededRandom, VirtualClock } from '@ndts/runtime';
import { FakeVenue, settle } from './crypto/fake-venue.js';
import { FeedManager } from './feed-manager.js';
import { FeedSet } from './feed-set.js';
import { turn } from './file/file-test-kit.js';

const startMs = Date.UTC(2026, 0, 5, 14);

class Setup {
  readonly set = new FeedSet([]);
  readonly clock = new VirtualClock(startMs);
  readonly venue = new FakeVenue();
  readonly manager: FeedManager;

  constructor(recordingDir: string, kept: Map<string, FeedDefinition>) {
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
      clock: this.clock,
      random: new SeededRandom(1),
      logger: createSilentLogger(),
      door: {
        ensure: async (names) => Uint32Array.from(names, (name) => (name === '?' ? 0 : 7)),
        refusal: () => 'has other characters',
      },
      recordingDir,
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
