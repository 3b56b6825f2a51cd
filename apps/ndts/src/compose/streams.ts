// Streams over WebSocket, where a port for them is set.

import { join } from 'node:path';
import { StreamServer } from '@ndts/data-node';
import type { FolderService } from '@ndts/storage';
import type { Foundation } from './foundation.js';

/** Their address; undefined: they are off. */
export async function serveStreams(
  foundation: Foundation,
  service: FolderService,
): Promise<string | undefined> {
  const { closing, values: config } = foundation;
  const strategyRings = join(foundation.folder.memory, 'rings');
  const server = await StreamServer.start({ ...foundation, config, service, strategyRings });
  if (server === undefined) return undefined;
  closing.defer('streams', () => server.stop());
  return server.url;
}
