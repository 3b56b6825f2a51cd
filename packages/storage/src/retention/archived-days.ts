// Days that are in the archive and not in the database: nothing reads them there, so whoever asks
// for rows of them is told, with the command that brings them back.
//
// Always: a read whose range has such a day in it is refused, or whoever asks has said that it is
// left out (`archived: 'skip'`); it is never short in silence.

import type { Database, SegmentInfo } from '@ndts/native/db';
import { NdtsError, type Time } from '@ndts/protocol';
import { type ArchivedDay, byDay, dayText, isIn } from './archive.js';

/** What a read does about days that are in the archive; default: it is refused. */
export type ArchivedRead = 'skip';

export interface ReadRange {
  /** Inclusive; undefined: from the first row. */
  readonly from?: Time | undefined;
  /** Exclusive; undefined: to the last. */
  readonly to?: Time | undefined;
}

export class ArchivedDays {
  readonly #database: Pick<Database, 'tables' | 'segments'>;
  readonly #list: () => Promise<readonly ArchivedDay[]>;
  #missing: Promise<Map<string, number[]>> | undefined;
  readonly #leaving = new Map<string, Set<number>>();

  constructor(
    database: Pick<Database, 'tables' | 'segments'>,
    list: () => Promise<readonly ArchivedDay[]>,
  ) {
    this.#database = database;
    this.#list = list;
  }

  /** Before a day leaves the database. */
  leaving(table: string, day: number): void {
    const days = this.#leaving.get(table) ?? new Set();
    this.#leaving.set(table, days.add(day));
  }

  /** After days went into the archive, or came back. */
  changed(): void {
    this.#missing = undefined;
    this.#leaving.clear();
  }

  /** Throws NOT_FOUND for a range with a day that is only in the archive, and as reading that. */
  async check(table: string, range: ReadRange): Promise<void> {
    this.#missing ??= this.#find();
    const missing = this.#missing;
    const days = (
      await missing.catch((error: unknown) => {
        if (this.#missing === missing) this.#missing = undefined;
        throw error;
      })
    ).get(table);
    const all = [...(days ?? []), ...(this.#leaving.get(table) ?? [])];
    const within = all.filter((day) => isWithin(day, range)).sort((a, b) => a - b);
    const [first] = within;
    if (first !== undefined)
      throw new NdtsError('NOT_FOUND', archivedText(table, first, within.length - 1));
  }

  async #find(): Promise<Map<string, number[]>> {
    const missing = new Map<string, number[]>();
    const present = new Map<string, Map<number, SegmentInfo[]>>();
    const archived = await this.#list();
    // Once for each table: there may be thousands of days of it, here and in the archive.
    for (const { name, id } of this.#database.tables())
      if (archived.some(({ table }) => table === name))
        present.set(name, byDay(this.#database.segments(id)));
    for (const { table, day, segments } of archived) {
      const there = present.get(table)?.get(day) ?? [];
      if (segments.every((segment) => isIn(there, segment))) continue;
      const days = missing.get(table);
      if (days === undefined) missing.set(table, [day]);
      else days.push(day);
    }
    return missing;
  }
}

function isWithin(day: number, { from, to }: ReadRange): boolean {
  const begins = from === undefined || day >= from.day;
  return begins && (to === undefined || day < to.day || (day === to.day && to.nsOfDay > 0));
}

function archivedText(table: string, day: number, more: number): string {
  const days = more === 0 ? '' : ` and ${more} more ${more === 1 ? 'day' : 'days'}`;
  const list = more === 0 ? '' : '; ndts retention list shows all';
  return (
    `${dayText(day)}${days} of table ${table}: in the archive, where nothing is read; ` +
    `ndts retention restore ${table} ${dayText(day)} brings a day back${list}`
  );
}
