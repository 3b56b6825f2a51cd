// Old days go: for good, or into the archive; and come back out of it. A day is a partition: its
// segments go together, without touching others.
//
// Always: a query or replay that runs goes on with what it began with. One run at a time. A day
// that was restored stays until its hold ends. Rows that are only in memory stay; they go with a
// run after they were sealed.

import { mkdirSync, rmSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as othersRun } from 'node:timers/promises'; // ambient: turns, not time
import type { Database, SegmentInfo } from '@ndts/native/db';
import { type Clock, NdtsError, type Objects, timeFromMs } from '@ndts/protocol';
import {
  Archive,
  type ArchivedDay,
  type ArchivedSegment,
  byDay,
  dayText,
  isIn,
} from './archive.js';
import type { ArchivedDays } from './archived-days.js';
import type { RetentionPolicy } from './policy.js';

export interface RetentionOptions {
  readonly database: Database;
  /** The folder of the database. */
  readonly dir: string;
  readonly archive: Objects;
  readonly clock: Clock;
  readonly policies: readonly RetentionPolicy[];
  /** Is told of what goes and comes back; default: nobody reads meanwhile. */
  readonly archived?: ArchivedDays;
}

export type RetentionAction = 'expire' | 'archive';

/** A day that is old. */
export interface OldDay {
  readonly table: string;
  readonly day: number;
  readonly action: RetentionAction;
  readonly segments: number;
  readonly rows: number;
  readonly bytes: number;
}

/** Old rows that are only in memory. */
export interface WaitingRows {
  readonly table: string;
  readonly rows: number;
  /** Of the oldest. */
  readonly day: number;
}

const holdPrefix = 'retention/hold/';
/** Merges may take away what a run has just looked at: it looks again, so often. */
const attempts = 20;
/** Looked at before others have their turn. */
const symbolsAtOnce = 64;

interface Partition {
  readonly policy: RetentionPolicy;
  readonly table: number;
  readonly day: number;
  readonly segments: readonly SegmentInfo[];
}

export class Retention {
  readonly #database: Database;
  readonly #dir: string;
  readonly #archive: Archive;
  readonly #clock: Clock;
  readonly #policies: readonly RetentionPolicy[];
  readonly #archived: ArchivedDays | undefined;
  #busy = false;

  constructor(options: RetentionOptions) {
    this.#database = options.database;
    this.#dir = options.dir;
    this.#archive = new Archive(options.archive);
    this.#clock = options.clock;
    this.#policies = options.policies;
    this.#archived = options.archived;
  }

  /** What a run would let go now, oldest first. */
  plan(): OldDay[] {
    return this.#partitions().map(describe);
  }

  /** What a run would let go if it were in a file. */
  async waiting(): Promise<WaitingRows[]> {
    const waiting: WaitingRows[] = [];
    for (const { table, days } of this.#policies) {
      const id = this.#database.tables().find(({ name }) => name === table)?.id;
      if (id === undefined) continue;
      const to = { day: timeFromMs(this.#clock.nowMs()).day - days, nsOfDay: 0 };
      let rows = 0;
      let day = to.day;
      for (const [at, symbol] of this.#database.symbols().entries()) {
        if (at % symbolsAtOnce === symbolsAtOnce - 1) await othersRun();
        const { memory } = this.#database.locate(id, symbol.id, undefined, to);
        if (memory === undefined) continue;
        rows += memory.rows;
        day = Math.min(day, memory.minTime.day);
      }
      if (rows > 0) waiting.push({ table, rows, day });
    }
    return waiting;
  }

  /** Lets go of what is old; calls `done` after each day. */
  async run(done: (day: OldDay) => void = () => undefined): Promise<void> {
    // Most runs find nothing: what readers know of the archive stays true.
    if (!this.#busy && this.#partitions().length === 0) return;
    await this.#alone(async () => {
      for (const partition of this.#partitions()) {
        done(await this.#retry(partition));
      }
    });
  }

  /** Days in the archive, whatever put them there. */
  archived(): Promise<ArchivedDay[]> {
    return this.#archive.days();
  }

  /** Takes a day out of the archive back into the database, where it stays for `holdDays`; it stays
   * in the archive, too. NOT_FOUND; CORRUPT when the archive is. */
  restore(table: string, day: number, holdDays: number): Promise<ArchivedDay> {
    return this.#alone(async () => {
      const found = await this.#archive.day(table, day);
      if (found === undefined)
        throw new NdtsError('NOT_FOUND', `the archive has no ${dayText(day)} of table ${table}`);
      const there = new Set(this.#segments(this.#tableId(table), day).map((one) => one.number));
      const missing = found.segments.filter(({ number }) => !there.has(number));
      this.#hold(table, day, holdDays);
      await this.#bringBack(found, missing);
      return found;
    });
  }

  async #bringBack(found: ArchivedDay, missing: readonly ArchivedSegment[]): Promise<void> {
    const folder = join(this.#dir, 'restore');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      const added: string[] = [];
      for (const segment of missing) {
        const path = join(folder, `${segment.number}.segment`);
        await writeSynced(path, await this.#archive.getSegment(found, segment));
        added.push(path);
      }
      await this.#database.changeSegments({ added });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  #hold(table: string, day: number, days: number): void {
    const until = String(Math.floor(this.#clock.nowMs()) + Math.ceil(days * 86_400_000));
    const key = holdPrefix + JSON.stringify([table, day]);
    this.#database.write([{ key, value: Buffer.from(until) }]);
  }

  #isHeld(table: string, day: number): boolean {
    const value = this.#database.get(holdPrefix + JSON.stringify([table, day]));
    return value !== undefined && Number(Buffer.from(value).toString()) > this.#clock.nowMs();
  }

  #tableId(name: string): number {
    const found = this.#database.tables().find((table) => table.name === name);
    if (found === undefined) throw new NdtsError('NOT_FOUND', `there is no table ${name}`);
    return found.id;
  }

  #segments(table: number, day: number): SegmentInfo[] {
    return this.#database.segments(table).filter((segment) => segment.day === day);
  }

  #partitions(): Partition[] {
    const today = timeFromMs(this.#clock.nowMs()).day;
    const ids = new Map(this.#database.tables().map(({ name, id }) => [name, id]));
    const found: Partition[] = [];
    for (const policy of this.#policies) {
      const table = ids.get(policy.table);
      if (table === undefined) continue; // Not created yet.
      for (const [day, segments] of byDay(this.#database.segments(table)))
        if (day < today - policy.days && !this.#isHeld(policy.table, day))
          found.push({ policy, table, day, segments });
    }
    return found.sort((a, b) => a.day - b.day || a.table - b.table);
  }

  /** What went: where a merge came in between, what it made. */
  async #retry(first: Partition): Promise<OldDay> {
    for (let attempt = 1, partition = first; ; attempt += 1) {
      try {
        if (partition.policy.archive) await this.#store(partition);
        else await this.#remove(partition.segments);
        return describe(partition);
      } catch (error) {
        const merged = error instanceof NdtsError && error.code === 'NOT_FOUND';
        if (!merged || attempt === attempts) throw error;
        const { table, day } = partition;
        partition = { ...partition, segments: this.#segments(table, day) };
      }
    }
  }

  #remove(segments: readonly SegmentInfo[]): Promise<void> {
    return this.#database.changeSegments({ removed: segments.map(({ number }) => number) });
  }

  async #store({ policy, day, segments: present }: Partition): Promise<void> {
    const before = await this.#archive.day(policy.table, day);
    const segments = (before?.segments ?? []).filter((old) => !isIn(present, old));
    for (const segment of present)
      segments.push(
        await this.#archive.putSegment(policy.table, segment, await readSegment(segment.path)),
      );
    await this.#archive.putCatalog({ table: policy.table, day, segments });
    this.#archived?.leaving(policy.table, day);
    await this.#remove(present);
  }

  async #alone<Result>(action: () => Promise<Result>): Promise<Result> {
    if (this.#busy) throw new NdtsError('ALREADY_EXISTS', 'retention is at work already');
    this.#busy = true;
    try {
      return await action();
    } finally {
      this.#archived?.changed();
      this.#busy = false;
    }
  }
}

function describe({ policy, day, segments }: Partition): OldDay {
  let rows = 0;
  let bytes = 0;
  for (const segment of segments) {
    rows += segment.rows;
    bytes += segment.bytes;
  }
  const action = policy.archive ? 'archive' : 'expire';
  return { table: policy.table, day, action, segments: segments.length, rows, bytes };
}

/** NOT_FOUND when a merge took it away. */
async function readSegment(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const gone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new NdtsError(gone ? 'NOT_FOUND' : 'IO_ERROR', `cannot read ${path}`, { cause: error });
  }
}

async function writeSynced(path: string, content: Uint8Array): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}
