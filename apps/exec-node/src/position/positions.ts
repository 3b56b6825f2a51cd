// Positions by symbol, their sums and the loss of the day: of the whole node, of a strategy, or of
// an account. Quantities, PnL and fees change by the ledger's fold alone; marks come from the
// market and are not journaled. What always holds: the sums of a currency equal the sums over its
// positions.

import { divideRound, type InstrumentTerms, moneyScale } from '@ndts/protocol';
import { Position } from './position.js';

/** Sums of one currency; PnL scaled by 1e16. */
export interface CurrencySums {
  realised: bigint;
  unrealised: bigint;
  fees: bigint;
  /** Day of the last execution, and what it realised so far less fees. */
  day: number;
  dayResult: bigint;
}

/** Worth of a unit of a currency in that of the account, scaled by 1e8. */
export type RateOf = (currency: string) => bigint;

const atPar: RateOf = () => moneyScale;

export class Positions {
  readonly #instruments: ReadonlyMap<number, InstrumentTerms>;
  readonly #bySymbol = new Map<number, Position>();
  readonly #currencies = new Map<string, CurrencySums>();
  #dirty: Position[] = [];

  /** `instruments`: currency and multiplier of the symbols that have any. */
  constructor(instruments: ReadonlyMap<number, InstrumentTerms> = new Map()) {
    this.#instruments = instruments;
  }

  get(symbol: number): Position | undefined {
    return this.#bySymbol.get(symbol);
  }

  ensure(symbol: number): Position {
    let position = this.#bySymbol.get(symbol);
    if (position === undefined) {
      position = this.create(symbol);
      this.#bySymbol.set(symbol, position);
    }
    return position;
  }

  /** A flat one, not yet among them. */
  create(symbol: number): Position {
    const terms = this.#instruments.get(symbol);
    return new Position(symbol, terms?.currency, BigInt(terms?.multiplier ?? 1));
  }

  all(): IterableIterator<Position> {
    return this.#bySymbol.values();
  }

  currencies(): IterableIterator<[string, CurrencySums]> {
    return this.#currencies.entries();
  }

  /** Realised PnL of all time without fees, scaled by 1e16. */
  realised(rateOf: RateOf = atPar): bigint {
    return this.#sum(rateOf, ({ realised }) => realised);
  }

  /** Unrealised PnL at the last marks, scaled by 1e16. */
  unrealised(rateOf: RateOf = atPar): bigint {
    return this.#sum(rateOf, ({ unrealised }) => unrealised);
  }

  fees(rateOf: RateOf = atPar): bigint {
    return this.#sum(rateOf, ({ fees }) => fees);
  }

  /** The sums of a currency, zero when nothing was traded in it. */
  sums(currency: string): CurrencySums {
    let sums = this.#currencies.get(currency);
    if (sums === undefined) {
      sums = { realised: 0n, unrealised: 0n, fees: 0n, day: 0, dayResult: 0n };
      this.#currencies.set(currency, sums);
    }
    return sums;
  }

  /** From a snapshot: a position of a symbol that has none here yet. */
  restore(position: Position): void {
    this.#bySymbol.set(position.symbol, position);
    const sums = this.sums(position.currency);
    sums.realised += position.realised;
    sums.unrealised += position.unrealised;
    sums.fees += position.fees;
  }

  /** From a snapshot. */
  restoreDay(currency: string, day: number, dayResult: bigint): void {
    const sums = this.sums(currency);
    sums.day = day;
    sums.dayResult = dayResult;
  }

  /** Applies an execution that happened on a day (whole days since 1970, UTC). */
  execute(
    symbol: number,
    side: number,
    quantity: bigint,
    price: bigint,
    fee: bigint,
    day: number,
  ): Position {
    const position = this.ensure(symbol);
    const sums = this.sums(position.currency);
    const realised = position.execute(side, quantity, price, fee);
    sums.fees += fee;
    realise(sums, realised, fee, day);
    // The mark follows at once, at the best price known to be fresh: that of the execution.
    sums.unrealised += position.mark(price);
    return position;
  }

  /** Sets the average price of a position; the sum of realised and unrealised stays. */
  adjust(symbol: number, averagePrice: bigint, day: number): void {
    const position = this.ensure(symbol);
    const sums = this.sums(position.currency);
    realise(sums, position.adjust(averagePrice), 0n, day);
    sums.unrealised += position.mark(position.markPrice);
  }

  /** An execution of a day was dearer by `change` a unit than it counted until now. */
  correct(
    symbol: number,
    side: number,
    quantity: bigint,
    change: bigint,
    fee: bigint,
    day: number,
  ): void {
    const position = this.ensure(symbol);
    const sums = this.sums(position.currency);
    const realised = position.correct(side, quantity, change, fee);
    sums.fees += fee;
    realise(sums, realised, fee, day);
    sums.unrealised += position.mark(position.markPrice);
  }

  /** The price of the symbol changed; the position is marked again when somebody asks. */
  touch(symbol: number): void {
    const position = this.#bySymbol.get(symbol);
    if (position === undefined || position.dirty || position.quantity === 0n) return;
    position.dirty = true;
    this.#dirty.push(position);
  }

  /** Marks what was touched. `priceOf` returns the last price as money, 0n when there is none. */
  mark(priceOf: (symbol: number) => bigint): void {
    if (this.#dirty.length === 0) return;
    for (const position of this.#dirty) {
      position.dirty = false;
      const price = priceOf(position.symbol);
      if (price > 0n) this.sums(position.currency).unrealised += position.mark(price);
    }
    this.#dirty.length = 0;
  }

  /** What the day has lost (above 0) or won so far, fees included, as of the last marks; 1e16. */
  dayLoss(today: number, rateOf: RateOf = atPar): bigint {
    // Before every order: without a function made for it.
    let sum = 0n;
    for (const [currency, { day, dayResult, unrealised }] of this.#currencies) {
      // A venue whose clock is a little ahead has begun the day to come.
      const value = today <= day && dayResult !== 0n ? dayResult + unrealised : unrealised;
      if (value !== 0n) sum += valued(value, rateOf(currency));
    }
    return sum === 0n ? sum : -sum;
  }

  #sum(rateOf: RateOf, of: (sums: CurrencySums) => bigint): bigint {
    let sum = 0n;
    for (const [currency, sums] of this.#currencies) {
      const value = of(sums);
      if (value === 0n) continue;
      sum += valued(value, rateOf(currency));
    }
    return sum;
  }
}

function valued(value: bigint, rate: bigint): bigint {
  return rate === moneyScale ? value : divideRound(value * rate, moneyScale);
}

function realise(sums: CurrencySums, realised: bigint, fee: bigint, day: number): void {
  sums.realised += realised;
  if (day > sums.day) {
    sums.day = day;
    sums.dayResult = 0n;
  }
  if (day === sums.day) sums.dayResult += realised - fee * moneyScale;
}
