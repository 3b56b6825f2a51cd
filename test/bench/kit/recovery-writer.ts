// The process that the recovery bench kills: fills segments of a size, then the log as far as it may
// grow, says so and waits. Arguments: folder, staging folder, bytes of segments.

import { openDatabase } from '@ndts/native/db';
import { registerSymbols, storageOptions } from '../storage.js';
import { TickFill } from './tick-fill.js';

const [dir, stagingDir, bytes] = process.argv.slice(2);
if (dir === undefined || stagingDir === undefined || bytes === undefined)
  throw new Error('expected: folder, staging folder, bytes');

const options = storageOptions(dir, stagingDir);
const database = openDatabase(options);
registerSymbols(database, 1000);
const fill = new TickFill(1000, 1e4);
const batch = fill.batch(8000);

/** Prices of any bits do not shrink: segments of a size with fewer ticks. */
function spoil(): void {
  const words = new Uint32Array(batch.buffer, batch.price.byteOffset, 2 * batch.count);
  for (const column of [batch.volume, batch.bid, batch.ask, batch.bidVolume, batch.askVolume])
    column.set(batch.price);
  for (let index = 0; index < words.length; index += 1)
    words[index] = Math.imul(index + (words[index] ?? 0), 2654435761) >>> 0;
}

let check = 0;
while (database.stats().segmentBytes < Number(bytes)) {
  for (check = 0; check < 20; check += 1) {
    fill.fill(batch);
    spoil();
    database.appendTicks(batch);
  }
}
database.seal();
// Up to just below what seals by size: the most a start has to replay.
const limit = 0.95 * Math.min(options.memtableBytes, options.walBudgetBytes);
const small = Number(bytes) < 10e6;
while (database.stats().memtableBytes < (small ? limit / 20 : limit)) {
  fill.fill(batch);
  database.appendTicks(batch);
}
await database.durable();
process.stdout.write('ready\n');
setInterval(() => undefined, 1000);
