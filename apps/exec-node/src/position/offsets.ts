// Positions of exchanges that keep long and short apart, by account: what of each side was opened
// on this trading day, and what before. What always holds: long less short is the account's net
// position; an execution that closes more than is there opens the rest, as the net position says;
// a day begins by an event of the journal, and an execution of before it is yesterday's, however
// late it is told.

import {
  type Fill,
  type InstrumentTerms,
  nsBetween,
  OrderOffset,
  type SidesHeld,
  type Time,
  type TradingDayBegan,
} from '@ndts/protocol';
import { offsetRuleOf } from './exchange.js';

export interface Side {
  today: bigint;
  yesterday: bigint;
}

export class OffsetPosition {
  readonly symbol: number;
  readonly long: Side = { today: 0n, yesterday: 0n };
  readonly short: Side = { today: 0n, yesterday: 0n };

  constructor(symbol: number) {
    this.symbol = symbol;
  }

  get isFlat(): boolean {
    return heldOf(this.long) === 0n && heldOf(this.short) === 0n;
  }

  /** What an order of this side (+1, -1) closes. */
  against(side: number): Side {
    return side > 0 ? this.short : this.long;
  }

  /** `of`: the day it happened on. */
  execute(side: number, quantity: bigint, offset: number, of: keyof Side): void {
    const rest = offset === OrderOffset.open ? quantity : this.#close(side, quantity, offset, of);
    (side > 0 ? this.long : this.short)[of] += rest;
  }

  /** All of it is of before today. */
  roll(): void {
    for (const side of [this.long, this.short]) {
      side.yesterday += side.today;
      side.today = 0n;
    }
  }

  /** Returns what was not there to close. `of`: the day it happened on. First opened, first closed,
   * unless it says otherwise. */
  #close(side: number, quantity: bigint, offset: number, of: keyof Side): bigint {
    const held = this.against(side);
    // What was today's when a late execution happened is yesterday's now.
    const todayFirst = offset === OrderOffset.closeToday && of === 'today';
    let rest = quantity;
    for (const name of todayFirst
      ? (['today', 'yesterday'] as const)
      : (['yesterday', 'today'] as const)) {
      const closing = rest < held[name] ? rest : held[name];
      held[name] -= closing;
      rest -= closing;
    }
    return rest;
  }
}

export function heldOf({ today, yesterday }: Side): bigint {
  return today + yesterday;
}

export class OffsetBooks {
  readonly #instruments: ReadonlyMap<number, InstrumentTerms>;
  readonly #accounts = new Map<string, Map<number, OffsetPosition>>();
  readonly #days = new Map<number, TradingDayBegan>();

  constructor(instruments: ReadonlyMap<number, InstrumentTerms>) {
    this.#instruments = instruments;
  }

  get(account: string, symbol: number): OffsetPosition | undefined {
    return this.#accounts.get(account)?.get(symbol);
  }

  /** Accounts with what each has. */
  *all(): Generator<[string, OffsetPosition]> {
    for (const [account, positions] of this.#accounts)
      for (const position of positions.values()) yield [account, position];
  }

  days(): IterableIterator<TradingDayBegan> {
    return this.#days.values();
  }

  /** The trading day that begins at this minute; undefined: none has begun. */
  day(startMinute: number): number | undefined {
    return this.#days.get(startMinute)?.day;
  }

  ensure(account: string, symbol: number): OffsetPosition {
    let positions = this.#accounts.get(account);
    if (positions === undefined) {
      positions = new Map();
      this.#accounts.set(account, positions);
    }
    let position = positions.get(symbol);
    if (position === undefined) {
      position = new OffsetPosition(symbol);
      positions.set(symbol, position);
    }
    return position;
  }

  execute(account: string, fill: Omit<Fill, 'tradeId'>, offset: number): void {
    const { symbol, side, quantity, time } = fill;
    const terms = this.#instruments.get(symbol);
    if (terms === undefined || offsetRuleOf(terms.exchange) === undefined) return;
    const of = this.#isToday(terms.dayStartMinute, time) ? 'today' : 'yesterday';
    this.ensure(account, symbol).execute(side, quantity, offset, of);
  }

  begin(began: TradingDayBegan): void {
    this.#days.set(began.dayStartMinute, began);
    for (const [, position] of this.all())
      if (this.#instruments.get(position.symbol)?.dayStartMinute === began.dayStartMinute)
        position.roll();
  }

  /** From a snapshot, which has the positions as they are. */
  restoreDay(began: TradingDayBegan): void {
    this.#days.set(began.dayStartMinute, began);
  }

  #isToday(startMinute: number, time: Time): boolean {
    const began = this.#days.get(startMinute);
    return began === undefined || nsBetween(time, began.time) >= 0;
  }
}

/** Of all accounts together. */
export function sidesOf(books: OffsetBooks, symbol: number): SidesHeld {
  const sum = { longToday: 0n, longYesterday: 0n, shortToday: 0n, shortYesterday: 0n };
  for (const [, position] of books.all()) {
    if (position.symbol !== symbol) continue;
    sum.longToday += position.long.today;
    sum.longYesterday += position.long.yesterday;
    sum.shortToday += position.short.today;
    sum.shortYesterday += position.short.yesterday;
  }
  return sum;
}
