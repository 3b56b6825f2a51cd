// The main file of a strategy's process: takes its orders from the node over the channel, loads
// the plugin, warms it up, runs its loop. Always: it ends when the channel closes, when it is told
// to stop, or with a reason when the plugin fails.

import { createTickBatch, errorLine, NdtsError, type RingPosition } from '@ndts/protocol';
import { AgentLoop, startWatchdog, SystemClock } from '@ndts/runtime/loop';
import {
  createSlotRing,
  openBookRings,
  openRingBell,
  openTickRings,
  type RingBell,
  type SlotRingWriter,
} from '@ndts/storage/ring';
import { FactorSlot, RecordKind, SignalSlot } from '@ndts/protocol';
import { SignalWriter } from '../emit/signal-writer.js';
import { storedFactors } from '../factor/declare.js';
import { FactorRowWriter } from '../factor/factor-rows.js';
import { LiveBooks } from '../source/live-books.js';
import { confineProcess, type HostChannel } from './confine.js';
import { StrategyDriver } from './driver.js';
import { StrategyHost } from './host.js';
import {
  type BeginMessage,
  type FailedMessage,
  type HistoryMessage,
  type HostMessage,
  type LoadMessage,
  snapshotLengthMax,
  stateBytesMax,
  textLengthMax,
} from './host-protocol.js';
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
/** Once it runs. */
let sendState: (() => void) | undefined;
/** Messages are handled one after the other: loading is asynchronous. */
let turn: Promise<void> = Promise.resolve();

function fail(error: unknown): void {
  void loop?.stop();
  const stack = error instanceof Error && error.stack !== undefined ? error.stack : '';
  const reason = `${errorLine(error)}${stack === '' ? '' : `\n${stack}`}`.slice(0, textLengthMax);
  channel.send({ type: 'failed', phase, reason }, () => exit(failureExit));
}

async function handle(message: HostMessage): Promise<void> {
  switch (message.type) {
    case 'load':
      loaded = await load(message);
      break;
    case 'symbols':
      loaded?.driver.context.addSymbols(message.ids, message.names);
      break;
    case 'order':
      loaded?.driver.order(message.update);
      break;
    case 'history':
      warmUp(message);
      break;
    case 'restore':
      phase = 'restore';
      loaded?.driver.load(message.bytes);
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
  const strategy = await loadStrategy(message.plugin, message.source);
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
  channel.send({
    type: 'ready',
    name: strategy.name,
    version: strategy.version,
    warmUpTicks: driver.plan.warmUp,
    factors: Object.keys(driver.declarations),
    stored: storedFactors(driver.declarations),
    wantsBooks: driver.hasBook,
    signature: driver.signature,
    snapshotVersion: strategy.snapshotVersion ?? 1,
  });
  return {
    message,
    clock,
    driver,
    signals,
    factorRows: new FactorRowWriter(factorRing, batchCapacity),
    rings: [factorRing, signalRing],
  };
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
  channel.send({ type: 'cancel', order });
}

function sendLog(text: string): void {
  logLines += 1;
  if (logLines <= logLinesPerReport) channel.send({ type: 'log', text });
}

/** History goes through the kernels only: no hook is called for ticks of the past. */
function warmUp(message: HistoryMessage): void {
  if (message.capacity > batchCapacity)
    throw new NdtsError('INTERNAL', `expected at most ${batchCapacity} rows of history`);
  const batch = createTickBatch(message.capacity);
  new Uint8Array(batch.buffer).set(message.bytes);
  batch.count = message.count;
  loaded?.driver.warmUp(batch);
}

function begin(message: BeginMessage): void {
  if (loaded === undefined) throw new NdtsError('INTERNAL', 'begin came before load');
  const { driver, clock, message: settings } = loaded;
  if (message.snapshot !== undefined) {
    phase = 'restore';
    driver.strategy.restore?.(JSON.parse(message.snapshot), driver.context);
  }
  phase = 'run';
  const from = new Map<number, RingPosition>(message.positions.entries());
  const reader = openTickRings({ paths: message.tickRings, from });
  sendState = () => {
    const bytes = driver.save();
    if (bytes.length > stateBytesMax) return;
    const positions = message.positions.map((_, shard) => reader.position(shard));
    channel.send({ type: 'state', positions, bytes });
  };
  const host = new StrategyHost({
    ...loaded,
    reader,
    batch: createTickBatch(batchCapacity),
    books: openBooks(message),
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
    state: sendState,
  });
  const { spinMs, sleepMs } = settings;
  loop = new AgentLoop([host], {
    // Where the host waits at the rings, the loop only lets messages through in between.
    idle: settings.ringWait === 'spin' ? settings.idle : 'spin',
    spinMs,
    sleepMs,
    clock,
    onError: (_agent, error) => fail(error),
  });
  channel.send({ type: 'running' });
  loop.start();
}

/** From what comes from now on: nothing is made of books that were missed. */
function openBooks({ bookRings: paths }: BeginMessage): LiveBooks | undefined {
  if (paths === undefined) return undefined;
  return new LiveBooks(openBookRings({ paths, from: 'tail' }), batchCapacity);
}

/** How long polls spin after the last tick. */
function spinMsOf(settings: LoadMessage): number {
  if (settings.idle === 'adaptive') return settings.spinMs;
  return settings.idle === 'spin' ? Infinity : 0;
}

function sendSnapshot(): void {
  const { strategy, context } = loaded?.driver ?? {};
  if (strategy?.snapshot === undefined || context === undefined) return;
  const json = JSON.stringify(strategy.snapshot(context)) ?? 'null';
  if (json.length > snapshotLengthMax)
    throw new NdtsError('PLUGIN_FAILED', `expected a snapshot of at most 1 MiB`);
  channel.send({ type: 'snapshot', json });
}

async function stop(): Promise<void> {
  await loop?.stop();
  if (loop !== undefined) sendSnapshot();
  sendState?.();
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
