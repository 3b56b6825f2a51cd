// The listener of streams: WebSocket on one path, with TLS wherever others than this machine can
// reach it. docs/protocol/subscribe.md is the contract.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { type Clock, type ConfigValues, NdtsError } from '@ndts/protocol';
import type { Identity, Logger, Metrics, Principal } from '@ndts/runtime';
import { closeServer, listen, readTls } from '@ndts/storage';
import { WebSocketServer } from 'ws';
import { admit, refusalStatus } from './access.js';
import { StreamHub } from './hub.js';
import { StreamMetrics } from './metrics.js';
import type { SourceOptions } from './sources.js';

export interface StreamServerOptions extends Omit<SourceOptions, 'config' | 'loop' | 'metrics'> {
  readonly config: Pick<ConfigValues, 'stream' | 'loop' | 'node'>;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Port 0 is any free one and not off: for tests. */
  readonly anyPort?: boolean;
}

const path = '/stream';
const requestBytesMax = 1024 * 1024;
const headersMs = 10_000;
/** Connections that are no clients yet, beside those that are. */
const spareConnections = 64;

export class StreamServer {
  readonly url: string;
  readonly #server: Server;
  readonly #hub: StreamHub;

  private constructor(url: string, server: Server, hub: StreamHub) {
    this.url = url;
    this.#server = server;
    this.#hub = hub;
  }

  /** Undefined: it is off. */
  static async start(options: StreamServerOptions): Promise<StreamServer | undefined> {
    const { stream, loop } = options.config;
    if (stream.port === 0 && options.anyPort !== true) return undefined;
    const tls = readTls('stream', stream);
    const metrics = new StreamMetrics(options.metrics);
    const hub = new StreamHub({ ...options, config: stream, loop, metrics });
    const times = { headersTimeout: headersMs, requestTimeout: headersMs };
    const server = tls === undefined ? createServer(times) : createTlsServer({ ...times, ...tls });
    server.maxConnections = stream.clientsMax + spareConnections;
    new Door(options, metrics, hub).stand(server);
    try {
      const port = await listen(server, 'streams', stream.host, stream.port);
      const host = stream.host.includes(':') ? `[${stream.host}]` : stream.host;
      const url = `${tls === undefined ? 'ws' : 'wss'}://${host}:${port}${path}`;
      return new StreamServer(url, server, hub);
    } catch (error) {
      await hub.stop();
      throw error;
    }
  }

  /** Ends all connections. */
  async stop(): Promise<void> {
    const closed = closeServer(this.#server);
    await this.#hub.stop();
    this.#server.closeAllConnections();
    await closed;
  }
}

/** Lets clients in, or says why not. */
class Door {
  readonly #options: StreamServerOptions;
  readonly #metrics: StreamMetrics;
  readonly #hub: StreamHub;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: requestBytesMax,
    perMessageDeflate: false,
  });

  constructor(options: StreamServerOptions, metrics: StreamMetrics, hub: StreamHub) {
    this.#options = options;
    this.#metrics = metrics;
    this.#hub = hub;
  }

  stand(server: Server): void {
    server.on('request', (_request, response) => {
      response.writeHead(426, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ code: 'INVALID_ARGUMENT', message: 'expected a WebSocket' }));
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy());
      try {
        const principal = this.#admit(request);
        this.#sockets.handleUpgrade(request, socket, head, (client) =>
          this.#hub.add(client, principal),
        );
      } catch (error) {
        this.#refuse(socket, error);
      }
    });
    server.on('error', (error) => this.#options.logger.error({ error }, 'stream listener'));
  }

  #admit(request: IncomingMessage): Principal {
    const { config, identity } = this.#options;
    const { headers } = request;
    const url = URL.canParse(request.url ?? '', 'http://localhost')
      ? new URL(request.url ?? '', 'http://localhost')
      : undefined;
    if (url?.pathname !== path) throw new NdtsError('NOT_FOUND', `there is only ${path}`);
    const asked = {
      host: headers.host,
      origin: headers.origin,
      authorization: headers.authorization,
      ticket: url.searchParams.get('ticket') ?? undefined,
      localAddress: request.socket.localAddress,
    };
    const own = [config.stream.host, config.node.host];
    const principal = admit(asked, { identity, own, origins: config.stream.origins });
    if (this.#hub.full)
      throw new NdtsError('UNAVAILABLE', `more than ${config.stream.clientsMax} clients`);
    return principal;
  }

  #refuse(socket: Duplex, error: unknown): void {
    const code = error instanceof NdtsError ? error.code : 'INTERNAL';
    const message = error instanceof NdtsError ? error.message : 'see the log of the node';
    this.#metrics.refused.inc({ code });
    const status = refusalStatus[code] ?? 500;
    const body = JSON.stringify({ code, message });
    const head = [
      `HTTP/1.1 ${status} ${code}`,
      'Connection: close',
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  }
}
