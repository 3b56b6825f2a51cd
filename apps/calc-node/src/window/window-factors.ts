// Factors over windows, as people write them: `last(price) / first(price) - 1`, `zscore(vwap(),
// 20)`. A name with the inputs of an aggregate and no more is one; every other function is a
// factor: of ticks within an aggregate, of windows outside.

import { NdtsError } from '@ndts/protocol';
import type { Expression, Operand } from '../factor/expression.js';
import { parseStaged, type StageClaim } from '../factor/staged.js';
import { StagedFactors, type StagedListener } from '../factor/staged-factors.js';
import { isTimeSpan } from '../factor/time-span.js';
import { type AggregateName, aggregateNames } from './aggregate.js';
import { WindowEngine } from './window-engine.js';
import type { WindowRows } from './window-rows.js';
import type { WindowSpec } from './window-spec.js';

export interface WindowFactorSpec extends Omit<WindowSpec, 'aggregates'> {
  /** Expressions. */
  readonly factors: readonly string[];
  /** Ticks of a batch at most; 4096 by default. */
  readonly capacity?: number;
}

/** Names that are no factor's. */
const onlyAggregates = ['count', 'first', 'last', 'avg'];
/** Kernels that know of no other rows: a corrected window is then only one more row. */
const plainKernels = new Set([
  'add',
  'subtract',
  'multiply',
  'divide',
  'negate',
  'absolute',
  'log',
  'sqrt',
  'lesser',
  'greater',
  'imbalance',
]);

function isAggregate(name: string): name is AggregateName {
  return aggregateNames.some((one) => one === name);
}

const claimAggregate: StageClaim = (name, given) => {
  if (!isAggregate(name)) return undefined;
  if (given.some(isTimeSpan)) return undefined;
  const inputs = inputsOf(name, given);
  if (inputs?.every((one) => typeof one !== 'number') === true) return { inputs, numbers: [] };
  if (!onlyAggregates.includes(name)) return undefined;
  throw new NdtsError('INVALID_ARGUMENT', `expected ${name}(of)`);
};

function inputsOf(name: AggregateName, given: readonly Operand[]): readonly Operand[] | undefined {
  if (name === 'vwap') {
    if (given.length === 0) return ['price', 'volume'];
    return given.length === 2 ? given : undefined;
  }
  if (name === 'count' && given.length === 0) return ['price'];
  return given.length === 1 ? given : undefined;
}

export class WindowFactors extends StagedFactors<WindowRows, WindowEngine> {
  /** `onRows` is given the windows that closed at one time and the value of each factor for them.
   * Throws INVALID_ARGUMENT. */
  constructor(spec: WindowFactorSpec, onRows: StagedListener<WindowRows>) {
    const { factors, capacity = 4096, ...windows } = spec;
    const staged = parseStaged(factors, claimAggregate, 'window');
    if ((windows.correctMs ?? 0) > 0 && !staged.outputs.every(isPlain))
      throw new NdtsError(
        'INVALID_ARGUMENT',
        'windows that are corrected take no factors that know of other windows',
      );
    const aggregates = staged.calls.map(({ name, inputs }) => ({
      name: name as AggregateName,
      inputs,
    }));
    super(staged, capacity, (give) => new WindowEngine({ ...windows, aggregates }, give), onRows);
  }

  /** Ticks that came too late. */
  get late(): number {
    return this.stage.late;
  }
}

function isPlain(expression: Expression): boolean {
  if (expression.kind !== 'kernel') return true;
  return plainKernels.has(expression.kernel) && expression.inputs.every(isPlain);
}
