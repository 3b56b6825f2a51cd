// A broker as the exec node drives it: the port, and whether it is reachable now. What always
// holds: connected() is cheap and never blocks; it is asked once per duty cycle.

import type { Broker, BrokerCard, OrderIntent, OrderTerms, RouteView } from '@ndts/protocol';

/** What rules look at. */
export type RuledOrder = Pick<OrderIntent, 'symbol' | 'account' | 'orderType'>;

/** By the trading states that apply to an order now, or because its time is over. */
export type IsBarred = (intent: OrderIntent, terms: OrderTerms | undefined) => boolean;

/** One of a pair that takes no orders. */
export interface ClosedPart {
  readonly name: string;
  /** In reach, and not compared yet. */
  readonly isUp: boolean;
}

/** Of a pair of gateways: each is asked, and compared with the journal, for itself. */
export interface GatewayParts {
  /** Questions go to those that are in reach now, until the next survey; `all`: also to those that
   * take no orders yet. */
  survey(all: boolean): void;
  /** Those that were asked since the survey and stayed in reach are compared: they take orders. */
  admit(): void;
  /** One is in reach and was not compared since. */
  readonly isPending: boolean;
  readonly areAllAsked: boolean;
  /** Whether those that may have the order are asked: else that nobody knows it says nothing. */
  areAskedFor(clientOrderId: string): boolean;
  /** Those that take no orders. */
  closed(): readonly ClosedPart[];
  /** Whether one takes orders where this one would go. */
  takes(order: RuledOrder): boolean;
  /** What may not leave any more does not go on at the other one. */
  guard(isBarred: IsBarred): void;
}

export interface Gateway extends Broker {
  /** False while the venue can't be reached: nothing is sent, everything sent may be unanswered. Of
   * a pair: while neither can. */
  connected(): boolean;
  /** When doWork() has something to do next by the clock (monotonic ns; Infinity: when the market
   * moves or it is asked). Absent: it can't say. */
  dueNs?(): number;
  /** Whether there is an instrument for the symbol where a new order would go; absent: always. */
  trades?(symbol: number): boolean;
  /** How fine the venue trades a symbol; absent, or 0n: it does not say. */
  lotOf?(symbol: number): bigint;
  /** Of a pair of gateways: where orders go; absent: there is one way. */
  route?(): RouteView | undefined;
  /** Of a pair: what its route() says of it; cheap. */
  readonly breaker?: RouteView['breaker'] | undefined;
  /** Of a pair: after a restart, that its breaker was open and why. */
  restoreBreaker?(primary: string, backup: string, why: string): void;
  /** Of a pair; absent: it is one. */
  readonly parts?: GatewayParts;
  /** Of a pair: what each of them promises. */
  cards?(): readonly BrokerCard[];
}

/** Of which venues trade ids end in a number that grows. */
export function numberingOf(broker: Gateway): (venue: string) => boolean {
  const cards = broker.cards?.() ?? [broker.card];
  const numbering = cards.filter(({ numbersTrades }) => numbersTrades === true);
  return (venue) => numbering.some(({ name }) => name === venue);
}
