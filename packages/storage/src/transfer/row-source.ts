// A file that is imported, whatever its format: batches of rows, their symbols as ids, and what
// could not be taken.

import type { TableBatch } from '@ndts/native/db';
import type { RejectedRow } from './rejects-file.js';

export interface SourcePlace {
  /** Where the next record begins: bytes and lines of CSV, else rows from 0. */
  readonly offset: number;
  readonly line: number;
}

export interface SourceRead extends SourcePlace {
  readonly rows: number;
  readonly ended: boolean;
  readonly rejects: readonly RejectedRow[];
  /** Of the file, that were read. */
  readonly bytes: number;
}

export interface RowSource {
  /** Of the file, that earlier imports took, as near as the format tells. */
  readonly passedBytes: number;
  /** Fills the batch, on another thread where it can; one call at a time. */
  next(batch: TableBatch): Promise<SourceRead>;
  close(): Promise<void>;
}

export type EnsureSymbols = (names: readonly string[]) => Promise<Uint32Array>;
