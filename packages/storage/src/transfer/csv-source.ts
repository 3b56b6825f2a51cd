// A CSV file as rows: parsed on a thread of the engine; here new symbols get their ids.

import { type CsvPlan, CsvReader } from '@ndts/native/csv';
import type { TableBatch } from '@ndts/native/db';
import type { EnsureSymbols, RowSource, SourceRead } from './row-source.js';

const decoder = new TextDecoder();

export class CsvSource implements RowSource {
  readonly passedBytes: number;
  readonly #reader: CsvReader;
  readonly #names: readonly string[];
  readonly #ensure: EnsureSymbols;

  /** `names` of the file's columns. */
  constructor(plan: CsvPlan, names: readonly string[], ensure: EnsureSymbols) {
    this.passedBytes = plan.from?.offset ?? 0;
    this.#reader = new CsvReader(plan);
    this.#names = names;
    this.#ensure = ensure;
  }

  async next(batch: TableBatch): Promise<SourceRead> {
    const read = await this.#reader.next(batch);
    if (read.names.length > 0) this.#reader.teach(await this.#ensure(read.names));
    this.#reader.resolve(batch);
    const rejects = read.rejects.map(({ line, offset, field, reason, text }) => ({
      line,
      offset,
      column: field === undefined ? undefined : this.#names[field],
      reason,
      text: decoder.decode(text),
    }));
    const { rows, ended, offset, line } = read;
    return { rows, ended, offset, line, rejects, bytes: offset };
  }

  close(): Promise<void> {
    this.#reader.close();
    return Promise.resolve();
  }
}
