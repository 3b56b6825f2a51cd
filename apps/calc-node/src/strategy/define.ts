// What a strategy is to its author: one file with typed hooks. The platform calls them in one
// order that is the same live and over history, never two at once:
//
//   defineStrategy({
//     name, version,
//     params:   { period: { type: 'integer', default: 20, doc: '...' } },
//     factors:  ({ period }) => ({ fast: factor('ema(price, 5)'), bands: bollinger({ period }) }),
//     bars:     { minute: { kind: 'time', size: 60_000 }, hundred: { kind: 'ticks', size: 100 } },
//     state:    () => ({ ... }),                 // made once per start
//     onTick    (tick, context)                  // each tick; context.factor.fast is its factor
//     onFactor  (row, context)                   // each factor of each tick
//     onBar     (bar, context)                   // a bar of a symbol has closed
//     onBook    (book, context)                  // the best five levels of a symbol have changed
//     onTimer   (context)                        // event time passed a multiple of the interval
//     onOrder   (order, context)                 // an order of this strategy has changed
//     snapshot  (context) / restore (snapshot, context), snapshotVersion
//   })
//
// For one tick: bars that end and timers that are due before it, onTick, onFactor, bars it fills.
// Time is that of the events: context.now() is the time of the tick, timer or order at hand.
//
// Always: the views handed to hooks are re-used by the next call; keep numbers, not views. A hook
// that throws stops the instance, which is then started anew.

import type { OrderOffsetName, OrderStateName, Time, TimeInForceName } from '@ndts/protocol';
import type { BarView } from '../bar/bar-builder.js';
import type { FactorDeclarations, FactorReadings } from '../factor/declare.js';
import type { RowWatermark } from '../source/market-source.js';
import type { BarSpecs } from './bar-set.js';
import type { ParameterSpecs, ParameterValues } from './parameters.js';

export {
  bollinger,
  type BollingerFactor,
  type BollingerReading,
  custom,
  type CustomFactor,
  type ExpressionFactor,
  factor,
  type FactorDeclaration,
  type FactorDeclarations,
  type FactorReadings,
} from '../factor/declare.js';
export type { OrderTermsText } from './order-terms.js';
export {
  type Asked,
  type Stage,
  stage,
  type StagedBook,
  type StagedLevel,
  type StagedTick,
} from './stage.js';
export type { ParameterSpec, ParameterSpecs, ParameterValues } from './parameters.js';

/** One accepted tick. */
export interface TickView {
  readonly symbol: number;
  readonly day: number;
  readonly nsOfDay: number;
  readonly price: number;
  readonly volume: number;
  readonly bid: number;
  readonly ask: number;
  readonly bidVolume: number;
  readonly askVolume: number;
  /** Bits of TickFlags. */
  readonly flags: number;
  readonly shard: number;
  readonly sequence: number;
}

/** The best five levels of a symbol, as they are now. */
export interface BookView {
  readonly symbol: number;
  readonly day: number;
  readonly nsOfDay: number;
  readonly shard: number;
  /** Among the books of its shard. */
  readonly sequence: number;
  /** Of level 1, the best one, to 5; NaN: there is no such level. */
  bid(level: number): number;
  ask(level: number): number;
  bidVolume(level: number): number;
  askVolume(level: number): number;
}

/** What a factor made of one tick. */
export interface FactorView {
  /** Its name in `factors`. */
  readonly factor: string;
  readonly symbol: number;
  readonly price: number;
  /** NaN until it is warm, and where there is nothing to say. */
  readonly value: number;
  /** NaN where it has no bands. */
  readonly middle: number;
  readonly upper: number;
  readonly lower: number;
  /** +1, -1 or 0. */
  readonly signal: number;
}

/** A bar of one symbol that has closed. */
export interface StrategyBar extends BarView {
  /** Its name in `bars`. */
  readonly bar: string;
  readonly symbol: number;
}

/** An order of this strategy, after a change. */
export interface OrderUpdate {
  /** What buy() or sell() gave. */
  readonly order: number;
  readonly symbol: number;
  readonly side: 'buy' | 'sell';
  /** Quantities and prices are scaled by 1e8. */
  readonly quantity: bigint;
  readonly filled: bigint;
  /** 0n: nothing is filled. */
  readonly averagePrice: bigint;
  readonly state: OrderStateName;
  /** At most 2,000 characters. */
  readonly reason: string;
}

/** Terms of an order; docs/protocol/orders.md says what each does. At most one of stopPrice,
 * distance, shown and slices. Prices are above 0, a float64 is taken to the nearest 1e-8. */
export interface OrderOptions {
  /** Absent: at the market. */
  readonly limitPrice?: bigint | number;
  /** Stop, or stop-limit with a limit price: works once the last price has reached it. */
  readonly stopPrice?: bigint | number;
  /** Trailing stop: so far behind the best last price. */
  readonly distance?: bigint | number;
  /** Iceberg: quantity shown at a time, below the whole. */
  readonly shown?: bigint;
  /** TWAP: in so many equal parts over workForMs. */
  readonly slices?: number;
  /** Of TWAP and 'gtd': from now on. */
  readonly workForMs?: number;
  /** Default 'gtc'. */
  readonly timeInForce?: TimeInForceName;
  /** Of limit orders: never takes. */
  readonly postOnly?: boolean;
  /** Never opens or turns a position. */
  readonly reduceOnly?: boolean;
  /** Bracket: limit price of the leg that takes the profit, price that triggers the one that ends
   * the loss. */
  readonly takeProfit?: bigint | number;
  readonly stopLoss?: bigint | number;
  /** Beside a limit order: a stop order at this price; what one of the two executes the other
   * can't. */
  readonly orStopPrice?: bigint | number;
  /** Where the venue keeps long and short apart. */
  readonly offset?: OrderOffsetName;
}

export interface StrategyContext<
  Specs extends ParameterSpecs = ParameterSpecs,
  State = unknown,
  Factors extends FactorDeclarations = FactorDeclarations,
> {
  readonly parameters: ParameterValues<Specs>;
  readonly state: State;
  /** Factors of the tick at hand, by name; in other hooks those of the newest tick. */
  readonly factor: FactorReadings<Factors>;
  /** Of the newest tick of a symbol; NaN: none yet, or nothing to say. */
  factorOf(name: keyof Factors & string, symbol: number): number;
  /** The newest price of a symbol; NaN: none yet. */
  priceOf(symbol: number): number;
  /** Asks for an order: a signal with an id of its own, which is returned. Quantity is scaled by
   * 1e8, above 0. */
  buy(symbol: number, quantity: bigint, options?: OrderOptions): number;
  sell(symbol: number, quantity: bigint, options?: OrderOptions): number;
  /** Asks for the end of an order that buy() or sell() gave; nothing happens when it has ended. */
  cancel(order: number): void;
  /** Of the event at hand, not of a clock. */
  now(): Time;
  /** undefined: not announced yet. */
  symbolName(symbol: number): string | undefined;
  /** A line for the log of the instance; too many are left out. */
  log(text: string): void;
}

type Declared<Specs extends ParameterSpecs, Value> =
  | Value
  | ((parameters: ParameterValues<Specs>) => Value);

export interface StrategyDefinition<
  Specs extends ParameterSpecs,
  State,
  Factors extends FactorDeclarations = FactorDeclarations,
> {
  /** Lower-case letters, digits, '-', '_' and '.'. */
  readonly name: string;
  readonly version: string;
  readonly params: Specs;
  readonly factors?: Declared<Specs, Factors>;
  /** Of every symbol; their hook is onBar. Volumes count the ticks seen since the start. */
  readonly bars?: Declared<Specs, BarSpecs>;
  /** What ticks and books are when it is handed them: 'accepted', the default, survives the end of
   * every process; 'durable' that of the machine, some milliseconds later. */
  readonly watermark?: RowWatermark;
  /** Made once per start, before the first hook. */
  readonly state?: (parameters: ParameterValues<Specs>) => State;
  /** onTimer is called when event time passes a multiple of it, counted from midnight UTC; 1000 by
   * default, a day at most. */
  readonly timerIntervalMs?: number;
  onTick?(tick: TickView, context: StrategyContext<Specs, State, Factors>): void;
  onFactor?(row: FactorView, context: StrategyContext<Specs, State, Factors>): void;
  onBar?(bar: StrategyBar, context: StrategyContext<Specs, State, Factors>): void;
  /** Books go in between the ticks by their times, a tick first where these are equal. */
  onBook?(book: BookView, context: StrategyContext<Specs, State, Factors>): void;
  onTimer?(context: StrategyContext<Specs, State, Factors>): void;
  onOrder?(order: OrderUpdate, context: StrategyContext<Specs, State, Factors>): void;
  /** Of what snapshot() gives; a snapshot of another version is not restored. Default 1. */
  readonly snapshotVersion?: number;
  /** Plain JSON data, enough to go on from. Taken after signals and when the instance stops. */
  snapshot?(context: StrategyContext<Specs, State, Factors>): unknown;
  /** Called before the first tick with the last snapshot, when there is one. */
  restore?(snapshot: unknown, context: StrategyContext<Specs, State, Factors>): void;
}

/** Any strategy, once its own types do not matter. */
export type AnyStrategy = StrategyDefinition<ParameterSpecs, unknown>;

/** Gives a definition its types; export the result as `strategy` or as the default. */
export function defineStrategy<
  const Specs extends ParameterSpecs,
  State = undefined,
  Factors extends FactorDeclarations = Readonly<Record<never, never>>,
>(
  definition: StrategyDefinition<Specs, State, Factors>,
): StrategyDefinition<Specs, State, Factors> {
  return definition;
}
