// The loop of an import: while one batch is accepted the next one is parsed. With the rows of a
// batch goes the record of how far the file was taken; what was rejected is in its file before.
//
// Always: rows are accepted in the order of the file, each once: an import that ended anywhere,
// by a signal, an error or kill -9, goes on behind its last accepted batch.

import { TableBatch } from '@ndts/native/db';
import { type Clock, NdtsError, type TableSchema } from '@ndts/protocol';
import { encodeRecord, importKey, type ImportRecord } from './import-record.js';
import type { ImportTarget } from './import-target.js';
import type { RejectsFile } from './rejects-file.js';
import type { RowSource, SourceRead } from './row-source.js';
import type { OnTransferEvent } from './transfer-event.js';

export interface ImportRun {
  readonly target: ImportTarget;
  /** Its id; made here, once a row can be taken. */
  table(): number;
  readonly schema: TableSchema;
  readonly source: RowSource;
  readonly rejects: RejectsFile;
  readonly clock: Clock;
  /** How far it was, or that it begins. */
  readonly record: ImportRecord;
  readonly totalBytes: number;
  /** Of them, those that earlier runs took. */
  readonly passedBytes: number;
  readonly batchRows: number;
  /** Above it the import stops; undefined: never. */
  readonly maxRejects: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: OnTransferEvent;
}

const progressNs = 100e6;

function helpFor(reason: string): string {
  return reason === 'not a time' ? ': --time-format says how times are written' : '';
}

class ImportLoop {
  readonly #run: ImportRun;
  readonly #key: string;
  readonly #beginNs: number;
  readonly #beginRows: number;
  #lastNs = 0;
  record: ImportRecord;
  position = 0;

  constructor(run: ImportRun) {
    this.#run = run;
    this.record = run.record;
    this.#key = importKey(run.record.table, run.record.identity);
    this.#beginNs = run.clock.monotonicNs();
    this.#beginRows = run.record.rows;
  }

  accept(batch: TableBatch, read: SourceRead): void {
    const { target, rejects, clock } = this.#run;
    const refused = this.record.rejects + read.rejects.length;
    this.#checkFirst(read);
    const table = this.#run.table();
    rejects.add(read.rejects);
    const next: ImportRecord = {
      ...this.record,
      state: read.ended ? 'done' : 'running',
      offset: read.offset,
      line: read.line,
      rows: this.record.rows + read.rows,
      rejects: refused,
      rejectsBytes: rejects.bytes,
      wallMs: clock.nowMs(),
    };
    const operations = [{ key: this.#key, value: encodeRecord(next) }];
    this.position =
      read.rows === 0 ? target.write(operations) : target.appendRows(table, batch, operations);
    this.record = next;
    this.#progress(read);
    this.#checkRejects();
  }

  /** A file of which nothing at all can be taken is one with wrong options. */
  #checkFirst(read: SourceRead): void {
    const first = read.rejects[0];
    if (this.record.rows > 0 || read.rows > 0 || first === undefined || this.record.rejects > 0)
      return;
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `none of the first ${read.rejects.length} rows can be taken; line ${first.line}` +
        `${first.column === undefined ? '' : `, column ${first.column}`}: ${first.reason} ` +
        `(${first.text.slice(0, 200)}); nothing was imported${helpFor(first.reason)}`,
    );
  }

  #checkRejects(): void {
    const { maxRejects, rejects } = this.#run;
    if (maxRejects === undefined || this.record.rejects <= maxRejects) return;
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `${this.record.rejects} rows were rejected, more than ${maxRejects}: see ${rejects.path}; ` +
        `${this.record.rows} rows are imported, and the same command with a larger --max-rejects ` +
        'goes on behind them',
    );
  }

  #progress(read: SourceRead): void {
    const { clock, totalBytes, passedBytes, onEvent } = this.#run;
    const nowNs = clock.monotonicNs();
    if (nowNs - this.#lastNs < progressNs && !read.ended) return;
    this.#lastNs = nowNs;
    const seconds = Math.max(1e-9, (nowNs - this.#beginNs) / 1e9);
    const rowsPerSecond = (this.record.rows - this.#beginRows) / seconds;
    const bytesPerSecond = (read.bytes - passedBytes) / seconds;
    const { rows, rejects } = this.record;
    onEvent({
      event: 'progress',
      rows,
      rejects,
      bytes: read.bytes,
      totalBytes,
      seconds,
      rowsPerSecond,
      bytesPerSecond,
      etaSeconds: bytesPerSecond > 0 ? (totalBytes - read.bytes) / bytesPerSecond : undefined,
    });
  }
}

export async function runImport(run: ImportRun): Promise<ImportRecord> {
  const { source, schema, batchRows } = run;
  const loop = new ImportLoop(run);
  const batches = [new TableBatch(schema, batchRows), new TableBatch(schema, batchRows)] as const;
  let coming = source.next(batches[0]);
  try {
    for (let index = 0; ; index += 1) {
      const read = await coming;
      const batch = batches[index % 2]!;
      const isLast = read.ended || run.signal?.aborted === true;
      if (!isLast) {
        coming = source.next(batches[(index + 1) % 2]!);
        // If accepting fails first nobody waits for it any more.
        coming.catch(() => undefined);
      }
      loop.accept(batch, read);
      if (isLast) break;
    }
    await run.target.durable(loop.position);
    return loop.record;
  } finally {
    await coming.catch(() => undefined);
    run.rejects.close();
  }
}
