// The clients' suite three times: over a folder opened here, over one that another process has
// open, and over TCP.

import { throws } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { NDTSClient } from '@ndts/storage';
import { OpenerProcess } from '../kit/opener-process.js';
import { startRemoteNode } from '../kit/remote-node.js';
import { smallSettings } from '../kit/small-settings.js';
import { clientSuite } from './client-suite.js';

function clientOf(context: TestContext, dataDir: string, role: 'open' | 'connect'): NDTSClient {
  const client = new NDTSClient({ mode: 'standalone', dataDir, settings: smallSettings, role });
  context.after(() => client.close());
  return client;
}

clientSuite('opened here', async (context, dataDir) => clientOf(context, dataDir, 'open'));

clientSuite('connected', async (context, dataDir) => {
  await OpenerProcess.start(context, dataDir);
  return clientOf(context, dataDir, 'connect');
});

clientSuite('over TCP', async (context, dataDir) =>
  (await startRemoteNode(context, dataDir)).client(),
);

test('a mode that is none, and a node without a token, are named', () => {
  const refused = { code: 'INVALID_ARGUMENT' };
  throws(() => new NDTSClient({ mode: 'bogus' as never }), refused);
  throws(() => new NDTSClient({ mode: 'distributed' }), refused);
  throws(() => new NDTSClient({ mode: 'distributed', nodes: ['a:1'] }), refused);
});
