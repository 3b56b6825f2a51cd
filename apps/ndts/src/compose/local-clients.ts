// The socket on which other processes of this user use the folder that the node has open. Ticks
// they insert go the way of the feed's from here on: accepted, then onto the rings.

import { join } from 'node:path';
import { FolderService, LocalServer, socketName, type TickRingWriter } from '@ndts/storage';
import type { Foundation } from './foundation.js';

export async function serveLocalClients(
  foundation: Foundation,
  rings: TickRingWriter,
): Promise<void> {
  const { ticks, symbols, clock, folder, logger, closing } = foundation;
  const service = new FolderService({
    database: ticks,
    symbols,
    clock,
    appendTicks: (batch) => {
      const position = ticks.appendTicks(batch);
      rings.publish(batch);
      return position;
    },
  });
  closing.defer('local service', () => service.close());
  try {
    const server = await LocalServer.listen(join(folder.memory, socketName), service);
    closing.defer('local clients', () => server.close());
  } catch (error) {
    logger.warn({ error }, 'no socket for other processes; all else works');
  }
}
