// What the FIX counterparty of the test kit knows of an order, and its words for states and times.

import {
  type BrokerPosition,
  moneyScale,
  type OrderIntent,
  OrderState,
  TimeInForce,
} from '@ndts/protocol';
import { type FixBody, Tag } from '@ndts/runtime/fix';

export interface VenueOrder {
  readonly id: string;
  readonly symbol: string;
  readonly side: string;
  readonly quantity: bigint;
  filled: bigint;
  venueOrderId: string;
  /** The cancel that waits for its answer. */
  cancelId: string;
  /** What takes its place once it is canceled. */
  next: OrderIntent | undefined;
}

export const plainOrder = { filled: 0n, venueOrderId: '', cancelId: '', next: undefined };

export const timesInForce: Readonly<Record<string, TimeInForce>> = {
  '0': TimeInForce.gtc,
  '1': TimeInForce.gtc,
  '3': TimeInForce.ioc,
  '4': TimeInForce.fok,
};

export const ordStatus: Readonly<Record<number, string>> = {
  [OrderState.accepted]: '0',
  [OrderState.partiallyFilled]: '1',
  [OrderState.filled]: '2',
  [OrderState.canceled]: '4',
  [OrderState.rejected]: '8',
  [OrderState.expired]: 'C',
};

export function symbolName(symbol: number): string {
  return `S${symbol}`;
}

/** `currency`: of its own; empty: that of the price. */
export function feeBody(fee: bigint, currency: string): FixBody {
  return (writer) => {
    writer.money(Tag.commission, fee);
    writer.text(Tag.commType, '3');
    if (currency !== '') writer.text(Tag.commCurrency, currency);
  };
}

export function split(position: BrokerPosition): BrokerPosition[] {
  return [
    { ...position, quantity: moneyScale },
    { ...position, quantity: position.quantity - moneyScale },
  ];
}
