// Reconciliation: our orders, fills and positions against the broker's. At start, and whenever
// the broker comes back, before anything new is sent. What always holds: nothing is ever sent from
// here; an order the venue does not know is closed only after the card's in-flight horizon; fills
// found here pass the same checks as live ones; a difference is adopted only where it was found
// before, and told otherwise.

import {
  type BrokerOrderStatus,
  type BrokerPosition,
  type Clock,
  moneyText,
  nsPerMs,
  OrderState,
  type SidesHeld,
} from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import { askOrders } from '../broker/ask-orders.js';
import type { Gateway } from '../broker/gateway.js';
import { changePhase, type Ledger } from '../order/ledger.js';
import type { Order } from '../order/order.js';
import type { Scribe } from '../order/scribe.js';
import { isFinal } from '../order/transitions.js';
import { sidesOf } from '../position/offsets.js';
import { type Adopter, isNear } from './adopt.js';
import type { Answers } from './answers.js';
import { withoutOthers } from './coin-balances.js';
import { Comparison, type Difference, type Found } from './difference.js';
import { isOfOtherNode } from './named-gateway.js';
import type { Stray, Strays } from './strays.js';
import { changedTerms, termsOf, termsText } from './venue-terms.js';

export interface ReconcileDeps {
  readonly ledger: Ledger;
  readonly scribe: Scribe;
  readonly answers: Answers;
  readonly adopter: Adopter;
  /** Brought up to what is found. */
  readonly strays: Strays;
  readonly broker: Gateway;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly symbolName: (id: number) => string;
}

/** Before this process sent anything; after the broker was away, while nothing is sent; or while
 * orders go out. */
export type ReconcileTime = 'start' | 'back' | 'live';

const positionAttempts = 5;
const attemptPauseMs = 20;
const none: ReadonlySet<string> = new Set();

export class Reconciler {
  readonly #deps: ReconcileDeps;

  constructor(deps: ReconcileDeps) {
    this.#deps = deps;
  }

  /** Brings our side up to what the venue knows; returns what still differs. `adopting`: lines of
   * an earlier comparison, adopted where they are found again. While orders go out a line may be of
   * the moment; one that is there twice is not. Rejects when the broker can't be asked. */
  async run(when: ReconcileTime, adopting: ReadonlySet<string> = none): Promise<Found> {
    const { broker, clock, ledger } = this.#deps;
    // Nothing is sent until then, so that all that was sent has arrived, or never will.
    if (when !== 'live') await this.#pause(broker.card.inFlightMs);
    const found = new Comparison(clock.now(), adopting);
    // One that was inferred may be told by now, among those of long ago.
    const isExpecting = ledger.inferred.isExpecting(found.begun);
    await this.#pullFills(isExpecting ? undefined : ledger.lastTradeId(broker.card.name));
    const listed = new Map<string, BrokerOrderStatus>();
    const askedNs = clock.monotonicNs();
    for (const status of await broker.queryOpenOrders()) listed.set(status.clientOrderId, status);
    this.#settle();
    await this.#findStrays(found, [...listed.values()]);
    const others: Order[] = [];
    for (const order of [...ledger.orders.open()]) {
      const waits = when !== 'start' && order.state === OrderState.intended;
      if (order.closed || order.worksHere || waits) continue;
      // One answer for all that is open; what is not is asked for together.
      const status = listed.get(order.id);
      if (status === undefined) others.push(order);
      else await this.#take(found, order, status, this.#isBeyond(order, askedNs));
    }
    await this.#resolve(found, others);
    // Those of a pair are a sum, of which a part may not be known.
    const areAllAsked = broker.parts?.areAllAsked !== false;
    if (broker.card.tellsPositions !== false && areAllAsked) await this.#comparePositions(found);
    for (const position of ledger.positions.all())
      if (position.realised !== position.cash + position.cost)
        found.add('broken', `PnL of ${this.#deps.symbolName(position.symbol)} does not add up`);
    return found;
  }

  /** Orders of the venue's list that nobody here has open. */
  async #findStrays(found: Comparison, listed: readonly BrokerOrderStatus[]): Promise<void> {
    const strays: Stray[] = [];
    for (const one of listed) {
      const stray = await this.#strayOf(one);
      if (stray === undefined) continue;
      const { id, mark } = stray;
      strays.push(stray);
      if (stray.isOurs)
        found.add('lost', `order ${id} is closed here and open at the venue; cancel it`, mark);
      else {
        const whose = isOfOtherNode(id) ? ' of another node' : '';
        const text = `the venue holds order ${id}${whose}, the journal does not`;
        found.add('external', text, mark);
      }
    }
    this.#deps.strays.found(strays);
  }

  /** undefined: it is open here, or it has ended since the list was made, as the venue says when it
   * is asked again. */
  async #strayOf(listed: BrokerOrderStatus): Promise<Stray | undefined> {
    const { broker, ledger } = this.#deps;
    const id = listed.clientOrderId;
    const order = ledger.orders.get(id);
    if (order !== undefined && !order.closed) return undefined;
    const isOurs = order !== undefined || ledger.hasTaken(id);
    if (!isOurs) return { id, isOurs, order, mark: markOf(listed) };
    const status = await broker.queryOrder(id);
    this.#settle();
    if (status === undefined || isFinal(status.state)) return undefined;
    return { id, isOurs, order, mark: markOf(status) };
  }

  /** Whether what this process asked for last had its time to arrive by then. */
  #isBeyond({ submittedNs }: Order, askedNs: number): boolean {
    return (
      submittedNs === 0 || askedNs - submittedNs >= this.#deps.broker.card.inFlightMs * nsPerMs
    );
  }

  /** Asks the venue for orders and applies the answers; "not found" is final once an order is
   * beyond the card's horizon. Returns what is wrong. */
  async resolve(orders: readonly Order[]): Promise<readonly Difference[]> {
    const found = new Comparison(this.#deps.clock.now(), none);
    await this.#resolve(found, orders);
    return found.differences;
  }

  async #resolve(found: Comparison, orders: readonly Order[]): Promise<void> {
    const { broker, clock } = this.#deps;
    const askedNs = clock.monotonicNs();
    const beyond = new Set(orders.filter((order) => this.#isBeyond(order, askedNs)));
    const answers = await askOrders(
      broker,
      orders.map(({ id }) => id),
    );
    this.#settle();
    for (const order of orders) {
      // It came to an end, or waits to be sent again by a change, since it was asked for.
      if (order.closed) continue;
      const status = answers.get(order.id);
      const isBeyond = beyond.has(order) && this.#isBeyond(order, askedNs);
      if (status === undefined && broker.parts?.areAskedFor(order.id) === false)
        this.#notAsked(order);
      else if (status === undefined) this.#notFound(found, order, isBeyond);
      else await this.#take(found, order, status, isBeyond);
    }
  }

  async #take(
    found: Comparison,
    order: Order,
    status: BrokerOrderStatus,
    beyondHorizon: boolean,
  ): Promise<void> {
    const { broker, ledger, adopter } = this.#deps;
    if (status.isLimbo === true) {
      this.#inLimbo(found, order);
      return;
    }
    if (status.filledQuantity > order.filled) {
      await this.#pullFills(ledger.lastTradeId(broker.card.name));
      if (status.filledQuantity > order.filled) await this.#pullFills(undefined);
    }
    this.#adopt(order, status);
    // Beyond the horizon a change that did not happen will not happen.
    if (order.asked !== undefined && !order.closed && beyondHorizon) {
      const { refused } = changePhase;
      this.#deps.scribe.change(order, refused, order.asked, 'not received by the venue');
      this.#adopt(order, status);
    }
    if (order.filled >= status.filledQuantity) {
      this.#compareTerms(found, order, status);
      return;
    }
    const [ours, theirs] = [moneyText(order.filled), moneyText(status.filledQuantity)];
    const text = `fills of order ${order.id} are missing: journal ${ours}, venue ${theirs}`;
    found.adoptOrAdd(text, () => adopter.fills(order, status, found.begun, text));
    if (order.filled < status.filledQuantity && status.filledQuantity <= order.quantity) {
      const { symbol } = order.intent;
      const before = found.short.get(symbol);
      found.short.set(symbol, before === undefined ? text : `${before}; ${text}`);
    }
    this.#adopt(order, status);
  }

  #compareTerms(found: Comparison, order: Order, status: BrokerOrderStatus): void {
    const theirs = changedTerms(order, status);
    if (theirs === undefined) return;
    const [mine, other] = [termsText(termsOf(order)), termsText(theirs)];
    const text = `order ${order.id} was changed at the venue: journal ${mine}, venue ${other}`;
    found.adoptOrAdd(text, () => this.#deps.adopter.terms(order, theirs, text));
    this.#settle();
  }

  /** It may be where nobody can be asked now. One that is not known to have been sent may have been
   * by an earlier process. */
  #notAsked(order: Order): void {
    if (order.state !== OrderState.intended || order.isOwn) return;
    this.#deps.scribe.state(order, OrderState.unknown, '', 'where it may be nobody can be asked');
    this.#settle();
  }

  /** Nobody but a person can say what became of it. */
  #inLimbo(found: Comparison, order: Order): void {
    const { broker, scribe } = this.#deps;
    const { name } = broker.card;
    found.add('lost', `${name} cannot be asked about order ${order.id}; look there, settle it`);
    if (order.state !== OrderState.intended) return;
    scribe.state(order, OrderState.unknown, '', 'the venue cannot be asked about it');
    this.#settle();
  }

  #notFound(found: Comparison, order: Order, beyondHorizon: boolean): void {
    if (order.venueOrderId !== '') {
      const what = `the venue no longer knows order ${order.id}, which it had acknowledged`;
      found.add('lost', what);
      return;
    }
    if (!beyondHorizon) return;
    const sent = order.state !== OrderState.intended;
    const reason = sent ? 'not received by the venue' : 'never sent';
    this.#deps.scribe.state(order, OrderState.canceled, '', reason);
    this.#settle();
  }

  #adopt(order: Order, status: BrokerOrderStatus): void {
    const { clientOrderId } = order.intent;
    const { answers, clock } = this.#deps;
    const { venueOrderId, state, working } = status;
    // Fills decide about (partially) filled; the acknowledgement brings the venue's id. One that
    // ended is not over here before all it executed is known.
    const isShort = order.filled < status.filledQuantity;
    const told =
      isShort || state === OrderState.filled || state === OrderState.partiallyFilled
        ? OrderState.accepted
        : state;
    const reason = told === OrderState.accepted ? '' : 'found by reconciliation';
    const update = { clientOrderId, venueOrderId, state: told, reason, time: clock.now() };
    answers.onOrderUpdate(working === undefined ? update : { ...update, working });
    this.#settle();
  }

  async #pullFills(after: string | undefined): Promise<void> {
    const fills = await this.#deps.broker.queryFills(after);
    for (const fill of fills) this.#deps.answers.onFill(fill);
    this.#settle();
  }

  /** Applies what the broker told meanwhile, and writes it. */
  #settle(): void {
    this.#deps.answers.drain();
    this.#deps.scribe.flush();
  }

  async #comparePositions(found: Comparison): Promise<void> {
    const { broker, ledger, scribe, clock, adopter } = this.#deps;
    let theirs: readonly BrokerPosition[] = [];
    let unequal: ReadonlyMap<number, string> = new Map();
    let asked = found.begun;
    for (let attempt = 0; attempt < positionAttempts; attempt++) {
      // A mismatch may be a fill whose report is on its way, or one that was never reported.
      if (attempt > 0) await this.#pullFills(undefined);
      if (attempt > 1) await this.#pause(attemptPauseMs);
      asked = clock.now();
      const told = await broker.queryPositions();
      // Nobody watches the days while the venue is away.
      scribe.beginDays(clock.now());
      await this.#pullFills(ledger.lastTradeId(broker.card.name));
      theirs = withoutOthers(told, ledger.positions);
      unequal = this.#unequalQuantities(theirs);
      if (unequal.size > 0) continue;
      if (broker.card.averageWithFees !== true) await this.#compareAverages(found, theirs);
      return;
    }
    for (const [symbol, text] of unequal) {
      const their = theirs.find((one) => one.symbol === symbol);
      // What its orders are short of comes first: else it would be adopted twice. It lasts as long
      // as these lines do: what they lack may change while the sum of the position does not.
      const short = found.short.get(symbol);
      if (short !== undefined) found.add('adoptable', `${text}, with ${short}`);
      else found.adoptOrAdd(text, () => adopter.position(symbol, their, asked, text));
    }
    this.#settle();
  }

  /** By symbol, what is not the same. */
  #unequalQuantities(theirs: readonly BrokerPosition[]): Map<number, string> {
    const { positions } = this.#deps.ledger;
    const held = new Map(theirs.map((their) => [their.symbol, their.quantity]));
    for (const ours of positions.all()) if (!held.has(ours.symbol)) held.set(ours.symbol, 0n);
    const unequal = new Map<number, string>();
    for (const [symbol, quantity] of held) {
      const ours = positions.get(symbol)?.quantity ?? 0n;
      const sides = theirs.find((their) => their.symbol === symbol)?.sides;
      const texts = sides === undefined ? [] : this.#unequalSides(symbol, sides);
      if (ours !== quantity) texts.unshift(this.#unequal(symbol, ours, quantity));
      if (texts.length > 0) unequal.set(symbol, texts.join('; '));
    }
    return unequal;
  }

  /** Where long and short are kept apart: each of them, by the day it was opened on. */
  #unequalSides(symbol: number, theirs: SidesHeld): string[] {
    const ours = sidesOf(this.#deps.ledger.books.offsets, symbol);
    const name = this.#deps.symbolName(symbol);
    return (Object.keys(ours) as (keyof SidesHeld)[])
      .filter((side) => ours[side] !== theirs[side])
      .map((side) => {
        const [mine, other] = [moneyText(ours[side]), moneyText(theirs[side])];
        return `${side} of ${name}: journal ${mine}, venue ${other}`;
      });
  }

  /** Quantities are equal. The average depends on the order of executions, and reports may come in
   * another order than the venue's: when it is the same executions, the venue's average holds. */
  async #compareAverages(found: Comparison, theirs: readonly BrokerPosition[]): Promise<void> {
    const { adopter, logger } = this.#deps;
    for (const their of theirs) {
      const ours = this.#deps.ledger.positions.get(their.symbol);
      if (ours === undefined || ours.quantity === 0n || their.averagePrice === 0n) continue;
      if (isNear(ours.averagePrice, their.averagePrice)) continue;
      const fills = await this.#deps.broker.queryFills();
      const replayed = this.#deps.ledger.positions.create(their.symbol);
      for (const { symbol, side, quantity, price, fee } of fills)
        if (symbol === their.symbol) replayed.execute(side, quantity, price, fee);
      const same = replayed.quantity === ours.quantity && replayed.cash === ours.cash;
      const [mine, other] = [moneyText(ours.averagePrice), moneyText(their.averagePrice)];
      const name = this.#deps.symbolName(their.symbol);
      const reason = `average price of ${name}: journal ${mine}, venue ${other}`;
      const adopt = (averagePrice: bigint): boolean => {
        adopter.average(their.symbol, averagePrice, reason);
        return true;
      };
      if (same && isNear(replayed.averagePrice, their.averagePrice)) {
        logger.warn(`${reason}; same executions in another order, the venue's average is adopted`);
        adopt(replayed.averagePrice);
      } else found.adoptOrAdd(reason, () => adopt(their.averagePrice));
      this.#settle();
    }
  }

  #unequal(symbol: number, ours: bigint, theirs: bigint): string {
    const name = this.#deps.symbolName(symbol);
    return `position of ${name}: journal ${moneyText(ours)}, venue ${moneyText(theirs)}`;
  }

  #pause(delayMs: number): Promise<void> {
    if (delayMs <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#deps.clock.setTimer(delayMs, resolve);
    });
  }
}

/** What an order is at the venue: a change of it is another mark. */
function markOf({
  clientOrderId,
  venueOrderId,
  filledQuantity,
  working,
}: BrokerOrderStatus): string {
  const { quantity = 0n, limitPrice = 0n, stopPrice = 0n } = working ?? {};
  return [clientOrderId, venueOrderId, filledQuantity, quantity, limitPrice, stopPrice].join(' ');
}
