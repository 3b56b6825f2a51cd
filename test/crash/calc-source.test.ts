// A calc node whose data node is another process: nothing is mapped but mirrors of its rings. It is
// killed and started again while ticks flow; the strategy has every tick of the store, each once
// and in order, and is not started anew for it.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CalcNode, createCalcNode, PulledMarket } from '@ndts/calc-node';
import { SignalSlot } from '@ndts/protocol';
import {
  createSilentLogger,
  EmbeddedBus,
  EmbeddedRegistry,
  loadConfig,
  MemoryKeyValueStore,
  Metrics,
  SeededRandom,
  SystemClock,
} from '@ndts/runtime';
import {
  NDTSClient,
  openDataFolder,
  openSlotRing,
  openTicks,
  type SlotRingReader,
  type SymbolEntry,
} from '@ndts/storage';
import { freePort } from '../kit/free-port.js';
import { mirrorFolders } from '../kit/pulled-rows.js';
import { RunningPlatform } from '../kit/running-platform.js';
import { temporaryFolder } from '../kit/temporary-folder.js';

const shards = 4;
const watermarks = ['accepted', 'durable'];

const [warm, cold] = [1n, 2n];

/** Asks for something because of each tick: its signals say what it was handed. */
const echo = (watermark: string): string => `
import { factor } from '@ndts/calc-node/strategy';
export const strategy = {
  name: '${watermark}', version: '1', params: {}, watermark: '${watermark}',
  factors: { mean: factor('sma(price, 20)') },
  onTick(tick, context) {
    context.buy(tick.symbol, Number.isNaN(context.factor.mean) ? ${cold}n : ${warm}n);
  },
};`;

class Calc {
  readonly node: CalcNode;
  readonly market: PulledMarket;
  /** By strategy and shard, the sequences of the ticks behind its signals. */
  readonly seen = new Map<string, number[][]>();
  readonly #signals: { readonly of: string; readonly ring: SlotRingReader }[] = [];
  readonly #turn: NodeJS.Timeout;
  /** What the node warned of. */
  readonly #said: string[] = [];
  readonly quantities = new Set<bigint>();
  symbols: readonly SymbolEntry[] = [];

  constructor(context: TestContext, dir: string, address: string, token: string) {
    mkdirSync(dir, { recursive: true });
    const plugins = watermarks.map((one) => join(dir, `${one}.mjs`));
    for (const [at, path] of plugins.entries()) writeFileSync(path, echo(watermarks[at]!));
    const args = {
      ...{ dataDir: dir, 'cluster.shards': String(shards), 'strategy.list': plugins.join() },
      ...{ 'loop.idle': 'sleep', 'storage.stagingBytes': '1048576' },
    };
    const config = loadConfig({ args, environment: {} });
    const clock = new SystemClock();
    const logger = createSilentLogger();
    logger.warn = (about: object, text?: string): void => {
      this.#said.push(`${text} ${JSON.stringify(about)}`);
    };
    const folder = openDataFolder({ dir, memoryParent: join(dir, 'memory'), userId: 0 });
    const database = openTicks(folder, config);
    this.market = new PulledMarket({
      ...{ nodes: [address], token, clock, logger, timeoutMs: 10_000, shardCount: shards },
      onSymbols: (symbols) => {
        this.symbols = symbols;
      },
    });
    const store = new MemoryKeyValueStore();
    this.node = createCalcNode({
      ...{ config, database, clock, logger, source: this.market, tickRings: [] },
      symbols: { all: () => this.symbols },
      ringDir: join(dir, 'rings'),
      registry: new EmbeddedRegistry({ store, clock, random: new SeededRandom(1), logger }),
      bus: new EmbeddedBus({ clock, logger }),
      metrics: new Metrics({ processMetrics: false }),
      onSignalRing: (_instance, of, path) => {
        this.#signals.push({ of, ring: openSlotRing(path, 'oldest') });
        this.seen.set(
          of,
          Array.from({ length: shards }, () => []),
        );
      },
    });
    this.#turn = setInterval(() => this.#read(), 5);
    context.after(async () => {
      clearInterval(this.#turn);
      await this.node.stop();
      await this.market.stop();
      for (const { ring } of this.#signals) ring.close();
      database.close();
    });
  }

  #read(): void {
    this.node.doWork();
    const slots = new Uint8Array(1024 * SignalSlot.sizeBytes);
    const view = new DataView(slots.buffer);
    for (const { of, ring } of this.#signals)
      for (let count = ring.poll(slots), slot = 0; slot < count; slot += 1) {
        const at = slot * SignalSlot.sizeBytes;
        const shard = view.getUint32(at + SignalSlot.shard, true);
        this.quantities.add(view.getBigInt64(at + SignalSlot.quantity, true));
        this.seen.get(of)?.[shard]?.push(Number(view.getBigUint64(at + SignalSlot.sequence, true)));
      }
  }

  /** Of the one that had fewest. */
  get count(): number {
    const counts = watermarks.map((one) => (this.seen.get(one) ?? []).flat().length);
    return Math.min(...counts);
  }

  async until(holds: () => boolean, context: TestContext): Promise<void> {
    while (!holds()) {
      const { strategies } = this.node.status();
      const isWell = strategies.every(({ restarts }) => restarts === 0);
      ok(isWell && !context.signal.aborted, JSON.stringify({ strategies, said: this.#said }));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

test('every tick as it is accepted, or durable, over kills of the data node', async (context) => {
  const dir = await temporaryFolder(context);
  const port = await freePort();
  const keys = {
    'cluster.shards': shards,
    'remote.port': port,
    'remote.pull': 'tcp',
    'feed.ticksPerSecond': 400,
    'loop.idle': 'sleep',
    'strategy.list': '',
    'storage.stagingBytes': 8 << 20,
    'storage.walFileBytes': 4 << 20,
  };
  const dataDir = join(dir, 'data');
  let data = await RunningPlatform.start({ dataDir, keys });
  context.after(() => data.kill());
  const { token } = data;
  const address = `127.0.0.1:${port}`;
  const client = new NDTSClient({ mode: 'distributed', nodes: [address], token });
  context.after(() => client.close());
  for (let accepted = 0; accepted < 1500; )
    accepted = (await client.getShards()).reduce((sum, shard) => sum + shard.accepted, 0);
  const calc = new Calc(context, join(dir, 'calc'), address, token);
  await calc.node.start();
  calc.market.start();
  await calc.until(() => calc.count > 200, context);
  equal(mirrorFolders().length, 2, 'mirrors of the rings of ticks, and of books');
  for (let kill = 0; kill < 2; kill += 1) {
    await data.kill();
    data = await RunningPlatform.start({ dataDir, keys });
    const before = calc.count;
    await calc.until(() => calc.count > before + 200, context);
  }
  deepEqual([...calc.quantities], [warm], 'factors were warm from the first tick on');
  const seen = watermarks.flatMap((one) => calc.seen.get(one) ?? []).map((one) => one.slice());
  for await (const { next } of client.subscribe(undefined, { from: 'oldest' }))
    if (seen.every((one, at) => (one.at(-1) ?? 0) < (next?.sequence[at % shards] ?? 0))) break;
  for (const sequences of seen) {
    const first = sequences[0] ?? 0;
    deepEqual(
      sequences,
      Array.from(sequences, (_, at) => first + at),
      'every tick of the shard, once and in order',
    );
  }
  for (const { state, restarts } of calc.node.status().strategies)
    deepEqual([state, restarts], ['running', 0]);
});
