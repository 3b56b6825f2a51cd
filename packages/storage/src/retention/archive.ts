// Days of tables as objects: the segments as they are, and a catalog of each day that says which of
// them belong to it.
//
//   archive/{table}/{yyyy-mm-dd}/{number}.segment
//   archive/{table}/{yyyy-mm-dd}/catalog.json
//
// Always: a segment leaves the database only after it and a catalog that names it are durable, so
// that a crash at any moment leaves every row in the database, in the archive, or in both.

import { createHash } from 'node:crypto';
import type { SegmentInfo } from '@ndts/native/db';
import { NdtsError, type Objects } from '@ndts/protocol';

export interface ArchivedSegment {
  readonly number: number;
  readonly shard: number;
  readonly rows: number;
  readonly bytes: number;
  readonly firstSequence: number;
  readonly endSequence: number;
  readonly sha256: string;
}

export interface ArchivedDay {
  readonly table: string;
  readonly day: number;
  readonly segments: readonly ArchivedSegment[];
}

const version = 1;
const msPerDay = 86_400_000;

export function dayText(day: number): string {
  return new Date(day * msPerDay).toISOString().slice(0, 10);
}

/** Throws INVALID_ARGUMENT unless it is a date as 2024-05-31. */
export function dayOfText(text: string): number {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(ms) || dayText(ms / msPerDay) !== text)
    throw new NdtsError('INVALID_ARGUMENT', `expected a day as 2024-05-31, found '${text}'`);
  return ms / msPerDay;
}

function folderOf(table: string, day: number): string {
  return `archive/${encodeURIComponent(table)}/${dayText(day)}`;
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

export class Archive {
  readonly #objects: Objects;

  constructor(objects: Objects) {
    this.#objects = objects;
  }

  async days(): Promise<ArchivedDay[]> {
    const days: ArchivedDay[] = [];
    for (const { name } of await this.#objects.list('archive/')) {
      const [, table, day, file] = name.split('/');
      if (table === undefined || day === undefined || file !== 'catalog.json') continue;
      const segments = readCatalog(name, await this.#objects.get(name));
      days.push({ table: decodeURIComponent(table), day: dayOfText(day), segments });
    }
    return days;
  }

  async day(table: string, day: number): Promise<ArchivedDay | undefined> {
    const name = `${folderOf(table, day)}/catalog.json`;
    if ((await this.#objects.head(name)) === undefined) return undefined;
    return { table, day, segments: readCatalog(name, await this.#objects.get(name)) };
  }

  /** Durable when it resolves. */
  async putSegment(
    table: string,
    segment: SegmentInfo,
    content: Uint8Array,
  ): Promise<ArchivedSegment> {
    const { number, shard, rows, bytes, firstSequence, endSequence } = segment;
    if (content.length !== bytes)
      throw new NdtsError('CORRUPT', `${segment.path}: expected ${bytes} bytes`);
    await this.#objects.put(`${folderOf(table, segment.day)}/${number}.segment`, content);
    return { number, shard, rows, bytes, firstSequence, endSequence, sha256: sha256(content) };
  }

  async putCatalog({ table, day, segments }: ArchivedDay): Promise<void> {
    const text = JSON.stringify({ version, table, day: dayText(day), segments }, undefined, 2);
    await this.#objects.put(`${folderOf(table, day)}/catalog.json`, Buffer.from(`${text}\n`));
  }

  /** Throws CORRUPT when it is not what was put there. */
  async getSegment({ table, day }: ArchivedDay, segment: ArchivedSegment): Promise<Uint8Array> {
    const name = `${folderOf(table, day)}/${segment.number}.segment`;
    const content = await this.#objects.get(name);
    if (content.length !== segment.bytes || sha256(content) !== segment.sha256)
      throw new NdtsError('CORRUPT', `${name}: not the object that the catalog names`);
    return content;
  }
}

function readCatalog(name: string, content: Uint8Array): ArchivedSegment[] {
  const corrupt = (cause?: unknown): NdtsError =>
    new NdtsError('CORRUPT', `${name}: not a catalog of an archived day`, { cause });
  let read: unknown;
  try {
    read = JSON.parse(Buffer.from(content).toString('utf8'));
  } catch (error) {
    throw corrupt(error);
  }
  const parts = read as { version?: unknown; segments?: unknown } | null;
  if (typeof parts?.version === 'number' && parts.version > version)
    throw new NdtsError('VERSION_TOO_NEW', `${name}: version ${parts.version}`);
  if (!Array.isArray(parts?.segments) || !parts.segments.every(isSegment)) throw corrupt();
  return parts.segments;
}

function isSegment(value: unknown): value is ArchivedSegment {
  const one = value as Partial<Record<keyof ArchivedSegment, unknown>> | null;
  const numbers = [
    one?.number,
    one?.shard,
    one?.rows,
    one?.bytes,
    one?.firstSequence,
    one?.endSequence,
  ];
  return numbers.every((number) => Number.isSafeInteger(number)) && typeof one?.sha256 === 'string';
}

/** Segments of a table by their day. */
export function byDay(segments: readonly SegmentInfo[]): Map<number, SegmentInfo[]> {
  const days = new Map<number, SegmentInfo[]>();
  for (const segment of segments) {
    const day = days.get(segment.day);
    if (day === undefined) days.set(segment.day, [segment]);
    else day.push(segment);
  }
  return days;
}

/** Whether the rows of an archived segment are in the database: it came back, or never left, and
 * may have been merged with others since. All segments of a day leave together, and what comes
 * later has higher sequences: so sequences tell. */
export function isIn(present: readonly SegmentInfo[], old: ArchivedSegment): boolean {
  return present.some(
    ({ shard, firstSequence, endSequence }) =>
      shard === old.shard && firstSequence < old.endSequence && old.firstSequence < endSequence,
  );
}
