// hot: no allocation after init
// Trades through the rules of ticks, as ticks without a quote. What makes two ticks the same does
// not make two trades: many have one time, price and volume. The numbers of the venue tell them
// apart, and where it gives none every trade counts. Always: each row has a reason, 0 for a good
// one; a trade that was missing and comes late is not out of order.

import { type Cleaner, createCleaner } from '@ndts/native/clean';
import {
  CleanReason,
  createTickBatch,
  NdtsError,
  type TickBatch,
  type Time,
  type TradeBatch,
  TradeFlags,
} from '@ndts/protocol';
import { CleanerBank } from '../clean/cleaner-bank.js';
import type { RulesTaker, SourceRules } from '../clean/settings.js';
import { TradeIds } from './trade-ids.js';

/** Rules about quotes, and the one that trades have by their numbers. */
const notOfTrades: ReadonlySet<string> = new Set(['crossed', 'spread', 'duplicate']);

function rulesOfTrades(rules: SourceRules): SourceRules {
  const plans = rules.plans.map((plan) => ({
    ...plan,
    refused: plan.refused.filter((reason) => !notOfTrades.has(reason)),
    marked: [],
  }));
  return { ...rules, plans };
}

export class TradeCleaner implements RulesTaker {
  /** By place in the batch: CleanReason. */
  readonly reasons: Uint8Array;
  readonly #recall: (symbol: number, take: (id: number) => void) => void;
  readonly #ticks: TickBatch;
  readonly #refused: TickBatch;
  readonly #ids = new Map<number, TradeIds>();
  readonly #counts = new Map<number, Float64Array>();
  #own: Cleaner | undefined;
  #bank: CleanerBank | undefined;

  constructor(capacity: number, recall: (symbol: number, take: (id: number) => void) => void) {
    this.#recall = recall;
    this.reasons = new Uint8Array(capacity);
    this.#ticks = createTickBatch(capacity);
    this.#refused = createTickBatch(capacity);
  }

  setRules(rules: SourceRules): void {
    const mapped = rulesOfTrades(rules);
    if (this.#bank === undefined) {
      this.#own = createCleaner(mapped);
      this.#bank = new CleanerBank(this.#own);
    }
    this.#bank.setRules(mapped);
  }

  assign(symbol: number, plan: number): void {
    this.#bank?.assign(symbol, plan);
  }

  /** The trades as ticks: what the rules look at. Holds until the next call. */
  asTicks(batch: TradeBatch): TickBatch {
    const ticks = this.#ticks;
    const { count } = batch;
    for (const name of ['day', 'nsOfDay', 'price', 'volume', 'symbol'] as const)
      ticks[name].set(batch[name].subarray(0, count) as never);
    for (const name of ['bid', 'ask', 'bidVolume', 'askVolume', 'flags'] as const)
      ticks[name].fill(0, 0, count);
    for (let row = 0; row < count; row += 1) ticks.sequence[row] = row;
    ticks.count = count;
    return ticks;
  }

  /** Fills `reasons`. @param ticks asTicks() of the batch @returns how many are refused */
  clean(batch: TradeBatch, ticks: TickBatch, source: number, now: Time | undefined): number {
    if (this.#bank === undefined) throw new NdtsError('INTERNAL', 'there are no rules yet');
    const { reasons } = this;
    const refused = this.#refused;
    const ids = this.#idsOf(source);
    const counts = this.#countsOf(source);
    this.#bank.clean(ticks, refused, source, now);
    reasons.fill(CleanReason.ok, 0, batch.count);
    for (let row = 0; row < refused.count; row += 1)
      reasons[refused.sequence[row]!] = refused.flags[row]!;
    let total = 0;
    for (let row = 0; row < batch.count; row += 1) {
      if ((batch.flags[row]! & TradeFlags.id) !== 0) this.#number(batch, row, ids);
      if (reasons[row] === CleanReason.ok) continue;
      counts[reasons[row]!]! += 1;
      total += 1;
    }
    return total;
  }

  #number(batch: TradeBatch, row: number, ids: TradeIds): void {
    const { reasons } = this;
    const symbol = batch.symbol[row]!;
    const id = batch.tradeId[row]!;
    if (reasons[row] === CleanReason.ok && ids.isKnown(symbol, id))
      reasons[row] = CleanReason.duplicate;
    else if (reasons[row] === CleanReason.outOfOrder) {
      if (ids.isKnown(symbol, id)) reasons[row] = CleanReason.duplicate;
      else if (ids.isMissing(symbol, id)) reasons[row] = CleanReason.ok;
    }
    if (reasons[row] === CleanReason.ok) ids.add(symbol, id);
  }

  /** By CleanReason. */
  counts(source: number): Float64Array {
    return this.#countsOf(source);
  }

  /** Lets what is known of all other sources go. */
  keep(sources: ReadonlySet<number>): void {
    this.#bank?.keep(sources);
    for (const known of [this.#ids, this.#counts])
      for (const source of known.keys()) if (!sources.has(source)) known.delete(source);
  }

  close(): void {
    this.#bank?.close();
    this.#own?.close();
    this.#bank = undefined;
  }

  #idsOf(source: number): TradeIds {
    let ids = this.#ids.get(source);
    if (ids === undefined) {
      ids = new TradeIds(this.#recall);
      this.#ids.set(source, ids);
    }
    return ids;
  }

  #countsOf(source: number): Float64Array {
    let counts = this.#counts.get(source);
    if (counts === undefined) {
      counts = new Float64Array(Object.keys(CleanReason).length);
      this.#counts.set(source, counts);
    }
    return counts;
  }
}
