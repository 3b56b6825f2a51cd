// The first rows of a file as they would be stored, and the first that would be rejected, as texts.
// Nothing is written, and no symbol gets an id.

import { TableBatch } from '@ndts/native/db';
import { type ColumnSchema, type TableSchema, timeText } from '@ndts/protocol';
import type { EnsureSymbols, RowSource } from './row-source.js';
import type { TransferEvent } from './transfer-event.js';

/** Symbols of a preview: numbered from 1 as they come. */
export class PreviewSymbols {
  readonly #names: string[] = [];

  readonly ensure: EnsureSymbols = (names) => {
    const first = this.#names.length + 1;
    this.#names.push(...names);
    return Promise.resolve(Uint32Array.from(names, (_, at) => first + at));
  };

  name(id: number | undefined): string {
    return this.#names[(id ?? 0) - 1] ?? '';
  }
}

export async function preview(
  source: RowSource,
  schema: TableSchema,
  symbols: PreviewSymbols,
  rows: number,
): Promise<TransferEvent> {
  const batch = new TableBatch(schema, rows);
  const read = await source.next(batch);
  const texts: string[][] = [];
  for (let row = 0; row < read.rows; row += 1) {
    const time = timeText({ day: batch.day[row] ?? 0, nsOfDay: batch.nsOfDay[row] ?? 0 });
    const values = schema.columns.map((column) => valueText(batch, column, row, symbols));
    texts.push([time, symbols.name(batch.symbol[row]), ...values]);
  }
  const columns = ['time', 'symbol', ...schema.columns.map((column) => column.name)];
  return { event: 'preview', columns, rows: texts, rejects: read.rejects.slice(0, rows) };
}

function valueText(
  batch: TableBatch,
  column: ColumnSchema,
  row: number,
  symbols: PreviewSymbols,
): string {
  if (batch.isNull(column.name, row)) return 'null';
  if (column.type === 'text') return batch.text(column.name, row);
  if (column.type === 'bytes') return Buffer.from(batch.bytes(column.name, row)).toString('hex');
  const value = batch.column(column.name)[row] ?? 0;
  if (column.type === 'symbol') return symbols.name(Number(value));
  return column.type === 'bool' ? String(value === 1) : String(value);
}
