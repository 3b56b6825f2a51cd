// The order path in its parts: risk_check (every check on, over open orders), order_path (signal in
// to broker out, journal accepted and durable), journal (intents through group commit), matching
// (the paper venue alone), reconcile (a start over open orders), and stress (all of it, many
// orders, what memory does; the journal's memtable, which grows until it is sealed, apart).

import { join } from 'node:path';
import {
  createHarness,
  DataWatch,
  EventJournal,
  type Harness,
  Ledger,
  Market,
  Rates,
  RiskDesk,
  Scribe,
  TickTape,
} from '@ndts/exec-node/kit';
import { PaperBroker } from '@ndts/exec-node';
import {
  encodeOrderIntent,
  type OrderIntent,
  OrderType,
  parseMoney,
  plainTerms,
} from '@ndts/protocol';
import {
  createSilentLogger,
  EmbeddedBus,
  loadConfig,
  MemoryKeyValueStore,
  SeededRandom,
  SystemClock,
  VirtualClock,
} from '@ndts/runtime';
import { openDataFolder, openJournal } from '@ndts/storage';
import {
  answerHash,
  type Bench,
  type BenchContext,
  percentile,
  percentiles,
  pick,
} from './kit/bench.js';
import { statusMB } from './kit/memory.js';

const symbols = 20;
const logger = createSilentLogger();
const wide = { 'risk.maxPosition': '1000000000', 'risk.maxOrderValue': '1000000000' };
const roomy = { ...wide, 'risk.maxDailyLoss': '1000000000', 'risk.ordersPerSecond': '10000000' };

function intentOf(number: number, clock: VirtualClock, limit: string): OrderIntent {
  const time = clock.now();
  return {
    ...{ clientOrderId: `1-${number}-0`, account: 'paper', instance: 1, ordinal: BigInt(number) },
    ...{ symbol: 1 + (number % symbols), side: number % 2 === 0 ? 1 : -1 },
    ...{ orderType: OrderType.limit, quantity: parseMoney('1'), limitPrice: parseMoney(limit) },
    ...{ time, tickTime: time, shard: 0, epoch: 0n, sequence: 0n, factorValue: 0, broker: 'paper' },
  };
}

/** A journal as a node has it; closed by the callback. */
async function withJournal(
  dir: string,
  run: (store: ReturnType<typeof openJournal>) => Promise<void>,
): Promise<void> {
  const values = loadConfig({ args: { dataDir: dir }, environment: {} });
  const folder = openDataFolder({ dir, memoryParent: dir, userId: process.getuid?.() ?? 0 });
  const store = openJournal(folder, values);
  try {
    await run(store);
  } finally {
    store.close();
  }
}

function pushMarket({ ticks }: Harness): void {
  for (let symbol = 1; symbol <= symbols; symbol += 1)
    ticks.push({ symbol, price: 100, bid: 99.5, ask: 100.5 });
}

function emitLatencies(
  context: BenchContext,
  bench: string,
  params: Record<string, string | number>,
  spent: Float64Array,
  answer: string,
): void {
  spent.sort();
  for (const [name, fraction] of percentiles) {
    const value = percentile(spent, fraction) / 1000;
    context.emit({ bench, params, metric: name, value, unit: 'us', answer });
  }
}

export const riskCheck: Bench = {
  name: 'risk_check',
  about: 'every risk check on, over 1,000 open orders',
  async run(context) {
    const clock = new VirtualClock(1.7e12);
    const config = loadConfig({
      args: { ...roomy, 'risk.duplicateMs': '10', 'risk.limits': 'strategy 1 maxPosition=1000000' },
      environment: {},
    });
    const ledger = new Ledger();
    const journal = new EventJournal(new MemoryKeyValueStore());
    const tape = new TickTape(clock);
    const market = new Market(tape.reader(), () => undefined, { clock, waitMs: 3000 });
    const bus = new EmbeddedBus({ clock, logger });
    const dataWatch = new DataWatch({ bus, clock, logger, market, silentMs: 3000 });
    let changed: (order: Parameters<RiskDesk['changed']>[0]) => void = () => undefined;
    const scribe = new Scribe(journal, ledger, clock, logger, (order) => changed(order));
    const risk = new RiskDesk({
      ...{ risk: config.risk, ledger, scribe, market, dataWatch, clock, connected: () => true },
      symbolName: (id) => `S${id}`,
      trades: () => true,
      rates: new Rates([]),
      closable: () => undefined,
      takes: () => true,
      closesOddLots: () => false,
      venueLot: () => 0n,
    });
    changed = (order) => risk.changed(order);
    for (let symbol = 1; symbol <= symbols; symbol += 1)
      tape.push({ symbol, price: 100, bid: 99.5, ask: 100.5 });
    while (market.poll() > 0);
    // Buys rest below the market, sells above it.
    for (let number = 1; number <= 1000; number += 1)
      scribe.intent(intentOf(number, clock, number % 2 === 0 ? '98' : '102'));
    scribe.flush();
    const count = pick(context.size, { smoke: 5_000, small: 200_000, full: 2_000_000 });
    const spent = new Float64Array(count);
    const now = clock.now();
    const system = new SystemClock();
    const order = intentOf(2000, clock, '99');
    let approved = 0;
    for (let number = 0; number < count; number += 1) {
      const symbol = 1 + (number % symbols);
      const asked = { ...order, symbol };
      const start = system.monotonicNs();
      if (risk.check(asked, plainTerms, 0n, now) === 1) approved += 1;
      spent[number] = system.monotonicNs() - start;
    }
    const params = { openOrders: 1000, symbols, checks: count };
    emitLatencies(context, 'risk_check', params, spent, answerHash(approved));
  },
};

/** Signals through a node one at a time; the time until the venue was handed each. The first ones,
 * which run what the compiler of JavaScript did not get to yet, are printed apart. */
async function path(context: BenchContext, mode: 'accepted' | 'durable'): Promise<void> {
  const cold = pick(context.size, { smoke: 20, small: 2_000, full: 10_000 });
  const warm = pick(context.size, { smoke: 100, small: 10_000, full: 50_000 });
  const count = cold + warm;
  const dir = join(context.dir, mode);
  await withJournal(dir, async (journal) => {
    const spent = new Float64Array(count);
    const system = new SystemClock();
    let handed = 0;
    let start = 0;
    const harness = createHarness({
      dir: join(dir, 'bench-venue'),
      journal,
      config: { ...roomy, 'exec.journalMode': mode },
      wrap: (broker) => {
        const submit = broker.submit.bind(broker);
        broker.submit = (intent, terms): void => {
          spent[handed++] = system.monotonicNs() - start;
          submit(intent, terms);
        };
        return broker;
      },
    });
    await harness.node.start();
    pushMarket(harness);
    await harness.settle();
    for (let number = 0; number < count; number += 1) {
      const side = number % 2 === 0 ? 1 : -1;
      harness.signals.push({ ordinal: number, symbol: 1 + (number % symbols), side });
      start = system.monotonicNs();
      while (handed <= number) {
        if (harness.node.doWork() > 0) continue;
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      }
      harness.clock.advance(1e5);
    }
    await harness.settle();
    const answer = answerHash(handed, harness.node.ledger.counts.fills);
    for (const [phase, times] of [
      ['first', spent.subarray(0, cold)],
      ['warm', spent.subarray(cold)],
    ] as const) {
      const params = { journal: mode, phase, orders: times.length };
      emitLatencies(context, 'order_path', params, times, answer);
    }
    await harness.node.stop();
  });
}

export const orderPath: Bench = {
  name: 'order_path',
  about: 'signal in to broker out, journal accepted and durable',
  async run(context) {
    await path(context, 'accepted');
    await path(context, 'durable');
  },
};

export const journalBench: Bench = {
  name: 'journal',
  about: 'order intents through group commit',
  async run(context) {
    const count = pick(context.size, { smoke: 5_000, small: 300_000, full: 3_000_000 });
    const group = 256;
    await withJournal(join(context.dir, 'journal'), async (store) => {
      const clock = new VirtualClock(1.7e12);
      const journal = new EventJournal(store);
      const base = intentOf(0, clock, '99');
      const start = performance.now();
      for (let number = 1; number <= count; number += 1) {
        const clientOrderId = `1-${number}-0`;
        journal.append(encodeOrderIntent({ ...base, clientOrderId, ordinal: BigInt(number) }));
        if (number % group === 0) journal.flush();
      }
      journal.flush();
      await journal.durable();
      const seconds = (performance.now() - start) / 1000;
      context.emit({
        ...{ bench: 'journal', params: { orders: count, group }, metric: 'durableOrders' },
        ...{ value: count / seconds, unit: '1/s', answer: answerHash(journal.nextSequence) },
      });
    });
  },
};

export const matching: Bench = {
  name: 'matching',
  about: 'the paper venue: orders at the market, and ticks over resting orders',
  async run(context) {
    const count = pick(context.size, { smoke: 2_000, small: 100_000, full: 1_000_000 });
    const clock = new VirtualClock(1.7e12);
    const tape = new TickTape(clock);
    const venue = new PaperBroker({
      ...{ dir: join(context.dir, 'venue'), market: tape.reader(), clock, logger },
      ...{ random: new SeededRandom(1), latencyUs: 0, feeBps: 1 },
    });
    let fills = 0;
    await venue.connect({
      onOrderUpdate: () => undefined,
      onFill: () => {
        fills += 1;
      },
    });
    const tick = (price: number): void => {
      for (let symbol = 1; symbol <= symbols; symbol += 1)
        tape.push({ symbol, price, bid: price - 0.5, ask: price + 0.5 });
    };
    tick(100);
    const start = performance.now();
    for (let number = 1; number <= count; number += 1) {
      venue.submit(intentOf(number, clock, number % 2 === 0 ? '101' : '99'));
      if (number % 64 === 0) venue.doWork();
    }
    while (venue.doWork() > 0);
    const orders = (count * 1000) / (performance.now() - start);
    // Far from the market: they rest, and every tick looks at them.
    for (let number = 1; number <= 1000; number += 1)
      venue.submit(intentOf(count + number, clock, number % 2 === 0 ? '50' : '150'));
    while (venue.doWork() > 0);
    const rounds = Math.ceil(count / 1000);
    const begin = performance.now();
    for (let round = 0; round < rounds; round += 1) {
      tick(100 + (round % 3));
      while (venue.doWork() > 0);
    }
    const ticks = (rounds * symbols * 1000) / (performance.now() - begin);
    const answer = answerHash(fills);
    const params = { orders: count, resting: 1000 };
    const common = { bench: 'matching', params, unit: '1/s', answer };
    context.emit({ ...common, metric: 'ordersPerSecond', value: orders });
    context.emit({ ...common, metric: 'ticksPerSecond', value: ticks });
    await venue.disconnect();
  },
};

export const reconcileBench: Bench = {
  name: 'reconcile',
  about: 'a start over open orders, until it may trade',
  async run(context) {
    const count = pick(context.size, { smoke: 300, small: 10_000, full: 10_000 });
    const options = {
      dir: join(context.dir, 'venue'),
      config: { ...roomy, 'risk.selfTrade': 'true' },
    };
    const first = createHarness(options);
    await first.node.start();
    pushMarket(first);
    await first.settle();
    for (let number = 1; number <= count; number += 1) {
      const buys = number % 2 === 0;
      const symbol = 1 + (number % symbols);
      const limit = buys ? '98' : '102';
      first.signals.push({ ordinal: number, symbol, side: buys ? 1 : -1, limit });
      if (number % 500 === 0) await first.settle();
    }
    await first.settle();
    const { journal, clock } = first;
    const second = createHarness({ ...options, journal, clock });
    const start = performance.now();
    await second.node.start();
    const value = performance.now() - start;
    const open = second.node.ledger.orders.open().size;
    const answer = answerHash(open, second.node.ledger.tradingState);
    const params = { openOrders: open };
    context.emit({ bench: 'reconcile', params, metric: 'time', value, unit: 'ms', answer });
  },
};

export const stressBench: Bench = {
  name: 'stress',
  about: 'orders through journal, risk and paper venue; what memory does',
  async run(context) {
    const count = pick(context.size, { smoke: 3_000, small: 200_000, full: 1_000_000 });
    await withJournal(join(context.dir, 'stress'), async (journal) => {
      const harness = createHarness({
        ...{ dir: join(context.dir, 'venue'), journal, config: roomy },
        journalLimits: { snapshotEvents: 20_000, keptEvents: 50_000 },
      });
      await harness.node.start();
      pushMarket(harness);
      await harness.settle();
      const sizes: { memory: number; mapped: number; memtable: number }[] = [];
      const megabytes = (bytes: number): number => bytes / 1e6;
      const start = performance.now();
      for (let number = 1; number <= count; number += 1) {
        const side = number % 2 === 0 ? 1 : -1;
        harness.signals.push({ ordinal: number, symbol: 1 + (number % symbols), side });
        if (number % 64 === 0) {
          harness.node.doWork();
          harness.clock.advance(1e6);
        }
        if (number % 4096 === 0) {
          pushMarket(harness);
          await harness.settle();
        }
        if (number % Math.ceil(count / 10) === 0)
          sizes.push({
            memory: statusMB('RssAnon') + statusMB('RssShmem'),
            mapped: statusMB('RssFile'),
            memtable: megabytes(journal.stats().memtableBytes),
          });
      }
      await harness.settle();
      const seconds = (performance.now() - start) / 1000;
      const { fills } = harness.node.ledger.counts;
      const answer = answerHash(fills);
      const params = { orders: count };
      const common = { bench: 'stress', params, answer };
      context.emit({ ...common, metric: 'ordersPerSecond', value: fills / seconds, unit: '1/s' });
      // The memtable grows until it is sealed, whatever the orders do, and pages of the journal's
      // files are the system's to take back: the rest is to stay.
      for (const [when, size] of [
        ['Half', sizes[4]],
        ['End', sizes.at(-1)],
      ] as const) {
        for (const what of ['memory', 'mapped', 'memtable'] as const) {
          const value = size?.[what] ?? Number.NaN;
          context.emit({ ...common, metric: `${what}At${when}`, value, unit: 'MB' });
        }
      }
      await harness.node.stop();
    });
  },
};

export const orderBenches: readonly Bench[] = [
  riskCheck,
  orderPath,
  journalBench,
  matching,
  reconcileBench,
  stressBench,
];
