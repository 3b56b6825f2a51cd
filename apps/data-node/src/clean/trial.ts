// A dry run: proposed rules over what was stored and what was refused, in the order in which it
// came, and how they judge it otherwise than those of then. Nothing is changed.
//
// Rules know of a symbol only what came of that symbol, so each is run by itself. A little of what
// came before is run first, so that the first ticks have neighbours. Of accepted ticks nobody wrote
// down when they were received: stale and future are judged of rejects only. What did not come
// through a feed was never cleaned; it is judged all the same.

import { createCleaner } from '@ndts/native/clean';
import {
  addNs,
  CleanReason,
  CleanReasonNames,
  type CleanTryChange,
  type CleanTrySample,
  type CleanTryView,
  type Clock,
  createTickBatch,
  NdtsError,
  nsBetween,
  nsPerMs,
  type TickBatch,
  type Time,
  timeText,
} from '@ndts/protocol';
import type { SymbolEntry } from '@ndts/storage';
import { noSymbolName } from '../symbols/no-symbol.js';
import type { Arrivals } from './arrivals.js';
import { countsByRule } from './rejects.js';
import type { CompiledRules } from './rules.js';
import { isTime, loadArrivals, type StoredRows } from './trial-rows.js';

export interface TrialOptions {
  readonly rules: CompiledRules;
  readonly rows: StoredRows;
  /** Names; default: all. NOT_FOUND for one that nobody registered. */
  readonly symbols?: readonly string[];
  readonly from: Time;
  /** Exclusive. */
  readonly to: Time;
  /** How many ticks are shown of each kind. */
  readonly samples: number;
  /** Lets others work between symbols. */
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

const batchRows = 1024;

/** Throws CANCELLED when the signal comes, INVALID_ARGUMENT for more ticks than fit. */
export async function tryRules(options: TrialOptions): Promise<CleanTryView> {
  const { rules, rows, from, to, clock, signal } = options;
  if (nsBetween(to, from) <= 0)
    throw new NdtsError('INVALID_ARGUMENT', 'expected a time to that is behind from');
  // That of what could not be read at all has no ticks to be judged.
  const known = (await rows.symbols()).filter(({ name }) => name !== noSymbolName);
  const symbols = options.symbols === undefined ? known : chosen(known, options.symbols);
  const range = { leadFrom: addNs(from, -rules.quietMsMax * nsPerMs), from, to };
  const hasRejects = (await rows.tables()).some(({ name }) => name === 'rejects');
  const trial = new Trial(options, symbols);
  try {
    for (const symbol of symbols) {
      if (signal?.aborted === true)
        throw new NdtsError('CANCELLED', 'the dry run was stopped', { cause: signal.reason });
      const arrivals = await loadArrivals(rows, symbol.name, range, hasRejects);
      for (let first = 0; first < arrivals.count; first = trial.run(symbol, arrivals, first))
        await pause(clock);
      await pause(clock);
    }
    return trial.view(symbols.length);
  } finally {
    trial.close();
  }
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(0, resolve);
  });
}

function chosen(known: readonly SymbolEntry[], names: readonly string[]): readonly SymbolEntry[] {
  const byName = new Map(known.map((entry) => [entry.name, entry]));
  return [...new Set(names)].map((name) => {
    const entry = byName.get(name);
    if (entry !== undefined) return entry;
    throw new NdtsError('NOT_FOUND', `no symbol is called '${name}'`);
  });
}

interface Change {
  readonly today: number;
  readonly proposed: number;
  count: number;
  readonly samples: CleanTrySample[];
}

/** Rows that are judged before others may work. */
const turnRows = 32 * batchRows;

class Trial {
  readonly #cleaner;
  readonly #samples: number;
  readonly #batch = createTickBatch(batchRows);
  readonly #refused = createTickBatch(batchRows);
  /** Of the rows in the batch: CleanReason. */
  readonly #today = new Uint8Array(batchRows);
  readonly #changes = new Map<number, Change>();
  /** Marked in rows that only lead up to the others. */
  readonly #leadMarks = new Float64Array(Object.keys(CleanReason).length);
  #ticks = 0;
  #rejects = 0;
  #same = 0;

  constructor({ rules, samples }: TrialOptions, symbols: readonly SymbolEntry[]) {
    this.#cleaner = createCleaner(rules.native(symbols));
    this.#samples = samples;
  }

  /** Judges rows from `first` on; returns where to go on. Rows that were held against a clock are
   * judged by it, each by itself. */
  run(symbol: SymbolEntry, arrivals: Arrivals, first: number): number {
    const end = Math.min(arrivals.count, first + turnRows);
    const batch = this.#batch;
    for (let row = first; row < end; ) {
      const isCounted = arrivals.isCounted[row] === 1;
      const received = receivedAt(arrivals, row);
      do {
        this.#add(symbol.id, arrivals, row);
        row += 1;
      } while (
        received === undefined &&
        batch.count < batchRows &&
        row < end &&
        (arrivals.isCounted[row] === 1) === isCounted &&
        receivedAt(arrivals, row) === undefined
      );
      if (isCounted) this.#judge(symbol, received);
      else this.#lead(received);
    }
    return end;
  }

  view(symbols: number): CleanTryView {
    const changes = [...this.#changes.values()].map(
      ({ today, proposed, count, samples }): CleanTryChange => ({
        today: ruleName(today),
        proposed: ruleName(proposed),
        count,
        samples,
      }),
    );
    changes.sort((a, b) => b.count - a.count);
    const marked = this.#cleaner.marked(0).map((count, rule) => count - this.#leadMarks[rule]!);
    return {
      symbols,
      ticks: this.#ticks,
      rejects: this.#rejects,
      same: this.#same,
      changes,
      marked: countsByRule(marked),
    };
  }

  close(): void {
    this.#cleaner.close();
  }

  #add(symbol: number, arrivals: Arrivals, row: number): void {
    const batch = this.#batch;
    const at = batch.count;
    const { rows, place } = arrivals.at(row);
    batch.day[at] = rows.day[place]!;
    batch.nsOfDay[at] = rows.nsOfDay[place]!;
    batch.sequence[at] = at;
    batch.price[at] = rows.price[place]!;
    batch.volume[at] = rows.volume[place]!;
    batch.bid[at] = rows.bid[place]!;
    batch.ask[at] = rows.ask[place]!;
    batch.bidVolume[at] = rows.bidVolume[place]!;
    batch.askVolume[at] = rows.askVolume[place]!;
    batch.symbol[at] = symbol;
    batch.flags[at] = 0;
    this.#today[at] = arrivals.today(row);
    batch.count = at + 1;
  }

  #lead(now: Time | undefined): void {
    const before = this.#cleaner.marked(0);
    this.#cleaner.clean(this.#batch, this.#refused, 0, now);
    const after = this.#cleaner.marked(0);
    for (const [rule, count] of after.entries()) this.#leadMarks[rule]! += count - before[rule]!;
    this.#batch.count = 0;
  }

  #judge(symbol: SymbolEntry, now: Time | undefined): void {
    const batch = this.#batch;
    const refused = this.#refused;
    for (let row = 0; row < batch.count; row += 1)
      if (this.#today[row] === CleanReason.ok) this.#ticks += 1;
      else this.#rejects += 1;
    this.#cleaner.clean(batch, refused, 0, now);
    for (let row = 0; row < batch.count; row += 1)
      this.#compare(symbol, batch, row, CleanReason.ok);
    for (let row = 0; row < refused.count; row += 1)
      this.#compare(symbol, refused, row, refused.flags[row]!);
    batch.count = 0;
  }

  #compare(symbol: SymbolEntry, rows: TickBatch, row: number, proposed: number): void {
    const today = this.#today[rows.sequence[row]!]!;
    if (today === proposed) {
      this.#same += 1;
      return;
    }
    const key = today * 256 + proposed;
    let change = this.#changes.get(key);
    if (change === undefined) {
      change = { today, proposed, count: 0, samples: [] };
      this.#changes.set(key, change);
    }
    change.count += 1;
    if (change.samples.length < this.#samples) change.samples.push(sampleOf(symbol, rows, row));
  }
}

function receivedAt(arrivals: Arrivals, row: number): Time | undefined {
  const day = arrivals.receivedDay[row]!;
  return Number.isNaN(day) ? undefined : { day, nsOfDay: arrivals.receivedNs[row]! };
}

function ruleName(reason: number): string {
  return reason === CleanReason.ok ? '' : (CleanReasonNames[reason] ?? String(reason));
}

function sampleOf(symbol: SymbolEntry, rows: TickBatch, row: number): CleanTrySample {
  const day = rows.day[row]!;
  const nsOfDay = rows.nsOfDay[row]!;
  return {
    symbol: symbol.name,
    time: isTime(day, nsOfDay) ? timeText({ day, nsOfDay }) : `day ${day}, ns ${nsOfDay}`,
    price: String(rows.price[row]),
    volume: String(rows.volume[row]),
    bid: String(rows.bid[row]),
    ask: String(rows.ask[row]),
  };
}
