// The clients' suite over a folder opened here, over one that another process has open, over TCP,
// and over TCP with blocks that are read one-sided.

import { throws } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { NDTSClient } from '@ndts/storage';
import { libfabricAbsent } from '../kit/libfabric.js';
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

const pulls = libfabricAbsent() === false ? ['mapped', 'tcp', 'libfabric'] : ['mapped', 'tcp'];
for (const pull of pulls)
  clientSuite(`over TCP, blocks over ${pull}`, async (context, dataDir) =>
    (await startRemoteNode(context, dataDir, { pull, arenaBytes: 4 << 20 })).client(),
  );

test('a mode that is none, and a node without a token, are named', () => {
  const refused = { code: 'INVALID_ARGUMENT' };
  throws(() => new NDTSClient({ mode: 'bogus' as never }), refused);
  throws(() => new NDTSClient({ mode: 'distributed' }), refused);
  throws(() => new NDTSClient({ mode: 'distributed', nodes: ['a:1'] }), refused);
});
