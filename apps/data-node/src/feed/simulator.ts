// hot: no allocation after init
// The seeded market: every symbol walks, a few ticks in a million are dirty, and the whole is
// reproducible to the bit. The schedule is open loop: tick i is due at start + i / rate and
// carries that time, so a stall of whoever polls shows as latency and is never left out. Always:
// the ticks depend on seed, symbols, last prices and start time only, not on how polls cut them
// into batches.

import {
  type Clock,
  NdtsError,
  nsPerDay,
  nsPerMs,
  nsPerSecond,
  type TickBatch,
  type Time,
  type TradeBatch,
} from '@ndts/protocol';
import type { BookChangeBatch } from './batches.js';
import { allDirtKinds, type DirtKind, dirtKinds, soil } from './dirt.js';
import { Draws } from './draws.js';
import {
  type Feed,
  type FeedAbilities,
  type FeedReject,
  type FeedState,
  type FeedStats,
  type FeedSymbol,
  noStats,
  type TakeHalt,
  pollNothing,
} from './feed.js';
import { PriceWalk } from './price-walk.js';
import {
  burstFactor,
  type MarketEvents,
  type MarketOptions,
  SimulatedMarket,
} from './simulated-market.js';
import { SimulatedDepth } from './simulated-depth.js';
import { Subscriptions } from './subscriptions.js';

export interface SimulatorOptions extends MarketOptions {
  readonly symbols: readonly FeedSymbol[];
  /** Over all symbols; 0 pauses. */
  readonly ticksPerSecond: number;
  readonly seed: number;
  readonly dirtPerMillion: number;
  /** Which kinds are made; default: those that the default rules refuse. */
  readonly dirt?: readonly DirtKind[];
  readonly clock: Clock;
  /** By symbol id: prices to go on from, so that a restart shows no jump. */
  readonly lastPrices?: ReadonlyMap<number, number>;
  /** Whether clean ticks make trades, and changes of books; default: neither. */
  readonly trades?: boolean;
  readonly books?: boolean;
  /** How far behind their symbol out-of-order ticks are; more than the cleaner tolerates. */
  readonly disorderMs?: number;
  /** Ticks that waited longer than this are given up and counted, as a venue would. */
  readonly backlogMsMax?: number;
  /** Time of the first tick of fill() when the feed was never connected; the clock's by default. */
  readonly start?: Time;
}

const fillPeriodNs = 1000;

export class Simulator implements Feed {
  readonly name = 'simulator';
  readonly abilities: FeedAbilities;
  readonly #depth: SimulatedDepth | undefined;
  readonly #clock: Clock;
  readonly #ids: Uint32Array;
  readonly #draws: Draws;
  readonly #walk: PriceWalk;
  readonly #dirtPerMillion: number;
  readonly #disorderNs: number;
  readonly #backlogNsMax: number;
  /** Time and content of the last clean tick by symbol index; day -1: none yet. */
  readonly #lastDay: Float64Array;
  readonly #lastNsOfDay: Float64Array;
  readonly #lastPrice: Float64Array;
  readonly #lastVolume: Float64Array;
  readonly #lastBid: Float64Array;
  readonly #lastAsk: Float64Array;
  readonly #kinds: readonly DirtKind[];
  readonly #dirt: Float64Array;
  readonly #market: SimulatedMarket;
  readonly #wanted = new Subscriptions();
  #state: FeedState = 'disconnected';
  #ticksPerSecond: number;
  /** Tick k of this stretch of the schedule is due at base + origin + k * period. */
  #base: Time;
  #originNs = 0;
  #periodNs: number;
  #index = 0;
  /** Of the ticks of a burst that share one period. */
  #within = 0;
  #polled = 0;
  #skipped = 0;

  constructor(options: SimulatorOptions) {
    const count = options.symbols.length;
    if (count < 1) throw new NdtsError('INVALID_ARGUMENT', 'expected at least one symbol, found 0');
    this.#clock = options.clock;
    this.#ids = Uint32Array.from(options.symbols, (symbol) => symbol.id);
    this.#draws = new Draws(options.seed);
    const starts = Float64Array.from(
      options.symbols,
      (symbol) => options.lastPrices?.get(symbol.id) ?? Number.NaN,
    );
    const names = options.symbols.map((symbol) => symbol.name);
    this.#walk = new PriceWalk(names, options.seed, starts);
    const { trades = false, books = false } = options;
    this.abilities = { trades, book: books, waits: false, repairs: false };
    const walk = this.#walk;
    const tickSize = (index: number): number => walk.tickSize(index);
    if (trades || books)
      this.#depth = new SimulatedDepth({ trades, books, ids: this.#ids, tickSize });
    this.#dirtPerMillion = options.dirtPerMillion;
    this.#kinds = options.dirt ?? dirtKinds;
    this.#dirt = new Float64Array(this.#kinds.length);
    this.#market = new SimulatedMarket(count, options);
    this.#disorderNs = (options.disorderMs ?? 5000) * nsPerMs;
    this.#backlogNsMax = (options.backlogMsMax ?? 10_000) * nsPerMs;
    this.#lastDay = new Float64Array(count).fill(-1);
    this.#lastNsOfDay = new Float64Array(count);
    this.#lastPrice = new Float64Array(count);
    this.#lastVolume = new Float64Array(count);
    this.#lastBid = new Float64Array(count);
    this.#lastAsk = new Float64Array(count);
    this.#ticksPerSecond = options.ticksPerSecond;
    this.#periodNs = nsPerSecond / options.ticksPerSecond;
    this.#base = options.start ?? options.clock.now();
  }

  async connect(): Promise<void> {
    if (this.#state === 'connected') return;
    this.#base = this.#clock.wallOffset;
    this.#originNs = this.#clock.monotonicNs();
    this.#index = 0;
    this.#within = 0;
    this.#state = 'connected';
  }

  async disconnect(): Promise<void> {
    this.#state = 'disconnected';
    this.#skipped += this.#depth?.clear() ?? 0;
  }

  subscribe(symbols: readonly FeedSymbol[]): void {
    this.#wanted.add(symbols);
  }

  unsubscribe(symbols: readonly FeedSymbol[]): void {
    this.#wanted.remove(symbols);
    for (const { id } of symbols) this.#depth?.drop(id);
  }

  pollTrades(batch: TradeBatch): number {
    return this.#depth?.takeTrades(batch) ?? pollNothing(batch);
  }

  pollBook(batch: BookChangeBatch): number {
    return this.#depth?.takeBook(batch) ?? pollNothing(batch);
  }

  resyncBook(symbols: readonly FeedSymbol[]): void {
    for (const { id } of symbols) this.#depth?.whole(id);
  }

  rejects(): readonly FeedReject[] {
    return [];
  }

  get ticksPerSecond(): number {
    return this.#ticksPerSecond;
  }

  /** Hot: the next tick keeps its due time unless the new rate brings it earlier. */
  setTicksPerSecond(ticksPerSecond: number): void {
    if (ticksPerSecond === this.#ticksPerSecond) return;
    const periodNs = nsPerSecond / ticksPerSecond;
    const nowNs = this.#clock.monotonicNs();
    const nextNs = this.#ticksPerSecond === 0 ? nowNs : this.#dueNs();
    this.#originNs = Math.min(nextNs, nowNs + periodNs);
    this.#index = 0;
    this.#within = 0;
    this.#periodNs = periodNs;
    this.#ticksPerSecond = ticksPerSecond;
  }

  poll(batch: TickBatch): number {
    batch.count = 0;
    if (this.#state !== 'connected' || this.#ticksPerSecond === 0) return 0;
    const nowNs = this.#clock.monotonicNs();
    this.#giveUpBefore(nowNs - this.#backlogNsMax);
    return this.#emitUntil(batch, nowNs);
  }

  dueNs(): number {
    const isRunning = this.#state === 'connected' && this.#ticksPerSecond > 0;
    if (isRunning) this.#passClosed();
    return isRunning ? this.#dueNs() : Number.POSITIVE_INFINITY;
  }

  /** For benches: fills the whole batch at once, without a clock. */
  fill(batch: TickBatch): number {
    if (this.#ticksPerSecond === 0) this.#periodNs = fillPeriodNs;
    return this.#emitUntil(batch, Number.POSITIVE_INFINITY);
  }

  pollHalts(take: TakeHalt): void {
    this.#market.pollHalts(this.#dueNs(), (index, isHalted) => take(this.#ids[index]!, isHalted));
  }

  stats(): FeedStats {
    const behindNs = this.#clock.monotonicNs() - this.#dueNs();
    const isRunning = this.#state === 'connected' && this.#ticksPerSecond > 0;
    const { gaps, lost } = this.#market.events();
    return {
      ...noStats,
      state: this.#state,
      polled: this.#polled,
      trades: this.#depth?.polledTrades ?? 0,
      bookRows: this.#depth?.polledBookRows ?? 0,
      skipped: this.#skipped + lost,
      backlog: isRunning && behindNs >= 0 ? Math.floor(behindNs / this.#periodNs) + 1 : 0,
      gaps,
    };
  }

  /** What the market did beside walking. */
  marketEvents(): MarketEvents {
    return this.#market.events();
  }

  /** How many ticks of each kind of dirt were made. */
  dirt(): Readonly<Record<DirtKind, number>> {
    const counts = allDirtKinds.map(
      (kind) => [kind, this.#dirt[this.#kinds.indexOf(kind)] ?? 0] as const,
    );
    return Object.fromEntries(counts) as Record<DirtKind, number>;
  }

  #dueNs(): number {
    const periods = this.#index + this.#within / burstFactor;
    return Math.floor(this.#originNs + periods * this.#periodNs);
  }

  /** While the market is closed nothing is due: on to its opening. */
  #passClosed(): void {
    if (this.#market.isAlwaysOpen) return;
    const dueNs = this.#dueNs();
    const nsOfDay = this.#base.nsOfDay + dueNs;
    const days = Math.floor(nsOfDay / nsPerDay);
    const closedNs = this.#market.closedNs(this.#base.day + days, nsOfDay - days * nsPerDay);
    if (closedNs === 0) return;
    this.#within = 0;
    this.#index += Math.ceil((closedNs + dueNs - this.#originNs) / this.#periodNs) - this.#index;
  }

  #giveUpBefore(limitNs: number): void {
    this.#passClosed();
    const lateNs = limitNs - this.#dueNs();
    if (lateNs <= 0) return;
    const count = Math.floor(lateNs / this.#periodNs);
    this.#index += count;
    this.#skipped += count;
  }

  #emitUntil(batch: TickBatch, limitNs: number): number {
    const capacity = batch.capacity;
    let row = 0;
    while (row < capacity && (this.#depth?.hasRoom ?? true)) {
      this.#passClosed();
      const dueNs = this.#dueNs();
      if (dueNs > limitNs) break;
      if (this.#emit(batch, row, dueNs)) row += 1;
      this.#advance();
    }
    this.#polled += row;
    batch.count = row;
    return row;
  }

  #advance(): void {
    if (this.#market.burstLeft > 0 && this.#within < burstFactor - 1) {
      this.#within += 1;
      return;
    }
    this.#within = 0;
    this.#index += 1;
  }

  /** False: nothing came of it, or nobody wants it. */
  #emit(batch: TickBatch, row: number, dueNs: number): boolean {
    let day = this.#base.day;
    let nsOfDay = this.#base.nsOfDay + dueNs;
    if (nsOfDay >= nsPerDay) {
      const over = Math.floor(nsOfDay / nsPerDay);
      day += over;
      nsOfDay -= over * nsPerDay;
    }
    const index = this.#market.choose(this.#draws, dueNs, nsOfDay);
    if (index < 0) return false;
    const walk = this.#walk;
    walk.step(index, this.#draws);
    if (this.#market.isLost(this.#draws, index)) return false;
    batch.day[row] = day;
    batch.nsOfDay[row] = nsOfDay;
    batch.price[row] = walk.price;
    batch.volume[row] = walk.volume;
    batch.bid[row] = walk.bid;
    batch.ask[row] = walk.ask;
    batch.bidVolume[row] = walk.bidVolume;
    batch.askVolume[row] = walk.askVolume;
    batch.symbol[row] = this.#ids[index]!;
    batch.flags[row] = 0;
    if (this.#draws.below(1_000_000) < this.#dirtPerMillion) {
      this.#makeDirty(batch, row, index);
      return this.#wanted.isAll || this.#wanted.has(this.#ids[index]!);
    }
    this.#lastDay[index] = day;
    this.#lastNsOfDay[index] = nsOfDay;
    this.#lastPrice[index] = walk.price;
    this.#lastVolume[index] = walk.volume;
    this.#lastBid[index] = walk.bid;
    this.#lastAsk[index] = walk.ask;
    if (!this.#wanted.isAll && !this.#wanted.has(this.#ids[index]!)) return false;
    this.#depth?.note(index, walk, day, nsOfDay);
    return true;
  }

  #makeDirty(batch: TickBatch, row: number, index: number): void {
    let place = this.#draws.below(this.#kinds.length);
    const hasLast = this.#lastDay[index]! >= 0;
    const needsLast = this.#kinds[place] === 'duplicate' || this.#kinds[place] === 'outOfOrder';
    if (!hasLast && needsLast) place = 0;
    const kind = this.#kinds[place]!;
    this.#dirt[place]! += 1;
    if (kind === 'duplicate') {
      batch.day[row] = this.#lastDay[index]!;
      batch.nsOfDay[row] = this.#lastNsOfDay[index]!;
      batch.price[row] = this.#lastPrice[index]!;
      batch.volume[row] = this.#lastVolume[index]!;
      batch.bid[row] = this.#lastBid[index]!;
      batch.ask[row] = this.#lastAsk[index]!;
    } else if (kind === 'outOfOrder') {
      const nsOfDay = this.#lastNsOfDay[index]! - this.#disorderNs;
      batch.day[row] = this.#lastDay[index]! - (nsOfDay < 0 ? 1 : 0);
      batch.nsOfDay[row] = nsOfDay < 0 ? nsOfDay + nsPerDay : nsOfDay;
    } else {
      soil(batch, row, kind, this.#walk.tickSize(index));
    }
  }
}

/** SIM0001, SIM0002 ... */
export function simulatorSymbolNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `SIM${String(index + 1).padStart(4, '0')}`);
}
