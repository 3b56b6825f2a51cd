// One order in memory: its intent and what the folded events made of it. What always holds: only
// the ledger's fold changes the fields of the first group; the second group belongs to the route of
// this process and is never journaled.

import type { OrderIntent, OrderState, Time } from '@ndts/protocol';

export class Order {
  readonly intent: OrderIntent;
  /** Place in the journal: orders sort by it. */
  readonly sequence: number;

  state: OrderState;
  venueOrderId = '';
  reason = '';
  /** Sum of the fills. */
  filled = 0n;
  /** Sum of quantity times price of the fills, scaled by 1e16. */
  filledValue = 0n;
  /** Final once: no quantity is open any more, also when a late fill changes the state again. */
  closed = false;
  /** Ids of the executions applied. */
  readonly tradeIds: string[] = [];
  /** When the last event happened. */
  time: Time;

  /** Wall time at which the signal was made, for latency. */
  signalTime: Time | undefined = undefined;
  /** Wall time after which it must not be sent any more. */
  validUntil: Time | undefined = undefined;
  /** Monotonic time of the last request to the broker; 0: none by this process. */
  submittedNs = 0;
  /** Journal position from which on it may be sent. */
  position = 0;
  /** No longer listed; forgotten when it closes. */
  unlisted = false;

  constructor(intent: OrderIntent, state: OrderState, sequence: number) {
    this.intent = intent;
    this.state = state;
    this.sequence = sequence;
    this.time = intent.time;
  }

  /** Quantity that may still be executed. */
  get open(): bigint {
    return this.closed ? 0n : this.intent.quantity - this.filled;
  }
}
