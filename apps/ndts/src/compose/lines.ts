// The listeners of line protocol of a running node. What cannot listen prevents the start.

import type { SecureRandom } from '@ndts/runtime';
import { type LineAddresses, LineServer, type LineSink } from '@ndts/storage';
import type { Foundation } from './foundation.js';

export async function serveLines(
  foundation: Foundation,
  secureRandom: SecureRandom,
  sink: LineSink | undefined,
): Promise<LineAddresses> {
  const { closing, ticks: database, values: config } = foundation;
  const server = await LineServer.start({
    ...foundation,
    config,
    database,
    secureRandom,
    ...(sink && { sink }),
  });
  closing.defer('line protocol', () => server.stop());
  return server.addresses;
}
