// Tables for people: left-aligned text, right-aligned numbers, columns as wide as needed.

export type Cell = string | number;

export interface Column {
  readonly title: string;
  readonly right?: boolean;
}

export function tableText(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map((cell) => cellText(cell)));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...texts.map((row) => (row[index] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, index) => {
        const width = widths[index] ?? 0;
        const cell = cells[index] ?? '';
        return column.right === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  const head = line(columns.map((column) => column.title));
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [head, rule, ...texts.map(line)].join('\n');
}

function cellText(cell: Cell): string {
  return typeof cell === 'number' ? numberText(cell) : printable(cell);
}

/** What a terminal would obey, or break a line at, is shown as its code: data is not trusted. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (sign) => {
    if (sign === '\n') return '\\n';
    return `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** 1234567 -> 1,234,567; small fractions keep their digits. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const [whole = '', fraction] = (Number.isInteger(value) ? String(value) : value.toFixed(2)).split(
    '.',
  );
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
