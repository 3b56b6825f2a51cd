// Reconciliation: our orders, fills and positions against the broker's. At start, and whenever the
// broker comes back, before anything new is sent. What always holds: nothing is ever sent from here;
// an order the venue does not know is closed only after the card's in-flight horizon; fills found
// here pass the same checks as live ones; a difference that remains stops trading with its reason.

import {
  type BrokerOrderStatus,
  type BrokerPosition,
  type Clock,
  moneyText,
  OrderState,
} from '@ndts/protocol';
import type { Gateway } from '../broker/gateway.js';
import type { Ledger } from '../order/ledger.js';
import type { Order } from '../order/order.js';
import type { Scribe } from '../order/scribe.js';
import type { Position } from '../position/position.js';
import type { Answers } from './answers.js';

export interface ReconcileDeps {
  readonly ledger: Ledger;
  readonly scribe: Scribe;
  readonly answers: Answers;
  readonly broker: Gateway;
  readonly clock: Clock;
  readonly symbolName: (id: number) => string;
}

const positionAttempts = 5;
const attemptPauseMs = 20;
/** 0.01 % of the price: venues round averages their own way. */
const averageTolerance = 10_000n;

export class Reconciler {
  readonly #deps: ReconcileDeps;

  constructor(deps: ReconcileDeps) {
    this.#deps = deps;
  }

  /** Brings our side up to what the venue knows; returns what still differs, one line each.
   * `atStart`: no order of this process has been sent yet. Rejects when the broker can't be asked. */
  async run(atStart: boolean): Promise<string[]> {
    const { broker, ledger } = this.#deps;
    await this.#pause(broker.card.inFlightMs);
    await this.#pullFills(ledger.lastTradeId(broker.card.name));
    const problems: string[] = [];
    for (const order of [...ledger.orders.open()]) {
      if (order.closed || (!atStart && order.state === OrderState.intended)) continue;
      const problem = await this.resolve(order, true);
      if (problem !== undefined) problems.push(problem);
    }
    for (const status of await broker.queryOpenOrders()) {
      const order = ledger.orders.get(status.clientOrderId);
      if (order === undefined)
        problems.push(`the venue holds order ${status.clientOrderId}, the journal does not`);
      else if (order.closed)
        problems.push(`order ${status.clientOrderId} is closed here and open at the venue`);
    }
    problems.push(...(await this.#comparePositions()));
    for (const position of ledger.positions.all())
      if (position.realised !== position.cash + position.cost)
        problems.push(`PnL of ${this.#deps.symbolName(position.symbol)} does not add up`);
    return problems;
  }

  /** Asks the venue for one order and applies the answer. `beyondHorizon`: "not found" is final.
   * Returns what is wrong, if anything. */
  async resolve(order: Order, beyondHorizon: boolean): Promise<string | undefined> {
    const { broker, ledger } = this.#deps;
    const { clientOrderId } = order.intent;
    const status = await broker.queryOrder(clientOrderId);
    this.#settle();
    if (order.closed) return undefined;
    if (status === undefined) return this.#notFound(order, beyondHorizon);
    if (status.filledQuantity > order.filled) {
      await this.#pullFills(ledger.lastTradeId(broker.card.name));
      if (status.filledQuantity > order.filled) await this.#pullFills(undefined);
    }
    this.#adopt(order, status);
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
    const { venueOrderId, state } = status;
    // Fills decide about (partially) filled; the acknowledgement brings the venue's id.
    const told =
      state === OrderState.filled || state === OrderState.partiallyFilled
        ? OrderState.accepted
        : state;
    const reason = told === OrderState.accepted ? '' : 'found by reconciliation';
    answers.onOrderUpdate({ clientOrderId, venueOrderId, state: told, reason, time: clock.now() });
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
    const { broker, ledger } = this.#deps;
    let problems: string[] = [];
    for (let attempt = 0; attempt < positionAttempts; attempt++) {
      // A mismatch may be a fill whose report is on its way, or one that was never reported.
      if (attempt > 0) await this.#pullFills(undefined);
      if (attempt > 1) await this.#pause(attemptPauseMs);
      const theirs = await broker.queryPositions();
      await this.#pullFills(ledger.lastTradeId(broker.card.name));
      problems = this.#differences(theirs);
      if (problems.length === 0) return problems;
    }
    return problems;
  }

  #differences(theirs: readonly BrokerPosition[]): string[] {
    const problems: string[] = [];
    const seen = new Set<number>();
    for (const their of theirs) {
      seen.add(their.symbol);
      const problem = this.#difference(this.#deps.ledger.positions.get(their.symbol), their);
      if (problem !== undefined) problems.push(problem);
    }
    for (const ours of this.#deps.ledger.positions.all())
      if (!seen.has(ours.symbol) && ours.quantity !== 0n)
        problems.push(this.#unequal(ours.symbol, ours.quantity, 0n));
    return problems;
  }

  #difference(ours: Position | undefined, their: BrokerPosition): string | undefined {
    const quantity = ours?.quantity ?? 0n;
    if (quantity !== their.quantity) return this.#unequal(their.symbol, quantity, their.quantity);
    if (ours === undefined || quantity === 0n) return undefined;
    const gap = ours.averagePrice - their.averagePrice;
    const size = gap < 0n ? -gap : gap;
    if (size * averageTolerance <= their.averagePrice) return undefined;
    const name = this.#deps.symbolName(their.symbol);
    const [mine, other] = [moneyText(ours.averagePrice), moneyText(their.averagePrice)];
    return `average price of ${name}: journal ${mine}, venue ${other}`;
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
