// History before the first live tick, so that windows are full when a strategy starts. Always: the
// start position of every shard is taken before any history is read, and history ends where the
// live stream starts: no tick twice, none missed, even when ticks arrive in between. Some symbols
// are asked for at once: a history elsewhere answers each after a way there and back.

import { copyTickRow, createTickBatch, type RingPosition, type TickBatch } from '@ndts/protocol';
import type { SymbolEntry } from '@ndts/storage';
import type { History } from './market-source.js';

/** Some ticks that arrived after the positions were taken are expected; more are asked for then. */
const slackTicks = 64;
const readTicksMax = 1 << 16;
const askedAtOnce = 16;

/** What was read of a symbol; rows before the start position, in the order of their sequence. */
interface Found {
  readonly read: TickBatch;
  readonly rows: readonly number[];
}

export class WarmUp {
  readonly #history: Pick<History, 'lastTicks'>;
  readonly #positions: readonly RingPosition[];
  readonly #ticks: number;
  /** To read into, each in use by one symbol. */
  readonly #spare: TickBatch[] = [];
  #readTicks: number;

  /** `ticks`: how many per symbol. */
  constructor(
    history: Pick<History, 'lastTicks'>,
    positions: readonly RingPosition[],
    ticks: number,
  ) {
    this.#history = history;
    this.#positions = positions;
    this.#ticks = ticks;
    this.#readTicks = ticks + slackTicks;
  }

  /** Batches of at most `chunkRows` rows; the ticks of a symbol are in order. */
  async *batches(symbols: readonly SymbolEntry[], chunkRows: number): AsyncGenerator<TickBatch> {
    if (this.#ticks === 0) return;
    let chunk = createTickBatch(chunkRows);
    const asked: Promise<Found>[] = [];
    for (let next = 0; next < symbols.length || asked.length > 0; ) {
      for (; next < symbols.length && asked.length < askedAtOnce; next += 1)
        asked.push(this.#ask(symbols[next]!));
      const { read, rows } = await asked.shift()!;
      for (const row of rows) {
        if (chunk.count === chunkRows) {
          yield chunk;
          chunk = createTickBatch(chunkRows);
        }
        copyTickRow(read, row, chunk, chunk.count);
        chunk.count += 1;
      }
      this.#spare.push(read);
    }
    if (chunk.count > 0) yield chunk;
  }

  #ask(symbol: SymbolEntry): Promise<Found> {
    const found = this.#rowsBefore(symbol);
    // Who waits for an earlier symbol when this one fails hears of it afterwards, or never.
    found.catch(() => undefined);
    return found;
  }

  /** Reads the newest ticks of the symbol; gives the rows before the start position, in the order
   * of their sequence: history is by time, but live ticks came in this order. */
  async #rowsBefore(symbol: SymbolEntry): Promise<Found> {
    for (;;) {
      const read = this.#batch();
      const count = await this.#history.lastTicks(symbol, read);
      const rows: number[] = [];
      for (let row = 0; row < count; row += 1) if (!this.#isLive(read, row)) rows.push(row);
      const isShort = rows.length < this.#ticks && rows.length < count && count === read.capacity;
      if (isShort && read.capacity < readTicksMax) {
        this.#readTicks = Math.max(this.#readTicks, Math.min(readTicksMax, read.capacity * 4));
        continue;
      }
      rows.sort((left, right) => read.sequence[left]! - read.sequence[right]!);
      return { read, rows: rows.slice(-this.#ticks) };
    }
  }

  #batch(): TickBatch {
    const spare = this.#spare.pop();
    return spare?.capacity === this.#readTicks ? spare : createTickBatch(this.#readTicks);
  }

  #isLive(batch: TickBatch, row: number): boolean {
    const position = this.#positions[batch.shard[row]!];
    return position !== undefined && batch.sequence[row]! >= position.sequence;
  }
}
