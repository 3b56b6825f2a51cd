// Days that are in the archive and not in the database: nothing reads them there, so whoever asks
// for rows of them is told, with the command that brings them back.
//
// Always: a read whose range has such a day in it is refused, or whoever asks has said that it is
// left out (`archived: 'skip'`); it is never short in silence.

import type { Database } from '@ndts/native/db';
import { NdtsError, type Time } from '@ndts/protocol';
import { type ArchivedDay, dayText, isIn } from './archive.js';

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
    const ids = new Map(this.#database.tables().map(({ name, id }) => [name, id]));
    for (const { table, day, segments } of await this.#list()) {
      const id = ids.get(table);
      const present =
        id === undefined ? [] : this.#database.segments(id).filter((one) => one.day === day);
      if (segments.every((segment) => isIn(present, segment))) continue;
      const days = missing.get(table);
      if (days === undefined) missing.set(table, [day]);
      else days.push(day);
    }
    return missing;
  }
}

export function isWithin(day: number, { from, to }: ReadRange): boolean {
  const begins = from === undefined || day >= from.day;
  return begins && (to === undefined || day < to.day || (day === to.day && to.nsOfDay > 0));
}

export function archivedText(table: string, day: number, more: number): string {
  const days = more === 0 ? '' : ` and ${more} more ${more === 1 ? 'day' : 'days'}`;
  const list = more === 0 ? '' : '; ndts retention list shows all';
  return (
    `${dayText(day)}${days} of table ${table}: in the archive, where nothing is read; ` +
    `ndts retention restore ${table} ${dayText(day)} brings a day back${list}`
  );
}
