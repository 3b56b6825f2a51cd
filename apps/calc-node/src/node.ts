// hot: no allocation after init
// The calc node in the parent process: it looks after the strategies, which run the path itself in
// processes of their own (strategy/host.ts), draws their factor rows for charts and stores those
// that are to be kept. Always:
// nothing here is between a tick and its signal.

import {
  type Bus,
  type CalcStatus,
  type Clock,
  type ConfigValues,
  type HealthReport,
  type InstanceOrders,
  nextBeatNs,
  type NodeStateName,
  nsPerMs,
  type Registry,
  type StrategyView,
  subjects,
} from '@ndts/protocol';
import { type Agent, type Logger, type Metrics, StatusBeat } from '@ndts/runtime';
import type { SymbolEntry } from '@ndts/storage';
import { Chart } from './emit/chart.js';
import { answerLineage, type LineageDatabase } from './emit/lineage.js';
import {
  answerChart,
  type CalcLatency,
  CalcMetrics,
  calcStatus,
  calcSubjects,
  limitIn,
  nameIn,
  type SignalRingNotice,
} from './emit/status.js';
import { type FactorDatabase, FactorTable } from './factor/factor-store.js';
import { cancelRequest, orderUpdate, ordersFound } from './source/order-events.js';
import { type MarketSource, OwnMarket } from './source/market-source.js';
import { StoredHistory, type StoredRows } from './source/stored-history.js';
import type { SpawnChild } from './strategy/child.js';
import type { OrdersFound } from './strategy/order-feed.js';
import type { RestartPolicy } from './strategy/instance.js';
import type { RunLimits } from './strategy/run.js';
import { type SignalRingListener, Supervisor } from './strategy/supervisor.js';

export interface CalcNodeDeps {
  readonly config: ConfigValues;
  /** History for warm-up and the positions where live begins; takes the rows of factors. */
  readonly database: StoredRows & FactorDatabase & LineageDatabase;
  readonly symbols: { all(): readonly SymbolEntry[] };
  /** TickRingWriter.paths, files by shard: of who publishes in this process. */
  readonly tickRings: readonly string[];
  /** The same of books; undefined: none are taken. */
  readonly bookRings?: readonly string[] | undefined;
  /** Of ticks and books that another host publishes; default: the rings and the database above. */
  readonly source?: MarketSource;
  /** Folder of signal and factor rings, in shared memory. */
  readonly ringDir: string;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly onSignalRing?: SignalRingListener;
  readonly limits?: Partial<RunLimits>;
  readonly restart?: Partial<RestartPolicy>;
  readonly spawn?: SpawnChild;
}

export interface CalcNode extends Agent {
  /** Gives every strategy its id and starts it; they run some hundred milliseconds later. */
  start(): Promise<void>;
  /** Resolves when every strategy's process is gone. */
  stop(): Promise<void>;
  /** Starts a parked or waiting strategy at once; one that runs is left alone. */
  restartStrategy(name: string): StrategyView;
  state(): NodeStateName;
  health(): HealthReport;
  status(): CalcStatus;
  latency(): CalcLatency;
}

const factorNs = nsPerMs;
const checkNs = 50 * nsPerMs;
/** Of strategies that had no tick since the last look. */
const quietCheckNs = 250 * nsPerMs;
/** The directory may be large: it is read again only so often. */
const symbolsNs = 2000 * nsPerMs;
const chartSymbolsMin = 64;

class CalcNodeAgent implements CalcNode {
  readonly name = 'calc';
  readonly #deps: CalcNodeDeps;
  readonly #supervisor: Supervisor;
  readonly #factorTable: FactorTable;
  readonly #chart: Chart;
  readonly #metrics: CalcMetrics;
  #symbols: readonly SymbolEntry[];
  #leaveBus: (() => void)[] = [];
  #state: NodeStateName = 'STANDBY';
  #cycles = 0;
  #factorAtNs = 0;
  #checkAtNs = 0;
  /** The last poll gave rows of factors; any did since the last check. */
  #hasRows = false;
  #hadRows = true;
  readonly #beat = new StatusBeat();
  #symbolsAtNs = 0;

  constructor(deps: CalcNodeDeps) {
    this.#deps = deps;
    this.#symbols = deps.symbols.all();
    this.#factorTable = new FactorTable(deps);
    const { tickRings, bookRings, database } = deps;
    const own = { tickRings, bookRings, history: new StoredHistory(database) };
    this.#supervisor = new Supervisor({
      ...deps,
      source: deps.source ?? new OwnMarket(own),
      factorTable: this.#factorTable,
      symbols: () => this.#symbols,
      onSignalRing: (instance, name, path) => this.#announce({ instance, name, path }),
      onCancel: (instance, name, order) => this.#cancel(instance, name, order),
      findOrders: (instance, after) => this.#findOrders(instance, after),
    });
    // Its symbols are known before its ticks: strategies are warmed up by them.
    deps.source?.watch(() => {
      this.#symbols = deps.symbols.all();
    });
    this.#chart = new Chart(Math.max(chartSymbolsMin, this.#symbols.length));
    this.#metrics = new CalcMetrics(deps.metrics);
  }

  doWork(): number {
    const nowNs = this.#deps.clock.monotonicNs();
    this.#cycles += 1;
    if (nowNs >= this.#factorAtNs) {
      this.#factorAtNs = nowNs + factorNs;
      this.#hasRows = this.#supervisor.pollFactors(this.#chart) > 0;
      if (this.#hasRows) this.#noteRows(nowNs);
    }
    if (nowNs >= this.#checkAtNs) {
      this.#checkAtNs = nextBeatNs(nowNs, this.#hadRows ? checkNs : quietCheckNs);
      this.#hadRows = false;
      this.#supervisor.check(nowNs);
    }
    if (this.#beat.isDue(nowNs)) this.#publishStatus();
    if (nowNs >= this.#symbolsAtNs) {
      this.#symbolsAtNs = nowNs + symbolsNs;
      this.#symbols = this.#deps.symbols.all();
    }
    // A chart is not spun for.
    return 0;
  }

  dueNs(): number {
    const due = Math.min(this.#checkAtNs, this.#beat.dueNs);
    return this.#hasRows ? Math.min(due, this.#factorAtNs) : due;
  }

  #noteRows(nowNs: number): void {
    this.#hadRows = true;
    this.#beat.note(nowNs);
  }

  #publishStatus(): void {
    const status = this.status();
    this.#metrics.set(status);
    this.#deps.bus.publish(subjects.calcStatus, status);
  }

  async #announce(notice: SignalRingNotice): Promise<void> {
    await this.#deps.onSignalRing?.(notice.instance, notice.name, notice.path);
    this.#deps.bus.publish(calcSubjects.signalRing, notice);
  }

  #cancel(instance: number, name: string, order: number): void {
    const { bus, logger } = this.#deps;
    const request = cancelRequest(instance, name, order);
    bus.request(subjects.execCancel, request).catch((error: unknown) => {
      logger.warn({ err: error, strategy: instance, order }, 'a strategy could not cancel');
    });
  }

  #onOrder(view: unknown): void {
    const found = orderUpdate(view);
    if (found !== undefined) this.#supervisor.order(found.instance, found);
  }

  async #findOrders(instance: number, after: number): Promise<OrdersFound> {
    const answer = await this.#deps.bus.request(subjects.execInstanceOrders, { instance, after });
    return ordersFound(answer as InstanceOrders);
  }

  async start(): Promise<void> {
    const { bus } = this.#deps;
    const supervisor = this.#supervisor;
    this.#leaveBus = [
      bus.subscribe(subjects.orderEvent, ({ payload }) => this.#onOrder(payload)),
      bus.respond(subjects.calcChart, (request) => answerChart(this.#chart, request)),
      bus.respond(subjects.calcLineage, (request) => {
        const { instance } = (request ?? {}) as { readonly instance?: unknown };
        return answerLineage(this.#deps.database, supervisor.nameOf(instance), request);
      }),
      bus.respond(calcSubjects.latency, () => this.latency()),
      bus.respond(subjects.calcRestartStrategy, (request) => this.restartStrategy(nameIn(request))),
      bus.respond(subjects.calcStartStrategy, (request) => supervisor.startByName(nameIn(request))),
      bus.respond(subjects.calcStopStrategy, (request) => supervisor.stopByName(nameIn(request))),
      bus.respond(subjects.calcStrategyLog, (request) =>
        supervisor.log(nameIn(request), limitIn(request)),
      ),
    ];
    this.#state = 'ACTIVE';
    await this.#supervisor.start();
  }

  async stop(): Promise<void> {
    this.#state = 'DRAINING';
    await this.#supervisor.stop();
    for (const leave of this.#leaveBus) leave();
    this.#leaveBus = [];
    this.#state = 'STANDBY';
  }

  restartStrategy(name: string): StrategyView {
    return this.#supervisor.restart(name);
  }

  state(): NodeStateName {
    return this.#state === 'ACTIVE' && this.#problem() !== '' ? 'DEGRADED' : this.#state;
  }

  #problem(): string {
    const failing = this.#supervisor
      .views()
      // Its next try is no recovery.
      .filter(({ state, reason }) => reason !== '' && state !== 'running' && state !== 'stopped');
    const reasons = failing.map((view) => `${view.name} ${view.state}: ${view.reason}`);
    return [...reasons, this.#factorTable.problem].filter((one) => one !== '').join('; ');
  }

  health(): HealthReport {
    const detail = this.#problem();
    return { ok: detail === '', detail, progress: this.#cycles };
  }

  status(): CalcStatus {
    return calcStatus(this.#supervisor, Math.floor(this.#deps.clock.nowMs()));
  }

  latency(): CalcLatency {
    return { tickToSignal: this.#supervisor.latency() };
  }
}

export function createCalcNode(deps: CalcNodeDeps): CalcNode {
  return new CalcNodeAgent(deps);
}
