// Chaos: random signals, updates that come twice, late and in any order, ends before executions,
// lost requests and answers, outages, a full disk, kill -9 between any two operations, loss of
// power, and restarts from the same journal and venue record; on a symbol that nets, on a contract,
// and on futures of which long and short are kept apart, over trading days. In every third round
// executions are told only at the end, and what they come to is adopted meanwhile; in every second
// one the venue's clocks are off, and it dates some hours late or more than a day early. In two of
// five people send orders, halt, set limits, flatten and resume; half of these are flat at last. In
// the end: no order was sent twice or before its intent was journaled, every fill counts once,
// positions equal the venue's.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Fill, msPerDay, OrderFlags, OrderType, type SidesHeld } from '@ndts/protocol';
import { SeededRandom, VirtualClock } from '@ndts/runtime';
import { readRecords } from './broker/paper-record.js';
import { People } from './chaos-people.js';
import { ChaosStore, Fuse, skewed, UnrulyBroker, Untold } from './chaos-kit.js';
import {
  createHarness,
  type Harness,
  ledgerSnapshot,
  rebuild,
  type TestSignal,
  timeMsOfTestDay,
} from './exec-kit.js';

const firstSeed = Number(process.env['NDTS_TEST_SEED'] ?? 4_711);
const rounds = process.env['NDTS_TEST_LONG'] === '1' ? 500 : 25;
const steps = 120;
const symbols = 4;
const instruments = [
  { symbol: 2, multiplier: 10, tickSize: '0.01', lot: '0.01' },
  { symbol: 3, exchange: 'SHFE', product: 'rb', multiplier: 10, tickSize: '0.01', lot: '0.01' },
  { symbol: 4, exchange: 'DCE', product: 'i', multiplier: 100, tickSize: '0.01', lot: '0.01' },
];
const firstFuture = 3;
/** One for all turns: the test runner traces every promise that is made. */
const resolved = Promise.resolve();
/** How many signals a ring still holds after a restart. */
const ringSignals = 16;

class Round {
  readonly random: SeededRandom;
  readonly clock = new VirtualClock(timeMsOfTestDay());
  readonly journal = new ChaosStore();
  readonly dir = mkdtempSync(join(tmpdir(), 'ndts-chaos-'));
  readonly sent: string[] = [];
  harness!: Harness;
  unruly!: UnrulyBroker;
  kills = 0;
  changes = 0;
  readonly changed = new Set<string>();
  days = 0;
  inferred = 0;
  /** Executions that are told at the end; undefined: none are. */
  readonly #untold: Untold | undefined;
  /** undefined: nobody meddles. */
  readonly #people: People | undefined;
  readonly #durable: boolean;
  /** When the venue says that executions were; its clocks may not be ours. */
  readonly #dated: (fill: Fill) => Fill;
  /** All that follows from a cycle comes before the next one, not over some of them. */
  readonly #isPrompt: boolean;
  readonly #ring: TestSignal[] = [];
  #kill: () => void = () => undefined;
  #ordinal = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.#durable = this.random.integer(2) === 0;
    this.#isPrompt = seed % 2 === 1;
    this.#untold = seed % 3 === 0 ? new Untold() : undefined;
    this.#people = seed % 5 < 2 ? new People(this.random.fork('people'), symbols) : undefined;
    const isSkewed = seed % 4 < 2;
    this.#dated = (fill) => (isSkewed ? skewed(fill, fill.symbol < firstFuture) : fill);
  }

  /** A start over what is on disk; whatever was in memory is gone. */
  async start(): Promise<void> {
    const { random, clock, journal, dir } = this;
    // A question it had asked is not answered into the next process.
    this.#kill();
    const { store, kill } = journal.forProcess();
    const config = {
      'risk.maxPosition': '20',
      'risk.maxOrderValue': '1000000',
      'risk.maxDailyLoss': '100000000',
      'exec.answerTimeoutMs': '50',
      'exec.journalMode': this.#durable ? 'durable' : 'accepted',
      'exec.paperLatencyUs': String(random.integer(3) * 500),
      'exec.paperFill': random.integer(2) === 0 ? 'touch' : 'queue',
      ...(this.#untold === undefined ? {} : { 'exec.differences': 'adopt', 'exec.checkMs': '200' }),
    };
    const snapshotEvents = 1 + random.integer(40);
    const journalLimits = { snapshotEvents, keptEvents: random.integer(100) };
    this.harness = createHarness({
      ...{ dir, clock, journal: store, config, journalLimits, seed: random.integer(1000) },
      instruments,
      lastTicks: Array.from({ length: symbols }, (_, at) => ({ symbol: at + 1, price: 100 })),
      // At nearly every start, and all of it kept for the check.
      venueLimits: { recordBytes: random.integer(4000), archives: 1e6, closedOrders: 40 },
      wrap: (broker) => {
        const unruly = random.fork('unruly');
        const dated = this.#dated;
        this.unruly = new UnrulyBroker(broker, unruly, journal, this.#durable, this.#untold, dated);
        this.#people?.watch(this.unruly, () => this.harness.node);
        return this.unruly;
      },
    });
    const { broker } = this.harness;
    this.#kill = (): void => {
      kill();
      broker.setOutage(true);
    };
    this.misbehave(random.integer(2) === 0 ? 0 : 100_000);
    journal.broken = false;
    journal.fuse = new Fuse();
    this.tick();
    for (const signal of this.#ring) this.harness.signals.push(signal);
    const start = this.harness.node.start();
    await this.pass(20, start);
    await start;
  }

  misbehave(perMillion: number): void {
    this.harness.broker.setBehaviour({
      rejectPerMillion: perMillion,
      loseRequestPerMillion: perMillion,
      loseAnswersPerMillion: perMillion,
      partialFillPerMillion: perMillion * 4,
    });
  }

  tick(): void {
    for (let symbol = 1; symbol <= symbols; symbol++) {
      const { random } = this;
      const price = 100 + random.integer(400) / 100;
      const [bidVolume, askVolume] = [random.integer(4), random.integer(4)];
      const volume = random.integer(4);
      const shown = { bid: price - 0.01, ask: price + 0.01, bidVolume, askVolume, volume };
      this.harness.ticks.push({ symbol, price, ...shown });
    }
  }

  signal(): void {
    const { random } = this;
    // Now and then one that was sent before.
    const ordinal = random.integer(6) === 0 ? random.integer(this.#ordinal + 1) : ++this.#ordinal;
    const symbol = 1 + random.integer(symbols);
    const signal = {
      ordinal,
      time: this.clock.now(),
      symbol,
      ...(symbol >= firstFuture && random.integer(2) === 0 ? { offset: random.integer(5) } : {}),
      side: random.integer(2) === 0 ? 1 : -1,
      quantity: `${1 + random.integer(5)}.${random.integer(100)}`,
      ...this.#kind(),
    };
    this.harness.signals.push(signal);
    this.#ring.push(signal);
    if (this.#ring.length > ringSignals) this.#ring.shift();
  }

  /** Half of them are ordinary; the others are of every kind the venue can't do. */
  #kind(): Partial<TestSignal> {
    const { random } = this;
    const near = (): string => String(99 + random.integer(7));
    switch (random.integer(14)) {
      case 0:
        return { orderType: OrderType.stop, parameter: near() };
      case 1:
        return { orderType: OrderType.stopLimit, parameter: near(), limit: near() };
      case 2:
        return { orderType: OrderType.trailing, parameter: `0.${1 + random.integer(9)}` };
      case 3:
        return { orderType: OrderType.iceberg, quantity: '5', parameter: '2', limit: near() };
      case 4:
        return { orderType: OrderType.twap, parameter: '4', workForMs: 20 + random.integer(400) };
      case 5:
        return { takeProfit: near(), stopLoss: near() };
      case 6: {
        const timeInForce = 2 + random.integer(3);
        return { limit: near(), timeInForce, workForMs: 1 + random.integer(200) };
      }
      case 7:
      case 8:
        return { limit: near(), parameter: near(), flags: OrderFlags.pair };
      default:
        return random.integer(3) === 0 ? { limit: near() } : {};
    }
  }

  async step(): Promise<void> {
    const { random, harness, journal } = this;
    const dice = random.integer(100);
    if (dice < 20) this.tick();
    else if (dice < 60) this.signal();
    else if (dice < 64) this.cancelOne();
    else if (dice < 66) this.replaceOne();
    else if (dice < 68) harness.broker.setOutage(true);
    else if (dice < 76) harness.broker.setOutage(false);
    else if (dice < 78) journal.broken = true;
    else if (dice < 84) journal.broken = false;
    else if (dice < 85) await this.restart();
    else if (dice < 86) this.#nextDay();
    else if (dice < 91) journal.fuse.light(1 + random.integer(12));
    this.#people?.act(this.harness);
    await this.pass(1 + random.integer(3));
    if (journal.fuse.burnt) await this.restart();
  }

  /** What was opened today is of before, at the venue and here, whatever is open. */
  #nextDay(): void {
    this.days += 1;
    this.clock.advance(msPerDay * 1e6);
    this.tick();
  }

  async restart(): Promise<void> {
    this.sent.push(...this.unruly.sent);
    assert.deepEqual(this.unruly.early, [], 'sent before the journal had it');
    if (this.journal.fuse.burnt) {
      this.kills += 1;
      if (this.#durable && this.random.integer(2) === 0) {
        this.journal.losePower();
        this.#people?.losePower();
      }
      await this.start();
      return;
    }
    // The journal of the moment is what the fold must give again.
    const rebuilt = rebuild(this.journal);
    if (this.harness.node.health().detail === '')
      assert.deepEqual(ledgerSnapshot(rebuilt), ledgerSnapshot(this.harness.node.ledger));
    await this.start();
  }

  cancelOne(): void {
    const [order] = this.harness.node.ledger.orders.open();
    if (order === undefined) return;
    this.harness.node.cancel(order.intent.clientOrderId, 'chaos');
  }

  /** Any open order, to any quantity; most are refused, and that is fine. */
  replaceOne(): void {
    const { random, harness } = this;
    const open = [...harness.node.ledger.orders.open()];
    const order = open[random.integer(open.length + 1)];
    if (order === undefined) return;
    const quantity = order.filled + BigInt(1 + random.integer(500_000_000));
    this.changed.add(order.id);
    const change = harness.node.replace(order.id, { quantity }, 'chaos');
    change.then(
      () => {
        this.changes += 1;
      },
      () => undefined,
    );
  }

  async pass(cycles: number, until?: Promise<void>): Promise<void> {
    let over = false;
    void until?.finally(() => {
      over = true;
    });
    for (let cycle = 0; until === undefined ? cycle < cycles : !over; cycle++) {
      this.harness.node.doWork();
      this.clock.advance(1e6 * (1 + this.random.integer(10)));
      if (this.#isPrompt) await nextTurn();
      else for (let turn = 0; turn < 10; turn++) await resolved;
    }
  }

  /** All well again, until nothing is unknown; then what must hold. */
  async finish(): Promise<void> {
    this.journal.broken = false;
    this.journal.fuse = new Fuse();
    this.harness.broker.setOutage(false);
    this.misbehave(0);
    await this.#goOn();
    for (const [, count] of this.harness.node.ledger.inferred.counts()) this.inferred += count;
    for (let turn = 0; turn < 30; turn++) {
      this.tick();
      await this.pass(20);
      this.unruly.release(1000);
    }
    await this.pass(300);
    this.#untold?.tellAll();
    await this.restart();
    await this.pass(50);
    // The start let the venue lose things again: what it lost by now is asked for, and what waits
    // for more to be shown has it.
    this.misbehave(0);
    for (let turn = 0; turn < 20; turn++) {
      this.tick();
      await this.pass(20);
      this.unruly.release(1000);
    }
  }

  /** Nothing is halted any more; everything is closed where people want that. */
  async #goOn(): Promise<void> {
    await this.pass(50);
    this.#people?.resume(this.harness);
    if (this.#people?.flattens !== true) return;
    await this.pass(20);
    const flatten = this.harness.node.flatten({ actor: 'chaos', why: 'the end' });
    await this.pass(5, flatten);
  }

  async check(): Promise<void> {
    const { node, broker } = this.harness;
    const isFlat = this.#people?.flattens === true;
    assert.deepEqual(this.#people?.late ?? [], [], 'sent while it was halted');
    if (isFlat) this.#people?.checkFlat(node);
    assert.equal(new Set(this.sent).size, this.sent.length, 'an order was sent twice');
    const fills = new Set<string>();
    readRecords(this.dir, (entry) => {
      assert.notEqual(entry.kind, 'duplicate', `the venue saw ${entry.id} twice`);
      if (entry.kind === 'fill') fills.add(entry.tradeId);
    });
    assert.equal(node.ledger.counts.fills, fills.size, 'fills counted');
    assert.deepEqual(node.ledger.inferred.waiting(), [], 'told, and not replaced');
    const theirs = await broker.queryPositions();
    for (const { symbol, quantity, sides } of theirs) {
      assert.equal(node.ledger.positions.get(symbol)?.quantity ?? 0n, quantity, `symbol ${symbol}`);
      assert.deepEqual(this.#sides(symbol), sides, `sides of symbol ${symbol}`);
    }
    assert.equal(node.ledger.orders.unknownCount, 0, 'orders unknown');
    const { tradingState, tradingReason } = node.ledger;
    assert.equal(tradingState, isFlat ? 'REDUCING' : 'ACTIVE', tradingReason);
    const open = await broker.queryOpenOrders();
    assert.deepEqual(
      open.map((status) => status.clientOrderId).sort(),
      [...node.ledger.orders.open()].flatMap((order) => (order.worksHere ? [] : order.id)).sort(),
    );
    // One that is made smaller may have executed more at the venue by then.
    for (const { id, quantity, filled } of node.ledger.orders.list(100_000, undefined))
      if (!this.changed.has(id))
        assert.ok(filled <= quantity, `${id} executed ${filled} of ${quantity}`);
    for (const order of node.ledger.orders.open())
      assert.ok(order.childrenOpen <= order.open, `children of ${order.id} exceed it`);
    assert.deepEqual(ledgerSnapshot(rebuild(this.journal)), ledgerSnapshot(node.ledger));
  }

  #sides(symbol: number): SidesHeld | undefined {
    if (symbol < firstFuture) return undefined;
    const { account } = this.harness.config.exec;
    const held = this.harness.node.ledger.books.offsets.get(account, symbol);
    return {
      ...{ longToday: held?.long.today ?? 0n, longYesterday: held?.long.yesterday ?? 0n },
      ...{ shortToday: held?.short.today ?? 0n, shortYesterday: held?.short.yesterday ?? 0n },
    };
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

test(`chaos, ${rounds} rounds`, async () => {
  let orders = 0;
  let fills = 0;
  let kills = 0;
  let changes = 0;
  let children = 0;
  let days = 0;
  let inferred = 0;
  for (let seed = firstSeed; seed < firstSeed + rounds; seed++) {
    console.log(`round ${seed - firstSeed + 1} of ${rounds}, seed ${seed}`);
    const round = new Round(seed);
    try {
      await round.start();
      for (let step = 0; step < steps; step++) await round.step();
      await round.finish();
      await round.check();
    } catch (error) {
      const what = error instanceof Error ? error.stack : String(error);
      throw new Error(`seed ${seed} (NDTS_TEST_SEED=${seed} runs it first): ${what}`);
    } finally {
      round.close();
    }
    kills += round.kills;
    changes += round.changes;
    days += round.days;
    inferred += round.inferred;
    children += round.sent.filter((id) => id.includes('.')).length;
    orders += round.sent.length;
    fills += round.harness.node.ledger.counts.fills;
  }
  const seeds = `seeds ${firstSeed} to ${firstSeed + rounds - 1}`;
  console.log(
    `${seeds}: ${orders} orders, ${fills} fills, ${kills} kills`,
    `${children} children, ${changes} changes, ${days} days, ${inferred} inferred`,
  );
  assert.ok(inferred > rounds / 2, 'hardly any execution was inferred');
  assert.ok(children > rounds * 2, 'hardly any order was worked here');
  assert.ok(orders > rounds * 10 && fills > rounds * 10, 'the rounds did little');
});
