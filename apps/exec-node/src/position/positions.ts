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
  /** Those of them of symbols that are traded in another currency: of no position. */
  otherFees: bigint;
  /** Realised less fees since the day of the account began, less what was unrealised then. */
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
      sums = { realised: 0n, unrealised: 0n, fees: 0n, otherFees: 0n, dayResult: 0n };
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
  restoreDay(currency: string, dayResult: bigint, otherFees = 0n): void {
    const sums = this.sums(currency);
    sums.dayResult = dayResult;
    sums.fees += otherFees - sums.otherFees;
    sums.otherFees = otherFees;
  }

  /** A day of the account begins, with what is held worth these prices. */
  beginDay(prices: ReadonlyMap<number, bigint>): void {
    for (const position of this.#bySymbol.values()) {
      const price = prices.get(position.symbol);
      if (position.quantity === 0n || price === undefined) continue;
      this.sums(position.currency).unrealised += position.mark(price);
    }
    for (const sums of this.#currencies.values()) sums.dayResult = -sums.unrealised;
  }

  /** Applies an execution. `feeCurrency`: of the fee; empty: that of the price. */
  execute(
    symbol: number,
    side: number,
    quantity: bigint,
    price: bigint,
    fee: bigint,
    feeCurrency = '',
  ): Position {
    const position = this.ensure(symbol);
    const sums = this.sums(position.currency);
    const own = this.#ownFee(position, fee, feeCurrency);
    realise(sums, position.execute(side, quantity, price, own), own);
    // The mark follows at once, at the price of the execution; it may be told late, so that whoever
    // asks marks it at that of the market.
    sums.unrealised += position.mark(price);
    this.touch(symbol);
    return position;
  }

  /** Sets the average price of a position; the sum of realised and unrealised stays. */
  adjust(symbol: number, averagePrice: bigint): void {
    const position = this.ensure(symbol);
    const sums = this.sums(position.currency);
    realise(sums, position.adjust(averagePrice), 0n);
    sums.unrealised += position.mark(position.markPrice);
  }

  /** An execution was dearer by `change` a unit than it counted until now. */
  correct(
    symbol: number,
    side: number,
    quantity: bigint,
    change: bigint,
    fee: bigint,
    feeCurrency = '',
  ): void {
    const position = this.ensure(symbol);
    const sums = this.sums(position.currency);
    const own = this.#ownFee(position, fee, feeCurrency);
    realise(sums, position.correct(side, quantity, change, own), own);
    sums.unrealised += position.mark(position.markPrice);
  }

  /** What of a fee is in the currency of the position; the rest is paid in its own. */
  #ownFee(position: Position, fee: bigint, currency: string): bigint {
    if (currency === '' || currency === position.currency) return fee;
    const sums = this.sums(currency);
    sums.otherFees += fee;
    realise(sums, 0n, fee);
    return 0n;
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

  /** What the day has lost (above 0) or won so far, fees included, as of the last marks; 1e16. It
   * is what all was worth when it began less what it is worth now, whenever executions were. */
  dayLoss(rateOf: RateOf = atPar): bigint {
    // Before every order: without a function made for it.
    let sum = 0n;
    for (const [currency, { dayResult, unrealised }] of this.#currencies) {
      const value = dayResult + unrealised;
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

function realise(sums: CurrencySums, realised: bigint, fee: bigint): void {
  sums.realised += realised;
  sums.fees += fee;
  sums.dayResult += fee === 0n ? realised : realised - fee * moneyScale;
}
