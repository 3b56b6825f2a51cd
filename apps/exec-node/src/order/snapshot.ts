// The ledger as bytes, so that a start need not fold every event there ever was. What always holds:
// restoring a snapshot gives the ledger the fold of the events it covers would give; what only
// this process knows (submitted, latencies) is not in it. Marks are in it: they are the last known
// prices, better than none until the market ticks again.
//
// Form: messages of the schema, each behind its length (u32, little-endian): LedgerStanding first,
// then ControlStanding, RiskDayBegan, InstrumentTerms, then per order OrderTerms (of one that has
// any), OrderIntent, OrderStanding, its OrderTrades, OrderRevision (of one that changed since),
// WorkStanding (of one with terms or a change) and OrderEvent (of one whose cancel was asked for
// and not answered), then CurrencyStanding and PositionStanding, of all and behind a BookStanding
// of each strategy and account, TradingDayBegan, OffsetStanding, FillInferred, InferredStanding,
// InstanceStanding, VenueStanding.

import {
  decodeBookStanding,
  decodeControlStanding,
  decodeCurrencyStanding,
  decodeFillInferred,
  decodeInferredStanding,
  decodeInstanceStanding,
  decodeInstrumentTerms,
  decodeLedgerStanding,
  decodeOffsetStanding,
  decodeOrderEvent,
  decodeOrderIntent,
  decodeOrderRevision,
  decodeOrderStanding,
  decodeOrderTerms,
  decodeOrderTrade,
  decodePositionStanding,
  decodeRiskDayBegan,
  decodeTradingDayBegan,
  decodeVenueStanding,
  decodeWorkStanding,
  encodeBookStanding,
  encodeControlStanding,
  encodeCurrencyStanding,
  encodeFillInferred,
  encodeInferredStanding,
  encodeInstanceStanding,
  encodeInstrumentTerms,
  encodeLedgerStanding,
  encodeOffsetStanding,
  encodeOrderEvent,
  encodeOrderIntent,
  encodeOrderRevision,
  encodeOrderStanding,
  encodeOrderTerms,
  encodeOrderTrade,
  encodePositionStanding,
  encodeRiskDayBegan,
  encodeTradingDayBegan,
  encodeVenueStanding,
  encodeWorkStanding,
  MessageKind,
  messageKind,
  NdtsError,
  type OrderEvent,
  OrderState,
  type OrderTerms,
  type TradingStateName,
} from '@ndts/protocol';
import type { Position } from '../position/position.js';
import type { Positions } from '../position/positions.js';
import type { ControlEntry } from '../risk/controls.js';
import { unusualTerms } from './families.js';
import type { Ledger } from './ledger.js';
import { Order, revisionOf } from './order.js';
import type { RequestKept } from './requests.js';

/** Of a ControlStanding that stands for a request. */
function requestOf({ name, key, value, reason }: Omit<ControlEntry, 'kind'>): RequestKept {
  return { id: name, clientOrderId: key, content: value, reason };
}

const noControl = { scope: '', name: '', key: '', value: '' };

/** Encodes the ledger as it is after the event of this sequence. */
export function encodeLedger(ledger: Ledger, sequence: number): Uint8Array {
  const { counts, positions, tradingState, tradingReason } = ledger;
  const { dayResult } = positions.sums('');
  const parts: Uint8Array[] = [
    encodeLedgerStanding({
      sequence: BigInt(sequence),
      intents: BigInt(counts.intents),
      denied: BigInt(counts.denied),
      fills: BigInt(counts.fills),
      tradingState,
      tradingReason,
      dayResult: String(dayResult),
    }),
  ];
  for (const { kind, ...entry } of ledger.controls.entries())
    parts.push(encodeControlStanding({ control: kind, ...entry }));
  const { flatten, openRoute, node, known } = ledger.controls;
  if (openRoute !== undefined) {
    const { primary: scope, backup: name, why: reason } = openRoute;
    const value = 'open';
    parts.push(encodeControlStanding({ control: 'route', scope, name, key: '', value, reason }));
  }
  const { account: name, orderPrefix: key } = node;
  if (name !== '')
    parts.push(encodeControlStanding({ ...noControl, control: 'node', name, key, reason: '' }));
  for (const mark of known)
    parts.push(encodeControlStanding({ ...noControl, control: 'known', name: mark, reason: '' }));
  if (flatten !== '')
    parts.push(encodeControlStanding({ ...noControl, control: 'flatten', reason: flatten }));
  const { flatAt } = ledger.inferred;
  if (flatAt !== undefined) {
    const [name, value] = [String(flatAt.day), String(flatAt.nsOfDay)];
    parts.push(encodeControlStanding({ ...noControl, control: 'flat', name, value, reason: '' }));
  }
  for (const { id: name, clientOrderId: key, reason, content: value } of ledger.requests.all())
    parts.push(
      encodeControlStanding({ ...noControl, control: 'request', name, key, value, reason }),
    );
  if (ledger.riskDay !== undefined) parts.push(encodeRiskDayBegan(ledger.riskDay));
  for (const terms of ledger.books.instruments()) parts.push(encodeInstrumentTerms(terms));
  for (const order of ledger.orders.kept()) pushOrder(parts, order);
  pushPositions(parts, positions);
  for (const [instance, book] of ledger.books.strategies()) {
    parts.push(encodeBookStanding({ scope: 'strategy', name: String(instance) }));
    pushPositions(parts, book);
  }
  for (const [account, book] of ledger.books.accounts()) {
    parts.push(encodeBookStanding({ scope: 'account', name: account }));
    pushPositions(parts, book);
  }
  pushOffsets(parts, ledger);
  for (const inferred of ledger.inferred.waiting()) parts.push(encodeFillInferred(inferred));
  for (const [symbol, count] of ledger.inferred.counts())
    parts.push(encodeInferredStanding({ symbol, count }));
  for (const [instance, ordinal] of ledger.instances())
    parts.push(encodeInstanceStanding({ instance, ordinal: BigInt(ordinal) }));
  for (const [venue, tradeId] of ledger.venues())
    parts.push(encodeVenueStanding({ venue, tradeId }));
  return framed(parts);
}

/** Fills an empty ledger; returns the sequence of the last event covered. */
export function restoreLedger(ledger: Ledger, bytes: Uint8Array): number {
  const messages = unframed(bytes);
  const head = messages.next().value;
  if (head === undefined) throw new NdtsError('CORRUPT', 'the snapshot of the journal is empty');
  const standing = decodeLedgerStanding(head);
  ledger.counts.intents = Number(standing.intents);
  ledger.counts.denied = Number(standing.denied);
  ledger.counts.fills = Number(standing.fills);
  ledger.controls.state = standing.tradingState as TradingStateName;
  ledger.controls.reason = standing.tradingReason;
  ledger.positions.restoreDay('', BigInt(standing.dayResult));
  const place: Place = {
    ...{ ledger, rest: messages, book: ledger.positions, terms: undefined, order: undefined },
  };
  for (const message of messages) restoreOne(place, message);
  ledger.families.settle();
  return Number(standing.sequence);
}

/** What was read so far and belongs to what follows. */
interface Place {
  readonly ledger: Ledger;
  readonly rest: Iterator<Uint8Array>;
  book: Positions;
  terms: OrderTerms | undefined;
  order: Order | undefined;
}

function restoreOne(place: Place, message: Uint8Array): void {
  const { ledger } = place;
  const kind = messageKind(message);
  switch (kind) {
    case MessageKind.ControlStanding:
      restoreControl(ledger, message);
      return;
    case MessageKind.InstrumentTerms:
      ledger.applyInstrument(decodeInstrumentTerms(message));
      return;
    case MessageKind.OrderTerms:
      place.terms = decodeOrderTerms(message);
      return;
    case MessageKind.OrderIntent:
      restoreOrder(place, message);
      return;
    case MessageKind.OrderRevision:
      if (place.order === undefined) throw cutOff();
      place.order.revision = Number(decodeOrderRevision(message).revision);
      return;
    case MessageKind.OrderEvent:
      if (place.order === undefined) throw cutOff();
      place.order.cancelWanted = decodeOrderEvent(message).reason;
      return;
    case MessageKind.WorkStanding:
      if (place.order === undefined) throw cutOff();
      restoreWork(ledger, place.order, message);
      return;
    case MessageKind.BookStanding: {
      const { scope, name } = decodeBookStanding(message);
      place.book = ledger.books.ensure(scope, name);
      return;
    }
    case MessageKind.CurrencyStanding: {
      const { currency, dayResult, otherFees } = decodeCurrencyStanding(message);
      place.book.restoreDay(currency, BigInt(dayResult), otherFees);
      return;
    }
    case MessageKind.PositionStanding:
      place.book.restore(decodePosition(place.book, message));
      return;
    case MessageKind.RiskDayBegan:
      ledger.riskDay = decodeRiskDayBegan(message);
      return;
    case MessageKind.TradingDayBegan:
      ledger.books.offsets.restoreDay(decodeTradingDayBegan(message));
      return;
    case MessageKind.OffsetStanding:
      restoreOffsets(ledger, message);
      return;
    case MessageKind.FillInferred:
      ledger.inferred.restore(decodeFillInferred(message));
      return;
    case MessageKind.InferredStanding:
      ledger.inferred.restoreCount(decodeInferredStanding(message));
      return;
    case MessageKind.InstanceStanding: {
      const { instance, ordinal } = decodeInstanceStanding(message);
      ledger.raise(instance, ordinal);
      return;
    }
    case MessageKind.VenueStanding: {
      const { venue, tradeId } = decodeVenueStanding(message);
      ledger.restoreTradeId(venue, tradeId);
      return;
    }
    default:
      throw new NdtsError('CORRUPT', `the snapshot of the journal holds a message of kind ${kind}`);
  }
}

function restoreControl({ controls, requests, inferred }: Ledger, message: Uint8Array): void {
  const { control, ...entry } = decodeControlStanding(message);
  const { scope: primary, name: backup, reason: why } = entry;
  if (control === 'flatten') controls.flatten = why;
  else if (control === 'flat')
    inferred.flatAt = { day: Number(entry.name), nsOfDay: Number(entry.value) };
  else if (control === 'node') controls.node = { account: entry.name, orderPrefix: entry.key };
  else if (control === 'route') controls.openRoute = { primary, backup, why };
  else if (control === 'known') controls.known = new Set([...controls.known, entry.name]);
  else if (control === 'request') requests.note(requestOf(entry));
  else controls.restore({ kind: control as ControlEntry['kind'], ...entry });
}

function restoreOffsets({ books }: Ledger, message: Uint8Array): void {
  const { account, symbol, ...held } = decodeOffsetStanding(message);
  const { long, short } = books.offsets.ensure(account, symbol);
  Object.assign(long, { today: held.longToday, yesterday: held.longYesterday });
  Object.assign(short, { today: held.shortToday, yesterday: held.shortYesterday });
}

function pushOrder(parts: Uint8Array[], order: Order): void {
  // Submitted is not journaled: after a restart the broker is asked.
  const state = order.state === OrderState.submitted ? OrderState.intended : order.state;
  const terms = unusualTerms(order.terms);
  if (terms !== undefined) parts.push(encodeOrderTerms(terms));
  parts.push(
    encodeOrderIntent(order.intent),
    encodeOrderStanding({
      sequence: BigInt(order.sequence),
      state,
      venueOrderId: order.venueOrderId,
      reason: order.reason,
      filled: order.filled,
      filledValue: String(order.filledValue),
      closed: order.closed ? 1 : 0,
      listed: order.unlisted ? 0 : 1,
      trades: order.tradeIds.length,
      time: order.time,
    }),
  );
  for (const tradeId of order.tradeIds) parts.push(encodeOrderTrade({ tradeId }));
  const { revision } = order;
  if (revision !== revisionOf(order.sequence))
    parts.push(encodeOrderRevision({ revision: BigInt(revision) }));
  if (terms !== undefined || order.asked !== undefined) parts.push(encodeWork(order));
  if (order.cancelWanted !== '') parts.push(encodeOrderEvent(cancelOf(order)));
}

function cancelOf({ id: clientOrderId, cancelWanted: reason, time }: Order): OrderEvent {
  return { clientOrderId, state: OrderState.pendingCancel, venueOrderId: '', reason, time };
}

function encodeWork({ childCount, group, asked }: Order): Uint8Array {
  return encodeWorkStanding({
    children: childCount,
    groupFilled: group?.filled ?? 0n,
    asked: asked === undefined ? 0 : 1,
    askedQuantity: asked?.quantity ?? 0n,
    askedLimitPrice: asked?.limitPrice ?? 0n,
    askedStopPrice: asked?.stopPrice ?? 0n,
  });
}

function restoreOrder(place: Place, message: Uint8Array): void {
  const { ledger, rest, terms } = place;
  place.terms = undefined;
  const intent = decodeOrderIntent(message);
  const standing = decodeOrderStanding(following(rest));
  const order = new Order(intent, standing.state as OrderState, Number(standing.sequence), terms);
  order.venueOrderId = standing.venueOrderId;
  order.reason = standing.reason;
  order.filled = standing.filled;
  order.filledValue = BigInt(standing.filledValue);
  order.closed = standing.closed === 1;
  order.unlisted = standing.listed === 0;
  order.time = standing.time;
  for (let trade = 0; trade < standing.trades; trade++)
    order.tradeIds.push(decodeOrderTrade(following(rest)).tradeId);
  ledger.orders.restore(order);
  if (terms !== undefined) ledger.families.join(order);
  ledger.families.restored(order, 0n);
  place.order = order;
}

function restoreWork(ledger: Ledger, order: Order, message: Uint8Array): void {
  const work = decodeWorkStanding(message);
  order.childCount = work.children;
  if (work.asked === 1)
    order.asked = {
      quantity: work.askedQuantity,
      limitPrice: work.askedLimitPrice,
      stopPrice: work.askedStopPrice,
    };
  ledger.families.restored(order, work.groupFilled);
}

function pushPositions(parts: Uint8Array[], positions: Positions): void {
  for (const [currency, { dayResult, otherFees }] of positions.currencies())
    parts.push(encodeCurrencyStanding({ currency, dayResult: String(dayResult), otherFees }));
  for (const position of positions.all()) parts.push(encodePosition(position));
}

function pushOffsets(parts: Uint8Array[], { books }: Ledger): void {
  for (const began of books.offsets.days()) parts.push(encodeTradingDayBegan(began));
  for (const [account, { symbol, long, short }] of books.offsets.all())
    parts.push(
      encodeOffsetStanding({
        ...{ account, symbol, longToday: long.today, longYesterday: long.yesterday },
        ...{ shortToday: short.today, shortYesterday: short.yesterday },
      }),
    );
}

function encodePosition(position: Position): Uint8Array {
  const { symbol, quantity, cost, realised, cash, fees, openBuy, openSell, closing } = position;
  return encodePositionStanding({
    ...{ symbol, quantity, fees, openBuy, openSell, closing, markPrice: position.markPrice },
    ...{ cost: String(cost), realised: String(realised), cash: String(cash) },
  });
}

function decodePosition(book: Positions, message: Uint8Array): Position {
  const standing = decodePositionStanding(message);
  const position = book.create(standing.symbol);
  position.quantity = standing.quantity;
  position.cost = BigInt(standing.cost);
  position.realised = BigInt(standing.realised);
  position.cash = BigInt(standing.cash);
  position.fees = standing.fees;
  position.openBuy = standing.openBuy;
  position.openSell = standing.openSell;
  position.closing = standing.closing ?? 0n;
  position.mark(standing.markPrice);
  return position;
}

function framed(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const part of parts) {
    view.setUint32(offset, part.length, true);
    bytes.set(part, offset + 4);
    offset += 4 + part.length;
  }
  return bytes;
}

function* unframed(bytes: Uint8Array): Generator<Uint8Array, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 4 + (offset + 4 <= bytes.length ? view.getUint32(offset, true) : 0);
    if (offset + 4 > bytes.length || end > bytes.length) throw cutOff();
    yield bytes.subarray(offset + 4, end);
    offset = end;
  }
}

function following(rest: Iterator<Uint8Array>): Uint8Array {
  const { done, value } = rest.next();
  if (done === true) throw cutOff();
  return value;
}

function cutOff(): NdtsError {
  return new NdtsError('CORRUPT', 'the snapshot of the journal is cut off');
}
