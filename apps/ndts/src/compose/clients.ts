// Where programs use the folder that the node has open: a socket for other processes of this user,
// and, where it is set, a port for other machines. Ticks, trades and books they insert go the way
// of the feed's from here on: accepted, then onto the rings.

import { join } from 'node:path';
import {
  BlockGrants,
  FolderService,
  LocalServer,
  NetworkServer,
  publishInserted,
  RingGrants,
  socketName,
  type RingPaths,
} from '@ndts/storage';
import { bookSchema, errorLine, NdtsError, tickSchema, tradeSchema } from '@ndts/protocol';
import type { Foundation } from './foundation.js';
import type { MarketRings } from './roles.js';

export interface ServedClients {
  /** What all of them use. */
  readonly service: FolderService;
  /** The port for other machines; undefined: there is none. */
  readonly remotePort: number | undefined;
}

/** What cannot listen for other machines prevents the start. */
export async function serveClients(
  foundation: Foundation,
  rings: MarketRings,
): Promise<ServedClients> {
  const { ticks, archived, journal, symbols, clock, folder, logger, closing, values } = foundation;
  const service = new FolderService({
    database: ticks,
    symbols,
    clock,
    archived,
    store: journal,
    queryMemoryBytes: values.sql.memoryBytes,
    rings: pathsOf(rings),
    appendTicks: (batch) => {
      const position = ticks.appendTicks(batch);
      rings.ticks.publish(batch);
      return position;
    },
    appended: (table, rows) => publishInserted(ticks, rings, table, rows),
  });
  closing.defer('service of clients', () => service.close());
  try {
    const server = await LocalServer.listen(join(folder.memory, socketName), service);
    closing.defer('local clients', () => server.close());
  } catch (error) {
    logger.warn({ error }, 'no socket for other processes; all else works');
  }
  if (values.remote.port === 0) return { service, remotePort: undefined };
  const { identity, metrics } = foundation;
  const pulls = openPulls(foundation, pathsOf(rings));
  const shared = { service, identity, clock, logger, metrics, ...pulls };
  const server = await NetworkServer.start({ ...shared, ...values.remote });
  closing.defer('remote clients', () => server.stop());
  return { service, remotePort: server.port };
}

function pathsOf({ ticks, trades, books }: MarketRings): RingPaths {
  return {
    [tickSchema.name]: ticks.paths,
    [tradeSchema.name]: trades?.paths ?? [],
    [bookSchema.name]: books?.paths ?? [],
  };
}

interface Pulls {
  readonly pulls: RingGrants;
  readonly blocks?: BlockGrants;
}

function openPulls(foundation: Foundation, paths: RingPaths): Pulls | undefined {
  const { values, closing, metrics, ticks, archived, symbols, folder, logger } = foundation;
  const { pull, pullProvider, pullPort: port, host, blockArenaMb } = values.remote;
  if (pull === 'off') return undefined;
  const grants = (provider: string): RingGrants =>
    new RingGrants({ provider, host, port, paths, metrics });
  const wanted = pull === 'libfabric' && pullProvider !== '' ? pullProvider : pull;
  const pulls = orOverTcp(wanted, grants, logger);
  closing.defer('pulls', () => pulls.close());
  if (blockArenaMb === 0) return { pulls };
  try {
    const blocks = new BlockGrants({
      database: ticks,
      archived,
      symbols,
      folder: folder.memory,
      arenaBytes: blockArenaMb * 2 ** 20,
      server: pulls.server,
      metrics,
    });
    closing.defer('blocks', () => blocks.close());
    return { pulls, blocks };
  } catch (error) {
    logger.warn({ error }, 'no memory to read blocks through; all else works');
    return { pulls };
  }
}

/** Where libfabric cannot be used the same is read over TCP, and the log says so. */
function orOverTcp(
  provider: string,
  open: (provider: string) => RingGrants,
  logger: Foundation['logger'],
): RingGrants {
  try {
    return open(provider);
  } catch (error) {
    const isAbsent = error instanceof NdtsError && error.code === 'UNAVAILABLE';
    if (provider === 'tcp' || !isAbsent) throw error;
    logger.warn({ provider, error: errorLine(error) }, 'rings are pulled over plain TCP instead');
    return open('tcp');
  }
}
