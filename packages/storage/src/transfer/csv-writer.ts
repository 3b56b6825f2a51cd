// Rows of a result as CSV; the text is made by the engine.

import { writeCsv } from '@ndts/native/csv';
import type { SqlColumn } from '@ndts/native/sql';
import type { SqlBatch } from '../sql/batch.js';
import type { ExportWriter } from './export-writer.js';
import type { OutputFile } from './output-file.js';

export interface CsvWriterOptions {
  /** One byte; default a comma. */
  readonly delimiter?: string | undefined;
  /** Default true. */
  readonly header?: boolean | undefined;
}

export class CsvWriter implements ExportWriter {
  readonly #file: OutputFile;
  readonly #dialect: { readonly delimiter: string; readonly quote: string };
  readonly #hasHeader: boolean;

  constructor(file: OutputFile, options: CsvWriterOptions) {
    this.#file = file;
    const { delimiter } = options;
    const isTab = delimiter === '\\t' || delimiter === 'tab';
    this.#dialect = { delimiter: isTab ? '\t' : (delimiter ?? ','), quote: '"' };
    this.#hasHeader = options.header ?? true;
  }

  begin(columns: readonly SqlColumn[]): void {
    if (!this.#hasHeader) return;
    const raw = columns.map(({ name }) => {
      const more = new TextEncoder().encode(name);
      return { values: Uint32Array.of(more.length).buffer, more: more.slice().buffer };
    });
    const kinds = columns.map(() => 'text' as const);
    this.#file.write(writeCsv(this.#dialect, kinds, raw, 1));
  }

  add(batch: SqlBatch): void {
    const kinds = batch.columns.map((column) => column.kind);
    const raw = batch.columns.map((column) => column.raw);
    this.#file.write(writeCsv(this.#dialect, kinds, raw, batch.rows));
  }

  end(): void {
    // An empty result without a header is an empty file.
    this.#file.write(new Uint8Array(0));
  }
}
