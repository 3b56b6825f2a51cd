// What the data node does with the folder beside the path of ticks: streams over WebSocket, where a
// port for them is set, and dry runs of cleaning rules.

import { join } from 'node:path';
import { serveTrials, StreamServer } from '@ndts/data-node';
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

export function serveDryRuns(foundation: Foundation, service: FolderService): void {
  const { bus, clock, closing, values: config } = foundation;
  closing.defer('dry runs', serveTrials({ bus, service, config, clock }));
}
