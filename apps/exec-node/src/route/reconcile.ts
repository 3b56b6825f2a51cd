// Reconciliation: our orders, fills and positions against the broker's. At start, and whenever
// the broker comes back, before anything new is sent. What always holds: nothing is ever sent from
// here; an order the venue does not know is closed only after the card's in-flight horizon; fills
// found here pass the same checks as live ones; a difference that remains stops trading with its
// reason.

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
import type { Position } from '../position/position.js';
import type { Answers } from './answers.js';

export interface ReconcileDeps {
  readonly ledger: Ledger;
  readonly scribe: Scribe;
  readonly answers: Answers;
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
/** 0.01 % of the price: venues round averages their own way. */
const averageTolerance = 10_000n;

export class Reconciler {
  readonly #deps: ReconcileDeps;

  constructor(deps: ReconcileDeps) {
    this.#deps = deps;
  }

  /** Brings our side up to what the venue knows; returns what still differs, one line each. While
   * orders go out a line may be of the moment; one that is there twice is not. Rejects when the
   * broker can't be asked. */
  async run(when: ReconcileTime): Promise<string[]> {
    const { broker, clock, ledger } = this.#deps;
    // Nothing is sent until then, so that all that was sent has arrived, or never will.
    if (when !== 'live') await this.#pause(broker.card.inFlightMs);
    await this.#pullFills(ledger.lastTradeId(broker.card.name));
    const problems: string[] = [];
    const listed = new Map<string, BrokerOrderStatus>();
    const askedNs = clock.monotonicNs();
    for (const status of await broker.queryOpenOrders()) listed.set(status.clientOrderId, status);
    this.#settle();
    for (const id of listed.keys()) {
      const problem = await this.#notOpenHere(id);
      if (problem !== undefined) problems.push(problem);
    }
    const others: Order[] = [];
    for (const order of [...ledger.orders.open()]) {
      const waits = when !== 'start' && order.state === OrderState.intended;
      if (order.closed || order.worksHere || waits) continue;
      // One answer for all that is open; what is not is asked for together.
      const status = listed.get(order.id);
      if (status === undefined) others.push(order);
      else {
        const problem = await this.#take(order, status, this.#isBeyond(order, askedNs));
        if (problem !== undefined) problems.push(problem);
      }
    }
    problems.push(...(await this.resolve(others)));
    if (broker.card.tellsPositions !== false) problems.push(...(await this.#comparePositions()));
    for (const position of ledger.positions.all())
      if (position.realised !== position.cash + position.cost)
        problems.push(`PnL of ${this.#deps.symbolName(position.symbol)} does not add up`);
    return problems;
  }

  /** An order of the venue's list that nobody here has open. It may have ended since the list was
   * made: then the venue says so when it is asked again. */
  async #notOpenHere(id: string): Promise<string | undefined> {
    const { broker, ledger } = this.#deps;
    const order = ledger.orders.get(id);
    if (order === undefined) return `the venue holds order ${id}, the journal does not`;
    if (!order.closed) return undefined;
    const status = await broker.queryOrder(id);
    this.#settle();
    if (status === undefined || isFinal(status.state)) return undefined;
    return `order ${id} is closed here and open at the venue`;
  }

  /** Whether what this process asked for last had its time to arrive by then. */
  #isBeyond({ submittedNs }: Order, askedNs: number): boolean {
    return (
      submittedNs === 0 || askedNs - submittedNs >= this.#deps.broker.card.inFlightMs * nsPerMs
    );
  }

  /** Asks the venue for orders and applies the answers; "not found" is final once an order is
   * beyond the card's horizon. Returns what is wrong, one line each. */
  async resolve(orders: readonly Order[]): Promise<string[]> {
    const { broker, clock } = this.#deps;
    const askedNs = clock.monotonicNs();
    const beyond = new Set(orders.filter((order) => this.#isBeyond(order, askedNs)));
    const answers = await askOrders(
      broker,
      orders.map(({ id }) => id),
    );
    this.#settle();
    const problems: string[] = [];
    for (const order of orders) {
      // It came to an end, or waits to be sent again by a change, since it was asked for.
      if (order.closed) continue;
      const status = answers.get(order.id);
      const isBeyond = beyond.has(order) && this.#isBeyond(order, askedNs);
      const problem =
        status === undefined
          ? this.#notFound(order, isBeyond)
          : await this.#take(order, status, isBeyond);
      if (problem !== undefined) problems.push(problem);
    }
    return problems;
  }

  async #take(
    order: Order,
    status: BrokerOrderStatus,
    beyondHorizon: boolean,
  ): Promise<string | undefined> {
    const { broker, ledger } = this.#deps;
    const { clientOrderId } = order.intent;
    if (status.filledQuantity > order.filled) {
      await this.#pullFills(ledger.lastTradeId(broker.card.name));
      if (status.filledQuantity > order.filled) await this.#pullFills(undefined);
    }
    this.#adopt(order, status);
    // Beyond the horizon a change that did not happen will not happen.
    if (order.asked !== undefined && !order.closed && beyondHorizon) {
      this.#deps.scribe.change(
        order,
        changePhase.refused,
        order.asked,
        'not received by the venue',
      );
      this.#adopt(order, status);
    }
    if (order.filled < status.filledQuantity) return `fills of order ${clientOrderId} are missing`;
    return undefined;
  }

  #notFound(order: Order, beyondHorizon: boolean): string | undefined {
    const { clientOrderId } = order.intent;
    if (order.venueOrderId !== '')
      return `the venue no longer knows order ${clientOrderId}, which it had acknowledged`;
    if (!beyondHorizon) return undefined;
    const sent = order.state !== OrderState.intended;
    const reason = sent ? 'not received by the venue' : 'never sent';
    this.#deps.scribe.state(order, OrderState.canceled, '', reason);
    this.#settle();
    return undefined;
  }

  #adopt(order: Order, status: BrokerOrderStatus): void {
    const { clientOrderId } = order.intent;
    const { answers, clock } = this.#deps;
    const { venueOrderId, state, working } = status;
    // Fills decide about (partially) filled; the acknowledgement brings the venue's id.
    const told =
      state === OrderState.filled || state === OrderState.partiallyFilled
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

  async #comparePositions(): Promise<string[]> {
    const { broker, ledger, scribe, clock } = this.#deps;
    let problems: string[] = [];
    for (let attempt = 0; attempt < positionAttempts; attempt++) {
      // A mismatch may be a fill whose report is on its way, or one that was never reported.
      if (attempt > 0) await this.#pullFills(undefined);
      if (attempt > 1) await this.#pause(attemptPauseMs);
      const theirs = await broker.queryPositions();
      // Nobody watches the days while the venue is away.
      scribe.beginDays(clock.now());
      await this.#pullFills(ledger.lastTradeId(broker.card.name));
      problems = this.#unequalQuantities(theirs);
      if (problems.length === 0)
        return broker.card.averageWithFees === true ? [] : this.#compareAverages(theirs);
    }
    return problems;
  }

  #unequalQuantities(theirs: readonly BrokerPosition[]): string[] {
    const problems: string[] = [];
    const { positions } = this.#deps.ledger;
    const held = new Map(theirs.map((their) => [their.symbol, their.quantity]));
    for (const ours of positions.all()) if (!held.has(ours.symbol)) held.set(ours.symbol, 0n);
    for (const [symbol, quantity] of held) {
      const ours = positions.get(symbol)?.quantity ?? 0n;
      if (ours !== quantity) problems.push(this.#unequal(symbol, ours, quantity));
    }
    for (const { symbol, sides } of theirs)
      if (sides !== undefined) problems.push(...this.#unequalSides(symbol, sides));
    return problems;
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
  async #compareAverages(theirs: readonly BrokerPosition[]): Promise<string[]> {
    const problems: string[] = [];
    for (const their of theirs) {
      const ours = this.#deps.ledger.positions.get(their.symbol);
      if (ours === undefined || ours.quantity === 0n) continue;
      if (isNear(ours.averagePrice, their.averagePrice)) continue;
      const fills = await this.#deps.broker.queryFills();
      const replayed = this.#deps.ledger.positions.create(their.symbol);
      for (const { symbol, side, quantity, price, fee } of fills)
        if (symbol === their.symbol) replayed.execute(side, quantity, price, fee);
      const same = replayed.quantity === ours.quantity && replayed.cash === ours.cash;
      const [mine, other] = [moneyText(ours.averagePrice), moneyText(their.averagePrice)];
      const name = this.#deps.symbolName(their.symbol);
      const reason = `average price of ${name}: journal ${mine}, venue ${other}`;
      if (same && isNear(replayed.averagePrice, their.averagePrice))
        this.#adoptAverage(ours, replayed.averagePrice, reason);
      else problems.push(reason);
    }
    return problems;
  }

  #adoptAverage(ours: Position, averagePrice: bigint, reason: string): void {
    const { scribe, clock, logger } = this.#deps;
    logger.warn(`${reason}; same executions in another order, the venue's average is adopted`);
    scribe.adjustment({ symbol: ours.symbol, averagePrice, reason, time: clock.now() });
    this.#settle();
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

function isNear(ours: bigint, theirs: bigint): boolean {
  const gap = ours > theirs ? ours - theirs : theirs - ours;
  return gap * averageTolerance <= theirs;
}
