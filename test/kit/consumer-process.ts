// A process that reads as a consumer and acknowledges what it has read, some batches late; told of
// to its parent row by row. Waits to be killed.
//
//   node consumer-process.js DATA_DIR NAME
//
// Sends { rows: [[shard, sequence, price], ...] } for each batch, then { acked: [sequence, ...] }
// by shard once a position is kept.

import { NDTSClient } from '@ndts/storage';
import { smallSettings } from './small-settings.js';

const [dataDir = '', consumer = ''] = process.argv.slice(2);
const client = new NDTSClient({
  mode: 'standalone',
  dataDir,
  settings: smallSettings,
  role: 'connect',
  openTimeoutMs: 60_000,
});
process.on('disconnect', () => process.exit(0));

const subscription = client.subscribe(undefined, { consumer, from: 'oldest', batch: 20 });
let batches = 0;
for await (const { rows, next } of subscription) {
  const prices = rows.doubles('price');
  const seen = Array.from(rows.sequence, (sequence, row) => [
    rows.shard?.[row] ?? -1,
    sequence,
    prices[row] ?? -1,
  ]);
  process.send?.({ rows: seen });
  batches += 1;
  if (batches % 3 !== 0) continue;
  try {
    await subscription.ack(next);
  } catch (error) {
    // Nobody has the folder open right now; what comes next is acknowledged.
    if ((error as { code?: string }).code !== 'UNAVAILABLE') throw error;
    continue;
  }
  process.send?.({ acked: [...(next?.sequence ?? [])] });
}
