// An order inside a backtest, from the hook that asked for it to its last fill.

import type { OrderStateName } from '@ndts/protocol';
import type { SimulatedTerms } from './terms.js';

export interface SimulatedOrder {
  /** 1, 2 ... in the order in which they were asked for. */
  readonly ordinal: number;
  /** Place of the strategy in the run. */
  readonly strategy: number;
  readonly symbol: number;
  /** +1 buy, -1 sell. */
  readonly side: number;
  /** Scaled by 1e8. */
  readonly quantity: bigint;
  /** Scaled by 1e8; 0n: at the market. */
  readonly limitPrice: bigint;
  /** Closes a position because of a margin call. */
  readonly isForced: boolean;
  /** undefined: a plain order. */
  readonly terms: SimulatedTerms | undefined;
  /** Its time ended on its way to the venue. */
  isOver: boolean;
  /** What is not filled yet. */
  open: bigint;
  /** It was at the venue when a tick did not fill it: what fills it now comes to it. */
  rests: boolean;
  /** Queue model: quantity in front of it at its price; below 0: not known yet. */
  ahead: bigint;
  /** What its fill may add to the value held, scaled by 1e16. */
  reserved: bigint;
  /** Sum of what was filled times its price, scaled by 1e16. */
  paid: bigint;
}

/** What is on its way to the venue: an order, or the end of one. */
export type Underway =
  | { dueNs: number; readonly order: SimulatedOrder; readonly cancels: 0 }
  | { dueNs: number; readonly order: undefined; readonly cancels: number };

/** Told of what became of orders that strategies asked for, at the time of the venue. */
export type OrderListener = (
  order: SimulatedOrder,
  state: OrderStateName,
  reason: string,
  nowNs: number,
) => void;
