// Two hosts: a node in one network namespace, its readers in another, and a cable between them that
// is cut and mended. The transport suite runs there, and a client of a whole node.

import { equal, match } from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { libfabricAbsent } from '../kit/libfabric.js';
import { longRun } from '../kit/long-run.js';
import { forkOn, NetworkLink } from '../kit/network-link.js';
import { RunningPlatform } from '../kit/running-platform.js';
import { temporaryFolder } from '../kit/temporary-folder.js';

/** Runs a program of tests on the reader's host; all must pass. */
async function runThere(
  context: TestContext,
  link: NetworkLink,
  name: string,
  args: readonly string[],
): Promise<void> {
  const script = fileURLToPath(new URL(name, import.meta.url));
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

async function readFromAnotherHost(context: TestContext, provider: string): Promise<void> {
  const link = NetworkLink.make(context);
  if (link === undefined) return;
  const args = [provider, link.address('node'), link.name('node'), link.name('reader')];
  await runThere(context, link, 'transport-reader.js', args);
}

async function beClientOfAnotherHost(context: TestContext, provider: string): Promise<void> {
  const link = NetworkLink.make(context);
  if (link === undefined) return;
  const port = 7000;
  const keys = {
    'cluster.shards': 4,
    'remote.host': link.address('node'),
    'remote.port': port,
    'remote.allowPlain': 'true',
    'remote.pull': provider,
    'remote.blockArenaMb': 4,
    'feed.ticksPerSecond': 20_000,
    'strategy.list': '',
    'storage.stagingBytes': 8 << 20,
    'storage.walFileBytes': 4 << 20,
    'storage.memtableBytes': 1 << 20,
  };
  const dataDir = await temporaryFolder(context);
  const node = await RunningPlatform.start({ dataDir, keys, host: link.name('node') });
  context.after(() => node.kill());
  const args = [`${link.address('node')}:${port}`, node.token, link.name('reader')];
  await runThere(context, link, 'host-client.js', args);
}

const ways = [
  ['tcp', false],
  ['libfabric', libfabricAbsent()],
] as const;

for (const [provider, absent] of ways) {
  test(`over ${provider}`, { skip: absent }, (context) => readFromAnotherHost(context, provider));
  // The same client over both takes a node more: one of them is enough where time is short.
  if (provider === 'tcp' || longRun)
    test(`a client over ${provider}`, { skip: absent }, (context) =>
      beClientOfAnotherHost(context, provider),
    );
}
