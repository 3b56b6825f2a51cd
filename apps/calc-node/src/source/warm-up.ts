// History before the first live tick, so that windows are full when a strategy starts. Always: the
// start position of every shard is taken before any history is read, and history ends where the
// live stream starts: no tick twice, none missed, even when ticks arrive in between.

import { copyTickRow, createTickBatch, type RingPosition, type TickBatch } from '@ndts/protocol';
import type { SymbolEntry } from '@ndts/storage';
import type { History } from './market-source.js';

/** Some ticks that arrived after the positions were taken are expected; more are asked for then. */
const slackTicks = 64;
const readTicksMax = 1 << 16;

export class WarmUp {
  readonly #history: Pick<History, 'lastTicks'>;
  readonly #positions: readonly RingPosition[];
  readonly #ticks: number;
  #read: TickBatch;

  /** `ticks`: how many per symbol. */
  constructor(
    history: Pick<History, 'lastTicks'>,
    positions: readonly RingPosition[],
    ticks: number,
  ) {
    this.#history = history;
    this.#positions = positions;
    this.#ticks = ticks;
    this.#read = createTickBatch(ticks + slackTicks);
  }

  /** Batches of at most `chunkRows` rows; the ticks of a symbol are in order. */
  async *batches(symbols: readonly SymbolEntry[], chunkRows: number): AsyncGenerator<TickBatch> {
    if (this.#ticks === 0) return;
    let chunk = createTickBatch(chunkRows);
    for (const symbol of symbols) {
      for (const row of await this.#rowsBefore(symbol)) {
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
  async #rowsBefore(symbol: SymbolEntry): Promise<number[]> {
    for (;;) {
      const read = this.#read;
      const count = await this.#history.lastTicks(symbol, read);
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
