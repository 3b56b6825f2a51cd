// What makes the bytes of a file of batches of rows.

import type { SqlColumn } from '@ndts/native/sql';
import type { SqlBatch } from '../sql/batch.js';

export interface ExportWriter {
  begin(columns: readonly SqlColumn[]): void;
  add(batch: SqlBatch): void | Promise<void>;
  /** All bytes are in the file then. */
  end(): void | Promise<void>;
}
