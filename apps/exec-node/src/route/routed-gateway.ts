// Two gateways as one: orders go to the primary, and to the backup while the primary's breaker is
// open. What always holds: an order is at one venue at most. It moves to the backup only after the
// primary said that it definitely was not taken; one whose outcome is unknown stays where it is and
// is asked for there. What the backup has no instrument for never goes there.

import {
  type BrokerAbilities,
  type BrokerCard,
  type BrokerListener,
  type BrokerOrderStatus,
  type BrokerOrderUpdate,
  type BrokerPosition,
  type Clock,
  divideRound,
  type Fill,
  type OrderIntent,
  OrderState,
  type OrderTerms,
  plainAbilities,
  type RouteView,
} from '@ndts/protocol';
import { askEach, askOrders, type OrderStatuses } from '../broker/ask-orders.js';
import type { Gateway } from '../broker/gateway.js';
import { Breaker, type BreakerState } from './breaker.js';

/** What rules look at. */
export type RuledOrder = Pick<OrderIntent, 'symbol' | 'account' | 'orderType'>;

export interface RoutedOptions {
  readonly primary: Gateway;
  readonly backup: Gateway;
  readonly clock: Clock;
  /** Whether there is an instrument there for the symbol. */
  readonly primaryTrades?: (symbol: number) => boolean;
  readonly backupTrades: (symbol: number) => boolean;
  /** Where an order goes, and nowhere else; undefined: to the primary, or its backup. */
  readonly ruleFor?: (order: RuledOrder) => 'primary' | 'backup' | undefined;
  readonly retryNs?: number;
}

/** Open orders whose place is remembered; of older ones both are asked. */
const placesMax = 100_000;

interface Sent {
  readonly intent: OrderIntent;
  readonly terms: OrderTerms | undefined;
  /** It never goes on at the backup: a rule sent it here, it was canceled, or nobody knew what
   * became of it, so that it was asked for. */
  stays: boolean;
}

export class RoutedGateway implements Gateway {
  readonly #options: RoutedOptions;
  readonly #breaker: Breaker;
  /** Where an open order is; one that is not in it is asked for at both. */
  readonly #places = new Map<string, Gateway>();
  /** At the primary without a word yet. */
  readonly #unanswered = new Map<string, Sent>();
  #listener: BrokerListener | undefined;
  readonly #attached = new Set<Gateway>();
  #why = '';
  readonly #down = new Set<Gateway>();
  #cameBack = false;

  constructor(options: RoutedOptions) {
    this.#options = options;
    this.#breaker = new Breaker(3, options.retryNs);
  }

  get card(): BrokerCard {
    const [a, b] = [this.#options.primary.card, this.#options.backup.card];
    return {
      name: `${a.name}+${b.name}`,
      deduplicates: 'none',
      exclusiveSession: a.exclusiveSession || b.exclusiveSession,
      inFlightMs: Math.max(a.inFlightMs, b.inFlightMs),
      // Averages of two accounts are not one's own.
      averageWithFees: true,
      tellsPositions: a.tellsPositions !== false && b.tellsPositions !== false,
      can: commonAbilities(a.can ?? plainAbilities, b.can ?? plainAbilities),
    };
  }

  get breaker(): BreakerState {
    return this.#breaker.state;
  }

  /** Whether new risk in the symbol has a way. Also what only the primary trades tries the way back
   * to it, when it is time for that. */
  trades(symbol: number): boolean {
    const { primary, backup, clock, backupTrades } = this.#options;
    const backupHas = backupTrades(symbol);
    if (backupHas && backup.connected()) return true;
    if (!this.#primaryTrades(symbol) || !primary.connected()) return false;
    return backupHas || this.#breaker.isDue(clock.monotonicNs());
  }

  route(): RouteView {
    const { primary, backup } = this.#options;
    return {
      ...{ primary: primary.card.name, backup: backup.card.name },
      ...{ primaryUp: primary.connected(), backupUp: backup.connected() },
      ...{ breaker: this.#breaker.state, why: this.#why },
    };
  }

  /** Of this pair; another one begins with a closed breaker. */
  restoreBreaker(primary: string, backup: string, why: string): void {
    const { primary: one, backup: other, clock } = this.#options;
    if (one.card.name !== primary || other.card.name !== backup) return;
    this.#why = why;
    this.#breaker.restore(clock.monotonicNs());
  }

  cards(): readonly BrokerCard[] {
    return this.#both().map(({ card }) => card);
  }

  /** With one of the two orders have a way. False for a cycle when one came back, so that it is
   * reconciled. */
  connected(): boolean {
    return (
      !this.#cameBack && (this.#options.primary.connected() || this.#options.backup.connected())
    );
  }

  async connect(listener: BrokerListener): Promise<void> {
    this.#listener = listener;
    for (const one of this.#both()) {
      // Asked again because the other one was not reachable.
      if (this.#attached.has(one)) continue;
      await one.connect(this.#hear(one));
      this.#attached.add(one);
    }
  }

  submit(intent: OrderIntent, terms?: OrderTerms): void {
    const { primary, backup, clock, backupTrades } = this.#options;
    const rule = this.#options.ruleFor?.(intent);
    if (rule !== undefined) {
      if (rule === 'primary')
        this.#unanswered.set(intent.clientOrderId, { intent, terms, stays: true });
      this.#send(rule === 'primary' ? primary : backup, intent, terms);
      return;
    }
    // Without an instrument there only the primary is left, whatever its breaker says.
    const stays = !backupTrades(intent.symbol) || !backup.connected();
    if (!stays && !this.#primaryTrades(intent.symbol)) {
      this.#send(backup, intent, terms);
      return;
    }
    const now = clock.monotonicNs();
    const admitted = this.#breaker.admits(now);
    // Never handed over is definite, too.
    if (admitted && !stays && !primary.connected()) this.#failed('not reachable');
    if (stays || (admitted && primary.connected())) {
      this.#unanswered.set(intent.clientOrderId, { intent, terms, stays: false });
      this.#send(primary, intent, terms);
    } else this.#send(backup, intent, terms);
  }

  cancel(clientOrderId: string): void {
    this.#stay(clientOrderId);
    const place = this.#places.get(clientOrderId);
    if (place !== undefined) place.cancel(clientOrderId);
    else for (const one of this.#both()) one.cancel(clientOrderId);
  }

  replace(change: Parameters<NonNullable<Gateway['replace']>>[0]): void {
    this.#places.get(change.clientOrderId)?.replace?.(change);
  }

  async queryOrder(clientOrderId: string): Promise<BrokerOrderStatus | undefined> {
    this.#stay(clientOrderId);
    const place = this.#places.get(clientOrderId);
    if (place !== undefined) return place.queryOrder(clientOrderId);
    let refused: BrokerOrderStatus | undefined;
    for (const one of this.#both()) {
      const status = await one.queryOrder(clientOrderId);
      // Refused at the primary, it may be alive at the backup.
      if (status?.state === OrderState.rejected) refused = status;
      else if (status !== undefined) return status;
    }
    return refused;
  }

  /** Those whose place is known there, together; each of the others at both. */
  async queryOrders(ids: readonly string[]): Promise<OrderStatuses> {
    const nowhere = ids.filter((id) => !this.#places.has(id));
    const found = await askEach(nowhere, (id) => this.queryOrder(id));
    for (const one of this.#both()) {
      const there = ids.filter((id) => this.#places.get(id) === one);
      for (const id of there) this.#stay(id);
      for (const [id, status] of await askOrders(one, there)) found.set(id, status);
    }
    return found;
  }

  async queryOpenOrders(): Promise<BrokerOrderStatus[]> {
    const all: BrokerOrderStatus[] = [];
    for (const one of this.#both())
      for (const status of await one.queryOpenOrders()) {
        this.#place(status.clientOrderId, one);
        all.push(status);
      }
    return all;
  }

  /** Of both, all: a trade id says nothing about the other venue. */
  async queryFills(): Promise<Fill[]> {
    const all = [];
    for (const one of this.#both()) all.push(...(await one.queryFills()));
    return all.sort((a, b) => a.time.day - b.time.day || a.time.nsOfDay - b.time.nsOfDay);
  }

  async queryPositions(): Promise<BrokerPosition[]> {
    const sums = new Map<number, BrokerPosition>();
    for (const one of this.#both())
      for (const theirs of await one.queryPositions()) {
        const { symbol } = theirs;
        const ours = sums.get(symbol);
        sums.set(symbol, ours === undefined ? theirs : added(ours, theirs));
      }
    return [...sums.values()];
  }

  doWork(): number {
    this.#cameBack = false;
    for (const one of this.#both()) {
      const isUp = one.connected();
      if (isUp && this.#down.has(one)) this.#cameBack = true;
      if (isUp) this.#down.delete(one);
      else this.#down.add(one);
    }
    return this.#options.primary.doWork() + this.#options.backup.doWork();
  }

  async disconnect(): Promise<void> {
    for (const one of this.#both()) await one.disconnect();
    this.#attached.clear();
  }

  #both(): readonly Gateway[] {
    return [this.#options.primary, this.#options.backup];
  }

  #send(to: Gateway, intent: OrderIntent, terms: OrderTerms | undefined): void {
    this.#place(intent.clientOrderId, to);
    if (terms === undefined) to.submit(intent);
    else to.submit(intent, terms);
  }

  #stay(clientOrderId: string): void {
    const sent = this.#unanswered.get(clientOrderId);
    if (sent !== undefined) sent.stays = true;
  }

  #place(clientOrderId: string, at: Gateway): void {
    this.#places.set(clientOrderId, at);
    if (this.#places.size <= placesMax) return;
    for (const oldest of this.#places.keys()) {
      this.#places.delete(oldest);
      return;
    }
  }

  #primaryTrades(symbol: number): boolean {
    return this.#options.primaryTrades?.(symbol) !== false;
  }

  #failed(why: string): void {
    this.#why = why;
    this.#breaker.failed(this.#options.clock.monotonicNs());
  }

  #hear(from: Gateway): BrokerListener {
    return {
      onOrderUpdate: (update) => {
        if (from !== this.#options.primary || !this.#takeUpdate(update))
          this.#listener?.onOrderUpdate(update);
        if (isOver(update.state)) this.#places.delete(update.clientOrderId);
      },
      onFill: (fill) => {
        if (from === this.#options.primary) this.#answered(fill.clientOrderId);
        this.#listener?.onFill(fill);
      },
    };
  }

  /** True: the order goes on at the backup, and the refusal is nobody's business. */
  #takeUpdate(update: BrokerOrderUpdate): boolean {
    const { clientOrderId, failure } = update;
    const sent = this.#unanswered.get(clientOrderId);
    if (failure === undefined || update.state !== OrderState.rejected) {
      this.#answered(clientOrderId);
      return false;
    }
    this.#unanswered.delete(clientOrderId);
    // Told again: it counts, and moves, once.
    if (sent === undefined) return this.#places.get(clientOrderId) === this.#options.backup;
    this.#failed(update.reason === '' ? failure : update.reason);
    const { backup, backupTrades } = this.#options;
    if (sent.stays || !backup.connected() || !backupTrades(sent.intent.symbol)) return false;
    this.#send(backup, sent.intent, sent.terms);
    return true;
  }

  #answered(clientOrderId: string): void {
    if (!this.#unanswered.delete(clientOrderId)) return;
    this.#breaker.succeeded();
    this.#why = '';
  }
}

function isOver(state: OrderState): boolean {
  return state === OrderState.canceled || state === OrderState.expired;
}

/** What both can do. */
function commonAbilities(a: BrokerAbilities, b: BrokerAbilities): BrokerAbilities {
  return {
    orderTypes: a.orderTypes.filter((type) => b.orderTypes.includes(type)),
    timesInForce: a.timesInForce.filter((one) => b.timesInForce.includes(one)),
    postOnly: a.postOnly && b.postOnly,
    reduceOnly: a.reduceOnly && b.reduceOnly,
    replace: a.replace && b.replace,
    offsets: a.offsets && b.offsets,
  };
}

function added(a: BrokerPosition, b: BrokerPosition): BrokerPosition {
  const quantity = a.quantity + b.quantity;
  const cost = a.quantity * a.averagePrice + b.quantity * b.averagePrice;
  return {
    symbol: a.symbol,
    quantity,
    averagePrice: quantity === 0n ? 0n : divideRound(cost, quantity),
  };
}
