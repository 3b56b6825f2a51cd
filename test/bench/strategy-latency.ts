// strategy_latency: from a tick in the ring to the signal it causes, through a strategy in a
// process of its own, as the calc node starts it. This process is the market and the reader of the
// signals: it publishes a tick when it is due, and spins at the signal ring in between.
//
// Times are of one clock, counted from when the tick was in the ring: a stall of this process
// delays a tick and not its signal. A signal is there when it is read here; when its strategy made
// it is told beside that (made): between the two are the ring and this process, which looks after
// its events now and then. Which signals there are follows from the ticks, so the answer is a hash
// over all of them.

import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type CalcNode, createCalcNode } from '@ndts/calc-node';
import {
  addNs,
  createTickBatch,
  nsBetween,
  nsPerMs,
  readTime,
  SignalSlot,
  type TickBatch,
} from '@ndts/protocol';
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
  createTickRings,
  type Database,
  openDataFolder,
  openSlotRing,
  openTicks,
  type SlotRingReader,
  type TickRingWriter,
} from '@ndts/storage';
import { answerHash, type Bench, type BenchContext, percentile, pick } from './kit/bench.js';
import { ticksPerSignal } from './kit/latency-strategy.js';
import { pin, pinOther } from './kit/pin.js';
import { TickFill } from './kit/tick-fill.js';

const symbols = 100;
const plugin = fileURLToPath(new URL('kit/latency-strategy.js', import.meta.url));
/** This process looks after its events so often, as a node does. */
const turnNs = 5 * nsPerMs;
const waitNs = 30_000 * nsPerMs;
const slotsPerPoll = 64;
/** Of what a run computed; the time of a signal is left out, and what comes of it. */
const answerFields = ['symbol', 'side', 'ordinal', 'sequence', 'factorValue', 'price'] as const;

interface Load {
  readonly rate: number;
  readonly isPinned: boolean;
}

/** A calc node with one strategy, and both ends of its path. */
class Rig {
  readonly clock = new SystemClock();
  readonly #database: Database;
  readonly #rings: TickRingWriter;
  readonly #node: CalcNode;
  readonly #tick = createTickBatch(1);
  readonly #fill = new TickFill(symbols, 1000);
  readonly #slots = new Uint8Array(slotsPerPoll * SignalSlot.sizeBytes);
  readonly #slot = new DataView(this.#slots.buffer);
  #signals: SlotRingReader | undefined;
  /** Of every tick, when it was in the ring. */
  readonly #publishedNs: Float64Array;
  #published = 0;
  #turnAtNs = 0;
  readonly ages: Float64Array;
  /** When the strategy made it. */
  readonly madeAges: Float64Array;
  readonly answer: string[] = [];
  read = 0;

  constructor(context: BenchContext, name: string, ticks: number) {
    const { clock } = this;
    const logger = createSilentLogger();
    const args = { 'strategy.list': plugin, 'cluster.shards': '1' };
    const dataDir = join(context.dir, name);
    const config = loadConfig({ args: { ...args, dataDir }, environment: {} });
    const memory = join(context.memory, name);
    this.#publishedNs = new Float64Array(ticks);
    this.ages = new Float64Array(ticks / ticksPerSignal);
    this.madeAges = new Float64Array(ticks / ticksPerSignal);
    this.#database = openTicks(
      openDataFolder({ dir: dataDir, memoryParent: memory, userId: process.getuid?.() ?? 0 }),
      config,
    );
    this.#rings = createTickRings({
      dir: join(memory, 'ticks'),
      slotCount: 65_536,
      epochs: [this.#database.epoch(0)],
      firstSequences: [this.#database.nextSequence(0)],
    });
    const store = new MemoryKeyValueStore();
    this.#node = createCalcNode({
      config,
      database: this.#database,
      symbols: { all: () => [] },
      tickRings: this.#rings.paths,
      ringDir: join(memory, 'rings'),
      registry: new EmbeddedRegistry({ store, clock, random: new SeededRandom(1), logger }),
      bus: new EmbeddedBus({ clock, logger }),
      metrics: new Metrics(),
      ...{ clock, logger },
      onSignalRing: (_instance, _name, path) => {
        this.#signals = openSlotRing(path, 'oldest');
      },
    });
  }

  /** The process of the strategy, once it runs. */
  async start(): Promise<number> {
    await this.#node.start();
    const untilNs = this.clock.monotonicNs() + waitNs;
    for (;;) {
      const [view] = this.#node.status().strategies;
      if (view?.state === 'running' && view.pid !== undefined) return view.pid;
      if (this.clock.monotonicNs() > untilNs)
        throw new Error(`the strategy does not run: ${JSON.stringify(view)}`);
      await this.#turn();
    }
  }

  /** So many ticks, each when it is due, and the signals of all of them. */
  async drive(ticks: number, rate: number): Promise<void> {
    const end = this.#published + ticks;
    let dueNs = this.clock.monotonicNs();
    while (this.#published < end) {
      const nowNs = this.clock.monotonicNs();
      if (nowNs >= dueNs) {
        this.#publish(dueNs);
        dueNs += 1e9 / rate;
      }
      this.#readSignals();
      if (nowNs >= this.#turnAtNs) await this.#turn();
    }
    const untilNs = this.clock.monotonicNs() + waitNs;
    while (this.read < Math.floor(end / ticksPerSignal)) {
      if (this.clock.monotonicNs() > untilNs) throw new Error('a signal did not come');
      this.#readSignals();
      await this.#turn();
    }
  }

  async stop(): Promise<void> {
    await this.#node.stop();
    this.#signals?.close();
    this.#rings.close();
    this.#database.close();
  }

  async #turn(): Promise<void> {
    this.#node.doWork();
    await turn();
    this.#turnAtNs = this.clock.monotonicNs() + turnNs;
  }

  #publish(dueNs: number): void {
    const tick: TickBatch = this.#tick;
    this.#fill.fill(tick);
    const { day, nsOfDay } = addNs(this.clock.wallOffset, dueNs);
    tick.day[0] = day;
    tick.nsOfDay[0] = nsOfDay;
    tick.epoch[0] = this.#database.epoch(0);
    tick.sequence[0] = this.#published;
    this.#rings.publish(tick);
    this.#publishedNs[this.#published] = this.clock.monotonicNs();
    this.#published += 1;
  }

  #readSignals(): void {
    const count = this.#signals?.poll(this.#slots) ?? 0;
    if (count === 0) return;
    const nowNs = this.clock.monotonicNs();
    for (let at = 0; at < count; at += 1) {
      const base = at * SignalSlot.sizeBytes;
      const sequence = Number(this.#slot.getBigUint64(base + SignalSlot.sequence, true));
      const publishedNs = this.#publishedNs[sequence]!;
      this.ages[this.read] = nowNs - publishedNs;
      const published = addNs(this.clock.wallOffset, publishedNs);
      this.madeAges[this.read] = nsBetween(readTime(this.#slot, base + SignalSlot.time), published);
      this.read += 1;
      const bits = answerFields.map((name) => this.#slot.getUint32(base + SignalSlot[name], true));
      this.answer.push(bits.join(' '));
    }
  }
}

async function measure(context: BenchContext, load: Load): Promise<void> {
  const { rate, isPinned } = load;
  const seconds = pick(context.size, { smoke: 0.1, small: 3, full: 30 });
  const rounded = (ticks: number): number => Math.ceil(ticks / ticksPerSignal) * ticksPerSignal;
  const warmUp = rounded(context.size === 'smoke' ? 500 : 2 * rate);
  const ticks = rounded(rate * seconds);
  const rig = new Rig(context, `${rate}-${isPinned}`, warmUp + ticks);
  let unpin: (() => void) | undefined;
  try {
    const pid = await rig.start();
    if (isPinned) {
      unpin = pin();
      if (unpin === undefined) {
        context.say('no taskset or no second processor: no pinned figures');
        return;
      }
      pinOther(pid);
    }
    await rig.drive(warmUp, rate);
    const first = rig.read;
    await rig.drive(ticks, rate);
    const ages = rig.ages.subarray(first, rig.read).toSorted();
    const made = rig.madeAges.subarray(first, rig.read).toSorted();
    const answer = answerHash(...rig.answer);
    const params = { ticksPerSecond: rate, factors: 6, pinned: isPinned, signals: ages.length };
    const rows = [
      ['p50', ages, 0.5],
      ['p99', ages, 0.99],
      ['max', ages, 1],
      ['madeP50', made, 0.5],
      ['madeP99', made, 0.99],
    ] as const;
    for (const [metric, of, part] of rows) {
      const value = percentile(of, part) / 1000;
      context.emit({ bench: 'strategy_latency', params, metric, value, unit: 'us', answer });
    }
  } finally {
    unpin?.();
    await rig.stop();
  }
}

export const strategyLatency: Bench = {
  name: 'strategy_latency',
  about: 'from a tick in the ring to its signal in the ring, a strategy process with six factors',
  run: async (context) => {
    const isSmoke = context.size === 'smoke';
    for (const rate of isSmoke ? [10_000] : [10_000, 50_000])
      for (const isPinned of isSmoke ? [false] : [false, true])
        await measure(context, { rate, isPinned });
  },
};
