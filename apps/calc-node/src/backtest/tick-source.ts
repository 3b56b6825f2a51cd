// Where the ticks of a run come from: the database, or a tape in shared memory. The description is
// plain data; opened, it gives the same batches again and again.

import { createTickBatch, type TickBatch } from '@ndts/protocol';
import type { HistoryClient, HistoryRange, HistorySymbol } from './history-ticks.js';
import { DataHash } from './identity.js';
import { batchRows, type Tape, TapeReader } from './tape.js';

/** Out of a data folder or a node. */
export interface HistorySource {
  readonly kind: 'history';
  readonly client: HistoryClient;
  readonly range: HistoryRange;
}

/** Out of shared memory: rows [first, end), those from warmUpFirst on only warm factors up. */
export interface TapeSource {
  readonly kind: 'tape';
  readonly tape: Tape;
  readonly symbols: readonly HistorySymbol[];
  readonly warmUpFirst: number;
  readonly first: number;
  readonly end: number;
  /** Hash of these rows; '': it is worked out by the run. */
  readonly data: string;
}

export type TickSource = HistorySource | TapeSource;

export interface SourceBatch {
  /** The reader's until the next one is asked for. */
  readonly batch: TickBatch;
  /** So many first rows only warm up. */
  readonly warmUp: number;
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

export function openSource(source: TickSource, signal?: AbortSignal): Promise<OpenSource> {
  if (source.kind === 'tape') return Promise.resolve(openTape(source, signal));
  return openHistory(source, signal);
}

async function openHistory(source: HistorySource, signal?: AbortSignal): Promise<OpenSource> {
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
      batches: () => ticks.batches(),
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
    batches: () => tapeBatches(source, signal),
    close: () => Promise.resolve(),
  };
}

async function* tapeBatches(
  { tape, warmUpFirst, first, end }: TapeSource,
  signal?: AbortSignal,
): AsyncGenerator<SourceBatch, void> {
  const reader = new TapeReader(tape);
  const batch = createTickBatch(batchRows);
  for (let row = warmUpFirst; row < end; ) {
    signal?.throwIfAborted();
    reader.read(batch, row, end);
    const { count } = batch;
    yield { batch, warmUp: Math.min(count, Math.max(0, first - row)) };
    row += count;
  }
}

/** Hash of rows of a tape, as a run over them would find it. */
export function tapeData(source: Omit<TapeSource, 'data'>): string {
  const { tape, symbols, warmUpFirst, first, end } = source;
  const hash = new DataHash();
  const reader = new TapeReader(tape);
  const batch = createTickBatch(batchRows);
  for (let row = warmUpFirst; row < end; row += batch.count) {
    reader.read(batch, row, end);
    hash.add(batch);
  }
  return hash.digest(symbols, first - warmUpFirst);
}
