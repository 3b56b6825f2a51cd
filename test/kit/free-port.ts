// A port that nobody listens on, and that nobody gets who asks the system for any: those it gives
// begin at 32,768, and one that was given back there goes to others before a node has started on
// it. Where a listener takes port 0 that is better.

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

const [firstPort, endPort] = [10_000, 32_000];

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(firstPort, endPort);
    const server = createServer();
    server.listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch {
      continue; // somebody listens there
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}
