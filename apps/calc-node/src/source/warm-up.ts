// History before the first live tick, so that windows of rows and of time are full when a strategy
// starts. Always: the start position of every shard is taken before any history is read, and
// history ends where the live stream starts: no tick twice, none missed, even when ticks arrive in
// between. Some symbols are asked for at once: a history elsewhere answers each after a way there
// and back.

import type { FactorReach } from '@ndts/native/factor';
import {
  copyTickRow,
  createTickBatch,
  nsPerDay,
  type RingPosition,
  type TickBatch,
} from '@ndts/protocol';
import type { SymbolEntry } from '@ndts/storage';
import type { History } from './market-source.js';

/** Some ticks that arrived after the positions were taken are expected; more are asked for then. */
const slackTicks = 64;
/** Of a symbol: as many as another data node gives at once. */
const readTicksMax = 1 << 17;
/** Symbols differ: what one of them needed is where the next begins, up to this. */
const firstReadMax = 1 << 12;
const askedAtOnce = 16;

/** What was read of a symbol; rows before the start position, in the order of their sequence. */
interface Found {
  readonly read: TickBatch;
  readonly rows: readonly number[];
}

export class WarmUp {
  readonly #history: Pick<History, 'lastTicks'>;
  readonly #positions: readonly RingPosition[];
  readonly #reach: FactorReach;
  /** To read into, each in use by one symbol. */
  readonly #spare: TickBatch[] = [];
  #readTicks: number;
  #cutSymbols = 0;

  /** `reach`: how far back the first live tick of a symbol looks. */
  constructor(
    history: Pick<History, 'lastTicks'>,
    positions: readonly RingPosition[],
    reach: FactorReach,
  ) {
    this.#history = history;
    this.#positions = positions;
    this.#reach = reach;
    const rows = reach.reduce((sum, step, at) => sum + (at % 2 === 0 ? step : 0), 0);
    this.#readTicks = rows + slackTicks;
  }

  /** Symbols of which more is needed than is read. */
  get cutSymbols(): number {
    return this.#cutSymbols;
  }

  /** Batches of at most `chunkRows` rows; the ticks of a symbol are in order. */
  async *batches(symbols: readonly SymbolEntry[], chunkRows: number): AsyncGenerator<TickBatch> {
    if (this.#reach[0] === 0) return;
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
    for (let capacity = this.#readTicks; ; capacity = Math.min(readTicksMax, capacity * 4)) {
      const read = this.#batch(capacity);
      const count = await this.#history.lastTicks(symbol, read);
      const rows: number[] = [];
      for (let row = 0; row < count; row += 1) if (!this.#isLive(read, row)) rows.push(row);
      rows.sort((left, right) => read.sequence[left]! - read.sequence[right]!);
      const first = this.#firstNeeded(read, rows);
      const isAll = count < capacity;
      if (first === undefined && !isAll && capacity < readTicksMax) continue;
      if (first === undefined && !isAll) this.#cutSymbols += 1;
      this.#readTicks = Math.max(this.#readTicks, Math.min(capacity, firstReadMax));
      return { read, rows: rows.slice(first ?? 0) };
    }
  }

  /** The place in `rows` that the reach ends at; undefined: before all that was read. */
  #firstNeeded(read: TickBatch, rows: readonly number[]): number | undefined {
    const [newest = 0, ...steps] = this.#reach;
    let place = rows.length - newest;
    for (let step = 0; step < steps.length && place >= 0; step += 2) {
      const row = rows[place]!;
      const isOlder = (one: number): boolean => nsBetweenRows(read, one, row) > steps[step]!;
      // What was read is all that is as new as its oldest tick.
      if (!isOlder(0)) return undefined;
      place = rows.findIndex((one) => !isOlder(one)) - (steps[step + 1]! - 1);
    }
    return place < 0 ? undefined : place;
  }

  #batch(capacity: number): TickBatch {
    const spare = this.#spare.pop();
    return spare?.capacity === capacity ? spare : createTickBatch(capacity);
  }

  #isLive(batch: TickBatch, row: number): boolean {
    const position = this.#positions[batch.shard[row]!];
    return position !== undefined && batch.sequence[row]! >= position.sequence;
  }
}

/** From one row to another. */
function nsBetweenRows({ day, nsOfDay }: TickBatch, from: number, to: number): number {
  return (day[to]! - day[from]!) * nsPerDay + (nsOfDay[to]! - nsOfDay[from]!);
}
