// Cancels what is open, and closes every position, when a person asks for it. To close, what is
// open is canceled first, then each position goes by reduce-only market orders, one after the
// other, each as large as an order may be. What always holds: nothing is sent for a symbol that
// still has an open order, so that no position is closed twice; what is halted waits, canceled and
// not closed; where the market is too far for the collar it goes with a limit further away, and
// waits, told, where it is too far for that, too; it goes on after a restart, until there is
// nothing left; then the journal says so.

import {
  type Clock,
  moneyText,
  OrderFlags,
  type OrderIntent,
  OrderOffset,
  OrderState,
  OrderType,
  RiskReason,
  RiskReasonNames,
  TimeInForce,
} from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import type { Decisions } from '../intake/decisions.js';
import { personDraft } from '../intake/draft.js';
import type { Ledger } from '../order/ledger.js';
import { type Order, personInstance } from '../order/order.js';
import { heldOf, type OffsetPosition } from '../position/offsets.js';
import type { Scribe } from '../order/scribe.js';
import type { ControlEntry } from '../risk/controls.js';
import type { Market } from '../risk/market.js';
import type { ClosingWay } from '../risk/risk-desk.js';
import type { CancelPace } from '../route/cancel-pace.js';
import type { Stray, Strays } from '../route/strays.js';

export interface FlattenDeps {
  readonly ledger: Ledger;
  readonly scribe: Scribe;
  readonly clock: Clock;
  readonly decisions: Decisions;
  /** What is held of a symbol where long and short are kept apart; undefined: they are not. */
  readonly offsetsOf: (symbol: number) => OffsetPosition | undefined;
  readonly market: Pick<Market, 'lastMoney'>;
  /** As much of a quantity as one order to close it may be for. */
  readonly mostOf: (order: Closing) => bigint;
  /** How it goes: at the market, with a limit, or not now. */
  readonly wayOf: (closing: Omit<Closing, 'limitPrice'>) => ClosingWay;
  /** How far it goes with a limit. */
  readonly farPercent: number;
  /** No order of a person leaves for the symbol. */
  readonly isHalted: (symbol: number) => boolean;
  readonly cancel: (clientOrderId: string, why: string) => boolean;
  readonly pace: CancelPace;
  /** Open at the venue and not here. */
  readonly strays: Strays;
  /** Of all orders that are sent from here. */
  readonly account: string;
  readonly logger: Logger;
  readonly symbolName: (id: number) => string;
}

/** Signed; where long and short are kept apart, one of them. */
interface Held {
  readonly symbol: number;
  readonly quantity: bigint;
  readonly offset: number;
}

type Closing = Pick<OrderIntent, 'symbol' | 'side' | 'quantity' | 'limitPrice'>;

/** Whose an order is, and of what; the symbol is not known of one that is long forgotten. */
interface Subject {
  readonly account: string;
  readonly instance: number;
  readonly symbol: number | undefined;
}

const everyNs = 100e6;
const retryNs = 1e9;
/** In one action, whose texts have a bound: symbols with a price, and what is named. */
const mostPriced = 1_000;
const mostNamed = 20;

export class Flatten {
  readonly #deps: FlattenDeps;
  #nextNs = 0;
  /** What is held and less than one order may be for, as it was refused: by symbol and offset. */
  readonly #remainders = new Map<string, string>();
  /** What the market is too far away for, by symbol and side. */
  readonly #far = new Map<string, string>();

  constructor(deps: FlattenDeps) {
    this.#deps = deps;
  }

  get isActive(): boolean {
    const { controls } = this.#deps.ledger;
    return controls.flatten !== '' || controls.cancels().length > 0;
  }

  /** Why something is not closed now; empty: nothing waits so. */
  get waits(): string {
    return [...this.#far.values()].join('; ');
  }

  /** Part of the duty cycle; returns how many orders it made or canceled. */
  doWork(): number {
    const { ledger, clock, isHalted, strays } = this.#deps;
    const why = ledger.controls.flatten;
    const now = clock.monotonicNs();
    if (why === '' && this.#far.size > 0) this.#far.clear();
    if (!this.isActive || now < this.#nextNs) return 0;
    this.#nextNs = now + everyNs;
    let canceled = this.cancelParts(true);
    if (why === '') return canceled;
    const isOurs = (order: Order): boolean => closes(order.parent ?? order);
    canceled += this.#cancelAll(`flatten, ${why}`, (order) => !isOurs(order));
    const ours = strays.ours();
    canceled += this.#cancelStrays(`flatten, ${why}`, ours);
    // What the venue may still execute of one that is closed here would be closed twice; of what
    // symbol it is, nobody knows of one that is long forgotten.
    if (canceled > 0 || ours.some(({ order }) => order === undefined)) return canceled;
    const working = [...ledger.orders.open(), ...ours.flatMap(({ order }) => order ?? [])];
    const busy = new Set(working.map(({ intent }) => intent.symbol));
    let sent = 0;
    let left = busy.size;
    const remainders: Held[] = [];
    const gone = new Set(this.#far.keys());
    for (const held of this.#held()) {
      if (this.#isRemainder(held)) {
        remainders.push(held);
        continue;
      }
      left += 1;
      gone.delete(keyOf(held));
      if (busy.has(held.symbol) || isHalted(held.symbol)) continue;
      sent += this.#close(held);
    }
    for (const key of gone) this.#far.delete(key);
    if (left === 0) this.#done(remainders);
    return sent;
  }

  /** What people want canceled, of parts or of everything. `closing`: what closes since goes on,
   * where that is not halted. */
  cancelParts(closing: boolean): number {
    let count = 0;
    for (const entry of this.#deps.ledger.controls.cancels())
      count += this.#cancelPart(entry, closing);
    return count;
  }

  /** Of a part or of everything; once nothing of it is open, the journal says so. */
  #cancelPart({ scope, name, value, reason }: ControlEntry, closing: boolean): number {
    const { ledger, scribe, clock, strays, isHalted } = this.#deps;
    const isClosing = closing && ledger.controls.flatten !== '';
    const isAll = value === 'everyone';
    // Of one whose symbol is not known nobody can say that it is not of it.
    const isOf = ({ account, instance, symbol }: Subject): boolean =>
      scope === '' || name === String({ account, strategy: instance, symbol }[scope] ?? name);
    const goesOn = (order: Order): boolean =>
      isClosing && closes(order.parent ?? order) && !isHalted(order.intent.symbol);
    const isOfIt = (order: Order): boolean => isOf(order.intent) && !goesOn(order);
    const isStrayOfIt = (stray: Stray): boolean => isOf(this.#subjectOf(stray));
    const theirs = (isAll ? strays.all() : strays.ours()).filter(isStrayOfIt);
    const count = this.#cancelAll(reason, isOfIt) + this.#cancelStrays(reason, theirs);
    const isLeft = [...ledger.orders.open()].some(isOfIt) || theirs.length > 0;
    if (count > 0 || isLeft || (isAll && strays.isOld)) return count;
    const detail = JSON.stringify({ scope, name });
    const why = 'nothing of it is open';
    scribe.action({ actor: 'exec', action: 'canceled', detail, why, time: clock.now() });
    return count;
  }

  /** Asks once; again without an answer, or after it was refused, ever less often. */
  #cancelAll(why: string, concerns: (order: Order) => boolean): number {
    const { ledger, cancel, pace } = this.#deps;
    let count = 0;
    for (const order of [...ledger.orders.open()]) {
      if (order.state === OrderState.pendingCancel || !concerns(order)) continue;
      if (pace.ask(order) === 0 && cancel(order.id, why)) count += 1;
    }
    return count;
  }

  /** Those that the journal holds closed, and only when a person wants all what others sent. */
  #cancelStrays(why: string, those: readonly Stray[]): number {
    const { strays } = this.#deps;
    let count = 0;
    for (const stray of those) {
      if (strays.isAwaited(stray.id)) continue;
      strays.cancel(stray, 'exec', why);
      count += 1;
    }
    return count;
  }

  #subjectOf({ id, order }: Stray): Subject {
    if (order !== undefined) return order.intent;
    return { account: this.#deps.account, instance: Number.parseInt(id, 10), symbol: undefined };
  }

  /** Where long and short are kept apart, each of them. */
  *#held(): Generator<Held> {
    const { ledger, offsetsOf } = this.#deps;
    for (const { symbol, quantity } of ledger.positions.all()) {
      const apart = offsetsOf(symbol);
      if (apart === undefined) {
        if (quantity !== 0n) yield { symbol, quantity, offset: 0 };
        continue;
      }
      const offset = OrderOffset.close;
      for (const held of [heldOf(apart.long), -heldOf(apart.short)])
        if (held !== 0n) yield { symbol, quantity: held, offset };
    }
  }

  #close(held: Held): number {
    const { symbol, quantity, offset } = held;
    const { decisions, clock, ledger, mostOf, wayOf } = this.#deps;
    const side = quantity > 0n ? -1 : 1;
    const all = { symbol, side, quantity: quantity > 0n ? quantity : -quantity };
    const { limit: limitPrice, ...prices } = wayOf(all);
    if (limitPrice === undefined) return this.#wait(held, prices);
    this.#far.delete(keyOf(held));
    const closing = { ...all, limitPrice };
    const draft = {
      ...personDraft(ledger.nextOfPersons(), clock),
      ...closing,
      ...{ quantity: mostOf(closing), offset, flags: OrderFlags.reduceOnly },
      ...(limitPrice === 0n ? {} : { orderType: OrderType.limit, timeInForce: TimeInForce.ioc }),
    };
    const reason = decisions.take(draft, false);
    // What a limit did not get is tried again as often as what was denied.
    if (reason !== RiskReason.APPROVED || limitPrice > 0n)
      this.#nextNs = clock.monotonicNs() + retryNs;
    if (reason === RiskReason.APPROVED) return 1;
    if (reason === RiskReason.INVALID_QUANTITY || reason === RiskReason.QUANTITY_LIMIT)
      this.#noteRemainder(held, RiskReasonNames[reason] ?? '');
    return 0;
  }

  /** Until the market is nearer. Told once. */
  #wait(held: Held, { touch, last }: Pick<ClosingWay, 'touch' | 'last'>): number {
    const { logger, farPercent } = this.#deps;
    const key = keyOf(held);
    const why =
      `${this.#textOf(held)} cannot be closed at ${moneyText(touch)}, which is further than ` +
      `risk.flattenPercent (${farPercent}) from the last price ${moneyText(last)}: it waits for ` +
      'the market; close it at the venue, or start with a larger risk.flattenPercent';
    if (!this.#far.has(key)) logger.error(why);
    this.#far.set(key, why);
    return 0;
  }

  /** It was refused, and would be again. */
  #isRemainder(held: Held): boolean {
    return this.#remainders.get(keyOf(held)) === this.#standingOf(held);
  }

  /** As long as quantity, lot and limits are these, it stays one. */
  #standingOf({ quantity }: Held): string {
    const { controls, books } = this.#deps.ledger;
    return `${quantity} ${controls.limitsVersion} ${books.instrumentsVersion}`;
  }

  #noteRemainder(held: Held, reason: string): void {
    const { logger } = this.#deps;
    this.#remainders.set(keyOf(held), this.#standingOf(held));
    logger.error({ held: this.#textOf(held), reason }, 'less than one order may be for stays held');
  }

  #textOf({ symbol, quantity }: Held): string {
    return `${moneyText(quantity)} of ${this.#deps.symbolName(symbol)}`;
  }

  /** In as many actions of one moment as the prices need. */
  #done(remainders: readonly Held[]): void {
    const { scribe, clock } = this.#deps;
    const names = remainders.slice(0, mostNamed).map((one) => this.#textOf(one));
    const more = remainders.length - names.length;
    const held = [...names, ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
    const rest = ` but ${held}: less than one order may be for; close it at the venue`;
    const why = `nothing is open${held === '' ? '' : rest}`;
    const prices = this.#prices();
    const [actor, action, time] = ['exec', 'flat', clock.now()];
    do {
      const part = Object.fromEntries(prices.splice(0, mostPriced));
      const detail = Object.keys(part).length === 0 ? '' : JSON.stringify({ prices: part });
      scribe.action({ actor, action, detail, why, time });
    } while (prices.length > 0);
    this.#remainders.clear();
    this.#far.clear();
  }

  /** At which what strategies hold against what was closed here is over, too. */
  #prices(): [string, string][] {
    const { ledger, market } = this.#deps;
    const priceOf = (symbol: number): bigint => {
      const last = market.lastMoney(symbol);
      return last > 0n ? last : ledger.books.markOf(symbol);
    };
    const held = [...ledger.books.heldByStrategies()];
    const priced = held.filter((symbol) => priceOf(symbol) > 0n);
    return priced.map((symbol) => [String(symbol), String(priceOf(symbol))]);
  }
}

/** Long and short are held beside each other where orders have offsets. */
function keyOf({ symbol, quantity, offset }: Held): string {
  return `${symbol} ${offset} ${quantity > 0n ? 'long' : 'short'}`;
}

/** As those that are made here: it can only close, and does so now. One that a person sent so is
 * as good. */
function closes({ intent, terms }: Order): boolean {
  const isAtOnce =
    intent.orderType === OrderType.market ||
    (intent.orderType === OrderType.limit && terms.timeInForce === TimeInForce.ioc);
  const isPlain = intent.instance === personInstance && isAtOnce;
  return isPlain && (terms.flags & OrderFlags.reduceOnly) !== 0;
}
