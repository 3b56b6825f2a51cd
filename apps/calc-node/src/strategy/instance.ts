// One strategy of the node over all its lives: starts its process, starts it anew when it ends,
// waits longer each time, and parks it with the reason when it keeps failing. Always: at most one
// process per instance, each with a generation of its own that was durable before it started.

import { join } from 'node:path';
import { type Clock, errorLine, nsPerMs, type Registry, type StrategyView } from '@ndts/protocol';
import { addSnapshots, emptySnapshot, type HistogramSnapshot, type Logger } from '@ndts/runtime';
import type { FactorSource } from '../factor/factor-source.js';
import type { LoadMessage, ReportMessage } from './host-protocol.js';
import { dropSnapshot, nextGeneration, readSnapshot, writeSnapshot } from './records.js';
import { type RunOptions, StrategyRun } from './run.js';

export interface RestartPolicy {
  /** Before the first restart; doubles with each failure within the window. */
  readonly backOffMs: number;
  readonly backOffMsMax: number;
  readonly failuresMax: number;
  readonly windowMs: number;
}

export interface InstanceOptions
  extends Omit<RunOptions, 'load' | 'snapshot' | 'events' | 'logger' | 'clock'> {
  readonly name: string;
  readonly instance: number;
  readonly plugin: string;
  /** Folder of the signal and factor rings. */
  readonly ringDir: string;
  readonly settings: Omit<
    LoadMessage,
    'type' | 'plugin' | 'instance' | 'generation' | 'factorRing' | 'signalRing'
  >;
  readonly restart: RestartPolicy;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  onSignalRing(path: string): void | Promise<void>;
}

type State = StrategyView['state'];

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
  #failuresNs: number[] = [];
  /** Of the lives before this one, and of this one. */
  #past = noReport;
  #report = noReport;
  #isWanted = false;
  #launching: Promise<void> = Promise.resolve();
  #saving: Promise<void> = Promise.resolve();

  constructor(options: InstanceOptions) {
    this.#options = options;
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

  /** Also takes a parked instance out of its parking. */
  start(): void {
    if (this.#isWanted && this.#state !== 'parked') return;
    this.#isWanted = true;
    this.#failuresNs = [];
    this.#reason = '';
    this.#launch();
  }

  check(nowNs: number): void {
    this.#run?.check(nowNs);
    if (this.#state === 'backing-off' && nowNs >= this.#startAtNs) this.#launch();
  }

  async stop(): Promise<void> {
    this.#isWanted = false;
    await this.#launching;
    await this.#run?.stop();
    await this.#saving;
    this.#state = 'stopped';
  }

  #launch(): void {
    this.#state = 'starting';
    this.#launching = this.#startRun().catch((error: unknown) => this.#failed(errorLine(error)));
  }

  async #startRun(): Promise<void> {
    const { registry, name, instance, ringDir, plugin, settings } = this.#options;
    await this.#saving;
    this.#generation = await nextGeneration(registry, name);
    const snapshot = await readSnapshot(registry, name);
    if (!this.#isWanted) return;
    const suffix = `${instance}-${this.#generation}.ring`;
    const load: LoadMessage = {
      ...settings,
      type: 'load',
      plugin,
      instance,
      generation: this.#generation,
      factorRing: join(ringDir, `factor-${suffix}`),
      signalRing: join(ringDir, `signal-${suffix}`),
    };
    const run = new StrategyRun({
      ...this.#options,
      load,
      snapshot,
      events: {
        onSignalRing: (path) => this.#options.onSignalRing(path),
        onRunning: () => {
          this.#state = 'running';
        },
        onReport: (report) => {
          this.#report = report;
        },
        onSnapshot: (json) => this.#save(() => writeSnapshot(registry, name, json)),
        onEnd: (reason, restoreFailed) => this.#ended(reason, restoreFailed),
      },
    });
    this.#starts += 1;
    this.#run = run;
    run.start();
  }

  #ended(reason: string, restoreFailed: boolean): void {
    const { registry, name } = this.#options;
    this.#run = undefined;
    this.#past = addReports(this.#past, this.#report);
    this.#report = noReport;
    if (!this.#isWanted) return;
    // A snapshot that cannot be restored would fail every start.
    if (restoreFailed) this.#save(() => dropSnapshot(registry, name));
    this.#failed(reason);
  }

  #failed(reason: string): void {
    const { clock, restart, logger, name, instance } = this.#options;
    const nowNs = clock.monotonicNs();
    const windowNs = restart.windowMs * nsPerMs;
    this.#failuresNs = this.#failuresNs.filter((failureNs) => nowNs - failureNs < windowNs);
    this.#failuresNs.push(nowNs);
    const failures = this.#failuresNs.length;
    if (failures >= restart.failuresMax) {
      this.#state = 'parked';
      this.#reason = `${failures} failures within ${restart.windowMs / 1000} s; last: ${reason}`;
      logger.error({ strategy: instance, name, reason }, 'strategy parked');
      return;
    }
    const backOffMs = Math.min(restart.backOffMsMax, restart.backOffMs * 2 ** (failures - 1));
    this.#state = 'backing-off';
    this.#reason = reason;
    this.#startAtNs = nowNs + backOffMs * nsPerMs;
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
