// hot: no allocation after init
// Expressions in two stages, compiled: a native program over ticks, the stage, a native program
// over its rows. Always: the same values for any split of the same ticks into batches, as far as
// the stage's rows are; a snapshot holds the state of all three.

import type { FactorProgram } from '@ndts/native/factor';
import { createTickBatch, NdtsError, type TickBatch, xxHash32 } from '@ndts/protocol';
import { compileFactors } from './compile.js';
import { type Staged, stagedColumns } from './staged.js';

export interface StageRows {
  readonly count: number;
  readonly symbol: Uint32Array;
  /** Of each row, or of all. */
  readonly day: Float64Array | number;
  readonly nsOfDay: Float64Array | number;
  /** By call of the stage. */
  readonly values: readonly Float64Array[];
}

export interface Stage {
  push(batch: TickBatch, inputs: readonly Float64Array[]): void;
  advance(day: number, nsOfDay: number): void;
  snapshot(): Uint8Array;
  restore(bytes: Uint8Array): void;
}

/** Valid until it returns; `factors`: by expression, as long as the rows. */
export type StagedListener<Rows> = (rows: Rows, factors: readonly Float64Array[]) => void;

const outCapacity = 4096;

/** Symbols that a program has a state of. */
class SeenSymbols {
  readonly list: number[] = [];
  #known = new Uint8Array(0);

  add(symbols: Uint32Array, count: number): void {
    for (let row = 0; row < count; row += 1) {
      const symbol = symbols[row]!;
      if (this.#known[symbol] === 1) continue;
      if (symbol >= this.#known.length) {
        const wider = new Uint8Array(2 * (symbol + 1));
        wider.set(this.#known);
        this.#known = wider;
      }
      this.#known[symbol] = 1;
      this.list.push(symbol);
    }
  }
}

/** A program with the symbols it has a state of. */
class StagedProgram {
  readonly program: FactorProgram;
  #seen = new SeenSymbols();

  constructor(program: FactorProgram) {
    this.program = program;
  }

  update(batch: TickBatch): void {
    this.#seen.add(batch.symbol, batch.count);
    this.program.update(batch);
  }

  save(): Uint8Array[] {
    const symbols = Uint32Array.from(this.#seen.list.toSorted((a, b) => a - b));
    const count = Uint32Array.of(symbols.length);
    const states = this.program.saveStates(symbols);
    return [count, symbols, new Uint8Array(states)].map((one) => bytesOf(one));
  }

  /** Returns where what follows begins. */
  load(bytes: Uint8Array, at: number): number {
    const [count = 0] = wordsOf(bytes, at, 1);
    const symbols = wordsOf(bytes, at + 4, count);
    const from = at + 4 + 4 * count;
    const end = from + count * this.program.stateBytes;
    if (end > bytes.length) throw wrong('a snapshot ends too early');
    const gone = Uint32Array.from(this.#seen.list);
    this.program.loadStates(gone, new ArrayBuffer(gone.length * this.program.stateBytes));
    this.program.loadStates(symbols, bytes.slice(from, end).buffer);
    this.#seen = new SeenSymbols();
    this.#seen.add(symbols, count);
    return end;
  }
}

export class StagedFactors<Rows extends StageRows, Own extends Stage> {
  readonly #stage: Own;
  /** undefined: all inputs are columns of the batch. */
  readonly #before: StagedProgram | undefined;
  readonly #after: StagedProgram;
  readonly #columns: readonly (keyof TickBatch)[];
  readonly #batch = createTickBatch(outCapacity);
  readonly #listener: StagedListener<Rows>;
  readonly #signature: number;
  #values: Float64Array[];

  /** `capacity`: ticks of a batch at most; `begin` makes the stage. */
  constructor(
    staged: Staged,
    capacity: number,
    begin: (onRows: (rows: Rows) => void) => Own,
    listener: StagedListener<Rows>,
  ) {
    const plain = staged.inputs.filter((one) => one.kind === 'column');
    this.#columns = plain.map(({ name }) => name);
    this.#before =
      plain.length === staged.inputs.length
        ? undefined
        : new StagedProgram(compileFactors(staged.inputs, capacity));
    this.#after = new StagedProgram(compileFactors(staged.outputs, outCapacity));
    this.#values = staged.outputs.map(() => new Float64Array(outCapacity));
    this.#listener = listener;
    this.#stage = begin((rows) => this.#give(rows));
    const text = JSON.stringify(staged);
    this.#signature = xxHash32(new TextEncoder().encode(text)) >>> 0;
  }

  push(batch: TickBatch): void {
    this.#before?.update(batch);
    const inputs = this.#before?.program.outputs ?? this.#columns.map((name) => batch[name]);
    this.#stage.push(batch, inputs as readonly Float64Array[]);
  }

  /** It is so late, by event time. */
  advance(day: number, nsOfDay: number): void {
    this.#stage.advance(day, nsOfDay);
  }

  protected get stage(): Own {
    return this.#stage;
  }

  #give(rows: Rows): void {
    const batch = this.#batch;
    if (this.#values.some((column) => column.length < rows.count))
      this.#values = this.#values.map(() => new Float64Array(2 * rows.count));
    for (let from = 0; from < rows.count; from += outCapacity) {
      const to = Math.min(rows.count, from + outCapacity);
      batch.count = to - from;
      batch.symbol.set(rows.symbol.subarray(from, to));
      setRows(batch.day, rows.day, from, to);
      setRows(batch.nsOfDay, rows.nsOfDay, from, to);
      for (const [at, column] of rows.values.entries())
        batch[stagedColumns[at]!].set(column.subarray(from, to));
      this.#after.update(batch);
      for (const [at, output] of this.#after.program.outputs.entries())
        this.#values[at]!.set(output.subarray(0, batch.count), from);
    }
    this.#listener(rows, this.#values);
  }

  snapshot(): Uint8Array {
    const head = bytesOf(Uint32Array.of(this.#signature));
    const parts = [head, ...(this.#before?.save() ?? []), ...this.#after.save()];
    parts.push(this.#stage.snapshot());
    const bytes = new Uint8Array(parts.reduce((all, part) => all + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** Throws INVALID_ARGUMENT for a snapshot of others; what is known is then not to be used. */
  restore(bytes: Uint8Array): void {
    const [signature] = wordsOf(bytes, 0, 1);
    if (signature !== this.#signature) throw wrong('a snapshot is of other expressions');
    let at = 4;
    if (this.#before !== undefined) at = this.#before.load(bytes, at);
    at = this.#after.load(bytes, at);
    this.#stage.restore(bytes.slice(at));
  }

  close(): void {
    this.#before?.program.close();
    this.#after.program.close();
  }
}

function setRows(into: Float64Array, given: Float64Array | number, from: number, to: number): void {
  if (typeof given === 'number') into.fill(given, 0, to - from);
  else into.set(given.subarray(from, to));
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function wordsOf(bytes: Uint8Array, at: number, count: number): Uint32Array {
  if (at + 4 * count > bytes.length) throw wrong('a snapshot ends too early');
  return new Uint32Array(bytes.slice(at, at + 4 * count).buffer);
}

function wrong(text: string): NdtsError {
  return new NdtsError('INVALID_ARGUMENT', `staged factors: ${text}`);
}
