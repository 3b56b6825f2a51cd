// What a gateway to a crypto exchange is told, and what it stands on.

import type { Clock, Random } from '@ndts/protocol';
import type { BackOffOptions, Logger } from '@ndts/runtime';
import type { CcxtParams, CcxtTradingModule } from './ccxt-trading.js';

export interface CcxtBrokerOptions {
  /** As ccxt calls it: binance, okx, kraken ... */
  readonly venue: string;
  readonly load: () => Promise<CcxtTradingModule>;
  /** Handed to ccxt: apiKey, secret, options. Never logged. */
  readonly settings: CcxtParams;
  /** The venue's world of play money. */
  readonly sandbox: boolean;
  /** Symbol -> market, as `BTC/USDT` or `BTC/USDT:USDT`. */
  readonly markets: ReadonlyMap<number, string>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** How often markets with open orders are asked when nothing rang. */
  readonly pollMs: number;
  readonly requestMs: number;
  /** How long a sent request may still take effect. */
  readonly inFlightMs: number;
  /** How far back orders and trades are asked for at a connection. */
  readonly historyMs: number;
  readonly backOff?: BackOffOptions;
}

export const ccxtDefaults = {
  ...{ sandbox: false, pollMs: 1000, requestMs: 10_000, inFlightMs: 20_000 },
  historyMs: 24 * 3_600_000,
};
