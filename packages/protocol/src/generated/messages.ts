// Generated from packages/protocol/schema by tools/generate.mjs. Do not edit.

import { MessageReader, MessageWriter } from '../message-codec.js';
import type { Time } from '../time.js';

/** Kinds of messages by name. */
export const MessageKind = {
  /** An order that passed risk and is about to be sent. Written before it is sent. */
  OrderIntent: 1,
  /** A signal that risk refused; kept for the count, the ordinal and the reason. */
  OrderDenied: 2,
  /** A change of state of an order, as told by the broker or found by reconciliation. */
  OrderEvent: 3,
  /** One execution. Idempotent by (venue, tradeId). */
  Fill: 4,
  /** Something a person did: halt, resume, a limit change. */
  OperatorAction: 5,
  /** The average price of a position set to that of the venue: same executions, other order. */
  PositionAdjusted: 6,
  /** Head of a snapshot of the order ledger: what the fold of the journal gave so far. */
  LedgerStanding: 7,
  /** In a snapshot, behind the intent of the order: what its events made of it. */
  OrderStanding: 8,
  /** In a snapshot, behind an OrderStanding: one execution that was applied. */
  OrderTrade: 9,
  /** In a snapshot: a position. Sums are integers of 1e-16, as text. */
  PositionStanding: 10,
  /** In a snapshot: the highest ordinal ever taken from a strategy instance. */
  InstanceStanding: 11,
  /** The last execution of a venue; in a snapshot, and as the floor of trade ids let go. */
  VenueStanding: 12,
  /** Head of a binary message of a subscription; positions and columns follow (subscribe.md). */
  StreamRows: 13,
  /** What an order asks for beyond its intent. In the journal right before it; without: plain. */
  OrderTerms: 14,
  /** Quantity and prices of an order change: asked for, done, or refused. */
  OrderChange: 15,
  /** What a symbol is, from here on: fills before it keep what was said before them. */
  InstrumentTerms: 16,
  /** In a snapshot, behind an OrderStanding: of an order with terms or a change, what came of them. */
  WorkStanding: 17,
  /** In a snapshot: the positions that follow are those of a strategy or an account alone. */
  BookStanding: 18,
  /** In a snapshot, in front of the positions it sums up: one currency. */
  CurrencyStanding: 19,
  /** The quality of a symbol changed; on the bus as its fields. */
  QualityChanged: 20,
  /** In a snapshot: a trading state, limit or throttle that is set, or that all is to be flat. */
  ControlStanding: 21,
  /** A trading day began: what was opened before is of the day before from here on. */
  TradingDayBegan: 22,
  /** In a snapshot: what an account holds where long and short are kept apart. */
  OffsetStanding: 23,
  /** An execution nobody told, adopted because the venue has what follows from it; in a snapshot: what of it no told execution has replaced yet. Idempotent by (venue, tradeId). */
  FillInferred: 24,
  /** In a snapshot: how many executions of a symbol were inferred so far. */
  InferredStanding: 25,
  /** In a snapshot, behind an OrderStanding and its trades: where the order last changed. Without: at its intent. */
  OrderRevision: 26,
  /** In front of a RiskDayBegan, in the same write: what a symbol that is held was worth then. */
  DayMarked: 27,
  /** A day of the account began (risk.dayStart, risk.dayZone): its loss counts from what all was worth then. In a snapshot: the day it is. */
  RiskDayBegan: 28,
} as const;

/** An order that passed risk and is about to be sent. Written before it is sent. */
export interface OrderIntent {
  /** derived from the signal: instance-ordinal-leg */
  readonly clientOrderId: string;
  /** account */
  readonly account: string;
  /** strategy instance */
  readonly instance: number;
  /** signal ordinal of the instance */
  readonly ordinal: bigint;
  /** symbol id */
  readonly symbol: number;
  /** +1 buy, -1 sell */
  readonly side: number;
  /** OrderType */
  readonly orderType: number;
  /** quantity */
  readonly quantity: bigint;
  /** 0 for market */
  readonly limitPrice: bigint;
  /** when the intent was made */
  readonly time: Time;
  /** time of the tick that caused the signal */
  readonly tickTime: Time;
  /** lineage: shard */
  readonly shard: number;
  /** lineage: epoch */
  readonly epoch: bigint;
  /** lineage: sequence */
  readonly sequence: bigint;
  /** lineage: factor value */
  readonly factorValue: number;
  /** route; empty: worked by the exec node, by children */
  readonly broker: string;
}

export function encodeOrderIntent(message: OrderIntent): Uint8Array {
  const writer = new MessageWriter(1, 1);
  writer.str(message.clientOrderId);
  writer.str(message.account);
  writer.u32(message.instance);
  writer.i64(message.ordinal);
  writer.u32(message.symbol);
  writer.i32(message.side);
  writer.u32(message.orderType);
  writer.money(message.quantity);
  writer.money(message.limitPrice);
  writer.time(message.time);
  writer.time(message.tickTime);
  writer.u32(message.shard);
  writer.i64(message.epoch);
  writer.i64(message.sequence);
  writer.f64(message.factorValue);
  writer.str(message.broker);
  return writer.finish();
}

export function decodeOrderIntent(bytes: Uint8Array): OrderIntent {
  const reader = new MessageReader(bytes, 1, 1);
  const message = {
    clientOrderId: reader.str(),
    account: reader.str(),
    instance: reader.u32(),
    ordinal: reader.i64(),
    symbol: reader.u32(),
    side: reader.i32(),
    orderType: reader.u32(),
    quantity: reader.money(),
    limitPrice: reader.money(),
    time: reader.time(),
    tickTime: reader.time(),
    shard: reader.u32(),
    epoch: reader.i64(),
    sequence: reader.i64(),
    factorValue: reader.f64(),
    broker: reader.str(),
  };
  reader.finish();
  return message;
}

/** A signal that risk refused; kept for the count, the ordinal and the reason. */
export interface OrderDenied {
  /** as in the intent it would have been */
  readonly clientOrderId: string;
  /** strategy instance */
  readonly instance: number;
  /** signal ordinal */
  readonly ordinal: bigint;
  /** symbol id */
  readonly symbol: number;
  /** +1 buy, -1 sell */
  readonly side: number;
  /** quantity */
  readonly quantity: bigint;
  /** RiskReason */
  readonly reason: number;
  /** when */
  readonly time: Time;
}

export function encodeOrderDenied(message: OrderDenied): Uint8Array {
  const writer = new MessageWriter(2, 1);
  writer.str(message.clientOrderId);
  writer.u32(message.instance);
  writer.i64(message.ordinal);
  writer.u32(message.symbol);
  writer.i32(message.side);
  writer.money(message.quantity);
  writer.u32(message.reason);
  writer.time(message.time);
  return writer.finish();
}

export function decodeOrderDenied(bytes: Uint8Array): OrderDenied {
  const reader = new MessageReader(bytes, 2, 1);
  const message = {
    clientOrderId: reader.str(),
    instance: reader.u32(),
    ordinal: reader.i64(),
    symbol: reader.u32(),
    side: reader.i32(),
    quantity: reader.money(),
    reason: reader.u32(),
    time: reader.time(),
  };
  reader.finish();
  return message;
}

/** A change of state of an order, as told by the broker or found by reconciliation. */
export interface OrderEvent {
  /** the order */
  readonly clientOrderId: string;
  /** OrderState after the event */
  readonly state: number;
  /** the id of the venue, when known */
  readonly venueOrderId: string;
  /** text of the venue or of reconciliation */
  readonly reason: string;
  /** when */
  readonly time: Time;
}

export function encodeOrderEvent(message: OrderEvent): Uint8Array {
  const writer = new MessageWriter(3, 1);
  writer.str(message.clientOrderId);
  writer.u32(message.state);
  writer.str(message.venueOrderId);
  writer.str(message.reason);
  writer.time(message.time);
  return writer.finish();
}

export function decodeOrderEvent(bytes: Uint8Array): OrderEvent {
  const reader = new MessageReader(bytes, 3, 1);
  const message = {
    clientOrderId: reader.str(),
    state: reader.u32(),
    venueOrderId: reader.str(),
    reason: reader.str(),
    time: reader.time(),
  };
  reader.finish();
  return message;
}

/** One execution. Idempotent by (venue, tradeId). */
export interface Fill {
  /** venue */
  readonly venue: string;
  /** id of the execution at the venue */
  readonly tradeId: string;
  /** the order */
  readonly clientOrderId: string;
  /** symbol id */
  readonly symbol: number;
  /** +1 buy, -1 sell */
  readonly side: number;
  /** quantity */
  readonly quantity: bigint;
  /** price */
  readonly price: bigint;
  /** fee */
  readonly fee: bigint;
  /** when */
  readonly time: Time;
  /** of the fee; empty: that of the price */
  readonly feeCurrency?: string;
}

export function encodeFill(message: Fill): Uint8Array {
  const writer = new MessageWriter(4, 2);
  writer.str(message.venue);
  writer.str(message.tradeId);
  writer.str(message.clientOrderId);
  writer.u32(message.symbol);
  writer.i32(message.side);
  writer.money(message.quantity);
  writer.money(message.price);
  writer.money(message.fee);
  writer.time(message.time);
  writer.str(message.feeCurrency ?? '');
  return writer.finish();
}

export function decodeFill(bytes: Uint8Array): Fill {
  const reader = new MessageReader(bytes, 4, 2);
  const message = {
    venue: reader.str(),
    tradeId: reader.str(),
    clientOrderId: reader.str(),
    symbol: reader.u32(),
    side: reader.i32(),
    quantity: reader.money(),
    price: reader.money(),
    fee: reader.money(),
    time: reader.time(),
    feeCurrency: reader.version < 2 ? '' : reader.str(),
  };
  reader.finish();
  return message;
}

/** Something a person did: halt, resume, a limit change. */
export interface OperatorAction {
  /** name of the token */
  readonly actor: string;
  /** halt, resume, reduce, limit, day, request and more */
  readonly action: string;
  /** JSON with what changed */
  readonly detail: string;
  /** the reason given */
  readonly why: string;
  /** when */
  readonly time: Time;
}

export function encodeOperatorAction(message: OperatorAction): Uint8Array {
  const writer = new MessageWriter(5, 1);
  writer.str(message.actor);
  writer.str(message.action);
  writer.str(message.detail);
  writer.str(message.why);
  writer.time(message.time);
  return writer.finish();
}

export function decodeOperatorAction(bytes: Uint8Array): OperatorAction {
  const reader = new MessageReader(bytes, 5, 1);
  const message = {
    actor: reader.str(),
    action: reader.str(),
    detail: reader.str(),
    why: reader.str(),
    time: reader.time(),
  };
  reader.finish();
  return message;
}

/** The average price of a position set to that of the venue: same executions, other order. */
export interface PositionAdjusted {
  /** symbol id */
  readonly symbol: number;
  /** average price from now on */
  readonly averagePrice: bigint;
  /** what reconciliation found */
  readonly reason: string;
  /** when */
  readonly time: Time;
}

export function encodePositionAdjusted(message: PositionAdjusted): Uint8Array {
  const writer = new MessageWriter(6, 1);
  writer.u32(message.symbol);
  writer.money(message.averagePrice);
  writer.str(message.reason);
  writer.time(message.time);
  return writer.finish();
}

export function decodePositionAdjusted(bytes: Uint8Array): PositionAdjusted {
  const reader = new MessageReader(bytes, 6, 1);
  const message = {
    symbol: reader.u32(),
    averagePrice: reader.money(),
    reason: reader.str(),
    time: reader.time(),
  };
  reader.finish();
  return message;
}

/** Head of a snapshot of the order ledger: what the fold of the journal gave so far. */
export interface LedgerStanding {
  /** the last event covered */
  readonly sequence: bigint;
  /** intents counted */
  readonly intents: bigint;
  /** denied signals counted */
  readonly denied: bigint;
  /** executions counted */
  readonly fills: bigint;
  /** ACTIVE, REDUCING or HALTED */
  readonly tradingState: string;
  /** who set it and why */
  readonly tradingReason: string;
  /** realised less fees since the account's day began, less what was unrealised then; integer of 1e-16 */
  readonly dayResult: string;
}

export function encodeLedgerStanding(message: LedgerStanding): Uint8Array {
  const writer = new MessageWriter(7, 2);
  writer.i64(message.sequence);
  writer.i64(message.intents);
  writer.i64(message.denied);
  writer.i64(message.fills);
  writer.str(message.tradingState);
  writer.str(message.tradingReason);
  writer.str(message.dayResult);
  return writer.finish();
}

export function decodeLedgerStanding(bytes: Uint8Array): LedgerStanding {
  const reader = new MessageReader(bytes, 7, 2);
  const sequence = reader.i64();
  const intents = reader.i64();
  const denied = reader.i64();
  const fills = reader.i64();
  const tradingState = reader.str();
  const tradingReason = reader.str();
  if (reader.version <= 1) reader.u32();
  const dayResult = reader.str();
  reader.finish();
  return { sequence, intents, denied, fills, tradingState, tradingReason, dayResult };
}

/** In a snapshot, behind the intent of the order: what its events made of it. */
export interface OrderStanding {
  /** place of the intent in the journal */
  readonly sequence: bigint;
  /** OrderState */
  readonly state: number;
  /** the id of the venue, when known */
  readonly venueOrderId: string;
  /** the last reason told */
  readonly reason: string;
  /** sum of the fills */
  readonly filled: bigint;
  /** quantity times price; integer of 1e-16 */
  readonly filledValue: string;
  /** 1: no quantity is open any more */
  readonly closed: number;
  /** 1: among the newest, which are listed */
  readonly listed: number;
  /** how many OrderTrade follow */
  readonly trades: number;
  /** of the last event */
  readonly time: Time;
}

export function encodeOrderStanding(message: OrderStanding): Uint8Array {
  const writer = new MessageWriter(8, 1);
  writer.i64(message.sequence);
  writer.u32(message.state);
  writer.str(message.venueOrderId);
  writer.str(message.reason);
  writer.money(message.filled);
  writer.str(message.filledValue);
  writer.u8(message.closed);
  writer.u8(message.listed);
  writer.u32(message.trades);
  writer.time(message.time);
  return writer.finish();
}

export function decodeOrderStanding(bytes: Uint8Array): OrderStanding {
  const reader = new MessageReader(bytes, 8, 1);
  const message = {
    sequence: reader.i64(),
    state: reader.u32(),
    venueOrderId: reader.str(),
    reason: reader.str(),
    filled: reader.money(),
    filledValue: reader.str(),
    closed: reader.u8(),
    listed: reader.u8(),
    trades: reader.u32(),
    time: reader.time(),
  };
  reader.finish();
  return message;
}

/** In a snapshot, behind an OrderStanding: one execution that was applied. */
export interface OrderTrade {
  /** id of the execution at the venue */
  readonly tradeId: string;
}

export function encodeOrderTrade(message: OrderTrade): Uint8Array {
  const writer = new MessageWriter(9, 1);
  writer.str(message.tradeId);
  return writer.finish();
}

export function decodeOrderTrade(bytes: Uint8Array): OrderTrade {
  const reader = new MessageReader(bytes, 9, 1);
  const message = {
    tradeId: reader.str(),
  };
  reader.finish();
  return message;
}

/** In a snapshot: a position. Sums are integers of 1e-16, as text. */
export interface PositionStanding {
  /** symbol id */
  readonly symbol: number;
  /** signed quantity */
  readonly quantity: bigint;
  /** paid for the open quantity */
  readonly cost: string;
  /** realised PnL without fees */
  readonly realised: string;
  /** received minus paid, without fees */
  readonly cash: string;
  /** fees */
  readonly fees: bigint;
  /** open quantity of orders that buy */
  readonly openBuy: bigint;
  /** open quantity of orders that sell */
  readonly openSell: bigint;
  /** price it was last valued at */
  readonly markPrice: bigint;
  /** of persons: what of the quantity closes what strategies hold; signed */
  readonly closing?: bigint;
}

export function encodePositionStanding(message: PositionStanding): Uint8Array {
  const writer = new MessageWriter(10, 2);
  writer.u32(message.symbol);
  writer.money(message.quantity);
  writer.str(message.cost);
  writer.str(message.realised);
  writer.str(message.cash);
  writer.money(message.fees);
  writer.money(message.openBuy);
  writer.money(message.openSell);
  writer.money(message.markPrice);
  writer.money(message.closing ?? 0n);
  return writer.finish();
}

export function decodePositionStanding(bytes: Uint8Array): PositionStanding {
  const reader = new MessageReader(bytes, 10, 2);
  const message = {
    symbol: reader.u32(),
    quantity: reader.money(),
    cost: reader.str(),
    realised: reader.str(),
    cash: reader.str(),
    fees: reader.money(),
    openBuy: reader.money(),
    openSell: reader.money(),
    markPrice: reader.money(),
    closing: reader.version < 2 ? 0n : reader.money(),
  };
  reader.finish();
  return message;
}

/** In a snapshot: the highest ordinal ever taken from a strategy instance. */
export interface InstanceStanding {
  /** strategy instance */
  readonly instance: number;
  /** highest ordinal */
  readonly ordinal: bigint;
}

export function encodeInstanceStanding(message: InstanceStanding): Uint8Array {
  const writer = new MessageWriter(11, 1);
  writer.u32(message.instance);
  writer.i64(message.ordinal);
  return writer.finish();
}

export function decodeInstanceStanding(bytes: Uint8Array): InstanceStanding {
  const reader = new MessageReader(bytes, 11, 1);
  const message = {
    instance: reader.u32(),
    ordinal: reader.i64(),
  };
  reader.finish();
  return message;
}

/** The last execution of a venue; in a snapshot, and as the floor of trade ids let go. */
export interface VenueStanding {
  /** venue */
  readonly venue: string;
  /** id of the execution */
  readonly tradeId: string;
}

export function encodeVenueStanding(message: VenueStanding): Uint8Array {
  const writer = new MessageWriter(12, 1);
  writer.str(message.venue);
  writer.str(message.tradeId);
  return writer.finish();
}

export function decodeVenueStanding(bytes: Uint8Array): VenueStanding {
  const reader = new MessageReader(bytes, 12, 1);
  const message = {
    venue: reader.str(),
    tradeId: reader.str(),
  };
  reader.finish();
  return message;
}

/** Head of a binary message of a subscription; positions and columns follow (subscribe.md). */
export interface StreamRows {
  /** the id the client chose */
  readonly subscription: number;
  /** 1: conflated, rows were left out; 2: rows of the past */
  readonly flags: number;
  /** how many positions follow: u32 shard, u32 epoch, u64 sequence */
  readonly positions: number;
  /** how many rows the columns hold */
  readonly rows: number;
  /** zero */
  readonly reserved: number;
}

export function encodeStreamRows(message: StreamRows): Uint8Array {
  const writer = new MessageWriter(13, 1);
  writer.u32(message.subscription);
  writer.u32(message.flags);
  writer.u32(message.positions);
  writer.u32(message.rows);
  writer.u32(message.reserved);
  return writer.finish();
}

export function decodeStreamRows(bytes: Uint8Array): StreamRows {
  const reader = new MessageReader(bytes, 13, 1);
  const message = {
    subscription: reader.u32(),
    flags: reader.u32(),
    positions: reader.u32(),
    rows: reader.u32(),
    reserved: reader.u32(),
  };
  reader.finish();
  return message;
}

/** What an order asks for beyond its intent. In the journal right before it; without: plain. */
export interface OrderTerms {
  /** the order */
  readonly clientOrderId: string;
  /** TimeInForce */
  readonly timeInForce: number;
  /** bits of OrderFlags */
  readonly flags: number;
  /** OrderOffset; 0: none */
  readonly offset: number;
  /** the price that triggers; of trailing: at first; 0: none */
  readonly stopPrice: bigint;
  /** of trailing: from the best price of the market */
  readonly distance: bigint;
  /** of iceberg: quantity of one child */
  readonly shown: bigint;
  /** of gtd, TWAP and VWAP: the end */
  readonly expireTime: Time;
  /** of TWAP and VWAP: parts of the time */
  readonly slices: number;
  /** of VWAP: whole weights of the slices, with commas */
  readonly profile: string;
  /** the order this one is a child of; empty: none */
  readonly parent: string;
  /** works only what this order has executed; empty: all */
  readonly entry: string;
  /** orders of one group share what may be executed; empty: none */
  readonly group: string;
}

export function encodeOrderTerms(message: OrderTerms): Uint8Array {
  const writer = new MessageWriter(14, 1);
  writer.str(message.clientOrderId);
  writer.u32(message.timeInForce);
  writer.u32(message.flags);
  writer.u32(message.offset);
  writer.money(message.stopPrice);
  writer.money(message.distance);
  writer.money(message.shown);
  writer.time(message.expireTime);
  writer.u32(message.slices);
  writer.str(message.profile);
  writer.str(message.parent);
  writer.str(message.entry);
  writer.str(message.group);
  return writer.finish();
}

export function decodeOrderTerms(bytes: Uint8Array): OrderTerms {
  const reader = new MessageReader(bytes, 14, 1);
  const message = {
    clientOrderId: reader.str(),
    timeInForce: reader.u32(),
    flags: reader.u32(),
    offset: reader.u32(),
    stopPrice: reader.money(),
    distance: reader.money(),
    shown: reader.money(),
    expireTime: reader.time(),
    slices: reader.u32(),
    profile: reader.str(),
    parent: reader.str(),
    entry: reader.str(),
    group: reader.str(),
  };
  reader.finish();
  return message;
}

/** Quantity and prices of an order change: asked for, done, or refused. */
export interface OrderChange {
  /** the order */
  readonly clientOrderId: string;
  /** 1 asked for, 2 done, 3 refused */
  readonly phase: number;
  /** quantity, with what is filled */
  readonly quantity: bigint;
  /** limit price; 0 for market */
  readonly limitPrice: bigint;
  /** the price that triggers; 0: none */
  readonly stopPrice: bigint;
  /** who and why, or what the venue said */
  readonly reason: string;
  /** when */
  readonly time: Time;
}

export function encodeOrderChange(message: OrderChange): Uint8Array {
  const writer = new MessageWriter(15, 1);
  writer.str(message.clientOrderId);
  writer.u32(message.phase);
  writer.money(message.quantity);
  writer.money(message.limitPrice);
  writer.money(message.stopPrice);
  writer.str(message.reason);
  writer.time(message.time);
  return writer.finish();
}

export function decodeOrderChange(bytes: Uint8Array): OrderChange {
  const reader = new MessageReader(bytes, 15, 1);
  const message = {
    clientOrderId: reader.str(),
    phase: reader.u32(),
    quantity: reader.money(),
    limitPrice: reader.money(),
    stopPrice: reader.money(),
    reason: reader.str(),
    time: reader.time(),
  };
  reader.finish();
  return message;
}

/** What a symbol is, from here on: fills before it keep what was said before them. */
export interface InstrumentTerms {
  /** symbol id */
  readonly symbol: number;
  /** of price, PnL and fees; empty: the one of the account */
  readonly currency: string;
  /** worth of one unit at price 1 */
  readonly multiplier: number;
  /** a price is a multiple of it; 0: as the limits say */
  readonly tickSize: bigint;
  /** a quantity is a multiple of it; 0: as the limits say */
  readonly lot: bigint;
  /** id of the exchange; empty: none in particular */
  readonly exchange: string;
  /** what it is a contract of; empty: not said */
  readonly product: string;
  /** minute of the UTC day at which a trading day begins */
  readonly dayStartMinute: number;
}

export function encodeInstrumentTerms(message: InstrumentTerms): Uint8Array {
  const writer = new MessageWriter(16, 1);
  writer.u32(message.symbol);
  writer.str(message.currency);
  writer.u32(message.multiplier);
  writer.money(message.tickSize);
  writer.money(message.lot);
  writer.str(message.exchange);
  writer.str(message.product);
  writer.u32(message.dayStartMinute);
  return writer.finish();
}

export function decodeInstrumentTerms(bytes: Uint8Array): InstrumentTerms {
  const reader = new MessageReader(bytes, 16, 1);
  const message = {
    symbol: reader.u32(),
    currency: reader.str(),
    multiplier: reader.u32(),
    tickSize: reader.money(),
    lot: reader.money(),
    exchange: reader.str(),
    product: reader.str(),
    dayStartMinute: reader.u32(),
  };
  reader.finish();
  return message;
}

/** In a snapshot, behind an OrderStanding: of an order with terms or a change, what came of them. */
export interface WorkStanding {
  /** children it ever had */
  readonly children: number;
  /** executed by all of its group */
  readonly groupFilled: bigint;
  /** 1: a change is asked for, as follows */
  readonly asked: number;
  /** quantity */
  readonly askedQuantity: bigint;
  /** limit price */
  readonly askedLimitPrice: bigint;
  /** stop price */
  readonly askedStopPrice: bigint;
}

export function encodeWorkStanding(message: WorkStanding): Uint8Array {
  const writer = new MessageWriter(17, 1);
  writer.u32(message.children);
  writer.money(message.groupFilled);
  writer.u8(message.asked);
  writer.money(message.askedQuantity);
  writer.money(message.askedLimitPrice);
  writer.money(message.askedStopPrice);
  return writer.finish();
}

export function decodeWorkStanding(bytes: Uint8Array): WorkStanding {
  const reader = new MessageReader(bytes, 17, 1);
  const message = {
    children: reader.u32(),
    groupFilled: reader.money(),
    asked: reader.u8(),
    askedQuantity: reader.money(),
    askedLimitPrice: reader.money(),
    askedStopPrice: reader.money(),
  };
  reader.finish();
  return message;
}

/** In a snapshot: the positions that follow are those of a strategy or an account alone. */
export interface BookStanding {
  /** strategy or account */
  readonly scope: string;
  /** instance of the strategy, or name of the account */
  readonly name: string;
}

export function encodeBookStanding(message: BookStanding): Uint8Array {
  const writer = new MessageWriter(18, 1);
  writer.str(message.scope);
  writer.str(message.name);
  return writer.finish();
}

export function decodeBookStanding(bytes: Uint8Array): BookStanding {
  const reader = new MessageReader(bytes, 18, 1);
  const message = {
    scope: reader.str(),
    name: reader.str(),
  };
  reader.finish();
  return message;
}

/** In a snapshot, in front of the positions it sums up: one currency. */
export interface CurrencyStanding {
  /** empty: the one of the account */
  readonly currency: string;
  /** realised less fees since the account's day began, less what was unrealised then; integer of 1e-16 */
  readonly dayResult: string;
  /** fees in it of what is traded in another one */
  readonly otherFees?: bigint;
}

export function encodeCurrencyStanding(message: CurrencyStanding): Uint8Array {
  const writer = new MessageWriter(19, 2);
  writer.str(message.currency);
  writer.str(message.dayResult);
  writer.money(message.otherFees ?? 0n);
  return writer.finish();
}

export function decodeCurrencyStanding(bytes: Uint8Array): CurrencyStanding {
  const reader = new MessageReader(bytes, 19, 2);
  const currency = reader.str();
  if (reader.version <= 1) reader.u32();
  const dayResult = reader.str();
  const otherFees = reader.version < 2 ? 0n : reader.money();
  reader.finish();
  return { currency, dayResult, otherFees };
}

/** The quality of a symbol changed; on the bus as its fields. */
export interface QualityChanged {
  /** symbol id */
  readonly symbol: number;
  /** when */
  readonly time: Time;
  /** QualityState before */
  readonly from: number;
  /** QualityState after */
  readonly to: number;
  /** all that is wrong, bits of TickFlags */
  readonly flags: number;
  /** ticks of its shard from here on carry newer flags */
  readonly sequence: number;
  /** number of the source; 0: none in particular */
  readonly source: number;
  /** what happened */
  readonly reason: string;
}

export function encodeQualityChanged(message: QualityChanged): Uint8Array {
  const writer = new MessageWriter(20, 1);
  writer.u32(message.symbol);
  writer.time(message.time);
  writer.u32(message.from);
  writer.u32(message.to);
  writer.u32(message.flags);
  writer.f64(message.sequence);
  writer.u32(message.source);
  writer.str(message.reason);
  return writer.finish();
}

export function decodeQualityChanged(bytes: Uint8Array): QualityChanged {
  const reader = new MessageReader(bytes, 20, 1);
  const message = {
    symbol: reader.u32(),
    time: reader.time(),
    from: reader.u32(),
    to: reader.u32(),
    flags: reader.u32(),
    sequence: reader.f64(),
    source: reader.u32(),
    reason: reader.str(),
  };
  reader.finish();
  return message;
}

/** In a snapshot: a trading state, limit or throttle that is set, or that all is to be flat. */
export interface ControlStanding {
  /** state, limit, throttle, cancel, route, request, node, known, flatten or flat */
  readonly control: string;
  /** account, strategy or symbol */
  readonly scope: string;
  /** which of them */
  readonly name: string;
  /** name of the limit; prefix of the node */
  readonly key: string;
  /** what it is set to */
  readonly value: string;
  /** who and why */
  readonly reason: string;
}

export function encodeControlStanding(message: ControlStanding): Uint8Array {
  const writer = new MessageWriter(21, 1);
  writer.str(message.control);
  writer.str(message.scope);
  writer.str(message.name);
  writer.str(message.key);
  writer.str(message.value);
  writer.str(message.reason);
  return writer.finish();
}

export function decodeControlStanding(bytes: Uint8Array): ControlStanding {
  const reader = new MessageReader(bytes, 21, 1);
  const message = {
    control: reader.str(),
    scope: reader.str(),
    name: reader.str(),
    key: reader.str(),
    value: reader.str(),
    reason: reader.str(),
  };
  reader.finish();
  return message;
}

/** A trading day began: what was opened before is of the day before from here on. */
export interface TradingDayBegan {
  /** of the instruments whose days begin so */
  readonly dayStartMinute: number;
  /** the trading day, since 1970 */
  readonly day: number;
  /** when it began */
  readonly time: Time;
}

export function encodeTradingDayBegan(message: TradingDayBegan): Uint8Array {
  const writer = new MessageWriter(22, 1);
  writer.u32(message.dayStartMinute);
  writer.u32(message.day);
  writer.time(message.time);
  return writer.finish();
}

export function decodeTradingDayBegan(bytes: Uint8Array): TradingDayBegan {
  const reader = new MessageReader(bytes, 22, 1);
  const message = {
    dayStartMinute: reader.u32(),
    day: reader.u32(),
    time: reader.time(),
  };
  reader.finish();
  return message;
}

/** In a snapshot: what an account holds where long and short are kept apart. */
export interface OffsetStanding {
  /** account */
  readonly account: string;
  /** symbol id */
  readonly symbol: number;
  /** long, opened on this trading day */
  readonly longToday: bigint;
  /** long, opened before it */
  readonly longYesterday: bigint;
  /** short, opened on this trading day */
  readonly shortToday: bigint;
  /** short, opened before it */
  readonly shortYesterday: bigint;
}

export function encodeOffsetStanding(message: OffsetStanding): Uint8Array {
  const writer = new MessageWriter(23, 1);
  writer.str(message.account);
  writer.u32(message.symbol);
  writer.money(message.longToday);
  writer.money(message.longYesterday);
  writer.money(message.shortToday);
  writer.money(message.shortYesterday);
  return writer.finish();
}

export function decodeOffsetStanding(bytes: Uint8Array): OffsetStanding {
  const reader = new MessageReader(bytes, 23, 1);
  const message = {
    account: reader.str(),
    symbol: reader.u32(),
    longToday: reader.money(),
    longYesterday: reader.money(),
    shortToday: reader.money(),
    shortYesterday: reader.money(),
  };
  reader.finish();
  return message;
}

/** An execution nobody told, adopted because the venue has what follows from it; in a snapshot: what of it no told execution has replaced yet. Idempotent by (venue, tradeId). */
export interface FillInferred {
  /** venue */
  readonly venue: string;
  /** made of the order or the symbol, and of what was here before and after */
  readonly tradeId: string;
  /** the order; empty: of no order */
  readonly clientOrderId: string;
  /** account it counts for */
  readonly account: string;
  /** strategy instance it counts for; 0: of a person */
  readonly instance: number;
  /** OrderOffset; 0: none */
  readonly offset: number;
  /** symbol id */
  readonly symbol: number;
  /** +1 buy, -1 sell */
  readonly side: number;
  /** quantity */
  readonly quantity: bigint;
  /** price at which what is here becomes what the venue has */
  readonly price: bigint;
  /** when it counts as executed */
  readonly time: Time;
  /** a told execution of up to then is part of it; day 0: none is */
  readonly until: Time;
  /** what reconciliation found */
  readonly reason: string;
}

export function encodeFillInferred(message: FillInferred): Uint8Array {
  const writer = new MessageWriter(24, 1);
  writer.str(message.venue);
  writer.str(message.tradeId);
  writer.str(message.clientOrderId);
  writer.str(message.account);
  writer.u32(message.instance);
  writer.u32(message.offset);
  writer.u32(message.symbol);
  writer.i32(message.side);
  writer.money(message.quantity);
  writer.money(message.price);
  writer.time(message.time);
  writer.time(message.until);
  writer.str(message.reason);
  return writer.finish();
}

export function decodeFillInferred(bytes: Uint8Array): FillInferred {
  const reader = new MessageReader(bytes, 24, 1);
  const message = {
    venue: reader.str(),
    tradeId: reader.str(),
    clientOrderId: reader.str(),
    account: reader.str(),
    instance: reader.u32(),
    offset: reader.u32(),
    symbol: reader.u32(),
    side: reader.i32(),
    quantity: reader.money(),
    price: reader.money(),
    time: reader.time(),
    until: reader.time(),
    reason: reader.str(),
  };
  reader.finish();
  return message;
}

/** In a snapshot: how many executions of a symbol were inferred so far. */
export interface InferredStanding {
  /** symbol id */
  readonly symbol: number;
  /** executions */
  readonly count: number;
}

export function encodeInferredStanding(message: InferredStanding): Uint8Array {
  const writer = new MessageWriter(25, 1);
  writer.u32(message.symbol);
  writer.u32(message.count);
  return writer.finish();
}

export function decodeInferredStanding(bytes: Uint8Array): InferredStanding {
  const reader = new MessageReader(bytes, 25, 1);
  const message = {
    symbol: reader.u32(),
    count: reader.u32(),
  };
  reader.finish();
  return message;
}

/** In a snapshot, behind an OrderStanding and its trades: where the order last changed. Without: at its intent. */
export interface OrderRevision {
  /** 16 x the event that changed it, + how far it is above the child that the event was of */
  readonly revision: bigint;
}

export function encodeOrderRevision(message: OrderRevision): Uint8Array {
  const writer = new MessageWriter(26, 1);
  writer.i64(message.revision);
  return writer.finish();
}

export function decodeOrderRevision(bytes: Uint8Array): OrderRevision {
  const reader = new MessageReader(bytes, 26, 1);
  const message = {
    revision: reader.i64(),
  };
  reader.finish();
  return message;
}

/** In front of a RiskDayBegan, in the same write: what a symbol that is held was worth then. */
export interface DayMarked {
  /** symbol id */
  readonly symbol: number;
  /** the last price known */
  readonly price: bigint;
}

export function encodeDayMarked(message: DayMarked): Uint8Array {
  const writer = new MessageWriter(27, 1);
  writer.u32(message.symbol);
  writer.money(message.price);
  return writer.finish();
}

export function decodeDayMarked(bytes: Uint8Array): DayMarked {
  const reader = new MessageReader(bytes, 27, 1);
  const message = {
    symbol: reader.u32(),
    price: reader.money(),
  };
  reader.finish();
  return message;
}

/** A day of the account began (risk.dayStart, risk.dayZone): its loss counts from what all was worth then. In a snapshot: the day it is. */
export interface RiskDayBegan {
  /** the date in that zone on which it began, since 1970 */
  readonly day: number;
  /** when the node began it */
  readonly time: Time;
}

export function encodeRiskDayBegan(message: RiskDayBegan): Uint8Array {
  const writer = new MessageWriter(28, 1);
  writer.u32(message.day);
  writer.time(message.time);
  return writer.finish();
}

export function decodeRiskDayBegan(bytes: Uint8Array): RiskDayBegan {
  const reader = new MessageReader(bytes, 28, 1);
  const message = {
    day: reader.u32(),
    time: reader.time(),
  };
  reader.finish();
  return message;
}
