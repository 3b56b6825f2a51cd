// A broker gateway, as the exec node's routes see it. Money and quantities are scaled integers.
// Only a definite refusal is a rejection; everything else leaves an order *unknown*.

import type { OrderState } from '../generated/constants.js';
import type { Fill, OrderIntent } from '../generated/messages.js';
import type { Time } from '../time.js';

/** What the gateway promises; each gateway card states it (docs/protocol/broker-cards.md). */
export interface BrokerCard {
  readonly name: string;
  /** How long the venue remembers client order ids: a re-send within it is refused as duplicate. */
  readonly deduplicates: 'none' | 'while-open' | 'day' | 'ever';
  readonly exclusiveSession: boolean;
  /** Trade ids end in a number that grows with every execution, so that ids of long ago are known
   * without being kept. Absent: they are not numbered. */
  readonly numbersTrades?: boolean;
  /** Average prices of positions have fees in them: they are not compared with ours. */
  readonly averageWithFees?: boolean;
  /** The longest time a sent request may still take effect. */
  readonly inFlightMs: number;
  /** false: queryPositions() can't be asked, and positions are not compared. */
  readonly tellsPositions?: boolean;
}

export interface BrokerOrderStatus {
  readonly clientOrderId: string;
  readonly venueOrderId: string;
  readonly state: OrderState;
  readonly filledQuantity: bigint;
}

export interface BrokerPosition {
  readonly symbol: number;
  readonly quantity: bigint;
  readonly averagePrice: bigint;
}

export interface BrokerOrderUpdate {
  readonly clientOrderId: string;
  readonly venueOrderId: string;
  readonly state: OrderState;
  readonly reason: string;
  readonly time: Time;
}

export interface BrokerListener {
  onOrderUpdate(update: BrokerOrderUpdate): void;
  onFill(fill: Fill): void;
}

export interface Broker {
  readonly card: BrokerCard;
  connect(listener: BrokerListener): Promise<void>;
  /** Hands the order over; the answer comes by the listener. Throws only for misuse. */
  submit(intent: OrderIntent): void;
  cancel(clientOrderId: string): void;
  /** undefined: the venue does not know it (final only after card.inFlightMs). */
  queryOrder(clientOrderId: string): Promise<BrokerOrderStatus | undefined>;
  queryOpenOrders(): Promise<BrokerOrderStatus[]>;
  /** All fills, oldest first, after the given trade id (undefined: all the venue has). */
  queryFills(afterTradeId?: string): Promise<Fill[]>;
  queryPositions(): Promise<BrokerPosition[]>;
  /** Answers and fills that are due; returns how many. Part of the node's duty cycle. */
  doWork(): number;
  disconnect(): Promise<void>;
}
