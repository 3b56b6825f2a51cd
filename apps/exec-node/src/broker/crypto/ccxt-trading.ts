// The part of ccxt that trades, as types, and what its errors mean for an order. It is large (60
// MB) and not installed with NDTS: who trades at such a venue installs it and is told so
// otherwise.

import { NdtsError } from '@ndts/protocol';

export const ccxtVersion = '4.5.84';

export interface CcxtOrder {
  readonly id: string;
  readonly clientOrderId?: string | undefined;
  readonly symbol: string;
  /** open, closed, canceled, expired, rejected. */
  readonly status?: string | undefined;
  /** limit or market; of one at the market the price is what it was executed at. */
  readonly type?: string | undefined;
  readonly amount?: number | undefined;
  readonly price?: number | undefined;
  readonly filled?: number | undefined;
  readonly timestamp?: number | undefined;
}

export interface CcxtFee {
  readonly cost?: number | undefined;
  readonly currency?: string | undefined;
}

export interface CcxtFill {
  readonly id: string;
  /** The venue's id of the order. */
  readonly order?: string | undefined;
  readonly symbol: string;
  readonly side: string;
  readonly amount: number;
  readonly price: number;
  readonly timestamp: number;
  readonly fee?: CcxtFee | undefined;
  /** Where it has more than one. */
  readonly fees?: readonly CcxtFee[] | undefined;
}

export interface CcxtPosition {
  readonly symbol: string;
  readonly contracts?: number | undefined;
  readonly contractSize?: number | undefined;
  readonly side?: string | undefined;
  readonly entryPrice?: number | undefined;
}

export interface CcxtMarket {
  readonly base: string;
  readonly quote: string;
  readonly settle?: string | undefined;
  readonly contract?: boolean | undefined;
  readonly inverse?: boolean | undefined;
  readonly option?: boolean | undefined;
  /** How fine it trades, by the precisionMode of the venue; amounts in contracts. */
  readonly precision?: {
    readonly amount?: number | undefined;
    readonly price?: number | undefined;
  };
  /** Units of the base in one contract. */
  readonly contractSize?: number | undefined;
}

export type CcxtParams = Readonly<Record<string, unknown>>;

/** No symbol: of all markets. */
export type CcxtList<One> = (
  symbol: string | undefined,
  since: number,
  limit: number,
  params: CcxtParams,
) => Promise<readonly One[]>;

export interface CcxtTrading {
  readonly has: Readonly<Record<string, unknown>>;
  /** Milliseconds between two requests that the venue wants. */
  readonly rateLimit: number;
  readonly markets?: Readonly<Record<string, CcxtMarket>> | undefined;
  /** 2: decimal places; 3: significant digits; 4: steps. */
  readonly precisionMode?: number | undefined;
  /** What it does before each request: cost first, then the wait for it. */
  calculateRateLimiterCost(
    api: unknown,
    method: string,
    path: string,
    ...more: readonly unknown[]
  ): number;
  throttle(cost?: number): Promise<void>;
  setSandboxMode(on: boolean): void;
  enableDemoTrading?(on: boolean): void;
  loadMarkets(): Promise<unknown>;
  fetchTime(): Promise<unknown>;
  /** How far our clock is off; requests count it from then on. */
  loadTimeDifference?(): Promise<unknown>;
  createOrder(
    symbol: string,
    type: string,
    side: string,
    amount: number,
    price: number | undefined,
    params: CcxtParams,
  ): Promise<CcxtOrder>;
  cancelOrder(id: string | undefined, symbol: string, params: CcxtParams): Promise<unknown>;
  fetchOrder(id: string | undefined, symbol: string, params: CcxtParams): Promise<CcxtOrder>;
  fetchOpenOrders(symbol: string, since?: number, limit?: number): Promise<readonly CcxtOrder[]>;
  fetchOrders?: CcxtList<CcxtOrder>;
  fetchCanceledAndClosedOrders?: CcxtList<CcxtOrder>;
  fetchClosedOrders?: CcxtList<CcxtOrder>;
  fetchCanceledOrders?: CcxtList<CcxtOrder>;
  fetchMyTrades: CcxtList<CcxtFill>;
  fetchPositions(symbols: readonly string[]): Promise<readonly CcxtPosition[]>;
  fetchBalance(): Promise<{ readonly total?: Readonly<Record<string, number>> }>;
  /** What it would make of an amount or a price before it sends it; throws when that is nothing. */
  amountToPrecision?(symbol: string, amount: number): string;
  priceToPrecision?(symbol: string, price: number): string;
  /** Resolves whenever something happened to an order. */
  watchOrders?(): Promise<readonly CcxtOrder[]>;
  close(): Promise<unknown>;
}

export interface CcxtTradingModule {
  readonly pro: Readonly<Record<string, new (settings: CcxtParams) => CcxtTrading>>;
}

/** Throws NOT_FOUND where it is not installed. */
export async function loadCcxtTrading(): Promise<CcxtTradingModule> {
  const name: string = 'ccxt';
  try {
    return ((await import(name)) as { readonly default: CcxtTradingModule }).default;
  } catch (cause) {
    throw new NdtsError(
      'NOT_FOUND',
      'crypto exchanges need the package ccxt, which is not installed: ' +
        `npm install --no-save ccxt@${ccxtVersion} (60 MB)`,
      { cause },
    );
  }
}

/** What a failed request says: it was refused; the venue does not have it; an id was used before;
 * or nothing certain. */
export type Outcome = 'refused' | 'not-found' | 'duplicate' | 'unknown';

/** ccxt's names; a class of it counts with all it is derived from. */
const outcomes: Readonly<Record<string, Outcome>> = {
  OrderNotFound: 'not-found',
  DuplicateOrderId: 'duplicate',
  OperationFailed: 'unknown',
  NetworkError: 'unknown',
  CancelPending: 'unknown',
  InvalidOrder: 'refused',
  InsufficientFunds: 'refused',
  BadRequest: 'refused',
  ArgumentsRequired: 'refused',
  NotSupported: 'refused',
  AuthenticationError: 'refused',
  PermissionDenied: 'refused',
  AccountNotEnabled: 'refused',
  AccountSuspended: 'refused',
  OperationRejected: 'refused',
  // Turned away before it was looked at.
  RateLimitExceeded: 'refused',
  OnMaintenance: 'refused',
};

/** Refusals that are no fault of the order. */
const failures: ReadonlySet<string> = new Set([
  ...['RateLimitExceeded', 'OnMaintenance'],
  ...['AuthenticationError', 'PermissionDenied', 'AccountNotEnabled', 'AccountSuspended'],
]);

/** undefined: the venue judged the order. */
export function failureOf(error: unknown): 'venue' | undefined {
  for (let type = prototypeOf(error); type !== null; type = prototypeOf(type))
    if (failures.has((type as { constructor?: { name?: string } }).constructor?.name ?? ''))
      return 'venue';
  return undefined;
}

/** `refusals`: what a venue says of those that ccxt has no class for. */
export function outcomeOf(error: unknown, refusals?: RegExp): Outcome {
  const text = error instanceof Error ? error.message : '';
  for (let type = prototypeOf(error); type !== null; type = prototypeOf(type)) {
    const name = (type as { constructor?: { name?: string } }).constructor?.name ?? '';
    const found = outcomes[name] ?? (name === 'ExchangeError' ? plainOutcome(text, refusals) : '');
    if (found !== '') return found === 'refused' ? refusedOr(text) : found;
  }
  return 'unknown';
}

function plainOutcome(text: string, refusals: RegExp | undefined): Outcome {
  return refusals?.test(text) === true ? 'refused' : 'unknown';
}

/** What ccxt has for a refusal, and is none: the order may be there. */
function refusedOr(text: string): Outcome {
  if (/duplicat|already exist/i.test(text)) return 'duplicate';
  return /time(d )?-?out/i.test(text) ? 'unknown' : 'refused';
}

/** Of a request that did not come through, or not back. */
export function isAway(error: unknown): boolean {
  for (let type = prototypeOf(error); type !== null; type = prototypeOf(type)) {
    const name = (type as { constructor?: { name?: string } }).constructor?.name;
    if (name === 'NetworkError' || name === 'TypeError') return true;
  }
  return false;
}

function prototypeOf(value: unknown): object | null {
  return typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : null;
}
