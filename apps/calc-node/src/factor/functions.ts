// The functions an expression may call: what they take, what they give, and the kernel that works
// them out. Whatever can be called by name in a text can be made by code, and the other way round.

import type { FactorKernelName } from '@ndts/protocol';

export interface FactorParameter {
  readonly name: string;
  /** undefined: must be given. */
  readonly preset: number | undefined;
}

export interface FactorFunction {
  readonly name: string;
  readonly kernel: FactorKernelName;
  /** The same over a window of time; undefined: its period is of rows only. */
  readonly timed: FactorKernelName | undefined;
  /** Names of the inputs; one in angle brackets is that column when none is given. */
  readonly inputs: readonly string[];
  readonly parameters: readonly FactorParameter[];
  /** The first is what the function is without a name behind it. */
  readonly outputs: readonly string[];
  readonly about: string;
}

const value = ['value'] as const;

function period(preset?: number): FactorParameter {
  return { name: 'period', preset };
}

function make(
  name: string,
  kernel: FactorKernelName,
  inputs: readonly string[],
  parameters: readonly FactorParameter[],
  about: string,
  outputs: readonly string[] = value,
): FactorFunction {
  return { name, kernel, timed: timedKernels[name], inputs, parameters, outputs, about };
}

/** Windows that may be so long in time, by name of the function. */
const timedKernels: Readonly<Record<string, FactorKernelName>> = {
  count: 'timedCount',
  sum: 'timedSum',
  sma: 'timedMean',
  std: 'timedDeviation',
  min: 'timedMinimum',
  max: 'timedMaximum',
  zscore: 'timedZscore',
  bollinger: 'timedBollinger',
  vwap: 'timedVwap',
  corr: 'timedCorrelation',
  beta: 'timedBeta',
};

const bars = ['high', 'low', 'close'] as const;

export const factorFunctions: readonly FactorFunction[] = [
  make('abs', 'absolute', ['of'], [], 'distance from 0'),
  make('log', 'log', ['of'], [], 'natural logarithm'),
  make('sqrt', 'sqrt', ['of'], [], 'square root'),
  make('lesser', 'lesser', ['a', 'b'], [], 'the lesser of two'),
  make('greater', 'greater', ['a', 'b'], [], 'the greater of two'),
  make(
    'imbalance',
    'imbalance',
    ['<bidVolume>', '<askVolume>'],
    [],
    '(a - b) / (a + b), of the volumes of the two sides by default',
  ),
  make('delay', 'delay', ['of'], [period()], 'the value `period` rows before'),
  make('count', 'timedCount', ['<price>'], [period()], 'rows of a window of time'),
  make('sum', 'sum', ['of'], [period()], 'sum of a window'),
  make('sma', 'sma', ['of'], [period()], 'mean of a window'),
  make('wma', 'wma', ['of'], [period()], 'mean of a window, weights 1 to period'),
  make('ema', 'ema', ['of'], [period()], 'exponential mean'),
  make('dema', 'dema', ['of'], [period()], '2 * ema - ema of ema'),
  make('std', 'deviation', ['of'], [period()], 'population standard deviation of a window'),
  make('min', 'minimum', ['of'], [period()], 'least of a window'),
  make('max', 'maximum', ['of'], [period()], 'greatest of a window'),
  make('zscore', 'zscore', ['of'], [period()], 'distance from the mean in standard deviations'),
  make('vwap', 'vwap', ['<price>', '<volume>'], [period()], 'mean weighted by volume'),
  make('corr', 'correlation', ['a', 'b'], [period()], 'correlation of a window'),
  make('beta', 'beta', ['a', 'b'], [period()], 'covariance / variance of the second'),
  make('rsi', 'rsi', ['of'], [period(14)], 'relative strength index by Wilder'),
  make('cci', 'cci', ['of'], [period(20)], 'commodity channel index of typical prices'),
  make('atr', 'atr', bars, [period(14)], 'average true range by Wilder'),
  make('adx', 'adx', bars, [period(14)], 'directional index by Wilder', ['value', 'plus', 'minus']),
  make('stochastic', 'stochastic', bars, [period(14)], '%K'),
  make('obv', 'obv', ['<price>', '<volume>'], [], 'on-balance volume'),
  make(
    'macd',
    'macd',
    ['of'],
    [
      { name: 'fast', preset: 12 },
      { name: 'slow', preset: 26 },
      { name: 'smooth', preset: 9 },
    ],
    'difference of two exponential means, and its own mean',
    ['value', 'signal', 'histogram'],
  ),
  make(
    'bollinger',
    'bollinger',
    ['of'],
    [period(20), { name: 'width', preset: 2 }],
    '%B of bands of so many population standard deviations',
    ['value', 'middle', 'upper', 'lower', 'signal'],
  ),
];

const byName = new Map(factorFunctions.map((one) => [one.name, one]));

/** Those whose period may be a time. */
export const timedFunctions = Object.keys(timedKernels);

const timed = new Set(Object.values(timedKernels));

/** Whether it is of a window of time, its first parameter being how long. */
export function isTimed(kernel: FactorKernelName): boolean {
  return timed.has(kernel);
}

export function findFunction(name: string): FactorFunction | undefined {
  return byName.get(name);
}
