// hot: no allocation after init (but growth when new symbols appear)
//
// Which price orders that wait for a price go by. A tick whose price is in doubt moves nothing
// alone: what counts is the tick that was sure before it, and from the second one in doubt on the
// middle one of the newest three, of price, bid and ask each. What always holds: a level that two
// of these have reached is reached; a tick that is sure counts at once, and one in doubt does when
// nothing followed it for a while: of a market that really falls it is late by a tick or so long.

import { type Clock, nsPerMs, TickFlags } from '@ndts/protocol';

const doubtful = TickFlags.suspect | TickFlags.crossed | TickFlags.stale;

/** Whether its own price may be wrong. */
export function isInDoubt(flags: number): boolean {
  return (flags & doubtful) !== 0;
}

/** Price, bid and ask of a tick. */
const width = 3;
/** Of the two ticks before the newest. */
const stride = 2 * width;

export interface SureTick {
  last: number;
  bid: number;
  ask: number;
}

export interface DoubtOptions {
  readonly clock: Clock;
  /** How long a tick in doubt waits for another one; 0: none is in doubt. */
  readonly waitMs: number;
}

export class SurePrices {
  readonly #clock: Clock;
  readonly #waitNs: number;
  /** How many ticks before the newest count beside it; 0: it is sure. */
  #before: Uint8Array;
  #ticks: Float64Array;
  #sinceNs: Float64Array;
  /** Symbols whose newest tick is in doubt, the one that waits longest first. */
  readonly #waiting = new Set<number>();

  constructor(symbols: number, { clock, waitMs }: DoubtOptions) {
    this.#clock = clock;
    this.#waitNs = waitMs * nsPerMs;
    this.#before = new Uint8Array(symbols);
    this.#ticks = new Float64Array(symbols * stride);
    this.#sinceNs = new Float64Array(symbols);
  }

  /** A tick with these flags takes the place of this one; last is 0 when there was none. */
  take(symbol: number, flags: number, last: number, bid: number, ask: number): void {
    if (!isInDoubt(flags) || this.#waitNs === 0) {
      if (this.#before[symbol] !== 0) this.#settle(symbol);
      return;
    }
    const ticks = this.#ticks;
    const at = symbol * stride;
    ticks.copyWithin(at + width, at, at + width);
    ticks[at] = last;
    ticks[at + 1] = bid;
    ticks[at + 2] = ask;
    if ((this.#before[symbol] ?? 0) < 2) this.#before[symbol]! += 1;
    this.#sinceNs[symbol] = this.#clock.monotonicNs();
    this.#waiting.delete(symbol);
    this.#waiting.add(symbol);
  }

  /** Makes of the newest tick what counts; last is 0 while nothing does. */
  apply(symbol: number, tick: SureTick): void {
    const before = this.#before[symbol] ?? 0;
    if (before === 0) return;
    const ticks = this.#ticks;
    const at = symbol * stride;
    const [last = 0, bid = 0, ask = 0] = [ticks[at], ticks[at + 1], ticks[at + 2]];
    const isAlone = before === 1;
    const older = ticks[at + width] ?? 0;
    const isWhole = tick.last > 0 && last > 0 && older > 0;
    tick.last = isAlone ? last : isWhole ? middle(tick.last, last, older) : 0;
    tick.bid = isAlone ? bid : middle(tick.bid, bid, ticks[at + width + 1] ?? 0);
    tick.ask = isAlone ? ask : middle(tick.ask, ask, ticks[at + width + 2] ?? 0);
  }

  /** Ticks that waited long enough count; each symbol is told. Returns how many. */
  doWork(onSettled: (symbol: number) => void): number {
    if (this.#waiting.size === 0) return 0;
    const now = this.#clock.monotonicNs();
    let count = 0;
    for (const symbol of this.#waiting) {
      if (now < this.#dueNsOf(symbol)) break;
      this.#settle(symbol);
      onSettled(symbol);
      count += 1;
    }
    return count;
  }

  /** When the next one will have waited long enough. */
  dueNs(): number {
    for (const symbol of this.#waiting) return this.#dueNsOf(symbol);
    return Infinity;
  }

  grow(symbols: number): void {
    const [before, ticks, since] = [this.#before, this.#ticks, this.#sinceNs];
    this.#before = new Uint8Array(symbols);
    this.#before.set(before);
    this.#ticks = new Float64Array(symbols * stride);
    this.#ticks.set(ticks);
    this.#sinceNs = new Float64Array(symbols);
    this.#sinceNs.set(since);
  }

  #dueNsOf(symbol: number): number {
    return (this.#sinceNs[symbol] ?? 0) + this.#waitNs;
  }

  #settle(symbol: number): void {
    this.#before[symbol] = 0;
    this.#waiting.delete(symbol);
  }
}

function middle(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
