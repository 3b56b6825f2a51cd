// A node of another host, as far as pulled rings need one: has rings, publishes what it is told to,
// and serves pulls on an address of its host.
//
//   node ring-node.js PROVIDER ADDRESS
//
// Sends { ready } once it serves. Takes
//   { open: slots }          new rings in place of those before; answered { grants }
//   { shard, count }         publish so many
//   { flow: count }          from now on so many of each shard every millisecond; 0: no more,
//                            answered { published }: of each shard, since it began to flow
// Ends with its parent.

import { createPullServer } from '@ndts/native/fabric';
import { NumberedRings, ringShape } from './numbered-rings.js';

type Command =
  | { readonly open: number }
  | { readonly shard: number; readonly count: number }
  | { readonly flow: number };

const [provider = 'tcp', address = '127.0.0.1'] = process.argv.slice(2);
const server = createPullServer({ provider, address, port: 0 });
let rings: NumberedRings | undefined;
let flow: NodeJS.Timeout | undefined;
let published = 0;

function publishAll(count: number): void {
  for (let shard = 0; shard < ringShape.shardCount; shard += 1) rings?.publish(shard, count);
  published += count;
}

process.on('message', (command: Command) => {
  if ('open' in command) {
    rings?.close();
    rings = new NumberedRings(command.open);
    process.send?.({ grants: rings.paths.map((path) => server.exposeRing(path, 600_000)) });
  } else if ('shard' in command) {
    rings?.publish(command.shard, command.count);
  } else {
    clearInterval(flow);
    if (command.flow > 0) flow = setInterval(() => publishAll(command.flow), 1);
    else process.send?.({ published });
  }
});
process.on('disconnect', () => {
  server.close();
  rings?.close();
  process.exit(0);
});
process.send?.({ ready: true });
