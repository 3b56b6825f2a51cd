// Ticks of a run out of the database, as batches that strategies and kernels read. Always: the
// order and the rows of a replay (docs/replay.md); a batch holds until the next one is asked for.

import {
  type BookBatch,
  bookSchema,
  createTickBatch,
  NdtsError,
  nsBetween,
  type TickBatch,
  type Time,
} from '@ndts/protocol';
import {
  type ClientOptions,
  NDTSClient,
  type TickColumn,
  tickColumns,
  type TickReplayBatch,
} from '@ndts/storage';
import { batchRows } from './tape.js';

export interface HistoryRange {
  /** Names; default: all. */
  readonly symbols?: readonly string[];
  /** Inclusive; default: from the first tick. */
  readonly from?: Time;
  /** Exclusive; default: to the last. */
  readonly to?: Time;
  /** Ticks before `from` that only warm factors up begin here. */
  readonly warmUpFrom?: Time;
}

export type HistoryClient = Omit<ClientOptions, 'clock' | 'metrics'>;

/** A run writes nothing: only who connects to its folder meanwhile may. The memory between append
 * and log is made at each open, which takes longer the more there is of it. */
const stagingBytesMax = 8 << 20;

export function openHistoryClient(options: HistoryClient): NDTSClient {
  const { values } = options;
  if (values === undefined) return new NDTSClient(options);
  const stagingBytes = Math.min(values.storage.stagingBytes, stagingBytesMax);
  const storage = { ...values.storage, stagingBytes };
  return new NDTSClient({ ...options, values: { ...values, storage } });
}

export interface HistorySymbol {
  readonly id: number;
  readonly name: string;
  readonly shard: number;
}

/** A replay is fastest by so many; strategies are by fewer. */
const replayRows = 4 * batchRows;

const replayed = ['day', 'nsOfDay', 'sequence', 'symbol', ...tickColumns] as const;

/** The symbols of a range by id. NOT_FOUND for a name that nobody registered. */
export async function historySymbols(
  client: NDTSClient,
  { symbols }: HistoryRange,
): Promise<HistorySymbol[]> {
  const known = await client.symbols();
  const wanted = symbols === undefined ? undefined : new Set(symbols);
  const found = known.filter(({ name }) => wanted?.has(name) ?? true);
  const missing = symbols?.find((name) => !known.some((entry) => entry.name === name));
  if (missing !== undefined) throw new NdtsError('NOT_FOUND', `no symbol named '${missing}'`);
  return found.map(({ id, name, shard }) => ({ id, name, shard })).toSorted((a, b) => a.id - b.id);
}

function boundsOf({ from, to, warmUpFrom }: HistoryRange): { from?: Time; to?: Time } {
  const first = warmUpFrom ?? from;
  return { ...(first === undefined ? {} : { from: first }), ...(to === undefined ? {} : { to }) };
}

/** How many ticks there are, with those that warm up. */
export async function countTicks(client: NDTSClient, range: HistoryRange): Promise<number> {
  const { values } = await client.aggregate({
    ...boundsOf(range),
    ...(range.symbols === undefined ? {} : { symbols: range.symbols }),
    aggregates: { rows: { kind: 'rows' } },
  });
  return Number(values['rows']?.[0] ?? 0);
}

/** Books of the range itself: those before it warm nothing up. None where none were stored. */
export async function* historyBooks(
  client: NDTSClient,
  { symbols: names, from, to }: HistoryRange,
  symbols: readonly HistorySymbol[],
  signal?: AbortSignal,
): AsyncGenerator<BookBatch, void> {
  if (!(await client.tables()).some(({ name }) => name === bookSchema.name)) return;
  const shards = shardsOf(symbols);
  const replay = client.replayBooks(names, {
    ...boundsOf({ ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }),
    batch: batchRows,
    ...(signal === undefined ? {} : { signal }),
  });
  for await (const batch of replay) {
    for (let row = 0; row < batch.count; row += 1) batch.shard[row] = shards[batch.symbol[row]!]!;
    yield batch;
  }
}

/** By symbol. */
function shardsOf(symbols: readonly HistorySymbol[]): Uint32Array {
  const shards = new Uint32Array(symbols.reduce((most, { id }) => Math.max(most, id + 1), 1));
  for (const { id, shard } of symbols) shards[id] = shard;
  return shards;
}

export class HistoryTicks {
  readonly #client: NDTSClient;
  readonly #range: HistoryRange;
  readonly #shards: Uint32Array;
  readonly #signal: AbortSignal | undefined;

  constructor(
    client: NDTSClient,
    range: HistoryRange,
    symbols: readonly HistorySymbol[],
    signal?: AbortSignal,
  ) {
    this.#client = client;
    this.#range = range;
    this.#signal = signal;
    this.#shards = shardsOf(symbols);
  }

  /** Until the end, or throws what the signal was aborted with. `warmUp`: rows of the batch that
   * come before the run itself. */
  async *batches(): AsyncGenerator<{ readonly batch: TickBatch; readonly warmUp: number }, void> {
    const batch = createTickBatch(batchRows);
    const replay = this.#client.replayTicks(this.#range.symbols, {
      ...boundsOf(this.#range),
      batch: replayRows,
      ...(this.#signal === undefined ? {} : { signal: this.#signal }),
    });
    for await (const rows of replay) {
      for (let first = 0; first < rows.count; first += batchRows) {
        this.#copy(rows, first, Math.min(batchRows, rows.count - first), batch);
        yield { batch, warmUp: this.#warmUpRows(batch) };
      }
    }
  }

  #warmUpRows(batch: TickBatch): number {
    const { from, warmUpFrom } = this.#range;
    if (from === undefined || warmUpFrom === undefined) return 0;
    let rows = 0;
    while (
      rows < batch.count &&
      nsBetween({ day: batch.day[rows]!, nsOfDay: batch.nsOfDay[rows]! }, from) < 0
    )
      rows += 1;
    return rows;
  }

  #copy(rows: TickReplayBatch<TickColumn>, first: number, count: number, batch: TickBatch): void {
    for (const name of replayed) batch[name].set(rows[name].subarray(first, first + count));
    const { shard, symbol } = batch;
    const shards = this.#shards;
    for (let row = 0; row < count; row += 1) shard[row] = shards[symbol[row]!]!;
    batch.count = count;
  }
}
