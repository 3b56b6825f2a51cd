// A data folder that clients of other machines reach: opened in this process and served on free
// ports of loopback, to programs and as streams over WebSocket, with tokens.

import { join } from 'node:path';
import { StreamServer } from '@ndts/data-node';
import type { ConfigValues } from '@ndts/protocol';
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
import {
  BlockGrants,
  type ClientOptions,
  FolderService,
  type LocalDatabase,
  NDTSClient,
  NetworkServer,
  openLocalDatabase,
  RingGrants,
  type RingPaths,
} from '@ndts/storage';
import { smallSettings } from './small-settings.js';

interface Cleanup {
  after(action: () => Promise<void>): void;
}

export interface RemoteNode {
  readonly address: string;
  /** Of its streams. */
  readonly streamAddress: string;
  readonly identity: Identity;
  readonly local: LocalDatabase;
  readonly service: FolderService;
  /** Of the node. */
  readonly metrics: Metrics;
  /** A client with a token of its own. */
  client(role?: Role, options?: Partial<ClientOptions>): NDTSClient;
}

/** Lets rings and blocks be pulled: 'mapped', 'tcp', or one of libfabric. */
export interface PulledNodeOptions {
  readonly pull: string;
  readonly arenaBytes: number;
  /** Starts who publishes; default: nobody does. */
  readonly publish?: (local: LocalDatabase, values: ConfigValues) => RingPaths;
}

export async function startRemoteNode(
  test: Cleanup,
  dataDir: string,
  pulled?: PulledNodeOptions,
): Promise<RemoteNode> {
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
  const rings = pulled?.publish?.(local, values) ?? {};
  const service = new FolderService({ database, symbols, clock, store, rings });
  const identity = Identity.open({ dir: join(dataDir, 'identity'), clock, logger });
  const metrics = new Metrics();
  const { pulls, blocks } = pulled === undefined ? {} : openPulls(local, metrics, pulled, rings);
  const server = await NetworkServer.start({
    ...values.remote,
    ...(pulls === undefined ? {} : { pulls }),
    ...(blocks === undefined ? {} : { blocks }),
    service,
    identity,
    clock,
    logger,
    metrics,
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
    blocks?.close();
    pulls?.close();
    await service.close();
    await local.close();
  });
  const address = `127.0.0.1:${server.port}`;
  const client = (role: Role = 'node', options: Partial<ClientOptions> = {}): NDTSClient => {
    const token = identity.createToken(`client-${clients.length}`, role);
    const reach = { mode: 'distributed', nodes: [address], token, clock } as const;
    const made = new NDTSClient({ ...reach, ...options });
    clients.push(made);
    return made;
  };
  const streamAddress = new URL(streams?.url ?? '').host;
  return { address, streamAddress, identity, local, service, metrics, client };
}

interface Pulls {
  readonly pulls: RingGrants;
  readonly blocks: BlockGrants;
}

function openPulls(
  { ticks, symbols, folder }: LocalDatabase,
  metrics: Metrics,
  { pull: provider, arenaBytes }: PulledNodeOptions,
  paths: RingPaths,
): Pulls {
  const host = provider === 'mapped' ? folder.memory : '127.0.0.1';
  const pulls = new RingGrants({ provider, host, port: 0, paths, metrics });
  const { memory } = folder;
  const shared = { database: ticks, symbols, server: pulls.server, metrics };
  return { pulls, blocks: new BlockGrants({ ...shared, folder: memory, arenaBytes }) };
}
