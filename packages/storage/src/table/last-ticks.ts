// The last stored tick of many symbols, read in one call for many of them: what a node that starts
// needs of each. A block of a file is read once, not once for each symbol in it.

import { createTickBatch, type TickBatch } from '@ndts/protocol';
import { type Database, TableBatch, tickTable } from '@ndts/native/db';
import { rowsToTicks } from './market-rows.js';

const symbolsAtOnce = 4096;

/** `take` gets the ticks of symbols that have any, in batches; a batch is used again. */
export function eachLastTick(
  database: Pick<Database, 'tables' | 'latest'>,
  symbols: readonly { readonly id: number }[],
  take: (batch: TickBatch) => void,
): void {
  const schema = database.tables().find(({ id }) => id === tickTable);
  if (schema === undefined || symbols.length === 0) return;
  const capacity = Math.min(symbols.length, symbolsAtOnce);
  const rows = new TableBatch(schema, capacity);
  const ticks = createTickBatch(capacity);
  for (let from = 0; from < symbols.length; from += capacity) {
    const part = symbols.slice(from, from + capacity);
    database.latest(
      tickTable,
      Uint32Array.from(part, ({ id }) => id),
      rows,
    );
    rowsToTicks(rows, ticks);
    take(ticks);
  }
}
