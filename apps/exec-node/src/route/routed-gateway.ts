// Two gateways as one: orders go to the primary, and to the backup while the primary's breaker is
// open. What always holds: an order is at one venue at most. It moves to the backup only after the
// primary said that it definitely was not taken; one whose outcome is unknown stays where it is and
// is asked for there. What the backup has no instrument for never goes there; nor does any order to
// one that was out of reach and not compared since.

import {
  type BrokerAbilities,
  type BrokerCard,
  type BrokerListener,
  type BrokerOrderStatus,
  type BrokerOrderUpdate,
  type BrokerPosition,
  type Clock,
  type Fill,
  type OrderIntent,
  OrderState,
  type OrderTerms,
  plainAbilities,
  type RouteView,
} from '@ndts/protocol';
import { askEach, askOrders, type OrderStatuses } from '../broker/ask-orders.js';
import type { Gateway, GatewayParts, IsBarred, RuledOrder } from '../broker/gateway.js';
import { positionSums } from '../broker/position-sums.js';
import { Admission } from './admission.js';
import { Breaker, type BreakerState } from './breaker.js';

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
  readonly #admission: Admission;
  readonly parts: GatewayParts;
  /** Of what was not sent, told in the next cycle. */
  readonly #refused: BrokerOrderUpdate[] = [];
  #why = '';
  #isBarred: IsBarred = () => false;

  constructor(options: RoutedOptions) {
    this.#options = options;
    this.#breaker = new Breaker(3, options.retryNs);
    const admission = new Admission([options.primary, options.backup], options.clock);
    this.#admission = admission;
    this.parts = {
      survey: (all) => admission.survey(all),
      admit: () => admission.admit(),
      get isPending() {
        return admission.isPending;
      },
      get areAllAsked() {
        return admission.areAllAsked;
      },
      areAskedFor: (clientOrderId) => {
        const place = this.#places.get(clientOrderId);
        return place === undefined ? admission.areAllAsked : admission.isAsked(place);
      },
      closed: () => admission.closed(),
      takes: (order) => this.#takes(order),
      guard: (isBarred) => {
        this.#isBarred = isBarred;
      },
    };
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

  #takes(order: RuledOrder): boolean {
    const { primary, backup, backupTrades, ruleFor } = this.#options;
    const rule = ruleFor?.(order);
    if (rule !== undefined) return this.#isOpen(rule === 'primary' ? primary : backup);
    if (backupTrades(order.symbol) && this.#isOpen(backup)) return true;
    return this.#primaryTrades(order.symbol) && this.#isOpen(primary);
  }

  route(): RouteView {
    const { primary, backup } = this.#options;
    return {
      ...{ primary: primary.card.name, backup: backup.card.name },
      ...{ primaryUp: primary.connected(), backupUp: backup.connected() },
      ...{ primaryReconciled: this.#isOpen(primary), backupReconciled: this.#isOpen(backup) },
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

  /** With one of the two orders have a way. */
  connected(): boolean {
    return this.#options.primary.connected() || this.#options.backup.connected();
  }

  /** Resolves when one of them answers, once the other one does or can't be reached. */
  connect(listener: BrokerListener): Promise<void> {
    this.#listener = listener;
    return this.#admission.connect((one) => this.#hear(one));
  }

  submit(intent: OrderIntent, terms?: OrderTerms): void {
    const { primary, backup, clock, backupTrades } = this.#options;
    const rule = this.#options.ruleFor?.(intent);
    if (rule !== undefined) {
      const to = rule === 'primary' ? primary : backup;
      if (to === primary && this.#isOpen(to))
        this.#unanswered.set(intent.clientOrderId, { intent, terms, stays: true });
      this.#send(to, intent, terms);
      return;
    }
    // Without an instrument there only the primary is left, whatever its breaker says.
    const stays = !backupTrades(intent.symbol) || !this.#isOpen(backup);
    if (!stays && !this.#primaryTrades(intent.symbol)) {
      this.#send(backup, intent, terms);
      return;
    }
    const now = clock.monotonicNs();
    const isAdmitted = this.#breaker.admits(now);
    const isOpen = this.#isOpen(primary);
    // Never handed over is definite, too.
    if (isAdmitted && !stays && !isOpen)
      this.#failed(primary.connected() ? 'not reconciled' : 'not reachable');
    if (stays || (isAdmitted && isOpen)) {
      if (isOpen) this.#unanswered.set(intent.clientOrderId, { intent, terms, stays: false });
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
    const place = this.#places.get(change.clientOrderId);
    if (place === undefined) return;
    if (this.#isOpen(place)) place.replace?.(change);
    else this.#refuse(place, change.clientOrderId, OrderState.accepted);
  }

  async queryOrder(clientOrderId: string): Promise<BrokerOrderStatus | undefined> {
    this.#stay(clientOrderId);
    const place = this.#places.get(clientOrderId);
    if (place !== undefined)
      return this.#admission.isAsked(place) ? place.queryOrder(clientOrderId) : undefined;
    let refused: BrokerOrderStatus | undefined;
    for (const one of this.#asked()) {
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
    for (const one of this.#asked()) {
      const there = ids.filter((id) => this.#places.get(id) === one);
      for (const id of there) this.#stay(id);
      for (const [id, status] of await askOrders(one, there)) found.set(id, status);
    }
    return found;
  }

  async queryOpenOrders(): Promise<BrokerOrderStatus[]> {
    const all: BrokerOrderStatus[] = [];
    for (const one of this.#asked())
      for (const status of await one.queryOpenOrders()) {
        this.#place(status.clientOrderId, one);
        all.push(status);
      }
    return all;
  }

  /** All: a trade id says nothing about the other venue. */
  async queryFills(): Promise<Fill[]> {
    const all = [];
    for (const one of this.#asked()) all.push(...(await one.queryFills()));
    return all.sort((a, b) => a.time.day - b.time.day || a.time.nsOfDay - b.time.nsOfDay);
  }

  /** As the coarser of the two trades it. */
  lotOf(symbol: number): bigint {
    const [a = 0n, b = 0n] = this.#both().map((one) => one.lotOf?.(symbol) ?? 0n);
    return a > b ? a : b;
  }

  async queryPositions(): Promise<BrokerPosition[]> {
    const all: BrokerPosition[] = [];
    for (const one of this.#asked()) all.push(...(await one.queryPositions()));
    return positionSums(all);
  }

  doWork(): number {
    this.#admission.doWork();
    const refused = this.#refused.splice(0);
    for (const update of refused) this.#listener?.onOrderUpdate(update);
    return refused.length + this.#options.primary.doWork() + this.#options.backup.doWork();
  }

  disconnect(): Promise<void> {
    return this.#admission.disconnect();
  }

  #isOpen(one: Gateway): boolean {
    return this.#admission.isOpen(one);
  }

  /** As of the last survey. */
  #asked(): readonly Gateway[] {
    return this.#both().filter((one) => this.#admission.isAsked(one));
  }

  #both(): readonly Gateway[] {
    return [this.#options.primary, this.#options.backup];
  }

  #send(to: Gateway, intent: OrderIntent, terms: OrderTerms | undefined): void {
    if (!this.#isOpen(to)) {
      this.#refuse(to, intent.clientOrderId, OrderState.rejected);
      return;
    }
    this.#place(intent.clientOrderId, to);
    if (terms === undefined) to.submit(intent);
    else to.submit(intent, terms);
  }

  /** Nothing of it was handed over. */
  #refuse(to: Gateway, clientOrderId: string, state: OrderState): void {
    const why = to.connected() ? 'not reconciled' : 'not reachable';
    const reason = `not sent: ${to.card.name} is ${why}`;
    const time = this.#options.clock.now();
    this.#refused.push({ clientOrderId, venueOrderId: '', state, reason, time });
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
    // Trading states and times hold also for what was on its way to the first one.
    if (sent.stays || this.#isBarred(sent.intent, sent.terms)) return false;
    if (!this.#isOpen(backup) || !backupTrades(sent.intent.symbol)) return false;
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
    closesOddLots: a.closesOddLots === true && b.closesOddLots === true,
  };
}
