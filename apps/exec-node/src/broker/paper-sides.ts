// Long and short of the simulated venue, for symbols of exchanges that keep them apart: by
// arithmetic of its own, so that it can contradict the exec node. What always holds: what is
// closed was there, by day where the exchange tells days apart; a day rolls when the first
// execution or question of the next one comes.

import { moneyText, OrderOffset, type SidesHeld, type Time } from '@ndts/protocol';
import type { OffsetRule } from '../position/exchange.js';
import { tradingDayOf } from '../position/trading-day.js';

/** Opened today and before, of long and of short. */
interface Held {
  day: number;
  readonly today: [bigint, bigint];
  readonly before: [bigint, bigint];
}

interface Moving {
  readonly symbol: number;
  readonly side: number;
  readonly quantity: bigint;
  readonly offset: number;
}

interface Working extends Moving {
  readonly filled: bigint;
}

const [long, short] = [0, 1] as const;

export class PaperSides {
  readonly #ruleOf: (symbol: number) => OffsetRule | undefined;
  readonly #held = new Map<number, Held>();

  constructor(ruleOf: (symbol: number) => OffsetRule | undefined) {
    this.#ruleOf = ruleOf;
  }

  /** Why an order is refused; empty: it is not. `working`: open orders of the symbol. */
  refusal(order: Moving, working: Iterable<Working>, now: Time): string {
    const { symbol, side, quantity, offset } = order;
    const rule = this.#ruleOf(symbol);
    if (rule === undefined) return offset === 0 ? '' : 'the exchange knows no offsets';
    if (offset === 0) return 'expected an offset';
    if (offset === OrderOffset.open) return '';
    const held = this.#at(symbol, now);
    const at = side > 0 ? short : long;
    let [today, before] = [held.today[at], held.before[at]];
    for (const other of working) {
      if (other.side !== side || other.offset < OrderOffset.close) continue;
      const open = other.quantity - other.filled;
      if (other.offset === OrderOffset.closeToday) today -= open;
      else before -= open;
    }
    // An order of the day before closes what was opened then.
    if (today < 0n) [today, before] = [0n, before + today];
    let free = offset === OrderOffset.closeToday ? today : before;
    if (!rule.tellsToday) free = today + before;
    return quantity > free ? `only ${moneyText(free)} can be closed` : '';
  }

  execute({ symbol, side, quantity, offset }: Moving, time: Time): void {
    if (this.#ruleOf(symbol) === undefined) return;
    const held = this.#at(symbol, time);
    if (offset === OrderOffset.open) {
      held.today[side > 0 ? long : short] += quantity;
      return;
    }
    const at = side > 0 ? short : long;
    const isToday = offset === OrderOffset.closeToday;
    const [first, second] = isToday ? [held.today, held.before] : [held.before, held.today];
    const closing = quantity < first[at] ? quantity : first[at];
    first[at] -= closing;
    second[at] -= quantity - closing;
  }

  of(symbol: number, now: Time): SidesHeld | undefined {
    if (!this.#held.has(symbol)) return undefined;
    const { today, before } = this.#at(symbol, now);
    return {
      ...{ longToday: today[long], longYesterday: before[long] },
      ...{ shortToday: today[short], shortYesterday: before[short] },
    };
  }

  /** For a record that begins again. */
  *state(): Generator<readonly [symbol: number, day: number, held: readonly string[]]> {
    for (const [symbol, { day, today, before }] of this.#held)
      yield [symbol, day, [...today, ...before].map(String)];
  }

  restore(symbol: number, day: number, held: readonly string[]): void {
    const [a = 0n, b = 0n, c = 0n, d = 0n] = held.map(BigInt);
    this.#held.set(symbol, { day, today: [a, b], before: [c, d] });
  }

  #at(symbol: number, time: Time): Held {
    const day = tradingDayOf(time, this.#ruleOf(symbol)?.dayStartMinute ?? 0);
    let held = this.#held.get(symbol);
    if (held === undefined) {
      held = { day, today: [0n, 0n], before: [0n, 0n] };
      this.#held.set(symbol, held);
    }
    if (day <= held.day) return held;
    held.day = day;
    for (const at of [long, short]) {
      held.before[at] += held.today[at];
      held.today[at] = 0n;
    }
    return held;
  }
}
