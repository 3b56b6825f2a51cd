// The calc node with a real strategy process: windows go on from history without a seam, signals
// are those of the crossings, and the bus answers.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createBollinger, createBollingerColumns } from '@ndts/native/factor';
import {
  type CalcStatus,
  type ChartPoint,
  type ConfigValues,
  createTickBatch,
  FactorSlot,
  type Registry,
  SignalSlot,
  type StrategyView,
  subjects,
  type TickBatch,
} from '@ndts/protocol';
import {
  createSilentLogger,
  EmbeddedBus,
  EmbeddedRegistry,
  type Logger,
  loadConfig,
  MemoryKeyValueStore,
  Metrics,
  SeededRandom,
  SystemClock,
} from '@ndts/runtime';
import {
  createTickRings,
  type Database,
  openDataFolder,
  openSlotRing,
  openTicks,
  type SlotRingReader,
} from '@ndts/storage';
import { type CalcLatency, calcSubjects } from './emit/status.js';
import { type CalcNode, createCalcNode } from './node.js';

const shardCount = 2;
const symbols = [1, 2, 3].map((id) => ({ id, shard: id % shardCount, name: `SIM000${id}` }));

/** Walks of three symbols in a real engine; all ticks kept as the truth to compare with. */
class Market {
  readonly all = createTickBatch(20_000);
  readonly database: Database;
  readonly #clock: SystemClock;
  readonly #random = new SeededRandom(11);
  readonly #price = [0, 50, 60, 70];

  constructor(dir: string, clock: SystemClock, config: ConfigValues) {
    const folder = openDataFolder({ dir, memoryParent: join(dir, 'memory'), userId: 0 });
    this.database = openTicks(folder, config);
    for (const { id, shard, name } of symbols) this.database.registerSymbol(id, shard, name);
    this.#clock = clock;
  }

  /** Accepts ticks and gives them as a batch. */
  trade(count: number): TickBatch {
    const batch = createTickBatch(count);
    const now = this.#clock.now();
    for (let row = 0; row < count; row += 1) {
      const symbol = 1 + this.#random.integer(3);
      this.#price[symbol]! += (this.#random.integer(21) - 10) / 100;
      batch.day[row] = now.day;
      batch.nsOfDay[row] = now.nsOfDay + row;
      batch.symbol[row] = symbol;
      batch.price[row] = this.#price[symbol]!;
    }
    batch.count = count;
    this.database.appendTicks(batch);
    for (const name of ['symbol', 'price', 'shard', 'epoch', 'sequence'] as const)
      this.all[name].set(batch[name], this.all.count);
    this.all.count += count;
    return batch;
  }

  nextSequence(shard: number): number {
    return this.database.nextSequence(shard);
  }
}

interface Setup {
  readonly bus: EmbeddedBus;
  readonly market: Market;
  readonly node: CalcNode;
  readonly metrics: Metrics;
  /** By `shard:sequence`: the factor columns' bytes and the signal. */
  readonly factorRows: Map<string, string>;
  readonly signals: string[];
  readonly until: (what: string, holds: () => boolean) => Promise<void>;
}

function read(reader: SlotRingReader, slotBytes: number, each: (slot: DataView) => void): void {
  const bytes = new Uint8Array(4096 * slotBytes);
  for (let count = reader.poll(bytes); count > 0; count = reader.poll(bytes))
    for (let slot = 0; slot < count; slot += 1)
      each(new DataView(bytes.buffer, slot * slotBytes, slotBytes));
}

function createRegistry(clock: SystemClock, logger: Logger): Registry {
  const store = new MemoryKeyValueStore();
  return new EmbeddedRegistry({ store, clock, random: new SeededRandom(1), logger });
}

function setUp(context: TestContext): Setup {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-calc-'));
  const clock = new SystemClock();
  const logger = createSilentLogger();
  const args = { 'cluster.shards': String(shardCount) };
  const config = loadConfig({ args, environment: {} });
  const market = new Market(join(dir, 'data'), clock, config);
  market.trade(600);
  const rings = createTickRings({
    dir: join(dir, 'ticks'),
    slotCount: 16_384,
    epochs: [market.database.epoch(0), market.database.epoch(1)],
    firstSequences: [market.nextSequence(0), market.nextSequence(1)],
  });
  const bus = new EmbeddedBus({ clock, logger });
  const metrics = new Metrics();
  const readers: { reader: SlotRingReader; slotBytes: number; each: (slot: DataView) => void }[] =
    [];
  const factorRows = new Map<string, string>();
  const signals: string[] = [];
  const node = createCalcNode({
    config: { ...config, loop: { idle: 'adaptive', spinMs: 5, sleepMs: 1 } },
    database: market.database,
    symbols: { all: () => symbols },
    tickRings: rings.paths,
    ringDir: join(dir, 'rings'),
    registry: createRegistry(clock, logger),
    clock,
    bus,
    metrics,
    logger,
    onSignalRing: (instance, name, path) => {
      assert.deepEqual([instance, name], [1, 'bollinger']);
      readers.push({
        reader: openSlotRing(path, 'oldest'),
        slotBytes: SignalSlot.sizeBytes,
        each: (slot) => signals.push(signalText(slot)),
      });
      readers.push({
        reader: openSlotRing(path.replace('signal-', 'factor-'), 'oldest'),
        slotBytes: FactorSlot.sizeBytes,
        each: (slot) => factorRows.set(factorKey(slot), factorText(slot)),
      });
    },
  });
  const ticking = setInterval(() => {
    // The first half is history when the strategy gets going, however long that takes.
    const isRunning = node.status().strategies[0]?.state === 'running';
    if (market.all.count < (isRunning ? 6000 : 3000)) rings.publish(market.trade(20));
    node.doWork();
    for (const { reader, slotBytes, each } of readers) read(reader, slotBytes, each);
  }, 2);
  context.after(async () => {
    await node.stop();
    clearInterval(ticking);
    for (const { reader } of readers) reader.close();
    rings.close();
    market.database.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    while (!holds()) {
      assert.ok(!context.signal.aborted, `${what}: ${JSON.stringify(node.status())}`);
      await delay(5);
    }
  };
  return { bus, market, node, metrics, factorRows, signals, until };
}

function factorKey(slot: DataView): string {
  const sequence = slot.getBigUint64(FactorSlot.sequence, true);
  return `${slot.getUint32(FactorSlot.shard, true)}:${sequence}`;
}

function factorText(slot: DataView): string {
  const values = [FactorSlot.value, FactorSlot.middle, FactorSlot.upper, FactorSlot.lower];
  const bits = values.map((offset) => slot.getBigUint64(offset, true).toString(16));
  return [...bits, slot.getInt32(FactorSlot.signal, true)].join(' ');
}

function signalText(slot: DataView): string {
  const ordinal = slot.getBigUint64(SignalSlot.ordinal, true);
  const symbol = slot.getUint32(SignalSlot.symbol, true);
  const side = slot.getInt32(SignalSlot.side, true);
  const shard = slot.getUint32(SignalSlot.shard, true);
  return `${ordinal} ${symbol} ${side} ${shard}:${slot.getBigUint64(SignalSlot.sequence, true)}`;
}

/** The same kernel over everything at once: what every row must be. */
function reference(all: TickBatch): Map<string, string> {
  const columns = createBollingerColumns(all.capacity);
  const kernel = createBollinger({ period: 20, width: 2 });
  kernel.update(all, columns);
  kernel.close();
  const bits = new BigUint64Array(1);
  const bitsOf = (value: number): string => {
    new Float64Array(bits.buffer)[0] = value;
    return bits[0]!.toString(16);
  };
  const rows = new Map<string, string>();
  for (let row = 0; row < all.count; row += 1) {
    const { value, middle, upper, lower, signal } = columns;
    const texts = [value, middle, upper, lower].map((column) => bitsOf(column[row]!));
    rows.set(`${all.shard[row]}:${all.sequence[row]}`, [...texts, signal[row]].join(' '));
  }
  return rows;
}

test('factors go on from history to the bit; signals and the bus follow', {
  timeout: 600_000,
}, async (context) => {
  const { bus, market, node, metrics, factorRows, signals, until } = setUp(context);
  const seen: CalcStatus[] = [];
  bus.subscribe(subjects.calcStatus, ({ payload }) => seen.push(payload as CalcStatus));
  await node.start();
  await until('all ticks', () => market.all.count >= 6000);
  const expected = reference(market.all);
  const newest = new Set([0, 1].map((shard) => `${shard}:${market.nextSequence(shard) - 1}`));
  await until('all rows', () => [...newest].every((key) => factorRows.has(key)));
  assert.ok(factorRows.size > 1000, `only ${factorRows.size} rows were live`);
  for (const [key, text] of factorRows) assert.equal(text, expected.get(key), key);
  const first = [0, 1].map((shard) => {
    const keys = [...factorRows.keys()].filter((key) => key.startsWith(`${shard}:`));
    return Math.min(...keys.map((key) => Number(key.slice(2))));
  });
  const rows = [0, 1].reduce((sum, shard) => sum + market.nextSequence(shard) - first[shard]!, 0);
  assert.equal(factorRows.size, rows, 'every tick from the first live one on');

  assert.ok(signals.length > 20, `${signals.length} signals`);
  const base = 2n ** 32n;
  for (const [index, text] of signals.entries()) {
    assert.equal(text.split(' ')[0], String(base + 1n + BigInt(index)));
    const [, , side, key] = text.split(' ');
    assert.equal(expected.get(key!)?.split(' ')[4], side, 'the signal of the tick it names');
  }

  await until('status', () => (seen.at(-1)?.factorRows ?? 0) >= factorRows.size);
  const status = seen.at(-1)!;
  assert.equal(status.strategies[0]?.state, 'running');
  assert.equal(status.signals, signals.length);
  assert.equal(status.tickToSignalUs.count, signals.length);
  const chart = (await bus.request(subjects.calcChart, { symbol: 2, limit: 10 })) as ChartPoint[];
  assert.ok(chart.length > 0 && chart.length <= 10, `${chart.length} points of at most 10`);
  assert.ok(chart.every((point) => point.upper! > point.lower! && point.price > 0));
  const latency = (await bus.request(calcSubjects.latency, undefined)) as CalcLatency;
  assert.equal(latency.tickToSignal.count, signals.length);
  const restarted = await bus.request(subjects.calcRestartStrategy, { name: 'bollinger' });
  assert.equal((restarted as StrategyView).state, 'running');
  assert.equal((restarted as StrategyView).restarts, 0);
  await assert.rejects(bus.request(subjects.calcRestartStrategy, { name: 'x' }), {
    code: 'NOT_FOUND',
  });
  await assert.rejects(bus.request(subjects.calcRestartStrategy, {}), { code: 'INVALID_ARGUMENT' });
  assert.match(await metrics.text(), /ndts_calc_strategy_running\{strategy="bollinger"\} 1/);
  await assert.rejects(bus.request(subjects.calcChart, { symbol: 'x' }), /symbol, limit/);
  assert.equal(node.state(), 'ACTIVE');
});
