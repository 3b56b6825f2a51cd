// A crypto exchange through ccxt as a source of messages: what ccxt makes of the venue's messages
// is written as small JSON texts, which is what is recorded and decoded. One loop for each symbol
// and channel waits for what is next. Always: an error that another connection may mend ends this
// one; what concerns one symbol ends its loop only, and is said.

import { errorLine, NdtsError } from '@ndts/protocol';
import type { FeedGap } from '../feed-rows.js';
import type { MessageConnection, MessageEvents, MessageSource } from '../message-source.js';
import { BookTracker } from './book-changes.js';
import { OwnBooks } from './own-books.js';
import { venueBookReader } from './venue-book-messages.js';
import type { CcxtExchange, CcxtTrade, LoadCcxt } from './ccxt-module.js';

/** What is asked of a venue. */
export interface CcxtWants {
  /** As ccxt calls it: binance, okx, kraken ... */
  readonly venue: string;
  /** Handed to ccxt: addresses, options. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly trades: boolean;
  readonly quotes: boolean;
  readonly book: boolean;
}

/** The same as its process is told it. */
export interface CcxtTask extends CcxtWants {
  /** The module, or its path. */
  readonly module: string;
  readonly memory?: unknown;
}

export interface CcxtSourceOptions extends CcxtWants {
  readonly load: LoadCcxt;
  /** Symbols that were said to be halted on connections before. */
  readonly halted?: readonly string[];
  readonly onHalted?: (names: readonly string[]) => void;
}

/** Its numbers did not follow each other: ccxt subscribes again, and a snapshot comes. */
const bookErrors = new Set(['InvalidNonce', 'ChecksumError']);
/** No other connection can mend these. */
const symbolErrors = new Set(['BadSymbol', 'NotSupported', 'ArgumentsRequired', 'BadRequest']);
const bookErrorsMax = 5;
const tradesAtOnce = 1000;
const encoder = new TextEncoder();

type Channel = 'trades' | 'quotes' | 'book';

class CcxtConnection implements MessageConnection {
  readonly #exchange: CcxtExchange;
  readonly #events: MessageEvents;
  readonly #channels: readonly Channel[];
  readonly #watched = new Set<string>();
  /** Whose next book is told whole. */
  readonly #wholeBooks = new Set<string>();
  readonly #halted: Set<string>;
  /** Of a venue whose own messages are handed out. */
  readonly #ownBooks: OwnBooks | undefined;
  #isOver = false;
  readonly flow = {
    pause: (): void => this.#eachSocket((socket) => socket.pause?.()),
    resume: (): void => this.#eachSocket((socket) => socket.resume?.()),
  };

  readonly #onHalted: (names: readonly string[]) => void;

  /** `halted`: what was said of halts on the connections before. */
  constructor(
    exchange: CcxtExchange,
    events: MessageEvents,
    channels: readonly Channel[],
    halted: Set<string>,
    onHalted: (names: readonly string[]) => void,
    venue: string,
  ) {
    this.#halted = halted;
    this.#onHalted = onHalted;
    this.#exchange = exchange;
    this.#events = events;
    this.#channels = channels;
    const reader = channels.includes('book') ? venueBookReader(venue) : undefined;
    if (reader === undefined) return;
    this.#ownBooks = new OwnBooks(exchange, reader, (symbol, said) => {
      if (this.#watched.has(symbol)) this.#say(said);
    });
  }

  #eachSocket(act: (socket: { pause?(): void; resume?(): void }) => void): void {
    for (const { connection } of Object.values(this.#exchange.clients))
      if (connection !== undefined) act(connection);
  }

  #say(message: Readonly<Record<string, unknown>>): void {
    if (!this.#isOver) this.#events.message(encoder.encode(JSON.stringify(message)));
  }

  #lose(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.closed(reason);
  }

  subscribe(names: readonly string[]): void {
    for (const name of names) {
      if (this.#watched.has(name)) continue;
      this.#watched.add(name);
      this.#sayHalt(name);
      for (const channel of this.#channels) void this.#watch(name, channel);
    }
  }

  #sayHalt(name: string): void {
    const isHalted = this.#exchange.markets?.[name]?.active === false;
    if (isHalted === this.#halted.has(name)) return;
    if (isHalted) this.#halted.add(name);
    else this.#halted.delete(name);
    this.#onHalted([...this.#halted]);
    this.#say({ kind: 'halt', symbol: name, on: isHalted });
  }

  unsubscribe(names: readonly string[]): void {
    const { has } = this.#exchange;
    for (const name of names) {
      if (!this.#watched.delete(name)) continue;
      this.#halted.delete(name);
      const ends: Promise<unknown>[] = [];
      if (this.#channels.includes('trades') && has['unWatchTrades'] === true)
        ends.push(this.#exchange.unWatchTrades(name));
      if (this.#channels.includes('quotes') && has['unWatchBidsAsks'] === true)
        ends.push(this.#exchange.unWatchBidsAsks([name]));
      if (this.#channels.includes('book') && has['unWatchOrderBook'] === true)
        ends.push(this.#exchange.unWatchOrderBook(name));
      // What the venue goes on sending is passed over.
      for (const end of ends) end.catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    this.#isOver = true;
    this.#watched.clear();
    await this.#exchange.close();
  }

  async #watch(name: string, channel: Channel): Promise<void> {
    const tracker = { book: new BookTracker(), failures: 0 };
    while (!this.#isOver && this.#watched.has(name)) {
      try {
        await this.#next(name, channel, tracker.book);
        tracker.failures = 0;
      } catch (error) {
        if (this.#isOver || !this.#watched.has(name)) return;
        const kind = error instanceof Error ? error.name : '';
        if (kind === OwnBooks.askedAgain) continue;
        if (bookErrors.has(kind) && tracker.failures < bookErrorsMax) {
          tracker.failures += 1;
          tracker.book = new BookTracker();
          this.#say({ kind: 'lost', symbol: name });
        } else if (symbolErrors.has(kind)) {
          this.#say({ kind: 'refused', symbol: name, reason: `${channel}: ${errorLine(error)}` });
          return;
        } else {
          this.#lose(errorLine(error));
          return;
        }
      }
    }
  }

  async #next(name: string, channel: Channel, tracker: BookTracker): Promise<void> {
    const exchange = this.#exchange;
    const isWanted = (): boolean => !this.#isOver && this.#watched.has(name);
    if (channel === 'trades') {
      const trades = await exchange.watchTrades(name);
      if (isWanted()) this.#say({ kind: 'trades', symbol: name, trades: trades.map(tradeOf) });
    } else if (channel === 'quotes') {
      const quote =
        exchange.has['watchBidsAsks'] === true
          ? (await exchange.watchBidsAsks([name]))[name]
          : await exchange.watchTicker(name);
      if (!isWanted() || quote === undefined) return;
      const { timestamp: ms, bid, bidVolume, ask, askVolume } = quote;
      this.#say({ kind: 'quote', symbol: name, ms, bid, bidVolume, ask, askVolume });
    } else {
      const book = await exchange.watchOrderBook(name);
      if (!isWanted() || this.#ownBooks !== undefined) return;
      if (this.#wholeBooks.delete(name)) tracker.reset();
      const { timestamp: ms, nonce } = book;
      const changes = tracker.next(book);
      if (changes !== undefined) this.#say({ kind: 'book', symbol: name, ms, nonce, ...changes });
    }
  }

  /** Of books ccxt asks by itself, and has them whole; of those of the venue it is told to. */
  resync(gap: FeedGap): void {
    if (gap.to > gap.from) void this.#repair(gap);
    else if (this.#ownBooks !== undefined) this.#ownBooks.askAgain(gap.name);
    else this.#wholeBooks.add(gap.name);
  }

  async #repair({ name, from, to }: FeedGap): Promise<void> {
    try {
      const trades = await this.#exchange.fetchTrades(name, undefined, tradesAtOnce, {
        fetchTradesMethod: 'publicGetTrades',
      });
      const missed = trades.filter(({ id }) => Number(id) >= from && Number(id) < to);
      const whole = missed.length === to - from;
      this.#say({ kind: 'repair', symbol: name, whole, trades: missed.map(tradeOf) });
    } catch (error) {
      this.#say({ kind: 'refused', symbol: name, reason: `repair: ${errorLine(error)}` });
    }
  }
}

function tradeOf({ timestamp, price, amount, id, side }: CcxtTrade): readonly unknown[] {
  return [timestamp, price, amount, id, side];
}

export class CcxtSource implements MessageSource {
  readonly #options: CcxtSourceOptions;
  readonly #halted: Set<string>;

  constructor(options: CcxtSourceOptions) {
    this.#options = options;
    this.#halted = new Set(options.halted);
  }

  async open(events: MessageEvents): Promise<MessageConnection> {
    const { venue, load, settings, trades, quotes, book, onHalted } = this.#options;
    const { pro } = await load();
    const Exchange = Object.hasOwn(pro, venue) ? pro[venue] : undefined;
    if (Exchange === undefined || typeof Exchange !== 'function')
      throw new NdtsError('INVALID_ARGUMENT', `ccxt has no exchange ${venue} with a WebSocket`);
    const exchange = new Exchange({ newUpdates: true, enableRateLimit: true, ...settings });
    try {
      // Without TLS only a test venue on this machine is served, and ccxt wants to be prepared.
      if (JSON.stringify(settings ?? {}).includes('"ws://')) await exchange.loadHttpProxyAgent?.();
      await exchange.loadMarkets();
    } catch (error) {
      await exchange.close();
      throw error;
    }
    const channels: Channel[] = [];
    if (trades) channels.push('trades');
    if (quotes) channels.push('quotes');
    if (book) channels.push('book');
    return new CcxtConnection(
      exchange,
      events,
      channels,
      this.#halted,
      onHalted ?? (() => undefined),
      venue,
    );
  }
}
