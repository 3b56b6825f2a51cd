// The points of a sweep: every combination of values (grid), or so many drawn at random from a
// seed. Always: the same ranges and seed give the same points in the same order, each once.

import { NdtsError } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import type { AnyStrategy } from '../strategy/define.js';
import type { GivenParameters } from '../strategy/parameters.js';
import { parseParameter } from './given-parameters.js';
import { canonicalJson } from './identity.js';

type Value = string | number | boolean;

/** What one parameter is varied over. */
export type ParameterRange =
  | { readonly kind: 'list'; readonly values: readonly Value[] }
  | { readonly kind: 'range'; readonly from: number; readonly to: number; readonly step: number };

export type ParameterRanges = Readonly<Record<string, ParameterRange>>;

const pointsMax = 100_000;
const rangePattern = /^(-?[\d.]+)\.\.(-?[\d.]+)(?::([\d.]+))?$/;

/** '10,20,50' or '1..3' or '1..3:0.5'. INVALID_ARGUMENT where it is neither, or out of range. */
export function parseRange(strategy: AnyStrategy, name: string, text: string): ParameterRange {
  const spec = strategy.params[name];
  const [, from, to, step] = rangePattern.exec(text) ?? [];
  if (from === undefined || to === undefined) {
    const values = text.split(',').map((value) => parseParameter(strategy, name, value));
    return { kind: 'list', values };
  }
  const isNumber = spec?.type === 'integer' || spec?.type === 'number';
  const bounds = [from, to].map((value) => Number(parseParameter(strategy, name, value)));
  const [least, most] = bounds as [number, number];
  const width = step === undefined ? (spec?.type === 'integer' ? 1 : 0) : Number(step);
  if (!isNumber || !(most >= least) || !(width >= 0))
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `${name}: expected a range of numbers as 1..3 or 1..3:0.5, found '${text}'`,
    );
  return { kind: 'range', from: least, to: most, step: width };
}

/** Steps are decimals: 1 + 2 * 0.1 is 1.2, not the float64 beside it. */
function stepped(from: number, step: number, index: number): number {
  return Number((from + index * step).toPrecision(12));
}

function valuesOf(name: string, range: ParameterRange): readonly Value[] {
  if (range.kind === 'list') return range.values;
  const { from, to, step } = range;
  if (step === 0)
    throw new NdtsError('INVALID_ARGUMENT', `${name}: expected a step for a grid, as 1..3:0.5`);
  const values: number[] = [];
  for (let index = 0; stepped(from, step, index) <= to; index += 1) {
    values.push(stepped(from, step, index));
    if (values.length > pointsMax) throw tooMany();
  }
  return values;
}

function tooMany(): NdtsError {
  return new NdtsError('INVALID_ARGUMENT', `expected at most ${pointsMax} runs in a sweep`);
}

/** The last parameter varies fastest. */
export function gridPoints(base: GivenParameters, ranges: ParameterRanges): GivenParameters[] {
  let points: GivenParameters[] = [base];
  for (const [name, range] of Object.entries(ranges)) {
    const values = valuesOf(name, range);
    if (points.length * values.length > pointsMax) throw tooMany();
    points = points.flatMap((point) => values.map((value) => ({ ...point, [name]: value })));
  }
  return unique(points);
}

function draw(range: ParameterRange, random: SeededRandom): Value {
  if (range.kind === 'list') return range.values[random.integer(range.values.length)]!;
  const { from, to, step } = range;
  if (step === 0) return Number((from + random.next() * (to - from)).toPrecision(6));
  const steps = Math.floor(Number(((to - from) / step).toPrecision(12)));
  return stepped(from, step, random.integer(steps + 1));
}

/** Fewer than asked for where the ranges have no more. */
export function randomPoints(
  base: GivenParameters,
  ranges: ParameterRanges,
  count: number,
  seed: number,
): GivenParameters[] {
  if (count > pointsMax) throw tooMany();
  const random = new SeededRandom(seed);
  const points = new Map<string, GivenParameters>();
  for (let tries = 0; tries < count * 20 && points.size < count; tries += 1) {
    const drawn = Object.entries(ranges).map(([name, range]) => [name, draw(range, random)]);
    const point = { ...base, ...(Object.fromEntries(drawn) as GivenParameters) };
    const text = canonicalJson(point);
    if (!points.has(text)) points.set(text, point);
  }
  return [...points.values()];
}

function unique(points: readonly GivenParameters[]): GivenParameters[] {
  const byText = new Map(points.map((point) => [canonicalJson(point), point]));
  return [...byText.values()];
}
