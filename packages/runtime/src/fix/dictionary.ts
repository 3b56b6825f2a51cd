// The data dictionary: what a field's value must look like, and which fields a message of FIX 4.4
// must have, as far as this code reads it. What always holds: a message that passes check() has
// every field its reader asks for, in a form that can be read. Fields nobody here reads are passed
// over, whatever they hold: each counterparty has its own.

import type { FixMessage } from './message.js';
import { MessageType, RejectReason, Tag } from './tags.js';

export interface FixGroup {
  /** The field that says how many entries follow. */
  readonly count: number;
  /** The field each entry begins with. */
  readonly first: number;
  readonly members: ReadonlySet<number>;
}

interface MessageRule {
  readonly required: readonly number[];
  readonly groups: readonly FixGroup[];
}

/** Why a message is refused, as a Reject says it. */
export interface FixFault {
  readonly reason: RejectReason;
  /** 0: none. */
  readonly tag: number;
}

const Kind = { any: 0, whole: 1, decimal: 2, flag: 3, letter: 4, time: 5, day: 6 } as const;

function group(count: number, first: number, ...others: readonly number[]): FixGroup {
  return { count, first, members: new Set([first, ...others]) };
}

export const FixGroups = {
  miscFees: group(
    ...([Tag.miscFeesCount, Tag.miscFeeAmt, Tag.miscFeeCurr, Tag.miscFeeType] as const),
    Tag.miscFeeBasis,
  ),
  parties: group(Tag.partyCount, Tag.partyId, Tag.partyIdSource, Tag.partyRole, 802, 523, 803),
  dates: group(Tag.dateCount, Tag.tradeDate, Tag.transactTime),
  sides: group(
    ...([Tag.sideCount, Tag.side, Tag.orderId, 198, Tag.clOrdId, 526, 66] as const),
    ...[Tag.account, 660, Tag.accountType, 81, 575, 576, 577, 635, 578, 579, 821, Tag.currency],
    ...[
      376,
      377,
      528,
      529,
      582,
      Tag.commission,
      Tag.commType,
      Tag.commCurrency,
      497,
      Tag.text,
      354,
      355,
    ],
    ...[Tag.miscFeesCount, Tag.miscFeeAmt, Tag.miscFeeCurr, Tag.miscFeeType, Tag.miscFeeBasis],
    ...[Tag.partyCount, Tag.partyId, Tag.partyIdSource, Tag.partyRole, 802, 523, 803],
  ),
  positions: group(Tag.positionCount, Tag.posType, Tag.longQty, Tag.shortQty, 706),
} as const;

/** Above it are the fields that counterparties make up. */
const tagsKnown = 1024;
const kinds = kindTable([
  [Kind.decimal, Tag.avgPx, Tag.commission, Tag.cumQty, Tag.lastPx, Tag.lastQty],
  [Kind.decimal, Tag.orderQty, Tag.price, Tag.stopPx, Tag.leavesQty, Tag.miscFeeAmt],
  [Kind.decimal, Tag.longQty, Tag.shortQty, Tag.settlPrice, Tag.priorSettlPrice],
  [Kind.whole, Tag.beginSeqNo, Tag.endSeqNo, Tag.msgSeqNum, Tag.newSeqNo, Tag.refSeqNum],
  [Kind.whole, Tag.encryptMethod, Tag.heartBtInt, Tag.miscFeesCount, Tag.sideCount],
  [Kind.whole, Tag.refTagId, Tag.sessionRejectReason, Tag.businessRejectReason],
  [Kind.whole, Tag.ordRejReason, Tag.cxlRejReason, Tag.posReqResult, Tag.posReqStatus],
  [Kind.whole, Tag.totalNumPosReports, Tag.totNumReports, Tag.totNumTradeReports],
  [Kind.whole, Tag.tradeRequestResult, Tag.tradeRequestStatus, Tag.positionCount],
  [Kind.whole, Tag.partyCount, Tag.partyRole],
  [Kind.flag, Tag.possDupFlag, Tag.possResend, Tag.gapFillFlag, Tag.resetSeqNumFlag],
  [Kind.flag, Tag.lastRptRequested],
  [Kind.letter, Tag.side, Tag.ordStatus, Tag.execType, Tag.ordType, Tag.timeInForce],
  [Kind.letter, Tag.cxlRejResponseTo, Tag.commType],
  [Kind.time, Tag.sendingTime, Tag.origSendingTime, Tag.transactTime, Tag.expireTime],
  [Kind.day, Tag.tradeDate, Tag.clearingBusinessDate],
]);

const noGroups: readonly FixGroup[] = [];
const orderFields = [Tag.clOrdId, Tag.symbol, Tag.side, Tag.transactTime] as const;

/** What is checked in each message that is read here. */
const rules = new Map<string, MessageRule>([
  [MessageType.heartbeat, rule([])],
  [MessageType.testRequest, rule([Tag.testReqId])],
  [MessageType.resendRequest, rule([Tag.beginSeqNo, Tag.endSeqNo])],
  [MessageType.reject, rule([Tag.refSeqNum])],
  [MessageType.sequenceReset, rule([Tag.newSeqNo])],
  [MessageType.logout, rule([])],
  [MessageType.logon, rule([Tag.encryptMethod, Tag.heartBtInt])],
  [
    MessageType.executionReport,
    rule(
      [...[Tag.orderId, Tag.execId, Tag.execType, Tag.ordStatus], Tag.symbol, Tag.side, Tag.cumQty],
      [FixGroups.miscFees, FixGroups.parties],
    ),
  ],
  [
    MessageType.orderCancelReject,
    rule([...[Tag.orderId, Tag.clOrdId, Tag.origClOrdId], Tag.ordStatus, Tag.cxlRejResponseTo]),
  ],
  [MessageType.businessMessageReject, rule([Tag.refMsgType, Tag.businessRejectReason])],
  [MessageType.newOrderSingle, rule([...orderFields, Tag.ordType, Tag.orderQty])],
  [MessageType.orderCancelRequest, rule([...orderFields, Tag.origClOrdId])],
  [
    MessageType.orderCancelReplaceRequest,
    rule([...orderFields, Tag.origClOrdId, Tag.ordType, Tag.orderQty]),
  ],
  [MessageType.orderStatusRequest, rule([Tag.clOrdId, Tag.symbol, Tag.side])],
  [MessageType.orderMassStatusRequest, rule([Tag.massStatusReqId, Tag.massStatusReqType])],
  [
    MessageType.tradeCaptureReportRequest,
    rule([Tag.tradeRequestId, Tag.tradeRequestType], [FixGroups.dates]),
  ],
  [
    MessageType.tradeCaptureReportRequestAck,
    rule([Tag.tradeRequestId, Tag.tradeRequestResult, Tag.tradeRequestStatus]),
  ],
  [
    MessageType.tradeCaptureReport,
    rule(
      [...[Tag.execId, Tag.symbol, Tag.lastQty, Tag.lastPx], Tag.transactTime, Tag.sideCount],
      [FixGroups.sides],
    ),
  ],
  [MessageType.requestForPositions, rule([Tag.posReqId, Tag.posReqType])],
  [MessageType.requestForPositionsAck, rule([Tag.posReqId, Tag.posReqResult])],
  [
    MessageType.positionReport,
    rule([Tag.posReqId, Tag.symbol, Tag.positionCount], [FixGroups.positions, FixGroups.parties]),
  ],
]);

// Entries of market data are not checked as a group: venues put fields of their own into them.
for (const [type, ...required] of [
  [MessageType.marketDataRequest, Tag.mdReqId, Tag.subscriptionRequestType, Tag.marketDepth],
  [MessageType.marketDataSnapshot, Tag.symbol, Tag.mdEntryCount],
  [MessageType.marketDataIncrement, Tag.mdEntryCount],
  [MessageType.marketDataRequestReject, Tag.mdReqId],
] as const)
  rules.set(type, rule(required));

/** Types of FIX 4.4 that consist of one character, and how the longer ones begin. */
const standardType = /^([0-9A-Za-z]|A[A-Z]|B[A-H])$/;

/** Whether messages of this type are read here. */
export function isReadType(type: string): boolean {
  return rules.has(type);
}

/** Whether FIX 4.4 has such a type at all. */
export function isStandardType(type: string): boolean {
  return standardType.test(type);
}

/** By tag: the number of the check that saw it last. */
const seenIn = new Float64Array(tagsKnown);
let checks = 0;

/** The first thing that is wrong with it; undefined: its reader may rely on it. */
export function checkMessage(message: FixMessage): FixFault | undefined {
  const known = rules.get(message.type);
  if (known === undefined) return { reason: RejectReason.invalidMessageType, tag: 0 };
  const { tags, starts, ends, count } = message;
  checks += 1;
  for (let index = 0; index < count; index++) {
    const tag = tags[index] ?? 0;
    if (tag === 0) return { reason: RejectReason.invalidTag, tag };
    if (starts[index] === ends[index]) return { reason: RejectReason.tagWithoutValue, tag };
    const kind = kinds[tag] ?? Kind.any;
    if (kind === Kind.any) continue;
    if (!isOfKind(message, index, kind)) return { reason: RejectReason.incorrectFormat, tag };
    if (seenIn[tag] === checks && !isMember(known.groups, tag))
      return { reason: RejectReason.tagMoreThanOnce, tag };
    seenIn[tag] = checks;
  }
  for (const tag of known.required)
    if (!message.has(tag)) return { reason: RejectReason.requiredTagMissing, tag };
  for (const one of known.groups) {
    const fault = checkGroup(message, one);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Calls `read` with the fields [from, to) of each entry, after the first field `from`. */
export function forEachEntry(
  message: FixMessage,
  one: FixGroup,
  read: (from: number, to: number) => void,
): void {
  const counted = message.indexOf(one.count);
  if (counted < 0) return;
  let from = counted + 1;
  while (from < message.count && message.tags[from] === one.first) {
    let to = from + 1;
    while (to < message.count && isInside(message.tags[to] ?? 0, one)) to++;
    read(from, to);
    from = to;
  }
}

function isInside(tag: number, one: FixGroup): boolean {
  return tag !== one.first && one.members.has(tag);
}

function isMember(groups: readonly FixGroup[], tag: number): boolean {
  return groups.some((one) => one.members.has(tag));
}

function checkGroup(message: FixMessage, one: FixGroup): FixFault | undefined {
  const counted = message.indexOf(one.count);
  if (counted < 0) return undefined;
  const said = message.wholeAt(counted);
  const next = message.tags[counted + 1] ?? 0;
  if (said > 0 && counted + 1 < message.count && isInside(next, one))
    return { reason: RejectReason.groupOutOfOrder, tag: next };
  let found = 0;
  forEachEntry(message, one, () => {
    found += 1;
  });
  if (found === said) return undefined;
  return { reason: RejectReason.incorrectGroupCount, tag: one.count };
}

function isOfKind(message: FixMessage, index: number, kind: number): boolean {
  switch (kind) {
    case Kind.whole:
      return message.wholeAt(index) >= 0;
    case Kind.decimal:
      return isDecimal(message, index);
    case Kind.flag: {
      const text = message.textAt(index);
      return text === 'Y' || text === 'N';
    }
    case Kind.letter:
      return (message.ends[index] ?? 0) - (message.starts[index] ?? 0) === 1;
    case Kind.time:
      return message.timeAt(index) !== undefined;
    case Kind.day:
      return message.dayAt(index) !== undefined;
    default:
      return true;
  }
}

/** Digits with at most one sign before and one point between them; any number of decimals. */
function isDecimal(message: FixMessage, index: number): boolean {
  const end = message.ends[index] ?? 0;
  let at = message.starts[index] ?? 0;
  if (message.bytes[at] === 45) at++;
  let digits = 0;
  let points = 0;
  for (; at < end; at++) {
    const byte = message.bytes[at] ?? 0;
    if (byte === 46) points++;
    else if (byte >= 48 && byte <= 57) digits++;
    else return false;
  }
  return digits > 0 && points <= 1;
}

function rule(required: readonly number[], groups: readonly FixGroup[] = noGroups): MessageRule {
  return { required, groups };
}

function kindTable(rows: readonly (readonly [number, ...number[]])[]): Uint8Array {
  const table = new Uint8Array(tagsKnown);
  for (const [kind, ...tags] of rows) for (const tag of tags) table[tag] = kind;
  return table;
}
