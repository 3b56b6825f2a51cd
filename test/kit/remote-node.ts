// A data folder that clients of other machines reach: opened in this process and served on a free
// port of loopback, with a token.

import { join } from 'node:path';
import {
  createSilentLogger,
  Identity,
  loadConfig,
  Metrics,
  type Role,
  SeededRandom,
  SystemClock,
} from '@ndts/runtime';
import { FolderService, NDTSClient, NetworkServer, openLocalDatabase } from '@ndts/storage';
import { smallSettings } from './small-settings.js';

interface Cleanup {
  after(action: () => Promise<void>): void;
}

export interface RemoteNode {
  readonly address: string;
  readonly identity: Identity;
  /** A client with a token of its own. */
  client(role?: Role): NDTSClient;
}

export async function startRemoteNode(test: Cleanup, dataDir: string): Promise<RemoteNode> {
  const clock = new SystemClock();
  const logger = createSilentLogger();
  const settings = Object.entries(smallSettings).map(([key, value]) => [key, String(value)]);
  const values = loadConfig({
    args: { ...Object.fromEntries(settings), dataDir },
    environment: {},
  });
  const random = new SeededRandom(1);
  const userId = process.getuid?.() ?? 0; // ambient: whose folder it is
  const local = await openLocalDatabase({ values, clock, logger, random, userId });
  const { journal: store, ticks: database, symbols } = local;
  const service = new FolderService({ database, symbols, clock, store });
  const identity = Identity.open({ dir: join(dataDir, 'identity'), clock, logger });
  const server = await NetworkServer.start({
    ...values.remote,
    service,
    identity,
    clock,
    logger,
    metrics: new Metrics(),
  });
  const clients: NDTSClient[] = [];
  test.after(async () => {
    for (const client of clients) await client.close();
    await server.stop();
    await service.close();
    await local.close();
  });
  const address = `127.0.0.1:${server.port}`;
  const client = (role: Role = 'node'): NDTSClient => {
    const token = identity.createToken(`client-${clients.length}`, role);
    const made = new NDTSClient({ mode: 'distributed', nodes: [address], token, clock });
    clients.push(made);
    return made;
  };
  return { address, identity, client };
}
