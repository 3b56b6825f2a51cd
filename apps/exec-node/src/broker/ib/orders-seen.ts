// The orders this gateway sent or the venue told of, by our id and by the venue's number. What
// always holds: an id seen once is known until it was closed for long; what the venue refused stays
// refused; the memory is bounded.

import type { WorkingTerms } from '@ndts/protocol';
import { Closed } from '../closed.js';
import { moneyOf } from './order-words.js';

export interface SeenOrder {
  readonly clientOrderId: string;
  /** The number at the venue; 0: told of as completed only, with which it has none. */
  number: number;
  permId: number;
  status: string;
  /** Executed as the venue says of the whole order: executions may be told later, and those of
   * earlier days are not told at all. */
  filled: bigint;
  /** Of it an execution was corrected: what the venue says of the whole is of before. */
  isCorrected: boolean;
  /** As the venue works it; undefined: it has not said. */
  terms: WorkingTerms | undefined;
  /** What it said that may have been of a cancel, or of the order; empty: nothing. */
  doubt: string;
  /** What the venue said when it refused; empty: it did not. */
  refusal: string;
  /** When it left, by the monotonic clock; undefined: it waits for its turn, or this process did
   * not send it. */
  sentNs: number | undefined;
  /** The venue has told of it, in this session or an earlier one. */
  known: boolean;
  /** Told to the listener. */
  accepted: boolean;
  ended: boolean;
}

export class OrdersSeen {
  readonly #byId = new Map<string, SeenOrder>();
  readonly #byNumber = new Map<number, SeenOrder>();
  /** The venue itself remembers the day. */
  readonly #closed: Closed;

  constructor(closed: Closed = new Closed()) {
    this.#closed = closed;
  }

  get(clientOrderId: string): SeenOrder | undefined {
    return this.#byId.get(clientOrderId);
  }

  byNumber(number: number): SeenOrder | undefined {
    return this.#byNumber.get(number);
  }

  /** The known one, or a new one; a number of 0 changes nothing. */
  take(clientOrderId: string, number: number): SeenOrder {
    let order = this.#byId.get(clientOrderId);
    if (order === undefined) {
      order = {
        ...{ clientOrderId, number, permId: 0, status: '', filled: 0n, refusal: '', doubt: '' },
        ...{ isCorrected: false, terms: undefined, sentNs: undefined },
        ...{ known: false, accepted: false, ended: false },
      };
      this.#byId.set(clientOrderId, order);
    }
    if (number !== 0) {
      order.number = number;
      this.#byNumber.set(number, order);
    }
    return order;
  }

  /** Returns those that are forgotten from now on. */
  end(order: SeenOrder): readonly string[] {
    if (order.ended) return [];
    order.ended = true;
    const forgotten = this.#closed.add(order.clientOrderId);
    for (const id of forgotten) {
      const old = this.#byId.get(id);
      if (old === undefined || !old.ended) continue;
      this.#byId.delete(id);
      this.#byNumber.delete(old.number);
    }
    return forgotten;
  }

  /** The venue has it open all the same: it can be canceled, and ends again. */
  reopen(order: SeenOrder): void {
    order.ended = false;
    order.refusal = '';
    order.doubt = '';
  }

  all(): Iterable<SeenOrder> {
    return this.#byId.values();
  }
}

/** What the venue says of the whole order. */
export function noteFilled(order: SeenOrder, told: number): void {
  const filled = moneyOf(told);
  if (filled > order.filled) order.filled = filled;
}

/** By the venue's id where it has given one. */
export function venueOrderId(order: SeenOrder): string {
  if (order.permId !== 0) return String(order.permId);
  return order.number === 0 ? '' : `#${order.number}`;
}
