// What the simulated venue remembers by itself: the witness of what was really sent to it.

import { type RecordEntry, readRecords } from '@ndts/exec-node';
import { divideRound, moneyScale, moneyText } from '@ndts/protocol';

export interface VenueSummary {
  readonly orders: number;
  readonly fills: number;
  /** Trade ids, oldest first. */
  readonly trades: string[];
  /** By symbol: realised PnL by average price and fees, as decimal text. */
  readonly results: Map<number, { realised: string; fees: string }>;
  /** Client order ids the venue received more than once. */
  readonly sentTwice: string[];
  /** Client order ids by their order of arrival. */
  readonly ids: Set<string>;
  /** By symbol, without flat ones, as decimal text. */
  readonly positions: Map<number, string>;
}

/** A position by average price, written apart from the exec node's: lots are closed against what is
 * held, the cost of a part by rule of three. Money times quantity, so scaled by 1e16. */
class Book {
  #held = 0n;
  #cost = 0n;
  #realised = 0n;
  #fees = 0n;

  trade(signed: bigint, price: bigint, fee: bigint): void {
    this.#fees += fee;
    let rest = signed;
    if (this.#held * signed < 0n) {
      const closed = absolute(signed) < absolute(this.#held) ? -signed : this.#held;
      const cost =
        closed === this.#held
          ? this.#cost
          : divideRound(this.#cost * absolute(closed), absolute(this.#held));
      this.#realised += closed * price - cost;
      this.#cost -= cost;
      this.#held -= closed;
      rest += closed;
    }
    this.#held += rest;
    this.#cost += rest * price;
  }

  result(): { realised: string; fees: string } {
    const realised = moneyText(divideRound(this.#realised, moneyScale));
    return { realised, fees: moneyText(this.#fees) };
  }
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

export function readVenueRecord(dir: string): VenueSummary {
  const ids = new Set<string>();
  const books = new Map<number, Book>();
  const sentTwice: string[] = [];
  const trades = new Set<string>();
  const totals = new Map<number, bigint>();
  const take = (entry: RecordEntry): void => {
    if (entry.kind === 'duplicate') sentTwice.push(entry.id);
    if (entry.kind === 'order' || entry.kind === 'reject') {
      if (ids.has(entry.id)) sentTwice.push(entry.id);
      ids.add(entry.id);
    }
    if (entry.kind === 'fill' && !trades.has(entry.tradeId)) {
      trades.add(entry.tradeId);
      const signed = BigInt(entry.quantity) * BigInt(entry.side);
      totals.set(entry.symbol, (totals.get(entry.symbol) ?? 0n) + signed);
      const book = books.get(entry.symbol) ?? new Book();
      books.set(entry.symbol, book);
      book.trade(signed, BigInt(entry.price), BigInt(entry.fee));
    }
  };
  readRecords(dir, take);
  const positions = new Map(
    [...totals]
      .filter(([, quantity]) => quantity !== 0n)
      .map(([symbol, quantity]) => [symbol, moneyText(quantity)] as const),
  );
  const results = new Map([...books].map(([symbol, book]) => [symbol, book.result()] as const));
  const counts = { orders: ids.size, fills: trades.size };
  return { ...counts, trades: [...trades], results, sentTwice, ids, positions };
}
