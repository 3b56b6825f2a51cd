// Days that are in the archive and not in the database: nothing reads them there, so whoever asks
// for them is told, with the command that brings them back.
//
// Always: a range that begins at a time somebody gave is refused when such a day is in it; a read
// of everything there is goes on, with a note.

import { type ConfigValues, NdtsError, nsPerDay, type Time } from '@ndts/protocol';
import { type ArchivedDay, archivedDays, dayText } from '@ndts/storage';

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
    if (read.isRead(one.table) && isWithin(one.day, read) && (await isMissing(one, read)))
      missing.push(one);
  const first = missing[0];
  if (first === undefined) return;
  const text = archivedText(first, missing.length - 1);
  if (read.from !== undefined) throw new NdtsError('NOT_FOUND', text);
  read.note(`${text}\n`);
}

function isWithin(day: number, { from, to }: ArchivedRead): boolean {
  const begins = from === undefined || day >= from.day;
  return begins && (to === undefined || day * nsPerDay < to.day * nsPerDay + to.nsOfDay);
}

/** A day that was restored is in the archive, too. */
async function isMissing({ table, day, segments }: ArchivedDay, read: ArchivedRead) {
  const rows = segments.reduce((sum, segment) => sum + segment.rows, 0);
  return (await read.rowsOf(table, day)) < rows;
}

function archivedText({ table, day }: ArchivedDay, more: number): string {
  const days = more === 0 ? '' : ` and ${more} more ${more === 1 ? 'day' : 'days'}`;
  const list = more === 0 ? '' : '; ndts retention list shows all';
  return (
    `${dayText(day)}${days} of table ${table}: in the archive, where nothing is read; ` +
    `ndts retention restore ${table} ${dayText(day)} brings a day back${list}`
  );
}
