// Streams over WebSocket, where a port for them is set.

import { StreamServer } from '@ndts/data-node';
import type { FolderService } from '@ndts/storage';
import type { Foundation } from './foundation.js';

/** Their address; undefined: they are off. */
export async function serveStreams(
  foundation: Foundation,
  service: FolderService,
): Promise<string | undefined> {
  const { closing, values: config } = foundation;
  const server = await StreamServer.start({ ...foundation, config, service });
  if (server === undefined) return undefined;
  closing.defer('streams', () => server.stop());
  return server.url;
}
