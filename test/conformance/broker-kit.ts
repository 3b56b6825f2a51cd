// What the acceptance cards of a broker gateway are made of: a harness, what it can make the venue
// do, what a listener heard, and orders.

import type { Gateway } from '@ndts/exec-node';
import {
  type BrokerListener,
  type BrokerOrderUpdate,
  type Fill,
  type OrderChange,
  type OrderIntent,
  type OrderState,
  OrderType,
  parseMoney,
} from '@ndts/protocol';

/** What a harness can make the venue do. */
export interface VenueKnobs {
  /** Moves the market of a symbol; the venue sees it at the next cycle. */
  market(symbol: number, last: number, bid?: number, ask?: number): void;
  rejectAll(on: boolean): void;
  loseRequests(on: boolean): void;
  loseAnswers(on: boolean): void;
  /** A market order is executed in two parts, in two cycles. */
  partialFills(on: boolean): void;
  outage(on: boolean): void;
  /** Somebody changes quantity and limit of an open order at the venue itself. */
  changeByHand(id: string, quantity: string, limit: string): void;
  /** Somebody else sends a limit order to buy, under an id of his own; absent: the gateway is not
   * told of such. */
  orderByHand?(id: string, quantity: string, limit: string): void;
  /** Fees are in this currency from now on; absent: its venue has them in that of the price. */
  feesIn?(currency: string): void;
  /** What was canceled is open again; absent: its venue never does that. */
  revive?(id: string): void;
  /** A symbol of which long and short are kept apart by trading day, and the next such day. */
  readonly apart?: { readonly symbol: number; nextDay(): void };
}

export interface BrokerHarness {
  readonly broker: Gateway;
  readonly venue: VenueKnobs;
  /** Duty cycles until nothing is due, longer than the card's in-flight horizon. */
  readonly settle: () => Promise<void>;
  /** The gateway process dies and another one starts; the venue lives on. Not connected yet. */
  restart(): Promise<Gateway>;
  close(): Promise<void>;
}

/** What the listener heard, in order. */
export class Heard implements BrokerListener {
  readonly updates: BrokerOrderUpdate[] = [];
  readonly fills: Fill[] = [];

  onOrderUpdate(update: BrokerOrderUpdate): void {
    this.updates.push(update);
  }
  onFill(fill: Fill): void {
    this.fills.push(fill);
  }
  states(id: string): OrderState[] {
    const own = this.updates.filter((update) => update.clientOrderId === id);
    return own.map((update) => update.state);
  }
  filled(id: string): bigint {
    const own = this.fills.filter((fill) => fill.clientOrderId === id);
    return own.reduce((sum, fill) => sum + fill.quantity, 0n);
  }
}

export interface Bench extends BrokerHarness {
  readonly heard: Heard;
}

export interface Card {
  readonly number: string;
  readonly title: string;
  readonly run: (bench: Bench) => Promise<void>;
}

/** Bid 99, last 100, ask 101 at the start. */
export const symbol = 42;

export function order(id: string, side: number, quantity: string, limit?: string): OrderIntent {
  const time = { day: 20_000, nsOfDay: 0 };
  return {
    ...{ clientOrderId: id, account: 'conformance', instance: 1, ordinal: 1n, symbol, side },
    orderType: limit === undefined ? OrderType.market : OrderType.limit,
    ...{ quantity: parseMoney(quantity), limitPrice: parseMoney(limit ?? '0') },
    ...{ time, tickTime: time, shard: 0, epoch: 0n, sequence: 0n, factorValue: 0 },
    broker: 'conformance',
  };
}

/** What somebody else sends. */
export function buyOf(id: string, quantity: string, limit: string): OrderIntent {
  return order(id, 1, quantity, limit);
}

export function changeOf(clientOrderId: string, quantity: string, limit: string): OrderChange {
  const prices = { limitPrice: parseMoney(limit), stopPrice: 0n };
  const time = { day: 20_000, nsOfDay: 0 };
  return {
    ...{ clientOrderId, phase: 1, quantity: parseMoney(quantity), ...prices, reason: '', time },
  };
}

export async function send(bench: Bench, ...intents: readonly OrderIntent[]): Promise<void> {
  for (const intent of intents) bench.broker.submit(intent);
  await bench.settle();
}
