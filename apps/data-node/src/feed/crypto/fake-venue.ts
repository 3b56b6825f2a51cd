// A small stand-in for ccxt itself: what its loops wait for, the test hands out.

import type {
  CcxtBook,
  CcxtClient,
  CcxtExchange,
  CcxtModule,
  CcxtQuote,
  CcxtTrade,
} from './ccxt-module.js';

/** What a loop waits for: a value or an error that the test hands out. */
export class Pending<T> {
  readonly #waiting: { resolve: (value: T) => void; reject: (error: Error) => void }[] = [];

  get next(): Promise<T> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async give(value: T): Promise<void> {
    this.#waiting.shift()?.resolve(value);
    await settle();
  }

  async fail(name: string): Promise<void> {
    this.#waiting.shift()?.reject(Object.assign(new Error(`it is ${name}`), { name }));
    await settle();
  }
}

export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

export class FakeVenue {
  readonly trades = new Pending<readonly CcxtTrade[]>();
  readonly quotes = new Pending<Record<string, CcxtQuote>>();
  readonly books = new Pending<CcxtBook>();
  recent: readonly CcxtTrade[] = [];
  markets: NonNullable<CcxtExchange['markets']> = {};
  opened = 0;
  closed = 0;
  isPaused = false;
  /** What was sent to the venue, and what waited and was failed. */
  readonly sent: unknown[] = [];
  readonly failed: string[] = [];
  hear: ((message: unknown) => void) | undefined;

  get module(): CcxtModule {
    return moduleOf(this);
  }
}

function moduleOf(venue: FakeVenue): CcxtModule {
  const client: CcxtClient = {
    url: 'wss://venue/v5/public/spot',
    subscriptions: { 'orderbook:BTC/USDT': true, 'orderbook@BTC/USDT': true },
    send: async (message) => venue.sent.push(message),
    reject: (error, hash) => {
      venue.failed.push(hash);
      void venue.books.fail(error.name);
    },
  };
  class Exchange implements CcxtExchange {
    handleMessage: (client: CcxtClient, message: unknown) => void = () => undefined;
    safeSymbol = (id: string): string => id.replace('USDT', '/USDT');
    readonly has = { watchBidsAsks: true };
    readonly clients = {
      url: {
        connection: {
          pause: () => {
            venue.isPaused = true;
          },
          resume: () => {
            venue.isPaused = false;
          },
        },
      },
    };
    get markets(): NonNullable<CcxtExchange['markets']> {
      return venue.markets;
    }
    loadMarkets = async (): Promise<void> => {
      venue.opened += 1;
      venue.hear = (message) => this.handleMessage(client, message);
    };
    watchTrades = (): Promise<readonly CcxtTrade[]> => venue.trades.next;
    watchBidsAsks = (): Promise<Record<string, CcxtQuote>> => venue.quotes.next;
    watchTicker = (): Promise<CcxtQuote> => Promise.reject(new Error('not asked for'));
    watchOrderBook = (): Promise<CcxtBook> => venue.books.next;
    unWatchTrades = async (): Promise<void> => {};
    unWatchBidsAsks = async (): Promise<void> => {};
    unWatchTicker = async (): Promise<void> => {};
    unWatchOrderBook = async (): Promise<void> => {};
    fetchTrades = async (): Promise<readonly CcxtTrade[]> => venue.recent;
    close = async (): Promise<void> => {
      venue.closed += 1;
    };
  }
  return { pro: { binance: Exchange, bybit: Exchange, kraken: Exchange } };
}
