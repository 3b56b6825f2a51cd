// Spans of time as SQL: where the span of an instant starts, and all starts from one to another.

import type { EditPart, Slice } from './edits.js';

export interface Span {
  /** The start of the span of an instant. */
  bucketOf(time: Slice): readonly EditPart[];
  /** Instants from `low` to `high` of `source`, as a column of a FROM. */
  starts(source: string): { readonly from: string; readonly start: string };
}

export function fixedSpan(width: bigint, shift: bigint): Span {
  return {
    bucketOf: (time) => [
      'make_timestamp_ns(epoch_ns(',
      time,
      ') - ((epoch_ns(',
      time,
      `) + ${shift}) % ${width} + ${width}) % ${width})`,
    ],
    starts: (source) => ({
      from: `${source} r, range(epoch_ns(r.low), epoch_ns(r.high) + 1, ${width}) AS i(ns)`,
      start: 'make_timestamp_ns(i.ns)',
    }),
  };
}

export function monthSpan(months: number): Span {
  const interval = `INTERVAL ${months} MONTH`;
  return {
    bucketOf: (time) => [
      `CAST(time_bucket(${interval}, CAST(`,
      time,
      ' AS TIMESTAMP)) AS TIMESTAMP_NS)',
    ],
    starts: (source) => ({
      from:
        `${source} r, generate_series(CAST(r.low AS TIMESTAMP), CAST(r.high AS TIMESTAMP), ` +
        `${interval}) AS i(us)`,
      start: 'CAST(i.us AS TIMESTAMP_NS)',
    }),
  };
}
