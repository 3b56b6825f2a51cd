// What the node and a strategy's process say to each other over their channel. Always: what the
// child sends is checked here before it is believed; it runs code nobody has read.

import type { FactorReach } from '@ndts/native/factor';
import { FactorLimit, nsPerDay, type RingPosition, type RingWait, type Time } from '@ndts/protocol';
import type { HistogramSnapshot } from '@ndts/runtime';
import type { StoredFactor } from '../factor/factor-table-rows.js';
import { type RowKind, type RowWatermark, watermarks } from '../source/market-source.js';
import { logLengthMax } from './context.js';
import type { CompiledFile } from './compile-plugin.js';
import type { OrderUpdate } from './define.js';
import type { InputPositions } from './input-log.js';
import type { GivenParameters } from './parameters.js';

/** Everything a strategy's process is told before it loads the plugin. */
export interface LoadMessage {
  readonly type: 'load';
  /** A built-in name, or the absolute path of a plugin file. */
  readonly plugin: string;
  /** Files of it that had to be compiled. */
  readonly compiled?: readonly CompiledFile[];
  readonly instance: number;
  readonly generation: number;
  /** File of the log of inputs. */
  readonly inputLog: string;
  readonly parameters: GivenParameters;
  readonly validForMs: number;
  readonly wallOffset: Time;
  readonly factorRing: string;
  readonly factorSlots: number;
  readonly signalRing: string;
  readonly signalSlots: number;
  /** Rung after each signal. */
  readonly signalBell: string;
  readonly idle: 'adaptive' | 'spin' | 'sleep';
  readonly spinMs: number;
  readonly sleepMs: number;
  readonly ringWait: RingWait;
  readonly ringWaitMs: number;
  readonly reportIntervalMs: number;
}

/** Names of symbols; sent before begin and whenever there are new ones. */
export interface SymbolsMessage {
  readonly type: 'symbols';
  readonly ids: readonly number[];
  readonly names: readonly string[];
}

/** Rows before the live ones: the memory of a TickBatch, or a BookBatch. */
export interface HistoryMessage {
  readonly type: 'history';
  readonly kind: RowKind;
  readonly capacity: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** The history that follows is of rows behind the checkpoint of the log of inputs, which is played
 * over them. Comes instead of RestoreMessage. */
export interface ResumeMessage {
  readonly type: 'resume';
  /** The highest ordinal that was received of its signals; -1: none. */
  readonly highest: number;
}

/** What the driver of an earlier start saved: comes before the history that follows it. */
export interface RestoreMessage {
  readonly type: 'restore';
  readonly bytes: Uint8Array;
}

/** Where rows are read from now on. */
export interface RingsMessage {
  readonly tickRings: readonly string[];
  /** Where the strategy has a use for books, and the node takes some. */
  readonly bookRings?: readonly string[];
  readonly positions: InputPositions;
}

/** Who published ended: what the rings have is received, then it says that it is behind. */
export interface LeaveMessage {
  readonly type: 'leave';
}

/** The history that follows is of rows that are missing; none came before. */
export interface GapMessage {
  readonly type: 'gap';
}

/** All of them came: it goes on here. */
export interface FollowMessage extends RingsMessage {
  readonly type: 'follow';
}

export interface BeginMessage extends RingsMessage {
  readonly type: 'begin';
  /** JSON text of the last snapshot; absent: none. */
  readonly snapshot?: string;
  /** Changes of its orders that it was not told of. */
  readonly updates: readonly NumberedUpdate[];
  /** With these it knows all up to this revision. */
  readonly orders: number;
}

export interface NumberedUpdate {
  /** Revision of the order: it only grows. */
  readonly number: number;
  readonly update: OrderUpdate;
}

/** An order of the strategy has changed. */
export interface OrderMessage extends NumberedUpdate {
  readonly type: 'order';
}

export interface StopMessage {
  readonly type: 'stop';
}

export type HostMessage =
  | LoadMessage
  | SymbolsMessage
  | HistoryMessage
  | RestoreMessage
  | ResumeMessage
  | BeginMessage
  | LeaveMessage
  | GapMessage
  | FollowMessage
  | OrderMessage
  | StopMessage;

/** Plugin loaded, rings created; nothing is emitted before begin. */
export interface ReadyMessage {
  readonly type: 'ready';
  readonly name: string;
  readonly version: string;
  /** History wanted per symbol: rows, nanoseconds before these, rows before those ... */
  readonly reach: FactorReach;
  readonly factors: readonly string[];
  readonly stored: readonly StoredFactor[];
  /** Whether it is to be handed books. */
  readonly wantsBooks: boolean;
  /** What a row is when it is handed one. */
  readonly watermark: RowWatermark;
  /** Of the plan of its factors, and of its snapshots. */
  readonly signature: string;
  readonly snapshotVersion: number;
  /** Rows behind the checkpoint of its log of inputs; absent: none to go on from. */
  readonly resume?: InputPositions;
  /** Revision of the last change of an order in that log. */
  readonly orders: number;
}

/** Rows from here on are missing: it waits for them. */
export interface BehindMessage {
  readonly type: 'behind';
  readonly positions: InputPositions;
}

export interface RunningMessage {
  readonly type: 'running';
  /** All changes of orders up to this revision are known. */
  readonly orders: number;
}

export interface ReportMessage {
  readonly type: 'report';
  readonly ticks: number;
  readonly signals: number;
  readonly factorRows: number;
  readonly lapped: number;
  readonly latency: HistogramSnapshot;
}

export interface SnapshotMessage {
  readonly type: 'snapshot';
  readonly json: string;
  /** Changes of orders up to this revision are in it. */
  readonly orders: number;
}

/** What the driver knows, and the rows it has not seen yet, by shard. */
export interface StateMessage {
  readonly type: 'state';
  readonly positions: readonly RingPosition[];
  readonly bytes: Uint8Array;
}

/** Asks for the end of an order. */
export interface CancelMessage {
  readonly type: 'cancel';
  /** Ordinal of the signal. */
  readonly order: number;
}

export interface LogMessage {
  readonly type: 'log';
  readonly text: string;
}

export interface FailedMessage {
  readonly type: 'failed';
  readonly phase: 'load' | 'restore' | 'run';
  readonly reason: string;
  /** It is no fault of its own: it can go on once there is space. */
  readonly isDiskFull: boolean;
}

export interface StoppedMessage {
  readonly type: 'stopped';
}

export type ChildMessage =
  | ReadyMessage
  | BehindMessage
  | RunningMessage
  | ReportMessage
  | SnapshotMessage
  | StateMessage
  | CancelMessage
  | LogMessage
  | FailedMessage
  | StoppedMessage;

export const textLengthMax = logLengthMax;
export const snapshotLengthMax = 1 << 20;
/** More is not kept: such a strategy is warmed up from history at each start. */
export const stateBytesMax = 1 << 20;
const shardsMax = 1024;
const signatureLengthMax = 2000;
const warmUpTicksMax = 100_000;
const warmUpNsMax = FactorLimit.spanDaysMax * nsPerDay;
const warmUpStepsMax = 401;
const factorsMax = 64;
const versionMax = 2 ** 31 - 1;
const bucketsMax = 8192;

/** undefined: not a message of a strategy's process. */
export function readChildMessage(message: unknown): ChildMessage | undefined {
  if (!isRecord(message)) return undefined;
  switch (message['type']) {
    case 'ready':
      return isReady(message) ? message : undefined;
    case 'behind': {
      const { positions } = message;
      return areInputs(positions) ? { type: 'behind', positions } : undefined;
    }
    case 'report':
      return isReport(message) ? message : undefined;
    case 'snapshot': {
      const { json, orders } = message;
      if (!isText(json, snapshotLengthMax) || !isCount(orders)) return undefined;
      return { type: 'snapshot', json, orders };
    }
    case 'state':
      return isState(message) ? message : undefined;
    case 'cancel': {
      const order = message['order'];
      return isCount(order) ? { type: 'cancel', order } : undefined;
    }
    case 'log': {
      const text = message['text'];
      return isText(text, textLengthMax) ? { type: 'log', text } : undefined;
    }
    case 'failed': {
      const { phase, reason, isDiskFull } = message;
      const isPhase = phase === 'load' || phase === 'restore' || phase === 'run';
      if (!isPhase || !isText(reason, textLengthMax)) return undefined;
      return { type: 'failed', phase, reason, isDiskFull: isDiskFull === true };
    }
    case 'running': {
      const orders = message['orders'];
      return isCount(orders) ? { type: 'running', orders } : undefined;
    }
    case 'stopped':
      return { type: 'stopped' };
    default:
      return undefined;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown, lengthMax: number): value is string {
  return typeof value === 'string' && value.length <= lengthMax;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isState(message: Fields): message is Fields & StateMessage {
  const { positions, bytes } = message;
  return bytes instanceof Uint8Array && bytes.length <= stateBytesMax && arePositions(positions);
}

function arePositions(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length <= shardsMax &&
    value.every((one) => isRecord(one) && isCount(one['epoch']) && isCount(one['sequence']))
  );
}

function areInputs(value: unknown): value is InputPositions {
  return isRecord(value) && arePositions(value['ticks']) && arePositions(value['books']);
}

function isReady(message: Fields): message is Fields & ReadyMessage {
  const { name, version, factors, stored, signature, snapshotVersion, wantsBooks } = message;
  return (
    isText(name, 200) &&
    isText(version, 200) &&
    isText(signature, signatureLengthMax) &&
    isCount(snapshotVersion) &&
    typeof wantsBooks === 'boolean' &&
    (message['resume'] === undefined || areInputs(message['resume'])) &&
    isCount(message['orders']) &&
    watermarks.some((one) => one === message['watermark']) &&
    isReach(message['reach']) &&
    Array.isArray(factors) &&
    factors.length <= factorsMax &&
    factors.every((factor) => isText(factor, 200)) &&
    Array.isArray(stored) &&
    stored.length <= factors.length &&
    stored.every((one) => isStored(one, factors.length))
  );
}

function isReach(value: unknown): value is FactorReach {
  return (
    Array.isArray(value) &&
    value.length % 2 === 1 &&
    value.length <= warmUpStepsMax &&
    value.every((step, at) => isCount(step) && step <= (at % 2 ? warmUpNsMax : warmUpTicksMax))
  );
}

function isStored(value: unknown, factors: number): value is StoredFactor {
  if (!isRecord(value)) return false;
  const isWithin = (field: unknown, most: number): boolean =>
    isCount(field) && field >= 1 && field <= most;
  return isWithin(value['factor'], factors) && isWithin(value['version'], versionMax);
}

function isReport(message: Fields): message is Fields & ReportMessage {
  const { ticks, signals, factorRows, lapped, latency } = message;
  return [ticks, signals, factorRows, lapped].every(isCount) && isHistogram(latency);
}

function isHistogram(value: unknown): value is HistogramSnapshot {
  if (!isRecord(value)) return false;
  const { count, sumNs, maxNs, buckets, counts } = value;
  const isFilled = Array.isArray(buckets) && Array.isArray(counts);
  return (
    isCount(count) &&
    Number.isFinite(sumNs) &&
    Number.isFinite(maxNs) &&
    isFilled &&
    buckets.length === counts.length &&
    buckets.length <= bucketsMax &&
    buckets.every((bucket) => isCount(bucket) && bucket < bucketsMax) &&
    counts.every(isCount)
  );
}
