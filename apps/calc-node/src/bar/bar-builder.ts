// hot: no allocation after init
// Bars of one symbol: of a time, of so many ticks, of a volume, of a value. Always: a tick is part
// of one bar whole, in the order of its coming; a bar has at least one tick and ends with its
// session; a bar's numbers depend on its own ticks only.
//
// A time bar begins a whole number of periods after the opening of its session, or after midnight
// UTC where there are no sessions, and is cut at the session's or the day's end. It closes when a
// tick or closeBy() says that its time is over. The other kinds close with the tick that makes them
// full, however much more than full that makes them. Volumes are added in units of 1e-8, as
// decimals: ten times 0.1 is 1. Values are floats, and their sum is compensated.

import { moneyScale, msPerDay, NdtsError, nsPerMs } from '@ndts/protocol';
import { addTerm } from '../window/add-term.js';
import type { BarSessions } from './bar-sessions.js';

export const barKinds = ['time', 'ticks', 'volume', 'value'] as const;
export type BarKind = (typeof barKinds)[number];

export interface BarSpec {
  readonly kind: BarKind;
  /** Whole milliseconds, at most a day; whole ticks; volume; price times volume. */
  readonly size: number;
  /** Without: always open, and only time bars end with the day. */
  readonly sessions?: BarSessions;
}

/** A closed bar; what it shows changes with the next that closes. */
export interface BarView {
  /** Time bars: the beginning of the period; others: the first tick. */
  readonly day: number;
  readonly nsOfDay: number;
  /** Time bars: the end of the period, exclusive; others: the last tick. */
  readonly endDay: number;
  readonly endNsOfDay: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  /** Sum of price times volume; divided by volume it is the mean price. */
  readonly value: number;
  readonly count: number;
}

class ClosedBar implements BarView {
  day = 0;
  nsOfDay = 0;
  endDay = 0;
  endNsOfDay = 0;
  open = Number.NaN;
  high = Number.NaN;
  low = Number.NaN;
  close = Number.NaN;
  volume = 0;
  value = 0;
  count = 0;
}

/** Volumes are summed in units of 1e-8, like quantities of orders. */
const volumeScale = Number(moneyScale);

/** Places in the state, which is what a snapshot holds, after the kind and the size. */
const place = {
  kind: 0,
  size: 1,
  /** Of the period or session that holds the last tick. */
  startMs: 2,
  endMs: 3,
  /** What is before it came too late. */
  floorMs: 4,
  full: 5,
  count: 6,
  firstDay: 7,
  firstNs: 8,
  lastDay: 9,
  lastNs: 10,
  open: 11,
  high: 12,
  low: 13,
  close: 14,
  volume: 15,
  volumeRest: 16,
  value: 17,
  valueRest: 18,
  late: 19,
  outside: 20,
} as const;
const placeCount = 21;

export class BarBuilder {
  readonly closed: BarView;
  readonly #kind: BarKind;
  readonly #size: number;
  /** In the unit of its sum. */
  readonly #limit: number;
  readonly #sessions: BarSessions | undefined;
  readonly #bar = new ClosedBar();
  readonly #state = new Float64Array(placeCount);

  /** Throws INVALID_ARGUMENT. */
  constructor(spec: BarSpec) {
    checkSpec(spec);
    this.closed = this.#bar;
    this.#kind = spec.kind;
    this.#size = spec.size;
    this.#limit = spec.kind === 'volume' ? unitsOf(spec.size) : spec.size;
    this.#sessions = spec.sessions;
    const state = this.#state;
    state[place.kind] = barKinds.indexOf(spec.kind);
    state[place.size] = spec.size;
    state[place.floorMs] = Number.NEGATIVE_INFINITY;
    // No moment is between these two.
    state[place.startMs] = Number.POSITIVE_INFINITY;
    state[place.endMs] = Number.NEGATIVE_INFINITY;
  }

  /**
   * Takes a tick; true: `closed` shows a bar that it closed. A tick that is late, outside of all
   * sessions, or without a finite price and volume of at least 0 is in no bar. Where a tick ends
   * the bar before it and fills its own at once, that one is handed out by the next call: who calls
   * closeBy() with the tick's time first, until it is false, never waits for a bar.
   */
  push(day: number, nsOfDay: number, price: number, volume: number): boolean {
    return this.pushAt(msOf(day, nsOfDay), day, nsOfDay, price, volume);
  }

  /** The same for who knows the millisecond already. */
  pushAt(ms: number, day: number, nsOfDay: number, price: number, volume: number): boolean {
    if (!Number.isFinite(price) || !(volume >= 0 && volume < Number.POSITIVE_INFINITY))
      return false;
    const state = this.#state;
    if (ms < state[place.floorMs]!) {
      state[place.late]! += 1;
      return false;
    }
    const closes = this.closeAt(ms);
    if (!(ms >= state[place.startMs]! && ms < state[place.endMs]!) && !this.#moveTo(day, ms)) {
      state[place.outside]! += 1;
      return closes;
    }
    this.#add(day, nsOfDay, price, volume);
    if (!this.#isFull()) return closes;
    if (closes) state[place.full] = 1;
    else this.#close();
    return true;
  }

  /** Time has come so far for this symbol, ticks or not: true when that closed a bar. One at a
   * time: call it until it is false. */
  closeBy(day: number, nsOfDay: number): boolean {
    return this.closeAt(msOf(day, nsOfDay));
  }

  /** The same for who knows the millisecond already. */
  closeAt(ms: number): boolean {
    const state = this.#state;
    const isOver = ms >= state[place.endMs]!;
    if (state[place.count] === 0 || !(isOver || state[place.full] === 1)) return false;
    if (isOver) state[place.floorMs] = state[place.endMs]!;
    this.#close();
    return true;
  }

  /** Before this millisecond closeBy() closes nothing; infinite: no open bar ends by time. */
  get dueMs(): number {
    const state = this.#state;
    if (state[place.count] === 0) return Number.POSITIVE_INFINITY;
    return state[place.full] === 1 ? Number.NEGATIVE_INFINITY : state[place.endMs]!;
  }

  /** Ticks that came after the bar of their time was closed. */
  get late(): number {
    return this.#state[place.late]!;
  }

  /** Ticks outside of all sessions. */
  get outside(): number {
    return this.#state[place.outside]!;
  }

  /** Everything but what `closed` shows. */
  snapshot(): Uint8Array {
    return new Uint8Array(this.#state.slice().buffer);
  }

  /** Throws INVALID_ARGUMENT for a snapshot of other bars. */
  restore(bytes: Uint8Array): void {
    const state = this.#state;
    if (bytes.byteLength !== state.byteLength)
      throw wrong(`expected ${state.byteLength} bytes of a bar, found ${bytes.byteLength}`);
    const found = new Float64Array(bytes.slice().buffer);
    if (found[place.kind] !== state[place.kind] || found[place.size] !== state[place.size])
      throw wrong(`expected the state of a ${this.#kind} bar of ${this.#size}, found another's`);
    state.set(found);
  }

  #isFull(): boolean {
    const state = this.#state;
    if (this.#kind === 'time') return false;
    if (this.#kind === 'ticks') return state[place.count]! >= this.#limit;
    if (this.#kind === 'volume')
      return state[place.volume]! + state[place.volumeRest]! >= this.#limit;
    return state[place.value]! + state[place.valueRest]! >= this.#limit;
  }

  /** To the period of a moment; false: nothing is open then. */
  #moveTo(day: number, ms: number): boolean {
    const sessions = this.#sessions;
    const isTime = this.#kind === 'time';
    let open = isTime ? day * msPerDay : Number.NEGATIVE_INFINITY;
    let close = isTime ? open + msPerDay : Number.POSITIVE_INFINITY;
    if (sessions !== undefined) {
      const session = sessions.find(ms);
      if (session < 0) return false;
      open = sessions.openMs(session);
      close = sessions.closeMs(session);
    }
    if (isTime) {
      open += Math.floor((ms - open) / this.#size) * this.#size;
      close = Math.min(open + this.#size, close);
    }
    const state = this.#state;
    state[place.startMs] = open;
    state[place.endMs] = close;
    state[place.floorMs] = open;
    return true;
  }

  #add(day: number, nsOfDay: number, price: number, volume: number): void {
    const state = this.#state;
    if (state[place.count] === 0) {
      state[place.firstDay] = day;
      state[place.firstNs] = nsOfDay;
      state[place.open] = price;
      state[place.high] = price;
      state[place.low] = price;
    } else {
      if (price > state[place.high]!) state[place.high] = price;
      if (price < state[place.low]!) state[place.low] = price;
    }
    state[place.count]! += 1;
    state[place.lastDay] = day;
    state[place.lastNs] = nsOfDay;
    state[place.close] = price;
    addTerm(state, place.volume, unitsOf(volume));
    addTerm(state, place.value, price * volume);
  }

  #close(): void {
    const state = this.#state;
    const bar = this.#bar;
    if (this.#kind === 'time') {
      bar.day = Math.floor(state[place.startMs]! / msPerDay);
      bar.nsOfDay = (state[place.startMs]! - bar.day * msPerDay) * nsPerMs;
      bar.endDay = Math.floor(state[place.endMs]! / msPerDay);
      bar.endNsOfDay = (state[place.endMs]! - bar.endDay * msPerDay) * nsPerMs;
    } else {
      bar.day = state[place.firstDay]!;
      bar.nsOfDay = state[place.firstNs]!;
      bar.endDay = state[place.lastDay]!;
      bar.endNsOfDay = state[place.lastNs]!;
    }
    bar.open = state[place.open]!;
    bar.high = state[place.high]!;
    bar.low = state[place.low]!;
    bar.close = state[place.close]!;
    bar.volume = (state[place.volume]! + state[place.volumeRest]!) / volumeScale;
    bar.value = state[place.value]! + state[place.valueRest]!;
    bar.count = state[place.count]!;
    state.fill(0, place.full, place.late);
  }
}

/** Whole milliseconds since 1970. */
export function msOf(day: number, nsOfDay: number): number {
  return day * msPerDay + Math.floor(nsOfDay / nsPerMs);
}

function unitsOf(volume: number): number {
  return Math.round(volume * volumeScale);
}

function checkSpec({ kind, size }: BarSpec): void {
  const whole = kind === 'time' || kind === 'ticks';
  const most = kind === 'time' ? msPerDay : Number.MAX_SAFE_INTEGER;
  if (!barKinds.includes(kind)) throw wrong(`expected one of ${barKinds.join(', ')}: '${kind}'`);
  const least = kind === 'volume' ? 1 / volumeScale : Number.MIN_VALUE;
  if (!(size >= least && size <= most) || (whole && !Number.isInteger(size)))
    throw wrong(`expected ${sizeText[kind]}, found ${size}`);
}

const sizeText = {
  time: `whole milliseconds from 1 to ${msPerDay}`,
  ticks: 'a whole number of ticks, at least 1',
  volume: 'a volume of at least 1e-8',
  value: 'a value above 0',
} as const satisfies Record<BarKind, string>;

function wrong(text: string): NdtsError {
  return new NdtsError('INVALID_ARGUMENT', text);
}
