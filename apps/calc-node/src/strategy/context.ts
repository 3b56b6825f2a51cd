// What a hook can do: read factors, ask for orders, look up names, log. A request becomes a signal
// at once; its lineage is the newest tick that was dispatched. Nothing here knows whether the ticks
// are live or of the past: the sink does.
//
// Always: a tick costs nothing here. It moves the place of the plan, and what it says is looked up
// in its batch by who asks: a signal, now(), priceOf(). What was set for that row only (a timer's
// time, a factor's value) is marked with its row, so that the next row puts it out of force.

import { createTickBatch, NdtsError, OrderType, type TickBatch, type Time } from '@ndts/protocol';
import type { SignalDraft } from '../emit/signal-writer.js';
import type { FactorDeclarations, FactorReadings } from '../factor/declare.js';
import type { FactorPlan } from '../factor/factor-plan.js';
import type { RowPlace } from '../factor/factor-cursor.js';
import { LatestValues } from '../factor/latest-values.js';
import type { OrderOptions, StrategyContext } from './define.js';
import { quantityMax, setTerms } from './order-terms.js';
import type { ParameterSpecs, ParameterValues } from './parameters.js';

/** Where what a strategy asks for goes. */
export interface SignalSink {
  /** The id of the signal, which only grows. The draft is re-used. */
  emit(draft: SignalDraft): number;
  cancel(order: number): void;
}

export const logLengthMax = 2000;
/** Numbers of DriverContext.lastTick(). */
export const lastTickLength = 8;

export interface ContextOptions {
  readonly parameters: ParameterValues<ParameterSpecs>;
  readonly state: unknown;
  readonly plan: FactorPlan;
  readonly declarations: FactorDeclarations;
  readonly sink: SignalSink;
  readonly log: (text: string) => void;
}

export class DriverContext implements StrategyContext {
  readonly parameters: ParameterValues<ParameterSpecs>;
  readonly state: unknown;
  readonly factor: FactorReadings<FactorDeclarations>;
  /** Of all rows before the batch at hand. */
  readonly prices = new LatestValues();
  readonly #plan: FactorPlan;
  readonly #sink: SignalSink;
  readonly #log: (text: string) => void;
  readonly #names = new Map<number, string>();
  readonly #draft: SignalDraft = {
    symbol: 0,
    side: 0,
    quantity: 0n,
    orderType: OrderType.market,
    limitPrice: 0n,
    parameter: 0n,
    takeProfit: 0n,
    stopLoss: 0n,
    workForMs: 0,
    timeInForce: 0,
    offset: 0,
    flags: 0,
    tickDay: 0,
    tickNsOfDay: 0,
    shard: 0,
    epoch: 0,
    sequence: 0,
    factorValue: Number.NaN,
    price: Number.NaN,
  };
  #batch: TickBatch = createTickBatch(1);
  readonly #place: RowPlace;
  /** Prices of rows before are known. */
  #settled = 0;
  /** The time is this one while the place is at this row, and else that of the row. */
  #day = 0;
  #nsOfDay = 0;
  #timeRow = -1;
  /** The row that the factor value of the draft is of. */
  #factorRow = -1;

  constructor(options: ContextOptions) {
    this.parameters = options.parameters;
    this.state = options.state;
    this.factor = readingsOf(options.plan, options.declarations);
    this.#plan = options.plan;
    this.#place = options.plan.place;
    this.#sink = options.sink;
    this.#log = options.log;
  }

  addSymbols(ids: readonly number[], names: readonly string[]): void {
    for (const [index, id] of ids.entries()) this.#names.set(id, names[index] ?? '');
  }

  /** The batch whose rows come next. */
  begin(batch: TickBatch): void {
    this.#batch = batch;
  }

  /** The batch may be used for others: what the row at hand says is kept. Before the plan's. */
  end(): void {
    if (this.#place.row < 0) return;
    this.#settlePrices();
    this.#fillDraft();
    const { day, nsOfDay } = this.now();
    this.#day = day;
    this.#nsOfDay = nsOfDay;
    this.#timeRow = -1;
    this.#factorRow = -1;
    this.#settled = 0;
  }

  /** What a signal says of the tick it came from, and now(): to be shown again. */
  lastTick(): number[] {
    this.#fillDraft();
    const { tickDay, tickNsOfDay, shard, epoch, sequence, factorValue } = this.#draft;
    const { day, nsOfDay } = this.now();
    return [tickDay, tickNsOfDay, shard, epoch, sequence, factorValue, day, nsOfDay];
  }

  /** Between two batches. */
  showLastTick(values: readonly number[]): void {
    const draft = this.#draft;
    const [tickDay = 0, tickNsOfDay = 0, shard = 0, epoch = 0, sequence = 0] = values;
    Object.assign(draft, { tickDay, tickNsOfDay, shard, epoch, sequence });
    const [factorValue = Number.NaN, day = 0, nsOfDay = 0] = values.slice(5);
    draft.factorValue = factorValue;
    this.setTime(day, nsOfDay);
  }

  /** What now() says until the next tick. */
  setTime(day: number, nsOfDay: number): void {
    this.#day = day;
    this.#nsOfDay = nsOfDay;
    this.#timeRow = this.#place.row;
  }

  /** The factor value that hooks act on until the next tick. */
  setFactorValue(value: number): void {
    this.#draft.factorValue = value;
    this.#factorRow = this.#place.row;
  }

  factorOf(name: string, symbol: number): number {
    const found = this.#plan.factors.find(({ cursor }) => cursor.factor === name);
    if (found === undefined)
      throw new NdtsError('INVALID_ARGUMENT', `expected a declared factor, found '${name}'`);
    this.#plan.settle();
    return found.latest.of(symbol);
  }

  priceOf(symbol: number): number {
    this.#settlePrices();
    return this.prices.of(symbol);
  }

  buy(symbol: number, quantity: bigint, options?: OrderOptions): number {
    return this.#emit(1, symbol, quantity, options);
  }

  sell(symbol: number, quantity: bigint, options?: OrderOptions): number {
    return this.#emit(-1, symbol, quantity, options);
  }

  cancel(order: number): void {
    if (!Number.isSafeInteger(order) || order <= 0)
      throw new NdtsError('INVALID_ARGUMENT', `expected an order of buy() or sell(): ${order}`);
    this.#sink.cancel(order);
  }

  now(): Time {
    const { row } = this.#place;
    if (row === this.#timeRow) return { day: this.#day, nsOfDay: this.#nsOfDay };
    return { day: this.#batch.day[row]!, nsOfDay: this.#batch.nsOfDay[row]! };
  }

  symbolName(symbol: number): string | undefined {
    return this.#names.get(symbol);
  }

  log(text: string): void {
    this.#log(String(text).slice(0, logLengthMax));
  }

  #emit(side: number, symbol: number, quantity: bigint, options: OrderOptions | undefined): number {
    const draft = this.#draft;
    const price = this.priceOf(symbol);
    this.#fillDraft();
    if (Number.isNaN(price))
      throw new NdtsError('INVALID_ARGUMENT', `expected a symbol with a tick, found ${symbol}`);
    if (typeof quantity !== 'bigint' || quantity <= 0n || quantity > quantityMax)
      throw new NdtsError('INVALID_ARGUMENT', `expected a quantity above 0n, found ${quantity}`);
    draft.symbol = symbol;
    draft.side = side;
    draft.quantity = quantity;
    draft.price = price;
    setTerms(draft, options);
    return this.#sink.emit(draft);
  }

  /** The cause of what is asked for: the row at hand, or what was kept of an earlier batch. */
  #fillDraft(): void {
    const { row } = this.#place;
    if (row < 0) return;
    const draft = this.#draft;
    const batch = this.#batch;
    draft.tickDay = batch.day[row]!;
    draft.tickNsOfDay = batch.nsOfDay[row]!;
    draft.shard = batch.shard[row]!;
    draft.epoch = batch.epoch[row]!;
    draft.sequence = batch.sequence[row]!;
    if (row !== this.#factorRow) draft.factorValue = Number.NaN;
  }

  #settlePrices(): void {
    const end = this.#place.row + 1;
    this.prices.setRows(this.#batch.symbol, this.#batch.price, this.#settled, end);
    this.#settled = Math.max(this.#settled, end);
  }
}

/** An object that reads each factor's cursor: a number, or the cursor itself where it has bands. */
function readingsOf(
  plan: FactorPlan,
  declarations: FactorDeclarations,
): FactorReadings<FactorDeclarations> {
  const readings = {};
  for (const { cursor } of plan.factors) {
    const hasBands = declarations[cursor.factor]?.kind === 'bollinger';
    Object.defineProperty(readings, cursor.factor, {
      enumerable: true,
      ...(hasBands ? { value: cursor } : { get: () => cursor.value }),
    });
  }
  return readings as FactorReadings<FactorDeclarations>;
}
