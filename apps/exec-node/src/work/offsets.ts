// Which offsets an order goes to the venue with. What always holds:
// what open orders close already is not closed twice; an order that closes parts of several days
// goes in as many parts where the exchange tells them apart; one that says nothing closes what is
// held against it first, and opens the rest.

import { OrderOffset } from '@ndts/protocol';
import type { Ledger } from '../order/ledger.js';
import { type OffsetRule, offsetRuleOf } from '../position/exchange.js';
import { heldOf, type Side } from '../position/offsets.js';

export interface OffsetPart {
  readonly offset: number;
  readonly quantity: bigint;
}

interface Closing {
  readonly account: string;
  readonly symbol: number;
  readonly side: number;
}

const { open, close, closeToday, closeYesterday } = OrderOffset;

export class Offsets {
  readonly #ledger: Ledger;
  readonly #venueTakes: () => boolean;

  /** `venueTakes`: where orders go now, they carry offsets. */
  constructor(ledger: Ledger, venueTakes: () => boolean) {
    this.#ledger = ledger;
    this.#venueTakes = venueTakes;
  }

  /** Whether the symbol's exchange and the venue know offsets. */
  knows(symbol: number): boolean {
    return this.#venueTakes() && this.#rule(symbol) !== undefined;
  }

  /** What an order with this offset may close now; undefined: it closes nothing by offset. */
  closable(order: Closing, offset: number): bigint | undefined {
    const rule = this.#rule(order.symbol);
    if (rule === undefined || offset < close) return undefined;
    const free = this.#free(order);
    if (offset === close || !rule.tellsToday) return heldOf(free);
    return offset === closeToday ? free.today : free.yesterday;
  }

  /** The parts an order goes in; what they lack of the quantity can't be closed now. */
  partsOf(order: Closing, offset: number, quantity: bigint): OffsetPart[] {
    const rule = this.#rule(order.symbol);
    if (rule === undefined || !this.#venueTakes() || offset === open) return [{ offset, quantity }];
    const free = this.#free(order);
    const parts: OffsetPart[] = [];
    let rest = quantity;
    const take = (held: bigint, as: number): void => {
      const part = rest < held ? rest : held;
      if (part > 0n) parts.push({ offset: as, quantity: part });
      rest -= part;
    };
    if (!rule.tellsToday) take(heldOf(free), close);
    else {
      if (offset !== closeToday) take(free.yesterday, closeYesterday);
      if (offset !== closeYesterday) take(free.today, closeToday);
    }
    if (offset === 0 && rest > 0n) parts.push({ offset: open, quantity: rest });
    return parts;
  }

  #rule(symbol: number): OffsetRule | undefined {
    return offsetRuleOf(this.#ledger.books.instrument(symbol)?.exchange ?? '');
  }

  /** What is held against the order's side, less what open orders close. */
  #free({ account, symbol, side }: Closing): Side {
    const { books, orders } = this.#ledger;
    const held = books.offsets.get(account, symbol)?.against(side);
    const free = { today: held?.today ?? 0n, yesterday: held?.yesterday ?? 0n };
    for (const order of orders.openOf(symbol)) {
      const { intent, terms } = order;
      if (order.worksHere || terms.offset < close) continue;
      if (intent.side !== side || intent.account !== account) continue;
      free[terms.offset === closeToday ? 'today' : 'yesterday'] -= order.open;
    }
    // Where days are not told apart, an order that closes may close of both; where they are, one of
    // the day before closes what was opened then.
    if (free.yesterday < 0n) free.today += free.yesterday;
    if (free.today < 0n) free.yesterday += free.today;
    return { today: positive(free.today), yesterday: positive(free.yesterday) };
  }
}

function positive(value: bigint): bigint {
  return value > 0n ? value : 0n;
}
