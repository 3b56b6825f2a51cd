// Expressions in two stages: functions of a stage in the middle, such as aggregates of a window,
// over expressions of ticks, and expressions over what it gives. `zscore(max(ema(price, 5)) -
// vwap(), 20)` of windows: the greatest ema of the ticks of a window, less their vwap, among those
// of 20 windows.
//
// What the stage gives is a row like a tick, whose columns are its values: so the same kernels run
// before and after it. Always: plain data; equal parts are worked out once.

import type { FactorColumn } from '@ndts/native/factor';
import { NdtsError } from '@ndts/protocol';
import { call, type Expression, expressionOf, type Operand } from './expression.js';
import { parseWithCalls } from './parse-expression.js';

/** Columns of a row that hold what a stage gives. */
export const stagedColumns = [
  'price',
  'volume',
  'bid',
  'ask',
  'bidVolume',
  'askVolume',
] as const satisfies readonly FactorColumn[];

export interface StageCall {
  readonly name: string;
  /** Places in Staged.inputs. */
  readonly inputs: readonly number[];
  readonly numbers: readonly number[];
}

export interface Staged {
  /** Over the columns of ticks. */
  readonly inputs: readonly Expression[];
  /** The value of the one at place i is column stagedColumns[i] of what outputs are made of. */
  readonly calls: readonly StageCall[];
  readonly outputs: readonly Expression[];
}

/** The inputs and numbers of a call when it is one of the stage; undefined: it is a factor's. */
export type StageClaim = (
  name: string,
  given: readonly Operand[],
) => { readonly inputs: readonly Operand[]; readonly numbers: readonly number[] } | undefined;

class StagedBuilder {
  readonly inputs: Expression[] = [];
  readonly calls: StageCall[] = [];
  readonly #claim: StageClaim;
  /** Which expressions are what the stage gives, and no columns of ticks. */
  readonly #given: Expression[] = [];
  readonly #what: string;

  constructor(claim: StageClaim, what: string) {
    this.#claim = claim;
    this.#what = what;
  }

  parse(text: string): Expression {
    const expression = parseWithCalls(text, (name, ...given) => this.#call(name, given));
    const [column] = columnsOf(expression).filter((one) => !this.#given.includes(one));
    if (column !== undefined && column.kind === 'column')
      throw wrong(`'${text}': ${column.name} is of a tick, not of a ${this.#what}`);
    return expression;
  }

  #call(name: string, given: readonly Operand[]): Expression {
    const claimed = this.#claim(name, given);
    if (claimed === undefined) return call(name, ...given);
    const inputs = claimed.inputs.map(expressionOf);
    if (inputs.flatMap(columnsOf).some((one) => this.#given.includes(one)))
      throw wrong(`${name}: what is of a ${this.#what} is within what is of one`);
    return this.#place({
      name,
      inputs: inputs.map((one) => placeIn(this.inputs, one)),
      numbers: claimed.numbers,
    });
  }

  #place(wanted: StageCall): Expression {
    const place = placeIn(this.calls, wanted);
    const name = stagedColumns[place];
    if (name === undefined)
      throw wrong(`expected at most ${stagedColumns.length} different ones of a ${this.#what}`);
    this.#given[place] ??= { kind: 'column', name };
    return this.#given[place];
  }
}

/** Throws INVALID_ARGUMENT. `what`: whose values the stage gives, for people. */
export function parseStaged(texts: readonly string[], claim: StageClaim, what: string): Staged {
  const builder = new StagedBuilder(claim, what);
  const outputs = texts.map((text) => builder.parse(text));
  return { inputs: builder.inputs, calls: builder.calls, outputs };
}

function columnsOf(expression: Expression): Expression[] {
  if (expression.kind === 'column') return [expression];
  return expression.kind === 'kernel' ? expression.inputs.flatMap(columnsOf) : [];
}

/** Of an equal one, or of a new one at the end. */
function placeIn<T>(list: T[], wanted: T): number {
  const text = JSON.stringify(wanted);
  const found = list.findIndex((one) => JSON.stringify(one) === text);
  return found >= 0 ? found : list.push(wanted) - 1;
}

function wrong(text: string): NdtsError {
  return new NdtsError('INVALID_ARGUMENT', text);
}
