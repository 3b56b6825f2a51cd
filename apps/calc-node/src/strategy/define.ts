// What a strategy is to its author: one file with typed hooks. The platform calls them in the
// order of the ticks, never two at once; a hook that throws stops the instance, which is then
// started anew. Always: the views handed to hooks are re-used by the next call; keep numbers, not
// views.

import type { Time } from '@ndts/protocol';
import type { FactorDeclarations } from '../factor/declare.js';
import type { ParameterSpecs, ParameterValues } from './parameters.js';

export { bollinger, type FactorDeclaration, type FactorDeclarations } from '../factor/declare.js';
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

/** What a factor made of one tick. */
export interface FactorView {
  /** Its name in `factors`. */
  readonly factor: string;
  readonly symbol: number;
  readonly price: number;
  /** NaN until the window is full. */
  readonly value: number;
  readonly middle: number;
  readonly upper: number;
  readonly lower: number;
  /** +1, -1 or 0. */
  readonly signal: number;
}

export interface OrderOptions {
  /** Absent: at the market. A float64 is taken to the nearest 1e-8. */
  readonly limitPrice?: bigint | number;
}

export interface StrategyContext<Specs extends ParameterSpecs = ParameterSpecs, State = unknown> {
  readonly parameters: ParameterValues<Specs>;
  readonly state: State;
  /** Asks for an order: a signal with an id of its own. Quantity is scaled by 1e8, above 0. */
  buy(symbol: number, quantity: bigint, options?: OrderOptions): void;
  sell(symbol: number, quantity: bigint, options?: OrderOptions): void;
  now(): Time;
  /** undefined: not announced yet. */
  symbolName(symbol: number): string | undefined;
  /** A line for the log of the instance; too many are left out. */
  log(text: string): void;
}

export interface StrategyDefinition<Specs extends ParameterSpecs, State> {
  /** Lower-case letters, digits, '-', '_' and '.'. */
  readonly name: string;
  readonly version: string;
  readonly params: Specs;
  readonly factors?: (parameters: ParameterValues<Specs>) => FactorDeclarations;
  /** Made once per start, before the first hook. */
  readonly state?: (parameters: ParameterValues<Specs>) => State;
  /** Between two calls of onTimer; 1000 by default. */
  readonly timerIntervalMs?: number;
  onTick?(tick: TickView, context: StrategyContext<Specs, State>): void;
  onFactor?(row: FactorView, context: StrategyContext<Specs, State>): void;
  onTimer?(context: StrategyContext<Specs, State>): void;
  /** Plain JSON data, enough to go on from. Taken after signals and when the instance stops. */
  snapshot?(context: StrategyContext<Specs, State>): unknown;
  /** Called before the first tick with the last snapshot, when there is one. */
  restore?(snapshot: unknown, context: StrategyContext<Specs, State>): void;
}

/** Any strategy, once its own types do not matter. */
export type AnyStrategy = StrategyDefinition<ParameterSpecs, unknown>;

/** Gives a definition its types; export the result as `strategy` or as the default. */
export function defineStrategy<const Specs extends ParameterSpecs, State = undefined>(
  definition: StrategyDefinition<Specs, State>,
): StrategyDefinition<Specs, State> {
  return definition;
}
