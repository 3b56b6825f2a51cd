// One life of a strategy's process, from its start to its end: load, attach, warm up, begin,
// watch. Always: the signal ring is announced before the child may emit, and onEnd is called
// exactly once, with what ended it.

import { rmSync } from 'node:fs';
import { type Clock, errorLine, NdtsError, nsPerSecond } from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import { openSlotRing, type SymbolEntry } from '@ndts/storage';
import { FactorSource } from '../factor/factor-source.js';
import type { FactorTable } from '../factor/factor-store.js';
import type { Market, MarketSource } from '../source/market-source.js';
import { WarmUp } from '../source/warm-up.js';
import type { SpawnChild, StrategyChild } from './child.js';
import {
  GapFiller,
  isAway,
  type PastRows,
  historyRows,
  pastBetween,
  positionsOf,
  ringsFor,
  type Send,
  sendPast,
  sendRows,
} from './gap-filler.js';
import {
  type ChildMessage,
  type HostMessage,
  type LoadMessage,
  type NumberedUpdate,
  type ReadyMessage,
  type ReportMessage,
  readChildMessage,
} from './host-protocol.js';
import type { InputPositions } from './input-log.js';
import { LineCapture } from './line-capture.js';
import { OrderFeed, type OrdersFound } from './order-feed.js';
import type { SavedSnapshot, SavedState } from './records.js';
import { Silence } from './silence.js';

export interface RunLimits {
  readonly memoryMb: number;
  /** From spawn until it runs: `startMs` when it works, `startMsMax` when it gets no processor. */
  readonly startMs: number;
  readonly startMsMax: number;
  /** A child hangs that reports nothing for `hangMs` and works, or for `hangMsMax` at all. */
  readonly hangMs: number;
  readonly hangMsMax: number;
  /** Asked to stop, then told (SIGTERM), then killed, each after so long. */
  readonly stopMs: number;
}

export interface RunEvents {
  /** Before the child may emit; it waits for this. */
  onSignalRing(path: string): void | Promise<void>;
  onRunning(): void;
  /** Before it ran, on its own: its log of inputs leads nowhere. */
  onStuck(): void;
  onReport(report: ReportMessage): void;
  onSnapshot(saved: SavedSnapshot & { readonly orders: number }, version: number): void;
  onState(state: SavedState): void;
  /** The strategy asks for the end of an order, by its ordinal. */
  onCancel(order: number): void;
  /** A line for people. */
  onLine(from: 'log' | 'stdout' | 'stderr', text: string): void;
  onEnd(end: RunEnd): void;
}

export interface RunEnd {
  readonly reason: string;
  /** Of the snapshot that could not be restored. */
  readonly failedVersion: number | undefined;
  /** What it needs is not there, which is no failure of the strategy. */
  readonly lacks: 'space' | 'market' | 'orders' | undefined;
}

export interface RunOptions {
  readonly name: string;
  readonly load: LoadMessage;
  readonly limits: RunLimits;
  readonly source: MarketSource;
  readonly symbols: () => readonly SymbolEntry[];
  readonly snapshot: (version: number) => Promise<SavedSnapshot | undefined>;
  readonly state: SavedState | undefined;
  /** What the exec node holds of its orders that changed behind a revision. UNAVAILABLE, TIMEOUT:
   * it does not answer now. Undefined: there is none. */
  readonly orders: ((after: number) => Promise<OrdersFound>) | undefined;
  readonly spawn: SpawnChild;
  /** Undefined: factors are not stored. */
  readonly factorTable?: FactorTable | undefined;
  /** Wakes the child, which sleeps at the rings, for what it was sent. */
  readonly ring: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: RunEvents;
}

/** Beside the heap: code, stacks, the mapped rings and the windows of the kernels. */
const residentBytesBesideHeap = 384 * 1024 * 1024;
const messagesPerSecondMax = 200;
/** Who quotes cancels often, which costs little. */
const cancelWeight = 0.05;

/** Where there is no exec node. */
const noOrders: OrdersFound = { revision: 0, highest: -1, updates: [] };

export class StrategyRun {
  readonly #options: RunOptions;
  readonly #silence: Silence;
  #child: StrategyChild | undefined;
  #factors: FactorSource | undefined;
  #isRunning = false;
  #isStopping = false;
  #isOver = false;
  #reason = '';
  #restoreFailed = false;
  #lacks: RunEnd['lacks'];
  #isResuming = false;
  readonly #orders: OrderFeed;
  #ready: ReadyMessage | undefined;
  #gap: GapFiller | undefined;
  #leaveSource = (): void => undefined;
  #symbolsSent = 0;
  #messages = 0;
  #messagesSinceNs = 0;
  #ended: (() => void)[] = [];

  constructor(options: RunOptions) {
    this.#options = options;
    this.#messagesSinceNs = options.clock.monotonicNs();
    this.#orders = new OrderFeed({
      find: (after) => this.#findOrders(after),
      tell: (one) => void this.#send({ type: 'order', ...one }),
    });
    this.#silence = new Silence(this.#messagesSinceNs, 0);
  }

  get pid(): number | undefined {
    return this.#isOver ? undefined : this.#child?.pid;
  }

  /** The child's factor rows, once it is ready. */
  get factors(): FactorSource | undefined {
    return this.#factors;
  }

  start(): void {
    const { load, limits, logger, clock, spawn, events } = this.#options;
    const bindings = { strategy: load.instance, generation: load.generation };
    const capture = (from: 'stdout' | 'stderr'): LineCapture =>
      new LineCapture(
        (line) => {
          events.onLine(from, line);
          if (from === 'stdout') logger.info({ ...bindings, line }, 'strategy output');
          else logger.warn({ ...bindings, line }, 'strategy error output');
        },
        () => clock.monotonicNs(),
      );
    const lines = { stdout: capture('stdout'), stderr: capture('stderr') };
    this.#child = spawn(limits.memoryMb, {
      onMessage: (message) => this.#onMessage(message),
      onOutput: (stream, text) => lines[stream].push(text),
      onExit: (how) => {
        lines.stdout.end();
        lines.stderr.end();
        this.#onExit(how);
      },
    });
    this.#leaveSource = this.#options.source.watch(() => this.#gap?.onMarket());
    void this.#send(load);
  }

  /** Looks after the child; called every few ten milliseconds. */
  check(nowNs: number): void {
    this.#factors?.flush();
    if (this.#isOver || this.#reason !== '' || this.#child === undefined) return;
    const { limits } = this.#options;
    this.#orders.ask();
    this.#checkSilence(this.#child, nowNs);
    const residentMax = limits.memoryMb * 1024 * 1024 + residentBytesBesideHeap;
    const resident = this.#child.residentBytes() ?? 0;
    if (resident > residentMax)
      this.#kill(
        `uses ${Math.round(resident / 1e6)} MB, allowed are ${Math.round(residentMax / 1e6)}`,
      );
    if (nowNs - this.#messagesSinceNs > nsPerSecond) {
      this.#messagesSinceNs = nowNs;
      this.#messages = 0;
    }
    this.#announceSymbols();
  }

  #checkSilence(child: StrategyChild, nowNs: number): void {
    const { startMs, startMsMax, hangMs, hangMsMax } = this.#options.limits;
    const limits = this.#isRunning
      ? { busyMs: hangMs, anyMs: hangMsMax }
      : { busyMs: startMs, anyMs: startMsMax };
    const overMs = this.#silence.exceeded(nowNs, limits, () => child.cpuMs());
    if (overMs === undefined || this.#isStopping) return;
    if (!this.#isRunning) this.#kill(`not running ${overMs} ms after its start`);
    else if (overMs === hangMs) this.#kill(`no report for ${hangMs} ms: an endless loop?`);
    else this.#kill(`no report for ${hangMsMax} ms: does it wait for something?`);
  }

  /** Tells the strategy of one of its orders; what comes before it runs is asked for then. */
  order(one: NumberedUpdate): void {
    this.#orders.order(one);
  }

  async #findOrders(after: number): Promise<OrdersFound> {
    const { orders } = this.#options;
    return orders === undefined ? noOrders : await orders(after);
  }

  /** Resolves when the process is gone. */
  async stop(): Promise<void> {
    if (this.#isOver || this.#child === undefined) return;
    this.#isStopping = true;
    const { clock, limits } = this.#options;
    const gone = new Promise<void>((resolve) => this.#ended.push(resolve));
    void this.#send({ type: 'stop' });
    const term = clock.setTimer(limits.stopMs, () => this.#child?.kill('SIGTERM'));
    const kill = clock.setTimer(2 * limits.stopMs, () => this.#child?.kill('SIGKILL'));
    await gone;
    term.cancel();
    kill.cancel();
  }

  #send(message: HostMessage): Promise<void> | undefined {
    const sent = this.#child?.send(message);
    this.#options.ring();
    return sent;
  }

  #kill(reason: string): void {
    if (this.#reason === '') this.#reason = reason;
    this.#child?.kill('SIGKILL');
  }

  #onMessage(raw: unknown): void {
    if (this.#isOver || this.#reason !== '') return;
    const message = readChildMessage(raw);
    this.#messages += message?.type === 'cancel' ? cancelWeight : 1;
    if (message === undefined) this.#kill('sent something that is no message of a strategy');
    else if (this.#messages > messagesPerSecondMax) this.#kill('sent too many messages');
    else this.#handle(message);
  }

  #handle(message: ChildMessage): void {
    const { events, logger, load } = this.#options;
    switch (message.type) {
      case 'ready':
        this.#begin(message).catch((error: unknown) => this.#cannot('begin', error));
        break;
      case 'running':
        this.#isRunning = true;
        this.#silence.heard(this.#options.clock.monotonicNs(), this.#child?.cpuMs());
        this.#orders.open(message.orders);
        events.onRunning();
        this.#gap?.onRunning();
        break;
      case 'behind':
        this.#gap?.onBehind(message.positions);
        break;
      case 'report':
        this.#silence.heard(this.#options.clock.monotonicNs(), this.#child?.cpuMs());
        events.onReport(message);
        break;
      case 'snapshot':
        events.onSnapshot(
          { json: message.json, orders: message.orders },
          this.#ready?.snapshotVersion ?? 1,
        );
        break;
      case 'state':
        if (this.#ready === undefined) break;
        events.onState({
          signature: this.#ready.signature,
          positions: message.positions,
          bytes: message.bytes,
        });
        break;
      case 'cancel':
        events.onCancel(message.order);
        break;
      case 'log':
        events.onLine('log', message.text);
        logger.info({ strategy: load.instance, text: message.text }, 'strategy log');
        break;
      case 'failed':
        this.#restoreFailed = message.phase === 'restore';
        this.#lacks = message.isDiskFull ? 'space' : undefined;
        this.#reason = message.reason;
        break;
      case 'stopped':
        break;
    }
  }

  #cannot(what: string, error: unknown): void {
    if (error instanceof NdtsError && error.code === 'UNAVAILABLE') this.#lacks ??= 'market';
    this.#kill(`cannot ${what}: ${errorLine(error)}`);
  }

  /** Positions first, history then, live from exactly there. */
  async #begin(ready: ReadyMessage): Promise<void> {
    const { load, events, source } = this.#options;
    if (this.#ready !== undefined) return this.#kill('said twice that it is ready');
    this.#ready = ready;
    const { market } = source;
    if (market === undefined) throw new NdtsError('UNAVAILABLE', source.problem);
    const store = this.#options.factorTable?.storeOf(this.#options.name, ready);
    this.#factors = new FactorSource(openSlotRing(load.factorRing, 'oldest'), store);
    await events.onSignalRing(load.signalRing);
    const snapshot = await this.#options.snapshot(ready.snapshotVersion);
    const child = this.#child;
    if (child === undefined || this.#isOver) return;
    this.#announceSymbols();
    const rings = ringsFor(market, ready);
    const positions = await positionsOf(market, ready);
    const { resume } = ready;
    const past = resume && (await pastBetween(market.history, resume, positions));
    const found = await this.#missedOrders(past && ready.orders, snapshot?.orders);
    await this.#sendPast(market, ready, positions, found.isLost ? undefined : past, found.highest);
    if (this.#isOver) return;
    if (ready.wantsBooks && market.bookRings === undefined)
      events.onLine('log', 'this node takes no books (feed.books): onBook is not called');
    const send: Send = (message) => this.#send(message) ?? Promise.resolve();
    this.#gap = new GapFiller({
      ...{ clock: this.#options.clock, source, market, wants: ready, send },
      onLost: () => this.#lost(),
      onError: (error) => this.#cannot('go on', error),
    });
    await send({
      type: 'begin',
      ...rings,
      positions,
      ...{ updates: found.updates, orders: found.revision },
      ...(snapshot === undefined ? {} : { snapshot: snapshot.json }),
    });
  }

  /** Behind what is in its log of inputs, where it goes on from that, or in its snapshot: both can
   * be gone on from only with what the exec node says. A start without them knows of no orders.
   * isLost: the journal of orders ends before what is in the log. */
  async #missedOrders(
    logged: number | undefined,
    kept: number | undefined,
  ): Promise<OrdersFound & { readonly isLost: boolean }> {
    const after = logged ?? kept ?? Number.MAX_SAFE_INTEGER;
    let found: OrdersFound;
    try {
      found = await this.#findOrders(after);
    } catch (error) {
      if (!isAway(error)) throw error;
      if (logged === undefined && kept === undefined) return { ...noOrders, isLost: false };
      this.#lacks = 'orders';
      throw error;
    }
    const isLost = logged !== undefined && found.revision < logged;
    if (isLost) {
      const line = 'the journal of orders has lost its end: it begins anew';
      this.#options.events.onLine('log', line);
    }
    return { ...found, isLost };
  }

  /** Nothing it knows can be gone on from: a start anew has the market as it is now. */
  #lost(): void {
    this.#lacks = 'market';
    this.#kill('rows it has seen are lost, or too many are missing: it begins anew');
  }

  /** From where the start before stopped, where that can be; else so much as factors need. */
  async #sendPast(
    { history }: Market,
    ready: ReadyMessage,
    positions: InputPositions,
    past: PastRows | undefined,
    highest: number,
  ): Promise<void> {
    const { state, symbols } = this.#options;
    const send: Send = (message) => this.#child?.send(message) ?? Promise.resolve();
    if (past !== undefined) {
      this.#isResuming = true;
      await send({ type: 'resume', highest });
      await sendPast(past, send);
      return;
    }
    if (state !== undefined && state.signature === ready.signature) {
      const ticks = await history.ticksBetween(state.positions, positions.ticks, historyRows);
      if (ticks !== undefined) {
        await send({ type: 'restore', bytes: state.bytes });
        await sendRows('ticks', ticks, send);
        return;
      }
    }
    const warmUp = new WarmUp(history, positions.ticks, ready.reach);
    await sendRows('ticks', warmUp.batches(symbols(), historyRows), send);
    if (warmUp.cutSymbols > 0)
      this.#options.events.onLine(
        'log',
        `windows of ${warmUp.cutSymbols} symbols begin with their newest ticks: more are not read`,
      );
  }

  #announceSymbols(): void {
    const all = this.#options.symbols();
    if (all.length === this.#symbolsSent || this.#factors === undefined) return;
    const added = all.slice(this.#symbolsSent);
    this.#symbolsSent = all.length;
    void this.#send({
      type: 'symbols',
      ids: added.map((symbol) => symbol.id),
      names: added.map((symbol) => symbol.name),
    });
  }

  #onExit(how: string): void {
    this.#isOver = true;
    this.#leaveSource();
    this.#gap?.close();
    this.#orders.close();
    const { load, events } = this.#options;
    this.#factors?.close();
    this.#factors = undefined;
    // Whoever mapped the rings keeps them; the names are gone.
    for (const path of [load.factorRing, load.signalRing]) rmSync(path, { force: true });
    const reason = this.#reason === '' ? how : this.#reason;
    // Its own failure, or a kill by the node: who was killed by others may go on.
    const lacks = this.#lacks;
    const isOwn = this.#reason !== '' && lacks === undefined;
    const isStuck = this.#isResuming && !this.#isRunning && isOwn;
    if (isStuck) events.onStuck();
    const isLost = this.#restoreFailed && !isStuck && lacks === undefined;
    const failedVersion = isLost ? this.#ready?.snapshotVersion : undefined;
    events.onEnd({ reason: this.#isStopping ? '' : reason, failedVersion, lacks });
    for (const resolve of this.#ended) resolve();
    this.#ended = [];
  }
}
