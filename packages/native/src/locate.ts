// Where rows lie: what the binding says in rows of numbers (db_locate.cc), as objects.
// docs/formats/segment.md says what a reader of these ranges needs.

import type { Time } from '@ndts/protocol';

/** A block of a segment that has rows of the symbol within the times. */
export interface BlockPlace {
  readonly shard: number;
  /** Name of the file, and the number in it; the file is in the folder `tables` of the database. */
  readonly file: string;
  readonly segment: number;
  readonly fileBytes: number;
  /** Of the format of the file. */
  readonly version: number;
  /** Place of the block in the footer. */
  readonly block: number;
  /** The block is [offset, offset + bytes) of the file. */
  readonly offset: number;
  readonly bytes: number;
  /** Of the whole block, which may have rows of other symbols; `endSequence` is exclusive. */
  readonly firstSequence: number;
  readonly endSequence: number;
  readonly firstEpoch: number;
  readonly lastEpoch: number;
  /** Rows [firstRow, firstRow + rows) of the block are the symbol's. */
  readonly firstRow: number;
  readonly rows: number;
  /** Of these rows; some may be outside of what was asked for. */
  readonly minTime: Time;
  readonly maxTime: Time;
}

/** Rows of the symbol within the times that are in memory and in no file yet. */
export interface MemoryPlace {
  readonly shard: number;
  readonly rows: number;
  readonly firstSequence: number;
  readonly endSequence: number;
  readonly minTime: Time;
  readonly maxTime: Time;
}

export interface LocateResult {
  readonly blocks: readonly BlockPlace[];
  /** undefined: there are none. */
  readonly memory: MemoryPlace | undefined;
}

export interface NativeLocated {
  readonly shard: number;
  readonly files: readonly {
    readonly name: string;
    readonly number: number;
    readonly bytes: number;
    readonly version: number;
  }[];
  readonly blocks: Float64Array;
  readonly memory: Float64Array;
}

const blockNumbers = 14;

export function locateResult(found: NativeLocated): LocateResult {
  const { shard, files, blocks } = found;
  const places: BlockPlace[] = [];
  for (let at = 0; at < blocks.length; at += blockNumbers) {
    const value = (index: number): number => blocks[at + index] ?? 0;
    const file = files[value(0)];
    if (file === undefined) continue;
    places.push({
      shard,
      file: file.name,
      segment: file.number,
      fileBytes: file.bytes,
      version: file.version,
      block: value(1),
      offset: value(2),
      bytes: value(3),
      firstSequence: value(4),
      endSequence: value(5),
      firstEpoch: value(6),
      lastEpoch: value(7),
      firstRow: value(8),
      rows: value(9),
      minTime: { day: value(10), nsOfDay: value(11) },
      maxTime: { day: value(12), nsOfDay: value(13) },
    });
  }
  return { blocks: places, memory: memoryPlace(shard, found.memory) };
}

function memoryPlace(shard: number, numbers: Float64Array): MemoryPlace | undefined {
  const value = (index: number): number => numbers[index] ?? 0;
  if (value(0) === 0) return undefined;
  return {
    shard,
    rows: value(0),
    firstSequence: value(1),
    endSequence: value(2),
    minTime: { day: value(3), nsOfDay: value(4) },
    maxTime: { day: value(5), nsOfDay: value(6) },
  };
}
