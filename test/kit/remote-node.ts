// A data folder that clients of other machines reach: opened in this process and served on free
// ports of loopback, to programs and as streams over WebSocket, with tokens.

import { join } from 'node:path';
import { StreamServer } from '@ndts/data-node';
import type { Clock } from '@ndts/protocol';
import {
  createSilentLogger,
  EmbeddedBus,
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

export interface ClientWay {
  /** Default: the node's own. */
  readonly address?: string;
  readonly clock?: Clock;
}

export interface RemoteNode {
  readonly address: string;
  /** Of its streams. */
  readonly streamAddress: string;
  readonly identity: Identity;
  /** A client with a token of its own. */
  client(role?: Role, way?: ClientWay): NDTSClient;
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
  const streams = await StreamServer.start({
    config: values,
    service,
    symbols,
    identity,
    bus: new EmbeddedBus({ clock, logger }),
    clock,
    logger,
    metrics: new Metrics({ processMetrics: false }),
    anyPort: true,
  });
  const clients: NDTSClient[] = [];
  test.after(async () => {
    for (const client of clients) await client.close();
    await streams?.stop();
    await server.stop();
    await service.close();
    await local.close();
  });
  const address = `127.0.0.1:${server.port}`;
  const client = (role: Role = 'node', way?: ClientWay): NDTSClient => {
    const token = identity.createToken(`client-${clients.length}`, role);
    const nodes = [way?.address ?? address];
    const made = new NDTSClient({ mode: 'distributed', nodes, token, clock: way?.clock ?? clock });
    clients.push(made);
    return made;
  };
  const streamAddress = new URL(streams?.url ?? '').host;
  return { address, streamAddress, identity, client };
}
