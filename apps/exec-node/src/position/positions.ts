// All positions, their sums and the loss of the day. Quantities, PnL and fees change by the
// ledger's fold alone; marks come from the market and are not journaled. What always holds: the
// sums equal the sums over the positions.

import { moneyScale } from '@ndts/protocol';
import { Position } from './position.js';

export class Positions {
  readonly #bySymbol = new Map<number, Position>();
  #dirty: Position[] = [];
  #realised = 0n;
  #unrealised = 0n;
  #fees = 0n;
  #day = 0;
  #dayResult = 0n;

  get(symbol: number): Position | undefined {
    return this.#bySymbol.get(symbol);
  }

  ensure(symbol: number): Position {
    let position = this.#bySymbol.get(symbol);
    if (position === undefined) {
      position = new Position(symbol);
      this.#bySymbol.set(symbol, position);
    }
    return position;
  }

  all(): IterableIterator<Position> {
    return this.#bySymbol.values();
  }

  /** Realised PnL of all time without fees, scaled by 1e16. */
  get realised(): bigint {
    return this.#realised;
  }

  /** Unrealised PnL at the last marks, scaled by 1e16. */
  get unrealised(): bigint {
    return this.#unrealised;
  }

  get fees(): bigint {
    return this.#fees;
  }

  /** Day of the last execution, and what it realised so far less fees, scaled by 1e16. */
  get day(): number {
    return this.#day;
  }

  get dayResult(): bigint {
    return this.#dayResult;
  }

  /** From a snapshot: a position of a symbol that has none here yet. */
  restore(position: Position): void {
    this.#bySymbol.set(position.symbol, position);
    this.#realised += position.realised;
    this.#unrealised += position.unrealised;
    this.#fees += position.fees;
  }

  /** From a snapshot. */
  restoreDay(day: number, dayResult: bigint): void {
    this.#day = day;
    this.#dayResult = dayResult;
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
    const realised = position.execute(side, quantity, price, fee);
    this.#fees += fee;
    this.#realise(realised, fee, day);
    // The mark follows at once, at the best price known to be fresh: that of the execution.
    this.#unrealised += position.mark(price);
    return position;
  }

  /** Sets the average price of a position; the sum of realised and unrealised stays. */
  adjust(symbol: number, averagePrice: bigint, day: number): void {
    const position = this.ensure(symbol);
    this.#realise(position.adjust(averagePrice), 0n, day);
    this.#unrealised += position.mark(position.markPrice);
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
      if (price > 0n) this.#unrealised += position.mark(price);
    }
    this.#dirty.length = 0;
  }

  /** What the day has lost (above 0) or won so far, fees included, as of the last marks; 1e16. */
  dayLoss(today: number): bigint {
    const realised = today === this.#day ? this.#dayResult : 0n;
    return -(realised + this.#unrealised);
  }

  #realise(realised: bigint, fee: bigint, day: number): void {
    this.#realised += realised;
    if (day > this.#day) {
      this.#day = day;
      this.#dayResult = 0n;
    }
    if (day === this.#day) this.#dayResult += realised - fee * moneyScale;
  }
}
