// For the tests and benches of this workspace and of test/: an exec node with a paper venue, fed by
// hand. Not part of the node.

import {
  type BrokerListener,
  type BrokerAbilities,
  type ConfigValues,
  createTickBatch,
  type KeyValueStore,
  msPerDay,
  OrderState,
  OrderType,
  parseMoney,
  type RingPosition,
  SignalSlot,
  type TickBatch,
  type TickStreamReader,
  type Time,
  writeTime,
  type KeyValueOperation,
  NdtsError,
} from '@ndts/protocol';
import {
  createSilentLogger,
  EmbeddedBus,
  loadConfig,
  type Logger,
  MemoryKeyValueStore,
  Metrics,
  SeededRandom,
  VirtualClock,
} from '@ndts/runtime';
import type { Gateway } from './broker/gateway.js';
import { PaperBroker } from './broker/paper.js';
import { paperSettings } from './broker/paper-options.js';
import type { PaperLimits } from './broker/paper-record.js';
import type { SignalRingReader } from './intake/intake.js';
import { foldJournal, type JournalLimits } from './order/checkpoints.js';
import { EventJournal } from './order/journal.js';
import { Ledger } from './order/ledger.js';
import { createExecNode, type ExecNode } from './node.js';
import type { InstrumentDeclaration } from './position/instruments.js';
import type { Positions } from './position/positions.js';
import type { LastTicks } from './risk/market.js';

export { EventJournal } from './order/journal.js';
export { Ledger } from './order/ledger.js';
export { Scribe } from './order/scribe.js';
export { Rates } from './position/rates.js';
export { DataWatch } from './risk/data-watch.js';
export { Market } from './risk/market.js';
export { RiskDesk } from './risk/risk-desk.js';

export interface TestTick {
  readonly symbol: number;
  readonly price: number;
  readonly bid?: number;
  readonly ask?: number;
  readonly volume?: number;
  readonly bidVolume?: number;
  readonly askVolume?: number;
  readonly flags?: number;
  readonly time?: Time;
}

/** Ticks pushed by hand; every reader made of it sees all that come after. */
export class TickTape {
  readonly #readers: TapeReader[] = [];
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  reader(): TickStreamReader {
    const reader = new TapeReader();
    this.#readers.push(reader);
    return reader;
  }

  push(tick: TestTick): void {
    const time = tick.time ?? this.#clock.now();
    for (const reader of this.#readers) reader.ticks.push({ ...tick, time });
  }
}

class TapeReader implements TickStreamReader {
  readonly ticks: TestTick[] = [];

  poll(batch: TickBatch): number {
    const ticks = this.ticks.splice(0, batch.capacity);
    ticks.forEach((tick, row) => {
      batch.symbol[row] = tick.symbol;
      batch.price[row] = tick.price;
      batch.bid[row] = tick.bid ?? Number.NaN;
      batch.ask[row] = tick.ask ?? Number.NaN;
      batch.volume[row] = tick.volume ?? Number.NaN;
      batch.bidVolume[row] = tick.bidVolume ?? Number.NaN;
      batch.askVolume[row] = tick.askVolume ?? Number.NaN;
      batch.flags[row] = tick.flags ?? 0;
      batch.day[row] = tick.time?.day ?? 0;
      batch.nsOfDay[row] = tick.time?.nsOfDay ?? 0;
    });
    batch.count = ticks.length;
    return ticks.length;
  }
  waitPoll(batch: TickBatch): number {
    return this.poll(batch);
  }
  lapped(): number {
    return 0;
  }
  position(): RingPosition {
    return { epoch: 0, sequence: 0 };
  }
  close(): void {}
}

export interface TestSignal {
  readonly ordinal: number;
  readonly symbol: number;
  readonly side: number;
  readonly quantity?: string;
  /** Absent: a market order. */
  readonly limit?: string;
  readonly instance?: number;
  readonly orderType?: number;
  readonly validForMs?: number;
  /** Stop: price that triggers; trailing: distance; iceberg: quantity shown; TWAP: slices. */
  readonly parameter?: string;
  readonly takeProfit?: string;
  readonly stopLoss?: string;
  readonly workForMs?: number;
  readonly timeInForce?: number;
  readonly flags?: number;
  readonly offset?: number;
  readonly time?: Time;
  readonly tickTime?: Time;
}

/** A signal ring filled by hand, in the real layout. */
export class SignalTape implements SignalRingReader {
  readonly #slots: Uint8Array[] = [];
  readonly #clock: { now(): Time };
  readonly #instance: number;
  lost = 0;

  constructor(clock: { now(): Time }, instance: number) {
    this.#clock = clock;
    this.#instance = instance;
  }

  push(signal: TestSignal): void {
    const slot = new Uint8Array(SignalSlot.sizeBytes);
    const view = new DataView(slot.buffer);
    const time = signal.time ?? this.#clock.now();
    const tickTime = signal.tickTime ?? time;
    writeTime(view, SignalSlot.time, time.day, time.nsOfDay);
    writeTime(view, SignalSlot.tickTime, tickTime.day, tickTime.nsOfDay);
    view.setUint32(SignalSlot.symbol, signal.symbol, true);
    view.setUint32(SignalSlot.instance, signal.instance ?? this.#instance, true);
    view.setBigUint64(SignalSlot.ordinal, BigInt(signal.ordinal), true);
    view.setInt32(SignalSlot.side, signal.side, true);
    const usual = signal.limit === undefined ? OrderType.market : OrderType.limit;
    view.setUint32(SignalSlot.orderType, signal.orderType ?? usual, true);
    view.setBigInt64(SignalSlot.quantity, parseMoney(signal.quantity ?? '1'), true);
    view.setBigInt64(SignalSlot.limitPrice, parseMoney(signal.limit ?? '0'), true);
    view.setUint32(SignalSlot.validForMs, signal.validForMs ?? 2000, true);
    view.setUint32(SignalSlot.shard, 7, true);
    view.setBigUint64(SignalSlot.epoch, 3n, true);
    view.setBigUint64(SignalSlot.sequence, BigInt(signal.ordinal * 10), true);
    view.setFloat64(SignalSlot.factorValue, -0.25, true);
    view.setBigInt64(SignalSlot.parameter, parseMoney(signal.parameter ?? '0'), true);
    view.setBigInt64(SignalSlot.takeProfit, parseMoney(signal.takeProfit ?? '0'), true);
    view.setBigInt64(SignalSlot.stopLoss, parseMoney(signal.stopLoss ?? '0'), true);
    view.setUint32(SignalSlot.workForMs, signal.workForMs ?? 0, true);
    view.setUint8(SignalSlot.timeInForce, signal.timeInForce ?? 0);
    view.setUint8(SignalSlot.offset, signal.offset ?? 0);
    view.setUint16(SignalSlot.flags, signal.flags ?? 0, true);
    this.#slots.push(slot);
  }

  poll(into: Uint8Array): number {
    const slots = this.#slots.splice(0, Math.floor(into.length / SignalSlot.sizeBytes));
    slots.forEach((slot, index) => {
      into.set(slot, index * SignalSlot.sizeBytes);
    });
    return slots.length;
  }

  lapped(): number {
    return this.lost;
  }
}

export const testDay = 20_000;

export interface HarnessOptions {
  /** The venue's folder. */
  readonly dir: string;
  readonly clock?: VirtualClock;
  readonly journal?: KeyValueStore;
  readonly seed?: number;
  /** Flags, as --risk.maxPosition=10. */
  readonly config?: Readonly<Record<string, string>>;
  readonly venueLimits?: Partial<PaperLimits>;
  readonly journalLimits?: JournalLimits;
  /** Stored before the start. */
  readonly lastTicks?: readonly TestTick[];
  readonly instruments?: readonly InstrumentDeclaration[];
  /** What the venue can do; absent: all that the paper venue can. */
  readonly can?: BrokerAbilities;
  /** Puts something between node and venue. */
  readonly wrap?: (broker: PaperBroker) => Gateway;
  /** What the node tells; absent: nobody hears it. */
  readonly logger?: Logger;
}

export interface Harness {
  readonly node: ExecNode;
  readonly broker: PaperBroker;
  /** Says what the venue could say, and does not. */
  readonly venue: Pick<BrokerListener, 'onFill' | 'onOrderUpdate'>;
  readonly bus: EmbeddedBus;
  readonly metrics: Metrics;
  readonly clock: VirtualClock;
  readonly journal: KeyValueStore;
  readonly ticks: TickTape;
  readonly signals: SignalTape;
  readonly config: ConfigValues;
  /** Cycles until nothing is left to do, letting promises through. */
  settle(): Promise<void>;
}

/** A node and its venue, built but not started. Building it again over the same journal and folder
 * is a restart. */
export function createHarness(options: HarnessOptions): Harness {
  const clock = options.clock ?? new VirtualClock(timeMsOfTestDay());
  const journal = options.journal ?? new MemoryKeyValueStore();
  const config = loadConfig({ args: { ...options.config }, environment: {} });
  const logger = options.logger ?? createSilentLogger();
  const ticks = new TickTape(clock);
  const bus = new EmbeddedBus({ clock, logger });
  const metrics = new Metrics();
  const broker = new PaperBroker({
    dir: options.dir,
    market: ticks.reader(),
    lastTicks: storedTicks(options.lastTicks ?? []),
    limits: options.venueLimits ?? {},
    clock,
    random: new SeededRandom(options.seed ?? 1),
    logger,
    ...paperSettings(config),
    instrumentOf: (symbol) => options.instruments?.find((one) => one.symbol === symbol),
    ...(options.can === undefined ? {} : { can: options.can }),
  });
  const venue = voiceOf(broker);
  const node = createExecNode({
    ...{ config, journal, clock, logger, metrics, bus },
    broker: options.wrap?.(broker) ?? broker,
    market: ticks.reader(),
    lastTicks: storedTicks(options.lastTicks ?? []),
    symbolName: (id) => `S${id}`,
    epoch: 1,
    instruments: options.instruments ?? [],
    ...(options.journalLimits === undefined ? {} : { journalLimits: options.journalLimits }),
  });
  const signals = new SignalTape(clock, 1);
  node.addSignalRing(1, 'test', signals);
  const settle = async (): Promise<void> => {
    for (let quiet = 0; quiet < 3; ) {
      quiet = node.doWork() === 0 ? quiet + 1 : 0;
      await Promise.resolve();
    }
  };
  return { node, broker, venue, bus, metrics, clock, journal, ticks, signals, config, settle };
}

function voiceOf(broker: PaperBroker): Harness['venue'] {
  let listener: BrokerListener | undefined;
  const connect = broker.connect.bind(broker);
  broker.connect = (one) => {
    listener = one;
    return connect(one);
  };
  return {
    onFill: (fill) => listener?.onFill(fill),
    onOrderUpdate: (update) => listener?.onOrderUpdate(update),
  };
}

function storedTicks(ticks: readonly TestTick[]): LastTicks {
  return (take) => {
    const batch = createTickBatch(1);
    for (const tick of ticks) {
      const reader = new TapeReader();
      reader.ticks.push(tick);
      reader.poll(batch);
      take(batch);
    }
  };
}

export function timeMsOfTestDay(): number {
  return testDay * msPerDay + 3_600_000;
}

/** All that follows from the journal, as plain data. What only this process knows (submitted, not
 * journaled) reads as the journal would have it. */
export function ledgerSnapshot(ledger: Ledger): unknown {
  const orders = ledger.orders.list(100_000, undefined).map((order) => ({
    id: order.intent.clientOrderId,
    state: order.state === OrderState.submitted ? OrderState.intended : order.state,
    filled: order.filled,
    filledValue: order.filledValue,
    venueOrderId: order.venueOrderId,
    reason: order.reason,
    revision: order.revision,
    closed: order.closed,
    trades: [...order.tradeIds],
    quantity: order.quantity,
    open: order.open,
    terms: order.terms,
    asked: order.asked,
    cancelWanted: order.cancelWanted,
    children: [...order.children].map((child) => child.id).sort(),
    childCount: order.childCount,
    groupFilled: order.group?.filled,
  }));
  return {
    orders,
    positions: positionsIn(ledger.positions),
    strategies: [...ledger.books.strategies()].map(([name, book]) => [name, positionsIn(book)]),
    accounts: [...ledger.books.accounts()].map(([name, book]) => [name, positionsIn(book)]),
    offsets: [...ledger.books.offsets.all()].map(([account, { symbol, long, short }]) => ({
      ...{ account, symbol, long: { ...long }, short: { ...short } },
    })),
    open: [...ledger.orders.open()].map((order) => order.intent.clientOrderId),
    unknown: ledger.orders.unknownCount,
    highest: [...ledger.instances()].sort(([a], [b]) => a - b),
    counts: { ...ledger.counts },
    requests: [...ledger.requests.all()],
    inferred: [...ledger.inferred.waiting()],
    flatAt: ledger.inferred.flatAt,
    inferredCounts: [...ledger.inferred.counts()].sort(([a], [b]) => a - b),
    realised: ledger.positions.realised(),
    fees: ledger.positions.fees(),
    riskDay: ledger.riskDay,
    dayResults: [...ledger.positions.currencies()].map(([name, { dayResult, otherFees }]) => [
      ...[name, dayResult, otherFees],
    ]),
    tradingState: ledger.tradingState,
    tradingReason: ledger.tradingReason,
    node: ledger.controls.node,
    known: [...ledger.controls.known],
  };
}

function positionsIn(book: Positions): unknown[] {
  const positions = [...book.all()].map((position) => ({
    symbol: position.symbol,
    quantity: position.quantity,
    cost: position.cost,
    realised: position.realised,
    fees: position.fees,
    openBuy: position.openBuy,
    openSell: position.openSell,
    closing: position.closing,
  }));
  return positions.sort((a, b) => a.symbol - b.symbol);
}

/** A journal that takes nothing while it is full. */
export class FullDisk extends MemoryKeyValueStore {
  full = false;
  override write(operations: readonly KeyValueOperation[]): number {
    if (this.full) throw new NdtsError('DISK_FULL', 'no space left');
    return super.write(operations);
  }
}

/** The ledger a restart would see. */
export function rebuild(journal: KeyValueStore): Ledger {
  const ledger = new Ledger();
  foldJournal(new EventJournal(journal), ledger);
  return ledger;
}

/** The node works once, and time passes. */
export async function pass({ node, clock }: Harness, ms: number): Promise<void> {
  node.doWork();
  clock.advance(ms * 1e6);
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

/** Time passes and the node works until it is over. */
export async function during<Result>(harness: Harness, asked: Promise<Result>): Promise<Result> {
  let isOver = false;
  const result = asked.finally(() => {
    isOver = true;
  });
  result.catch(() => undefined);
  while (!isOver) await pass(harness, 5);
  return result;
}
