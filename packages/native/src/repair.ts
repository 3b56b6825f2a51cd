// Repair of a database folder: what is wrong with its files, what can be saved, what would be
// lost; done only when told. Damaged files are moved to a folder `damaged` in it, never deleted.

import { resolve } from 'node:path';
import type { ErrorCode, Time } from '@ndts/protocol';
import { addon, native } from './addon.js';

/** How much, by kind. */
export interface RepairAmount {
  readonly rows: number;
  /** Of the key-value table, deletes too. */
  readonly keys: number;
  /** Of the log. */
  readonly entries: number;
  readonly symbols: number;
}

export interface RepairFinding {
  readonly file: string;
  readonly offset: number;
  readonly code: ErrorCode;
  /** What is wrong. */
  readonly what: string;
  /** What else follows from it; may be empty. */
  readonly note: string;
  readonly saved: RepairAmount;
  readonly lost: RepairAmount;
  /** More may be lost than can be counted. */
  readonly lostUnknown: boolean;
  /** Of the rows that are lost: where they were, the first of their symbols, their times. */
  readonly table: string;
  readonly shard: number;
  readonly symbols: readonly string[];
  readonly fromTime: Time;
  readonly toTime: Time;
  /** Of the keys that are lost. */
  readonly fromKey: string;
  readonly toKey: string;
}

export interface RepairReport {
  readonly findings: readonly RepairFinding[];
  /** About the folder as a whole. */
  readonly notes: readonly string[];
  /** Where the damaged files are; empty: nothing was changed. */
  readonly movedTo: string;
}

export interface RepairOptions {
  /** Default: only look. */
  readonly apply?: boolean;
  /** Of a folder whose manifest is lost; default: as many as its files have. */
  readonly shardCount?: number;
}

const door = addon as {
  readonly repairDatabase: (dir: string, apply: boolean, shardCount: number) => RepairReport;
};

/** Throws LOCKED when the folder is open, NOT_FOUND when it is no database, IO_ERROR when the disk
 * refuses to read: copy such a folder to another disk first. */
export function repairDatabase(dir: string, options: RepairOptions = {}): RepairReport {
  return native(() =>
    door.repairDatabase(resolve(dir), options.apply ?? false, options.shardCount ?? 0),
  );
}
