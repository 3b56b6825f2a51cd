// What a client says, looked at once: what passes is of the type it should be.
// docs/protocol/subscribe.md lists it.

import { NdtsError, type Time } from '@ndts/protocol';
import {
  intervalMsLeast,
  intervalMsMost,
  type ShardPositions,
  type Watermark,
  watermarks,
} from '@ndts/storage';
import type { StreamForm } from './frames.js';

export interface SubscribeRequest {
  readonly type: 'subscribe';
  readonly id: number;
  /** A table, or order. */
  readonly kind: string;
  readonly mode: 'realtime' | 'delayed' | 'historical';
  readonly form: StreamForm;
  /** undefined: all. */
  readonly symbols: readonly string[] | undefined;
  readonly columns: readonly string[] | undefined;
  readonly from: PositionList | 'oldest' | Time | undefined;
  readonly watermark: Watermark;
  readonly speed: number;
  readonly intervalMs: number;
  readonly consumer: string | undefined;
}

export type StreamRequest =
  | SubscribeRequest
  | { readonly type: 'unsubscribe'; readonly id: number }
  | { readonly type: 'ack'; readonly id: number; readonly positions: PositionList }
  | { readonly type: 'symbols'; readonly ids: readonly number[] | undefined }
  | { readonly type: 'ping' };

/** Shard, epoch, sequence. */
export type PositionList = readonly (readonly [number, number, number])[];

type Given = Readonly<Record<string, unknown>>;

const idMax = 0xffff_ffff;
const defaults = { kind: 'tick', intervalMs: 100 } as const;
const idsMax = 10_000;

function refuse(name: string, wanted: string): never {
  throw new NdtsError('INVALID_ARGUMENT', `${name}: expected ${wanted}`);
}

/** Throws INVALID_ARGUMENT for what is no request. */
export function parseRequest(text: string): StreamRequest {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return refuse('message', 'JSON');
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return refuse('message', 'an object');
  const fields = given as Given;
  switch (fields['type']) {
    case 'subscribe':
      return subscribeOf(fields);
    case 'unsubscribe':
      return { type: 'unsubscribe', id: idOf(fields) };
    case 'ack':
      return { type: 'ack', id: idOf(fields), positions: positionsOf(fields['positions']) };
    case 'symbols':
      return { type: 'symbols', ids: idsOf(fields['ids']) };
    case 'ping':
      return { type: 'ping' };
    default:
      return refuse('type', 'subscribe, unsubscribe, ack, symbols or ping');
  }
}

/** The id a message names, for the answer to one that is wrong; undefined: none. */
export function idIn(text: string): number | undefined {
  try {
    const { id } = JSON.parse(text) as Given;
    return isWhole(id, 0, idMax) ? id : undefined;
  } catch {
    return undefined;
  }
}

/** As the storage takes them: shards that are not named are at their oldest row. */
export function shardPositions(list: PositionList, shardCount: number): ShardPositions {
  const epoch = new Uint32Array(shardCount);
  const sequence = new Float64Array(shardCount);
  for (const [shard, one, at] of list) {
    if (shard >= shardCount) refuse('shard', `a number below ${shardCount}`);
    epoch[shard] = one;
    sequence[shard] = at;
  }
  return { epoch, sequence };
}

const subscribeFields: readonly string[] = [
  ...['type', 'id', 'kind', 'mode', 'form', 'symbols', 'columns', 'from', 'watermark'],
  ...['speed', 'intervalMs', 'consumer'],
];

function subscribeOf(given: Given): SubscribeRequest {
  const { consumer, from } = given;
  // One that is misspelt would quietly mean its default.
  const unknown = Object.keys(given).find((name) => !subscribeFields.includes(name));
  if (unknown !== undefined) refuse(unknown, `one of ${subscribeFields.join(', ')}`);
  if (given['speed'] !== undefined && given['mode'] !== 'historical')
    refuse('speed', 'mode historical beside it');
  return {
    type: 'subscribe',
    id: idOf(given),
    kind: given['kind'] === undefined ? defaults.kind : textOf(given['kind'], 'kind'),
    mode: oneOf(given['mode'], 'mode', ['realtime', 'delayed', 'historical']),
    form: oneOf(given['form'], 'form', ['json', 'binary']),
    symbols: textsOf(given['symbols'], 'symbols'),
    columns: textsOf(given['columns'], 'columns'),
    from: from === undefined ? undefined : fromOf(from),
    watermark: oneOf(given['watermark'], 'watermark', watermarks),
    speed: numberOf(given['speed'] ?? 0, 'speed', 0, 1e9),
    intervalMs: numberOf(
      given['intervalMs'] ?? defaults.intervalMs,
      'intervalMs',
      intervalMsLeast,
      intervalMsMost,
    ),
    consumer: consumer === undefined ? undefined : textOf(consumer, 'consumer'),
  };
}

function fromOf(given: unknown): NonNullable<SubscribeRequest['from']> {
  if (given === 'oldest') return 'oldest';
  if (Array.isArray(given)) return positionsOf(given);
  if (typeof given === 'object' && given !== null) {
    const { day, nsOfDay } = given as Given;
    if (isWhole(day, -110_000, 110_000) && isWhole(nsOfDay, 0, 86_400e9 - 1))
      return { day, nsOfDay };
  }
  return refuse('from', '"oldest", positions, or { day, nsOfDay }');
}

function positionsOf(given: unknown): PositionList {
  if (!Array.isArray(given)) return refuse('positions', 'a list of [shard, epoch, sequence]');
  const named = new Set<unknown>();
  return given.map((one: unknown): readonly [number, number, number] => {
    const [shard, epoch, sequence] = Array.isArray(one) ? (one as unknown[]) : [];
    const isOne =
      isWhole(shard, 0, 1 << 20) &&
      isWhole(epoch, 0, idMax) &&
      isWhole(sequence, 0, Number.MAX_SAFE_INTEGER);
    if (!isOne) return refuse('positions', '[shard, epoch, sequence]');
    if (named.has(shard)) refuse('positions', `shard ${shard} once`);
    named.add(shard);
    return [shard, epoch, sequence];
  });
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

function idOf({ id }: Given): number {
  return isWhole(id, 0, idMax) ? id : refuse('id', `a whole number up to ${idMax}`);
}

function idsOf(given: unknown): readonly number[] | undefined {
  if (given === undefined) return undefined;
  const isList = Array.isArray(given) && given.length <= idsMax;
  if (isList && given.every((one) => isWhole(one, 0, idMax))) return given as number[];
  return refuse('ids', `a list of at most ${idsMax} symbol ids`);
}

function textOf(given: unknown, name: string): string {
  return typeof given === 'string' ? given : refuse(name, 'a text');
}

function textsOf(given: unknown, name: string): readonly string[] | undefined {
  if (given === undefined) return undefined;
  if (!Array.isArray(given) || given.length === 0) return refuse(name, 'a list of names');
  const texts = given.map((one) => textOf(one, name));
  return new Set(texts).size === texts.length ? texts : refuse(name, 'each name once');
}

function numberOf(given: unknown, name: string, least: number, most: number): number {
  const isIn = typeof given === 'number' && given >= least && given <= most;
  return isIn ? given : refuse(name, `a number from ${least} to ${most}`);
}

/** Default: the first. */
function oneOf<T extends string>(given: unknown, name: string, words: readonly T[]): T {
  const found = words.find((word) => word === (given ?? words[0]));
  return found ?? refuse(name, words.join(', '));
}
