// The rows that an import could not take, each with its place, reason and text, as CSV. The file is
// made when there is the first one. Written before the batch it belongs to is accepted; what stands
// in it beyond that is cut off when the import goes on.

import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { fileError } from '@ndts/runtime';

export interface RejectedRow {
  /** In the file; of formats without lines the row, from 1. */
  readonly line: number;
  readonly offset: number;
  /** undefined: the whole row. */
  readonly column?: string | undefined;
  readonly reason: string;
  readonly text: string;
}

const header = 'line,offset,column,reason,text\n';

export class RejectsFile {
  readonly path: string;
  #file: number | undefined;
  #bytes: number;

  /** Goes on behind the first `bytes` of the file; 0: begins anew. */
  constructor(path: string, bytes: number) {
    this.path = path;
    this.#bytes = bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(rows: readonly RejectedRow[]): void {
    if (rows.length === 0) return;
    const text = rows.map(rowText).join('');
    try {
      const file = this.#open();
      const bytes = Buffer.from(this.#bytes === 0 ? header + text : text);
      let written = 0;
      while (written < bytes.length)
        written += writeSync(file, bytes, written, bytes.length - written, this.#bytes + written);
      this.#bytes += written;
    } catch (error) {
      throw fileError(this.path, error);
    }
  }

  /** Durable then; twice is allowed. */
  close(): void {
    if (this.#file === undefined) return;
    fsyncSync(this.#file);
    closeSync(this.#file);
    this.#file = undefined;
  }

  #open(): number {
    if (this.#file !== undefined) return this.#file;
    this.#file = openSync(this.path, this.#bytes === 0 ? 'w' : 'r+', 0o600);
    if (this.#bytes > 0) ftruncateSync(this.#file, this.#bytes);
    return this.#file;
  }
}

function rowText(row: RejectedRow): string {
  const words = [row.column ?? '', row.reason, row.text].map(quoted).join(',');
  return `${row.line},${row.offset},${words}\n`;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
