// What the venue said of our orders and executions of the day. What always holds: an order is ours
// by front, session and reference, an execution by the number the exchange gave the order; an
// execution counts once, by trading day, exchange, number and side (both sides of a trade with
// oneself have one number); one that comes before its order waits for it.

import { type Clock, type Fill, moneyFromFloat, type Time, timeFromMs } from '@ndts/protocol';
import { ctpTimeMs } from '@ndts/runtime/ctp';
import type { CtpReference, CtpReferences } from './references.js';
import type { CtpFee, CtpInstrument } from './settings.js';
import type { CtpOrder, CtpTrade } from './trader.js';

const scale = 100_000_000n;

export interface KnownOrder {
  readonly reference: CtpReference;
  /** undefined: not a word yet. */
  told: CtpOrder | undefined;
  /** Of a definite refusal, which the venue may forget; empty: none. */
  refusal: string;
  /** The listener knows that it was taken, or how it ended. */
  isTaken: boolean;
  isOver: boolean;
}

export class DayBook {
  readonly #venue: string;
  readonly #clock: Clock;
  readonly #references: CtpReferences;
  readonly #instruments: ReadonlyMap<number, CtpInstrument>;
  readonly #orders = new Map<string, KnownOrder>();
  /** By exchange and the number there. */
  readonly #byNumber = new Map<string, KnownOrder>();
  readonly #early = new Map<string, CtpTrade[]>();
  readonly #fills = new Map<string, Fill>();
  readonly #filled = new Map<string, bigint>();
  #tradingDay = '';

  constructor(
    venue: string,
    clock: Clock,
    references: CtpReferences,
    instruments: ReadonlyMap<number, CtpInstrument>,
  ) {
    this.#venue = venue;
    this.#clock = clock;
    this.#references = references;
    this.#instruments = instruments;
  }

  order(id: string): KnownOrder | undefined {
    return this.#orders.get(id);
  }

  orders(): IterableIterator<KnownOrder> {
    return this.#orders.values();
  }

  ensure(reference: CtpReference): KnownOrder {
    let order = this.#orders.get(reference.id);
    if (order === undefined) {
      order = { reference, told: undefined, refusal: '', isTaken: false, isOver: false };
      this.#orders.set(reference.id, order);
    }
    return order;
  }

  /** undefined: not ours. With it the executions that waited for it. */
  note(told: CtpOrder): { order: KnownOrder; fills: Fill[] } | undefined {
    const reference = this.#references.of(told.orderRef, told.frontId, told.sessionId);
    if (reference === undefined) return undefined;
    const order = this.ensure(reference);
    // Answers to queries may be older than what was told meanwhile.
    const isOlder =
      (order.told?.volumeTraded ?? 0) > told.volumeTraded ||
      (numberOfOrder(told) === '' && numberOfOrder(order.told) !== '' && !isEnd(told));
    if (!isOlder && !isEnd(order.told)) order.told = told;
    const number = numberOfOrder(told);
    if (number === '') return { order, fills: [] };
    this.#byNumber.set(number, order);
    const early = this.#early.get(number) ?? [];
    this.#early.delete(number);
    return { order, fills: early.flatMap((trade) => this.#execute(order, trade) ?? []) };
  }

  /** undefined: known, or of an order that is not ours, or not yet. */
  execute(trade: CtpTrade): Fill | undefined {
    const number = numberOf(trade.exchangeId, trade.orderSysId);
    const order = this.#byNumber.get(number);
    if (order !== undefined) return this.#execute(order, trade);
    this.#early.set(number, [...(this.#early.get(number) ?? []), trade]);
    return undefined;
  }

  /** Numbers of orders whose executions wait for them. */
  early(): readonly string[] {
    return [...this.#early.keys()];
  }

  /** After orders and trades were asked for: what waited before, and still does, is of other
   * sessions. */
  settle(early: readonly string[]): void {
    for (const number of early) this.#early.delete(number);
  }

  /** Oldest first. */
  fills(afterTradeId?: string): Fill[] {
    const all = [...this.#fills.values()];
    const at =
      afterTradeId === undefined ? -1 : all.findIndex((one) => one.tradeId === afterTradeId);
    return all.slice(at + 1);
  }

  filled(id: string): bigint {
    const told = BigInt(this.#orders.get(id)?.told?.volumeTraded ?? 0) * scale;
    const summed = this.#filled.get(id) ?? 0n;
    return told > summed ? told : summed;
  }

  /** A new trading day: what is of before is over, and no longer told. */
  begin(tradingDay: string): void {
    this.#tradingDay = tradingDay;
    for (const [id, { reference }] of this.#orders)
      if (reference.tradingDay !== tradingDay) this.#orders.delete(id);
    for (const [number, { reference }] of this.#byNumber)
      if (reference.tradingDay !== tradingDay) this.#byNumber.delete(number);
    for (const [tradeId, fill] of this.#fills)
      if (!tradeId.startsWith(`${tradingDay}:`)) {
        this.#fills.delete(tradeId);
        this.#filled.delete(fill.clientOrderId);
      }
    this.#early.clear();
  }

  #execute({ reference }: KnownOrder, trade: CtpTrade): Fill | undefined {
    const { id, symbol } = reference;
    // All that is told is of the day of the session; not every record says so.
    const said = trade.tradingDay.trim();
    const day = said === '' ? this.#tradingDay : said;
    const exchange = trade.exchangeId.trim();
    const tradeId = `${day}:${exchange}:${trade.tradeId.trim()}:${trade.direction}`;
    if (this.#fills.has(tradeId)) return undefined;
    const instrument = this.#instruments.get(symbol);
    const fill: Fill = {
      ...{ venue: this.#venue, tradeId, clientOrderId: id, symbol },
      side: trade.direction === '0' ? 1 : -1,
      quantity: BigInt(trade.volume) * scale,
      price: moneyFromFloat(trade.price),
      fee: moneyFromFloat(feeOf(trade, instrument)),
      time: this.#timeOf(trade, day),
    };
    this.#fills.set(tradeId, fill);
    this.#filled.set(id, (this.#filled.get(id) ?? 0n) + fill.quantity);
    return fill;
  }

  #timeOf(trade: CtpTrade, day: string): Time {
    const ms = ctpTimeMs({
      updateTime: trade.tradeTime,
      millisecond: 0,
      tradingDay: Number(day),
      actionDay: Number(trade.tradeDate),
      isCzce: trade.exchangeId.trim() === 'CZCE',
    });
    return typeof ms === 'number' ? timeFromMs(ms) : this.#clock.now();
  }
}

export function numberOf(exchangeId: string, orderSysId: string): string {
  const number = orderSysId.trim();
  return number === '' ? '' : `${exchangeId.trim()}:${number}`;
}

function numberOfOrder(told: CtpOrder | undefined): string {
  return told === undefined ? '' : numberOf(told.exchangeId, told.orderSysId);
}

function isEnd(told: CtpOrder | undefined): boolean {
  return told?.status === '0' || told?.status === '5';
}

function feeOf(trade: CtpTrade, instrument: CtpInstrument | undefined): number {
  const { fees, multiplier = 1 } = instrument ?? {};
  const own: CtpFee | undefined =
    trade.offset === '0' ? fees?.open : trade.offset === '3' ? fees?.closeToday : fees?.close;
  if (own === undefined) return 0;
  return trade.volume * (trade.price * multiplier * own.byMoney + own.byVolume);
}
