// Where the ticks of a run come from: the database, or a tape in shared memory. The description is
// plain data; opened, it gives the same batches again and again.

import {
  type BookBatch,
  createBookBatch,
  createTickBatch,
  NdtsError,
  type TickBatch,
} from '@ndts/protocol';
import type { HistoryClient, HistoryRange, HistorySymbol } from './history-ticks.js';
import { DataHash } from './identity.js';
import { mergeBooks } from './merge-books.js';
import { batchRows, bookColumns, type Tape, TapeReader, tickColumns } from './tape.js';

/** Out of a data folder or a node. */
export interface HistorySource {
  readonly kind: 'history';
  readonly client: HistoryClient;
  readonly range: HistoryRange;
}

/** Out of shared memory: rows [first, end), those from warmUpFirst on only warm factors up. */
export interface TapeSource {
  readonly kind: 'tape';
  readonly tape: Tape<'tick'>;
  readonly symbols: readonly HistorySymbol[];
  readonly warmUpFirst: number;
  readonly first: number;
  readonly end: number;
  /** Books of the same range; undefined: they were not asked for. */
  readonly books?: Tape<'book'> | undefined;
  /** Hash of these rows; '': it is worked out by the run. */
  readonly data: string;
}

export type TickSource = HistorySource | TapeSource;

export interface SourceBatch {
  /** The reader's until the next one is asked for. */
  readonly batch: TickBatch;
  /** So many first rows only warm up. */
  readonly warmUp: number;
  /** Between and behind these ticks; undefined: they were not asked for. */
  readonly books?: BookBatch;
}

/** Nobody wants to know how a strategy did on nothing. */
export function noTicks(): NdtsError {
  const what = 'expected ticks to run over, found none: look at --from, --to and --symbols';
  return new NdtsError('NOT_FOUND', what);
}

export interface OpenSource {
  readonly symbols: readonly HistorySymbol[];
  /** Rows, with those that warm up. */
  readonly total: number;
  /** '': not known before it was read. */
  readonly data: string;
  /** From the first row; throws what the signal was aborted with. */
  batches(): AsyncGenerator<SourceBatch, void>;
  close(): Promise<void>;
}

/** `withBooks`: some strategy of the run has a use for them. */
export function openSource(
  source: TickSource,
  withBooks: boolean,
  signal?: AbortSignal,
): Promise<OpenSource> {
  if (source.kind === 'tape') return Promise.resolve(openTape(source, signal));
  return openHistory(source, withBooks, signal);
}

async function openHistory(
  source: HistorySource,
  withBooks: boolean,
  signal?: AbortSignal,
): Promise<OpenSource> {
  const { range } = source;
  // Only here: a thread that runs over a tape need not load the database.
  const history = await import('./history-ticks.js');
  const client = history.openHistoryClient(source.client);
  try {
    const symbols = await history.historySymbols(client, range);
    const total = await history.countTicks(client, range);
    const ticks = new history.HistoryTicks(client, range, symbols, signal);
    return {
      symbols,
      total,
      data: '',
      batches: () =>
        withBooks
          ? mergeBooks(ticks.batches(), history.historyBooks(client, range, symbols, signal))
          : ticks.batches(),
      close: () => client.close(),
    };
  } catch (error) {
    await client.close();
    throw error;
  }
}

function openTape(source: TapeSource, signal?: AbortSignal): OpenSource {
  const { symbols, warmUpFirst, end, data } = source;
  return {
    symbols,
    total: end - warmUpFirst,
    data,
    batches: () => {
      const ticks = tapeBatches(source, signal);
      return source.books === undefined
        ? ticks
        : mergeBooks(ticks, tapeBooks(source, source.books));
    },
    close: () => Promise.resolve(),
  };
}

async function* tapeBatches(
  { tape, warmUpFirst, first, end }: TapeSource,
  signal?: AbortSignal,
): AsyncGenerator<SourceBatch, void> {
  const reader = new TapeReader(tickColumns, tape);
  const batch = createTickBatch(batchRows);
  for (let row = warmUpFirst; row < end; ) {
    signal?.throwIfAborted();
    reader.read(batch, row, end);
    const { count } = batch;
    yield { batch, warmUp: Math.min(count, Math.max(0, first - row)) };
    row += count;
  }
}

/** The books that go with rows [first, end): at the ends of the tape all that there are. */
async function* tapeBooks(
  { tape, first, end }: TapeSource,
  books: Tape<'book'>,
): AsyncGenerator<BookBatch, void> {
  const ticks = new TapeReader(tickColumns, tape);
  const reader = new TapeReader(bookColumns, books);
  const batch = createBookBatch(batchRows);
  const from = first === 0 ? 0 : reader.firstFrom(ticks.timeOf(first));
  const to = end === tape.rows ? books.rows : reader.firstFrom(ticks.timeOf(end));
  for (let row = from; row < to; row += batch.count) {
    reader.read(batch, row, to);
    yield batch;
  }
}

/** Hash of rows of a tape, as a run over them would find it. */
export async function tapeData(source: Omit<TapeSource, 'data'>): Promise<string> {
  const { symbols, warmUpFirst, first, books } = source;
  const hash = new DataHash();
  for await (const { batch } of tapeBatches({ ...source, data: '' })) hash.add(batch);
  if (books !== undefined)
    for await (const batch of tapeBooks({ ...source, data: '' }, books)) hash.addBooks(batch);
  return hash.digest(symbols, first - warmUpFirst);
}
