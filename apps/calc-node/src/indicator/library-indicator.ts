// An indicator of technicalindicators over rows of many symbols, each by itself. What it is not: it
// runs in JavaScript, one object and more for each row; its state is within closures of the library
// and can't be saved, so that after a restart history has to be gone through again; some round, and
// say so (library-table.ts). Native factors have none of this: use them where there is one. Always:
// a row with an input that is not finite gives NaN and never reaches the library, which would say
// NaN for ever; equal rows give equal values under any split into batches.

import { NdtsError } from '@ndts/protocol';
import type {
  LibraryClass,
  LibraryFunction,
  LibraryModule,
  LibraryStream,
  LibraryValue,
} from './library-module.js';
import { findLibraryEntry, type LibraryEntry, libraryEntries } from './library-table.js';

type Row = Readonly<Record<string, number>>;
type Columns = Record<string, number[]>;
/** What is known of a symbol. */
type SymbolState = (row: Row) => LibraryValue;

const noRows: Readonly<Record<string, readonly number[]>> = {
  values: [],
  open: [],
  high: [],
  low: [],
  close: [],
  volume: [],
  timestamp: [],
  lineA: [],
  lineB: [],
};
const flags = new Set(['SimpleMAOscillator', 'SimpleMASignal', 'useSMA']);
const rowsMax = 100_000;

export class LibraryIndicator {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** What to know of it; may be empty. */
  readonly note: string;
  readonly #entry: LibraryEntry;
  readonly #parameters: Readonly<Record<string, number>>;
  readonly #module: LibraryModule;
  readonly #states = new Map<number, SymbolState>();
  #columns: Float64Array[] = [];

  /** Throws INVALID_ARGUMENT for a name or parameter that there is not. */
  constructor(module: LibraryModule, name: string, parameters: Readonly<Record<string, number>>) {
    const entry = findLibraryEntry(name);
    const names = libraryEntries.map((one) => one.name).join(', ');
    if (entry === undefined) throw wrong(`there is no indicator '${name}'; there are ${names}`);
    for (const [key, number] of Object.entries(parameters)) checkParameter(entry, key, number);
    if (typeof module[entry.member] !== 'function')
      throw wrong(`technicalindicators has no ${entry.member}: expected version 3.1.0`);
    this.name = name;
    this.inputs = entry.inputs;
    this.outputs = entry.outputs;
    this.note = entry.note;
    this.#entry = entry;
    this.#parameters = { ...entry.parameters, ...parameters };
    this.#module = module;
  }

  /** `inputs`: a column for each of this.inputs. Returns one for each output, NaN where there is
   * nothing to say, valid until the next call. */
  update(
    batch: { readonly count: number; readonly symbol: Uint32Array },
    inputs: readonly Float64Array[],
  ): readonly Float64Array[] {
    const { inputs: fields, outputs } = this.#entry;
    if (inputs.length !== fields.length)
      throw wrong(`${this.name}: expected ${fields.join(', ')}; found ${inputs.length} columns`);
    if ((this.#columns[0]?.length ?? 0) < batch.count)
      this.#columns = outputs.map(() => new Float64Array(batch.count));
    for (let row = 0; row < batch.count; row += 1) {
      const values = inputs.map((column) => column[row]!);
      const found = values.every(Number.isFinite)
        ? this.#stateOf(batch.symbol[row]!)(
            Object.fromEntries(fields.map((field, at) => [field, values[at]!])),
          )
        : undefined;
      for (const [at, output] of outputs.entries())
        this.#columns[at]![row] = numberOf(found, output);
    }
    return this.#columns;
  }

  #stateOf(symbol: number): SymbolState {
    let state = this.#states.get(symbol);
    if (state === undefined) {
      state = this.#begin();
      this.#states.set(symbol, state);
    }
    return state;
  }

  #begin(): SymbolState {
    const { kind, member, inputs } = this.#entry;
    if (kind === 'stream') {
      const Stream = this.#module[member] as LibraryClass;
      const given = Object.entries(this.#parameters).map(([key, number]) => [
        key,
        flags.has(key) ? number !== 0 : number,
      ]);
      const columns = Object.entries(noRows).map(([key]) => [key, []]);
      const stream: LibraryStream = new Stream(Object.fromEntries([...columns, ...given]));
      if (inputs[0] === 'value') return (row) => stream.nextValue(row['value']!);
      if (inputs[0] === 'valueA') return (row) => stream.nextValue(row['valueA']!, row['valueB']);
      return (row) => stream.nextValue(row);
    }
    const call = this.#module[member] as LibraryFunction;
    if (kind === 'levels') return (row) => levelsOf(this.#entry, call(row['start'], row['end']!));
    return this.#overLastRows(call);
  }

  #overLastRows(call: LibraryFunction): SymbolState {
    const { kind, rows: ownRows, inputs } = this.#entry;
    const wanted = this.#parameters['rows'] ?? ownRows;
    const columns: Columns = Object.fromEntries(inputs.map((field) => [field, []]));
    return (row) => {
      for (const field of inputs) {
        const column = columns[field]!;
        column.push(row[field]!);
        if (column.length > wanted) column.shift();
      }
      const count = columns[inputs[0]!]!.length;
      if (kind === 'pattern') return count < wanted ? undefined : call(copyOf(columns)) === true;
      if (kind === 'profile') return mostVolume(call({ ...copyOf(columns), ...this.#parameters }));
      const timestamp = columns['close']!.map((_, at) => at);
      const bricks = call({ ...copyOf(columns), timestamp, ...this.#parameters }) as Columns;
      return Object.fromEntries(Object.entries(bricks).map(([key, all]) => [key, all.at(-1)]));
    };
  }
}

/** The library may turn what it is given around. */
function copyOf(columns: Columns): Columns {
  return Object.fromEntries(Object.entries(columns).map(([key, column]) => [key, [...column]]));
}

function levelsOf({ outputs }: LibraryEntry, levels: unknown): LibraryValue {
  const found = levels as readonly number[];
  return Object.fromEntries(outputs.map((output, at) => [output, found[at]]));
}

function mostVolume(ranges: unknown): LibraryValue {
  let most: Readonly<Record<string, number>> | undefined;
  for (const range of ranges as readonly Readonly<Record<string, number>>[])
    if (most === undefined || range['totalVolume']! > most['totalVolume']!) most = range;
  return most;
}

function numberOf(found: LibraryValue, output: string): number {
  const value = typeof found === 'object' ? found[output] : found;
  return value === undefined ? Number.NaN : Number(value);
}

function checkParameter({ name, parameters }: LibraryEntry, key: string, number: number): void {
  if (!(key in parameters))
    throw wrong(`${name} has no parameter '${key}'; it has ${Object.keys(parameters).join(', ')}`);
  const isLength = /period|rows|bars|per\d|displacement/i.test(key);
  const isRight = isLength
    ? Number.isInteger(number) && number >= 1 && number <= rowsMax
    : Number.isFinite(number);
  const expected = isLength ? `a whole ${key} from 1` : `a number as ${key}`;
  if (!isRight) throw wrong(`${name}: expected ${expected}, found ${number}`);
}

function wrong(text: string): NdtsError {
  return new NdtsError('INVALID_ARGUMENT', text);
}
