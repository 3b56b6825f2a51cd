// Factors over cross-sections, as people write them: `rank(ema(price, 20))`, `zscore(price /
// vwap(60s)) - rank(volume)`. A name with the inputs of a measure and no period is one; every other
// function is a factor: of ticks within a measure, of sections outside.

import { NdtsError } from '@ndts/protocol';
import type { Operand } from '../factor/expression.js';
import { parseStaged, type StageCall, type StageClaim } from '../factor/staged.js';
import { StagedFactors, type StagedListener } from '../factor/staged-factors.js';
import { isTimeSpan } from '../factor/time-span.js';
import { type Measure, type MeasureName, measureNames } from './measures.js';
import { SectionEngine, type SectionRows, type SectionSpec } from './section-engine.js';

export interface SectionFactorSpec extends Omit<SectionSpec, 'inputCount' | 'measures'> {
  /** Expressions. */
  readonly factors: readonly string[];
  /** Of demean: the group of each symbol. */
  readonly groups?: ReadonlyMap<number, number>;
  /** Ticks of a batch at most; 4096 by default. */
  readonly capacity?: number;
}

const usages: Readonly<Record<MeasureName, string>> = {
  rank: 'rank(of)',
  percentile: 'percentile(of)',
  zscore: 'zscore(of), or zscore(of, period) of sections',
  quantile: 'quantile(of, buckets = 5)',
  demean: 'demean(of)',
  residual: 'residual(of, by)',
};

function isMeasure(name: string): name is MeasureName {
  return measureNames.some((one) => one === name);
}

const claimMeasure: StageClaim = (name, given) => {
  if (!isMeasure(name) || given.some(isTimeSpan)) return undefined;
  const numbers = given.filter((one) => typeof one === 'number');
  const inputs: readonly Operand[] = given.slice(0, given.length - numbers.length);
  const wanted = name === 'residual' ? 2 : 1;
  if (name === 'zscore' && numbers.length > 0) return undefined;
  const isRight =
    inputs.length === wanted &&
    inputs.every((one) => typeof one !== 'number') &&
    numbers.length <= (name === 'quantile' ? 1 : 0);
  if (isRight) return { inputs, numbers };
  throw new NdtsError('INVALID_ARGUMENT', `expected ${usages[name]}`);
};

function measureOf(
  { name, inputs, numbers }: StageCall,
  groups: ReadonlyMap<number, number> | undefined,
): Measure {
  const [input = 0, by] = inputs;
  const [buckets] = numbers;
  return {
    name: name as MeasureName,
    input,
    ...(by !== undefined && { by }),
    ...(buckets !== undefined && { buckets }),
    ...(name === 'demean' && groups !== undefined && { groups }),
  };
}

export class SectionFactors extends StagedFactors<SectionRows, SectionEngine> {
  /** `onSection` is given each section and the value of each factor for its symbols. Throws
   * INVALID_ARGUMENT. */
  constructor(spec: SectionFactorSpec, onSection: StagedListener<SectionRows>) {
    const { factors, groups, capacity = 4096, ...section } = spec;
    const staged = parseStaged(factors, claimMeasure, 'cross-section');
    const measures = staged.calls.map((one) => measureOf(one, groups));
    const engineSpec = { ...section, inputCount: staged.inputs.length, measures };
    super(staged, capacity, (give) => new SectionEngine(engineSpec, give), onSection);
  }
}
