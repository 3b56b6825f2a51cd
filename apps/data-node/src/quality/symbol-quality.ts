// hot: no allocation after init (but growth when new symbols appear)
// How far the data of each symbol can be trusted: a state machine per symbol over flat arrays,
// driven by good ticks, by what feeds say (ticks lost, halt, source lost) and by a clock that the
// caller reads. Always: the state follows from what was told and from the times it was told with,
// on nothing else; what is wrong shows at once and goes by itself, but only after it was over for
// the settle time of the symbol's class, so that a source that comes and goes does not flicker.

import { CleanReason, QualityState, type TickBatch, TickFlags } from '@ndts/protocol';

export interface QualityLimits {
  /** Without a good tick for longer: STALE. 0: never. */
  readonly staleNs: number;
  /** For this long after a loss, and until a tick came behind it: GAPPED. */
  readonly gapNs: number;
  /** Bid above ask for this long: CROSSED. */
  readonly crossedNs: number;
  /** How long something must be over before it is forgotten. */
  readonly settleNs: number;
}

export interface QualityRules {
  /** The first is that of symbols nobody named. */
  readonly classes: readonly QualityLimits[];
  /** By symbol id; those beyond it have class 0. */
  readonly classOf: Uint16Array;
}

/** A change of what is wrong. The object is used again for the next one. */
export interface QualityChange {
  symbol: number;
  /** Bits of TickFlags. */
  before: number;
  flags: number;
  reason: string;
  /** 0: none in particular. */
  source: number;
}

export const qualityBits =
  TickFlags.stale | TickFlags.gapped | TickFlags.crossed | TickFlags.halted;

const faults = [TickFlags.stale, TickFlags.gapped, TickFlags.crossed, TickFlags.halted] as const;
const reasonOf: Readonly<Record<number, string>> = {
  [TickFlags.stale]: 'no good tick',
  [TickFlags.gapped]: 'ticks lost',
  [TickFlags.crossed]: 'bid above ask',
  [TickFlags.halted]: 'halt',
};
const noLimits: QualityLimits = { staleNs: 0, gapNs: 0, crossedNs: 0, settleNs: 0 };

/** The state of all that is wrong: what the venue says first, then what is least to be trusted. */
export function stateOfFlags(flags: number): QualityState {
  if ((flags & TickFlags.halted) !== 0) return QualityState.HALTED;
  if ((flags & TickFlags.stale) !== 0) return QualityState.STALE;
  if ((flags & TickFlags.gapped) !== 0) return QualityState.GAPPED;
  return (flags & TickFlags.crossed) !== 0 ? QualityState.CROSSED : QualityState.GOOD;
}

export class SymbolQuality {
  readonly #onChange: (change: QualityChange) => void;
  readonly #change: QualityChange = { symbol: 0, before: 0, flags: 0, reason: '', source: 0 };
  #rules: QualityRules;
  #watched = new Uint8Array(0);
  /** What is told now. */
  #flags = new Uint8Array(0);
  #halted = new Uint8Array(0);
  /** The source of the last good tick, and whether it was lost since. */
  #source = new Uint32Array(0);
  #lost = new Uint8Array(0);
  /** Times of the caller's clock; NaN: never, or over. */
  #watchedNs = new Float64Array(0);
  #tickNs = new Float64Array(0);
  #gapNs = new Float64Array(0);
  #crossedNs = new Float64Array(0);
  #changedNs = new Float64Array(0);
  /** When each fault was true last: four of a symbol. */
  #trueNs = new Float64Array(0);
  #end = 0;
  #sweepAt = 0;

  /** `onChange` is called within the calls below and may not call back. */
  constructor(rules: QualityRules, onChange: (change: QualityChange) => void) {
    this.#rules = rules;
    this.#onChange = onChange;
  }

  /** One above the highest symbol that is watched. */
  get end(): number {
    return this.#end;
  }

  /** Takes effect with the next tick or sweep; what is known of the symbols stays. */
  setRules(rules: QualityRules): void {
    this.#rules = rules;
  }

  isWatched(symbol: number): boolean {
    return this.#watched[symbol] === 1;
  }

  flags(symbol: number): number {
    return this.#flags[symbol] ?? 0;
  }

  /** Since when it has been like this. */
  sinceNs(symbol: number): number {
    const changedNs = this.#changedNs[symbol] ?? Number.NaN;
    return Number.isNaN(changedNs) ? (this.#watchedNs[symbol] ?? Number.NaN) : changedNs;
  }

  /** Of the last good tick; NaN: none. */
  tickNs(symbol: number): number {
    return this.#tickNs[symbol] ?? Number.NaN;
  }

  /** From now on a tick of the symbol is expected. Again: nothing happens. */
  watch(symbol: number, nowNs: number): void {
    if (symbol >= this.#watched.length) this.#grow(symbol + 1);
    if (this.#watched[symbol] === 1) return;
    this.#watched[symbol] = 1;
    this.#watchedNs[symbol] = nowNs;
    if (symbol >= this.#end) this.#end = symbol + 1;
  }

  /** Good ticks, all of one source: what is told of their symbols goes into their flags. */
  noteTicks(batch: TickBatch, source: number, nowNs: number): void {
    for (let row = 0; row < batch.count; row += 1) {
      const symbol = batch.symbol[row]!;
      if (this.#watched[symbol] !== 1) this.watch(symbol, nowNs);
      const limits = this.#limits(symbol);
      // First as of now without this tick: a silence that no sweep saw has to settle, too.
      if (limits.staleNs > 0) this.#judge(symbol, limits, nowNs);
      this.#tickNs[symbol] = nowNs;
      this.#source[symbol] = source;
      this.#lost[symbol] = 0;
      const bid = batch.bid[row]!;
      const ask = batch.ask[row]!;
      if (!(bid > ask && ask > 0)) this.#crossedNs[symbol] = Number.NaN;
      else if (Number.isNaN(this.#crossedNs[symbol]!)) this.#crossedNs[symbol] = nowNs;
      this.#judge(symbol, limits, nowNs);
      batch.flags[row]! |= this.#flags[symbol]!;
    }
  }

  /** Rows that cleaning refused, their reason in `flags`: crossed ones say how the book is. */
  noteRefused(batch: TickBatch, nowNs: number): void {
    for (let row = 0; row < batch.count; row += 1) {
      if (batch.flags[row] !== CleanReason.crossed) continue;
      const symbol = batch.symbol[row]!;
      if (this.#watched[symbol] !== 1) continue;
      if (Number.isNaN(this.#crossedNs[symbol]!)) this.#crossedNs[symbol] = nowNs;
      this.#judge(symbol, this.#limits(symbol), nowNs);
    }
  }

  /** Ticks of the symbol were lost. */
  gap(symbol: number, nowNs: number): void {
    this.watch(symbol, nowNs);
    this.#gapNs[symbol] = nowNs;
    this.#judge(symbol, this.#limits(symbol), nowNs);
  }

  /** Those lost came after all. */
  repaired(symbol: number, nowNs: number): void {
    this.watch(symbol, nowNs);
    this.#gapNs[symbol] = Number.NaN;
    this.#judge(symbol, this.#limits(symbol), nowNs);
  }

  halt(symbol: number, isHalted: boolean, nowNs: number): void {
    this.watch(symbol, nowNs);
    this.#halted[symbol] = isHalted ? 1 : 0;
    this.#judge(symbol, this.#limits(symbol), nowNs);
  }

  /** A source is gone: symbols whose last tick came from it are those of another one that gives
   * them, too; without one they are STALE until any source has a tick.
   * @param other 0: there is none */
  lost(source: number, nowNs: number, other: (symbol: number) => number = () => 0): void {
    for (let symbol = 0; symbol < this.#end; symbol += 1) {
      if (this.#source[symbol] !== source || Number.isNaN(this.#tickNs[symbol]!)) continue;
      const next = other(symbol);
      if (next !== 0) {
        this.#source[symbol] = next;
        continue;
      }
      this.#lost[symbol] = 1;
      this.#judge(symbol, this.#limits(symbol), nowNs);
    }
  }

  /** A source lost ticks and does not say of which symbols: those whose last tick it gave. */
  gapAtSource(source: number, nowNs: number): void {
    for (let symbol = 0; symbol < this.#end; symbol += 1) {
      if (this.#source[symbol] !== source || Number.isNaN(this.#tickNs[symbol]!)) continue;
      this.gap(symbol, nowNs);
    }
  }

  /** Looks at the next `count` symbols, in turn: what time alone changes. */
  sweep(nowNs: number, count: number): void {
    for (let step = Math.min(count, this.#end); step > 0; step -= 1) {
      const symbol = this.#sweepAt < this.#end ? this.#sweepAt : 0;
      this.#sweepAt = symbol + 1;
      if (this.#watched[symbol] === 1) this.#judge(symbol, this.#limits(symbol), nowNs);
    }
  }

  #limits(symbol: number): QualityLimits {
    const { classes, classOf } = this.#rules;
    return classes[classOf[symbol] ?? 0] ?? classes[0] ?? noLimits;
  }

  /** What is wrong with the symbol now, by itself. */
  #wrong(symbol: number, limits: QualityLimits, nowNs: number): number {
    const tickNs = this.#tickNs[symbol]!;
    const heardNs = Number.isNaN(tickNs) ? this.#watchedNs[symbol]! : tickNs;
    const gapNs = this.#gapNs[symbol]!;
    let wrong = 0;
    if (this.#lost[symbol] === 1 || (limits.staleNs > 0 && nowNs - heardNs > limits.staleNs))
      wrong |= TickFlags.stale;
    // A NaN compares as false.
    if (nowNs - gapNs < limits.gapNs || heardNs < gapNs) wrong |= TickFlags.gapped;
    if (nowNs - this.#crossedNs[symbol]! >= limits.crossedNs) wrong |= TickFlags.crossed;
    if (this.#halted[symbol] === 1) wrong |= TickFlags.halted;
    return wrong;
  }

  #judge(symbol: number, limits: QualityLimits, nowNs: number): void {
    const before = this.#flags[symbol]!;
    const wrong = this.#wrong(symbol, limits, nowNs);
    if ((wrong | before) === 0) return;
    let flags = wrong;
    for (let fault = 0; fault < faults.length; fault += 1) {
      const bit = faults[fault]!;
      if ((wrong & bit) !== 0) this.#trueNs[4 * symbol + fault] = nowNs;
      else if ((before & bit) !== 0 && nowNs - this.#trueNs[4 * symbol + fault]! < limits.settleNs)
        flags |= bit;
    }
    if (flags !== before) this.#tell(symbol, before, flags, nowNs);
  }

  #tell(symbol: number, before: number, flags: number, nowNs: number): void {
    this.#flags[symbol] = flags;
    this.#changedNs[symbol] = nowNs;
    const change = this.#change;
    change.symbol = symbol;
    change.before = before;
    change.flags = flags;
    change.source = this.#source[symbol]!;
    change.reason = this.#reason(symbol, flags & ~before);
    this.#onChange(change);
  }

  #reason(symbol: number, news: number): string {
    if (news === 0) return 'settled';
    if ((news & TickFlags.stale) !== 0 && this.#lost[symbol] === 1) return 'source lost';
    for (const bit of faults) if ((news & bit) !== 0) return reasonOf[bit] ?? '';
    return '';
  }

  #grow(count: number): void {
    const size = Math.max(count, 2 * this.#watched.length, 64);
    const bytes = (from: Uint8Array): Uint8Array<ArrayBuffer> => {
      const to = new Uint8Array(size);
      to.set(from);
      return to;
    };
    const times = (from: Float64Array, each: number): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(each * size).fill(Number.NaN);
      to.set(from);
      return to;
    };
    const source = new Uint32Array(size);
    source.set(this.#source);
    this.#source = source;
    this.#watched = bytes(this.#watched);
    this.#flags = bytes(this.#flags);
    this.#halted = bytes(this.#halted);
    this.#lost = bytes(this.#lost);
    this.#watchedNs = times(this.#watchedNs, 1);
    this.#tickNs = times(this.#tickNs, 1);
    this.#gapNs = times(this.#gapNs, 1);
    this.#crossedNs = times(this.#crossedNs, 1);
    this.#changedNs = times(this.#changedNs, 1);
    this.#trueNs = times(this.#trueNs, 4);
  }
}
