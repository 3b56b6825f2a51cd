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
  /** route */
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
}

export function encodeFill(message: Fill): Uint8Array {
  const writer = new MessageWriter(4, 1);
  writer.str(message.venue);
  writer.str(message.tradeId);
  writer.str(message.clientOrderId);
  writer.u32(message.symbol);
  writer.i32(message.side);
  writer.money(message.quantity);
  writer.money(message.price);
  writer.money(message.fee);
  writer.time(message.time);
  return writer.finish();
}

export function decodeFill(bytes: Uint8Array): Fill {
  const reader = new MessageReader(bytes, 4, 1);
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
  };
  reader.finish();
  return message;
}

/** Something a person did: halt, resume, a limit change. */
export interface OperatorAction {
  /** name of the token */
  readonly actor: string;
  /** halt, resume, reduce, limit */
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
