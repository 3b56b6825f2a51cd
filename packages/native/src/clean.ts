// The cleaning rules as one native pass over a batch. engine/clean/cleaner.h states the rules and
// the order in which they are tried; a plan is what they are for one class of symbols.
// hot: no allocation after init

import {
  CleanPlan as CleanPlanLayout,
  CleanReason,
  type CleanReasonName,
  type TickBatch,
  type Time,
} from '@ndts/protocol';
import { addon, native, toNdtsError } from './addon.js';

export interface CleanPlan {
  /** Exclusive; below 0 also lets bid and ask be below 0. */
  readonly priceMin: number;
  readonly priceMax: number;
  readonly spreadMax: number;
  /** 0: any price. */
  readonly tickSize: number;
  readonly jumpMax: number;
  readonly jumpDeviations: number;
  readonly disorderNs: number;
  readonly staleNs: number;
  readonly futureNs: number;
  readonly quietNs: number;
  readonly confirmations: number;
  /** Place in the list of calendars; undefined: always open. */
  readonly calendar: number | undefined;
  /** Rules that refuse, with `sentinel`; those in neither list are off. */
  readonly refused: readonly CleanReasonName[];
  /** Rules that mark: the tick stays. */
  readonly marked: readonly CleanReasonName[];
}

/** Half-open. */
export interface SessionRange {
  readonly open: Time;
  readonly close: Time;
}

export interface CleanRules {
  /** The first is that of symbols nobody named. */
  readonly plans: readonly CleanPlan[];
  readonly calendars: readonly (readonly SessionRange[])[];
  /** By symbol id; those beyond it have plan 0. */
  readonly planOf: Uint16Array;
}

/** Feeds are told apart in counts by numbers below it. */
export const cleanSources = 64;

export interface Cleaner {
  /** Moves the good rows to the front in order and sets batch.count; bad rows are copied to
   * `rejects` (up to its capacity, count set) with their reason in rejects.flags. `now` is the wall
   * clock, undefined for rows of the past. Returns how many rows were refused. */
  clean(batch: TickBatch, rejects: TickBatch, source?: number, now?: Time): number;
  /** Refused so far by rows of a source, by CleanReason number. */
  counts(source: number): Float64Array;
  /** Marked so far, likewise. */
  marked(source: number): Float64Array;
  /** Takes effect with the next batch; what is known of the symbols stays. */
  setRules(rules: CleanRules): void;
  /** The plan of a symbol that came later. */
  assign(symbol: number, plan: number): void;
  close(): void;
}

interface NativeCleaner {
  clean(
    buffer: ArrayBuffer,
    capacity: number,
    count: number,
    rejectBuffer: ArrayBuffer,
    rejectCapacity: number,
    source: number,
    nowDay: number,
    nowNsOfDay: number,
    result: Uint32Array,
  ): void;
  counts(source: number): Float64Array;
  setRules(...rules: NativeRules): void;
  assign(symbol: number, plan: number): void;
  close(): void;
}

type NativeRules = [ArrayBuffer, number, Uint16Array, Float64Array[]];

const { Cleaner: NativeCleaner } = addon as {
  Cleaner: new (...rules: NativeRules) => NativeCleaner;
};

const alwaysOpen = 0xffff_ffff;

function bitsOf(reasons: readonly CleanReasonName[]): number {
  let bits = 0;
  for (const reason of reasons) bits |= 1 << CleanReason[reason];
  return bits >>> 0;
}

function writePlan(view: DataView, at: number, plan: CleanPlan): void {
  const number = (offset: number, value: number): void => view.setFloat64(at + offset, value, true);
  const word = (offset: number, value: number): void => view.setUint32(at + offset, value, true);
  number(CleanPlanLayout.priceMin, plan.priceMin);
  number(CleanPlanLayout.priceMax, plan.priceMax);
  number(CleanPlanLayout.spreadMax, plan.spreadMax);
  number(CleanPlanLayout.tickSize, plan.tickSize);
  number(CleanPlanLayout.jumpMax, plan.jumpMax);
  number(CleanPlanLayout.jumpDeviations, plan.jumpDeviations);
  number(CleanPlanLayout.disorderNs, plan.disorderNs);
  number(CleanPlanLayout.staleNs, plan.staleNs);
  number(CleanPlanLayout.futureNs, plan.futureNs);
  number(CleanPlanLayout.quietNs, plan.quietNs);
  word(CleanPlanLayout.confirmations, plan.confirmations);
  word(CleanPlanLayout.calendar, plan.calendar ?? alwaysOpen);
  word(CleanPlanLayout.refused, bitsOf(plan.refused));
  word(CleanPlanLayout.marked, bitsOf(plan.marked));
}

function nativeRules(rules: CleanRules): NativeRules {
  const plans = new ArrayBuffer(rules.plans.length * CleanPlanLayout.sizeBytes);
  const view = new DataView(plans);
  for (const [place, plan] of rules.plans.entries())
    writePlan(view, place * CleanPlanLayout.sizeBytes, plan);
  const calendars = rules.calendars.map((ranges) =>
    Float64Array.from(
      ranges.flatMap(({ open, close }) => [open.day, open.nsOfDay, close.day, close.nsOfDay]),
    ),
  );
  return [plans, rules.plans.length, rules.planOf, calendars];
}

class AddonCleaner implements Cleaner {
  readonly #native: NativeCleaner;
  /** Rows kept, rejects copied. */
  readonly #result = new Uint32Array(2);

  constructor(rules: CleanRules) {
    this.#native = native(() => new NativeCleaner(...nativeRules(rules)));
  }

  clean(batch: TickBatch, rejects: TickBatch, source = 0, now?: Time): number {
    const offered = batch.count;
    try {
      this.#native.clean(
        batch.buffer,
        batch.capacity,
        offered,
        rejects.buffer,
        rejects.capacity,
        source,
        now?.day ?? Number.NaN,
        now?.nsOfDay ?? Number.NaN,
        this.#result,
      );
    } catch (error) {
      throw toNdtsError(error);
    }
    const kept = this.#result[0] ?? 0;
    batch.count = kept;
    rejects.count = this.#result[1] ?? 0;
    return offered - kept;
  }

  counts(source: number): Float64Array {
    const both = native(() => this.#native.counts(source));
    return both.subarray(0, both.length / 2);
  }

  marked(source: number): Float64Array {
    const both = native(() => this.#native.counts(source));
    return both.subarray(both.length / 2);
  }

  setRules(rules: CleanRules): void {
    native(() => this.#native.setRules(...nativeRules(rules)));
  }

  assign(symbol: number, plan: number): void {
    native(() => this.#native.assign(symbol, plan));
  }

  close(): void {
    this.#native.close();
  }
}

export function createCleaner(rules: CleanRules): Cleaner {
  return new AddonCleaner(rules);
}
