// The listener of streams: WebSocket on one path, with TLS wherever others than this machine can
// reach it. docs/protocol/subscribe.md is the contract.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, type ConfigValues, NdtsError, nsPerSecond } from '@ndts/protocol';
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
/** How often it is looked for who is later than that. */
const lateCheckMs = 1000;
/** Connections that are no clients yet, beside as many as there may be clients. */
const spareConnections = 64;
/** Who does not say within this what it wants goes first where there are too many. */
const patienceNs = nsPerSecond;

export class StreamServer {
  readonly url: string;
  readonly #server: Server;
  readonly #hub: StreamHub;
  readonly #door: Door;

  private constructor(url: string, server: Server, hub: StreamHub, door: Door) {
    this.url = url;
    this.#server = server;
    this.#hub = hub;
    this.#door = door;
  }

  /** Undefined: it is off. */
  static async start(options: StreamServerOptions): Promise<StreamServer | undefined> {
    const { stream, loop } = options.config;
    if (stream.port === 0 && options.anyPort !== true) return undefined;
    const tls = readTls('stream', stream);
    const metrics = new StreamMetrics(options.metrics);
    const hub = new StreamHub({ ...options, config: stream, loop, metrics });
    const times = {
      headersTimeout: headersMs,
      requestTimeout: headersMs,
      connectionsCheckingInterval: lateCheckMs,
    };
    const server =
      tls === undefined
        ? createServer(times)
        : createTlsServer({ ...times, ...tls, handshakeTimeout: headersMs });
    const door = new Door(options, metrics, hub);
    door.stand(server);
    try {
      const port = await listen(server, 'streams', stream.host, stream.port);
      const host = stream.host.includes(':') ? `[${stream.host}]` : stream.host;
      const url = `${tls === undefined ? 'ws' : 'wss'}://${host}:${port}${path}`;
      return new StreamServer(url, server, hub, door);
    } catch (error) {
      await hub.stop();
      throw error;
    }
  }

  /** How many there are, of clients and of strangers. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  /** Ends all connections. */
  async stop(): Promise<void> {
    const closed = closeServer(this.#server);
    await this.#hub.stop();
    this.#server.closeAllConnections();
    this.#door.leave();
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
  /** Connections that are no clients yet, and since when; oldest first. */
  readonly #strangers = new Map<string, { readonly socket: Socket; readonly sinceNs: number }>();

  constructor(options: StreamServerOptions, metrics: StreamMetrics, hub: StreamHub) {
    this.#options = options;
    this.#metrics = metrics;
    this.#hub = hub;
  }

  stand(server: Server): void {
    server.on('connection', (socket: Socket) => this.#note(socket));
    server.on('request', (_request, response) => {
      response.writeHead(426, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ code: 'INVALID_ARGUMENT', message: 'expected a WebSocket' }));
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy());
      this.#strangers.delete(addressOf(request.socket));
      try {
        const principal = this.#admit(request);
        this.#sockets.handleUpgrade(request, socket, head, (client) =>
          this.#hub.add(client, socket, principal),
        );
      } catch (error) {
        this.#refuse(socket, error);
      }
    });
    server.on('error', (error) => this.#options.logger.error({ error }, 'stream listener'));
  }

  /** Ends those that are no clients yet. */
  leave(): void {
    for (const { socket } of this.#strangers.values()) socket.destroy();
  }

  /** Who connects and says nothing keeps nobody out. */
  #note(socket: Socket): void {
    const { clock, config } = this.#options;
    const address = addressOf(socket);
    const sinceNs = clock.monotonicNs();
    const [oldest] = this.#strangers.values();
    const most = config.stream.clientsMax + spareConnections;
    if (oldest !== undefined && this.#strangers.size >= most) {
      const goes = sinceNs - oldest.sinceNs > patienceNs ? oldest.socket : socket;
      this.#metrics.refused.inc({ code: 'RATE_LIMITED' });
      goes.destroy();
      if (goes === socket) return;
      this.#strangers.delete(addressOf(goes));
    }
    this.#strangers.set(address, { socket, sinceNs });
    socket.once('close', () => {
      if (this.#strangers.get(address)?.socket === socket) this.#strangers.delete(address);
    });
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
    // Who was refused is not waited for.
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
  }
}

/** Also of a socket that TLS was put around. */
function addressOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
