// All strategies of a node: gives each its durable id, starts them, looks after them, stops them.
// Always: one strategy's trouble is its own; the others are not touched.

import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Clock,
  type ConfigValues,
  NdtsError,
  nsPerMs,
  type Registry,
  type StrategyLogLine,
  type StrategyView,
} from '@ndts/protocol';
import { addSnapshots, emptySnapshot, type HistogramSnapshot, type Logger } from '@ndts/runtime';
import type { SymbolEntry } from '@ndts/storage';
import type { Chart } from '../emit/chart.js';
import type { FactorTable } from '../factor/factor-store.js';
import type { MarketSource } from '../source/market-source.js';
import { type SpawnChild, spawnStrategyChild } from './child.js';
import type { NumberedUpdate } from './host-protocol.js';
import type { OrdersFound } from './order-feed.js';
import { type RestartPolicy, StrategyInstance } from './instance.js';
import { type NamedPlugin, pluginsIn, resolvePlugins } from './plugin-list.js';
import { instanceId, readWanted, writeWanted } from './records.js';
import type { RunLimits } from './run.js';
import { TickBell } from './tick-bell.js';

/** Attach to the ring before this returns (or resolves): the strategy emits only afterwards. */
export type SignalRingListener = (
  instance: number,
  name: string,
  path: string,
) => void | Promise<void>;

export interface SupervisorOptions {
  readonly config: ConfigValues;
  readonly registry: Registry;
  readonly source: MarketSource;
  readonly symbols: () => readonly SymbolEntry[];
  readonly ringDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onSignalRing: SignalRingListener;
  /** A strategy asks for the end of one of its orders, by its ordinal. */
  readonly onCancel: (instance: number, name: string, order: number) => void;
  /** What the exec node holds of its orders that changed behind a revision; absent: there is
   * none. */
  readonly findOrders?: (instance: number, after: number) => Promise<OrdersFound>;
  readonly limits?: Partial<RunLimits>;
  readonly restart?: Partial<RestartPolicy>;
  /** Between two looks at the files of strategies; default 1000. */
  readonly filesMs?: number;
  readonly spawn?: SpawnChild;
  readonly factorTable?: FactorTable;
}

const limitsDefault = {
  startMs: 20_000,
  startMsMax: 120_000,
  hangMs: 5000,
  hangMsMax: 60_000,
  stopMs: 1000,
};
const restartDefault: RestartPolicy = {
  ...{ backOffMs: 250, backOffMsMax: 30_000, failuresMax: 5 },
  ...{ fullDiskMs: 5000, marketMs: 250, steadyMs: 60_000 },
};
const factorSlots = 32_768;
const signalSlots = 8192;
const reportIntervalMs = 250;
const filesMsDefault = 1000;

/** In the folder of signal rings: rung after each signal, for whoever sleeps meanwhile. */
export const signalBellName = 'signals.bell';

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #plugins: readonly NamedPlugin[];
  readonly #byId = new Map<number, StrategyInstance>();
  #instances: readonly StrategyInstance[] = [];
  #filesAtNs = 0;
  readonly #tickBell = new TickBell();

  /** CONFIG_INVALID_VALUE: strategy.list names what is not there. */
  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#plugins = resolvePlugins(options.config.strategy.list);
  }

  /** Resolves when every configured strategy has its id and is on its way. */
  async start(): Promise<void> {
    const { registry, ringDir } = this.#options;
    mkdirSync(ringDir, { recursive: true, mode: 0o700 });
    removeOldRings(ringDir);
    for (const { name, plugin } of this.#plugins) {
      const instance = await this.#add(name, plugin);
      if ((await readWanted(registry, name)) ?? true) instance.start();
    }
    await this.#addFound();
  }

  check(nowNs: number): void {
    for (const instance of this.#instances) instance.check(nowNs);
    if (nowNs < this.#filesAtNs) return;
    this.#filesAtNs = nowNs + (this.#options.filesMs ?? filesMsDefault) * nsPerMs;
    for (const instance of this.#instances) instance.reloadIfChanged();
  }

  /** Of strategy.dir: they run once a person has started them. */
  async #addFound(): Promise<void> {
    const { config, registry } = this.#options;
    const dir =
      config.strategy.dir === '' ? join(config.dataDir, 'strategies') : config.strategy.dir;
    for (const { name, plugin } of pluginsIn(dir)) {
      if (this.#instances.some((instance) => instance.name === name)) continue;
      const instance = await this.#add(name, plugin);
      if ((await readWanted(registry, name)) ?? false) instance.start();
    }
  }

  async #add(name: string, plugin: string): Promise<StrategyInstance> {
    const id = await instanceId(this.#options.registry, name);
    const instance = this.#create(name, plugin, id);
    this.#byId.set(id, instance);
    this.#instances = [...this.#instances, instance];
    return instance;
  }

  /** Starts it now and after each restart of the node, also when it is new in strategy.dir. */
  async startByName(name: string): Promise<StrategyView> {
    await this.#addFound();
    const instance = this.#find(name);
    await writeWanted(this.#options.registry, name, true);
    instance.start();
    instance.restart();
    return instance.view();
  }

  /** Stops it until a person starts it; resolves when its process is gone. */
  async stopByName(name: string): Promise<StrategyView> {
    const instance = this.#find(name);
    await writeWanted(this.#options.registry, name, false);
    await instance.stop();
    return instance.view();
  }

  log(name: string, limit: number): readonly StrategyLogLine[] {
    return this.#find(name).log.newest(limit);
  }

  /** Reads a bite of every factor ring; the first strategy that has one is drawn. */
  pollFactors(chart: Chart): number {
    let rows = 0;
    let isDrawn = false;
    for (let index = 0; index < this.#instances.length; index += 1) {
      const factors = this.#instances[index]!.factors;
      if (factors === undefined) continue;
      rows += factors.poll(isDrawn ? undefined : chart);
      isDrawn = true;
    }
    return rows;
  }

  views(): StrategyView[] {
    return this.#instances.map((instance) => instance.view());
  }

  factorRows(): number {
    return this.#instances.reduce((sum, instance) => sum + instance.factorRows, 0);
  }

  latency(): HistogramSnapshot {
    return this.#instances.reduce(
      (sum, instance) => addSnapshots(sum, instance.latency),
      emptySnapshot,
    );
  }

  /** Starts a parked or waiting strategy at once; one that runs is left alone. */
  restart(name: string): StrategyView {
    const instance = this.#find(name);
    instance.restart();
    return instance.view();
  }

  #find(name: string): StrategyInstance {
    const instance = this.#instances.find((candidate) => candidate.name === name);
    if (instance === undefined) throw new NdtsError('NOT_FOUND', `no strategy named '${name}'`);
    return instance;
  }

  /** NOT_FOUND: there is no such instance now. */
  nameOf(instance: unknown): string {
    const found = typeof instance === 'number' ? this.#byId.get(instance) : undefined;
    if (found === undefined)
      throw new NdtsError('NOT_FOUND', `no strategy of instance ${JSON.stringify(instance)}`);
    return found.name;
  }

  /** An order of some strategy has changed. */
  order(instance: number, one: NumberedUpdate): void {
    this.#byId.get(instance)?.order(one);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.stop()));
    this.#tickBell.close();
  }

  #ring(): void {
    const [ring] = this.#options.source.market?.tickRings ?? [];
    if (ring !== undefined) this.#tickBell.ring(ring);
  }

  #create(name: string, plugin: string, instance: number): StrategyInstance {
    const { config, clock, onSignalRing, onCancel, limits, restart, ringDir, spawn } =
      this.#options;
    const { period, width, quantity, validForMs, memoryMb } = config.strategy;
    return new StrategyInstance({
      ...this.#options,
      name,
      plugin,
      instance,
      inputDir: join(config.dataDir, 'inputs'),
      limits: { ...limitsDefault, memoryMb, ...limits },
      restart: { ...restartDefault, ...restart },
      spawn: spawn ?? spawnStrategyChild,
      ring: () => this.#ring(),
      settings: {
        parameters: { period, width, quantity },
        validForMs,
        wallOffset: clock.wallOffset,
        factorSlots,
        signalSlots,
        signalBell: join(ringDir, signalBellName),
        ...config.loop,
        ringWait: config.ring.wait,
        ringWaitMs: config.ring.waitMs,
        reportIntervalMs,
      },
      onSignalRing: (path) => onSignalRing(instance, name, path),
      onCancel: (order) => onCancel(instance, name, order),
    });
  }
}

/** Rings a killed node left; their readers and writers are gone with it. */
function removeOldRings(ringDir: string): void {
  for (const name of readdirSync(ringDir))
    if (/^(signal|factor)-\d+-\d+\.ring$/.test(name)) rmSync(join(ringDir, name), { force: true });
}
