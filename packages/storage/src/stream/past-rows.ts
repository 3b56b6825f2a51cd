// The past, then live without a seam: a replay in the order of time, at a speed, and behind it live
// rows from where the replay ended. The replay says at its start which sequences it does not see;
// live begins exactly there, so what was appended meanwhile is neither missed nor seen twice.
//
// Always: no row is handed out above the watermark that was asked for. In the order of time none
// can be left for later, so the first waits until the last one is below it.

import { NdtsError, type Time } from '@ndts/protocol';
import { Pace } from '../replay/pace.js';
import type { RawReplayRows, RawRows, Service, StreamOf } from '../service/service.js';
import { isText } from './row-places.js';
import { type LiveItem, type LiveSource, noVoids } from './live-item.js';
import { LiveRows, type LiveRowsOptions } from './live-rows.js';
import type { ShardPositions } from './positions.js';

export interface PastRowsOptions extends Omit<LiveRowsOptions, 'from' | 'hold'> {
  readonly from: Time | undefined;
  /** 0: as fast as possible; k: k times as fast as they came. */
  readonly speed: number;
}

interface Past {
  readonly service: Service;
  readonly stream: StreamOf<'replay'>;
  readonly columns: RawRows['columns'];
}

export class PastRows implements LiveSource {
  readonly #options: PastRowsOptions;
  readonly #pace: Pace<RawReplayRows> | undefined;
  /** Ends a wait of the pace. */
  readonly #stop = new AbortController();
  #opening: Promise<Past> | undefined;
  /** While the first row waits for the watermark. */
  #waiting: StreamOf<'tail'> | undefined;
  #mayBegin: boolean;
  #live: LiveRows | undefined;
  #closed = false;

  constructor(options: PastRowsOptions) {
    const { asked, clock, speed } = options;
    if (!(speed >= 0 && speed < Number.POSITIVE_INFINITY))
      throw new NdtsError('INVALID_ARGUMENT', `expected a speed of 0 or above, found ${speed}`);
    this.#options = options;
    this.#mayBegin = (asked.watermark ?? 'accepted') === 'accepted';
    if (speed > 0) this.#pace = new Pace(clock, speed, this.#stop.signal);
  }

  /** Where live begins. */
  async from(): Promise<ShardPositions> {
    const { head } = (await this.#past()).stream;
    return { epoch: head.epochs.slice(), sequence: head.ends.slice() };
  }

  async next(): Promise<LiveItem | undefined> {
    if (this.#closed) return undefined;
    if (this.#live !== undefined) return this.#live.next();
    const past = await this.#past();
    if (!this.#mayBegin) await this.#await(past);
    if (this.#isClosed()) return undefined;
    const rows = await this.#pastRows(past);
    if (rows !== undefined) return { rows, next: undefined, voids: noVoids };
    if (this.#isClosed()) return undefined;
    const { asked } = this.#options;
    const columns = past.columns.map(({ name }) => name);
    const options = { ...this.#options, asked: { ...asked, columns } };
    this.#live = new LiveRows({ ...options, from: await this.from() });
    await past.stream.close();
    return this.#live.next();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stop.abort();
    await this.#waiting?.close();
    await this.#live?.close();
    const past = await this.#opening?.catch(() => undefined);
    await past?.stream.close();
  }

  /** Until the last row of each shard is below the watermark. */
  async #await({ service, stream, columns }: Past): Promise<void> {
    const { table, watermark } = this.#options.asked;
    const { epochs, ends } = stream.head;
    const waiting = await service.open('tail', {
      ...{ table, batch: 1, columns: columns.map(({ name }) => name), until: ends },
      ...(watermark === undefined ? {} : { watermark }),
      from: { epoch: epochs.slice(), sequence: ends.map((end) => Math.max(0, end - 1)) },
    });
    this.#waiting = waiting;
    if (!this.#isClosed()) while ((await waiting.next()) !== undefined);
    await waiting.close();
    this.#mayBegin = true;
  }

  /** A field that others change while this one waits. */
  #isClosed(): boolean {
    return this.#closed;
  }

  async #pastRows({ stream, columns }: Past): Promise<RawRows | undefined> {
    const pace = this.#pace;
    if (pace === undefined) {
      const item = await stream.next();
      return item === undefined ? undefined : rowsOf(item, columns, 0, item.count);
    }
    if (pace.at === pace.batch?.count) {
      const item = await stream.next();
      if (item === undefined) return undefined;
      pace.begin(item);
    }
    const { batch, at = 0 } = pace;
    const end = await pace.untilDue().catch((error: unknown) => {
      if (this.#closed) return at;
      throw error;
    });
    if (batch === undefined || this.#closed) return undefined;
    return rowsOf(batch, columns, at, end);
  }

  #past(): Promise<Past> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async #open(): Promise<Past> {
    const { reach, asked, from } = this.#options;
    const service = await reach();
    const { columns, places } = await placesOf(service, asked.table, asked.columns);
    const { symbols, batch } = asked;
    const stream = await service.open('replay', {
      table: asked.table,
      columns: places,
      capacity: batch,
      intervalNs: 0,
      ...(symbols === undefined ? {} : { symbols }),
      ...(from === undefined ? {} : { from }),
    });
    return { service, stream, columns };
  }
}

/** Columns by name, without their values, and their places in the table. Default: all that a replay
 * has. */
async function placesOf(
  service: Service,
  name: string,
  names: readonly string[] | undefined,
): Promise<{ columns: RawRows['columns']; places: number[] }> {
  const table = (await service.call('tables', {})).find((one) => one.name === name);
  if (table === undefined) throw new NdtsError('NOT_FOUND', `there is no table ${name}`);
  const rest = table.columns.filter((column) => !isText(column));
  const wanted = names ?? rest.map((column) => column.name);
  const places = wanted.map((one) => table.columns.findIndex((column) => column.name === one));
  const columns = places.map((place, at) => {
    const column = table.columns[place];
    if (column === undefined)
      throw new NdtsError('INVALID_ARGUMENT', `table ${name} has no column ${wanted[at] ?? ''}`);
    return { name: column.name, type: column.type, values: new Float64Array(0) };
  });
  return { columns, places };
}

/** Views of rows [first, end) of a batch of a replay, under the names of the columns. */
function rowsOf(
  item: RawReplayRows,
  columns: RawRows['columns'],
  first: number,
  end: number,
): RawRows {
  return {
    count: end - first,
    day: item.day.subarray(first, end),
    nsOfDay: item.nsOfDay.subarray(first, end),
    sequence: item.sequence.subarray(first, end),
    symbol: item.symbol.subarray(first, end),
    columns: columns.map(({ name, type }, at) => {
      const nulls = item.nulls[at]?.subarray(first, end);
      const values = (item.values[at] ?? new Float64Array(0)).subarray(first, end);
      return { name, type, values, ...(nulls === undefined ? {} : { nulls }) };
    }),
  };
}
