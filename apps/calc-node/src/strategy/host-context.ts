// What a hook can do: ask for orders, look up names, log. A request becomes a signal at once; its
// lineage is the newest tick the host has dispatched.

import { type Clock, moneyFromFloat, NdtsError, type TickBatch, type Time } from '@ndts/protocol';
import { LatencyHistogram } from '@ndts/runtime';
import type { SignalDraft, SignalWriter } from '../emit/signal-writer.js';
import type { OrderOptions, StrategyContext } from './define.js';
import { textLengthMax } from './host-protocol.js';
import type { ParameterSpecs, ParameterValues } from './parameters.js';

const quantityMax = 2n ** 62n;

export interface HostContextOptions {
  readonly parameters: ParameterValues<ParameterSpecs>;
  readonly state: unknown;
  readonly signals: SignalWriter;
  readonly clock: Clock;
  readonly log: (text: string) => void;
}

export class HostContext implements StrategyContext {
  readonly parameters: ParameterValues<ParameterSpecs>;
  readonly state: unknown;
  /** From the time of the tick to the emission of the signal. */
  readonly latency = new LatencyHistogram();
  readonly #signals: SignalWriter;
  readonly #clock: Clock;
  readonly #log: (text: string) => void;
  readonly #names = new Map<number, string>();
  #lastPrice = new Float64Array(1024).fill(Number.NaN);
  readonly #draft: SignalDraft = {
    symbol: 0,
    side: 0,
    quantity: 0n,
    limitPrice: 0n,
    tickDay: 0,
    tickNsOfDay: 0,
    shard: 0,
    epoch: 0,
    sequence: 0,
    factorValue: Number.NaN,
    price: Number.NaN,
  };

  constructor(options: HostContextOptions) {
    this.parameters = options.parameters;
    this.state = options.state;
    this.#signals = options.signals;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  addSymbols(ids: readonly number[], names: readonly string[]): void {
    for (const [index, id] of ids.entries()) this.#names.set(id, names[index] ?? '');
  }

  /** The row whose hooks are called next: the cause of what they ask for. */
  moveTo(batch: TickBatch, row: number): void {
    const draft = this.#draft;
    draft.tickDay = batch.day[row]!;
    draft.tickNsOfDay = batch.nsOfDay[row]!;
    draft.shard = batch.shard[row]!;
    draft.epoch = batch.epoch[row]!;
    draft.sequence = batch.sequence[row]!;
    draft.factorValue = Number.NaN;
    const symbol = batch.symbol[row]!;
    if (symbol >= this.#lastPrice.length) this.#grow(symbol + 1);
    this.#lastPrice[symbol] = batch.price[row]!;
  }

  /** The factor value the next hook acts on. */
  setFactorValue(value: number): void {
    this.#draft.factorValue = value;
  }

  buy(symbol: number, quantity: bigint, options?: OrderOptions): void {
    this.#emit(1, symbol, quantity, options);
  }

  sell(symbol: number, quantity: bigint, options?: OrderOptions): void {
    this.#emit(-1, symbol, quantity, options);
  }

  now(): Time {
    return this.#clock.now();
  }

  symbolName(symbol: number): string | undefined {
    return this.#names.get(symbol);
  }

  log(text: string): void {
    this.#log(String(text).slice(0, textLengthMax));
  }

  #emit(side: number, symbol: number, quantity: bigint, options: OrderOptions | undefined): void {
    const draft = this.#draft;
    const price = this.#lastPrice[symbol];
    if (price === undefined || Number.isNaN(price))
      throw new NdtsError('INVALID_ARGUMENT', `expected a symbol with a tick, found ${symbol}`);
    if (typeof quantity !== 'bigint' || quantity <= 0n || quantity > quantityMax)
      throw new NdtsError('INVALID_ARGUMENT', `expected a quantity above 0n, found ${quantity}`);
    const limit = options?.limitPrice ?? 0n;
    draft.symbol = symbol;
    draft.side = side;
    draft.quantity = quantity;
    draft.limitPrice = typeof limit === 'number' ? moneyFromFloat(limit) : limit;
    draft.price = price;
    const now = this.#clock.now();
    this.#signals.emit(draft, now);
    const days = now.day - draft.tickDay;
    this.latency.record(days * 86_400e9 + (now.nsOfDay - draft.tickNsOfDay));
  }

  #grow(count: number): void {
    const grown = new Float64Array(Math.max(count, this.#lastPrice.length * 2)).fill(Number.NaN);
    grown.set(this.#lastPrice);
    this.#lastPrice = grown;
  }
}
