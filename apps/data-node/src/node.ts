// hot: no allocation after init
// The data node: the first half of the tick path on one page. Always: a tick is accepted by the
// engine before it is on a ring, a polled tick is either accepted or counted as refused, and a
// refusing engine stops polling instead of losing ticks.

import type { Cleaner, CleanRules } from '@ndts/native/clean';
import {
  type Bus,
  type Clock,
  type ConfigValues,
  createTickBatch,
  type HealthReport,
  type NodeStateName,
  nsPerMs,
  subjects,
  type TickBatch,
} from '@ndts/protocol';
import type { Agent, Logger, Metrics } from '@ndts/runtime';
import type { Database, TickRingWriter } from '@ndts/storage';
import { RecentRejects } from './clean/rejects.js';
import { cleanRules } from './clean/rules.js';
import type { Feed } from './feed/feed.js';
import { Publisher } from './ring/publisher.js';
import { DataMetrics, type DataNodeStatus, StatusReport } from './serve/status.js';
import { listSymbols, type SymbolDirectory } from './serve/symbols.js';
import { Appender } from './store/appender.js';
import { DurableLag } from './store/durable-lag.js';
import { LatestTicks } from './store/latest-ticks.js';

export interface DataNodeDeps {
  readonly config: ConfigValues;
  readonly feed: Feed;
  readonly cleaner: Cleaner;
  readonly database: Database;
  readonly rings: TickRingWriter;
  readonly symbols: SymbolDirectory;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Rows polled at once. */
  readonly batchCapacity?: number;
}

export interface DataNode extends Agent {
  /** Connects the feed and answers on the bus; before it doWork polls nothing. */
  start(): Promise<void>;
  /** Disconnects the feed and leaves the bus. What was polled stays accepted. */
  stop(): Promise<void>;
  state(): NodeStateName;
  health(): HealthReport;
  status(): DataNodeStatus;
  setRules(rules: CleanRules): void;
}

const statusNs = 250 * nsPerMs;
/** The directory may be large: it is read again only so often. */
const symbolsNs = 2000 * nsPerMs;
const batchCapacityDefault = 1024;
const rejectsKept = 1024;

class DataNodeAgent implements DataNode {
  readonly name = 'data';
  readonly #deps: DataNodeDeps;
  readonly #batch: TickBatch;
  readonly #refused: TickBatch;
  readonly #rejects = new RecentRejects(rejectsKept);
  readonly #appender: Appender;
  readonly #durableLag = new DurableLag();
  readonly #publisher: Publisher;
  readonly #latest: LatestTicks;
  readonly #report: StatusReport;
  readonly #metrics: DataMetrics;
  #status: DataNodeStatus;
  #leaveBus: (() => void)[] = [];
  #state: NodeStateName = 'STANDBY';
  #symbolCount: number;
  #cycles = 0;
  #statusAtNs = 0;
  #symbolsAtNs = 0;

  constructor(deps: DataNodeDeps) {
    const { database, clock, feed, cleaner, symbols } = deps;
    this.#deps = deps;
    this.#batch = createTickBatch(deps.batchCapacity ?? batchCapacityDefault);
    this.#refused = createTickBatch(this.#batch.capacity);
    this.#appender = new Appender(database, clock, deps.logger);
    this.#publisher = new Publisher(deps.rings, database);
    this.#symbolCount = symbols.all().length;
    this.#latest = new LatestTicks(this.#symbolCount + 1);
    const parts = { database, feed, cleaner, clock, durableLag: this.#durableLag };
    this.#report = new StatusReport({
      ...parts,
      appender: this.#appender,
      publisher: this.#publisher,
      symbolCount: () => this.#symbolCount,
      state: () => ({ state: this.state(), reason: this.#problem() }),
    });
    this.#metrics = new DataMetrics(deps.metrics);
    cleaner.setRules(cleanRules(deps.config));
    this.#status = this.#report.next();
  }

  doWork(): number {
    const batch = this.#batch;
    this.#cycles += 1;
    if (batch.count === 0) this.#pollAndClean(batch);
    let rows = 0;
    if (this.#appender.append(batch)) {
      const nowNs = this.#deps.clock.monotonicNs();
      this.#durableLag.note(this.#appender.position, nowNs);
      this.#publisher.publish(batch);
      this.#latest.note(batch);
      rows = batch.count;
      this.#appender.release(batch);
    }
    const nowNs = this.#deps.clock.monotonicNs();
    this.#publisher.refresh(nowNs);
    if (nowNs >= this.#statusAtNs) this.#publishStatus(nowNs);
    return rows;
  }

  #pollAndClean(batch: TickBatch): void {
    if (this.#deps.feed.poll(batch) === 0) return;
    if (this.#deps.cleaner.clean(batch, this.#refused) > 0) this.#rejects.note(this.#refused);
  }

  #publishStatus(nowNs: number): void {
    this.#statusAtNs = nowNs + statusNs;
    if (nowNs >= this.#symbolsAtNs) {
      this.#symbolsAtNs = nowNs + symbolsNs;
      this.#symbolCount = this.#deps.symbols.all().length;
    }
    this.#status = this.#report.next();
    this.#metrics.set(this.#status);
    this.#deps.bus.publish(subjects.dataStatus, this.#status);
  }

  async start(): Promise<void> {
    const { bus, feed, symbols, database } = this.#deps;
    const last = createTickBatch(1);
    for (const entry of symbols.all())
      if (database.lastTicks(entry.id, last) > 0) this.#latest.setPrice(entry.id, last.price[0]!);
    this.#leaveBus = [
      bus.respond(subjects.dataSymbols, (request) => listSymbols(symbols, this.#latest, request)),
      bus.respond(subjects.dataRejects, (limit) =>
        this.#rejects.list(typeof limit === 'number' ? limit : rejectsKept),
      ),
    ];
    await feed.connect();
    this.#state = 'ACTIVE';
  }

  async stop(): Promise<void> {
    await this.#deps.feed.disconnect();
    for (const leave of this.#leaveBus) leave();
    this.#leaveBus = [];
    this.#state = 'STANDBY';
  }

  state(): NodeStateName {
    if (this.#state === 'ACTIVE' && this.#problem() !== '') return 'DEGRADED';
    return this.#state;
  }

  #problem(): string {
    const feed = this.#deps.feed.stats();
    if (this.#appender.reason !== '') return this.#appender.reason;
    return feed.state === 'failed' ? `feed ${this.#deps.feed.name}: ${feed.reason}` : '';
  }

  health(): HealthReport {
    const problem = this.#problem();
    return { ok: problem === '', detail: problem, progress: this.#cycles };
  }

  status(): DataNodeStatus {
    return this.#status;
  }

  setRules(rules: CleanRules): void {
    this.#deps.cleaner.setRules(rules);
  }
}

export function createDataNode(deps: DataNodeDeps): DataNode {
  return new DataNodeAgent(deps);
}
