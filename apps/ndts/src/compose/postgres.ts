// SQL for clients of PostgreSQL, where a port for it is set.

import { PostgresServer, Sql } from '@ndts/storage';
import type { SecureRandom } from '@ndts/runtime';
import type { Foundation } from './foundation.js';

/** undefined: it is off. */
export async function startPostgres(
  foundation: Foundation,
  version: string,
  secureRandom: SecureRandom,
): Promise<PostgresServer | undefined> {
  const { archived, clock, closing, identity, logger, metrics, ticks, values } = foundation;
  const { port, host, connectionsMax, statementTimeoutMs, tlsCert, tlsKey, allowPlain } =
    values.postgres;
  if (port === 0) return undefined;
  const server = new PostgresServer({
    sql: new Sql({ database: ticks, clock, archived, memoryBytes: values.sql.memoryBytes }),
    tables: () => ticks.tables(),
    identity,
    clock,
    logger,
    metrics,
    secureRandom,
    version,
    host,
    port,
    connectionsMax,
    statementTimeoutMs,
    tlsCert,
    tlsKey,
    allowPlain,
  });
  await server.start();
  closing.defer('postgres', () => server.close());
  return server;
}
