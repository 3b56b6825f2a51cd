// Old days go: for good, or into the archive; and come back out of it. A day is a partition: its
// segments go together, without touching others.
//
// Always: a query or replay that runs goes on with what it began with. One run at a time. A day
// that was restored stays until its hold ends. Rows that are only in memory are not looked at;
// they go with a run after they were sealed.

import { mkdirSync, rmSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database, SegmentInfo } from '@ndts/native/db';
import { type Clock, NdtsError, type Objects, timeFromMs } from '@ndts/protocol';
import { Archive, type ArchivedDay, type ArchivedSegment, dayText } from './archive.js';
import type { RetentionPolicy } from './policy.js';

export interface RetentionOptions {
  readonly database: Database;
  /** The folder of the database. */
  readonly dir: string;
  readonly archive: Objects;
  readonly clock: Clock;
  readonly policies: readonly RetentionPolicy[];
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

const holdPrefix = 'retention/hold/';
/** Merges may take away what a run has just looked at: it looks again, so often. */
const attempts = 20;

interface Partition {
  readonly policy: RetentionPolicy;
  readonly table: number;
  readonly day: number;
}

export class Retention {
  readonly #database: Database;
  readonly #dir: string;
  readonly #archive: Archive;
  readonly #clock: Clock;
  readonly #policies: readonly RetentionPolicy[];
  #busy = false;

  constructor(options: RetentionOptions) {
    this.#database = options.database;
    this.#dir = options.dir;
    this.#archive = new Archive(options.archive);
    this.#clock = options.clock;
    this.#policies = options.policies;
  }

  /** What a run would let go now, oldest first. */
  plan(): OldDay[] {
    return this.#partitions().map((partition) => this.#describe(partition));
  }

  /** Lets go of what is old; calls `done` after each day. */
  run(done: (day: OldDay) => void = () => undefined): Promise<void> {
    return this.#alone(async () => {
      for (const partition of this.#partitions()) {
        const day = this.#describe(partition);
        await this.#retry(partition);
        done(day);
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
      const days = new Set(this.#database.segments(table).map(({ day }) => day));
      for (const day of days)
        if (day < today - policy.days && !this.#isHeld(policy.table, day))
          found.push({ policy, table, day });
    }
    return found.sort((a, b) => a.day - b.day || a.table - b.table);
  }

  #describe({ policy, table, day }: Partition): OldDay {
    const segments = this.#segments(table, day);
    const sum = (of: (segment: SegmentInfo) => number): number =>
      segments.reduce((total, segment) => total + of(segment), 0);
    return {
      table: policy.table,
      day,
      action: policy.archive ? 'archive' : 'expire',
      segments: segments.length,
      rows: sum(({ rows }) => rows),
      bytes: sum(({ bytes }) => bytes),
    };
  }

  async #retry(partition: Partition): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await (partition.policy.archive ? this.#store(partition) : this.#drop(partition));
        return;
      } catch (error) {
        const merged = error instanceof NdtsError && error.code === 'NOT_FOUND';
        if (!merged || attempt === attempts) throw error;
      }
    }
  }

  async #drop({ table, day }: Partition): Promise<void> {
    const removed = this.#segments(table, day).map(({ number }) => number);
    await this.#database.changeSegments({ removed });
  }

  async #store({ policy, table, day }: Partition): Promise<void> {
    const present = this.#segments(table, day);
    const before = await this.#archive.day(policy.table, day);
    const segments = (before?.segments ?? []).filter((old) => !isIn(present, old));
    for (const segment of present)
      segments.push(
        await this.#archive.putSegment(policy.table, segment, await readSegment(segment.path)),
      );
    await this.#archive.putCatalog({ table: policy.table, day, segments });
    await this.#database.changeSegments({ removed: present.map(({ number }) => number) });
  }

  async #alone<Result>(action: () => Promise<Result>): Promise<Result> {
    if (this.#busy) throw new NdtsError('ALREADY_EXISTS', 'retention is at work already');
    this.#busy = true;
    try {
      return await action();
    } finally {
      this.#busy = false;
    }
  }
}

/** Whether the rows of an archived segment are in the database: it came back, or never left, and
 * may have been merged with others since. All segments of a day leave together, and what comes
 * later has higher sequences: so sequences tell. */
function isIn(present: readonly SegmentInfo[], old: ArchivedSegment): boolean {
  return present.some(
    ({ shard, firstSequence, endSequence }) =>
      shard === old.shard && firstSequence < old.endSequence && old.firstSequence < endSequence,
  );
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
