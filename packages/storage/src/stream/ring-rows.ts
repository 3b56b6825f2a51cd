// hot: no allocation after init
// Ticks, trades or books from the mapped rings of a node on this host, as a tail has them: what the
// rings no longer hold, or never did, comes from the service by its sequence, then the rings go on.
// Only for the watermark accepted: a row is on a ring as soon as it is accepted.
//
// Always: within a shard every sequence once and in order: a row is compared with the one that is
// due, whatever made the gap, and what was accepted and is on no ring is looked for by the
// watermark. A writer whose heartbeat stands still ends the rows: UNAVAILABLE.

import { setImmediate as othersRun } from 'node:timers/promises'; // ambient: turns, not time
import { basename, dirname, join } from 'node:path';
import { openRingBell, type RingBell, type RowRingReader } from '@ndts/native/ring';
import { type Clock, NdtsError, nsPerMs, type Timer } from '@ndts/protocol';
import type { Service, StreamOf, Streams } from '../service/service.js';
import { copyPositions, type ShardPositions } from './positions.js';
import {
  bookKind,
  type RingBatch,
  type RingKind,
  tickKind,
  tradeKind,
  type ViewRows,
} from './ring-kinds.js';

type Asked = Streams['tail']['asked'];
type Item = Streams['tail']['item'];

/** How the rings are looked at while nothing comes: spin for spinMs after the last row, then sleep;
 * always spin; or sleep at once. Who sleeps is woken by the bell beside the rings; where there is
 * none, as beside mirrors of another machine's, it looks every sleepMs. */
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

type Opened = Promise<StreamOf<'tail'> | undefined>;

/** By table. */
const openers: Readonly<Record<string, (options: RingRowsOptions) => Opened>> = {
  [tickKind.schema.name]: (options) => openKind(options, tickKind),
  [tradeKind.schema.name]: (options) => openKind(options, tradeKind),
  [bookKind.schema.name]: (options) => openKind(options, bookKind),
};

/** undefined: there are no rings of these rows, or nobody writes to them any more. */
export async function openRingRows(options: RingRowsOptions): Opened {
  const { table, watermark = 'accepted' } = options.asked;
  if (watermark !== 'accepted' || !Object.hasOwn(openers, table)) return undefined;
  return openers[table]?.(options);
}

async function openKind<Batch extends RingBatch>(
  options: RingRowsOptions,
  kind: RingKind<Batch>,
): Opened {
  const { service, clock, asked } = options;
  const { table, symbols } = asked;
  const entries = symbols && (await service.call('symbols', { names: symbols }));
  const wanted = entries && new Set(entries.map((entry) => entry.id));
  // Rings of other shards are not even mapped: of another host they would have to be pulled.
  const all = Array.from({ length: service.shardCount }, (_, shard) => shard);
  const shards = entries === undefined ? all : [...new Set(entries.map((entry) => entry.shard))];
  const paths = await service.call('rings', entries === undefined ? { table } : { table, shards });
  if (paths.length === 0) return undefined;
  const reader = openHere(kind, paths);
  const leave = (): void => {
    reader?.close();
    service.leaveRings?.(paths);
  };
  try {
    const beatNs = reader?.marks(shards[0] ?? 0).heartbeatNs ?? 0;
    if (reader === undefined || clock.monotonicNs() - beatNs > deadNs) {
      leave();
      return undefined;
    }
    const until = new Float64Array(service.shardCount);
    for (const shard of shards) until[shard] = reader.position(shard).sequence;
    const fill = await service.open('tail', { ...asked, until });
    return new RingRows(options, kind, { reader, paths, shards, wanted }, fill);
  } catch (error) {
    leave();
    throw error;
  }
}

/** undefined: they are on another machine, or gone already. */
function openHere<Batch extends RingBatch>(
  kind: RingKind<Batch>,
  paths: readonly string[],
): RowRingReader<Batch> | undefined {
  try {
    return kind.open({ paths, from: 'tail' });
  } catch (error) {
    if (error instanceof NdtsError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

interface RingsRead<Batch> {
  readonly reader: RowRingReader<Batch>;
  readonly paths: readonly string[];
  /** In the order of the paths. */
  readonly shards: readonly number[];
  /** Ids of symbols; undefined: all. */
  readonly wanted: ReadonlySet<number> | undefined;
}

class RingRows<Batch extends RingBatch> implements StreamOf<'tail'> {
  readonly head: Streams['tail']['head'];
  readonly #options: RingRowsOptions;
  readonly #reader: RowRingReader<Batch>;
  readonly #paths: readonly string[];
  readonly #shards: readonly number[];
  readonly #wanted: ReadonlySet<number> | undefined;
  readonly #batch: Batch;
  readonly #copyRow: RingKind<Batch>['copyRow'];
  readonly #view: ViewRows<Batch>;
  readonly #next: ShardPositions;
  /** Rows of the service up to where the rings go on. */
  #fill: StreamOf<'tail'> | undefined;
  /** Of the batch: rows below were looked at. */
  #row = 0;
  #lastNs: number;
  #checkedNs: number;
  readonly #bell: RingBell | undefined;
  /** Since the rings were looked at last. */
  #resting = false;
  #wake: (() => void) | undefined;
  #timer: Timer | undefined;
  #closed = false;

  constructor(
    options: RingRowsOptions,
    kind: RingKind<Batch>,
    { reader, paths, shards, wanted }: RingsRead<Batch>,
    fill: StreamOf<'tail'>,
  ) {
    this.#options = options;
    this.#reader = reader;
    this.#paths = paths;
    this.#shards = shards;
    this.#wanted = wanted;
    this.#fill = fill;
    this.head = fill.head;
    const { batch, columns } = options.asked;
    this.#batch = kind.createBatch(batch);
    this.#copyRow = kind.copyRow;
    this.#view = kind.view(batch, columns);
    this.#next = copyPositions(fill.head.from);
    this.#lastNs = options.clock.monotonicNs();
    this.#checkedNs = this.#lastNs;
    this.#bell = openBell(paths, () => {
      this.#resting = false;
      this.#wake?.();
    });
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
    this.#timer?.cancel();
    this.#wake?.();
    this.#bell?.close();
    this.#reader.close();
    this.#options.service.leaveRings?.(this.#paths);
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
      if (kept !== row) this.#copyRow(batch, row, batch, kept);
      kept += 1;
    }
    this.#row = row;
    if (kept > first)
      return { rows: this.#view(batch, first, kept), next: copyPositions(this.#next) };
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
    const { polling } = this.#options;
    if (nowNs - this.#checkedNs > writerCheckNs) await this.#checkWriter(nowNs);
    if (this.#fill !== undefined || this.#closed) return;
    if (spins) await othersRun();
    else if (this.#bell === undefined) await this.#sleep(polling.sleepMs);
    else if (this.#resting) await this.#sleep(writerCheckNs / nsPerMs);
    else {
      // The rings are looked at once more, now that who publishes rings.
      this.#resting = true;
      this.#bell.rest();
    }
  }

  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#timer = this.#options.clock.setTimer(ms, resolve);
    });
    this.#wake = undefined;
    this.#timer?.cancel();
  }

  /** Whether it lives, and whether something was accepted and is on no ring: lines, imports. */
  async #checkWriter(nowNs: number): Promise<void> {
    this.#checkedNs = nowNs;
    if (nowNs - this.#reader.marks(this.#shards[0] ?? 0).heartbeatNs > deadNs)
      throw new NdtsError('UNAVAILABLE', 'the writer of the rings ended');
    const { sequence } = this.#next;
    const until = sequence.slice();
    for (const shard of this.#shards)
      until[shard] = Math.max(until[shard]!, this.#reader.marks(shard).accepted);
    if (until.some((end, shard) => end > sequence[shard]!)) await this.#fillUntil(until);
  }
}

/** undefined: there is none, or it is not ours to write to. */
function openBell(paths: readonly string[], onRung: () => void): RingBell | undefined {
  const [first = ''] = paths;
  const [rings = ''] = basename(first).split('-');
  try {
    return openRingBell(join(dirname(first), `${rings}.bell`), onRung);
  } catch {
    return undefined;
  }
}
