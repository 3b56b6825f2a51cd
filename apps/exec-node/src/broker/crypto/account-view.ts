// What a venue knows of our orders and trades, asked for by its lists and order by order. What
// always holds: what it answers about another order is not taken for an answer; an order that it
// can't be asked about by our id is never said to be unknown there.

import {
  type Fill,
  NdtsError,
  nsPerMs,
  OrderState,
  type OrderState as State,
} from '@ndts/protocol';
import { isFinal } from '../../order/transitions.js';
import {
  type CcxtFill,
  type CcxtMarket,
  type CcxtOrder,
  type CcxtParams,
  type CcxtTrading,
  failureOf,
  outcomeOf,
} from './ccxt-trading.js';
import { orderIdOf, venueIdOf } from './client-ids.js';
import { type CryptoOrder, type CryptoOrders, stateOf } from './crypto-orders.js';
import { exactOf } from './exact.js';
import { termsOf } from './order-words.js';
import { allPages, type List } from './pages.js';
import { plainLine } from './plain-line.js';
import type { CcxtBrokerOptions } from './settings.js';
import { Turns } from './turns.js';
import { wordsOf } from './venue-words.js';

/** At what is new; of longer ago, when the connection has `begun` (then nothing is told) or an
 * order of before was `asked` for. */
export type Look = 'plain' | 'begun' | 'asked';

export interface AccountViewDeps {
  readonly options: CcxtBrokerOptions;
  readonly orders: CryptoOrders;
  readonly symbols: ReadonlyMap<string, number>;
  readonly exchange: () => CcxtTrading | undefined;
  readonly ask: <T>(request: (exchange: CcxtTrading) => Promise<T>) => Promise<T>;
  /** Throws while the venue is away. */
  readonly reachable: () => void;
  readonly onState: (order: CryptoOrder, state: State, reason: string) => void;
  readonly onFills: (fills: readonly Fill[]) => void;
}

type PastList = 'fetchOrders' | 'fetchCanceledAndClosedOrders' | 'fetchClosedOrders';
type PastLists = readonly (PastList | 'fetchCanceledOrders')[];

/** How long a venue may take to list what happened; with that, how far two clocks may differ. */
const lateMs = 300_000;

export class AccountView {
  readonly #deps: AccountViewDeps;
  readonly #turns = new Turns<Look>((market, wishes) => this.#lookNow(market, wishes));
  /** By market: what happened up to then is known. */
  readonly #knownMs = new Map<string, number>();

  constructor(deps: AccountViewDeps) {
    this.#deps = deps;
    const { clock, markets } = deps.options;
    for (const market of markets.values()) this.#knownMs.set(market, clock.nowMs());
  }

  /** Brings our side of a market up to the venue's. */
  look(market: string, wish: Look = 'plain'): Promise<void> {
    return this.#turns.next(market, wish);
  }

  async #lookNow(market: string, wishes: ReadonlySet<Look>): Promise<void> {
    const { clock, historyMs } = this.#deps.options;
    const begunMs = clock.nowMs();
    const known = this.#knownMs.get(market) ?? begunMs;
    const isFar = wishes.has('begun') || wishes.has('asked');
    const since = known - (isFar ? historyMs : lateMs);
    const quiet = wishes.has('begun') ? true : undefined;
    if (quiet === true) await this.#lookAtPast(market, since, quiet);
    const failed = await this.#lookAtOrders(market, quiet);
    await this.#lookAtTrades(market, since, quiet);
    this.#knownMs.set(market, begunMs);
    if (failed !== undefined) throw failed;
  }

  /** Open ones are told together, whatever their age; one that is no longer among them, alone. One
   * that the venue makes trouble about holds up neither others nor their trades: what of it. */
  async #lookAtOrders(market: string, quiet?: true): Promise<NdtsError | undefined> {
    const { orders } = this.#deps;
    let failed: NdtsError | undefined;
    const ids = await this.#lookAtOpen(market, quiet);
    for (const order of orders.working()) {
      if (order.market !== market || ids.has(order.venueOrderId)) continue;
      const isOnItsWay = order.status === '' && order.certainNs === Number.POSITIVE_INFINITY;
      if (isOnItsWay || this.isInLimbo(order)) continue;
      try {
        await this.#lookAtOne(order, quiet);
      } catch (error) {
        if (!(error instanceof NdtsError)) throw error;
        failed = error;
      }
    }
    return failed;
  }

  async #lookAtOne(order: CryptoOrder, quiet?: true): Promise<void> {
    const { options, orders } = this.#deps;
    const { clock, inFlightMs } = options;
    const { market } = order;
    if ((await this.find(order.clientOrderId, order, market)) !== false) return;
    const now = clock.monotonicNs();
    if (order.status === '') {
      if (now >= order.certainNs) orders.lose(order);
      return;
    }
    if (!orders.isGone(order, now - inFlightMs * nsPerMs, now)) return;
    // Some venues tell of what is over by their lists alone.
    await this.#lookAtPast(market, this.#sinceOf(order), quiet);
    if (!order.ended)
      this.note({ id: order.venueOrderId, symbol: market, status: 'canceled' }, quiet);
  }

  /** Nothing answers about it but lists, which had their time: only a question asks on. */
  isInLimbo({ status, venueOrderId, certainNs }: CryptoOrder): boolean {
    const { clock, inFlightMs, venue } = this.#deps.options;
    if (status !== '' || venueOrderId !== '' || wordsOf(venue).asksId !== undefined) return false;
    return clock.monotonicNs() - certainNs > inFlightMs * nsPerMs;
  }

  async #lookAtOpen(market: string, quiet?: true): Promise<Set<string>> {
    const { ask, options, orders } = this.#deps;
    const { openMax } = wordsOf(options.venue);
    const open = await ask((exchange) => exchange.fetchOpenOrders(market, undefined, openMax));
    for (const told of open) {
      if (orders.hasEnded(told)) await this.#lookAgain(told, market);
      // What somebody sent without an id of its own can be canceled, too.
      const clientOrderId = (told.clientOrderId ?? '') === '' ? `#${told.id}` : told.clientOrderId;
      this.note({ ...told, clientOrderId }, quiet);
    }
    return new Set(open.map(({ id }) => id));
  }

  /** One that ended is in a list of open ones: the list is older than that, or it lives. */
  async #lookAgain({ id, clientOrderId = '' }: CcxtOrder, market: string): Promise<void> {
    const { ask, options, orders } = this.#deps;
    const { asks } = wordsOf(options.venue);
    const told = await ask((exchange) => exchange.fetchOrder(id, market, asks));
    if (told.status === 'open') orders.reopen(orderIdOf(told.clientOrderId ?? clientOrderId));
  }

  /** Orders that are over, as far as the venue lists any. */
  async #lookAtPast(market: string, since: number, quiet?: true): Promise<void> {
    const { exchange, options } = this.#deps;
    const { pageMax, listsAll } = wordsOf(options.venue);
    const asked = listsAll === true ? undefined : market;
    for (const name of pastLists(exchange()?.has ?? {})) {
      const list = this.#list<CcxtOrder>((one, from, more) =>
        one[name]?.(asked, from, pageMax, more),
      );
      for (const told of await allPages(since, options.clock.nowMs() - lateMs, list))
        if (this.#deps.symbols.has(told.symbol)) this.note(told, quiet);
    }
  }

  async #lookAtTrades(market: string, since: number, quiet?: true): Promise<void> {
    const { options, orders, symbols, reachable, onFills } = this.#deps;
    const { pageMax, listsAll } = wordsOf(options.venue);
    const asked = listsAll === true ? undefined : market;
    const list = this.#list<CcxtFill>((one, from, more) =>
      one.fetchMyTrades(asked, from, pageMax, more),
    );
    // The next look is at the last minutes again.
    const told = await allPages(since, options.clock.nowMs() - lateMs, list);
    // Of a connection that was lost meanwhile: the next one finds them.
    if (quiet === undefined) reachable();
    const trades = told.filter(({ symbol }) => symbols.has(symbol)).sort(byTime);
    for (const trade of trades) {
      const symbol = symbols.get(trade.symbol) ?? 0;
      const fills = orders.noteTrade(trade, symbol, this.#market(trade.symbol));
      if (quiet === undefined) onFills(fills);
    }
  }

  /** A list of the venue from a time on; up to one only where it takes such a question. */
  #list<One>(
    ask: (
      exchange: CcxtTrading,
      from: number,
      more: CcxtParams,
    ) => Promise<readonly One[]> | undefined,
  ): List<One> {
    return async (from, to) => {
      const more = to === undefined ? {} : { until: to };
      try {
        return await this.#deps.ask(async (exchange) => (await ask(exchange, from, more)) ?? []);
      } catch (error) {
        if (to !== undefined && outcomeOf(error) === 'refused' && failureOf(error) === undefined)
          return [];
        throw error;
      }
    };
  }

  /** False: the venue does not know it; undefined: it cannot be asked by our id, but goes on. */
  async find(
    clientOrderId: string,
    known: CryptoOrder | undefined,
    market: string,
  ): Promise<boolean | undefined> {
    const { options, ask } = this.#deps;
    const { asksId, asks } = wordsOf(options.venue);
    const id = known === undefined || known.venueOrderId === '' ? undefined : known.venueOrderId;
    try {
      if (id === undefined && asksId === undefined)
        return await this.#findInLists(clientOrderId, known, market);
      const ours = asksId === undefined ? {} : { [asksId]: venueIdOf(clientOrderId) };
      const params = id === undefined ? { ...asks, ...ours } : asks;
      const told = await ask((exchange) => exchange.fetchOrder(id, market, params));
      const isIt =
        id === undefined ? orderIdOf(told.clientOrderId ?? '') === clientOrderId : told.id === id;
      if (isIt) this.note({ ...told, clientOrderId, symbol: market });
      else if (id !== undefined) throw new Error(`asked for order ${id} it told of ${told.id}`);
      return isIt ? true : undefined;
    } catch (error) {
      const outcome = outcomeOf(error);
      if (outcome === 'not-found') return false;
      if (outcome === 'refused' && id === undefined && failureOf(error) === undefined)
        return undefined;
      const why = plainLine(error, options.settings);
      throw new NdtsError('UNAVAILABLE', `${options.venue}: ${why}`);
    }
  }

  /** That they do not tell of it proves nothing. */
  async #findInLists(
    clientOrderId: string,
    known: CryptoOrder | undefined,
    market: string,
  ): Promise<true | undefined> {
    await this.#lookAtOpen(market);
    const isKnown = (): boolean => (this.#deps.orders.get(clientOrderId)?.status ?? '') !== '';
    if (!isKnown()) await this.#lookAtPast(market, this.#sinceOf(known));
    return isKnown() ? true : undefined;
  }

  #sinceOf(order: CryptoOrder | undefined): number {
    const { clock, historyMs } = this.#deps.options;
    const first = clock.nowMs() - historyMs;
    return Math.max(first, (order?.sentMs ?? first) - lateMs);
  }

  note(told: CcxtOrder, quiet?: true): void {
    const order = this.#deps.orders.note(told);
    if (order === undefined || order.ended) return;
    const size = this.#market(order.market)?.contractSize ?? 1;
    const { filled } = told;
    if (typeof filled === 'number') order.toldFilled = exactOf(filled * size);
    order.terms = termsOf(told, size) ?? order.terms;
    const state = stateOf(order);
    if (!order.accepted && state !== OrderState.rejected) {
      order.accepted = true;
      if (quiet === undefined) this.#deps.onState(order, OrderState.accepted, '');
    }
    if (!isFinal(state)) return;
    this.#deps.orders.end(order);
    if (quiet === undefined && state !== OrderState.filled)
      this.#deps.onState(order, state, order.status === 'expired' ? 'expired' : 'ended there');
  }

  #market(name: string): CcxtMarket | undefined {
    return this.#deps.exchange()?.markets?.[name];
  }
}

/** Those of a venue that together tell of all that is over. */
function pastLists(has: Readonly<Record<string, unknown>>): PastLists {
  if (has['fetchOrders'] === true) return ['fetchOrders'];
  if (has['fetchCanceledAndClosedOrders'] === true) return ['fetchCanceledAndClosedOrders'];
  const both = ['fetchClosedOrders', 'fetchCanceledOrders'] as const;
  return both.filter((name) => has[name] === true);
}

function byTime(a: CcxtFill, b: CcxtFill): number {
  return a.timestamp - b.timestamp || compare(a.id, b.id) || compare(a.order ?? '', b.order ?? '');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
