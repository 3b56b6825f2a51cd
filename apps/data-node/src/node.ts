// hot: no allocation after init
// The data node: the first half of the tick path on one page. Trades and books go beside it, by the
// same stages (market/). Always: a tick is accepted by the engine before it is on a ring, a polled
// tick is either accepted or kept among the rejects, and a refusing engine stops polling instead of
// losing ticks.

import type { Cleaner } from '@ndts/native/clean';
import {
  type Bus,
  type Clock,
  type ConfigValues,
  createTickBatch,
  type HealthReport,
  type KindStatus,
  nextBeatNs,
  type NodeStateName,
  nsPerMs,
  subjects,
  type TickBatch,
  type Time,
} from '@ndts/protocol';
import type { Agent, AuditLog, Logger, Metrics } from '@ndts/runtime';
import {
  type BookRingWriter,
  type Database,
  eachLastTick,
  type TickRingWriter,
  type TradeRingWriter,
} from '@ndts/storage';
import { RulesKeeper } from './clean/keeper.js';
import {
  feedOf,
  namedSources,
  polledSource,
  sourceName,
  sourcesOf,
} from './arbitrate/feed-sources.js';
import { SkewTable } from './arbitrate/skew-table.js';
import { SourceStage } from './arbitrate/source-stage.js';
import { RecentRejects } from './clean/rejects.js';
import { answerRules } from './clean/requests.js';
import type { RulesTaker } from './clean/settings.js';
import { type Feed, isPolledLive } from './feed/feed.js';
import { BookPath } from './market/book-path.js';
import { TradePath } from './market/trade-path.js';
import { QualityDesk } from './quality/quality-desk.js';
import { QualityClasses } from './quality/quality-rules.js';
import { Publisher } from './ring/publisher.js';
import { SourceMetrics } from './serve/source-metrics.js';
import { DataMetrics, type DataNodeStatus, StatusReport } from './serve/status.js';
import { listSymbols, type SymbolDirectory } from './serve/symbols.js';
import { Appender } from './store/appender.js';
import { DurableLag } from './store/durable-lag.js';
import { LatestTicks } from './store/latest-ticks.js';
import { RejectSamples } from './store/reject-samples.js';
import { RejectTable } from './store/reject-table.js';
import { WallTime } from './store/wall-time.js';

export interface DataNodeDeps {
  readonly config: ConfigValues;
  readonly feed: Feed;
  readonly cleaner: Cleaner;
  readonly database: Database;
  readonly rings: TickRingWriter;
  /** Absent: trades are not taken. */
  readonly tradeRings?: TradeRingWriter;
  /** Absent: nor are books. */
  readonly bookRings?: BookRingWriter;
  readonly symbols: SymbolDirectory;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** The symbol of what feeds could not read, for samples of it among the rejects; undefined: in
   * tests, and none are kept. */
  readonly noSymbol?: () => Promise<number>;
  /** Changes of the cleaning rules are recorded there; undefined: in tests. */
  readonly audit?: Pick<AuditLog, 'record'>;
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
}

const statusNs = 250 * nsPerMs;
const haltsNs = 10 * nsPerMs;
/** The directory may be large: it is read again only so often. */
const symbolsNs = 2000 * nsPerMs;
const batchCapacityDefault = 1024;
const rejectsKept = 1024;
/** Rows of books polled at once, as a multiple of ticks: a message has several. */
const bookRowsPerTick = 4;
class DataNodeAgent implements DataNode {
  readonly name = 'data';
  readonly #deps: DataNodeDeps;
  readonly #batch: TickBatch;
  readonly #refused: TickBatch;
  readonly #now = new WallTime();
  readonly #recentRejects = new RecentRejects(rejectsKept);
  readonly #skew = new SkewTable();
  readonly #stage: SourceStage;
  readonly #rules: RulesKeeper;
  readonly #rejects: RejectTable;
  readonly #samples: RejectSamples;
  readonly #appender: Appender<TickBatch>;
  readonly #durableLag = new DurableLag();
  readonly #publisher: Publisher<TickBatch>;
  readonly #trades: TradePath | undefined;
  readonly #books: BookPath | undefined;
  readonly #latest: LatestTicks;
  readonly #quality: QualityDesk;
  readonly #report: StatusReport;
  readonly #metrics: DataMetrics;
  readonly #sourceMetrics: SourceMetrics;
  #status: DataNodeStatus;
  #leaveBus: (() => void)[] = [];
  #state: NodeStateName = 'STANDBY';
  #symbolCount: number;
  #cycles = 0;
  #statusAtNs = 0;
  #haltsAtNs = 0;
  #symbolsAtNs = 0;
  #isClean = true;
  /** Of the batch. */
  #source = 0;
  #isLive = true;

  constructor(deps: DataNodeDeps) {
    const { database, clock, feed, symbols } = deps;
    this.#deps = deps;
    this.#batch = createTickBatch(deps.batchCapacity ?? batchCapacityDefault);
    const { capacity } = this.#batch;
    this.#refused = createTickBatch(capacity);
    const lastTicks = (take: (batch: TickBatch) => void): void =>
      eachLastTick(database, symbols.all(), take);
    const { cleaner } = deps;
    this.#stage = new SourceStage({ cleaner, skew: this.#skew, capacity, lastTicks });
    const { cleaners, desk } = this.#stage;
    this.#trades = this.#makeTrades();
    this.#rules = new RulesKeeper({ ...deps, cleaner: this.#cleaners(), audit: deps.audit });
    if (this.#trades !== undefined) this.#trades.cover = (rows) => this.#rules.cover(rows);
    this.#rejects = new RejectTable({ ...deps, capacity });
    this.#samples = new RejectSamples({ ...deps, noSymbol: deps.noSymbol });
    this.#appender = new Appender((rows) => database.appendTicks(rows), clock, deps.logger);
    this.#publisher = new Publisher(deps.rings, database);
    this.#symbolCount = symbols.all().length;
    this.#latest = new LatestTicks(this.#symbolCount + 1);
    this.#quality = new QualityDesk({
      ...deps,
      classes: new QualityClasses(deps.config.quality, () => this.#rules.rules),
      sourceName: (source) => sourceName(feed, source),
      other: (symbol, source) => desk.other(symbol, source, clock.monotonicNs()),
    });
    this.#books = this.#makeBooks();
    const parts = { database, feed, clock, durableLag: this.#durableLag };
    this.#report = new StatusReport({
      ...parts,
      cleaner: cleaners,
      sources: () => namedSources(feed),
      arbitration: () => desk.statistics(),
      appender: this.#appender,
      publisher: this.#publisher,
      kinds: () => this.#kinds(),
      symbolCount: () => this.#symbolCount,
      rulesProblem: () => this.#rules.problem,
      state: () => ({ state: this.state(), reason: this.#problem() }),
    });
    this.#metrics = new DataMetrics(deps.metrics);
    this.#sourceMetrics = new SourceMetrics(deps.metrics);
    this.#status = this.#report.next();
  }

  #makeTrades(): TradePath | undefined {
    const { tradeRings: rings, clock } = this.#deps;
    if (rings === undefined) return undefined;
    const { capacity } = this.#batch;
    const now = (): Time => this.#now.read(clock);
    return new TradePath({ ...this.#deps, rings, capacity, skew: this.#skew, now });
  }

  #makeBooks(): BookPath | undefined {
    const { bookRings: rings, config } = this.#deps;
    if (rings === undefined) return undefined;
    const { quality } = this.#quality;
    return new BookPath({
      ...this.#deps,
      rings,
      capacity: bookRowsPerTick * this.#batch.capacity,
      crossed: config.feed.crossedBooks,
      lead: (symbol) => this.#stage.desk.lead(symbol),
      onGap: (symbol, nowNs) => quality.gap(symbol, nowNs),
      onWhole: (symbol, nowNs) => quality.repaired(symbol, nowNs),
    });
  }

  /** Those of ticks and of trades have the same rules. */
  #cleaners(): RulesTaker {
    const all: readonly RulesTaker[] = [
      this.#skew,
      this.#stage.cleaners,
      ...(this.#trades === undefined ? [] : [this.#trades.cleaner]),
    ];
    return {
      setRules: (rules) => {
        for (const one of all) one.setRules(rules);
      },
      assign: (symbol, plan) => {
        for (const one of all) one.assign(symbol, plan);
      },
    };
  }

  #kinds(): KindStatus[] {
    const nowNs = this.#deps.clock.monotonicNs();
    return [this.#trades, this.#books]
      .filter((path) => path !== undefined)
      .map((path) => path.status(nowNs));
  }

  doWork(): number {
    const batch = this.#batch;
    this.#cycles += 1;
    if (batch.count === 0 && !this.#rejects.isWaiting) this.#poll(batch);
    if (!this.#isClean) this.#clean(batch);
    let rows = 0;
    if (this.#appender.append(batch)) {
      const nowNs = this.#deps.clock.monotonicNs();
      this.#durableLag.note(this.#appender.position, nowNs);
      this.#publisher.publish(batch);
      this.#latest.note(batch);
      rows = batch.count;
      this.#rejects.place(batch);
      this.#appender.release(batch);
    } else if (batch.count === 0) this.#rejects.place(batch);
    this.#rejects.append();
    const nowNs = this.#deps.clock.monotonicNs();
    this.#publisher.refresh(nowNs);
    rows += this.#trades?.doWork(nowNs) ?? 0;
    rows += this.#books?.doWork(nowNs) ?? 0;
    if (nowNs >= this.#haltsAtNs) this.#lookForHalts(nowNs);
    if (this.#state === 'ACTIVE') this.#quality.doWork(nowNs);
    if (nowNs >= this.#statusAtNs) this.#publishStatus(nowNs);
    return rows;
  }

  dueNs(): number | undefined {
    const isHeld = this.#batch.count > 0 || this.#rejects.isWaiting;
    const feedNs = this.#deps.feed.dueNs?.();
    if (isHeld || this.#state !== 'ACTIVE' || feedNs === undefined) return undefined;
    const tradesNs = this.#trades === undefined ? Infinity : this.#trades.dueNs();
    if (tradesNs === undefined) return undefined;
    const booksNs = this.#books?.dueNs() ?? Infinity;
    return Math.min(feedNs, this.#statusAtNs, this.#publisher.dueNs(), tradesNs, booksNs);
  }

  #poll(batch: TickBatch): void {
    const { feed } = this.#deps;
    this.#isClean = feed.poll(batch) === 0;
    this.#source = polledSource(feed);
    this.#isLive = isPolledLive(feed);
  }

  #clean(batch: TickBatch): void {
    const { clock, feed } = this.#deps;
    const refused = this.#refused;
    const source = this.#source;
    const isLive = this.#isLive;
    this.#rules.cover(batch);
    const nowNs = clock.monotonicNs();
    const now = this.#now.read(clock);
    const { desk } = this.#stage;
    if (desk.isUnknown(source)) this.#stage.setSources(namedSources(feed), nowNs);
    this.#stage.pass(batch, refused, source, nowNs, isLive ? now : undefined);
    if (refused.count > 0) {
      const from = feedOf(feed, source);
      for (let row = 0; row < refused.count; row += 1)
        from?.noteRefused?.('tick', refused.sequence[row]!, refused.flags[row]!);
      this.#rejects.note(refused, sourceName(feed, source), isLive, now);
      this.#recentRejects.note(refused);
      this.#quality.noteRefused(refused);
      this.#rejects.order(batch);
    }
    this.#quality.mark(batch, source);
    this.#isClean = true;
  }

  #lookForHalts(nowNs: number): void {
    this.#haltsAtNs = nowNs + haltsNs;
    for (const { source, feed } of sourcesOf(this.#deps.feed))
      feed.pollHalts?.((symbol, isHalted) => this.#quality.noteHalt(source, symbol, isHalted));
  }

  #publishStatus(nowNs: number): void {
    this.#statusAtNs = nextBeatNs(nowNs, statusNs);
    if (nowNs >= this.#symbolsAtNs) {
      this.#symbolsAtNs = nowNs + symbolsNs;
      this.#symbolCount = this.#deps.symbols.all().length;
      this.#quality.watchAll();
    }
    this.#rules.poll(nowNs);
    const named = namedSources(this.#deps.feed);
    this.#stage.setSources(named, nowNs);
    const sources = sourcesOf(this.#deps.feed);
    this.#quality.keepHaltsOf(new Set(sources.map(({ source }) => source)));
    for (const { source, feed } of sources) {
      const stats = feed.stats();
      this.#quality.noteFeed(source, stats);
      this.#samples.note(feed, stats.malformed);
      this.#sourceMetrics.setFeed(feed.name, stats);
    }
    this.#samples.flush(nowNs);
    this.#sourceMetrics.keepFeeds(new Set(named.map(({ name }) => name)));
    this.#trades?.setSources(named, nowNs);
    this.#books?.setSources(named);
    this.#quality.count();
    this.#status = this.#report.next();
    this.#metrics.set(this.#status);
    this.#sourceMetrics.setArbitration(this.#status.arbitration);
    this.#deps.bus.publish(subjects.dataStatus, this.#status);
  }

  async start(): Promise<void> {
    const { bus, feed, symbols, database } = this.#deps;
    eachLastTick(database, symbols.all(), (last) => {
      for (let row = 0; row < last.count; row += 1)
        this.#latest.setPrice(last.symbol[row]!, last.price[row]!);
    });
    this.#leaveBus = [
      bus.respond(subjects.dataSymbols, (request) => listSymbols(symbols, this.#latest, request)),
      bus.respond(subjects.dataRejects, (limit) =>
        this.#recentRejects.list(typeof limit === 'number' ? limit : rejectsKept),
      ),
      ...answerRules(bus, this.#rules, this.#deps),
    ];
    this.#quality.open();
    await feed.connect();
    this.#state = 'ACTIVE';
  }

  async stop(): Promise<void> {
    await this.#deps.feed.disconnect();
    for (const leave of this.#leaveBus) leave();
    this.#leaveBus = [];
    this.#quality.close();
    this.#stage.close();
    this.#trades?.close();
    this.#state = 'STANDBY';
  }

  state(): NodeStateName {
    if (this.#state === 'ACTIVE' && this.#problem() !== '') return 'DEGRADED';
    return this.#state;
  }

  #problem(): string {
    const feed = this.#deps.feed.stats();
    if (this.#appender.reason !== '') return this.#appender.reason;
    if (this.#rejects.reason !== '') return this.#rejects.reason;
    const held = this.#trades?.reason || this.#books?.reason || '';
    if (held !== '') return held;
    return feed.state === 'failed' ? `feed ${this.#deps.feed.name}: ${feed.reason}` : '';
  }

  health(): HealthReport {
    const problem = this.#problem();
    return { ok: problem === '', detail: problem, progress: this.#cycles };
  }

  status(): DataNodeStatus {
    return this.#status;
  }
}

export function createDataNode(deps: DataNodeDeps): DataNode {
  return new DataNodeAgent(deps);
}
