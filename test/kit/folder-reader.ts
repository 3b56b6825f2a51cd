// A process that is connected to an open folder and in the middle of everything: a query without
// end, a replay that nobody reads on, a subscription. Waits to be killed.

import { NDTSClient } from '@ndts/storage';
import { smallSettings } from './small-settings.js';

const client = new NDTSClient({
  mode: 'standalone',
  dataDir: process.argv[2] ?? '',
  settings: smallSettings,
  role: 'connect',
});
await client.replayTicks(undefined, { batch: 16 }).next();
void client.subscribe().next();
void client
  .query('SELECT count(*) FROM range(1000000000000)')
  .then((result) => result.rows())
  .catch(() => undefined);
await client.tables();
process.send?.('reading');
