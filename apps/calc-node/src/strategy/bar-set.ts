// hot: no allocation after init
// The bars of a strategy: a builder for each symbol and each kind it declares. Always: bars close
// in the order of symbols' ids and of declaration, so that equal events give equal calls; what is
// known is saved and put back bit for bit. Times are whole milliseconds: a tick's is worked out
// once. When the next bar of a symbol, and of all, ends is kept at hand: most ticks end none.

import type { TickBatch } from '@ndts/protocol';
import { BarBuilder, type BarSpec, type BarView } from '../bar/bar-builder.js';
import type { StrategyBar } from './define.js';

const symbolsMin = 1024;

export type BarSpecs = Readonly<Record<string, BarSpec>>;

/** What a hook sees of a closed bar. */
class ClosedBar implements StrategyBar {
  bar = '';
  symbol = 0;
  day = 0;
  nsOfDay = 0;
  endDay = 0;
  endNsOfDay = 0;
  open = 0;
  high = 0;
  low = 0;
  close = 0;
  volume = 0;
  value = 0;
  count = 0;

  show(bar: string, symbol: number, from: BarView): void {
    this.bar = bar;
    this.symbol = symbol;
    this.day = from.day;
    this.nsOfDay = from.nsOfDay;
    this.endDay = from.endDay;
    this.endNsOfDay = from.endNsOfDay;
    this.open = from.open;
    this.high = from.high;
    this.low = from.low;
    this.close = from.close;
    this.volume = from.volume;
    this.value = from.value;
    this.count = from.count;
  }
}

export type OnBar = (bar: StrategyBar) => void;

export class BarSet {
  /** Of the state of one symbol. */
  readonly stateBytes: number;
  readonly #names: readonly string[];
  readonly #specs: readonly BarSpec[];
  readonly #onBar: OnBar;
  readonly #view = new ClosedBar();
  /** By symbol; ascending, as an array's elements are. */
  readonly #bySymbol: (readonly BarBuilder[] | undefined)[] = [];
  /** By symbol: before this millisecond none of its bars ends. */
  #dueMs = new Float64Array(symbolsMin).fill(Number.POSITIVE_INFINITY);
  /** The least of them, or less. */
  #firstDueMs = Number.POSITIVE_INFINITY;

  /** INVALID_ARGUMENT: bars that can't be. */
  constructor(specs: BarSpecs, onBar: OnBar) {
    this.#names = Object.keys(specs);
    this.#specs = Object.values(specs);
    this.#onBar = onBar;
    const bytes = this.#specs.map((spec) => new BarBuilder(spec).snapshot().length);
    this.stateBytes = bytes.reduce((sum, one) => sum + one, 0);
  }

  get isEmpty(): boolean {
    return this.#specs.length === 0;
  }

  /** Tells sets apart whose states are not for each other. */
  get signature(): string {
    return this.#specs.map(({ kind, size }) => `${kind}:${size}`).join(' ');
  }

  /** Whether closeAt() would close any. */
  isDue(symbol: number, ms: number): boolean {
    return ms >= this.#dueMs[symbol]!;
  }

  /** Bars of a symbol that end by this time. */
  closeAt(symbol: number, ms: number): void {
    const builders = this.#of(symbol);
    for (let index = 0; index < builders.length; index += 1) {
      const builder = builders[index]!;
      while (builder.closeAt(ms)) this.#tell(index, symbol, builder.closed);
    }
    this.#noteDue(symbol, builders);
  }

  /** Bars of all symbols that end by this time, ticks or not. */
  closeAllAt(ms: number): void {
    if (ms < this.#firstDueMs) return;
    for (let symbol = 0; symbol < this.#bySymbol.length; symbol += 1)
      if (this.isDue(symbol, ms)) this.closeAt(symbol, ms);
    this.#firstDueMs = this.#dueMs.reduce((least, due) => Math.min(least, due));
  }

  /** After closeAt() with the time of the tick. */
  push(ms: number, { symbol, day, nsOfDay, price, volume }: TickBatch, row: number): void {
    const builders = this.#of(symbol[row]!);
    for (let index = 0; index < builders.length; index += 1) {
      const builder = builders[index]!;
      if (builder.pushAt(ms, day[row]!, nsOfDay[row]!, price[row]!, volume[row]!))
        this.#tell(index, symbol[row]!, builder.closed);
    }
    this.#noteDue(symbol[row]!, builders);
  }

  save(symbol: number, to: Uint8Array): void {
    let at = 0;
    for (const builder of this.#of(symbol)) {
      const bytes = builder.snapshot();
      to.set(bytes, at);
      at += bytes.length;
    }
  }

  /** INVALID_ARGUMENT: of other bars. */
  load(symbol: number, from: Uint8Array): void {
    const builders = this.#of(symbol);
    const each = from.length / builders.length;
    for (const [index, builder] of builders.entries())
      builder.restore(from.subarray(index * each, (index + 1) * each));
    this.#noteDue(symbol, builders);
  }

  #noteDue(symbol: number, builders: readonly BarBuilder[]): void {
    let due = Number.POSITIVE_INFINITY;
    for (let index = 0; index < builders.length; index += 1)
      due = Math.min(due, builders[index]!.dueMs);
    this.#dueMs[symbol] = due;
    if (due < this.#firstDueMs) this.#firstDueMs = due;
  }

  #of(symbol: number): readonly BarBuilder[] {
    return this.#bySymbol[symbol] ?? this.#make(symbol);
  }

  #make(symbol: number): readonly BarBuilder[] {
    const builders = this.#specs.map((spec) => new BarBuilder(spec));
    if (symbol >= this.#dueMs.length) this.#grow(symbol + 1);
    this.#bySymbol[symbol] = builders;
    return builders;
  }

  #grow(count: number): void {
    const grown = new Float64Array(Math.max(count, this.#dueMs.length * 2));
    grown.fill(Number.POSITIVE_INFINITY).set(this.#dueMs);
    this.#dueMs = grown;
  }

  #tell(index: number, symbol: number, closed: BarView): void {
    this.#view.show(this.#names[index]!, symbol, closed);
    this.#onBar(this.#view);
  }
}
