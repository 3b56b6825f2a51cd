// Lets clients on other machines use the folder that this node has open, over TCP, each with a
// token. docs/protocol/remote.md.
//
// Always: nothing is answered to who has not said a token that is known, and who has none keeps
// little memory and a place for a short time only; a revoked token ends its connections.

import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type Clock, NdtsError, type Timer } from '@ndts/protocol';
import type { Gauge, Identity, Logger, Metrics, Principal } from '@ndts/runtime';
import { closeServer, listen } from '../../listen/listen.js';
import { LoginLimit } from '../../listen/login-limit.js';
import { readTls, type TlsOptions } from '../../listen/tls.js';
import type { Service } from '../../service/service.js';
import type { Fields } from '../frames/messages.js';
import { ServerConnection } from '../frames/server-connection.js';
import type { BlockGrants } from '../pull/block-grants.js';
import type { RingGrants } from '../pull/ring-grants.js';
import { GuardedService } from './guarded-service.js';

export interface NetworkServerOptions extends TlsOptions {
  readonly port: number;
  /** That have said their token. */
  readonly connectionsMax: number;
  readonly service: Service;
  /** Absent: rings are not pulled. */
  readonly pulls?: RingGrants;
  /** Absent: blocks are not pulled. */
  readonly blocks?: BlockGrants;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const strangersMax = 64;
const greetingMs = 10_000;
const keepAliveMs = 10_000;

interface Guest {
  readonly connection: ServerConnection;
  principal: Principal | undefined;
  service: GuardedService | undefined;
  timer: Timer | undefined;
}

export class NetworkServer {
  readonly #options: NetworkServerOptions;
  readonly #server: Server;
  /** All that connected, also those that never get through TLS. */
  readonly #sockets = new Set<Socket>();
  readonly #guests = new Set<Guest>();
  readonly #limit: LoginLimit;
  readonly #open: Gauge;
  #unwatch: (() => void) | undefined;
  #port = 0;

  private constructor(options: NetworkServerOptions) {
    this.#options = options;
    this.#limit = new LoginLimit(options.clock);
    const tls = readTls('remote', options);
    const accept = (socket: Socket): void => this.#accept(socket);
    this.#server =
      tls === undefined
        ? createServer(accept)
        : createTlsServer({ ...tls, minVersion: 'TLSv1.2', handshakeTimeout: greetingMs }, accept);
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#open = options.metrics.gauge(
      'remote_connections',
      'Clients of other machines that are connected.',
      [],
      (gauge) => gauge.set(this.#known()),
    );
  }

  /** Throws CONFIG_INVALID_VALUE, PORT_IN_USE, IO_ERROR. */
  static async start(options: NetworkServerOptions): Promise<NetworkServer> {
    const server = new NetworkServer(options);
    const { host, port, logger, identity } = options;
    server.#port = await listen(server.#server, 'remote clients', host, port);
    server.#server.on('error', (error) => logger.error({ error }, 'remote clients listener'));
    server.#unwatch = identity.watchRevocations((name) => server.#endOf(name));
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** Ends all connections and what was asked on them. Twice is allowed. */
  async stop(): Promise<void> {
    this.#unwatch?.();
    const closed = closeServer(this.#server);
    for (const { connection } of this.#guests) connection.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    this.#open.set(0);
  }

  #known(): number {
    let count = 0;
    for (const { principal } of this.#guests) if (principal !== undefined) count += 1;
    return count;
  }

  #accept(socket: Socket): void {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    if (this.#guests.size - this.#known() >= strangersMax) {
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    const address = socket.remoteAddress ?? '';
    const guest: Guest = {
      connection: new ServerConnection({
        socket,
        admit: (hello) => this.#admit(guest, address, hello),
        onClose: () => {
          guest.timer?.cancel();
          guest.service?.close();
          this.#guests.delete(guest);
        },
      }),
      principal: undefined,
      service: undefined,
      timer: this.#options.clock.setTimer(greetingMs, () => guest.connection.close()),
    };
    this.#guests.add(guest);
  }

  #admit(guest: Guest, address: string, { token }: Fields): Service {
    const { identity, connectionsMax, service, pulls, blocks } = this.#options;
    if (!this.#limit.allows(address))
      throw new NdtsError('RATE_LIMITED', `too many wrong tokens from ${address}: wait a minute`);
    const principal = typeof token === 'string' ? identity.authenticate(token) : undefined;
    if (principal === undefined) {
      this.#limit.fail(address);
      throw new NdtsError('UNAUTHENTICATED', 'no token, or one that this node does not know');
    }
    this.#limit.succeed(address);
    if (this.#known() >= connectionsMax)
      throw new NdtsError('UNAVAILABLE', `all ${connectionsMax} connections are taken`);
    guest.timer?.cancel();
    guest.principal = principal;
    guest.service = new GuardedService(service, principal, pulls, blocks);
    return guest.service;
  }

  #endOf(user: string): void {
    const error = new NdtsError('UNAUTHENTICATED', `the token of ${user} was revoked`);
    for (const { connection, principal, service } of this.#guests) {
      if (principal?.name !== user) continue;
      service?.close(); // at once: the connection may take its time
      connection.refuse(error);
    }
  }
}
