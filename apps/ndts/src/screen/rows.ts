// Rows of ticks as text for programs: CSV, or JSON with one object a line. Times are UTC to the
// nanosecond; numbers that JSON has not are texts there.

import { timeText } from '@ndts/protocol';

export interface TimedRows {
  readonly count: number;
  readonly day: Float64Array;
  readonly nsOfDay: Float64Array;
  /** Of ticks; what is made of several has none. */
  readonly sequence?: Float64Array;
  readonly symbol: Uint32Array;
}

export interface RowColumn {
  readonly name: string;
  readonly values: ArrayLike<number>;
}

export type SymbolNames = ReadonlyMap<number, string>;

export function csvHead(columns: readonly string[], withSequence = true): string {
  const own = withSequence ? 'time,symbol,sequence' : 'time,symbol';
  return `${own},${columns.map(csvCell).join(',')}\n`;
}

export function csvRows(
  rows: TimedRows,
  names: SymbolNames,
  columns: readonly RowColumn[],
): string {
  let text = '';
  for (let row = 0; row < rows.count; row += 1) {
    const name = names.get(rows.symbol[row] ?? 0) ?? '';
    text += `${timeAt(rows, row)},${csvCell(name)}`;
    if (rows.sequence !== undefined) text += `,${rows.sequence[row]}`;
    for (const { values } of columns) text += `,${values[row]}`;
    text += '\n';
  }
  return text;
}

export function jsonRows(
  rows: TimedRows,
  names: SymbolNames,
  columns: readonly RowColumn[],
): string {
  let text = '';
  for (let row = 0; row < rows.count; row += 1) {
    const object: Record<string, string | number | null> = {
      time: timeAt(rows, row),
      symbol: names.get(rows.symbol[row] ?? 0) ?? '',
    };
    if (rows.sequence !== undefined) object['sequence'] = rows.sequence[row] ?? 0;
    for (const { name, values } of columns) {
      const value = values[row] ?? 0;
      object[name] = Number.isFinite(value) ? value : String(value);
    }
    text += `${JSON.stringify(object)}\n`;
  }
  return text;
}

function timeAt(rows: TimedRows, row: number): string {
  return timeText({ day: rows.day[row] ?? 0, nsOfDay: rows.nsOfDay[row] ?? 0 });
}

function csvCell(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
