// The example of docs/client.md: the same text, compiled and run by client-example.test.ts.

import { NDTSClient } from '@ndts/storage';

const client = new NDTSClient({ mode: 'standalone', dataDir: 'data' });

const quote = { bid1: 190.4, ask1: 190.6, bid_vol1: 5, ask_vol1: 7, flags: 0 };
await client.insert('tick', [
  { time: new Date('2026-01-02T15:00:00Z'), symbol: 'AAPL', price: 190.5, volume: 100, ...quote },
]);
for await (const batch of client.replayTicks(['AAPL'], { columns: ['price'] }))
  for (let row = 0; row < batch.count; row += 1) console.log(batch.price[row]);

const result = await client.query('SELECT max(price) AS top FROM tick WHERE symbol = $1', {
  parameters: ['AAPL'],
});
console.log(await result.rows());
await client.close();
