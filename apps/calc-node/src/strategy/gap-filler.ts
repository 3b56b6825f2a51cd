// What a strategy has missed is fetched from the history of its market and sent to it: because it
// was overtaken, or because who publishes ended and another one goes on, whose rings it follows
// then. Always: a strategy that is behind receives nothing until all that is missing was sent; it
// goes on exactly behind that. What it has seen and is not there any more ends it.

import { type BookBatch, type Clock, NdtsError, type TickBatch } from '@ndts/protocol';
import type { Batches, History, Market, MarketSource } from '../source/market-source.js';
import type { RowKind } from '../source/market-source.js';
import type { HostMessage, ReadyMessage, RingsMessage } from './host-protocol.js';
import type { InputPositions } from './input-log.js';

/** Of one message. */
export const historyRows = 1024;

type Wants = Pick<ReadyMessage, 'wantsBooks' | 'watermark'>;
export type Send = (message: HostMessage) => Promise<void>;

/** That a market has ended is noticed a little later than its requests fail: so often, and so long
 * each time, the same one is asked again. */
const noticeMs = 250;
const noticesMax = 120;

export interface GapFillerOptions {
  readonly clock: Clock;
  readonly source: MarketSource;
  /** The one it begins with. */
  readonly market: Market;
  readonly wants: Wants;
  readonly send: Send;
  onLost(): void;
  onError(error: unknown): void;
}

export class GapFiller {
  readonly #options: GapFillerOptions;
  #market: Market;
  /** Where it waits; undefined: it is not behind. */
  #behind: InputPositions | undefined;
  #isRunning = false;
  #isFilling = false;
  #isClosed = false;

  constructor(options: GapFillerOptions) {
    this.#options = options;
    this.#market = options.market;
  }

  /** From now on it hears messages. */
  onRunning(): void {
    this.#isRunning = true;
    this.onMarket();
  }

  /** There is another market, perhaps. */
  onMarket(): void {
    const { source, send } = this.#options;
    const isOther = source.market !== undefined && source.market !== this.#market;
    if (!this.#isRunning || !isOther) return;
    if (this.#behind === undefined) void send({ type: 'leave' });
    else this.#fill();
  }

  onBehind(positions: InputPositions): void {
    this.#behind = positions;
    this.#fill();
  }

  close(): void {
    this.#isClosed = true;
  }

  #fill(): void {
    if (this.#isFilling) return;
    this.#isFilling = true;
    this.#fillAll()
      .catch((error: unknown) => {
        if (!this.#isClosed) this.#options.onError(error);
      })
      .finally(() => {
        this.#isFilling = false;
      });
  }

  /** Again with the next market, where one ends meanwhile. */
  async #fillAll(): Promise<void> {
    const { source } = this.#options;
    let asked = 0;
    while (this.#behind !== undefined && !this.#isClosed) {
      const { market } = source;
      if (market === undefined) return; // onMarket() comes
      try {
        if (!(await this.#fillFrom(market, this.#behind))) this.#options.onLost();
      } catch (error) {
        if (!isAway(error)) throw error;
        if (market !== source.market) continue;
        asked += 1;
        if (asked > noticesMax) throw error;
        await this.#moment();
      }
    }
  }

  #moment(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.setTimer(noticeMs, resolve);
    });
  }

  /** false: what was seen is not there any more. */
  async #fillFrom(market: Market, behind: InputPositions): Promise<boolean> {
    const { wants, send } = this.#options;
    const positions = await positionsOf(market, wants);
    // In the life of a market nothing is lost: there is too much to fill, most often an import.
    const isSame = market === this.#market;
    const found = await pastBetween(market.history, behind, positions);
    const gap = found ?? (isSame ? { ticks: [], books: [] } : undefined);
    if (gap === undefined) {
      this.#behind = undefined;
      return false;
    }
    await send({ type: 'gap' });
    await sendPast(gap, send);
    this.#behind = undefined;
    this.#market = market;
    await send({ type: 'follow', ...ringsFor(market, wants), positions });
    // A market that came while this one was sent was told to somebody who was behind.
    this.onMarket();
    return true;
  }
}

/** Nobody answers now. */
export function isAway(error: unknown): boolean {
  return error instanceof NdtsError && (error.code === 'UNAVAILABLE' || error.code === 'TIMEOUT');
}

export function ringsFor(
  { tickRings, bookRings }: Market,
  { wantsBooks }: Wants,
): Omit<RingsMessage, 'positions'> {
  return { tickRings, ...(wantsBooks && bookRings !== undefined ? { bookRings } : {}) };
}

/** Where live begins now. */
export async function positionsOf(
  { history }: Market,
  { wantsBooks, watermark }: Wants,
): Promise<InputPositions> {
  const books = wantsBooks ? await history.positions('books', watermark) : [];
  return { ticks: await history.positions('ticks', watermark), books };
}

export interface PastRows {
  readonly ticks: Batches<TickBatch>;
  readonly books: Batches<BookBatch>;
}

/** undefined: it can't be gone on from there. */
export async function pastBetween(
  history: History,
  from: InputPositions,
  to: InputPositions,
): Promise<PastRows | undefined> {
  const ticks = await history.ticksBetween(from.ticks, to.ticks, historyRows);
  const books =
    from.books.length === 0 && to.books.length === 0
      ? []
      : await history.booksBetween(from.books, to.books, historyRows);
  return ticks === undefined || books === undefined ? undefined : { ticks, books };
}

export async function sendPast({ ticks, books }: PastRows, send: Send): Promise<void> {
  await sendRows('ticks', ticks, send);
  await sendRows('books', books, send);
}

export async function sendRows(
  kind: RowKind,
  batches: Batches<TickBatch> | Batches<BookBatch>,
  send: Send,
): Promise<void> {
  for await (const { buffer, capacity, count } of batches)
    await send({ type: 'history', kind, capacity, count, bytes: new Uint8Array(buffer) });
}
