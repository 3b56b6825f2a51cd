// A subscription as a program reads it: batches of rows in a loop, in one of three modes, and for a
// reader with a name the acknowledgement of what it has done. docs/client.md is its manual.

import { type Clock, NdtsError, type Time, tickSchema } from '@ndts/protocol';
import { Reading } from '../client/reading.js';
import { RowBatch } from '../client/row-batch.js';
import type { Service } from '../service/service.js';
import { ConsumerHold } from './consumer-hold.js';
import { DelayedRows } from './delayed-rows.js';
import type { LiveItem, LiveSource } from './live-item.js';
import { LiveRows, type TailAsked } from './live-rows.js';
import { PastRows } from './past-rows.js';
import type { ShardPositions, VoidRows } from './positions.js';
import type { RingPolling } from './ring-rows.js';
import type { Watermark } from './tail.js';

export type SubscribeMode = 'realtime' | 'delayed' | 'historical';

export interface SubscribeOptions {
  /** realtime, the default: every row as it comes; delayed: once in an interval the latest of each
   * symbol; historical: from a time on in the order of time, at a speed, then every row. */
  readonly mode?: SubscribeMode;
  /** Default: ticks. */
  readonly table?: string;
  readonly columns?: readonly string[];
  /** Positions: where to go on (`next` of a batch); 'oldest': before the first row; a time, of mode
   * historical; default: what comes from now on, of historical from the first row. */
  readonly from?: ShardPositions | 'oldest' | Time;
  /** What a row is when it is handed out; default: accepted. */
  readonly watermark?: Watermark;
  /** Of historical: 0, the default, as fast as possible; k: k times as fast as rows came. */
  readonly speed?: number;
  /** Of delayed, in ms, 10 to 600,000; default 100. */
  readonly intervalMs?: number;
  /** A name under which acknowledged positions are kept: a consumer that comes back goes on there,
   * and `from` counts at its first start only. Not of historical. */
  readonly consumer?: string;
  /** Rows of a batch, at most; default 4,096. */
  readonly batch?: number;
  /** Ticks straight from the memory of a node on this machine, polled so; default: rows come over
   * its socket when there are some. */
  readonly ring?: RingPolling['idle'];
  readonly signal?: AbortSignal;
}

export interface SubscriptionSources {
  readonly reach: () => Promise<Service>;
  readonly clock: Clock;
  /** How long a reader of rings spins and sleeps. */
  readonly loop: { readonly spinMs: number; readonly sleepMs: number };
}

/** Rows, and where to go on after them. */
export interface LiveBatch {
  /** None where only something is void. They hold until the next batch is asked for. */
  readonly rows: RowBatch;
  /** Handed to subscribe() as `from`, or to ack(). undefined: rows of the past of historical, which
   * come in the order of time. */
  readonly next: ShardPositions | undefined;
  /** Rows that were handed out before and are lost: undo what was made of them. Usually none. */
  readonly voids: readonly VoidRows[];
}

/** The same wherever a subscription comes from. */
export const intervalMsLeast = 10;
export const intervalMsMost = 600_000;
const defaults = { liveRows: 4096, intervalMs: 100 } as const;

export class Subscription extends Reading<LiveBatch> {
  readonly #source: LiveSource;
  readonly #hold: ConsumerHold | undefined;
  readonly #onClosed: (one: Subscription) => void;

  constructor(
    sources: SubscriptionSources,
    symbols: readonly string[] | undefined,
    options: SubscribeOptions,
    onClosed: (one: Subscription) => void = () => undefined,
  ) {
    super();
    this.#onClosed = onClosed;
    const { consumer, table = tickSchema.name, signal } = options;
    checkTogether(options);
    if (consumer !== undefined)
      this.#hold = new ConsumerHold(consumer, table, () => void this.#source.close());
    this.#source = sourceOf(sources, symbols, options, this.#hold);
    this.watch(signal);
  }

  /** By shard: where it begins; of historical: where live begins. What is accepted once this is
   * known is seen. */
  async from(): Promise<ShardPositions> {
    return this.#source.from();
  }

  /** Everything below is done: a consumer that comes back goes on there. Resolves when that is
   * durable. LEASE_LOST: another reads under this name; UNAVAILABLE: nobody serves now, ack again
   * what comes next. */
  async ack(position: ShardPositions | undefined): Promise<void> {
    if (this.#hold === undefined)
      throw new NdtsError('INVALID_ARGUMENT', 'only a subscription with a consumer acknowledges');
    if (position === undefined)
      throw new NdtsError('INVALID_ARGUMENT', 'expected a position, as `next` of a batch');
    await this.#hold.acknowledge(position);
  }

  protected async advance(): Promise<LiveBatch | undefined> {
    let item: LiveItem | undefined;
    try {
      item = this.closed ? undefined : await this.#source.next();
    } catch (error) {
      await this.close();
      throw error;
    }
    if (item !== undefined && !this.closed) {
      const { rows, next, voids } = item;
      return { rows: new RowBatch(rows), next, voids };
    }
    this.#hold?.checkHeld();
    return undefined;
  }

  protected letGo(): Promise<void> {
    this.#onClosed(this);
    return this.#source.close();
  }
}

function checkTogether({ mode, from, consumer, speed, ring }: SubscribeOptions): void {
  const refuse = (text: string): never => {
    throw new NdtsError('INVALID_ARGUMENT', text);
  };
  const modes: readonly unknown[] = [undefined, 'realtime', 'delayed', 'historical'];
  if (!modes.includes(mode)) refuse(`mode: realtime, delayed or historical, not ${mode}`);
  const idles: readonly unknown[] = [undefined, 'adaptive', 'spin', 'sleep'];
  if (!idles.includes(ring)) refuse(`ring: adaptive, spin or sleep, not ${ring}`);
  const isTime = typeof from === 'object' && 'day' in from;
  if (mode === 'historical') {
    if (from !== undefined && !isTime) refuse('mode historical begins at a time');
    if (consumer !== undefined)
      refuse('a consumer reads in the order of sequences: not historical');
    return;
  }
  if (isTime) refuse('only mode historical begins at a time');
  if (speed !== undefined) refuse('only mode historical has a speed');
}

function sourceOf(
  sources: SubscriptionSources,
  symbols: readonly string[] | undefined,
  options: SubscribeOptions,
  hold: ConsumerHold | undefined,
): LiveSource {
  const { reach, clock, loop } = sources;
  const { columns, from, mode, ring, watermark } = options;
  const asked: TailAsked = {
    table: options.table ?? tickSchema.name,
    batch: options.batch ?? defaults.liveRows,
    ...(symbols === undefined ? {} : { symbols }),
    ...(columns === undefined ? {} : { columns }),
    ...(watermark === undefined ? {} : { watermark }),
  };
  const polling = ring === undefined ? {} : { ring: { idle: ring, ...loop } };
  if (mode === 'historical') {
    const time = from as Time | undefined;
    const { speed = 0 } = options;
    return new PastRows({ reach, clock, asked, from: time, speed, ...polling });
  }
  const begin = from === undefined ? {} : { from: from as ShardPositions | 'oldest' };
  const held = hold === undefined ? {} : { hold };
  const live = new LiveRows({ reach, clock, asked, ...begin, ...polling, ...held });
  if (mode !== 'delayed') return live;
  const { intervalMs = defaults.intervalMs } = options;
  if (!(intervalMs >= intervalMsLeast && intervalMs <= intervalMsMost))
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `intervalMs: expected ${intervalMsLeast} to ${intervalMsMost}, not ${intervalMs}`,
    );
  return new DelayedRows(live, clock, intervalMs, columns === undefined);
}
