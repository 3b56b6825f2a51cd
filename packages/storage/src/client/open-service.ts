// Who opens the folder: whoever asks first. It serves the others, who find it LOCKED and connect.
// The lock decides, nothing else: a socket is only listened on by who holds the lock.
//
// Always: of any number of processes one has the folder open; when it ends, the lock is free and
// the next who asks opens the folder.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Clock,
  type ConfigValues,
  type ErrorCode,
  NdtsError,
  type Random,
} from '@ndts/protocol';
import { createSilentLogger } from '@ndts/runtime';
import { findMemoryFolder } from '../folder/data-folder.js';
import { type LocalDatabase, openLocalDatabase } from '../folder/local-database.js';
import type { ServiceConnection } from '../remote/frames/service-connection.js';
import { openLocalConnection } from '../remote/local/local-connection.js';
import { LocalServer } from '../remote/local/local-server.js';
import { socketName } from '../remote/local/socket-path.js';
import { openNetworkConnection, type RemoteTls } from '../remote/network/network-connection.js';
import { type NodeAddress, nodeAddressText } from '../remote/network/node-address.js';
import type { BlockMemory } from '../remote/pull/block-reader.js';
import { openArchivedDays } from '../retention/open.js';
import { PulledService } from '../remote/pull/pulled-service.js';
import { FolderService } from '../service/folder-service.js';
import type { Service } from '../service/service.js';

/** auto: opens the folder, or connects to who has it open. */
export type ClientRole = 'auto' | 'open' | 'connect';

export interface OpenServiceOptions {
  readonly values: ConfigValues;
  readonly clock: Clock;
  readonly random: Random;
  readonly userId: number;
  readonly role: ClientRole;
  readonly timeoutMs: number;
}

export interface OpenNodeOptions {
  /** Asked in this order; the first that answers is used. */
  readonly nodes: readonly NodeAddress[];
  readonly token: string;
  readonly tls?: RemoteTls;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** For blocks of nodes. */
  readonly blocks: BlockMemory;
}

export interface OpenedService {
  readonly service: Service;
  readonly role: 'open' | 'connect';
  /** It has to be opened again: who had the folder open is gone. */
  readonly closed: boolean;
  /** Twice is allowed. */
  close(): Promise<void>;
}

const retryMs = 10;
const nodesRetryMs = 100;

/** Throws LOCKED: open, by somebody who does not serve; UNAVAILABLE: role connect, and nobody has
 * it open. */
export async function openService(options: OpenServiceOptions): Promise<OpenedService> {
  const { role, clock, timeoutMs, values } = options;
  const endNs = clock.monotonicNs() + timeoutMs * 1e6;
  for (;;) {
    if (role !== 'open') {
      const connected = await connectFolder(options);
      if (connected !== undefined) return connected;
    }
    let locked: NdtsError | undefined;
    if (role !== 'connect') {
      try {
        return await openFolder(options);
      } catch (error) {
        const isLocked = error instanceof NdtsError && error.code === 'LOCKED';
        if (!isLocked || role === 'open') throw error;
        locked = error;
      }
    }
    if (clock.monotonicNs() >= endNs) {
      if (locked !== undefined) throw locked;
      throw new NdtsError('UNAVAILABLE', `nobody has the folder ${values.dataDir} open`);
    }
    await new Promise<void>((resolve) => {
      clock.setTimer(retryMs, resolve);
    });
  }
}

/** Throws UNAVAILABLE where no node listens, and as openNetworkConnection. */
export async function openNodeService(options: OpenNodeOptions): Promise<OpenedService> {
  const { nodes, clock, timeoutMs, blocks } = options;
  const endNs = clock.monotonicNs() + timeoutMs * 1e6;
  let failure: NdtsError | undefined;
  do {
    for (const address of nodes) {
      try {
        const service = await openNetworkConnection({ ...options, address });
        if (service !== undefined)
          return connected(
            new PulledService({ service, host: address.host, clock, timeoutMs, blocks }),
          );
      } catch (error) {
        if (!(error instanceof NdtsError) || !passing.has(error.code)) throw error;
        failure = error;
      }
    }
    await new Promise<void>((resolve) => {
      clock.setTimer(nodesRetryMs, resolve);
    });
  } while (clock.monotonicNs() < endNs);
  if (failure !== undefined) throw failure;
  const names = nodes.map(nodeAddressText).join(', ');
  throw new NdtsError('UNAVAILABLE', `no node listens at ${names}`);
}

/** What another node, or the same one later, may do better. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['TIMEOUT', 'UNAVAILABLE', 'IO_ERROR']);

function connected(service: ServiceConnection | PulledService): OpenedService {
  return {
    service,
    role: 'connect',
    get closed() {
      return service.closed;
    },
    close: () => service.close(),
  };
}

async function connectFolder(options: OpenServiceOptions): Promise<OpenedService | undefined> {
  const { values, userId } = options;
  const memory = findMemoryFolder({
    dir: values.dataDir,
    memoryParent: values.storage.memoryDir,
    userId,
  });
  if (memory === undefined || !existsSync(join(memory, socketName))) return undefined;
  const service = await openLocalConnection(join(memory, socketName));
  return service && connected(service);
}

async function openFolder(options: OpenServiceOptions): Promise<OpenedService> {
  const local = await openLocalDatabase({ ...options, logger: createSilentLogger() });
  try {
    return await serveFolder(local, options);
  } catch (error) {
    await local.close();
    throw error;
  }
}

async function serveFolder(
  local: LocalDatabase,
  { clock, values }: OpenServiceOptions,
): Promise<OpenedService> {
  const { ticks, journal, symbols, folder } = local;
  const archived = openArchivedDays(ticks, values);
  const service = new FolderService({
    database: ticks,
    symbols,
    clock,
    store: journal,
    archived,
    queryMemoryBytes: values.sql.memoryBytes,
  });
  const server = await LocalServer.listen(join(folder.memory, socketName), service);
  let closed = false;
  return {
    service,
    role: 'open',
    get closed() {
      return closed;
    },
    close: async () => {
      closed = true;
      server.close();
      await service.close();
      await local.close();
    },
  };
}
