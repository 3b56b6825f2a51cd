// A factor as data: an expression over the columns of ticks. Plain objects, so that it can be sent,
// stored, compared and hashed; the same expression is run over a stream and over history, and gives
// the same bits.

import { type FactorColumn, factorColumns } from '@ndts/native/factor';
import { FactorLimit, type FactorKernelName, NdtsError } from '@ndts/protocol';
import { type FactorFunction, findFunction, timedFunctions } from './functions.js';
import { isTimeSpan, spanNs, type TimeSpan } from './time-span.js';

export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'column'; readonly name: FactorColumn }
  | {
      readonly kind: 'kernel';
      readonly kernel: FactorKernelName;
      readonly parameters: readonly number[];
      readonly inputs: readonly Expression[];
      /** Which of its outputs. */
      readonly port: number;
    };

/** A number stands for itself, a name for a column of the tick; a time is a period. */
export type Operand = Expression | number | FactorColumn | TimeSpan;

function wrong(text: string): NdtsError {
  return new NdtsError('INVALID_ARGUMENT', text);
}

export function isColumn(name: string): name is FactorColumn {
  return factorColumns.some((column) => column === name);
}

export function expressionOf(operand: Operand): Expression {
  if (typeof operand === 'number') return { kind: 'number', value: operand };
  if (typeof operand !== 'string') return operand;
  if (isColumn(operand)) return { kind: 'column', name: operand };
  if (isTimeSpan(operand))
    throw wrong(`'${operand}' is a length of time: a period of ${timedFunctions.join(', ')}`);
  throw wrong(`expected a column of ${factorColumns.join(', ')}; found '${operand}'`);
}

const operators = {
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '/': 'divide',
} as const satisfies Record<string, FactorKernelName>;

export type Operator = keyof typeof operators;

export function operate(operator: Operator, left: Operand, right: Operand): Expression {
  const inputs = [expressionOf(left), expressionOf(right)];
  return { kind: 'kernel', kernel: operators[operator], parameters: [], inputs, port: 0 };
}

export function negate(of: Operand): Expression {
  return { kind: 'kernel', kernel: 'negate', parameters: [], inputs: [expressionOf(of)], port: 0 };
}

const ownColumn = /^<(.+)>$/;

/**
 * Calls a function of functions.ts: its inputs, then its parameters; what has a default may be left
 * out from the end of either.
 */
export function call(name: string, ...given: readonly Operand[]): Expression {
  const found = findFunction(name);
  if (found === undefined) throw wrong(`there is no function '${name}'`);
  const presets = found.inputs.filter((input) => ownColumn.test(input)).length;
  const least = found.inputs.length - presets;
  const wanted = found.parameters.length;
  // Inputs with defaults are given all or not at all, so that numbers behind them are parameters.
  const withPresets = presets > 0 && given.length > least + wanted;
  const inputCount = presets === 0 || withPresets ? found.inputs.length : least;
  if (given.length < inputCount || given.length > inputCount + wanted)
    throw wrong(`${name}: expected ${usage(name)}, found ${given.length} arguments`);
  const inputs = found.inputs.map((input, at) => {
    const own = ownColumn.exec(input)?.[1];
    const operand = at < inputCount ? given[at] : undefined;
    return expressionOf(operand ?? expressionOf((own ?? input) as FactorColumn));
  });
  const numbers = found.parameters.map(({ preset }, at) => given[inputCount + at] ?? preset);
  const isTimed = isTimeSpan(numbers[0]);
  const parameters = numbers.map((number, at) => {
    const parameter = found.parameters[at]!.name;
    if (isTimeSpan(number)) return checkedSpan(found, parameter, number);
    if (typeof number === 'number') return checked(found, parameter, number);
    const what = number === undefined ? 'nothing' : JSON.stringify(number);
    const expected = found.kernel === found.timed ? 'a time such as 60s' : 'a number';
    throw wrong(`${name}: expected ${parameter} to be ${expected}, found ${what}`);
  });
  const kernel = isTimed ? found.timed! : found.kernel;
  return { kind: 'kernel', kernel, parameters, inputs, port: 0 };
}

/** What the kernels take, said with the words of the expression. */
function checked(
  { name, kernel, timed }: FactorFunction,
  parameter: string,
  value: number,
): number {
  const isWidth = parameter === 'width';
  const { rows } = FactorLimit;
  if (!isWidth && kernel === timed)
    throw wrong(`${name}: expected ${parameter} to be a time such as 60s, found ${value}`);
  const isRight = isWidth ? value > 0 : Number.isInteger(value) && value >= 1 && value <= rows;
  if (isRight) return value;
  const expected = isWidth ? 'above 0' : `a whole number of rows from 1 to ${rows}`;
  throw wrong(`${name}: expected ${parameter} to be ${expected}, found ${value}`);
}

function checkedSpan({ name, timed }: FactorFunction, parameter: string, value: TimeSpan): number {
  if (parameter === 'period' && timed !== undefined) return spanNs(value);
  const expected = parameter === 'width' ? 'a number' : 'a whole number of rows';
  throw wrong(
    `${name}: expected ${parameter} to be ${expected}, found '${value}'; ` +
      `a period may be a time in ${timedFunctions.join(', ')}`,
  );
}

/** Another output of what a function gives: 'upper' of bollinger. */
export function output(of: Expression, functionName: string, name: string): Expression {
  const port = findFunction(functionName)?.outputs.indexOf(name) ?? -1;
  if (of.kind === 'kernel' && port >= 0) return { ...of, port };
  const outputs = findFunction(functionName)?.outputs ?? [];
  throw wrong(`${functionName} has ${outputs.join(', ')}; found '${name}'`);
}

/** How a function is called, for people. */
export function usage(name: string): string {
  const found = findFunction(name);
  if (found === undefined) return name;
  const inputs = found.inputs.map((input) => ownColumn.exec(input)?.[1] ?? input);
  const parameters = found.parameters.map(({ name: parameter, preset }) =>
    preset === undefined ? parameter : `${parameter} = ${preset}`,
  );
  return `${name}(${[...inputs, ...parameters].join(', ')})`;
}
