// hot: no allocation after init (but growth when new symbols appear)
// One stream of rows of several sources of the same symbols: the first good row wins, the same row
// of another source is a copy, the same row of the same source a repeat. Always: what any source
// gave goes through once, however the sources die, lag, repeat and reorder, as long as copies come
// within the window of a symbol; what is older than the window, or than what a source gave while
// it was alone, is not known to be new, and is counted as late instead of doubled.
//
// Two rows are the same when the venue numbered both and the numbers are equal; else when time,
// price and volume are. Where sources stamp rows differently, times may differ by the skew of the
// symbol, and a source's row is the oldest such that it did not give yet: rows that look the same
// within the skew are as many as a source gave that misses none.

import {
  copyTickRow,
  copyTradeRow,
  nsPerDay,
  type TickBatch,
  type TradeBatch,
  TradeFlags,
} from '@ndts/protocol';
import { LeadTable } from './lead-table.js';
import { SkewTable } from './skew-table.js';
import { type ArbitratedRows, SeenRows, seenField } from './seen-rows.js';

export interface ArbiterOptions {
  /** Rows kept of a symbol, a power of two: as many as a source may be behind. Default 256. */
  readonly window?: number;
  /** Sources at once, at most 32. Default 8. */
  readonly slots?: number;
  /** How far times of one row may differ between sources. Default: not at all. */
  readonly skew?: SkewTable;
  /** Default 2 s. */
  readonly silenceNs?: number;
  /** Default 30 s. */
  readonly returnNs?: number;
  /** Rows that nothing tells apart are as many as the source that has most of them gave, until it
   * sends again; default: they are one. */
  readonly countsAlike?: boolean;
  /** The newest rows of a symbol that went on, in any order: asked for when there are several from
   * now on. Holds until the next call. */
  readonly recall?: ((symbol: number) => ArbitratedRows) | undefined;
}

/** What a source did; latencies are behind the source that was first. */
export interface SourceStatistics {
  readonly source: number;
  readonly rows: number;
  readonly first: number;
  readonly copies: number;
  readonly repeats: number;
  readonly late: number;
  /** Rows of others, of symbols it has, that it never gave. */
  readonly missed: number;
  readonly failovers: number;
  readonly returns: number;
  /** Symbols it leads now. */
  readonly leads: number;
  readonly behindNsMean: number;
  readonly behindNsMax: number;
  /** Nearest power of two above the median, and above the 99th percentile. */
  readonly behindNsP50: number;
  readonly behindNsP99: number;
}

const buckets = 32;
const counters = 7;
const [rowsAt, firstAt, copiesAt, repeatsAt, lateAt, missedAt, behindSumAt] = [0, 1, 2, 3, 4, 5, 6];
const keepAtOnce = 4096;

/** What became of a row. */
const verdicts = { fresh: 0, copy: 1, repeat: 2, late: 3 } as const;

export class Arbiter {
  readonly leads: LeadTable;
  readonly #slots: number;
  readonly #skew: SkewTable;
  readonly #countsAlike: boolean;
  readonly #recall: ArbiterOptions['recall'];
  readonly #seen: SeenRows;
  readonly #slotOf = new Map<number, number>();
  readonly #counts: Float64Array;
  readonly #behindMax: Float64Array;
  readonly #behind: Uint32Array;
  #keep = new Uint32Array(keepAtOnce);
  #ids = new Float64Array(0);
  #passesNumbered = false;
  /** By symbol: the newest time of what went on before there were several */
  #alone = new Float64Array(0);
  /** Whose rows those were: what it gives is new all the same. */
  #aloneSlot = -1;
  /** How often there were several; and by symbol, when its rows were recalled. */
  #era = 0;
  #recalled = new Uint32Array(0);
  #baseDay = Number.NaN;
  #nowNs = 0;
  /** One above the highest slot that was ever used. */
  #used = 0;

  constructor(options: ArbiterOptions) {
    this.#slots = options.slots ?? 8;
    this.#skew = options.skew ?? new SkewTable();
    this.#countsAlike = options.countsAlike === true;
    this.#recall = options.recall;
    this.#seen = new SeenRows(options.window ?? 256);
    this.leads = new LeadTable(this.#slots, {
      silenceNs: options.silenceNs ?? 2e9,
      returnNs: options.returnNs ?? 30e9,
    });
    this.#counts = new Float64Array(this.#slots * counters);
    this.#behindMax = new Float64Array(this.#slots);
    this.#behind = new Uint32Array(this.#slots * buckets);
  }

  /** Priority: lower is better. False: there is no room for another. */
  addSource(source: number, priority: number): boolean {
    const used = new Set(this.#slotOf.values());
    const known = this.#slotOf.get(source);
    for (let slot = 0; slot < this.#slots; slot += 1) {
      if (known === undefined ? used.has(slot) : slot !== known) continue;
      this.#slotOf.set(source, slot);
      this.leads.setRank(slot, priority);
      this.#used = Math.max(this.#used, slot + 1);
      return true;
    }
    return false;
  }

  removeSource(source: number, nowNs: number): void {
    const slot = this.#slotOf.get(source);
    if (slot === undefined) return;
    this.lost(source, nowNs);
    this.#seen.forget(slot);
    this.#counts.fill(0, slot * counters, (slot + 1) * counters);
    this.#behind.fill(0, slot * buckets, (slot + 1) * buckets);
    this.#behindMax[slot] = 0;
    this.leads.forget(slot);
    this.#slotOf.delete(source);
    if (slot === this.#aloneSlot) this.#aloneSlot = -1;
  }

  /** There are several from now on. `source` was alone, 0: none was. The last rows of symbols that
   * went on before are recalled, or for noteAlone(). */
  beginMany(source: number): void {
    this.#aloneSlot = this.#slotOf.get(source) ?? -1;
    this.#era += 1;
  }

  /** The source may give again what it gave: those rows are copies, those that are recalled later
   * among them. */
  sendsAgain(source: number): void {
    const slot = this.#slotOf.get(source);
    if (slot === undefined) return;
    this.#seen.forget(slot);
    if (slot === this.#aloneSlot) this.#aloneSlot = -1;
  }

  noteAlone({ count, symbol, day, nsOfDay }: TickBatch): void {
    for (let row = 0; row < count; row += 1) {
      this.#room(symbol[row]!);
      this.#alone[symbol[row]!] = this.#timeOf(day[row]!, nsOfDay[row]!);
    }
  }

  /** Exact while a run is shorter than 104 days, and the same for equal times for ever. */
  #timeOf(day: number, nsOfDay: number): number {
    if (Number.isNaN(this.#baseDay)) this.#baseDay = day;
    return (day - this.#baseDay) * nsPerDay + nsOfDay;
  }

  /** The source is gone for now: another leads its symbols. */
  lost(source: number, nowNs: number): void {
    const slot = this.#slotOf.get(source);
    if (slot !== undefined) this.leads.lost(slot, nowNs);
  }

  /** The source lost rows of the symbol. */
  gap(symbol: number, source: number, nowNs: number): void {
    const slot = this.#slotOf.get(source);
    if (slot === undefined) return;
    this.#room(symbol);
    this.leads.gap(symbol, slot, nowNs);
  }

  /** The source that leads the symbol; 0: none ever gave a row. */
  lead(symbol: number): number {
    const slot = this.leads.lead(symbol);
    for (const [source, at] of this.#slotOf) if (at === slot) return source;
    return 0;
  }

  /** The best source but this one that gives rows of the symbol; 0: there is none. */
  other(symbol: number, source: number, nowNs: number): number {
    const slot = this.leads.other(symbol, this.#slotOf.get(source) ?? -1, nowNs);
    for (const [known, at] of this.#slotOf) if (at === slot) return known;
    return 0;
  }

  /** Keeps the rows that go through, in order, and sets batch.count. Returns how many do not. */
  ticks(batch: TickBatch, source: number, nowNs: number): number {
    const offered = batch.count;
    const kept = this.choose(batch, source, nowNs);
    if (kept === offered) return 0;
    for (let at = 0; at < kept; at += 1) {
      const row = this.#keep[at]!;
      if (row !== at) copyTickRow(batch, row, batch, at);
    }
    batch.count = kept;
    return offered - kept;
  }

  /** As ticks(); the numbers of the venue tell trades apart where it has them.
   * @param passesNumbered those that have one go through and are not remembered */
  trades(batch: TradeBatch, source: number, nowNs: number, passesNumbered = false): number {
    const offered = batch.count;
    if (this.#ids.length < offered) this.#ids = new Float64Array(2 * offered);
    for (let row = 0; row < offered; row += 1)
      this.#ids[row] = (batch.flags[row]! & TradeFlags.id) === 0 ? Number.NaN : batch.tradeId[row]!;
    const { count, day, nsOfDay, symbol, price, volume } = batch;
    const rows = { count, day, nsOfDay, symbol, price, volume, id: this.#ids };
    this.#passesNumbered = passesNumbered;
    const kept = this.choose(rows, source, nowNs);
    this.#passesNumbered = false;
    for (let at = 0; at < kept; at += 1) {
      const row = this.#keep[at]!;
      if (row !== at) copyTradeRow(batch, row, batch, at);
    }
    batch.count = kept;
    return offered - kept;
  }

  /** The rows that go through, for whoever moves them: the first `choose()` of these. */
  get kept(): Uint32Array {
    return this.#keep;
  }

  /** Good rows of one source; all of one that was not added. Returns how many go through; `kept`
   * says which. */
  choose(rows: ArbitratedRows, source: number, nowNs: number): number {
    const slot = this.#slotOf.get(source);
    if (this.#keep.length < rows.count) this.#keep = new Uint32Array(2 * rows.count);
    this.#nowNs = nowNs;
    let kept = 0;
    for (let row = 0; row < rows.count; row += 1) {
      const passes =
        slot === undefined || (this.#passesNumbered && !Number.isNaN(rows.id?.[row] ?? Number.NaN));
      if (!passes && this.#judge(rows, row, slot) !== verdicts.fresh) continue;
      this.#keep[kept] = row;
      kept += 1;
    }
    return kept;
  }

  #judge(rows: ArbitratedRows, row: number, slot: number): number {
    const symbol = rows.symbol[row]!;
    if (symbol >= this.#seen.symbols) this.#room(symbol);
    if (this.#recalled[symbol] !== this.#era) this.#recallRows(symbol);
    const time = this.#timeOf(rows.day[row]!, rows.nsOfDay[row]!);
    const skewNs = this.#skew.of(symbol);
    const place = this.#find(rows, row, time, slot, skewNs);
    const verdict =
      place >= 0
        ? this.#again(place, slot, time)
        : this.#isLate(symbol, time, slot, skewNs)
          ? verdicts.late
          : verdicts.fresh;
    const base = slot * counters;
    this.#counts[base + rowsAt]! += 1;
    this.#counts[base + firstAt + verdict]! += 1;
    if (verdict === verdicts.fresh) this.#add(rows, row, symbol, time, slot);
    if (verdict !== verdicts.late)
      this.leads.note(symbol, slot, verdict === verdicts.fresh, this.#nowNs);
    return verdict;
  }

  /** Whether it may be a row that is not known any more. */
  #isLate(symbol: number, time: number, slot: number, skewNs: number): boolean {
    if (time - skewNs <= this.#alone[symbol]! && slot !== this.#aloneSlot) return true;
    return this.#seen.mayHaveLeft(symbol, slot, time, skewNs);
  }

  #recallRows(symbol: number): void {
    this.#recalled[symbol] = this.#era;
    if (this.#recall === undefined) return;
    this.#seen.clear(symbol);
    const rows = this.#recall(symbol);
    for (let row = 0; row < rows.count; row += 1)
      this.#add(
        rows,
        row,
        symbol,
        this.#timeOf(rows.day[row]!, rows.nsOfDay[row]!),
        this.#aloneSlot,
      );
  }

  /** The place of the same row; -1: it is not there. */
  #find(rows: ArbitratedRows, row: number, time: number, slot: number, skewNs: number): number {
    const seen = this.#seen;
    const symbol = rows.symbol[row]!;
    if (time - skewNs > seen.newest(symbol)) return -1;
    const known = seen.rows;
    const id = rows.id === undefined ? Number.NaN : rows.id[row]!;
    const count = seen.count(symbol);
    let oldest = -1;
    for (let back = 1; back <= count; back += 1) {
      const place = seen.place(symbol, back);
      const difference = known[place]! - time;
      if (difference < -skewNs) break;
      if (difference > skewNs) continue;
      const knownId = known[place + seenField.id]!;
      if (!Number.isNaN(id) && !Number.isNaN(knownId)) {
        if (knownId === id) return place;
      } else if (
        known[place + seenField.price] === rows.price[row] &&
        known[place + seenField.volume] === rows.volume[row]
      ) {
        const isGiven = (known[place + seenField.given]! & (1 << slot)) !== 0;
        if (isGiven && (this.#countsAlike || seen.stamp(place, slot) !== time)) continue;
        if (isGiven || skewNs === 0) return place;
        oldest = place;
      }
    }
    return oldest;
  }

  #again(place: number, slot: number, time: number): number {
    const { rows } = this.#seen;
    const bit = 1 << slot;
    const given = rows[place + seenField.given]!;
    if ((given & bit) !== 0) return verdicts.repeat;
    rows[place + seenField.given] = (given | bit) >>> 0;
    if (this.#skew.isAny) this.#seen.setStamp(place, slot, time);
    const behindNs = this.#nowNs - rows[place + seenField.arrival]!;
    this.#counts[slot * counters + behindSumAt]! += behindNs;
    if (behindNs > this.#behindMax[slot]!) this.#behindMax[slot] = behindNs;
    const micros = behindNs / 1000;
    const bucket = 32 - Math.clz32(Math.min(micros, 0x7fff_ffff));
    this.#behind[slot * buckets + bucket]! += 1;
    return verdicts.copy;
  }

  #add(rows: ArbitratedRows, row: number, symbol: number, time: number, slot: number): void {
    const place = this.#seen.insert(symbol, time, slot, this.#onGone);
    if (place < 0) return;
    const known = this.#seen.rows;
    known[place + seenField.price] = rows.price[row]!;
    known[place + seenField.volume] = rows.volume[row]!;
    known[place + seenField.id] = rows.id === undefined ? Number.NaN : rows.id[row]!;
    known[place + seenField.arrival] = this.#nowNs;
    known[place + seenField.given] = slot < 0 ? 0 : (1 << slot) >>> 0;
    if (slot >= 0 && this.#skew.isAny) this.#seen.setStamp(place, slot, time);
  }

  /** A row leaves the window: who never gave it missed it. */
  readonly #onGone = (symbol: number, place: number): void => {
    const given = this.#seen.rows[place + seenField.given]!;
    const arrivalNs = this.#seen.rows[place + seenField.arrival]!;
    for (let slot = 0; slot < this.#used; slot += 1)
      if ((given & (1 << slot)) === 0 && this.leads.wellNs(symbol, slot) <= arrivalNs) {
        this.#counts[slot * counters + missedAt]! += 1;
        this.leads.gap(symbol, slot, this.#nowNs);
      }
  };

  #room(symbol: number): void {
    if (symbol < this.#seen.symbols) return;
    const symbols = Math.max(64, symbol + 1, 2 * this.#seen.symbols);
    this.#seen.grow(symbols);
    this.leads.grow(symbols);
    const alone = new Float64Array(symbols).fill(Number.NEGATIVE_INFINITY);
    alone.set(this.#alone);
    this.#alone = alone;
    const recalled = new Uint32Array(symbols);
    recalled.set(this.#recalled);
    this.#recalled = recalled;
  }

  /** Of the sources there are, in the order they were added. */
  statistics(): SourceStatistics[] {
    return [...this.#slotOf].map(([source, slot]) => {
      const count = (at: number): number => this.#counts[slot * counters + at]!;
      const copies = count(copiesAt);
      return {
        source,
        rows: count(rowsAt),
        first: count(firstAt),
        copies,
        repeats: count(repeatsAt),
        late: count(lateAt),
        missed: count(missedAt),
        failovers: this.leads.failovers[slot]!,
        returns: this.leads.returns[slot]!,
        leads: this.leads.led[slot]!,
        behindNsMean: copies === 0 ? 0 : count(behindSumAt) / copies,
        behindNsMax: this.#behindMax[slot]!,
        behindNsP50: this.#percentile(slot, copies, 0.5),
        behindNsP99: this.#percentile(slot, copies, 0.99),
      };
    });
  }

  #percentile(slot: number, copies: number, fraction: number): number {
    let left = Math.ceil(copies * fraction);
    if (left === 0) return 0;
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      left -= this.#behind[slot * buckets + bucket]!;
      if (left <= 0) return 2 ** bucket * 1000;
    }
    return this.#behindMax[slot]!;
  }
}
