// What messages of a FIX counterparty say, as plain values. What always holds: everything that is
// kept is copied out of the message; an order is known by the client order id the exec node gave
// it, whatever cancels and changes it went through (`7-1-0.3` is the third of order `7-1-0`, and
// `7-1-0_2.3` of its part `7-1-0.2`).

import { type Fill, OrderState, type Time } from '@ndts/protocol';
import { type FixMessage, FixGroups, forEachEntry, Tag } from '@ndts/runtime/fix';
import { type FixFee, readFee } from './fees.js';

/** Values of ExecType. */
export const ExecType = {
  new: '0',
  partialFill: '1',
  fill: '2',
  doneForDay: '3',
  canceled: '4',
  replaced: '5',
  pendingCancel: '6',
  stopped: '7',
  rejected: '8',
  suspended: '9',
  pendingNew: 'A',
  calculated: 'B',
  expired: 'C',
  restated: 'D',
  pendingReplace: 'E',
  trade: 'F',
  tradeCorrect: 'G',
  tradeCancel: 'H',
  orderStatus: 'I',
} as const;

/** Values of OrdRejReason and CxlRejReason that change what a refusal means. */
export const unknownOrder = 5;
export const duplicateOrder = 6;
export const cancelUnknownOrder = 1;

export interface Report {
  readonly clientOrderId: string;
  /** What the venue calls the order now. */
  readonly venueClientId: string;
  readonly venueOrderId: string;
  readonly execId: string;
  /** Of a bust or a correction: the execution it is about. */
  readonly execRefId: string;
  readonly execType: string;
  readonly status: string;
  readonly symbol: string;
  readonly side: number;
  readonly cumQty: bigint;
  /** Of all that is filled; 0n: not told. */
  readonly avgPx: bigint;
  /** 0n: none, or finer than 1e-8. */
  readonly lastQty: bigint;
  /** undefined: none, or finer than 1e-8. */
  readonly lastPx: bigint | undefined;
  readonly fee: FixFee;
  /** Under another number it may have come before, with what was so then. */
  readonly isPossResend: boolean;
  readonly rejectReason: number;
  readonly text: string;
  readonly time: Time | undefined;
  readonly orderQty: bigint;
  readonly price: bigint;
  readonly stopPx: bigint;
}

export interface Trade {
  readonly fill: Fill;
  /** Fees that cannot be counted with it, in words; empty: none. */
  readonly besides: string;
  readonly isBust: boolean;
}

const suffix = '.';
/** A part of an order that works here, `7-1-0.2`, maybe behind the letters of its node: its dots
 * are other signs at the venue. */
const partId = /^[a-z]*\d+-\d+-\d+(?:\.\d+)+$/;
const partIdThere = /^[a-z]*\d+-\d+-\d+(?:_\d+)+$/;

/** As the venue first hears of the order; undefined: no answer could be told to be about it. */
export function venueIdOf(clientOrderId: string): string | undefined {
  const id = partId.test(clientOrderId) ? clientOrderId.replaceAll('.', '_') : clientOrderId;
  return orderIdOf(id) === clientOrderId ? id : undefined;
}

/** The order that a client id of the venue belongs to. */
export function orderIdOf(venueClientId: string): string {
  const at = venueClientId.indexOf(suffix);
  const id = at < 0 ? venueClientId : venueClientId.slice(0, at);
  return partIdThere.test(id) ? id.replaceAll('_', '.') : id;
}

export function changeIdOf(clientOrderId: string, count: number): string {
  return `${venueIdOf(clientOrderId) ?? clientOrderId}${suffix}${count}`;
}

/** Which of its changes the order goes by; 0: none. */
export function changeOf(venueClientId: string): number {
  return Number(/\.(\d{1,9})$/.exec(venueClientId)?.[1] ?? 0);
}

/** Sells in all their forms are negative. */
export function sideOf(letter: string): number {
  return letter === '1' || letter === '3' ? 1 : -1;
}

export function sideLetter(side: number): string {
  return side > 0 ? '1' : '2';
}

const states: Readonly<Record<string, OrderState>> = {
  '0': OrderState.accepted,
  '1': OrderState.partiallyFilled,
  '2': OrderState.filled,
  '3': OrderState.expired,
  '4': OrderState.canceled,
  '5': OrderState.accepted,
  '6': OrderState.pendingCancel,
  '7': OrderState.accepted,
  '8': OrderState.rejected,
  '9': OrderState.accepted,
  // Received and not yet taken: what becomes of it is open.
  A: OrderState.unknown,
  B: OrderState.expired,
  C: OrderState.expired,
  D: OrderState.accepted,
  E: OrderState.accepted,
};

/** Where an order stands by OrdStatus; one that nobody defined is unknown. */
export function stateOf(status: string, cumQty: bigint): OrderState {
  const state = states[status] ?? OrderState.unknown;
  return state === OrderState.accepted && cumQty > 0n ? OrderState.partiallyFilled : state;
}

export function readReport(message: FixMessage): Report {
  const lastQty = message.money(Tag.lastQty) ?? 0n;
  const lastPx = message.money(Tag.lastPx);
  const original = message.text(Tag.origClOrdId);
  const venueClientId = message.text(Tag.clOrdId);
  return {
    // A cancel may go by an id of its own that says nothing; the original does.
    clientOrderId: orderIdOf(venueClientId === '' ? original : venueClientId),
    venueClientId,
    venueOrderId: message.text(Tag.orderId),
    execId: message.text(Tag.execId),
    execRefId: message.text(Tag.execRefId),
    execType: message.text(Tag.execType),
    status: message.text(Tag.ordStatus),
    symbol: message.text(Tag.symbol),
    side: sideOf(message.text(Tag.side)),
    cumQty: message.money(Tag.cumQty) ?? 0n,
    avgPx: message.money(Tag.avgPx) ?? 0n,
    lastQty,
    lastPx,
    fee: readFee(message, 0, message.count, lastQty, lastPx ?? 0n),
    isPossResend: message.isYes(Tag.possResend),
    rejectReason: message.whole(Tag.ordRejReason),
    text: message.text(Tag.text),
    time: message.time(Tag.transactTime),
    orderQty: message.money(Tag.orderQty) ?? 0n,
    price: message.money(Tag.price) ?? 0n,
    stopPx: message.money(Tag.stopPx) ?? 0n,
  };
}

/** The entries of a TradeCaptureReport that are ours to count: one fill for each side; none when
 * its quantity or price is none, or finer than 1e-8. */
export function readTrades(
  message: FixMessage,
  venue: string,
  symbolId: number,
  now: Time,
): Trade[] {
  const trades: Trade[] = [];
  const quantity = message.money(Tag.lastQty) ?? 0n;
  const price = message.money(Tag.lastPx);
  if (quantity <= 0n || price === undefined) return trades;
  forEachEntry(message, FixGroups.sides, (from, to) => {
    const { besides, ...fee } = readFee(message, from, to, quantity, price);
    const fill: Fill = {
      venue,
      tradeId: message.text(Tag.execId),
      clientOrderId: orderIdOf(message.text(Tag.clOrdId, from, to)),
      symbol: symbolId,
      side: sideOf(message.text(Tag.side, from, to)),
      ...{ quantity, price, ...fee },
      time: message.time(Tag.transactTime) ?? now,
    };
    const isBust = message.text(Tag.execType) === ExecType.tradeCancel;
    trades.push({ fill, besides, isBust });
  });
  return trades;
}
