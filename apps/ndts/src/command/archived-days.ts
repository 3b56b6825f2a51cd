// Days that are in the archive and not in the database: nothing reads them there, so whoever asks
// for them is told, with the command that brings them back.
//
// Always: a range that begins at a time somebody gave is refused when such a day is in it; a read
// of everything there is goes on, with a note.

import { type ConfigValues, NdtsError, type Time } from '@ndts/protocol';
import { type ArchivedDay, archivedDays, archivedText, isDayWithin } from '@ndts/storage';

export interface ArchivedRead {
  readonly values: ConfigValues;
  readonly isRead: (table: string) => boolean;
  /** Inclusive; undefined: everything. */
  readonly from?: Time | undefined;
  /** Exclusive. */
  readonly to?: Time | undefined;
  /** How many the database has of it. */
  readonly rowsOf: (table: string, day: number) => Promise<number>;
  readonly note: (text: string) => void;
}

/** Throws NOT_FOUND for a range from a given time on. */
export async function checkArchived(read: ArchivedRead): Promise<void> {
  const missing: ArchivedDay[] = [];
  for (const one of await archivedDays(read.values))
    if (read.isRead(one.table) && isDayWithin(one.day, read) && (await isMissing(one, read)))
      missing.push(one);
  const first = missing[0];
  if (first === undefined) return;
  const text = archivedText(first.table, first.day, missing.length - 1);
  if (read.from !== undefined) throw new NdtsError('NOT_FOUND', text);
  read.note(`${text}\n`);
}

/** A day that was restored is in the archive, too. */
async function isMissing({ table, day, segments }: ArchivedDay, read: ArchivedRead) {
  const rows = segments.reduce((sum, segment) => sum + segment.rows, 0);
  return (await read.rowsOf(table, day)) < rows;
}
