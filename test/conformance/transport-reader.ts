// The transport suite as the reader of another host runs it, and what only there can be: the cable
// is cut while ticks flow. A program of its own, since it has to run on that host.
//
//   node transport-reader.js PROVIDER NODE_ADDRESS NODE_HOST READER_HOST

import { deepEqual, equal, ok } from 'node:assert/strict';
import { after, test } from 'node:test';
import { openTickRings } from '@ndts/native/ring';
import { createTickBatch } from '@ndts/protocol';
import { MappedTransport } from '@ndts/storage';
import { longRun } from '../kit/long-run.js';
import { forkOn, setLink } from '../kit/network-link.js';
import { ringShape } from '../kit/numbered-rings.js';
import { awaitTail, RingNode, ringNodeScript } from '../kit/pulled-host.js';
import { type TransportHarness, transportSuite } from './transport-suite.js';

const [provider = '', address = '', nodeHost = '', readerHost = ''] = process.argv.slice(2);
const { shardCount } = ringShape;

const node = await RingNode.start(forkOn(nodeHost, ringNodeScript, [provider, address]));
after(() => node.stop());

async function open(): Promise<TransportHarness> {
  const host = await node.open();
  const mirrors = openTickRings({ paths: host.paths, from: 'tail' });
  const published = new Array<number>(shardCount).fill(0);
  return {
    ...ringShape,
    transport: () => new MappedTransport(host.paths),
    publish: (shard, count) => {
      // Less than a puller takes at once: what it is overtaken by is another test's.
      for (let left = count; left > 0; left -= 256) {
        host.publish(shard, Math.min(left, 256));
        published[shard] = (published[shard] ?? 0) + Math.min(left, 256);
        awaitTail(mirrors, host.puller, shard, published[shard] ?? 0);
      }
    },
    close: () => {
      mirrors.close();
      host.close();
    },
  };
}

transportSuite(`${provider} from another host`, open);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('the cable is cut and mended: every tick once, connections are counted', async (context) => {
  // As long as the reader may be away, whoever else uses the machine.
  const host = await node.open(1 << 17);
  context.after(() => host.close());
  const reader = openTickRings({ paths: host.paths, from: 'oldest' });
  context.after(() => reader.close());
  const due = new Array<number>(shardCount).fill(0);
  const batch = createTickBatch(1024);
  const poll = (): void => {
    while (reader.poll(batch) > 0)
      for (let row = 0; row < batch.count; row += 1) {
        const shard = batch.shard[row] ?? -1;
        equal(batch.sequence[row], due[shard], `shard ${shard}`);
        equal(batch.price[row], due[shard]);
        due[shard] = (due[shard] ?? 0) + 1;
      }
  };
  const pollFor = async (ms: number): Promise<void> => {
    for (const end = performance.now() + ms; performance.now() < end; await pause(2)) poll();
  };
  host.flow(1);
  await pollFor(50);
  // Sooner than a read is given up, and later.
  for (let round = 0; round < (longRun ? 20 : 1); round += 1)
    for (const ms of [100, 1300]) {
      const before = due[0];
      setLink(readerHost, 'down');
      await pollFor(ms);
      setLink(readerHost, 'up');
      while (due[0] === before) await pollFor(10);
    }
  const total = await host.stopFlow();
  while (due.some((one) => one < total)) await pollFor(5);
  deepEqual(
    due,
    due.map(() => total),
  );
  equal(reader.lapped(), 0);
  const { rings, connects } = host.puller.stats();
  ok(rings.every(({ end, voids }) => end === 'OK' && voids === 0));
  ok(connects > 1, 'a cut that outlasts a read ends its connection');
});
