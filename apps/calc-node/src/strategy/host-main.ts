// The main file of a strategy's process: takes its orders from the node over the channel, loads
// the plugin, warms it up, runs its loop. Always: it ends when the channel closes, when it is told
// to stop, or with a reason when the plugin fails.

import { createBookBatch, createTickBatch, errorLine, NdtsError } from '@ndts/protocol';
import { AgentLoop, startWatchdog, SystemClock } from '@ndts/runtime/loop';
import {
  createSlotRing,
  openRingBell,
  type RingBell,
  type SlotRingWriter,
} from '@ndts/storage/ring';
import { FactorSlot, RecordKind, SignalSlot } from '@ndts/protocol';
import { codeHash, hashText } from '../backtest/identity.js';
import { SignalWriter } from '../emit/signal-writer.js';
import { storedFactors } from '../factor/declare.js';
import { FactorRowWriter } from '../factor/factor-rows.js';
import { LiveBooks } from '../source/live-books.js';
import { bookForm, LiveRows, tickForm } from '../source/live-rows.js';
import { confineProcess, type HostChannel } from './confine.js';
import { StrategyDriver } from './driver.js';
import { GapRows } from './gap-rows.js';
import { type HostParts, type LiveMarket, StrategyHost } from './host.js';
import {
  type BeginMessage,
  type FailedMessage,
  type FollowMessage,
  type HistoryMessage,
  type HostMessage,
  type LoadMessage,
  type RingsMessage,
  snapshotLengthMax,
  stateBytesMax,
  textLengthMax,
} from './host-protocol.js';
import { type InputLog, lastOrder, readInputLog } from './input-checkpoint.js';
import { InputJournal, type PastInputs } from './input-journal.js';
import type { InputPositions } from './input-log.js';
import { loadStrategy } from './load-strategy.js';

const batchCapacity = 1024;
const waitSpinUs = 100;
const logLinesPerReport = 50;
const failureExit = 70;

/** What load made; begin completes it. */
interface Loaded {
  readonly message: LoadMessage;
  readonly clock: SystemClock;
  readonly driver: StrategyDriver;
  readonly signals: SignalWriter;
  readonly factorRows: FactorRowWriter;
  readonly rings: readonly SlotRingWriter[];
  readonly journal: InputJournal;
  /** Of an earlier start of the same strategy, which was cut off. */
  readonly log: InputLog | undefined;
}

// ambient: this file is the main program of a process of its own
const self = process;
startWatchdog(Number(self.argv[2]));
const channel: HostChannel = confineProcess(self);
const exit = self.exit.bind(self);
let loaded: Loaded | undefined;
let loop: AgentLoop | undefined;
let phase: FailedMessage['phase'] = 'load';
let logLines = 0;
/** Rows behind the checkpoint of the log, when it is gone on from, or those that are missing. */
let gap: PastInputs | undefined;
let host: StrategyHost | undefined;
/** Ordinal of the last signal that was received. */
let highest = -1;
/** Messages are handled one after the other: loading is asynchronous. */
let turn: Promise<void> = Promise.resolve();

function fail(error: unknown): void {
  void loop?.stop();
  const isDiskFull = error instanceof NdtsError && error.code === 'DISK_FULL';
  // Where it was thrown says something of a plugin only.
  const stack = !isDiskFull && error instanceof Error ? (error.stack ?? '') : '';
  const line = errorLine(error);
  // Most stacks begin with the line.
  const text = stack.startsWith(line) ? stack : `${line}\n${stack}`;
  const reason = text.trim().slice(0, textLengthMax);
  channel.send({ type: 'failed', phase, reason, isDiskFull }, () => exit(failureExit));
}

async function handle(message: HostMessage): Promise<void> {
  switch (message.type) {
    case 'load':
      loaded = await load(message);
      break;
    case 'symbols':
      loaded?.journal.addSymbols(message.ids, message.names);
      break;
    case 'order':
      loaded?.journal.order(message.number, message.update);
      break;
    case 'history':
      warmUp(message);
      break;
    case 'restore':
      phase = 'restore';
      loaded?.driver.load(message.bytes);
      break;
    case 'resume':
      gap = emptyGap();
      highest = message.highest;
      break;
    case 'leave':
      host?.leave();
      break;
    case 'gap':
      gap = emptyGap();
      break;
    case 'follow':
      follow(message);
      break;
    case 'begin':
      begin(message);
      break;
    case 'stop':
      await stop();
      break;
  }
}

async function load(message: LoadMessage): Promise<Loaded> {
  const strategy = await loadStrategy(message.plugin, message.compiled);
  const clock = new SystemClock(message.wallOffset);
  const common = { owner: message.instance, epoch: message.generation, firstSequence: 0 };
  const factorRing = createSlotRing({
    ...common,
    path: message.factorRing,
    kind: RecordKind.factor,
    slotBytes: FactorSlot.sizeBytes,
    slotCount: message.factorSlots,
  });
  const signalRing = createSlotRing({
    ...common,
    path: message.signalRing,
    kind: RecordKind.signal,
    slotBytes: SignalSlot.sizeBytes,
    slotCount: message.signalSlots,
  });
  const bell = openBell(message.signalBell);
  const signals = new SignalWriter({
    ...message,
    ring: signalRing,
    bell,
    clock,
    cancel: sendCancel,
  });
  const { parameters } = message;
  const options = { strategy, parameters, capacity: batchCapacity, sink: signals, log: sendLog };
  const driver = new StrategyDriver(options);
  const given = Object.entries(parameters).toSorted();
  const code = [codeHash(message.plugin, strategy), message.compiled?.map(({ text }) => text)];
  const version = strategy.snapshotVersion ?? 1;
  const { watermark = 'accepted' } = strategy;
  const identity = hashText(JSON.stringify([code, given, driver.signature, version]));
  const journal = new InputJournal({
    ...{ driver, identity, path: message.inputLog, signals },
    now: () => clock.now(),
  });
  signals.logTo(journal);
  const found = readInputLog(message.inputLog);
  const log = found?.checkpoint.identity === identity ? found : undefined;
  channel.send({
    type: 'ready',
    name: strategy.name,
    version: strategy.version,
    reach: driver.plan.reach,
    factors: Object.keys(driver.declarations),
    stored: storedFactors(driver.declarations),
    wantsBooks: driver.hasBook,
    watermark,
    signature: driver.signature,
    snapshotVersion: version,
    ...(log === undefined ? {} : { resume: startOf(log) }),
    orders: log === undefined ? 0 : lastOrder(log),
  });
  return {
    message,
    clock,
    driver,
    signals,
    factorRows: new FactorRowWriter(factorRing, batchCapacity),
    rings: [factorRing, signalRing],
    ...{ journal, log },
  };
}

function startOf({ checkpoint: { positions: ticks, books = [] } }: InputLog): InputPositions {
  return { ticks, books };
}

/** Undefined: nobody sleeps there. */
function openBell(path: string): RingBell | undefined {
  try {
    return openRingBell(path);
  } catch (error) {
    if (error instanceof NdtsError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

function sendCancel(order: number): void {
  loaded?.journal.flush();
  channel.send({ type: 'cancel', order });
}

function sendLog(text: string): void {
  logLines += 1;
  if (logLines <= logLinesPerReport) channel.send({ type: 'log', text });
}

/** History goes through the kernels only: no hook is called for ticks of the past. Rows of a gap
 * wait for the log of inputs. */
function warmUp(message: HistoryMessage): void {
  if (message.capacity > batchCapacity)
    throw new NdtsError('INTERNAL', `expected at most ${batchCapacity} rows of history`);
  const batch =
    message.kind === 'ticks'
      ? createTickBatch(message.capacity)
      : createBookBatch(message.capacity);
  new Uint8Array(batch.buffer).set(message.bytes);
  batch.count = message.count;
  if ('price' in batch) {
    if (gap === undefined) loaded?.driver.warmUp(batch);
    else gap.ticks.add(batch);
  } else gap?.books.add(batch);
}

function emptyGap(): PastInputs {
  return {
    ticks: new GapRows(tickForm, batchCapacity),
    books: new GapRows(bookForm, batchCapacity),
  };
}

function begin(message: BeginMessage): void {
  if (loaded === undefined) throw new NdtsError('INTERNAL', 'begin came before load');
  const { driver, clock, journal, signals, message: settings } = loaded;
  goOn(loaded, message.snapshot);
  phase = 'run';
  gap = undefined;
  const { updates, orders } = message;
  journal.ordersUpTo((updates[0]?.number ?? orders + 1) - 1);
  checkpoint(loaded, driver.save(), message.positions);
  for (const { number, update } of updates) journal.order(number, update);
  journal.ordersUpTo(orders);
  signals.cancelAgain();
  const parts: HostParts = {
    ...loaded,
    batch: createTickBatch(batchCapacity),
    spinUs: settings.idle === 'sleep' ? 0 : waitSpinUs,
    spinMs: spinMsOf(settings),
    wait: settings.ringWait,
    waitMs: settings.ringWaitMs,
    reportIntervalMs: settings.reportIntervalMs,
    monotonicNs: () => clock.monotonicNs(),
    report: (report) => {
      logLines = 0;
      channel.send(report);
    },
    snapshot: sendSnapshot,
    state: keepState,
    behind: () => {
      if (host !== undefined) channel.send({ type: 'behind', positions: host.positions() });
    },
  };
  host = new StrategyHost(parts, openMarket(loaded, message));
  const { spinMs, sleepMs } = settings;
  loop = new AgentLoop([host], {
    // Where the host waits at the rings, the loop only lets messages through in between.
    idle: settings.ringWait === 'spin' ? settings.idle : 'spin',
    spinMs,
    sleepMs,
    clock,
    onError: (_agent, error) => fail(error),
  });
  channel.send({ type: 'running', orders: journal.orders });
  loop.start();
}

function openMarket({ driver }: Loaded, message: RingsMessage): LiveMarket {
  const { positions: from, tickRings, bookRings } = message;
  const { watermark = 'accepted' } = driver.strategy;
  const ticks = new LiveRows(tickForm, { paths: tickRings, from: from.ticks, watermark });
  if (bookRings === undefined) return { ticks, books: undefined };
  const books = new LiveRows(bookForm, { paths: bookRings, from: from.books, watermark });
  return { ticks, books: new LiveBooks(books, batchCapacity) };
}

/** Behind the rows that were missing. */
function follow(message: FollowMessage): void {
  if (loaded === undefined || host === undefined || gap === undefined) return;
  loaded.journal.catchUp(gap, host.positions());
  gap = undefined;
  host.follow(openMarket(loaded, message));
}

/** From the log of inputs, or else from what the plugin gave last. */
function goOn({ driver, journal, signals, log }: Loaded, snapshot: string | undefined): void {
  phase = 'restore';
  const restore = (json: string): void =>
    driver.strategy.restore?.(JSON.parse(json), driver.context);
  if (gap === undefined || log === undefined) {
    if (snapshot !== undefined) restore(snapshot);
    journal.showSymbols(Number.POSITIVE_INFINITY);
    return;
  }
  const { checkpoint: from } = log;
  driver.load(from.driver);
  signals.continueFrom(from.generation, from.signals);
  if (from.snapshot !== undefined) restore(from.snapshot);
  journal.replay(log, gap, highest);
}

/** `state`: of the driver. */
function checkpoint(
  { driver, journal, signals }: Loaded,
  state: Uint8Array,
  at: InputPositions,
): void {
  journal.checkpoint({
    ...{ driver: state, positions: at, generation: signals.generation, signals: signals.last },
    snapshot: () => snapshotText(driver),
  });
}

function keepState(): void {
  if (loaded === undefined || host === undefined) return;
  const state = loaded.driver.save();
  const at = host.positions();
  loaded.signals.cancelAgain();
  checkpoint(loaded, state, at);
  sendState(state, at);
}

function sendState(bytes: Uint8Array, { ticks }: InputPositions): void {
  if (bytes.length > stateBytesMax) return;
  channel.send({ type: 'state', positions: ticks, bytes });
}

/** How long polls spin after the last tick. */
function spinMsOf(settings: LoadMessage): number {
  if (settings.idle === 'adaptive') return settings.spinMs;
  return settings.idle === 'spin' ? Infinity : 0;
}

function sendSnapshot(): void {
  if (loaded === undefined) return;
  const { driver, journal } = loaded;
  const json = snapshotText(driver);
  if (json !== undefined) channel.send({ type: 'snapshot', json, orders: journal.orders });
}

/** undefined: the plugin gives none. */
function snapshotText({ strategy, context }: StrategyDriver): string | undefined {
  if (strategy.snapshot === undefined) return undefined;
  const json = JSON.stringify(strategy.snapshot(context)) ?? 'null';
  if (json.length > snapshotLengthMax)
    throw new NdtsError('PLUGIN_FAILED', `expected a snapshot of at most 1 MiB`);
  return json;
}

async function stop(): Promise<void> {
  await loop?.stop();
  // Before it runs it has received nothing, and the log may be one that was cut off.
  if (loaded !== undefined && host !== undefined) {
    sendSnapshot();
    sendState(loaded.driver.save(), host.positions());
    // Nothing was cut off: the next start begins with what was sent.
    loaded.journal.remove();
  }
  for (const ring of loaded?.rings ?? []) ring.close();
  channel.send({ type: 'stopped' }, () => exit(0));
}

channel.onMessage((message) => {
  turn = turn.then(() => handle(message as HostMessage)).catch(fail);
});
// The node is gone: nobody reads what this process would emit.
channel.onClosed(() => exit(0));
self.on('uncaughtException', fail);
self.on('unhandledRejection', fail);
