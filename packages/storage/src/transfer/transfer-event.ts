// What an import or export says while it runs, for a screen or for programs; each is one JSON
// object.

import type { RejectedRow } from './rejects-file.js';

export interface PlannedColumn {
  /** Of the table. */
  readonly name: string;
  readonly type: string;
  /** What of the file it is taken from, for people. */
  readonly from: string;
}

export interface TransferAmount {
  /** Of this run and the ones it goes on from. */
  readonly rows: number;
  readonly rejects: number;
  /** Of the file. */
  readonly bytes: number;
}

export type TransferEvent =
  | {
      readonly event: 'plan';
      readonly table: string;
      readonly isNewTable: boolean;
      readonly columns: readonly PlannedColumn[];
      /** Columns of the file that nothing is taken from. */
      readonly ignored: readonly string[];
      readonly totalBytes: number;
      /** Where an import that was cut off goes on. */
      readonly resumed?: TransferAmount;
    }
  | {
      /** Of a dry run, which ends with it. */
      readonly event: 'preview';
      readonly columns: readonly string[];
      readonly rows: readonly (readonly string[])[];
      readonly rejects: readonly RejectedRow[];
    }
  | (TransferAmount & {
      readonly event: 'progress';
      readonly totalBytes: number;
      readonly seconds: number;
      readonly rowsPerSecond: number;
      readonly bytesPerSecond: number;
      readonly etaSeconds: number | undefined;
    })
  | (TransferAmount & {
      /** already: an earlier import took all of it. stopped: it was asked to, and can go on. */
      readonly event: 'done' | 'already' | 'stopped';
      readonly seconds: number;
      readonly rejectsPath?: string;
      /** When it was imported, in milliseconds since 1970. */
      readonly wallMs?: number;
    });

export type OnTransferEvent = (event: TransferEvent) => void;
