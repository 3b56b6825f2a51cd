// Days that are in the archive and not in the database: nothing reads them there, so whoever asks
// for them is told, with the command that brings them back.
//
// Always: a range that begins at a time somebody gave is refused when such a day is in it; a read
// of everything there is goes on, with a note.

import { NdtsError, type Time } from '@ndts/protocol';

export interface ArchivedRead {
  /** What is given; undefined: everything. */
  readonly from?: Time | undefined;
  /** Refuses as a read of the range is refused: NOT_FOUND. */
  readonly check: () => Promise<unknown>;
  readonly note: (text: string) => void;
}

/** Throws NOT_FOUND for a range from a given time on. */
export async function checkArchived({ from, check, note }: ArchivedRead): Promise<void> {
  try {
    await check();
  } catch (error) {
    const isRefused = error instanceof NdtsError && error.code === 'NOT_FOUND';
    if (!isRefused || from !== undefined) throw error;
    note(`${error.message}\n`);
  }
}
