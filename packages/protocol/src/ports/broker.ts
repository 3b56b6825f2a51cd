// A broker gateway, as the exec node's routes see it. Money and quantities are scaled integers.
// Only a definite refusal is a rejection; everything else leaves an order *unknown*.

import type { OrderState, OrderType, TimeInForce } from '../generated/constants.js';
import type { Fill, OrderChange, OrderIntent, OrderTerms } from '../generated/messages.js';
import type { Time } from '../time.js';

/** What the venue itself can do. What it lacks is worked by the exec node, or refused. */
export interface BrokerAbilities {
  readonly orderTypes: readonly OrderType[];
  readonly timesInForce: readonly TimeInForce[];
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  /** replace() is there and keeps the client order id. */
  readonly replace: boolean;
  /** Orders carry an OrderOffset: long and short are kept apart. */
  readonly offsets: boolean;
  /** An order that closes all that is held may be for less than a lot. Absent: not known. */
  readonly closesOddLots?: boolean;
}

/** What a venue can do of which nothing is said. */
export const plainAbilities: BrokerAbilities = {
  orderTypes: [1, 2],
  timesInForce: [1],
  postOnly: false,
  reduceOnly: false,
  replace: false,
  offsets: false,
};

/** The terms of an order of which nothing more than its intent is said. */
export const plainTerms: OrderTerms = {
  clientOrderId: '',
  timeInForce: 1,
  flags: 0,
  offset: 0,
  stopPrice: 0n,
  distance: 0n,
  shown: 0n,
  expireTime: { day: 0, nsOfDay: 0 },
  slices: 0,
  profile: '',
  parent: '',
  entry: '',
  group: '',
};

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
  /** Absent: plainAbilities. */
  readonly can?: BrokerAbilities;
}

/** What may change while an order works. */
export interface WorkingTerms {
  /** With what is filled. */
  readonly quantity: bigint;
  /** 0 for market. */
  readonly limitPrice: bigint;
  /** 0: none. */
  readonly stopPrice: bigint;
}

export interface BrokerOrderStatus {
  readonly clientOrderId: string;
  readonly venueOrderId: string;
  readonly state: OrderState;
  readonly filledQuantity: bigint;
  /** Of what is filled; absent: the gateway can't tell. */
  readonly averagePrice?: bigint;
  /** As the venue works it now, by its own word; 0: it does not tell. Absent: it tells none. */
  readonly working?: WorkingTerms;
  /** Of an unknown one: it has arrived or never will, and the venue can't be asked which. */
  readonly isLimbo?: boolean;
}

/** Of a venue that keeps long and short apart: what was opened on this trading day and before. */
export interface SidesHeld {
  readonly longToday: bigint;
  readonly longYesterday: bigint;
  readonly shortToday: bigint;
  readonly shortYesterday: bigint;
}

/** A coin in the balance of which several symbols are held, or with which they are paid. */
export interface CoinBalance {
  /** As fees in it are told (Fill.feeCurrency). */
  readonly name: string;
  /** Other symbols that are held in it. */
  readonly heldAs: readonly number[];
  /** Symbols that are paid in it. */
  readonly paidFor: readonly number[];
}

export interface BrokerPosition {
  readonly symbol: number;
  /** Long less short. */
  readonly quantity: bigint;
  /** 0: the venue does not say. */
  readonly averagePrice: bigint;
  /** Absent: the venue nets. */
  readonly sides?: SidesHeld;
  /** The quantity is the balance of a coin: all that is held in it less what was paid with it. */
  readonly coin?: CoinBalance;
  /** The venue counts in finer parts than ours: up to so much is no difference. Absent: 0. */
  readonly within?: bigint;
}

export interface BrokerOrderUpdate {
  readonly clientOrderId: string;
  readonly venueOrderId: string;
  /** A refused change or cancel tells the state the order is left in. */
  readonly state: OrderState;
  readonly reason: string;
  readonly time: Time;
  /** After a change was carried out: what the order is now. */
  readonly working?: WorkingTerms;
  /** Of an order that ended: all that it has executed. Where fills may be told after the end, it is
   * over only once they were. Absent: they were told before. */
  readonly filledQuantity?: bigint;
  /** Of a rejection: the order definitely was not taken, and that is no fault of the order. Three
   * in a row open the breaker of the route. Absent: the venue judged the order. */
  readonly failure?: 'transport' | 'venue';
}

export interface BrokerListener {
  onOrderUpdate(update: BrokerOrderUpdate): void;
  onFill(fill: Fill): void;
}

export interface Broker {
  readonly card: BrokerCard;
  connect(listener: BrokerListener): Promise<void>;
  /** Hands the order over; the answer comes by the listener. Throws only for misuse. Terms beyond
   * card.can never come; absent: plainTerms. */
  submit(intent: OrderIntent, terms?: OrderTerms): void;
  cancel(clientOrderId: string): void;
  /** Asks for a change; only where card.can.replace says so. The order keeps its client order id
   * here, whatever the venue calls it. The answer is an update with `working`. */
  replace?(change: OrderChange): void;
  /** undefined: the venue does not know it (final only after card.inFlightMs). */
  queryOrder(clientOrderId: string): Promise<BrokerOrderStatus | undefined>;
  /** As queryOrder for many, where the venue has a list for them; one that is not in the answer is
   * not known there. */
  queryOrders?(clientOrderIds: readonly string[]): Promise<Map<string, BrokerOrderStatus>>;
  queryOpenOrders(): Promise<BrokerOrderStatus[]>;
  /** All fills, oldest first, after the given trade id (undefined: all the venue has). */
  queryFills(afterTradeId?: string): Promise<Fill[]>;
  queryPositions(): Promise<BrokerPosition[]>;
  /** Answers and fills that are due; returns how many. Part of the node's duty cycle. */
  doWork(): number;
  disconnect(): Promise<void>;
}
