// FILL of SAMPLE BY: around the samples, all spans of all groups, with what the samples have for
// them.

import type { Span } from './spans.js';
import { quoted } from './tokens.js';

export type Fill = 'NONE' | 'NULL' | 'PREV';

export interface SampleColumn {
  readonly name: string;
  /** Of many rows; otherwise a group. */
  readonly isValue: boolean;
}

/** In front of the SELECT of the samples. */
export const fillStart = 'SELECT * FROM (WITH ndts_samples AS MATERIALIZED (';

/** Behind it. @param time its place among the columns */
export function fillEnd(
  columns: readonly SampleColumn[],
  time: number,
  span: Span,
  fill: Fill,
): string {
  const at = quoted(columns[time]?.name ?? 'time');
  const isKey = (column: SampleColumn, place: number): boolean => place !== time && !column.isValue;
  const keys = columns.filter(isKey).map(({ name }) => quoted(name));
  const list = columns.map((column, place) => {
    const name = quoted(column.name);
    if (place === time || isKey(column, place)) return `g.${name}`;
    if (fill === 'NULL') return `s.${name}`;
    const by = keys.map((key) => `g.${key}`).join(', ');
    const window = `${by === '' ? '' : `PARTITION BY ${by} `}ORDER BY g.${at}`;
    const present = `CASE WHEN s.${at} IS NOT NULL THEN {'v': s.${name}} END`;
    return `(last_value(${present} IGNORE NULLS) OVER (${window})).v AS ${name}`;
  });
  const same = [`g.${at} = s.${at}`, ...keys.map((k) => `g.${k} IS NOT DISTINCT FROM s.${k}`)];
  const groups = `, (SELECT DISTINCT ${keys.join(', ')} FROM ndts_samples)`;
  const { from, start } = span.starts(
    `(SELECT min(${at}) AS low, max(${at}) AS high FROM ndts_samples)`,
  );
  return (
    `), ndts_spans AS (SELECT ${start} AS ${at} FROM ${from}), ` +
    `ndts_grid AS (SELECT * FROM ndts_spans${keys.length === 0 ? '' : groups}) ` +
    `SELECT ${list.join(', ')} FROM ndts_grid g LEFT JOIN ndts_samples s ` +
    `ON ${same.join(' AND ')})`
  );
}
