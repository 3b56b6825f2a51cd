// The paper broker: a simulated venue behind the gateway port. It matches against its own view of
// the live market, remembers everything in its own record (paper-record.ts), and can be told to
// misbehave. What always holds: an order id is executed at most once, ever; what is answered is in
// the record; all work happens in doWork(), the record is written once per call.

import {
  type BrokerCard,
  type BrokerListener,
  type BrokerOrderStatus,
  type BrokerPosition,
  divideRound,
  errorLine,
  type Fill,
  NdtsError,
  type OrderChange,
  type OrderIntent,
  OrderState,
  type OrderTerms,
  OrderType,
  type WorkingTerms,
} from '@ndts/protocol';
import { type OffsetRule, offsetRuleOf } from '../position/exchange.js';
import type { Gateway } from './gateway.js';
import { PaperAnswers } from './paper-answers.js';
import {
  fillOf,
  findInRecords,
  isWorking,
  PaperBook,
  paperVenue,
  tradeNumber,
  type VenueOrder,
} from './paper-book.js';
import { type PaperBehaviour, PaperFaults } from './paper-faults.js';
import { isWithin, type Match, PaperMatching } from './paper-matching.js';
import {
  arrivalOf,
  feeRateOf,
  type PaperBrokerOptions,
  paperAbilities,
  statusOf,
  workingOf,
} from './paper-options.js';
import { defaultLimits, type PaperLimits, PaperRecord, readRecords } from './paper-record.js';

interface Request {
  readonly dueNs: number;
  readonly intent: OrderIntent | undefined;
  readonly terms: OrderTerms | undefined;
  readonly change: OrderChange | undefined;
  readonly cancelId: string;
}

/** What is still to be executed of what was there as the order came. */
interface Part {
  readonly order: VenueOrder;
  readonly quantity: bigint;
  readonly price: bigint;
}

const feeScale = 10_000_000_000_000_000n;
const reopenNs = 1e9;

export class PaperBroker implements Gateway {
  readonly #options: PaperBrokerOptions;
  readonly #limits: PaperLimits;
  readonly #matching: PaperMatching;
  readonly #match: Match = { quantity: 0n, price: 0n };
  readonly #faults: PaperFaults;
  readonly #touched = new Set<number>();
  readonly #requests: Request[] = [];
  readonly #answers = new PaperAnswers();
  readonly #unfinished: Part[] = [];
  #latencyNs: number;
  #feeRate: bigint;
  #record: PaperRecord | undefined;
  #book: PaperBook;
  #listener: BrokerListener | undefined;
  #muted = false;
  #reopenAtNs = 0;

  constructor(options: PaperBrokerOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#book = new PaperBook(this.#limits.closedOrders, this.#ruleOf);
    this.#latencyNs = options.latencyUs * 1e3;
    this.#feeRate = feeRateOf(options.feeBps);
    this.#faults = new PaperFaults(options.random, options.clock, options.behaviour);
    const working = (symbol: number): ReturnType<PaperBook['working']> =>
      this.#book.working(symbol);
    this.#matching = new PaperMatching(options, working, (symbol) => this.#touched.add(symbol));
  }

  get card(): BrokerCard {
    return {
      name: paperVenue,
      deduplicates: 'ever',
      exclusiveSession: true,
      numbersTrades: true,
      inFlightMs: Math.ceil((2 * this.#latencyNs) / 1e6),
      can: this.#options.can ?? paperAbilities,
    };
  }

  setBehaviour(behaviour: Partial<PaperBehaviour>): void {
    this.#faults.set(behaviour);
  }

  /** While there is an outage nothing arrives, in either direction. */
  setOutage(outage: boolean): void {
    this.#faults.demand(outage);
  }

  setCosts(latencyUs: number, feeBps: number): void {
    this.#latencyNs = latencyUs * 1e3;
    this.#feeRate = feeRateOf(feeBps);
  }

  connect(listener: BrokerListener): Promise<void> {
    this.#listener = listener;
    if (this.#record === undefined) this.#open();
    return Promise.resolve();
  }

  connected(): boolean {
    return this.#record !== undefined && !this.#faults.isAway;
  }

  submit(intent: OrderIntent, terms?: OrderTerms): void {
    this.#request({ intent, terms });
  }

  cancel(clientOrderId: string): void {
    this.#request({ cancelId: clientOrderId });
  }

  replace(change: OrderChange): void {
    this.#request({ change });
  }

  async queryOrder(clientOrderId: string): Promise<BrokerOrderStatus | undefined> {
    this.#reachable();
    this.#receiveDue();
    this.#write();
    this.#reachable();
    const order = this.#book.order(clientOrderId);
    if (order !== undefined) return statusOf(order);
    if (!this.#book.forgot(clientOrderId)) return undefined;
    const old = findInRecords(this.#options.dir, clientOrderId);
    if (old.order !== undefined) return statusOf(old.order);
    if (old.complete) return undefined;
    throw new NdtsError('UNAVAILABLE', `order ${clientOrderId} is older than the venue's records`);
  }

  async queryOpenOrders(): Promise<BrokerOrderStatus[]> {
    this.#reachable();
    return this.#book.allWorking().map(statusOf);
  }

  async queryFills(afterTradeId?: string): Promise<Fill[]> {
    this.#reachable();
    const recent = this.#book.recentAfter(afterTradeId);
    if (recent !== undefined) return recent;
    const after = afterTradeId === undefined ? 0 : tradeNumber(afterTradeId);
    const fills: Fill[] = [];
    readRecords(this.#options.dir, (entry) => {
      if (entry.kind === 'fill' && tradeNumber(entry.tradeId) > after) fills.push(fillOf(entry));
    });
    return fills;
  }

  async queryPositions(): Promise<BrokerPosition[]> {
    this.#reachable();
    return this.#book.positions(this.#options.clock.now());
  }

  doWork(): number {
    let work = this.#matching.poll();
    if (this.#record === undefined && this.#listener !== undefined) this.#reopen();
    if (!this.connected()) {
      this.#requests.length = 0;
      this.#answers.drop();
      return work;
    }
    work += this.#finishPartials();
    work += this.#receiveDue();
    work += this.#matchTouched();
    if (!this.#write() || this.#faults.isAway) return work;
    return work + this.#answers.deliver(this.#options.clock.monotonicNs(), this.#listener);
  }

  /** What it has to do while it is away, waits until it is back. */
  dueNs(): number {
    if (this.#record === undefined)
      return this.#listener === undefined ? Infinity : this.#reopenAtNs;
    if (this.#faults.isAway) return Math.min(this.#matching.dueNs(), this.#faults.dueNs());
    if (this.#unfinished.length > 0 || this.#touched.size > 0) return 0;
    const requestNs = this.#requests[0]?.dueNs ?? Infinity;
    return Math.min(requestNs, this.#answers.dueNs(), this.#matching.dueNs());
  }

  disconnect(): Promise<void> {
    this.#listener = undefined;
    this.#close();
    return Promise.resolve();
  }

  #open(): void {
    const { recordBytes, archives, closedOrders } = this.#limits;
    const book = new PaperBook(closedOrders, this.#ruleOf);
    const record = new PaperRecord(this.#options.dir, (line) => book.apply(line));
    this.#record = record;
    this.#book = book;
    if (record.bytes <= recordBytes) return;
    try {
      record.beginAgain(book.state(record.part + 1), archives);
    } catch (error) {
      const reason = { error: errorLine(error) };
      this.#options.logger.warn(reason, "the paper venue's record cannot be shortened now");
    }
  }

  /** Forgets what was not written: only the record counts. */
  #close(): void {
    this.#record?.close();
    this.#record = undefined;
    this.#requests.length = 0;
    this.#answers.drop();
    this.#unfinished.length = 0;
    this.#touched.clear();
  }

  #reopen(): void {
    const now = this.#options.clock.monotonicNs();
    if (now < this.#reopenAtNs) return;
    this.#reopenAtNs = now + reopenNs;
    try {
      this.#open();
    } catch (error) {
      this.#options.logger.error(
        { error: errorLine(error) },
        'the paper venue cannot open its record',
      );
    }
  }

  /** False: the record cannot be written, and the venue is gone until it can. */
  #write(): boolean {
    try {
      this.#record?.write();
      return true;
    } catch (error) {
      this.#options.logger.error(
        { error: errorLine(error) },
        'the paper venue cannot write its record',
      );
      this.#close();
      return false;
    }
  }

  #reachable(): void {
    if (!this.connected()) throw new NdtsError('UNAVAILABLE', 'the paper venue is not reachable');
  }

  #request(what: Partial<Request>): void {
    if (this.#faults.isAway) return;
    // A cancel always arrives: what must go does not depend on chance.
    const mayLose = what.cancelId === undefined;
    if (mayLose && this.#faults.losesRequest()) return;
    this.#faults.mayGoAway();
    if (this.#faults.isAway) return;
    const nothing = { intent: undefined, terms: undefined, change: undefined, cancelId: '' };
    this.#requests.push({ ...nothing, ...what, dueNs: this.#due() });
  }

  #due(): number {
    return this.#latencyNs === 0 ? 0 : this.#options.clock.monotonicNs() + this.#latencyNs;
  }

  #receiveDue(): number {
    const requests = this.#requests;
    if (requests.length === 0) return 0;
    const now = this.#options.clock.monotonicNs();
    let count = 0;
    for (const request of requests) {
      if (request.dueNs > now) break;
      count += 1;
      this.#muted = this.#faults.losesAnswers();
      if (request.intent !== undefined) this.#receiveOrder(request.intent, request.terms);
      else if (request.change !== undefined) this.#receiveChange(request.change);
      else this.#receiveCancel(request.cancelId);
      this.#muted = false;
      this.#faults.mayGoAway();
      if (this.#faults.isAway) break;
    }
    requests.splice(0, count);
    return count;
  }

  #receiveOrder(intent: OrderIntent, terms: OrderTerms | undefined): void {
    const id = intent.clientOrderId;
    if (this.#isDuplicate(id)) return;
    const price = this.#matching.arrivalPrice(intent);
    const arrival = arrivalOf(terms, price > 0n);
    const offset = terms?.offset ?? 0;
    const refusal = arrival.refusal || this.#refusal(intent, price, offset);
    if (refusal !== '') {
      const venueOrderId = this.#book.nextVenueOrderId();
      this.#note({ kind: 'reject', id, venueOrderId, reason: refusal, ...this.#stamp() });
      this.#tell(this.#known(id), OrderState.rejected, refusal);
      return;
    }
    const entry = {
      id,
      venueOrderId: this.#book.nextVenueOrderId(),
      symbol: intent.symbol,
      side: intent.side,
      type: intent.orderType,
      quantity: String(intent.quantity),
      limitPrice: String(intent.limitPrice),
      ...(offset === 0 ? {} : { offset }),
      ...this.#stamp(),
    };
    this.#record?.order(entry);
    this.#book.apply({ kind: 'order', ...entry });
    const order = this.#known(id);
    this.#tell(order, OrderState.accepted, '');
    if (price > 0n) this.#executeSome(order, price, arrival.isWhole);
    if (isWorking(order)) this.#matching.enqueue(order);
    if (!arrival.isImmediate || !isWorking(order)) return;
    this.#note({ kind: 'cancel', id, ...this.#stamp() });
    this.#tell(order, order.state, 'not executed at once');
  }

  /** A change beyond what was executed is carried out; anything else leaves the order as it is. */
  #receiveChange({ clientOrderId: id, quantity, limitPrice }: OrderChange): void {
    const order = this.#book.order(id);
    if (order === undefined) return;
    const fits = order.type === OrderType.limit ? limitPrice > 0n : limitPrice === 0n;
    if (!isWorking(order) || quantity <= order.filled || !fits) {
      this.#tell(order, order.state, 'too late to change it');
      return;
    }
    const keepsPlace = limitPrice === order.limitPrice && quantity <= order.quantity;
    const texts = { quantity: String(quantity), limitPrice: String(limitPrice) };
    this.#note({ kind: 'replace', id, ...texts, ...this.#stamp() });
    this.#tell(order, order.state, '', workingOf(order));
    if (!keepsPlace) this.#matching.enqueue(order);
    this.#touched.add(order.symbol);
  }

  /** The answer tells how the first one stands; it never rejects it. */
  #isDuplicate(id: string): boolean {
    let known = this.#book.order(id);
    if (known === undefined) {
      if (!this.#book.forgot(id)) return false;
      const old = findInRecords(this.#options.dir, id);
      if (old.order === undefined && old.complete) return false;
      known = old.order;
    }
    this.#note({ kind: 'duplicate', id, ...this.#stamp() });
    if (known !== undefined) this.#tell(known, known.state, 'duplicate refused');
    return true;
  }

  #refusal(intent: OrderIntent, price: bigint, offset: number): string {
    if (intent.quantity <= 0n) return 'quantity not positive';
    if (this.#faults.rejects()) return 'refused on demand';
    if (intent.orderType === OrderType.market && price === 0n) return 'no market';
    return this.#book.closeRefusal({ ...intent, offset }, this.#options.clock.now());
  }

  #receiveCancel(id: string): void {
    const order = this.#book.order(id);
    if (order === undefined) return;
    const working = isWorking(order);
    if (working) this.#note({ kind: 'cancel', id, ...this.#stamp() });
    this.#tell(order, order.state, working ? 'canceled on request' : '');
  }

  /** As much as is shown, or by behaviour half of it now and the rest at the next call. */
  #executeSome(order: VenueOrder, price: bigint, whole: boolean): void {
    const open = order.quantity - order.filled;
    const shown = this.#matching.shown(order.symbol, order.side, open);
    if (shown <= 0n || (whole && shown < open)) return;
    const half = shown / 2n;
    const partial = !whole && half > 0n && this.#faults.fillsInParts();
    const quantity = partial ? half : shown;
    this.#matching.take(order.symbol, order.side, shown);
    this.#execute(order, quantity, price);
    if (partial) this.#unfinished.push({ order, quantity: shown - half, price });
  }

  /** At the price of the first part, where the order still takes it. */
  #finishPartials(): number {
    if (this.#unfinished.length === 0) return 0;
    const parts = this.#unfinished.splice(0);
    for (const { order, quantity, price } of parts) {
      if (!isWorking(order)) continue;
      const { side, limitPrice } = order;
      if (order.type === OrderType.limit && !isWithin(side, price, limitPrice)) continue;
      const open = order.quantity - order.filled;
      this.#execute(order, quantity < open ? quantity : open, price);
    }
    return parts.length;
  }

  /** Resting limit orders fill at their price when the market comes to it; market orders that a
   * restart left open fill at the market. */
  #matchTouched(): number {
    if (this.#touched.size === 0) return 0;
    const match = this.#match;
    let count = 0;
    for (const symbol of this.#touched)
      for (const order of this.#book.working(symbol) ?? []) {
        this.#matching.resting(order, match);
        if (match.quantity <= 0n) continue;
        this.#execute(order, match.quantity, match.price);
        count += 1;
      }
    this.#touched.clear();
    return count;
  }

  #execute(order: VenueOrder, quantity: bigint, price: bigint): void {
    const worth = BigInt(this.#options.instrumentOf?.(order.symbol)?.multiplier ?? 1);
    const entry = {
      tradeId: this.#book.nextTradeId(),
      id: order.id,
      symbol: order.symbol,
      side: order.side,
      quantity: String(quantity),
      ...(order.offset === 0 ? {} : { offset: order.offset }),
      price: String(price),
      fee: String(divideRound(quantity * price * worth * this.#feeRate, feeScale)),
      ...this.#stamp(),
    };
    this.#record?.fill(entry);
    const recorded = { kind: 'fill' as const, ...entry };
    this.#book.apply(recorded);
    if (!this.#muted) this.#answers.fill(this.#due(), fillOf(recorded));
  }

  #note(entry: Parameters<PaperRecord['other']>[0]): void {
    this.#record?.other(entry);
    this.#book.apply(entry);
  }

  #tell(order: VenueOrder, state: OrderState, reason: string, working?: WorkingTerms): void {
    if (this.#muted) return;
    const update = {
      clientOrderId: order.id,
      venueOrderId: order.venueOrderId,
      state,
      reason,
      time: this.#options.clock.now(),
      ...(working === undefined ? {} : { working }),
      ...(isWorking(order) ? {} : { filledQuantity: order.filled }),
    };
    this.#answers.update(this.#due(), update);
  }

  readonly #ruleOf = (symbol: number): OffsetRule | undefined =>
    offsetRuleOf(this.#options.instrumentOf?.(symbol)?.exchange ?? '');

  #known(id: string): VenueOrder {
    const order = this.#book.order(id);
    if (order === undefined) throw new NdtsError('INTERNAL', `order ${id} was just recorded`);
    return order;
  }

  #stamp(): { day: number; ns: number } {
    const { day, nsOfDay } = this.#options.clock.now();
    return { day, ns: nsOfDay };
  }
}
