// What is known of an import of one file into one table: how far it came, with which options. It is
// written in the log entry of each batch of rows, so that the two never differ.

import { NdtsError } from '@ndts/protocol';
import type { ImportTarget } from './import-target.js';

export interface ImportRecord {
  readonly version: 1;
  readonly state: 'running' | 'done';
  readonly table: string;
  /** As it was named; the file is known by its identity. */
  readonly file: string;
  readonly identity: string;
  /** Hash of everything that decides what becomes of the file. */
  readonly options: string;
  /** Where the next record begins: bytes and lines of CSV, else rows. */
  readonly offset: number;
  readonly line: number;
  readonly rows: number;
  readonly rejects: number;
  /** Of the file of rejects, when this was written. */
  readonly rejectsBytes: number;
  readonly begunMs: number;
  readonly wallMs: number;
}

export function importKey(table: string, identity: string): string {
  return `import/${encodeURIComponent(table)}/${identity}`;
}

export function encodeRecord(record: ImportRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(record));
}

export function readRecord(
  target: ImportTarget,
  table: string,
  identity: string,
): ImportRecord | undefined {
  const key = importKey(table, identity);
  const bytes = target.get(key);
  if (bytes === undefined) return undefined;
  const record: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (typeof record !== 'object' || record === null || !('version' in record))
    throw new NdtsError('CORRUPT', `the import record ${key} is no record`);
  if (record.version !== 1)
    throw new NdtsError('VERSION_TOO_NEW', `the import record ${key} is of a newer version`);
  return record as ImportRecord;
}
