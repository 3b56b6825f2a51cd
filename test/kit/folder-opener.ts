// A process of its own that has a data folder open and serves it, until it is told to end or is
// killed: the other side for tests of connected clients.
//
//   node folder-opener.js DATA_DIR    sends 'open' to its parent; ends when that is gone

import { NDTSClient } from '@ndts/storage';
import { smallSettings } from './small-settings.js';

const client = new NDTSClient({
  mode: 'standalone',
  dataDir: process.argv[2] ?? '',
  settings: smallSettings,
  role: 'open',
});
await client.role();
process.on('message', (message) => {
  if (message === 'memory') process.send?.({ rss: process.memoryUsage().rss });
});
process.on('disconnect', () => void client.close().then(() => process.exit(0)));
process.send?.('open');
