// What makes two runs the same: code, data, parameters and settings, hashed. Always: equal runs
// have equal ids on every machine; anything that may change a fill changes the id.

import { createHash } from 'node:crypto';
import { columnChecksum } from '@ndts/native/factor';
import type { BookBatch, TickBatch } from '@ndts/protocol';
import { builtInStrategies } from '../strategy/load-strategy.js';
import type { AnyStrategy } from '../strategy/define.js';
import type { GivenParameters } from '../strategy/parameters.js';
import { pluginTexts } from '../strategy/plugin-files.js';
import type { BacktestSettings } from './settings.js';

/** Of this simulator: another one may fill otherwise, so its runs are others. */
const simulatorVersion = 4;

const hashLength = 16;

export interface StrategyIdentity {
  readonly plugin: string;
  readonly name: string;
  readonly version: string;
  readonly code: string;
  /** Those that were given; others have the defaults that the code says. */
  readonly parameters: GivenParameters;
}

export interface RunIdentity {
  readonly simulator: number;
  readonly strategies: readonly StrategyIdentity[];
  readonly settings: BacktestSettings;
  readonly data: string;
}

export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, hashLength);
}

/** JSON with names in order, so that equal values are equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

export function runIdentity(parts: Omit<RunIdentity, 'simulator'>): RunIdentity {
  return { simulator: simulatorVersion, ...parts };
}

export function runId(identity: RunIdentity): string {
  const strategies = identity.strategies.map(({ name, version, code, parameters }) => ({
    ...{ name, version, code, parameters },
  }));
  return hashText(canonicalJson({ ...identity, strategies }));
}

/** The file and all it imports by relative paths, in the order of the imports, their paths being no
 * part of it; of a built-in strategy, its own text. */
export function codeHash(plugin: string, strategy: AnyStrategy): string {
  if (builtInStrategies.includes(plugin)) return hashText(textOf(strategy));
  return hashText(canonicalJson([...pluginTexts(plugin).values()]));
}

function textOf(strategy: AnyStrategy): string {
  return canonicalJson(
    Object.entries(strategy).map(([name, value]) => [
      name,
      typeof value === 'function' ? String(value) : (value as unknown),
    ]),
  );
}

/** Days are hashed where they change; places in a shard are no part of what happened. */
const hashedColumns = [
  'nsOfDay',
  'symbol',
  'price',
  'volume',
  'bid',
  'ask',
  'bidVolume',
  'askVolume',
  'flags',
] as const satisfies readonly (keyof TickBatch)[];

const levels = [1, 2, 3, 4, 5] as const;
const hashedBookColumns = [
  ...(['day', 'nsOfDay', 'symbol', 'missing'] as const),
  ...(['bid', 'bidVolume', 'ask', 'askVolume'] as const).flatMap((name) =>
    levels.map((level) => `${name}${level}` as const),
  ),
] as const satisfies readonly (keyof BookBatch)[];

/** A checksum for each column, however the rows come in batches. */
export class DataHash {
  readonly #sums = hashedColumns.map(() => 0);
  readonly #days: [row: number, day: number][] = [];
  #day = Number.NaN;
  #rows = 0;
  readonly #bookSums = hashedBookColumns.map(() => 0);
  #books = 0;

  add(batch: TickBatch): void {
    const { day, count } = batch;
    // Days only grow: most batches begin and end with the day before.
    if (count > 0 && day[count - 1] !== this.#day) this.#noteDays(day, count);
    this.#rows += count;
    for (let at = 0; at < hashedColumns.length; at += 1) {
      const column = batch[hashedColumns[at]!].subarray(0, count);
      this.#sums[at] = columnChecksum(this.#sums[at]!, column);
    }
  }

  /** Books, in their order; where there are none, they are no part of the hash. */
  addBooks(batch: BookBatch): void {
    const { count } = batch;
    this.#books += count;
    for (const [at, name] of hashedBookColumns.entries())
      this.#bookSums[at] = columnChecksum(this.#bookSums[at]!, batch[name].subarray(0, count));
  }

  #noteDays(day: Float64Array, count: number): void {
    for (let row = 0; row < count; row += 1) {
      if (day[row] === this.#day) continue;
      this.#day = day[row]!;
      this.#days.push([this.#rows + row, this.#day]);
    }
  }

  /** With how many rows only warmed up, and the ids and names of symbols: a strategy sees both. */
  digest(
    symbols: readonly { readonly id: number; readonly name: string }[],
    warmUpRows: number,
  ): string {
    const named = symbols.map(({ id, name }) => [id, name]);
    const books = this.#books === 0 ? [] : [this.#books, this.#bookSums];
    const ticks = [this.#rows, warmUpRows, this.#days, this.#sums, named];
    return hashText(canonicalJson([...ticks, ...books]));
  }
}
