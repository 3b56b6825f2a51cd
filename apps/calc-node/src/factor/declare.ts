// Factors as strategies declare them: an expression that native kernels work out, Bollinger bands
// with all they give, or a function of the author's with state of its own. Always: the same
// declaration is run over a stream and over history, and gives the same bits.

import { NdtsError } from '@ndts/protocol';
import type { TickView } from '../strategy/define.js';
import { call, type Expression, output } from './expression.js';
import type { StoredFactor } from './factor-table-rows.js';
import { parseExpression } from './parse-expression.js';
import type { TimeSpan } from './time-span.js';

export interface FactorOptions {
  /** Of what it means; states of another version are not gone on from. Default 1. */
  readonly version?: number;
  /** Whether its live rows are kept in the table `factor`. Default false. */
  readonly store?: boolean;
}

interface Declared {
  readonly version: number;
  readonly isStored: boolean;
  /** As people write it; empty: no expression says it. */
  readonly text: string;
}

/** Reads as a number. */
export interface ExpressionFactor extends Declared {
  readonly kind: 'expression';
  readonly expression: Expression;
}

/** Reads as BollingerReading. */
export interface BollingerFactor extends Declared {
  readonly kind: 'bollinger';
  /** Rows, or a time such as '60s'. */
  readonly period: number | TimeSpan;
  /** Width in population standard deviations. */
  readonly width: number;
  /** value, middle, upper, lower, signal. */
  readonly outputs: readonly Expression[];
}

/** Called for every tick, in order. `state` is the symbol's own: write into it what must be known
 * at its next tick. NaN: there is nothing to say. */
export type FactorFunction = (tick: TickView, state: Float64Array, inputs: Float64Array) => number;

/** Reads as a number. */
export interface CustomFactor extends Declared {
  readonly kind: 'custom';
  readonly update: FactorFunction;
  readonly inputs: readonly Expression[];
  readonly stateLength: number;
  /** Ticks of a symbol that it is shown before the first live one. */
  readonly warmUp: number;
}

export type FactorDeclaration = ExpressionFactor | BollingerFactor | CustomFactor;
export type FactorDeclarations = Readonly<Record<string, FactorDeclaration>>;

export interface BollingerReading {
  /** %B: 0 at the lower band, 1 at the upper one; NaN until the window is full. */
  readonly value: number;
  readonly middle: number;
  readonly upper: number;
  readonly lower: number;
  /** +1 below the lower band, -1 above the upper one, else 0. */
  readonly signal: number;
}

/** What a hook reads of a factor. */
export type FactorReading<Declaration> = Declaration extends BollingerFactor
  ? BollingerReading
  : number;

export type FactorReadings<Factors extends FactorDeclarations> = {
  readonly [Name in keyof Factors]: FactorReading<Factors[Name]>;
};

/** An expression over the columns of ticks, such as 'ema(price, 20) / vwap(60s)' (docs/factors.md).
 * INVALID_ARGUMENT says what is wrong with it, and where. */
export function factor(text: string, options: FactorOptions = {}): ExpressionFactor {
  return { kind: 'expression', text, expression: parseExpression(text), ...declared(options) };
}

/** Bollinger bands of the price: value is %B. `period`: rows (20), or a time such as '60s'. */
export function bollinger(
  options: FactorOptions & { readonly period?: number | TimeSpan; readonly width?: number },
): BollingerFactor {
  const { period = 20, width = 2 } = options;
  const bands = call('bollinger', 'price', period, width);
  const outputs = (['value', 'middle', 'upper', 'lower', 'signal'] as const).map((name) =>
    output(bands, 'bollinger', name),
  );
  const text = `bollinger(price, ${period}, ${width})`;
  return { kind: 'bollinger', text, period, width, outputs, ...declared(options) };
}

export interface CustomFactorOptions extends FactorOptions {
  /** Numbers it remembers of each symbol; 0 at first. */
  readonly state?: number;
  /** Expressions whose values it is handed. */
  readonly inputs?: readonly string[];
  readonly warmUp?: number;
  readonly update: FactorFunction;
}

const stateLengthMax = 65_536;

/** A factor in TypeScript, for what kernels cannot say. Its state is saved and restored bit for
 * bit, so it may keep nothing elsewhere. */
export function custom(options: CustomFactorOptions): CustomFactor {
  const { state: stateLength = 0, inputs = [], warmUp = 0, update } = options;
  if (!Number.isSafeInteger(stateLength) || stateLength < 0 || stateLength > stateLengthMax)
    throw new NdtsError('INVALID_ARGUMENT', `expected 0 to ${stateLengthMax} numbers of state`);
  return {
    kind: 'custom',
    text: '',
    update,
    inputs: inputs.map(parseExpression),
    stateLength,
    warmUp,
    ...declared(options),
  };
}

const versionMax = 2 ** 31 - 1;

function declared({ version = 1, store = false }: FactorOptions): Omit<Declared, 'text'> {
  if (!Number.isSafeInteger(version) || version < 1 || version > versionMax)
    throw new NdtsError('INVALID_ARGUMENT', `expected a version from 1 to ${versionMax}`);
  return { version, isStored: store };
}

/** What the program has to work out for a factor, in the order of its columns. */
export function expressionsOf(declaration: FactorDeclaration): readonly Expression[] {
  switch (declaration.kind) {
    case 'expression':
      return [declaration.expression];
    case 'bollinger':
      return declaration.outputs;
    case 'custom':
      return declaration.inputs;
  }
}

/** Those whose rows are kept. */
export function storedFactors(declarations: FactorDeclarations): StoredFactor[] {
  return Object.values(declarations).flatMap(({ isStored, version }, index) =>
    isStored ? [{ factor: index + 1, version }] : [],
  );
}
