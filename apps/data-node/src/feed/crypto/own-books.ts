// The venue's own messages of books, taken beside ccxt from the sockets it reads. ccxt subscribes
// and keeps the connection; a new snapshot is had by ending the subscription and letting ccxt make
// it again. Always: ccxt sees every message, too, and behind us, so that nothing it throws is lost.

import type { CcxtClient, CcxtExchange } from './ccxt-module.js';
import { marketDecimals, type venueBookReader } from './venue-book-messages.js';

interface Subscription {
  readonly client: CcxtClient;
  readonly farewell: Readonly<Record<string, unknown>>;
}

export class OwnBooks {
  /** Name of the error that what waits for a book is failed with, for it to subscribe again. */
  static readonly askedAgain = 'BookAskedAgain';
  readonly #reader: NonNullable<ReturnType<typeof venueBookReader>>;
  readonly #subscriptions = new Map<string, Subscription>();

  /** Before the exchange has opened a socket. */
  constructor(
    exchange: CcxtExchange,
    reader: NonNullable<ReturnType<typeof venueBookReader>>,
    say: (symbol: string, said: Readonly<Record<string, unknown>>) => void,
  ) {
    this.#reader = reader;
    const own = exchange.handleMessage?.bind(exchange);
    exchange.handleMessage = (client, message) => {
      const book =
        typeof message === 'object' && message !== null
          ? reader.read(message as Readonly<Record<string, unknown>>, exchange, client.url ?? '')
          : undefined;
      if (book !== undefined) {
        const { farewell, ...levels } = book;
        this.#subscriptions.set(book.symbol, { client, farewell });
        const isTold = reader.wantsDecimals && book.full;
        const decimals = isTold ? marketDecimals(exchange, book.symbol) : undefined;
        say(book.symbol, {
          kind: 'book',
          ...levels,
          ...(decimals === undefined ? {} : { decimals: [decimals.price, decimals.size] }),
        });
      }
      own?.(client, message);
    };
  }

  /** A snapshot, once what ccxt waits for was failed and it has subscribed again. */
  askAgain(symbol: string): void {
    const known = this.#subscriptions.get(symbol);
    if (known === undefined) return; // the first one is under way
    const { client, farewell } = known;
    this.#subscriptions.delete(symbol);
    client.send?.(farewell)?.catch(() => undefined); // a connection that is lost says so itself
    const hash = this.#reader.hash(symbol);
    if (client.subscriptions !== undefined) delete client.subscriptions[hash];
    const error = Object.assign(new Error(`${symbol}: its book is asked for again`), {
      name: OwnBooks.askedAgain,
    });
    client.reject?.(error, hash);
  }
}
