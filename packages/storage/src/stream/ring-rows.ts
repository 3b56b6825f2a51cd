// hot: no allocation after init
// Ticks from the mapped rings of a node on this host, as a tail has them: what the rings no longer
// hold, or never did, comes from the service by its sequence, then the rings go on. Only for the
// watermark accepted: a tick is on a ring as soon as it is accepted.
//
// Always: within a shard every sequence once and in order: a row is compared with the one that is
// due, whatever made the gap, and what was accepted and is on no ring is looked for by the
// watermark. A writer whose heartbeat stands still ends the rows: UNAVAILABLE.

import { setImmediate as othersRun } from 'node:timers/promises'; // ambient: turns, not time
import { openTickRings, type TickRingReader } from '@ndts/native/ring';
import {
  type Clock,
  copyTickRow,
  createTickBatch,
  NdtsError,
  nsPerMs,
  type TickBatch,
  tickSchema,
} from '@ndts/protocol';
import type { RawRowColumn, RawRows, Service, StreamOf, Streams } from '../service/service.js';
import { copyPositions, type ShardPositions } from './positions.js';

type Asked = Streams['tail']['asked'];
type Item = Streams['tail']['item'];

/** How the rings are looked at while nothing comes: spin for spinMs after the last row, then sleep
 * sleepMs; always spin; or sleep at once. */
export interface RingPolling {
  readonly idle: 'adaptive' | 'spin' | 'sleep';
  readonly spinMs: number;
  readonly sleepMs: number;
}

export interface RingRowsOptions {
  readonly service: Service;
  readonly clock: Clock;
  readonly asked: Asked;
  readonly polling: RingPolling;
}

/** A writer that lives refreshes its heartbeat many times within this. */
const deadNs = 1000 * nsPerMs;
const writerCheckNs = 50 * nsPerMs;
const spinUs = 50;

/** undefined: there are no rings of these rows, or nobody writes to them any more. */
export async function openRingRows(
  options: RingRowsOptions,
): Promise<StreamOf<'tail'> | undefined> {
  const { service, clock, asked } = options;
  if (asked.table !== tickSchema.name || (asked.watermark ?? 'accepted') !== 'accepted')
    return undefined;
  const paths = await service.call('rings', {});
  if (paths.length === 0) return undefined;
  const reader = openHere(paths);
  if (reader === undefined) return undefined;
  try {
    if (clock.monotonicNs() - reader.marks(0).heartbeatNs > deadNs) {
      reader.close();
      return undefined;
    }
    const { symbols } = asked;
    const entries = symbols && (await service.call('symbols', { names: symbols }));
    const wanted = entries && new Set(entries.map((entry) => entry.id));
    const begin = positionsAt(reader, paths.length);
    const until = begin.sequence.slice();
    const fill = await service.open('tail', { from: begin, ...asked, until });
    return new RingRows(options, reader, wanted, fill);
  } catch (error) {
    reader.close();
    throw error;
  }
}

/** undefined: they are on another machine, or gone already. */
function openHere(paths: readonly string[]): TickRingReader | undefined {
  try {
    return openTickRings({ paths, from: 'tail' });
  } catch (error) {
    if (error instanceof NdtsError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

function positionsAt(reader: TickRingReader, shards: number): ShardPositions {
  const at = Array.from({ length: shards }, (_, shard) => reader.position(shard));
  return {
    epoch: Uint32Array.from(at, (one) => one.epoch),
    sequence: Float64Array.from(at, (one) => one.sequence),
  };
}

class RingRows implements StreamOf<'tail'> {
  readonly head: Streams['tail']['head'];
  readonly #options: RingRowsOptions;
  readonly #reader: TickRingReader;
  readonly #wanted: ReadonlySet<number> | undefined;
  readonly #batch: TickBatch;
  readonly #next: ShardPositions;
  /** Rows of the service up to where the rings go on. */
  #fill: StreamOf<'tail'> | undefined;
  /** Of the batch: rows below were looked at. */
  #row = 0;
  #lastNs: number;
  #checkedNs: number;
  #closed = false;

  constructor(
    options: RingRowsOptions,
    reader: TickRingReader,
    wanted: ReadonlySet<number> | undefined,
    fill: StreamOf<'tail'>,
  ) {
    this.#options = options;
    this.#reader = reader;
    this.#wanted = wanted;
    this.#fill = fill;
    this.head = fill.head;
    this.#batch = createTickBatch(options.asked.batch);
    this.#next = copyPositions(fill.head.from);
    this.#lastNs = options.clock.monotonicNs();
    this.#checkedNs = this.#lastNs;
  }

  async next(): Promise<Item | undefined> {
    while (!this.#closed) {
      const item = this.#fill === undefined ? await this.#fromRings() : await this.#fromService();
      if (item !== undefined) return item;
    }
    return undefined;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#reader.close();
    await this.#fill?.close();
  }

  async #fromService(): Promise<Item | undefined> {
    const fill = this.#fill;
    const item = await fill?.next();
    if (item !== undefined) {
      this.#next.epoch.set(item.next.epoch);
      this.#next.sequence.set(item.next.sequence);
      return item;
    }
    await fill?.close();
    this.#fill = undefined;
    return undefined;
  }

  async #fromRings(): Promise<Item | undefined> {
    const batch = this.#batch;
    if (this.#row < batch.count) return this.#takeRows();
    this.#row = 0;
    const { clock } = this.#options;
    const spins = this.#spins(clock.monotonicNs());
    const count = spins ? this.#reader.waitPoll(batch, spinUs) : this.#reader.poll(batch);
    const nowNs = clock.monotonicNs();
    if (count > 0) this.#lastNs = nowNs;
    else await this.#rest(nowNs, spins);
    return undefined;
  }

  /** The rows that are due, up to the first that is not. */
  async #takeRows(): Promise<Item | undefined> {
    const batch = this.#batch;
    const { epoch, sequence } = this.#next;
    const first = this.#row;
    let kept = first;
    let row = first;
    for (; row < batch.count; row += 1) {
      const shard = batch.shard[row]!;
      const due = sequence[shard]!;
      if (batch.sequence[row]! < due) continue;
      if (batch.sequence[row]! > due) break;
      sequence[shard] = due + 1;
      epoch[shard] = batch.epoch[row]!;
      if (this.#wanted !== undefined && !this.#wanted.has(batch.symbol[row]!)) continue;
      if (kept !== row) copyTickRow(batch, row, batch, kept);
      kept += 1;
    }
    this.#row = row;
    if (kept > first)
      return {
        rows: rowsOf(batch, first, kept, this.#options.asked.columns),
        next: copyPositions(this.#next),
      };
    if (row < batch.count) {
      const until = sequence.slice();
      until[batch.shard[row]!] = batch.sequence[row]!;
      await this.#fillUntil(until);
    }
    return undefined;
  }

  async #fillUntil(until: Float64Array): Promise<void> {
    const { service, asked } = this.#options;
    const from = copyPositions(this.#next);
    this.#fill = await service.open('tail', { ...asked, from, until });
    if (this.#closed) await this.#fill.close();
  }

  #spins(nowNs: number): boolean {
    const { idle, spinMs } = this.#options.polling;
    if (idle !== 'adaptive') return idle === 'spin';
    return nowNs - this.#lastNs < spinMs * nsPerMs;
  }

  async #rest(nowNs: number, spins: boolean): Promise<void> {
    const { clock, polling } = this.#options;
    if (nowNs - this.#checkedNs > writerCheckNs) await this.#checkWriter(nowNs);
    if (this.#fill !== undefined || this.#closed) return;
    if (spins) await othersRun();
    else
      await new Promise<void>((resolve) => {
        clock.setTimer(polling.sleepMs, resolve);
      });
  }

  /** Whether it lives, and whether something was accepted and is on no ring: lines, imports. */
  async #checkWriter(nowNs: number): Promise<void> {
    this.#checkedNs = nowNs;
    if (nowNs - this.#reader.marks(0).heartbeatNs > deadNs)
      throw new NdtsError('UNAVAILABLE', 'the writer of the rings ended');
    const { sequence } = this.#next;
    const until = sequence.map((due, shard) => Math.max(due, this.#reader.marks(shard).accepted));
    if (until.some((end, shard) => end > sequence[shard]!)) await this.#fillUntil(until);
  }
}

/** The columns of a table of ticks, as a batch of ticks has them. */
const columnsOf = new WeakMap<TickBatch, readonly RawRowColumn[]>();

function tickColumnsOf(batch: TickBatch): readonly RawRowColumn[] {
  const known = columnsOf.get(batch);
  if (known !== undefined) return known;
  const { buffer, byteOffset, length } = batch.flags;
  const made: readonly RawRowColumn[] = [
    { name: 'price', type: 'f64', values: batch.price },
    { name: 'volume', type: 'f64', values: batch.volume },
    { name: 'bid1', type: 'f64', values: batch.bid },
    { name: 'ask1', type: 'f64', values: batch.ask },
    { name: 'bid_vol1', type: 'f64', values: batch.bidVolume },
    { name: 'ask_vol1', type: 'f64', values: batch.askVolume },
    { name: 'flags', type: 'i32', values: new Int32Array(buffer, byteOffset, length) },
  ];
  columnsOf.set(batch, made);
  return made;
}

/** Views of rows [first, end) of a batch. */
function rowsOf(
  batch: TickBatch,
  first: number,
  end: number,
  names: readonly string[] | undefined,
): RawRows {
  const all = tickColumnsOf(batch);
  const some = names?.map((name) => all.find((one) => one.name === name)) ?? all;
  return {
    count: end - first,
    day: batch.day.subarray(first, end),
    nsOfDay: batch.nsOfDay.subarray(first, end),
    sequence: batch.sequence.subarray(first, end),
    symbol: batch.symbol.subarray(first, end),
    shard: batch.shard.subarray(first, end),
    epoch: batch.epoch.subarray(first, end),
    columns: some
      .filter((one) => one !== undefined)
      .map(({ name, type, values }) => ({ name, type, values: values.subarray(first, end) })),
  };
}
