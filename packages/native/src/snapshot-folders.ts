// Snapshots by their files: of a database that is closed, or only looked at.

import { resolve } from 'node:path';
import { addon, native } from './addon.js';
import type { SnapshotInfo } from './database.js';

const functions = addon as {
  listSnapshots(dir: string): SnapshotInfo[];
  removeSnapshot(dir: string, name: string): void;
  restoreSnapshot(folder: string, dir: string): void;
};

/** The complete snapshots of a database folder, open or not, oldest first. */
export function listSnapshots(dir: string): SnapshotInfo[] {
  return native(() => functions.listSnapshots(resolve(dir)));
}

/** Of a database that is not open: LOCKED when it is. NOT_FOUND. */
export function removeSnapshot(dir: string, name: string): void {
  native(() => functions.removeSnapshot(resolve(dir), name));
}

/** Makes a database folder of a snapshot folder. `dir` must not exist or be empty. */
export function restoreSnapshot(folder: string, dir: string): void {
  native(() => functions.restoreSnapshot(resolve(folder), resolve(dir)));
}
