// The last stored tick of many symbols, read in one call for many of them: what a node that starts
// needs of each. A block of a file is read once, not once for each symbol in it.

import { createTickBatch, type TickBatch } from '@ndts/protocol';
import { type Database, TableBatch, tickTable } from '@ndts/native/db';

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
    ticks.count = database.latest(
      tickTable,
      Uint32Array.from(part, ({ id }) => id),
      rows,
    );
    ticks.day.set(rows.day);
    ticks.nsOfDay.set(rows.nsOfDay);
    ticks.sequence.set(rows.sequence);
    ticks.symbol.set(rows.symbol);
    ticks.shard.set(rows.shard);
    ticks.epoch.set(rows.epoch);
    ticks.flags.set(rows.column('flags') as Int32Array);
    ticks.price.set(rows.column('price') as Float64Array);
    ticks.volume.set(rows.column('volume') as Float64Array);
    ticks.bid.set(rows.column('bid1') as Float64Array);
    ticks.ask.set(rows.column('ask1') as Float64Array);
    ticks.bidVolume.set(rows.column('bid_vol1') as Float64Array);
    ticks.askVolume.set(rows.column('ask_vol1') as Float64Array);
    take(ticks);
  }
}
