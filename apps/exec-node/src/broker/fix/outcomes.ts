// What the counterparty's messages mean for our orders: updates, fills, and answers to questions.
// What always holds: only a definite refusal rejects an order; an execution that is taken back or
// corrected becomes fills that undo it, so that positions are right; nothing is told from here, it
// waits until the gateway's duty cycle tells it.

import {
  type BrokerOrderStatus,
  type BrokerOrderUpdate,
  type BrokerPosition,
  OrderState,
  type WorkingTerms,
} from '@ndts/protocol';
import { type FixMessage, FixGroups, forEachEntry, MessageType, Tag } from '@ndts/runtime/fix';
import { isFinal } from '../../order/transitions.js';
import type { Due } from '../due.js';
import { type ExecutionDeps, FixExecutions } from './executions.js';
import type { FixQueries } from './queries.js';
import type { OrderRecord } from './records.js';
import {
  cancelUnknownOrder,
  changeIdOf,
  changeOf,
  duplicateOrder,
  ExecType,
  orderIdOf,
  readReport,
  readTrades,
  type Report,
  stateOf,
  unknownOrder,
} from './reports.js';

export interface OutcomeDeps extends ExecutionDeps {
  readonly queries: FixQueries;
  /** Asks how an order stands; the answer is told as an update. */
  readonly askStatus: (clientOrderId: string) => void;
  /** Whether an order went out twice under one number: what is refused may be the second. */
  readonly isResent: (clientOrderId: string) => boolean;
  /** A message of ours by its number, as far as it is kept. */
  readonly sent: (number: number) => FixMessage | undefined;
}

/** Refusals of a whole message that say nothing about whether it will be accepted later. */
const applicationNotAvailable = 4;
/** Values of TimeInForce: until canceled, until a date. */
const longerThanDay = new Set(['1', '6']);
/** ExecTypes that tell what an order is now. */
const isState: ReadonlySet<string> = new Set([ExecType.orderStatus, ExecType.restated]);

export class FixOutcomes {
  readonly told: Due[] = [];
  /** Of the last list of what is open: orders that were not sent from here. */
  readonly strangers = new Map<string, OrderRecord>();
  /** How often each was to be canceled: no id is given twice. */
  readonly #changes = new Map<string, number>();
  /** How many positions the last question about them is answered with. */
  #announced = { id: '', total: 0 };
  readonly #deps: OutcomeDeps;
  readonly #executions: FixExecutions;

  constructor(deps: OutcomeDeps) {
    this.#deps = deps;
    this.#executions = new FixExecutions(deps, this.told);
  }

  /** A new list of what is open comes. */
  listAnew(): void {
    for (const [id, { changes }] of this.strangers) if (changes > 0) this.#changes.set(id, changes);
    this.strangers.clear();
  }

  take(message: FixMessage): void {
    switch (message.type) {
      case MessageType.executionReport:
        this.#takeReport(message);
        return;
      case MessageType.orderCancelReject:
        this.#takeCancelReject(message);
        return;
      case MessageType.reject:
      case MessageType.businessMessageReject:
        this.#takeRefusal(message);
        return;
      case MessageType.tradeCaptureReport:
        this.#takeTrade(message);
        return;
      case MessageType.tradeCaptureReportRequestAck:
        this.#takeTradeAck(message);
        return;
      case MessageType.positionReport:
        this.#takePosition(message);
        return;
      case MessageType.requestForPositionsAck:
        this.#takePositionAck(message);
        return;
      default:
        this.#deps.logger.warn({ type: message.type }, 'FIX message that nobody asked for');
    }
  }

  /** Told at the next duty cycle. */
  tell(
    clientOrderId: string,
    state: OrderState,
    venueOrderId: string,
    reason: string,
    more: Pick<BrokerOrderUpdate, 'working' | 'filledQuantity'> = {},
  ): void {
    const time = this.#deps.clock.now();
    this.told.push({ clientOrderId, venueOrderId, state, reason, time, ...more });
  }

  /** The order was never handed over. */
  tellNotSent(clientOrderId: string, reason: string): void {
    const [state, time] = [OrderState.rejected, this.#deps.clock.now()];
    const update = { clientOrderId, venueOrderId: '', state, reason, time };
    this.told.push({ ...update, failure: 'transport' });
  }

  #takeReport(message: FixMessage): void {
    const report = this.#named(readReport(message));
    const { execType, clientOrderId } = report;
    if (this.#takeAnswer(message, report)) return;
    if (isNotKnown(report)) {
      this.#deps.logger.warn({ clientOrderId }, 'the counterparty does not know an order');
      return;
    }
    if (this.#isOfChange(report)) {
      this.tell(clientOrderId, OrderState.accepted, '', `not changed: ${report.text}`);
      return;
    }
    const record = this.#follow(report);
    if (record === undefined)
      this.#deps.logger.warn({ clientOrderId, execType }, 'report on an order not sent from here');
    switch (execType) {
      case ExecType.trade:
      case ExecType.fill:
      case ExecType.partialFill:
        this.#executions.tell(report);
        this.#tellEnd(report, standing(report, record));
        return;
      case ExecType.tradeCancel:
        this.#executions.bust(report);
        return;
      case ExecType.tradeCorrect:
        this.#executions.correct(report);
        return;
      case ExecType.rejected:
        this.#takeRejected(report);
        return;
      case ExecType.pendingNew:
      case ExecType.pendingCancel:
      case ExecType.pendingReplace:
      case ExecType.stopped:
      case ExecType.calculated:
        this.#deps.logger.debug({ clientOrderId, execType }, 'FIX report that changes nothing');
        return;
      case ExecType.new:
      case ExecType.suspended:
        this.#tellState(report, OrderState.accepted);
        return;
      case ExecType.replaced: {
        const more = record === undefined ? {} : { working: workingOf(record) };
        this.tell(clientOrderId, OrderState.accepted, report.venueOrderId, report.text, more);
        return;
      }
      case ExecType.canceled:
        this.#tellState(report, OrderState.canceled);
        return;
      case ExecType.doneForDay:
        this.#tellState(report, standing({ ...report, status: execType }, record));
        return;
      case ExecType.expired:
        this.#tellState(report, OrderState.expired);
        return;
      default:
        // Restated, an order's status, and what a later version may bring: the status counts.
        this.#tellState(report, standing(report, record));
    }
  }

  /** ClOrdID may be left out: the venue's own id says which order it is about. */
  #named(report: Report): Report {
    if (report.clientOrderId !== '') return report;
    return { ...report, clientOrderId: this.#deps.records.idAt(report.venueOrderId) };
  }

  #tellState(report: Report, state: OrderState): void {
    const { clientOrderId, venueOrderId, text } = report;
    const filledQuantity = filledIn(report, this.#deps.records.order(clientOrderId));
    const more = isFinal(state) ? { filledQuantity } : {};
    this.tell(clientOrderId, state, venueOrderId, text, more);
  }

  /** A rejection of what was to cancel or change an order, which goes by another id. */
  #isOfChange({ execType, clientOrderId, venueClientId }: Report): boolean {
    const current = this.#deps.records.order(clientOrderId)?.venueClientId ?? venueClientId;
    const isOther = venueClientId !== current && changeOf(venueClientId) > 0;
    return execType === ExecType.rejected && isOther;
  }

  /** Of a report of an execution that tells, too, that nothing follows it. */
  #tellEnd(report: Report, state: OrderState): void {
    if (isFinal(state) && state !== OrderState.filled) this.#tellState(report, state);
  }

  /** An id that is not accepted twice says nothing about the order that has it. */
  #isOfSecond({ rejectReason, execType, clientOrderId }: Report): boolean {
    if (rejectReason === duplicateOrder) return true;
    return execType === ExecType.rejected && this.#deps.isResent(clientOrderId);
  }

  #takeRejected(report: Report): void {
    if (this.#isOfSecond(report)) {
      this.#deps.logger.error({ clientOrderId: report.clientOrderId }, 'refused as duplicate');
      this.#deps.askStatus(report.clientOrderId);
      return;
    }
    const text = report.text === '' ? `refused, reason ${report.rejectReason}` : report.text;
    this.#tellState({ ...report, text }, OrderState.rejected);
  }

  /** Brings the record of the order up to what the report says; undefined: it is not ours. */
  #follow(report: Report, isAnswer = false): OrderRecord | undefined {
    const { records, clock } = this.#deps;
    const { clientOrderId, venueClientId, venueOrderId, execType, status } = report;
    const record = records.order(clientOrderId);
    if (record === undefined) return undefined;
    const before = JSON.stringify([record.venueClientId, record.venueOrderId, record.isClosed]);
    if (venueOrderId !== '' && venueOrderId !== 'NONE') record.venueOrderId = venueOrderId;
    // What a question is answered with says how the order stands, whatever it calls itself.
    const isCurrent = isAnswer || execType === ExecType.replaced || isState.has(execType);
    if (isCurrent && venueClientId !== '' && status !== ExecType.pendingReplace)
      record.venueClientId = venueClientId;
    if (execType === ExecType.replaced) {
      const asked = record.asked ?? workingOf(record);
      record.quantity = report.orderQty > 0n ? report.orderQty : asked.quantity;
      record.limitPrice = report.price > 0n ? report.price : asked.limitPrice;
      record.stopPrice = report.stopPx > 0n ? report.stopPx : asked.stopPrice;
      record.asked = undefined;
    } else if (isCurrent && status !== ExecType.pendingReplace) {
      if (report.orderQty > 0n) record.quantity = report.orderQty;
      if (report.price > 0n) record.limitPrice = report.price;
      if (report.stopPx > 0n) record.stopPrice = report.stopPx;
    }
    if (!this.#isOfSecond(report)) record.isClosed = isFinal(standing(report, record));
    record.day = clock.now().day;
    const after = JSON.stringify([record.venueClientId, record.venueOrderId, record.isClosed]);
    if (before !== after || execType === ExecType.replaced) records.keep(clientOrderId, record);
    return record;
  }

  #takeCancelReject(message: FixMessage): void {
    const text = message.text(Tag.text);
    const code = message.whole(Tag.cxlRejReason);
    const reason = `not changed: ${text === '' ? code : text}`;
    const state = stateLeftIn(message.text(Tag.ordStatus), code);
    this.tell(orderIdOf(message.text(Tag.origClOrdId)), state, '', reason);
  }

  /** A whole message was refused: what it asked for did not happen. */
  #takeRefusal(message: FixMessage): void {
    const { queries, logger, records } = this.#deps;
    const sent = this.#sentAs(message);
    const said = message.text(Tag.text);
    const code = message.whole(
      message.type === MessageType.reject ? Tag.sessionRejectReason : Tag.businessRejectReason,
    );
    const text = said === '' ? `refused, reason ${code}` : said;
    logger.error({ type: sent?.type, text }, 'the counterparty refused a FIX message');
    if (sent === undefined) return;
    const id = questionOf(sent);
    if (queries.has(id)) {
      if (code === 1 && id.startsWith('O') && message.type !== MessageType.reject)
        queries.finish(id);
      else queries.fail(id, 'UNAVAILABLE', text);
      return;
    }
    const isOrder = sent.type === MessageType.newOrderSingle;
    const clientOrderId = orderIdOf(sent.text(Tag.clOrdId));
    const record = records.order(clientOrderId);
    if (record === undefined) return;
    const isOpen =
      message.type === MessageType.businessMessageReject && code === applicationNotAvailable;
    if (!isOrder) this.tell(clientOrderId, OrderState.accepted, '', `not changed: ${text}`);
    else if (record.venueOrderId !== '' || this.#deps.isResent(clientOrderId))
      // It has the order: this was about a message that repeated it.
      this.#deps.askStatus(clientOrderId);
    else if (isOpen) this.tell(clientOrderId, OrderState.unknown, '', text);
    else {
      records.keep(clientOrderId, { ...record, isClosed: true });
      this.tell(clientOrderId, OrderState.rejected, '', text);
    }
  }

  /** The message of ours that a refusal is about; one of another type has the number of before a
   * reset. */
  #sentAs(refusal: FixMessage): FixMessage | undefined {
    const sent = this.#deps.sent(refusal.whole(Tag.refSeqNum));
    const type = refusal.text(Tag.refMsgType);
    return type === '' || type === sent?.type ? sent : undefined;
  }

  /** True: the report answers a question. */
  #takeAnswer(message: FixMessage, report: Report): boolean {
    const { queries } = this.#deps;
    const mass = message.text(Tag.massStatusReqId);
    if (mass !== '' && queries.has(mass)) {
      const isNone = isNotKnown(report) || message.whole(Tag.totNumReports) === 0;
      if (!isNone) {
        const record = this.#follow(report, true);
        if (record === undefined) this.#noteStranger(report);
        const count = queries.add(mass, statusOf(report, record));
        // Not everybody says which one is the last.
        if (count === message.whole(Tag.totNumReports)) queries.finish(mass);
      }
      if (isNone || message.isYes(Tag.lastRptRequested)) queries.finish(mass);
      return true;
    }
    // Not every counterparty repeats the id of the question.
    const said = message.text(Tag.ordStatusReqId);
    const isUnknown = isNotKnown(report);
    const isStatus = isUnknown || report.execType === ExecType.orderStatus;
    const id = said === '' && isStatus ? queries.idAbout(report.clientOrderId) : said;
    if (!queries.has(id)) return false;
    if (!isUnknown) queries.add(id, statusOf(report, this.#follow(report, true)));
    queries.finish(id);
    return true;
  }

  #noteStranger(report: Report): void {
    const { clientOrderId: id, venueClientId } = report;
    const changes = Math.max(this.#changes.get(id) ?? 0, changeOf(venueClientId));
    this.strangers.set(id, recordOf(report, changes));
  }

  #takeTrade(message: FixMessage): void {
    const { queries, symbols, venue, clock, logger, records } = this.#deps;
    const id = message.text(Tag.tradeRequestId);
    if (!queries.has(id)) return;
    const name = message.text(Tag.symbol);
    const symbol = symbols.idOf(name);
    if (symbol === undefined) logger.error({ symbol: name }, 'execution of an unknown symbol');
    else {
      const trades = readTrades(message, venue, symbol, clock.now());
      if (trades.length === 0)
        logger.error({ execId: message.text(Tag.execId) }, 'execution that cannot be counted');
      for (const { fill, besides, isBust } of trades) {
        if (isBust) continue;
        if (besides !== '')
          logger.error({ tradeId: fill.tradeId, besides }, 'fees in a further currency');
        queries.add(id, records.keepTrade(fill));
      }
    }
    if (message.isYes(Tag.lastRptRequested)) queries.finish(id);
  }

  #takeTradeAck(message: FixMessage): void {
    const { queries } = this.#deps;
    const id = message.text(Tag.tradeRequestId);
    const result = message.whole(Tag.tradeRequestResult);
    if (result !== 0) queries.fail(id, 'UNAVAILABLE', `trades: ${refusalOf(message, result)}`);
    else if (message.whole(Tag.totNumTradeReports) === 0) queries.finish(id);
  }

  #takePosition(message: FixMessage): void {
    const { queries, symbols, logger } = this.#deps;
    const id = message.text(Tag.posReqId);
    if (!queries.has(id)) return;
    const name = message.text(Tag.symbol);
    const symbol = symbols.idOf(name);
    const quantity = heldIn(message);
    const averagePrice = message.money(Tag.settlPrice) ?? 0n;
    const position: BrokerPosition = { symbol: symbol ?? 0, quantity, averagePrice };
    if (symbol === undefined) logger.error({ symbol: name }, 'position of an unknown symbol');
    const count = queries.add(id, position);
    const told = message.whole(Tag.totalNumPosReports);
    const total = told < 1 && this.#announced.id === id ? this.#announced.total : told;
    // Without a number nobody knows which one is the last: the question fails in time.
    if (total > 0 && count >= total) queries.finish(id);
  }

  #takePositionAck(message: FixMessage): void {
    const { queries } = this.#deps;
    const id = message.text(Tag.posReqId);
    const result = message.whole(Tag.posReqResult);
    const total = message.whole(Tag.totalNumPosReports);
    const noneFound = 2;
    this.#announced = { id, total };
    if (result === noneFound || (result === 0 && total === 0)) queries.finish(id);
    else if (result !== 0)
      queries.fail(id, 'UNAVAILABLE', `positions: ${refusalOf(message, result)}`);
  }
}

export function changedOrder(id: string, record: OrderRecord): { record: OrderRecord; id: string } {
  const changes = record.changes + 1;
  return { record: { ...record, changes }, id: changeIdOf(id, changes) };
}

function refusalOf(message: FixMessage, result: number): string {
  const text = message.text(Tag.text);
  return text === '' ? `refused, result ${result}` : text;
}

/** `record`: of the order as the report left it; undefined: it is not ours. */
function statusOf(report: Report, record: OrderRecord | undefined): BrokerOrderStatus {
  const { clientOrderId, venueOrderId, avgPx } = report;
  const told = { clientOrderId, venueOrderId, state: standing(report, record) };
  const isAverage = avgPx > 0n && record?.corrected === undefined;
  const filled = { filledQuantity: filledIn(report, record) };
  const answer = { ...told, ...filled, ...(isAverage ? { averagePrice: avgPx } : {}) };
  return record === undefined ? answer : { ...answer, working: workingOf(record) };
}

/** Only questions are answered so, and cancels: a new order has nothing to be known. */
function isNotKnown({ rejectReason, status }: Report): boolean {
  return rejectReason === unknownOrder && status === ExecType.rejected;
}

/** What the order has by its executions: busts and corrections are told beside it. */
function filledIn({ cumQty }: Report, record: OrderRecord | undefined): bigint {
  return cumQty - (record?.corrected ?? 0n);
}

/** Where an order stands. Done for the day, or calculated, is not over for one that outlives it. */
function standing({ status, cumQty }: Report, record: OrderRecord | undefined): OrderState {
  const isOfDay = status === ExecType.doneForDay || status === ExecType.calculated;
  const outlives = isOfDay && longerThanDay.has(record?.timeInForce ?? '');
  return stateOf(outlives ? ExecType.new : status, cumQty);
}

/** As much of an order of somebody else as it takes to cancel it. */
function recordOf(report: Report, changes: number): OrderRecord {
  const { symbol, side, orderQty: quantity, price, stopPx, venueClientId, venueOrderId } = report;
  return {
    ...{ symbol, side, type: 0, account: '', quantity, limitPrice: price, stopPrice: stopPx },
    ...{ timeInForce: '', venueClientId, venueOrderId, changes, isClosed: false, day: 0 },
  };
}

function workingOf({ quantity, limitPrice, stopPrice }: OrderRecord): WorkingTerms {
  return { quantity, limitPrice, stopPrice };
}

/** Where an order stands of which a cancel or change was refused. */
function stateLeftIn(status: string, reason: number): OrderState {
  // That the venue does not know it says that nothing was done, not what became of the order.
  if (reason === cancelUnknownOrder) return OrderState.unknown;
  const state = stateOf(status, 0n);
  if (state === OrderState.rejected) return OrderState.unknown;
  const isWorking = state === OrderState.partiallyFilled || state === OrderState.pendingCancel;
  return isWorking ? OrderState.accepted : state;
}

/** Long less short. Some tell the whole beside its parts: of the morning, and traded since. */
function heldIn(message: FixMessage): bigint {
  const byType = new Map<string, bigint>();
  let all = 0n;
  forEachEntry(message, FixGroups.positions, (from, to) => {
    const type = message.text(Tag.posType, from, to);
    const long = message.money(Tag.longQty, from, to) ?? 0n;
    const held = long - (message.money(Tag.shortQty, from, to) ?? 0n);
    byType.set(type, (byType.get(type) ?? 0n) + held);
    all += held;
  });
  return byType.get('TOT') ?? byType.get('FIN') ?? all;
}

/** The id of the question that this message of ours asked. */
function questionOf(sent: FixMessage): string {
  for (const tag of [Tag.ordStatusReqId, Tag.massStatusReqId, Tag.tradeRequestId, Tag.posReqId]) {
    const id = sent.text(tag);
    if (id !== '') return id;
  }
  return '';
}
