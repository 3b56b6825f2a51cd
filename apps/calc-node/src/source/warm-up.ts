// History before the first live tick, so that windows are full when a strategy starts. Always: the
// start position of every shard is taken before any history is read, and history ends where the
// live stream starts: no tick twice, none missed, even when ticks arrive in between.

import { copyTickRow, createTickBatch, type RingPosition, type TickBatch } from '@ndts/protocol';
import type { SymbolEntry } from '@ndts/storage';

/** What warming up needs of the database. */
export interface History {
  readonly shardCount: number;
  epoch(shard: number): number;
  nextSequence(shard: number): number;
  lastTicks(symbol: number, batch: TickBatch): number;
  readSequence(shard: number, fromSequence: number, batch: TickBatch): number;
}

export function startPositions(history: History): RingPosition[] {
  return Array.from({ length: history.shardCount }, (_, shard) => ({
    epoch: history.epoch(shard),
    sequence: history.nextSequence(shard),
  }));
}

/** A longer gap takes longer than to begin anew. */
const gapTicksMax = 500_000;

/** Whether all rows between the two are there, so that who stopped at the first can go on. */
export function canResume(
  history: History,
  stopped: readonly RingPosition[],
  starts: readonly RingPosition[],
): boolean {
  if (stopped.length !== starts.length) return false;
  let gap = 0;
  for (const [shard, { epoch, sequence }] of stopped.entries()) {
    gap += starts[shard]!.sequence - sequence;
    if (sequence > starts[shard]!.sequence || gap > gapTicksMax) return false;
    if (sequence > 0 && !sawLast(history, shard, epoch, sequence - 1)) return false;
  }
  return true;
}

/** Whether the row there is the one that was seen: what was lost and written anew has a newer
 * epoch. */
function sawLast(history: History, shard: number, epoch: number, sequence: number): boolean {
  const batch = createTickBatch(1);
  const count = history.readSequence(shard, sequence, batch);
  return count === 1 && batch.sequence[0] === sequence && batch.epoch[0]! <= epoch;
}

/** The rows between two positions, shard by shard; the ticks of a symbol are in order. */
export function* gapBatches(
  history: History,
  stopped: readonly RingPosition[],
  starts: readonly RingPosition[],
  chunkRows: number,
): Generator<TickBatch> {
  for (const [shard, { sequence }] of stopped.entries()) {
    const end = starts[shard]!.sequence;
    for (let at = sequence; at < end; ) {
      const batch = createTickBatch(chunkRows);
      let count = history.readSequence(shard, at, batch);
      while (count > 0 && batch.sequence[count - 1]! >= end) count -= 1;
      if (count === 0) break;
      batch.count = count;
      at = batch.sequence[count - 1]! + 1;
      yield batch;
    }
  }
}

/** Some ticks that arrived after the positions were taken are expected; more are asked for then. */
const slackTicks = 64;
const readTicksMax = 1 << 16;

export class WarmUp {
  readonly #history: History;
  readonly #positions: readonly RingPosition[];
  readonly #ticks: number;
  #read: TickBatch;

  /** `ticks`: how many per symbol. */
  constructor(history: History, positions: readonly RingPosition[], ticks: number) {
    this.#history = history;
    this.#positions = positions;
    this.#ticks = ticks;
    this.#read = createTickBatch(ticks + slackTicks);
  }

  /** Batches of at most `chunkRows` rows; the ticks of a symbol are in order. */
  *batches(symbols: readonly SymbolEntry[], chunkRows: number): Generator<TickBatch> {
    if (this.#ticks === 0) return;
    let chunk = createTickBatch(chunkRows);
    for (const symbol of symbols) {
      for (const row of this.#rowsBefore(symbol.id)) {
        if (chunk.count === chunkRows) {
          yield chunk;
          chunk = createTickBatch(chunkRows);
        }
        copyTickRow(this.#read, row, chunk, chunk.count);
        chunk.count += 1;
      }
    }
    if (chunk.count > 0) yield chunk;
  }

  /** Reads the newest ticks of the symbol; gives the rows before the start position, in the order
   * of their sequence: history is by time, but live ticks came in this order. */
  #rowsBefore(symbol: number): number[] {
    for (;;) {
      const read = this.#read;
      const count = this.#history.lastTicks(symbol, read);
      const rows: number[] = [];
      for (let row = 0; row < count; row += 1) if (!this.#isLive(read, row)) rows.push(row);
      const isShort = rows.length < this.#ticks && rows.length < count && count === read.capacity;
      if (isShort && read.capacity < readTicksMax) {
        this.#read = createTickBatch(Math.min(readTicksMax, read.capacity * 4));
        continue;
      }
      rows.sort((left, right) => read.sequence[left]! - read.sequence[right]!);
      return rows.slice(-this.#ticks);
    }
  }

  #isLive(batch: TickBatch, row: number): boolean {
    const position = this.#positions[batch.shard[row]!];
    return position !== undefined && batch.sequence[row]! >= position.sequence;
  }
}
