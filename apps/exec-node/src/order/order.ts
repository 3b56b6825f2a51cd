// One order in memory: its intent and what the folded events made of it. What always holds: only
// the ledger's fold changes the fields of the first group; the second group belongs to the route of
// this process and is never journaled.
//
// An order whose intent names no broker is worked here: children of it go to the venue, and what
// they execute counts for it. Orders of a group share one quantity: what one executes the others
// can't. An order with an entry works only what the entry has executed.

import {
  type OrderIntent,
  type OrderState,
  type OrderTerms,
  plainTerms,
  type Time,
  type WorkingTerms,
} from '@ndts/protocol';

/** The instance of orders that persons make. */
export const personInstance = 0;

/** What the orders of a group have in common. Its name is never used again. */
export class OrderGroup {
  readonly name: string;
  readonly open = new Set<Order>();
  /** Executed by all that were ever in it. */
  filled = 0n;
  /** What counts in the limits: of each side the most that one of them may still execute. */
  exposedBuy = 0n;
  exposedSell = 0n;

  constructor(name: string) {
    this.name = name;
  }
}

/** One event changes an order, and those that it is a child of, one after the other. */
const changesPerEvent = 16;

/** Of the change that an event of the journal makes of an order, and of its parents behind it. */
export function revisionOf(sequence: number, generation = 0): number {
  return sequence * changesPerEvent + Math.min(generation, changesPerEvent - 1);
}

/** Of the last change that events up to this one can have made. */
export function lastRevisionOf(sequence: number): number {
  return revisionOf(sequence, changesPerEvent - 1);
}

/** The event that made the change. */
export function sequenceOfRevision(revision: number): number {
  return Math.floor(revision / changesPerEvent);
}

export class Order {
  intent: OrderIntent;
  terms: OrderTerms;
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
  /** Where its last change is: no two changes of any orders have the same, and it only grows. */
  revision: number;
  /** Who wants it canceled and why, from the request until the venue answers it; empty: nobody. */
  cancelWanted = '';
  /** A change that was asked for and is neither done nor refused. */
  asked: WorkingTerms | undefined = undefined;
  parent: Order | undefined = undefined;
  /** Children that are not closed. */
  readonly children = new Set<Order>();
  /** Children there ever were. */
  childCount = 0;
  entry: Order | undefined = undefined;
  /** Orders that have this one as their entry. */
  readonly legs: Order[] = [];
  group: OrderGroup | undefined = undefined;
  /** What of it counts in the limits now. */
  exposed = 0n;

  /** Wall time at which the signal was made, for latency. */
  signalTime: Time | undefined = undefined;
  /** Wall time after which it must not be sent any more. */
  validUntil: Time | undefined = undefined;
  /** Monotonic time of the last request to the broker; 0: none by this process. */
  submittedNs = 0;
  /** Journal position from which on it may be sent. */
  position = 0;
  /** Made by this process, which sends it: until then nobody has. */
  isOwn = false;
  /** No longer listed; forgotten when it closes. */
  unlisted = false;

  constructor(
    intent: OrderIntent,
    state: OrderState,
    sequence: number,
    terms: OrderTerms = plainTerms,
  ) {
    this.intent = intent;
    this.terms = terms;
    this.state = state;
    this.sequence = sequence;
    this.time = intent.time;
    this.revision = revisionOf(sequence);
  }

  get id(): string {
    return this.intent.clientOrderId;
  }

  /** Its children are at the venue, not it. */
  get worksHere(): boolean {
    return this.intent.broker === '';
  }

  /** Quantity with what is filled; the larger one while a change is asked for. */
  get quantity(): bigint {
    const { asked, intent } = this;
    return asked !== undefined && asked.quantity > intent.quantity
      ? asked.quantity
      : intent.quantity;
  }

  /** Quantity that may still be executed. */
  get open(): bigint {
    if (this.closed) return 0n;
    const { entry, group, quantity } = this;
    // A closed entry has set the quantity of its legs.
    const bound =
      entry !== undefined && !entry.closed && entry.filled < quantity ? entry.filled : quantity;
    const open = bound - (group === undefined ? this.filled : group.filled);
    return open > 0n ? open : 0n;
  }

  /** Quantity that its children may still execute. */
  get childrenOpen(): bigint {
    let open = 0n;
    for (const child of this.children) open += child.open;
    return open;
  }
}

/** The event has changed the order. */
export function revise(order: Order | undefined, sequence: number): void {
  if (order !== undefined) order.revision = revisionOf(sequence);
}

/** And those that it is a child of. */
export function reviseAll(order: Order | undefined, sequence: number): void {
  let generation = 0;
  for (let one = order; one !== undefined; one = one.parent) {
    one.revision = revisionOf(sequence, generation);
    generation += 1;
  }
}
