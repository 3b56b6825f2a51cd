// hot: no allocation after init
// The bars of a strategy: a builder for each symbol and each kind it declares. Always: bars close
// in the order of symbols' ids and of declaration, so that equal events give equal calls; what is
// known is saved and put back bit for bit.

import { BarBuilder, type BarSpec, type BarView } from '../bar/bar-builder.js';
import type { StrategyBar } from './define.js';

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

  /** Bars of a symbol that end by this time. */
  closeBy(symbol: number, day: number, nsOfDay: number): void {
    const builders = this.#of(symbol);
    for (let index = 0; index < builders.length; index += 1) {
      const builder = builders[index]!;
      while (builder.closeBy(day, nsOfDay)) this.#tell(index, symbol, builder.closed);
    }
  }

  /** Bars of all symbols that end by this time, ticks or not. */
  closeAllBy(day: number, nsOfDay: number): void {
    for (let symbol = 0; symbol < this.#bySymbol.length; symbol += 1)
      if (this.#bySymbol[symbol] !== undefined) this.closeBy(symbol, day, nsOfDay);
  }

  /** After closeBy() with the time of the tick. */
  push(symbol: number, day: number, nsOfDay: number, price: number, volume: number): void {
    const builders = this.#of(symbol);
    for (let index = 0; index < builders.length; index += 1) {
      const builder = builders[index]!;
      if (builder.push(day, nsOfDay, price, volume)) this.#tell(index, symbol, builder.closed);
    }
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
  }

  #of(symbol: number): readonly BarBuilder[] {
    return this.#bySymbol[symbol] ?? this.#make(symbol);
  }

  #make(symbol: number): readonly BarBuilder[] {
    const builders = this.#specs.map((spec) => new BarBuilder(spec));
    this.#bySymbol[symbol] = builders;
    return builders;
  }

  #tell(index: number, symbol: number, closed: BarView): void {
    this.#view.show(this.#names[index]!, symbol, closed);
    this.#onBar(this.#view);
  }
}
