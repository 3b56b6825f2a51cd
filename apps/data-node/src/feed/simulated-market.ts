// hot: no allocation after init
// What a simulated market does beside walking: hours in which it is open, more trade at their ends
// than in the middle, bursts of one symbol, halts, and ticks that get lost on the way. Always: it
// draws from the simulator's own chance, and only for what was asked for, so that the same options
// give the same ticks.

import { NdtsError, nsPerDay, nsPerMs } from '@ndts/protocol';
import type { Draws } from './draws.js';

/** Hours of a day, UTC. */
export interface MarketSession {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface MarketOptions {
  /** Monday to Friday; empty: always open. In order, apart from each other. */
  readonly sessions?: readonly MarketSession[];
  /** More ticks at both ends of a session; the rate is that of the ends. */
  readonly isShaped?: boolean;
  /** Of a million ticks so many begin a burst of their symbol, a halt, a loss. */
  readonly burstsPerMillion?: number;
  readonly haltsPerMillion?: number;
  readonly gapsPerMillion?: number;
}

export interface MarketEvents {
  readonly bursts: number;
  readonly halts: number;
  readonly gaps: number;
  /** Ticks of those gaps. */
  readonly lost: number;
}

/** In a burst so many ticks come in the time of one. */
export const burstFactor = 20;
const burstTicksMin = 50;
const burstTicksMore = 450;
const haltMsMin = 1000;
const haltMsMore = 59_000;
const lostTicksMax = 50;
const million = 1_000_000;
const leastActivity = 350;

export class SimulatedMarket {
  readonly #count: number;
  readonly #from: Float64Array;
  readonly #to: Float64Array;
  readonly #isShaped: boolean;
  readonly #perMillion: Readonly<Record<'bursts' | 'halts' | 'gaps', number>>;
  readonly #haltedUntilNs: Float64Array;
  readonly #haltNews: number[] = [];
  /** Halted symbols that somebody was told of. */
  readonly #told = new Set<number>();
  readonly #lostLeft: Uint32Array;
  #burstSymbol = 0;
  /** Ticks of the burst still to come. */
  burstLeft = 0;
  #bursts = 0;
  #halts = 0;
  #gaps = 0;
  #lost = 0;

  constructor(count: number, options: MarketOptions) {
    const sessions = options.sessions ?? [];
    for (const [at, { fromMs, toMs }] of sessions.entries())
      if (!(fromMs >= (sessions[at - 1]?.toMs ?? 0) && toMs > fromMs && toMs * nsPerMs <= nsPerDay))
        throw new NdtsError(
          'INVALID_ARGUMENT',
          `expected sessions of one day in order, found ${fromMs} to ${toMs} ms`,
        );
    this.#count = count;
    this.#from = Float64Array.from(sessions, (session) => session.fromMs * nsPerMs);
    this.#to = Float64Array.from(sessions, (session) => session.toMs * nsPerMs);
    this.#isShaped = options.isShaped === true && sessions.length > 0;
    this.#perMillion = {
      bursts: options.burstsPerMillion ?? 0,
      halts: options.haltsPerMillion ?? 0,
      gaps: options.gapsPerMillion ?? 0,
    };
    this.#haltedUntilNs = new Float64Array(count);
    this.#lostLeft = new Uint32Array(count);
  }

  get isAlwaysOpen(): boolean {
    return this.#from.length === 0;
  }

  /** How long until it opens; 0: it is open. */
  closedNs(day: number, nsOfDay: number): number {
    const from = this.#from;
    const isWeekend = (day + 4) % 7 === 0 || (day + 4) % 7 === 6;
    for (let at = 0; at < from.length && !isWeekend; at += 1)
      if (nsOfDay < this.#to[at]!) return Math.max(0, from[at]! - nsOfDay);
    // The first session of the next day that is none of the weekend.
    let days = 1;
    while ((day + days + 4) % 7 === 0 || (day + days + 4) % 7 === 6) days += 1;
    return days * nsPerDay - nsOfDay + from[0]!;
  }

  /** Per mille of the rate at its ends. */
  #activity(nsOfDay: number): number {
    for (let at = 0; at < this.#from.length; at += 1) {
      const from = this.#from[at]!;
      const to = this.#to[at]!;
      if (nsOfDay < from || nsOfDay >= to) continue;
      const side = (2 * (nsOfDay - from)) / (to - from) - 1;
      return leastActivity + (1000 - leastActivity) * side * side;
    }
    return 1000;
  }

  /** Who trades now: the place of a symbol, or -1: nobody. */
  choose(draws: Draws, dueNs: number, nsOfDay: number): number {
    if (this.burstLeft > 0) {
      this.burstLeft -= 1;
      return this.#burstSymbol;
    }
    const symbol = draws.below(this.#count);
    if (this.#isShaped && draws.below(1000) >= this.#activity(nsOfDay)) return -1;
    if (this.#haltedUntilNs[symbol]! > dueNs) return -1;
    const { bursts, halts } = this.#perMillion;
    if (halts > 0 && draws.below(million) < halts) {
      this.#halts += 1;
      if (this.#haltNews.length < this.#count) this.#haltNews.push(symbol);
      this.#haltedUntilNs[symbol] = dueNs + (haltMsMin + draws.below(haltMsMore)) * nsPerMs;
      return -1;
    }
    if (bursts > 0 && draws.below(million) < bursts) {
      this.#bursts += 1;
      this.#burstSymbol = symbol;
      this.burstLeft = burstTicksMin + draws.below(burstTicksMore);
    }
    return symbol;
  }

  /** Whether a tick that happened does not arrive. */
  isLost(draws: Draws, symbol: number): boolean {
    const { gaps } = this.#perMillion;
    if (this.#lostLeft[symbol]! > 0) this.#lostLeft[symbol]! -= 1;
    else if (gaps > 0 && draws.below(million) < gaps) {
      this.#gaps += 1;
      this.#lostLeft[symbol] = draws.below(lostTicksMax);
    } else return false;
    this.#lost += 1;
    return true;
  }

  /** Halts that began and those that are over since the last call, by the place of the symbol. */
  pollHalts(dueNs: number, take: (symbol: number, isHalted: boolean) => void): void {
    for (const symbol of this.#haltNews.splice(0)) {
      if (!this.#told.has(symbol)) take(symbol, true);
      this.#told.add(symbol);
    }
    for (const symbol of this.#told)
      if (this.#haltedUntilNs[symbol]! <= dueNs && this.#told.delete(symbol)) take(symbol, false);
  }

  events(): MarketEvents {
    return { bursts: this.#bursts, halts: this.#halts, gaps: this.#gaps, lost: this.#lost };
  }
}
