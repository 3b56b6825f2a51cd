// SQL for clients of PostgreSQL: psql, Grafana, any driver. docs/protocol/postgres.md says what of
// the protocol there is.
//
// Always: a client that is not logged in costs a socket and a few kilobytes, for ten seconds;
// beyond this machine nothing is listened to without TLS unless that is asked for; close() ends
// every connection and waits until its query has let go.

import { timingSafeEqual } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { TableInfo } from '@ndts/native/db';
import type { Clock } from '@ndts/protocol';
import type { Counter, Gauge, Identity, Logger, Metrics, SecureRandom } from '@ndts/runtime';
import { closeServer, isLoopback, listen } from '../listen/listen.js';
import { LoginLimit } from '../listen/login-limit.js';
import { readTls } from '../listen/tls.js';
import type { Sql } from '../sql/query.js';
import { Connection } from './connection.js';
import { PostgresError } from './postgres-error.js';

export interface PostgresServerOptions {
  readonly sql: Sql;
  readonly tables: () => readonly TableInfo[];
  readonly identity: Identity;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly secureRandom: SecureRandom;
  /** Of NDTS. */
  readonly version: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly connectionsMax: number;
  /** 0: none. */
  readonly statementTimeoutMs: number;
  /** Both '': no TLS. */
  readonly tlsCert: string;
  readonly tlsKey: string;
  /** Takes connections from other machines without TLS. */
  readonly allowPlain: boolean;
}

export interface PostgresAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly readable: boolean;
}

/** Sockets that are not logged in, beside those that are. */
const strangersMax = 64;

export class PostgresServer {
  readonly #options: PostgresServerOptions;
  readonly #secure: SecureContext | undefined;
  readonly #limit: LoginLimit;
  readonly #server: Server;
  readonly #connections = new Map<number, Connection>();
  readonly #sockets = new Set<Promise<void>>();
  readonly #open: Gauge;
  readonly #logins: Counter;
  readonly #queries: Counter;
  readonly #failures: Counter;
  #unwatch: (() => void) | undefined;
  #lastProcessId = 0;

  /** Throws CONFIG_INVALID_VALUE where it would be readable on the network, or without its
   * certificate. */
  constructor(options: PostgresServerOptions) {
    this.#options = options;
    this.#secure = secureContextOf(options);
    this.#limit = new LoginLimit(options.clock);
    this.#server = createServer({ allowHalfOpen: false }, (socket) => this.#accept(socket));
    const { metrics } = options;
    this.#open = metrics.gauge('postgres_connections', 'Clients that are logged in.', [], (gauge) =>
      gauge.set(this.#loggedIn()),
    );
    this.#logins = metrics.counter('postgres_logins_total', 'Logins.', ['outcome']);
    this.#queries = metrics.counter('postgres_queries_total', 'Queries that were answered.');
    this.#failures = metrics.counter('postgres_failures_total', 'Queries that failed.', ['state']);
  }

  async start(): Promise<void> {
    const { host, port, identity } = this.#options;
    await listen(this.#server, 'postgres', host, port);
    this.#server.on('error', (error) => this.#options.logger.error({ error }, 'postgres listener'));
    this.#unwatch = identity.watchRevocations((name) => this.#endOf(name));
  }

  /** Where it listens, and whether others can read what goes by there. */
  address(): PostgresAddress {
    const address = this.#server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { host } = this.#options;
    const tls = this.#secure !== undefined;
    return { host, port, tls, readable: !tls && !isLoopback(host) };
  }

  async close(): Promise<void> {
    this.#unwatch?.();
    const error = new PostgresError(
      '57P01',
      'terminating connection due to administrator command',
      { severity: 'FATAL' },
    );
    const closed = closeServer(this.#server);
    for (const connection of this.#connections.values()) connection.end(error);
    for (const connection of this.#connections.values()) connection.destroy();
    await Promise.all(this.#sockets);
    await closed;
    this.#open.set(0);
  }

  #loggedIn(): number {
    let count = 0;
    for (const { user } of this.#connections.values()) if (user !== undefined) count += 1;
    return count;
  }

  #accept(socket: Socket): void {
    if (this.#connections.size - this.#loggedIn() >= strangersMax) {
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    const { options, processId } = { options: this.#options, processId: this.#nextProcessId() };
    const connection = new Connection(socket, {
      sql: options.sql,
      clock: options.clock,
      logger: options.logger,
      identity: options.identity,
      secureRandom: options.secureRandom,
      version: options.version,
      statementTimeoutMs: options.statementTimeoutMs,
      limit: this.#limit,
      secure: this.#secure,
      tlsRequired: this.#secure !== undefined && !isLoopback(options.host),
      processId,
      tables: options.tables,
      hasRoom: () => this.#loggedIn() < options.connectionsMax,
      onCancel: (target, secret) => this.#cancel(target, secret),
      onLogin: (outcome) => this.#logins.inc({ outcome }),
      onQuery: (error) => {
        if (error === undefined) this.#queries.inc();
        else this.#failures.inc({ state: error.sqlState });
      },
      onClosed: () => this.#connections.delete(processId),
    });
    this.#connections.set(processId, connection);
    this.#track(connection.ended);
  }

  #track(ended: Promise<void>): void {
    this.#sockets.add(ended);
    void ended.finally(() => this.#sockets.delete(ended));
  }

  #nextProcessId(): number {
    do this.#lastProcessId = (this.#lastProcessId % 0x7fff_ffff) + 1;
    while (this.#connections.has(this.#lastProcessId));
    return this.#lastProcessId;
  }

  #cancel(processId: number, secret: Buffer): void {
    const connection = this.#connections.get(processId);
    if (connection !== undefined && timingSafeEqual(connection.secret, secret)) connection.cancel();
  }

  /** The token is gone: so are those who came with it. */
  #endOf(user: string): void {
    const error = new PostgresError('57P01', `the token of user "${user}" was revoked`, {
      severity: 'FATAL',
    });
    for (const connection of this.#connections.values())
      if (connection.user === user) connection.end(error);
  }
}

function secureContextOf(options: PostgresServerOptions): SecureContext | undefined {
  const tls = readTls('postgres', options);
  return tls && createSecureContext({ ...tls, minVersion: 'TLSv1.2' });
}
