// Executions that nobody told, inferred from what the venue has, until the told ones come. What
// always holds: the id of one follows from what it stands for and from the journal alone, so that
// the same inference has the same id after a restart; a told execution that is part of one takes
// its place and counts once; all of it is a fold of the journal.

import {
  type Fill,
  type FillInferred,
  type InferredStanding,
  moneyText,
  nsBetween,
  type OrderIntent,
  type Time,
} from '@ndts/protocol';

/** How much of an inferred execution a told one takes the place of. */
export interface Replaced {
  readonly inferred: FillInferred;
  readonly quantity: bigint;
}

/** Of the order that was executed. */
export interface ExecutedOrder {
  readonly intent: Pick<OrderIntent, 'time'>;
  readonly filled: bigint;
  readonly quantity: bigint;
  /** It ended, with all that the venue said it had executed. */
  readonly closed: boolean;
}

/** So far the clock of a venue may be ahead of ours. */
export const aheadMaxNs = 60e9;
/** Of the oldest beyond it no told execution is expected any more. */
const keptMax = 1_000;
/** How long the venue is asked for all its executions because of one. */
const expectedDays = 7;
const nothing: readonly Replaced[] = [];

export class Inferred {
  /** Oldest first, each with the quantity that nothing has replaced. */
  #waiting: FillInferred[] = [];
  readonly #counts = new Map<number, number>();
  /** When everything was closed, and nothing was left to strategies; undefined: never. */
  flatAt: Time | undefined;

  /** Executions inferred since the journal began. */
  get total(): number {
    let sum = 0;
    for (const count of this.#counts.values()) sum += count;
    return sum;
  }

  waiting(): readonly FillInferred[] {
    return this.#waiting;
  }

  /** A told execution may still come for one of the last days. */
  isExpecting(now: Time): boolean {
    return this.#waiting.some(({ until }) => now.day - until.day < expectedDays);
  }

  /** Symbols and how many executions of each were inferred. */
  counts(): IterableIterator<[number, number]> {
    return this.#counts.entries();
  }

  /** Id of what is missing of an order. */
  orderTradeId(clientOrderId: string, from: bigint, to: bigint): string {
    return `${clientOrderId}:${moneyText(from)}..${moneyText(to)}:inferred`;
  }

  /** Id of the next one of no order: positions come and go, so that it has a number. */
  positionTradeId(symbol: number, from: bigint, to: bigint): string {
    const number = (this.#counts.get(symbol) ?? 0) + 1;
    return `${symbol}:${number}:${moneyText(from)}..${moneyText(to)}:inferred`;
  }

  note(inferred: FillInferred): void {
    const { symbol, until } = inferred;
    this.#counts.set(symbol, (this.#counts.get(symbol) ?? 0) + 1);
    if (until.day === 0) return;
    this.#waiting.push(inferred);
    if (this.#waiting.length > keptMax) this.#waiting.shift();
  }

  /** Everything was closed since: what it closed of what strategies held is settled between them
   * and persons, so that it is of whom it was, whosever the told one is. */
  isSettled({ time }: FillInferred): boolean {
    return this.flatAt !== undefined && nsBetween(this.flatAt, time) >= 0;
  }

  /** How much of a told execution stands in its own order already. */
  ownQuantity(fill: Fill, order: ExecutedOrder): bigint {
    let sum = 0n;
    for (const { inferred, quantity } of this.#parts(fill, order))
      if (inferred.clientOrderId === fill.clientOrderId) sum += quantity;
    return sum;
  }

  /** What a told execution takes the place of; no other will. `order`: undefined when it is no
   * longer in memory. */
  take(fill: Fill, order: ExecutedOrder | undefined): readonly Replaced[] {
    if (this.#waiting.length === 0) return nothing;
    const parts = this.#parts(fill, order);
    if (parts.length === 0) return parts;
    const taken = new Map(parts.map(({ inferred, quantity }) => [inferred, quantity]));
    this.#waiting = this.#waiting.flatMap((one) => {
      const quantity = one.quantity - (taken.get(one) ?? 0n);
      return quantity === 0n ? [] : [quantity === one.quantity ? one : { ...one, quantity }];
    });
    return parts;
  }

  /** From a snapshot. */
  restore(inferred: FillInferred): void {
    this.#waiting.push(inferred);
  }

  /** From a snapshot. */
  restoreCount({ symbol, count }: Pick<InferredStanding, 'symbol' | 'count'>): void {
    this.#counts.set(symbol, count);
  }

  /** What was inferred of its own order goes first. */
  #parts(fill: Fill, order: ExecutedOrder | undefined): readonly Replaced[] {
    if (this.#waiting.length === 0) return nothing;
    const parts: Replaced[] = [];
    let rest = fill.quantity;
    // More than the order has, or had when it ended, can't be news, whatever the clock of its venue
    // says.
    const isTooMuch =
      order !== undefined && (order.closed || order.filled + fill.quantity > order.quantity);
    const ownAheadNs = isTooMuch ? Number.POSITIVE_INFINITY : aheadMaxNs;
    for (const isOwn of [true, false])
      for (const inferred of this.#waiting) {
        const isFit = isOwn ? isOfOrder(inferred, fill) : isOfNone(inferred, order?.intent);
        if (rest <= 0n || !isFit || !isPart(inferred, fill, isOwn ? ownAheadNs : 0)) continue;
        const quantity = inferred.quantity < rest ? inferred.quantity : rest;
        rest -= quantity;
        parts.push({ inferred, quantity });
      }
    return parts;
  }
}

/** What the venue had then has it in it; what happened later is news. Of an order it may have a
 * time that is a little later, by a venue whose clock is ahead: what is news of it all the same is
 * found to be missing when it is asked for next, and too much never is. */
function isPart({ symbol, side, until }: FillInferred, fill: Fill, aheadNs: number): boolean {
  return symbol === fill.symbol && side === fill.side && nsBetween(fill.time, until) <= aheadNs;
}

function isOfOrder({ clientOrderId }: FillInferred, fill: Fill): boolean {
  return clientOrderId !== '' && clientOrderId === fill.clientOrderId;
}

/** An order made later was no part of it, whatever the venue's clock says. */
function isOfNone(
  { clientOrderId, until }: FillInferred,
  intent: Pick<OrderIntent, 'time'> | undefined,
): boolean {
  return clientOrderId === '' && (intent === undefined || nsBetween(until, intent.time) >= 0);
}
