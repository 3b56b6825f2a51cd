// Orders of one strategy instance that changed behind a revision, for a start of it that has to be
// told what it missed. What always holds: each that the journal still tells of is there, also one
// that is no longer in memory; in the order of their last changes.

import {
  decodeFill,
  decodeFillInferred,
  decodeOrderChange,
  decodeOrderDenied,
  decodeOrderEvent,
  decodeOrderIntent,
  decodeOrderTerms,
  MessageKind,
  messageKind,
} from '@ndts/protocol';
import type { EventJournal } from './journal.js';
import { Ledger } from './ledger.js';
import { type Order, sequenceOfRevision } from './order.js';

export function ordersBehind(
  ledger: Ledger,
  journal: EventJournal,
  instance: number,
  after: number,
): Order[] {
  const isBehind = ({ intent, revision }: Order): boolean =>
    intent.instance === instance && revision > after;
  const found = new Map<string, Order>();
  for (const order of ledger.orders.kept()) if (isBehind(order)) found.set(order.id, order);
  if (ledger.orders.isFull)
    for (const order of forgotten(journal, instance, sequenceOfRevision(after)))
      if (isBehind(order) && !found.has(order.id)) found.set(order.id, order);
  return [...found.values()].sort((a, b) => a.revision - b.revision);
}

/** Those with events from this one on, in memory or not, folded from their events alone, with all
 * that came of the same signal. */
function forgotten(journal: EventJournal, instance: number, from: number): Iterable<Order> {
  const signals = new Set<string>();
  journal.read(from, (_, value) => {
    const id = idIn(value);
    if (id.startsWith(`${instance}-`)) signals.add(signalOf(id));
  });
  const events: [number, Uint8Array][] = [];
  if (signals.size > 0)
    journal.read(0, (sequence, value) => {
      if (signals.has(signalOf(idIn(value)))) events.push([sequence, value]);
    });
  const most = events.length + 1;
  const folded = new Ledger({ orders: most, denied: most });
  for (const [sequence, value] of events) folded.applyEncoded(sequence, value);
  return folded.orders.kept();
}

/** Of the order that an event is of; empty: of none. */
function idIn(value: Uint8Array): string {
  switch (messageKind(value)) {
    case MessageKind.OrderIntent:
      return decodeOrderIntent(value).clientOrderId;
    case MessageKind.OrderTerms:
      return decodeOrderTerms(value).clientOrderId;
    case MessageKind.OrderDenied:
      return decodeOrderDenied(value).clientOrderId;
    case MessageKind.OrderEvent:
      return decodeOrderEvent(value).clientOrderId;
    case MessageKind.OrderChange:
      return decodeOrderChange(value).clientOrderId;
    case MessageKind.Fill:
      return decodeFill(value).clientOrderId;
    case MessageKind.FillInferred:
      return decodeFillInferred(value).clientOrderId;
    default:
      return '';
  }
}

/** Its instance and ordinal: legs and children have the same. */
function signalOf(id: string): string {
  return id.slice(0, id.lastIndexOf('-'));
}
