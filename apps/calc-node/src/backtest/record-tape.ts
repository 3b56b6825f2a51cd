// Reads the ticks of a range into a tape, once, for all the runs over them.

import { NdtsError } from '@ndts/protocol';
import type { RunHooks } from './execute.js';
import {
  countTicks,
  historyBooks,
  historySymbols,
  type HistorySymbol,
  HistoryTicks,
  openHistoryClient,
} from './history-ticks.js';
import { bookColumns, type Tape, tapeBytes, TapeRecorder, tickColumns } from './tape.js';
import type { HistorySource } from './tick-source.js';

export interface RecordedTape {
  readonly tape: Tape<'tick'>;
  /** Undefined: they were not asked for. */
  readonly books: Tape<'book'> | undefined;
  readonly symbols: readonly HistorySymbol[];
}

/** With books if that is said. MEMORY_LIMIT: they do not fit. Throws what the signal was aborted
 * with. */
export async function recordTape(
  { client: options, range }: HistorySource,
  memoryBytes: number,
  withBooks = false,
  { signal, onProgress }: RunHooks = {},
): Promise<RecordedTape> {
  const client = openHistoryClient(options);
  try {
    const symbols = await historySymbols(client, range);
    const total = await countTicks(client, range);
    if (tapeBytes(total) > memoryBytes)
      throw new NdtsError(
        'MEMORY_LIMIT',
        `${total} ticks take ${Math.ceil(tapeBytes(total) / 1e6)} MB, allowed are ` +
          `${Math.floor(memoryBytes / 1e6)}: take a shorter range, fewer symbols or more memory`,
      );
    const recorder = new TapeRecorder(tickColumns, memoryBytes);
    for await (const { batch } of new HistoryTicks(client, range, symbols, signal).batches()) {
      recorder.add(batch);
      onProgress?.(recorder.rows, total);
    }
    const tape = recorder.tape();
    if (!withBooks) return { tape, books: undefined, symbols };
    const books = new TapeRecorder(bookColumns, memoryBytes - tapeBytes(tape.rows));
    for await (const batch of historyBooks(client, range, symbols, signal)) books.add(batch);
    return { tape, books: books.tape(), symbols };
  } finally {
    await client.close();
  }
}
