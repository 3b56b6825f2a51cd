// Chaos: random signals, updates that come twice, late and in any order, lost requests and answers,
// outages, a failing journal, and restarts at any point from the same journal and venue record. In
// the end: no order was sent twice, every fill counts once, positions equal the venue's.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type BrokerCard,
  type BrokerListener,
  type BrokerOrderStatus,
  type BrokerOrderUpdate,
  type BrokerPosition,
  type Fill,
  type KeyValueOperation,
  NdtsError,
  type OrderIntent,
  type Random,
} from '@ndts/protocol';
import { MemoryKeyValueStore, SeededRandom, VirtualClock } from '@ndts/runtime';
import type { Gateway } from './broker/gateway.js';
import type { PaperBroker } from './broker/paper.js';
import { readRecord, recordFileName } from './broker/paper-record.js';
import {
  createHarness,
  type Harness,
  ledgerSnapshot,
  rebuild,
  timeMsOfTestDay,
} from './exec-kit.js';

const firstSeed = Number(process.env['NDTS_TEST_SEED'] ?? 4_711);
const rounds = 25;
const steps = 120;
const symbols = 3;

/** Delays, doubles and reorders what the venue tells. */
class UnrulyBroker implements Gateway, BrokerListener {
  readonly #inner: PaperBroker;
  readonly #random: Random;
  readonly sent: string[] = [];
  #held: (() => void)[] = [];
  #listener: BrokerListener | undefined;

  constructor(inner: PaperBroker, random: Random) {
    this.#inner = inner;
    this.#random = random;
  }

  get card(): BrokerCard {
    return this.#inner.card;
  }
  connected(): boolean {
    return this.#inner.connected();
  }
  connect(listener: BrokerListener): Promise<void> {
    this.#listener = listener;
    return this.#inner.connect(this);
  }
  onOrderUpdate(update: BrokerOrderUpdate): void {
    this.#hold(() => this.#listener?.onOrderUpdate(update));
  }
  onFill(fill: Fill): void {
    this.#hold(() => this.#listener?.onFill(fill));
  }
  submit(intent: OrderIntent): void {
    this.sent.push(intent.clientOrderId);
    this.#inner.submit(intent);
  }
  cancel(clientOrderId: string): void {
    this.#inner.cancel(clientOrderId);
  }
  queryOrder(clientOrderId: string): Promise<BrokerOrderStatus | undefined> {
    return this.#inner.queryOrder(clientOrderId);
  }
  queryOpenOrders(): Promise<BrokerOrderStatus[]> {
    return this.#inner.queryOpenOrders();
  }
  queryFills(afterTradeId?: string): Promise<Fill[]> {
    return this.#inner.queryFills(afterTradeId);
  }
  queryPositions(): Promise<BrokerPosition[]> {
    return this.#inner.queryPositions();
  }
  doWork(): number {
    const work = this.#inner.doWork();
    this.release(this.#random.integer(this.#held.length + 1));
    return work;
  }
  disconnect(): Promise<void> {
    return this.#inner.disconnect();
  }

  /** Tells so many of the held reports, in any order. */
  release(count: number): void {
    for (let told = 0; told < count && this.#held.length > 0; told++) {
      const [report] = this.#held.splice(this.#random.integer(this.#held.length), 1);
      report?.();
    }
  }

  #hold(report: () => void): void {
    this.#held.push(report);
    if (this.#random.integer(5) === 0) this.#held.push(report);
  }
}

class FlakyStore extends MemoryKeyValueStore {
  broken = false;
  override write(operations: readonly KeyValueOperation[]): number {
    if (this.broken) throw new NdtsError('DISK_FULL', 'no space left');
    return super.write(operations);
  }
}

class Round {
  readonly random: SeededRandom;
  readonly clock = new VirtualClock(timeMsOfTestDay());
  readonly journal = new FlakyStore();
  readonly dir = mkdtempSync(join(tmpdir(), 'ndts-chaos-'));
  readonly sent: string[] = [];
  harness!: Harness;
  unruly!: UnrulyBroker;
  #ordinal = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  /** A start over what is on disk; whatever was in memory is gone. */
  async start(): Promise<void> {
    const { random, clock, journal, dir } = this;
    const config = {
      'risk.maxPosition': '20',
      'exec.answerTimeoutMs': '50',
      'exec.journalMode': random.integer(2) === 0 ? 'durable' : 'accepted',
      'exec.paperLatencyUs': String(random.integer(3) * 500),
    };
    this.harness = createHarness({
      ...{ dir, clock, journal, config, seed: random.integer(1000) },
      wrap: (broker) => {
        this.unruly = new UnrulyBroker(broker, random.fork('unruly'));
        return this.unruly;
      },
    });
    this.misbehave(random.integer(2) === 0 ? 0 : 100_000);
    journal.broken = false;
    this.tick();
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
      const price = 100 + this.random.integer(400) / 100;
      this.harness.ticks.push({ symbol, price, bid: price - 0.01, ask: price + 0.01 });
    }
  }

  signal(): void {
    const { random } = this;
    // Now and then one that was sent before.
    const ordinal = random.integer(6) === 0 ? random.integer(this.#ordinal + 1) : ++this.#ordinal;
    this.harness.signals.push({
      ordinal,
      symbol: 1 + random.integer(symbols),
      side: random.integer(2) === 0 ? 1 : -1,
      quantity: `${1 + random.integer(5)}.${random.integer(100)}`,
      ...(random.integer(3) === 0 ? { limit: String(100 + random.integer(5)) } : {}),
    });
  }

  async step(): Promise<void> {
    const { random, harness, journal } = this;
    const dice = random.integer(100);
    if (dice < 20) this.tick();
    else if (dice < 60) this.signal();
    else if (dice < 66) this.cancelOne();
    else if (dice < 68) harness.broker.setOutage(true);
    else if (dice < 76) harness.broker.setOutage(false);
    else if (dice < 78) journal.broken = true;
    else if (dice < 84) journal.broken = false;
    else if (dice < 87) await this.restart();
    await this.pass(1 + random.integer(3));
  }

  async restart(): Promise<void> {
    this.sent.push(...this.unruly.sent);
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

  async pass(cycles: number, until?: Promise<void>): Promise<void> {
    let over = false;
    until?.finally(() => {
      over = true;
    });
    for (let cycle = 0; until === undefined ? cycle < cycles : !over; cycle++) {
      this.harness.node.doWork();
      this.clock.advance(1e6 * (1 + this.random.integer(10)));
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    }
  }

  /** All well again, until nothing is unknown; then what must hold. */
  async finish(): Promise<void> {
    this.journal.broken = false;
    this.harness.broker.setOutage(false);
    this.misbehave(0);
    for (let turn = 0; turn < 30; turn++) {
      this.tick();
      await this.pass(20);
      this.unruly.release(1000);
    }
    await this.pass(300);
    await this.restart();
    await this.pass(50);
  }

  async check(): Promise<void> {
    const { node, broker } = this.harness;
    assert.equal(new Set(this.sent).size, this.sent.length, 'an order was sent twice');
    const fills = new Set<string>();
    readRecord(join(this.dir, recordFileName), (entry) => {
      assert.notEqual(entry.kind, 'duplicate', `the venue saw ${entry.id} twice`);
      if (entry.kind === 'fill') fills.add(entry.tradeId);
    });
    assert.equal(node.ledger.counts.fills, fills.size, 'fills counted');
    const theirs = await broker.queryPositions();
    for (const { symbol, quantity } of theirs)
      assert.equal(node.ledger.positions.get(symbol)?.quantity ?? 0n, quantity, `symbol ${symbol}`);
    assert.equal(node.ledger.orders.unknownCount, 0, 'orders unknown');
    assert.equal(node.ledger.tradingState, 'ACTIVE', node.ledger.tradingReason);
    const open = await broker.queryOpenOrders();
    assert.deepEqual(
      open.map((status) => status.clientOrderId).sort(),
      [...node.ledger.orders.open()].map((order) => order.intent.clientOrderId).sort(),
    );
    assert.deepEqual(ledgerSnapshot(rebuild(this.journal)), ledgerSnapshot(node.ledger));
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

test(`chaos, ${rounds} rounds`, async () => {
  let orders = 0;
  let fills = 0;
  for (let seed = firstSeed; seed < firstSeed + rounds; seed++) {
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
    orders += round.sent.length;
    fills += round.harness.node.ledger.counts.fills;
  }
  console.log(`seeds ${firstSeed} to ${firstSeed + rounds - 1}: ${orders} orders, ${fills} fills`);
  assert.ok(orders > rounds * 10 && fills > rounds * 10, 'the rounds did little');
});
