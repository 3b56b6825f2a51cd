// Market data of FIX as rows: snapshots (W) and increments (X) of bids, offers and trades. A change
// of the best prices makes a tick, a trade makes a trade and a tick, each level a change of the
// book. What always holds: an entry that names its level by an earlier entry's id only is found by
// that id; a symbol without a snapshot on this connection has no book: what changes it is counted
// as malformed, and when the snapshot stays away it is asked for again.

import { type Time, timeToMs, TradeFlags } from '@ndts/protocol';
import { type FixMessage, FixStream, MessageType, Tag } from '@ndts/runtime/fix';
import { bookChangeFlags } from '../batches.js';
import type { FeedRule } from '../feed.js';
import type { FeedRows } from '../feed-rows.js';
import type { MessageDecoder } from '../message-source.js';
import { quotePrice } from '../quote-price.js';
import { tradeNumber } from '../trade-number.js';

type Side = Map<number, number>;

interface Level {
  readonly isAsk: boolean;
  readonly price: number;
}

interface View {
  readonly bids: Side;
  readonly asks: Side;
  /** By MDEntryID. */
  readonly levels: Map<string, Level>;
  last: number;
  /** A snapshot came. */
  isWhole: boolean;
  /** When a snapshot is asked for again, and how often it was. */
  askAtNs: number;
  asked: number;
}

interface Change extends Level {
  readonly quantity: number;
}

const bidType = '0';
const offerType = '1';
const tradeType = '2';
const deleteAction = '2';
const withoutNumbers = 'an entry without price or size';
/** A snapshot may be on its way for so long; then twice that, and so on. */
const firstAskNs = 1e9;
const doublings = 6;

export class FixDecoder implements MessageDecoder {
  readonly #isTop: boolean;
  readonly #views = new Map<string, View>();
  readonly #stream = new FixStream();

  /** `isTop`: one level is asked for, and a new one takes the place of the one before. */
  constructor(isTop: boolean) {
    this.#isTop = isTop;
  }

  reset(): void {
    this.#views.clear();
    this.#stream.clear();
  }

  decode(bytes: Uint8Array, rows: FeedRows): void {
    this.#stream.push(bytes);
    if (!this.#stream.next()) {
      this.#stream.clear();
      refuse(rows, 'message', 'not a FIX message', bytes);
      return;
    }
    const { message } = this.#stream;
    const sent = message.time(Tag.sendingTime);
    if (sent !== undefined) rows.sentAt(sent);
    if (message.type === MessageType.marketDataSnapshot) this.#snapshot(message, rows, bytes);
    else if (message.type === MessageType.marketDataIncrement)
      this.#increment(message, rows, bytes);
    else refuse(rows, 'venue', `refused: ${message.text(Tag.text)}`, bytes);
  }

  #snapshot(message: FixMessage, rows: FeedRows, bytes: Uint8Array): void {
    const name = message.text(Tag.symbol);
    const id = rows.idOf(name);
    if (name === '') refuse(rows, 'message', 'a snapshot without a symbol', bytes);
    if (id === 0) return; // given up a moment ago
    const before = this.#views.get(name);
    for (let asked = before?.asked ?? 0; asked > 0; asked -= 1) rows.repaired();
    const view = newView(before?.last ?? 0, true);
    this.#views.set(name, view);
    const time = timeOf(message, rows);
    const changes: Change[] = [];
    const start = message.indexOf(Tag.mdEntryCount) + 1;
    for (const [from, to] of entries(message, start, Tag.mdEntryType)) {
      const type = message.text(Tag.mdEntryType, from, to);
      if (type === tradeType) view.last = message.number(Tag.mdEntryPx, from, to);
      else if (type !== bidType && type !== offerType) continue;
      else if (!this.#level(message, view, from, to, changes))
        refuse(rows, 'message', withoutNumbers, bytes);
    }
    writeBook(rows, id, time, changes, true);
    writeTick(rows, id, time, view, 0);
  }

  #increment(message: FixMessage, rows: FeedRows, bytes: Uint8Array): void {
    const time = timeOf(message, rows);
    let name = message.text(Tag.symbol);
    const changed = new Map<string, Change[]>();
    const early = new Set<string>();
    const start = message.indexOf(Tag.mdEntryCount) + 1;
    for (const [from, to] of entries(message, start, Tag.mdUpdateAction)) {
      // Of several entries of one symbol only the first has to name it.
      const said = message.text(Tag.symbol, from, to);
      if (said !== '') name = said;
      if (rows.idOf(name) === 0) continue; // given up a moment ago
      const view = this.#views.get(name) ?? this.#begin(name);
      if (message.text(Tag.mdEntryType, from, to) === tradeType) {
        if (!this.#trade(message, rows, view, { name, time, from, to }))
          refuse(rows, 'message', withoutNumbers, bytes);
        continue;
      }
      if (!view.isWhole) {
        early.add(name);
        continue;
      }
      const changes = changed.get(name) ?? [];
      changed.set(name, changes);
      if (!this.#level(message, view, from, to, changes))
        refuse(rows, 'message', withoutNumbers, bytes);
    }
    for (const [symbol, changes] of changed) {
      const id = rows.idOf(symbol);
      const view = this.#views.get(symbol);
      if (id === 0 || view === undefined) continue;
      writeBook(rows, id, time, changes, false);
      writeTick(rows, id, time, view, 0);
    }
    for (const symbol of early) this.#beforeSnapshot(symbol, rows, bytes);
  }

  #begin(name: string): View {
    const view = newView(0, false);
    this.#views.set(name, view);
    return view;
  }

  /** A change of a book that is not there: counted; in the end its snapshot is asked for. */
  #beforeSnapshot(name: string, rows: FeedRows, bytes: Uint8Array): void {
    refuse(rows, 'message', `a change of ${name} before its snapshot`, bytes);
    const view = this.#views.get(name);
    if (view === undefined) return;
    if (view.askAtNs === 0) view.askAtNs = rows.receivedNs + firstAskNs;
    if (rows.receivedNs < view.askAtNs) return;
    view.asked += 1;
    view.askAtNs = rows.receivedNs + firstAskNs * 2 ** Math.min(view.asked, doublings);
    rows.gap(name, 0, 0);
  }

  /** Brings the view up to an entry and adds what changed; false: the entry makes no sense. */
  #level(message: FixMessage, view: View, from: number, to: number, changes: Change[]): boolean {
    const entryId = message.text(Tag.mdEntryId, from, to);
    const known = entryId === '' ? undefined : view.levels.get(entryId);
    const type = message.text(Tag.mdEntryType, from, to);
    const isAsk = type === '' ? known?.isAsk === true : type === offerType;
    const said = message.number(Tag.mdEntryPx, from, to);
    const price = Number.isNaN(said) ? (known?.price ?? Number.NaN) : said;
    const isDeleted = message.text(Tag.mdUpdateAction, from, to) === deleteAction;
    const quantity = isDeleted ? 0 : message.number(Tag.mdEntrySize, from, to);
    if (!(price > 0 && quantity >= 0)) return false;
    const side = isAsk ? view.asks : view.bids;
    const replaced = this.#isTop ? [...side.keys()] : known === undefined ? [] : [known.price];
    for (const old of replaced)
      if (quantity > 0 && old !== price && side.delete(old))
        changes.push({ isAsk, price: old, quantity: 0 });
    if (quantity === 0) side.delete(price);
    else side.set(price, quantity);
    if (entryId !== '' && quantity > 0) view.levels.set(entryId, { isAsk, price });
    else view.levels.delete(entryId);
    changes.push({ isAsk, price, quantity });
    return true;
  }

  /** False: the entry makes no sense. */
  #trade(
    message: FixMessage,
    rows: FeedRows,
    view: View,
    entry: {
      readonly name: string;
      readonly time: Time;
      readonly from: number;
      readonly to: number;
    },
  ): boolean {
    const { name, time, from, to } = entry;
    const price = message.number(Tag.mdEntryPx, from, to);
    const volume = message.number(Tag.mdEntrySize, from, to);
    const id = rows.idOf(name);
    if (!(price > 0 && volume >= 0)) return false;
    if (id === 0) return true;
    view.last = price;
    const number = tradeNumber(message.text(Tag.mdEntryId, from, to));
    const row = rows.claimTrade();
    if (row >= 0) {
      const { trades } = rows;
      trades.day[row] = time.day;
      trades.nsOfDay[row] = time.nsOfDay;
      trades.price[row] = price;
      trades.volume[row] = volume;
      trades.tradeId[row] = Number.isNaN(number) ? 0 : number;
      trades.symbol[row] = id;
      trades.flags[row] = Number.isNaN(number) ? 0 : TradeFlags.id;
    }
    writeTick(rows, id, time, view, volume);
    return true;
  }
}

function newView(last: number, isWhole: boolean): View {
  const [bids, asks, levels] = [new Map(), new Map(), new Map()] as const;
  return { bids, asks, levels, last, isWhole, askAtNs: 0, asked: 0 };
}

/** Where each entry begins and ends; one begins with `first`. */
function entries(message: FixMessage, start: number, first: number): [number, number][] {
  const found: [number, number][] = [];
  for (let from = message.indexOf(first, start); from >= 0; ) {
    const next = message.indexOf(first, from + 1);
    found.push([from, next < 0 ? message.count : next]);
    from = next;
  }
  return found;
}

function timeOf(message: FixMessage, rows: FeedRows): Time {
  return message.time(Tag.transactTime) ?? message.time(Tag.sendingTime) ?? rows.receivedAt;
}

function bestOf(side: Side, isAsk: boolean): number {
  let best = 0;
  for (const price of side.keys())
    if (best === 0 || (isAsk ? price < best : price > best)) best = price;
  return best;
}

function writeTick(rows: FeedRows, id: number, time: Time, view: View, volume: number): void {
  const [bid, ask] = [bestOf(view.bids, false), bestOf(view.asks, true)];
  const price = view.last > 0 ? view.last : quotePrice(bid, ask);
  if (!(price > 0)) return;
  const row = rows.claimTick();
  if (row < 0) return;
  const { ticks } = rows;
  ticks.day[row] = time.day;
  ticks.nsOfDay[row] = time.nsOfDay;
  ticks.price[row] = price;
  ticks.volume[row] = volume;
  ticks.bid[row] = bid;
  ticks.ask[row] = ask;
  ticks.bidVolume[row] = view.bids.get(bid) ?? 0;
  ticks.askVolume[row] = view.asks.get(ask) ?? 0;
  ticks.symbol[row] = id;
  ticks.flags[row] = 0;
}

function writeBook(
  rows: FeedRows,
  id: number,
  time: Time,
  changes: readonly Change[],
  isWhole: boolean,
): void {
  const isEmpty = changes.length === 0;
  if (isEmpty && !isWhole) return;
  const levels = isEmpty ? [{ isAsk: false, price: 0, quantity: 0 }] : changes;
  for (const [at, { isAsk, price, quantity }] of levels.entries()) {
    const row = rows.claimBook();
    if (row < 0) continue;
    const { book } = rows;
    book.day[row] = time.day;
    book.nsOfDay[row] = time.nsOfDay;
    book.price[row] = price;
    book.quantity[row] = quantity;
    book.sequence[row] = Number.NaN;
    book.previous[row] = Number.NaN;
    book.symbol[row] = id;
    book.flags[row] =
      (isAsk ? bookChangeFlags.ask : 0) +
      (isEmpty ? bookChangeFlags.empty : 0) +
      (at === 0 && isWhole ? bookChangeFlags.clear : 0) +
      (at === levels.length - 1 ? bookChangeFlags.end : 0);
  }
}

function refuse(rows: FeedRows, rule: FeedRule, reason: string, bytes: Uint8Array): void {
  rows.reject(timeToMs(rows.receivedAt), rule, reason, bytes);
}
