// Lengths of time as people write them in expressions: a whole number and a unit, such as 60s.

import { FactorLimit, NdtsError, nsPerDay, nsPerMs } from '@ndts/protocol';

const unitNs = {
  ns: 1,
  us: 1000,
  ms: nsPerMs,
  s: 1000 * nsPerMs,
  m: 60_000 * nsPerMs,
  h: 3_600_000 * nsPerMs,
  d: nsPerDay,
} as const;

export type SpanUnit = keyof typeof unitNs;
/** Such as '60s'. */
export type TimeSpan = `${number}${SpanUnit}`;

const pattern = /^(\d+)(ns|us|ms|s|m|h|d)$/;
const least = FactorLimit.spanMsMin * nsPerMs;
const most = FactorLimit.spanDaysMax * nsPerDay;

export function isTimeSpan(value: unknown): value is TimeSpan {
  return typeof value === 'string' && /^\d/.test(value);
}

/** Nanoseconds; undefined: it is no length of time. */
export function lengthNs(text: string): number | undefined {
  const [, number, unit] = pattern.exec(text) ?? [];
  return unit === undefined ? undefined : Number(number) * unitNs[unit as SpanUnit];
}

/** Throws INVALID_ARGUMENT for what no window can be long. */
export function spanNs(text: TimeSpan): number {
  const ns = lengthNs(text);
  if (ns === undefined)
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `expected a whole number of ${Object.keys(unitNs).join(', ')}, such as 60s; found '${text}'`,
    );
  if (ns >= least && ns <= most) return ns;
  throw new NdtsError(
    'INVALID_ARGUMENT',
    `expected a time from ${FactorLimit.spanMsMin}ms to ${FactorLimit.spanDaysMax}d, ` +
      `found '${text}'`,
  );
}
