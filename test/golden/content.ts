// What the golden database holds: a few ticks of two symbols on two days, some sealed and some only
// in the log, and key-value entries of which one was deleted.

import { type Database, openDatabase } from '@ndts/native/db';
import { createTickBatch, type TickBatch } from '@ndts/protocol';

export const goldenShards = 2;

export function openGolden(dir: string, stagingDir: string): Database {
  return openDatabase({
    dir,
    stagingDir,
    stagingBytes: 65_536,
    walFileBytes: 65_536,
    walBudgetBytes: 1 << 20,
    memtableBytes: 1 << 20,
    commitIntervalMs: 1,
    sealIntervalMs: 0,
    shardCount: goldenShards,
  });
}

/** Ticks `from` to `to` of both symbols; every column differs in every row. */
export function goldenBatch(from: number, to: number): TickBatch {
  const batch = createTickBatch(2 * (to - from));
  for (let index = from; index < to; index += 1)
    for (const symbol of [1, 2]) {
      const row = batch.count;
      batch.day[row] = 20_000 + (index % 2);
      batch.nsOfDay[row] = 1_000_000_007 * index + symbol;
      batch.symbol[row] = symbol;
      batch.flags[row] = index % 4;
      batch.price[row] = index === 3 ? -0 : 100 + index / 8;
      batch.volume[row] = 10 * index;
      batch.bid[row] = 99.5 + index / 8;
      batch.ask[row] = index === 5 ? Number.NaN : 100.5 + index / 8;
      batch.bidVolume[row] = 1 + index;
      batch.askVolume[row] = 2 + index;
      batch.count += 1;
    }
  return batch;
}

export const sealedTicks = 6;
export const allTicks = 10;

/** Writes it: ticks 0 to 5 sealed, 6 to 9 in the log. */
export async function writeGolden(dir: string, stagingDir: string): Promise<void> {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const database = openGolden(dir, stagingDir);
  database.registerSymbol(1, 0, 'GOLD');
  database.registerSymbol(2, 1, 'SILBER-ä');
  database.appendTicks(goldenBatch(0, sealedTicks));
  database.write([
    { key: 'a', value: bytes('first') },
    { key: 'b', value: bytes('gone') },
    { key: 'empty', value: bytes('') },
  ]);
  database.seal();
  database.appendTicks(goldenBatch(sealedTicks, allTicks));
  database.write([
    { key: 'a', value: bytes('second') },
    { key: 'b', value: undefined },
  ]);
  await database.durable();
  database.close();
}
