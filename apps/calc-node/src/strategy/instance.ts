// One strategy of the node over all its lives: starts its process, starts it anew when it ends,
// waits longer each time, and parks it with the reason when it keeps failing. Always: at most one
// process per instance, each with a generation of its own that was durable before it started.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Clock,
  errorLine,
  NdtsError,
  nsPerMs,
  type Registry,
  type StrategyView,
} from '@ndts/protocol';
import { addSnapshots, emptySnapshot, type HistogramSnapshot, type Logger } from '@ndts/runtime';
import type { FactorSource } from '../factor/factor-source.js';
import { compilePlugin } from './compile-plugin.js';
import type { LoadMessage, NumberedUpdate, ReportMessage } from './host-protocol.js';
import {
  dropSaved,
  nextGeneration,
  readSnapshot,
  readState,
  writeSnapshot,
  writeState,
} from './records.js';
import type { OrdersFound } from './order-feed.js';
import { PluginFile } from './plugin-file.js';
import { type RunEnd, type RunOptions, StrategyRun } from './run.js';
import { StrategyLog } from './strategy-log.js';

export interface RestartPolicy {
  /** Before the first restart; doubles with each failure that follows. */
  readonly backOffMs: number;
  readonly backOffMsMax: number;
  readonly failuresMax: number;
  /** From one try to the next where the disk is full. */
  readonly fullDiskMs: number;
  /** And where there is no market, or nobody tells of orders. */
  readonly marketMs: number;
  /** A life that ran so long makes up for the failures before it. */
  readonly steadyMs: number;
}

export interface InstanceOptions
  extends Omit<
    RunOptions,
    'load' | 'snapshot' | 'state' | 'events' | 'logger' | 'clock' | 'orders'
  > {
  readonly name: string;
  readonly instance: number;
  readonly plugin: string;
  /** Folder of the signal and factor rings. */
  readonly ringDir: string;
  /** Folder of logs of inputs. */
  readonly inputDir: string;
  readonly settings: Omit<
    LoadMessage,
    | 'type'
    | 'plugin'
    | 'compiled'
    | 'instance'
    | 'generation'
    | 'factorRing'
    | 'signalRing'
    | 'inputLog'
  >;
  readonly restart: RestartPolicy;
  /** What the exec node holds of the orders of an instance that changed behind a revision; absent:
   * there is none. */
  readonly findOrders?: (instance: number, after: number) => Promise<OrdersFound>;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  onSignalRing(path: string): void | Promise<void>;
  onCancel(order: number): void;
}

type State = StrategyView['state'];

const lackNames = { space: 'space on the disk', market: 'the market', orders: 'the exec node' };

const noReport: Omit<ReportMessage, 'type'> = {
  ticks: 0,
  signals: 0,
  factorRows: 0,
  lapped: 0,
  latency: emptySnapshot,
};

export class StrategyInstance {
  readonly #options: InstanceOptions;
  #state: State = 'stopped';
  #run: StrategyRun | undefined;
  #generation = 0;
  #starts = 0;
  #reason = '';
  #startAtNs = 0;
  /** Since the last steady life. */
  #failures = 0;
  #runningSinceNs: number | undefined;
  /** Of the lives before this one, and of this one. */
  #past = noReport;
  #report = noReport;
  #isWanted = false;
  #isReloading = false;
  /** For space on the disk; said once. */
  #isWaiting = false;
  #launching: Promise<void> = Promise.resolve();
  #stopping: Promise<void> = Promise.resolve();
  #saving: Promise<void> = Promise.resolve();

  readonly log: StrategyLog;
  readonly #file: PluginFile;

  constructor(options: InstanceOptions) {
    this.#options = options;
    this.log = new StrategyLog(options.clock);
    this.#file = new PluginFile(options.plugin);
  }

  get name(): string {
    return this.#options.name;
  }

  get generation(): number {
    return this.#generation;
  }

  get factors(): FactorSource | undefined {
    return this.#run?.factors;
  }

  get factorRows(): number {
    return this.#past.factorRows + this.#report.factorRows;
  }

  get latency(): HistogramSnapshot {
    return addSnapshots(this.#past.latency, this.#report.latency);
  }

  /** One of its orders has changed. */
  order(one: NumberedUpdate): void {
    this.#run?.order(one);
  }

  view(): StrategyView {
    return {
      instance: this.#options.instance,
      name: this.#options.name,
      state: this.#state,
      pid: this.#run?.pid,
      restarts: Math.max(0, this.#starts - 1),
      ticks: this.#past.ticks + this.#report.ticks,
      signals: this.#past.signals + this.#report.signals,
      lapped: this.#past.lapped + this.#report.lapped,
      reason: this.#reason,
    };
  }

  start(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#startAnew();
  }

  /** Takes a parked or waiting instance back to its first start. */
  restart(): void {
    if (this.#state === 'parked' || this.#state === 'backing-off') this.#startAnew();
  }

  #startAnew(): void {
    this.#failures = 0;
    this.#reason = '';
    this.#launch();
  }

  /** Starts it with the file as it is now, where it has changed since the last start. */
  reloadIfChanged(): void {
    if (!this.#isWanted || this.#isReloading || !this.#file.hasChanged()) return;
    this.#isReloading = true;
    this.log.add('node', 'its file has changed: started anew');
    void this.stop().then(() => {
      this.#isReloading = false;
      this.start();
    });
  }

  check(nowNs: number): void {
    this.#run?.check(nowNs);
    if (this.#state === 'backing-off' && nowNs >= this.#startAtNs) this.#launch();
  }

  async stop(): Promise<void> {
    this.#isWanted = false;
    this.#stopping = this.#stop();
    await this.#stopping;
  }

  async #stop(): Promise<void> {
    await this.#launching;
    await this.#run?.stop();
    await this.#saving;
    if (this.#state !== 'stopped') this.log.add('node', 'stopped');
    this.#state = 'stopped';
  }

  get #inputLog(): string {
    return join(this.#options.inputDir, `${this.#options.instance}.log`);
  }

  #launch(): void {
    this.#state = 'starting';
    this.#launching = this.#startRun().catch((error: unknown) => {
      if (error instanceof NdtsError && error.code === 'DISK_FULL')
        this.#wait(errorLine(error), 'space');
      else this.#failed(errorLine(error));
    });
  }

  async #startRun(): Promise<void> {
    const { source } = this.#options;
    if (source.market === undefined) return this.#wait(source.problem, 'market');
    const { registry, name, instance, ringDir, plugin, settings, findOrders } = this.#options;
    await this.#stopping;
    await this.#saving;
    this.#generation = await nextGeneration(registry, name);
    const state = await readState(registry, name);
    this.#file.note();
    const compiled = await compilePlugin(plugin);
    if (!this.#isWanted) return;
    const suffix = `${instance}-${this.#generation}.ring`;
    const load: LoadMessage = {
      ...settings,
      type: 'load',
      plugin,
      ...(compiled === undefined ? {} : { compiled }),
      instance,
      generation: this.#generation,
      factorRing: join(ringDir, `factor-${suffix}`),
      signalRing: join(ringDir, `signal-${suffix}`),
      inputLog: this.#inputLog,
    };
    const run = new StrategyRun({
      ...this.#options,
      load,
      snapshot: (version) => readSnapshot(registry, name, version),
      state,
      orders: findOrders && ((after) => findOrders(instance, after)),
      events: {
        onSignalRing: (path) => this.#options.onSignalRing(path),
        onLine: (from, text) => this.log.add(from, text),
        onRunning: () => {
          this.#state = 'running';
          if (this.#isWaiting) this.#reason = '';
          this.#isWaiting = false;
          this.log.add('node', `runs, start ${this.#generation}`);
          this.#runningSinceNs ??= this.#options.clock.monotonicNs();
        },
        onReport: (report) => {
          this.#report = report;
        },
        onSnapshot: (saved, version) =>
          this.#save(() => writeSnapshot(registry, name, version, saved)),
        onState: (saved) => this.#save(() => writeState(registry, name, saved)),
        onStuck: () => rmSync(this.#inputLog, { force: true }),
        onCancel: (order) => this.#options.onCancel(order),
        onEnd: (end) => this.#ended(end),
      },
    });
    this.#starts += 1;
    this.#run = run;
    run.start();
  }

  #ended({ reason, failedVersion, lacks }: RunEnd): void {
    const { registry, name } = this.#options;
    this.#run = undefined;
    this.#past = addReports(this.#past, this.#report);
    this.#report = noReport;
    if (!this.#isWanted) return;
    // A snapshot that cannot be restored would fail every start.
    if (failedVersion !== undefined) this.#save(() => dropSaved(registry, name, failedVersion));
    if (lacks !== undefined) this.#wait(reason, lacks);
    else this.#failed(reason);
  }

  /** A full disk, or a data or exec node that is away, is nobody's failure: it tries again until it
   * is over, and is never parked. */
  #wait(reason: string, lacks: NonNullable<RunEnd['lacks']>): void {
    const { clock, restart, logger, name, instance } = this.#options;
    const waitMs = lacks === 'space' ? restart.fullDiskMs : restart.marketMs;
    this.#runningSinceNs = undefined;
    this.#state = 'backing-off';
    this.#startAtNs = clock.monotonicNs() + waitMs * nsPerMs;
    this.#reason = reason;
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.log.add('node', `waits, tries again every ${waitMs} ms: ${reason}`);
    const what = lackNames[lacks];
    logger.error({ strategy: instance, name, reason }, `strategy waits for ${what}`);
  }

  #failed(reason: string): void {
    const { clock, restart, logger, name, instance } = this.#options;
    this.#isWaiting = false;
    const nowNs = clock.monotonicNs();
    const steadyNs = restart.steadyMs * nsPerMs;
    const wasSteady =
      this.#runningSinceNs !== undefined && nowNs - this.#runningSinceNs >= steadyNs;
    this.#runningSinceNs = undefined;
    this.#failures = wasSteady ? 1 : this.#failures + 1;
    const failures = this.#failures;
    if (failures >= restart.failuresMax) {
      this.#state = 'parked';
      rmSync(this.#inputLog, { force: true });
      const steady = `${restart.steadyMs / 1000} s`;
      this.#reason = `${failures} failures, none after a run of ${steady}; last: ${reason}`;
      this.log.add('node', `parked: ${this.#reason}`);
      logger.error({ strategy: instance, name, reason }, 'strategy parked');
      return;
    }
    const backOffMs = Math.min(restart.backOffMsMax, restart.backOffMs * 2 ** (failures - 1));
    this.#state = 'backing-off';
    this.#reason = reason;
    this.#startAtNs = nowNs + backOffMs * nsPerMs;
    this.log.add('node', `failed, starts again in ${backOffMs} ms: ${reason}`);
    logger.warn({ strategy: instance, name, reason, backOffMs }, 'strategy failed; restarting');
  }

  #save(write: () => Promise<void>): void {
    const { logger, name } = this.#options;
    this.#saving = this.#saving.then(write).catch((error: unknown) => {
      logger.error({ err: error, name }, 'snapshot of a strategy not saved');
    });
  }
}

type Report = typeof noReport;

function addReports(a: Report, b: Report): Report {
  return {
    ticks: a.ticks + b.ticks,
    signals: a.signals + b.signals,
    factorRows: a.factorRows + b.factorRows,
    lapped: a.lapped + b.lapped,
    latency: addSnapshots(a.latency, b.latency),
  };
}
