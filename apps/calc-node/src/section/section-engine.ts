// hot: no allocation after init
// Cross-sections: the newest values of all symbols side by side, and what each symbol is among
// them. Always: rows are those of all known symbols, ascending; a section depends on the newest row
// of each symbol only, by whole milliseconds, among equals the last to come; with the triggers of
// time and count also not on how rows are split into batches.

import { msPerDay, NdtsError, nsPerMs, type TickBatch, xxHash32 } from '@ndts/protocol';
import { SlotState } from '../window/slot-state.js';
import {
  checkMeasure,
  demean,
  GroupMeans,
  type Measure,
  percentile,
  quantile,
  Ranks,
  rank,
  residual,
  zscore,
} from './measures.js';

export type SectionTrigger =
  /** At multiples of `stepMs` since 1970 before the first row that is not before it, when there
   * were rows since the last. */
  | { readonly kind: 'time'; readonly stepMs: number }
  /** With every so many rows. */
  | { readonly kind: 'count'; readonly count: number }
  /** With every push(); what is together in one is up to the caller. */
  | { readonly kind: 'batch' };

export interface SectionSpec {
  readonly inputCount: number;
  readonly measures: readonly Measure[];
  readonly trigger: SectionTrigger;
  /** Symbols that are in every section, seen or not. */
  readonly symbols?: readonly number[];
  /** A symbol without rows for so long, by event time, has no values. */
  readonly maxAgeMs?: number;
  /** A symbol without rows for so long that is not listed is forgotten with the next section; by
   * default none is. */
  readonly purgeMs?: number;
}

export interface SectionRows {
  readonly count: number;
  readonly day: number;
  readonly nsOfDay: number;
  readonly symbol: Uint32Array;
  /** The newest values; NaN: missing. */
  readonly inputs: readonly Float64Array[];
  /** By measure; NaN where the value is missing. */
  readonly values: readonly Float64Array[];
}

export type SectionListener = (rows: SectionRows) => void;

class SectionBuffer implements SectionRows {
  count = 0;
  day = 0;
  nsOfDay = 0;
  symbol = new Uint32Array(0);
  inputs: Float64Array[] = [];
  values: Float64Array[] = [];
  groups = new Float64Array(0);

  reserve(rows: number, inputs: number, values: number): void {
    if (rows <= this.groups.length && this.inputs.length === inputs) return;
    const capacity = 2 * rows;
    this.symbol = new Uint32Array(capacity);
    this.groups = new Float64Array(capacity);
    this.inputs = Array.from({ length: inputs }, () => new Float64Array(capacity));
    this.values = Array.from({ length: values }, () => new Float64Array(capacity));
  }
}

const headSize = 5;
const symbolsMin = 256;

export class SectionEngine {
  readonly #spec: SectionSpec;
  readonly #listener: SectionListener;
  /** A record: the newest time, and the values then. */
  readonly #symbols: SlotState;
  readonly #rows = new SectionBuffer();
  readonly #ranks = new Ranks(symbolsMin);
  readonly #means = new GroupMeans();
  readonly #listed: ReadonlySet<number>;
  readonly #signature: number;
  #newestMs = Number.NEGATIVE_INFINITY;
  #nextMs = Number.NaN;
  /** Rows since the last section. */
  #since = 0;

  /** `onSection` is called within push() and advance(); what it is given is valid until it returns.
   * Throws INVALID_ARGUMENT. */
  constructor(spec: SectionSpec, onSection: SectionListener) {
    checkSection(spec);
    this.#spec = spec;
    this.#listener = onSection;
    const empty = new Float64Array(1 + spec.inputCount).fill(Number.NaN);
    empty[0] = Number.NEGATIVE_INFINITY;
    this.#symbols = new SlotState(empty);
    this.#listed = new Set(spec.symbols);
    for (const symbol of this.#listed) this.#symbols.add(symbol);
    const measures = spec.measures.map((one) => ({ ...one, groups: [...(one.groups ?? [])] }));
    const text = JSON.stringify([{ ...spec, measures }]);
    this.#signature = xxHash32(new TextEncoder().encode(text)) >>> 0;
  }

  /** `inputs`: columns as long as the batch. Rows older than the newest of a symbol are ignored. */
  push(
    batch: Pick<TickBatch, 'count' | 'symbol' | 'day' | 'nsOfDay'>,
    inputs: readonly Float64Array[],
  ): void {
    const { trigger, inputCount } = this.#spec;
    if (inputs.length < inputCount)
      throw wrong(`expected ${inputCount} columns, found ${inputs.length}`);
    for (let row = 0; row < batch.count; row += 1) {
      const ms = batch.day[row]! * msPerDay + Math.floor(batch.nsOfDay[row]! / nsPerMs);
      this.#passTime(ms);
      this.#take(batch.symbol[row]!, ms, inputs, row);
      this.#since += 1;
      if (trigger.kind === 'count' && this.#since === trigger.count) this.#give(this.#newestMs);
    }
    if (trigger.kind === 'batch' && batch.count > 0) this.#give(this.#newestMs);
  }

  /** It is so late, by event time. */
  advance(day: number, nsOfDay: number): void {
    if (this.#newestMs !== Number.NEGATIVE_INFINITY)
      this.#passTime(day * msPerDay + Math.floor(nsOfDay / nsPerMs));
  }

  #passTime(ms: number): void {
    if (ms <= this.#newestMs) return;
    const { trigger } = this.#spec;
    if (trigger.kind === 'time' && !(ms < this.#nextMs)) {
      if (this.#since > 0) this.#give(this.#nextMs);
      this.#nextMs = (Math.floor(ms / trigger.stepMs) + 1) * trigger.stepMs;
    }
    this.#newestMs = ms;
  }

  #take(symbol: number, ms: number, inputs: readonly Float64Array[], row: number): void {
    let slot = this.#symbols.slots.find(symbol);
    if (slot < 0) slot = this.#symbols.add(symbol);
    const { state, stride } = this.#symbols;
    const record = slot * stride;
    if (ms < state[record]!) return;
    state[record] = ms;
    for (let at = 1; at < stride; at += 1) state[record + at] = inputs[at - 1]![row]!;
  }

  #give(ms: number): void {
    this.#since = 0;
    const { inputCount, measures, maxAgeMs = Number.POSITIVE_INFINITY, purgeMs } = this.#spec;
    const { slots, state, stride } = this.#symbols;
    const isListed = (record: number): boolean => this.#listed.has(slots.symbolOf(record / stride));
    if (purgeMs !== undefined) this.#symbols.purge(ms - purgeMs, (record) => !isListed(record));
    const rows = this.#rows;
    rows.reserve(slots.count, inputCount, measures.length);
    rows.count = slots.count;
    rows.day = Math.floor(ms / msPerDay);
    rows.nsOfDay = (ms - rows.day * msPerDay) * nsPerMs;
    for (const [row, slot] of slots.ordered().entries()) {
      const record = slot * stride;
      const isThere = state[record]! >= ms - maxAgeMs;
      rows.symbol[row] = slots.symbolOf(slot);
      for (let at = 0; at < inputCount; at += 1)
        rows.inputs[at]![row] = isThere ? state[record + 1 + at]! : Number.NaN;
    }
    for (const [at, measure] of measures.entries()) this.#measure(measure, rows.values[at]!);
    this.#listener(rows);
  }

  #measure({ name, input, buckets = 5, groups, by = 0 }: Measure, out: Float64Array): void {
    const rows = this.#rows;
    const { count } = rows;
    const values = rows.inputs[input]!;
    switch (name) {
      case 'rank':
        rank(values, count, out, this.#ranks);
        break;
      case 'percentile':
        percentile(values, count, out, this.#ranks);
        break;
      case 'quantile':
        quantile(values, count, out, this.#ranks, buckets);
        break;
      case 'zscore':
        zscore(values, count, out);
        break;
      case 'demean':
        for (let row = 0; row < count; row += 1)
          rows.groups[row] =
            groups === undefined ? 0 : (groups.get(rows.symbol[row]!) ?? Number.NaN);
        demean(values, count, out, rows.groups, this.#means);
        break;
      case 'residual':
        residual(values, count, out, rows.inputs[by]!);
        break;
    }
  }

  snapshot(): Uint8Array {
    const { slots, stride } = this.#symbols;
    const saved = new Float64Array(headSize + slots.count * (stride + 1));
    saved.set([this.#signature, this.#newestMs, this.#nextMs, this.#since, slots.count]);
    this.#symbols.save(saved, headSize);
    return new Uint8Array(saved.buffer);
  }

  /** Throws INVALID_ARGUMENT for a snapshot of other sections. */
  restore(bytes: Uint8Array): void {
    const { stride } = this.#symbols;
    if (bytes.byteLength % 8 !== 0 || bytes.byteLength < 8 * headSize)
      throw wrong(`a snapshot of ${bytes.byteLength} bytes is none`);
    const saved = new Float64Array(bytes.slice().buffer);
    const [signature = 0, newestMs = 0, nextMs = 0, since = 0, count = 0] = saved;
    if (signature !== this.#signature) throw wrong('the snapshot is of others');
    if (saved.length !== headSize + count * (stride + 1))
      throw wrong(`a snapshot of ${count} symbols has not ${bytes.byteLength} bytes`);
    this.#newestMs = newestMs;
    this.#nextMs = nextMs;
    this.#since = since;
    this.#symbols.load(saved, headSize, count);
  }
}

function checkSection({ inputCount, measures, trigger, ...ages }: SectionSpec): void {
  for (const measure of measures) {
    checkMeasure(measure);
    for (const place of [measure.input, measure.by ?? 0])
      if (place >= inputCount)
        throw wrong(`${measure.name}: there is no column ${place} of ${inputCount}`);
  }
  const size =
    trigger.kind === 'time' ? trigger.stepMs : trigger.kind === 'count' ? trigger.count : 1;
  if (!Number.isSafeInteger(size) || size < 1)
    throw wrong(`expected whole numbers of at least 1 of ${trigger.kind}, found ${size}`);
  for (const age of [ages.maxAgeMs ?? 0, ages.purgeMs ?? 1])
    if (!(age >= 0)) throw wrong(`expected an age of at least 0 ms, found ${age}`);
}

function wrong(text: string): NdtsError {
  return new NdtsError('INVALID_ARGUMENT', `cross-sections: ${text}`);
}
