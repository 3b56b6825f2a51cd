// The transport suite between two hosts: a node in one network namespace, its reader in another,
// and a cable between them that is cut and mended.

import { equal, match } from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { libfabricAbsent } from '../kit/libfabric.js';
import { forkOn, NetworkLink } from '../kit/network-link.js';

const script = fileURLToPath(new URL('transport-reader.js', import.meta.url));

async function readFromAnotherHost(context: TestContext, provider: string): Promise<void> {
  const link = NetworkLink.make(context);
  if (typeof link === 'string') {
    // The same suite on one host is in transport.test.ts, a bad network in faults.test.ts.
    context.diagnostic(`not tested: ${link}`);
    return;
  }
  const args = [provider, link.address('node'), link.name('node'), link.name('reader')];
  const reader = forkOn(link.name('reader'), script, args, ['--test-reporter=tap']);
  context.after(() => reader.kill('SIGKILL'));
  let output = '';
  reader.stdout?.on('data', (text: Buffer) => {
    output += text.toString();
  });
  reader.stderr?.on('data', (text: Buffer) => {
    output += text.toString();
  });
  const [code] = (await once(reader, 'close')) as [number | null];
  equal(code, 0, output);
  match(output, /^# pass [1-9]\d*$/m);
}

test('over tcp', (context) => readFromAnotherHost(context, 'tcp'));

test('over libfabric', async (context) => {
  const absent = libfabricAbsent();
  if (absent === false) await readFromAnotherHost(context, 'libfabric');
  else context.diagnostic(`not tested: ${absent}`);
});
