// The little of ccxt that is used here, as types, and how it is loaded. It is large (60 MB) and
// nobody needs it who does not trade at such a venue: it is not installed with NDTS, and a feed
// that needs it says how to get it.

import { NdtsError } from '@ndts/protocol';

const ccxtVersion = '4.5.84';

export interface CcxtTrade {
  readonly id?: string | undefined;
  readonly timestamp?: number | undefined;
  readonly price?: number | undefined;
  readonly amount?: number | undefined;
  /** Of the aggressor. */
  readonly side?: string | undefined;
}

export interface CcxtQuote {
  readonly timestamp?: number | undefined;
  readonly bid?: number | undefined;
  readonly bidVolume?: number | undefined;
  readonly ask?: number | undefined;
  readonly askVolume?: number | undefined;
}

export interface CcxtBook {
  readonly timestamp?: number | undefined;
  readonly nonce?: number | undefined;
  readonly bids: readonly (readonly number[])[];
  readonly asks: readonly (readonly number[])[];
}

export interface CcxtExchange {
  readonly has: Readonly<Record<string, unknown>>;
  readonly clients: Readonly<Record<string, CcxtClient>>;
  /** By symbol, once they are loaded. */
  readonly markets?: Readonly<Record<string, CcxtMarket>>;
  /** What each message of a socket is handed to; one that is set before the first socket sees all
   * of them. */
  handleMessage?(client: CcxtClient, message: unknown): void;
  safeSymbol?(id: string, market: undefined, delimiter: undefined, marketType: string): string;
  loadMarkets(): Promise<unknown>;
  /** Wanted before anything on addresses without TLS. */
  loadHttpProxyAgent?(): Promise<unknown>;
  watchTrades(symbol: string): Promise<readonly CcxtTrade[]>;
  watchBidsAsks(symbols: readonly string[]): Promise<Readonly<Record<string, CcxtQuote>>>;
  watchTicker(symbol: string): Promise<CcxtQuote>;
  watchOrderBook(symbol: string): Promise<CcxtBook>;
  unWatchTrades(symbol: string): Promise<unknown>;
  unWatchBidsAsks(symbols: readonly string[]): Promise<unknown>;
  unWatchTicker(symbol: string): Promise<unknown>;
  unWatchOrderBook(symbol: string): Promise<unknown>;
  fetchTrades(
    symbol: string,
    since: number | undefined,
    limit: number,
    params: Readonly<Record<string, unknown>>,
  ): Promise<readonly CcxtTrade[]>;
  close(): Promise<unknown>;
}

export interface CcxtMarket {
  /** False: nobody can trade it now. */
  readonly active?: boolean | undefined;
  /** Least steps. */
  readonly precision?: {
    readonly price?: number | undefined;
    readonly amount?: number | undefined;
  };
}

export interface CcxtClient {
  readonly connection?: { pause?(): void; resume?(): void } | undefined;
  readonly url?: string;
  readonly subscriptions?: Record<string, unknown>;
  send?(message: unknown): Promise<unknown>;
  /** What waits for this is failed. */
  reject?(error: Error, hash: string): void;
}

export interface CcxtModule {
  readonly pro: Readonly<
    Record<string, new (settings: Readonly<Record<string, unknown>>) => CcxtExchange>
  >;
}

export type LoadCcxt = () => Promise<CcxtModule>;

/** Loading throws NOT_FOUND where it is not installed. `name`: of the module, or its path. */
export function ccxtLoader(name: string): LoadCcxt {
  return async () => {
    try {
      const loaded = (await import(name)) as { readonly default: CcxtModule };
      return loaded.default;
    } catch (cause) {
      throw new NdtsError(
        'NOT_FOUND',
        `crypto exchanges need the package ccxt, which is not installed: ` +
          `npm install --no-save ccxt@${ccxtVersion} (60 MB)`,
        { cause },
      );
    }
  };
}
