// What the paper venue is made of; what it can do, and what the terms of an order mean to it when
// it arrives.

import {
  type BrokerAbilities,
  type BrokerOrderStatus,
  type Clock,
  type ConfigValues,
  OrderFlags,
  type OrderTerms,
  OrderType,
  type Random,
  type TickStreamReader,
  TimeInForce,
  type WorkingTerms,
} from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import type { LastTicks } from '../risk/market.js';
import type { VenueOrder } from './paper-book.js';
import type { PaperBehaviour } from './paper-faults.js';
import type { PaperLimits } from './paper-record.js';

export interface PaperInstrument {
  readonly exchange?: string;
  readonly multiplier?: number;
}

type PaperSettings = Pick<
  PaperBrokerOptions,
  'latencyUs' | 'feeBps' | 'doubtMs' | 'fill' | 'behaviour'
>;

export interface PaperBrokerOptions {
  /** The venue's own folder. */
  readonly dir: string;
  /** The venue's own view of the market; closed by whoever opened it. */
  readonly market: TickStreamReader;
  /** What the market was before the stream. */
  readonly lastTicks?: LastTicks;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** One way. */
  readonly latencyUs: number;
  readonly feeBps: number;
  /** How long a tick in doubt waits for another one before orders execute by it; absent: not. */
  readonly doubtMs?: number;
  /** Where a symbol is listed, and what one unit is worth at price 1; absent: nowhere, and 1. */
  readonly instrumentOf?: (symbol: number) => PaperInstrument | undefined;
  /** What is executed of an order (paper-matching.ts); default: touch. */
  readonly fill?: 'touch' | 'queue';
  /** Default: it does not misbehave. */
  readonly behaviour?: Partial<PaperBehaviour>;
  readonly limits?: Partial<PaperLimits>;
  /** Less than it can do, for tests. */
  readonly can?: BrokerAbilities;
}

/** What the configuration says of it. */
export function paperSettings({ exec, risk }: Pick<ConfigValues, 'exec' | 'risk'>): PaperSettings {
  return {
    latencyUs: exec.paperLatencyUs,
    feeBps: exec.paperFeeBps,
    doubtMs: risk.doubtMs,
    fill: exec.paperFill,
    behaviour: {
      rejectPerMillion: exec.paperRejects,
      loseRequestPerMillion: exec.paperLostRequests,
      loseAnswersPerMillion: exec.paperLostAnswers,
      partialFillPerMillion: exec.paperPartialFills,
      outagePerMillion: exec.paperOutages,
      outageMs: exec.paperOutageMs,
    },
  };
}

/** Stops, schedules and icebergs are left to the exec node. */
export const paperAbilities: BrokerAbilities = {
  orderTypes: [OrderType.market, OrderType.limit],
  timesInForce: [TimeInForce.gtc, TimeInForce.ioc, TimeInForce.fok],
  postOnly: true,
  reduceOnly: false,
  replace: true,
  offsets: true,
  closesOddLots: true,
};

/** What an arriving order's terms ask for: why it is refused, or that its rest does not stay. */
export function arrivalOf(
  terms: OrderTerms | undefined,
  marketable: boolean,
): { readonly refusal: string; readonly isImmediate: boolean; readonly isWhole: boolean } {
  const inForce = terms?.timeInForce ?? TimeInForce.gtc;
  const posts = ((terms?.flags ?? 0) & OrderFlags.postOnly) !== 0;
  const isWhole = inForce === TimeInForce.fok;
  return {
    refusal: posts && marketable ? 'post only: would trade at once' : '',
    isImmediate: isWhole || inForce === TimeInForce.ioc,
    isWhole,
  };
}

export function statusOf(order: VenueOrder): BrokerOrderStatus {
  return {
    clientOrderId: order.id,
    venueOrderId: order.venueOrderId,
    state: order.state,
    filledQuantity: order.filled,
    working: workingOf(order),
  };
}

export function workingOf({ quantity, limitPrice }: VenueOrder): WorkingTerms {
  return { quantity, limitPrice, stopPrice: 0n };
}

/** Basis points as an exact fraction of 1e8. */
export function feeRateOf(feeBps: number): bigint {
  return BigInt(Math.round(feeBps * 10_000));
}
