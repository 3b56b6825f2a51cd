// hot: no allocation after init
// The factors of one strategy, compiled: one native program for all that are expressions, then the
// author's own functions. A batch runs through all of them before any hook sees a row.
//
// Always: what a row gives depends on the earlier rows of its symbol and on nothing else, however
// they were cut into batches; save() and load() keep it to the bit. The latest values of symbols
// are brought up to the row at hand when somebody asks, and at the end of a batch: most ticks pass
// without.

import type { FactorProgram, FactorReach } from '@ndts/native/factor';
import { createTickBatch, type TickBatch, xxHash32 } from '@ndts/protocol';
import { TickCursor } from '../source/tick-cursor.js';
import { compileFactors } from './compile.js';
import {
  type CustomFactor,
  expressionsOf,
  type FactorDeclaration,
  type FactorDeclarations,
} from './declare.js';
import { call, type Expression } from './expression.js';
import { firstTick, hasTime, leastOfRows } from './first-tick.js';
import { CustomStates } from './custom-states.js';
import { type FactorColumns, FactorCursor, type RowPlace } from './factor-cursor.js';
import { LatestValues } from './latest-values.js';
import { TickTrail } from './tick-trail.js';

export interface PlannedFactor {
  /** Its number in factor rows: 1, 2 ... in the order of declaration. */
  readonly id: number;
  readonly cursor: FactorCursor;
  /** As far as the plan has settled them. */
  readonly latest: LatestValues;
  /** Of each row the sequence of the first tick it looks at; undefined: it is not stored. */
  readonly firsts: Float64Array | undefined;
  /** How far back a row looks. */
  readonly reach: FactorReach;
}

/** A function of the author's, and the columns it reads and fills. */
interface PlannedCustom {
  readonly factor: CustomFactor;
  readonly states: CustomStates;
  readonly inputs: readonly Float64Array[];
  readonly values: Float64Array;
  readonly value: Float64Array;
}

/** Whoever goes back from an earlier row is never later: step by step the farther covers all. */
function farthest(reaches: readonly FactorReach[]): FactorReach {
  const steps = Math.max(1, ...reaches.map((reach) => reach.length));
  return Array.from({ length: steps }, (_, step) =>
    Math.max(0, ...reaches.map((reach) => reach[step] ?? 0)),
  );
}

/** Of a stored factor with windows of time: which tick the first one is. */
function timedFirsts(declaration: FactorDeclaration): Expression[] {
  const expressions = expressionsOf(declaration);
  if (!declaration.isStored || !expressions.some(hasTime)) return [];
  const [first, ...others] = expressions.map(firstTick);
  const one = others.reduce((least, other) => call('lesser', least, other), first!);
  // A function of the author's remembers what it was handed.
  return [leastOfRows(one, declaration.kind === 'custom' ? declaration.warmUp : 1)];
}

/** Differs where a name, a version or what is worked out does. */
function meaningOf(named: readonly (readonly [string, FactorDeclaration])[]): number {
  const all = named.map(([name, one]) => [name, one.kind, one.version, expressionsOf(one)]);
  return xxHash32(new TextEncoder().encode(JSON.stringify(all))) >>> 0;
}

export class FactorPlan {
  readonly factors: readonly PlannedFactor[];
  /** How far back the factors of a tick look, itself counted: what a symbol has to be shown before
   * its first live tick. 0 rows: nothing. */
  readonly reach: FactorReach;
  /** Of all cursors: whose values are the latest of its symbol, as are those of rows before. */
  readonly place: RowPlace = { row: -1 };
  readonly #program: FactorProgram | undefined;
  readonly #customs: PlannedCustom[] = [];
  /** undefined: none is stored. */
  readonly #trail: TickTrail | undefined;
  /** Which factor is which: what is known of them is saved by place. */
  readonly #meaning: number;
  readonly #tick = new TickCursor();
  #batch: TickBatch = createTickBatch(1);
  /** Rows of the batch whose values are settled. */
  #settled = 0;

  /** INVALID_ARGUMENT where an expression can't be run. */
  constructor(declarations: FactorDeclarations, capacity: number) {
    const named = Object.entries(declarations);
    this.#meaning = meaningOf(named);
    const expressions = named.flatMap(([, declaration]) => expressionsOf(declaration));
    const timed = named.flatMap(([, declaration]) => timedFirsts(declaration));
    if (expressions.length > 0)
      this.#program = compileFactors([...expressions, ...timed], capacity);
    const nothing = new Float64Array(capacity).fill(Number.NaN);
    const stored = named.map(([, declaration]) => declaration).filter(({ isStored }) => isStored);
    if (stored.length > 0) this.#trail = new TickTrail(this.#depths(declarations), capacity);
    let [at, timedAt] = [0, expressions.length];
    this.factors = named.map(([name, declaration], index) => {
      const count = expressionsOf(declaration).length;
      const outputs = this.#program?.outputs.slice(at, at + count) ?? [];
      const reaches = this.#program?.reach.slice(at, at + count) ?? [];
      at += count;
      const [value, middle, upper, lower, signal] =
        declaration.kind === 'custom' ? [this.#addCustom(declaration, outputs, capacity)] : outputs;
      const columns: FactorColumns = {
        value: value ?? nothing,
        middle: middle ?? nothing,
        upper: upper ?? nothing,
        lower: lower ?? nothing,
        signal: signal ?? nothing,
      };
      const cursor = new FactorCursor(name, columns, this.place);
      const place = stored.indexOf(declaration);
      const [first] = timedFirsts(declaration);
      const firsts =
        first === undefined ? this.#trail?.firsts[place] : this.#program?.outputs[timedAt];
      if (first !== undefined) timedAt += 1;
      const shown = declaration.kind === 'custom' ? declaration.warmUp : 0;
      const reach = farthest([...reaches, [shown]]);
      return { id: index + 1, cursor, latest: new LatestValues(), firsts, reach };
    });
    const customs = this.#customs.map(({ factor }) => [factor.warmUp]);
    this.reach = farthest([...(this.#program?.reach ?? []), ...customs]);
  }

  /** Tells plans apart whose states are not for each other. */
  get signature(): string {
    const own = this.#customs.map(({ factor }) => factor.stateLength);
    const trail = this.#trail === undefined ? [] : [`trail:${this.#trail.depthMax}`];
    return [this.#meaning, this.#program?.signature ?? '', ...own, ...trail].join(' ');
  }

  /** Bytes of what is known of one symbol. */
  get stateBytes(): number {
    return this.#customs.reduce(
      (sum, { states }) => sum + states.bytes,
      (this.#program?.stateBytes ?? 0) + (this.#trail?.stateBytes ?? 0),
    );
  }

  /** Factors of all rows. The place is before the first. */
  compute(batch: TickBatch): void {
    this.end();
    this.#batch = batch;
    for (let index = 0; index < this.factors.length; index += 1)
      this.factors[index]!.cursor.batch = batch;
    this.#program?.update(batch);
    this.#trail?.push(batch);
    for (let index = 0; index < this.#customs.length; index += 1)
      this.#runCustom(this.#customs[index]!, batch);
  }

  /** Brings the latest values up to the place. */
  settle(): void {
    const end = this.place.row + 1;
    const { symbol } = this.#batch;
    for (let index = 0; index < this.factors.length; index += 1) {
      const { cursor, latest } = this.factors[index]!;
      latest.setRows(symbol, cursor.columns.value, this.#settled, end);
    }
    this.#settled = Math.max(this.#settled, end);
  }

  /** The batch may be used for others: what it led to at the place is kept. */
  end(): void {
    if (this.place.row < 0) return;
    this.settle();
    for (let index = 0; index < this.factors.length; index += 1) this.factors[index]!.cursor.hold();
    this.place.row = -1;
    this.#settled = 0;
  }

  /** What is known of these symbols, one after the other, each stateBytes long. */
  save(symbols: Uint32Array): Uint8Array {
    const stride = this.stateBytes;
    const saved = new Uint8Array(symbols.length * stride);
    const native = this.#program?.stateBytes ?? 0;
    const states = new Uint8Array(this.#program?.saveStates(symbols) ?? new ArrayBuffer(0));
    for (const [index, symbol] of symbols.entries()) {
      saved.set(states.subarray(index * native, (index + 1) * native), index * stride);
      let at = index * stride + native;
      for (const custom of this.#customs) {
        custom.states.save(symbol, saved.subarray(at, at + custom.states.bytes));
        at += custom.states.bytes;
      }
      this.#trail?.save(symbol, saved.subarray(at, at + this.#trail.stateBytes));
    }
    return saved;
  }

  /** Only what a plan of the same signature has saved. */
  load(symbols: Uint32Array, saved: Uint8Array): void {
    const stride = this.stateBytes;
    const native = this.#program?.stateBytes ?? 0;
    const states = new Uint8Array(symbols.length * native);
    for (const [index, symbol] of symbols.entries()) {
      const from = index * stride;
      states.set(saved.subarray(from, from + native), index * native);
      let at = from + native;
      for (const custom of this.#customs) {
        custom.states.load(symbol, saved.subarray(at, at + custom.states.bytes));
        at += custom.states.bytes;
      }
      this.#trail?.load(symbol, saved.subarray(at, at + this.#trail.stateBytes));
    }
    this.#program?.loadStates(symbols, states.buffer);
  }

  close(): void {
    this.#program?.close();
  }

  /** Of the stored ones: ticks of a symbol before the first value. */
  #depths(declarations: FactorDeclarations): number[] {
    let at = 0;
    return Object.values(declarations).flatMap((declaration) => {
      const count = expressionsOf(declaration).length;
      const own = this.#program?.warmUp.slice(at, at + count) ?? [];
      at += count;
      const least = declaration.kind === 'custom' ? declaration.warmUp : 1;
      return declaration.isStored ? [Math.max(1, least, ...own)] : [];
    });
  }

  #addCustom(
    factor: CustomFactor,
    inputs: readonly Float64Array[],
    capacity: number,
  ): Float64Array {
    const value = new Float64Array(capacity);
    const states = new CustomStates(factor.stateLength);
    const values = new Float64Array(inputs.length);
    this.#customs.push({ factor, states, inputs, values, value });
    return value;
  }

  #runCustom({ factor, states, inputs, values, value }: PlannedCustom, batch: TickBatch): void {
    const tick = this.#tick;
    tick.batch = batch;
    for (let row = 0; row < batch.count; row += 1) {
      tick.row = row;
      for (let index = 0; index < inputs.length; index += 1) values[index] = inputs[index]![row]!;
      value[row] = factor.update(tick, states.of(batch.symbol[row]!), values);
    }
  }
}
