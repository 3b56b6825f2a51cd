// Line protocol over TCP. A connection begins with the proof of a token: the client sends the
// token's name, gets a challenge and sends its signature, each a line. Then come lines, without
// answers: what cannot be taken closes the connection after everything before it was stored.
// Always: a socket is read only as fast as its rows are accepted.

import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { LineRefusal } from '@ndts/native/line';
import { type Clock, errorLine } from '@ndts/protocol';
import {
  type Identity,
  isSignedBy,
  type LineKey,
  type Logger,
  type SecureRandom,
} from '@ndts/runtime';
import { mayWrite } from './line-access.js';
import { closeServer } from '../listen/listen.js';
import type { ListenTls } from '../listen/tls.js';
import type { LineMetrics } from './line-metrics.js';
import { refusalText } from './line-refusal.js';
import type { LineInput, LineWriter } from './line-writer.js';

export interface LineTcpOptions {
  readonly writer: LineWriter;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly secureRandom: SecureRandom;
  readonly logger: Logger;
  readonly metrics: LineMetrics;
  readonly tls: ListenTls | undefined;
  readonly connectionsMax: number;
  readonly idleMs: number;
}

const challengeBytes = 48;
const proofBytesMax = 1024;
const proofMs = 10_000;
const newline = 10;

interface Access {
  readonly name: string;
  readonly key: LineKey;
}

export class LineTcp {
  readonly server: Server;
  readonly #options: LineTcpOptions;
  readonly #sockets = new Set<Socket>();
  readonly #running = new Set<Promise<void>>();

  constructor(options: LineTcpOptions) {
    this.#options = options;
    const { tls } = options;
    const accept = (socket: Socket): void => this.#accept(socket);
    this.server =
      tls === undefined
        ? createServer(accept)
        : createTlsServer({ ...tls, handshakeTimeout: proofMs }, accept);
    this.server.maxConnections = options.connectionsMax;
    // A client that speaks no TLS, or leaves while it does.
    this.server.on('tlsClientError', () => options.metrics.denied.inc({ listener: 'tcp' }));
  }

  /** Ends all connections; what they sent and was read is stored. */
  async stop(): Promise<void> {
    const closed = closeServer(this.server);
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    await Promise.all(this.#running);
  }

  #accept(socket: Socket): void {
    const { idleMs, logger, metrics } = this.#options;
    this.#sockets.add(socket);
    metrics.connections.set({ listener: 'tcp' }, this.#sockets.size);
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.on('error', () => undefined); // the loop over it ends by it
    socket.on('close', () => {
      this.#sockets.delete(socket);
      metrics.connections.set({ listener: 'tcp' }, this.#sockets.size);
    });
    const run = this.#serve(socket)
      .catch((error: unknown) => logger.error({ error }, 'line protocol: a connection failed'))
      .finally(() => {
        socket.destroy();
        this.#running.delete(run);
      });
    this.#running.add(run);
  }

  async #serve(socket: Socket): Promise<void> {
    const { clock, logger, metrics, writer } = this.#options;
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const late = clock.setTimer(proofMs, () => socket.destroy());
    const reader = new ProofReader(chunks);
    const access = await this.#proof(socket, reader).finally(() => late.cancel());
    if (access === undefined) {
      metrics.denied.inc({ listener: 'tcp' });
      logger.warn({ peer }, 'line protocol: no proof of a token that may write');
      return;
    }
    const input = writer.openStream(1);
    try {
      await this.#lines(chunks, reader.rest, input, access, peer);
    } catch (error) {
      if (isDisconnect(error)) return;
      metrics.failures.inc({ listener: 'tcp' });
      logger.error({ peer, token: access.name, reason: errorLine(error) }, 'lines not stored');
    } finally {
      if (input.close() > 0) metrics.unfinished.inc({ listener: 'tcp' });
    }
  }

  async #proof(socket: Socket, reader: ProofReader): Promise<Access | undefined> {
    const { identity, secureRandom } = this.#options;
    try {
      const name = (await reader.line())?.toString('utf8').trim();
      if (name === undefined) return undefined;
      const challenge = Buffer.from(secureRandom.bytes(challengeBytes)).toString('base64');
      // Sent to whoever asks: that there is no such token shows only at the end.
      socket.write(`${challenge}\n`);
      const signature = await reader.line();
      const access = identity.lineAccess(name);
      if (signature === undefined || access === undefined) return undefined;
      const bytes = Buffer.from(signature.toString('ascii').trim(), 'base64');
      const isProven = isSignedBy(access.key, Buffer.from(challenge), bytes);
      return isProven && mayWrite(access.principal) ? { name, key: access.key } : undefined;
    } catch (error) {
      if (isDisconnect(error)) return undefined;
      throw error;
    }
  }

  async #lines(
    chunks: AsyncIterator<Buffer>,
    first: Buffer,
    input: LineInput,
    access: Access,
    peer: string,
  ): Promise<void> {
    const { identity, logger, metrics } = this.#options;
    for (let chunk: Buffer | undefined = first; chunk !== undefined; ) {
      // A token that is revoked ends its connections.
      if (identity.lineAccess(access.name)?.key.x !== access.key.x) return;
      const before = input.rows;
      let refusal: LineRefusal | undefined;
      if (chunk.length > 0) refusal = await input.write(chunk);
      metrics.bytes.inc({ listener: 'tcp' }, chunk.length);
      metrics.rows.inc({ listener: 'tcp' }, input.rows - before);
      if (refusal !== undefined) {
        metrics.refused.inc({ listener: 'tcp', reason: refusal.reason });
        const token = access.name;
        logger.warn({ peer, token, rows: input.rows }, `line refused: ${refusalText(refusal)}`);
        return;
      }
      const next: IteratorResult<Buffer> = await chunks.next();
      chunk = next.done === true ? undefined : next.value;
    }
  }
}

/** The short lines with which a connection begins; what is behind them is kept. */
class ProofReader {
  rest: Buffer = Buffer.alloc(0);
  readonly #chunks: AsyncIterator<Buffer>;

  constructor(chunks: AsyncIterator<Buffer>) {
    this.#chunks = chunks;
  }

  /** Without its newline; undefined when the connection ends first or it is too long. */
  async line(): Promise<Buffer | undefined> {
    for (;;) {
      const end = this.rest.indexOf(newline);
      if (end >= 0) {
        const line = this.rest.subarray(0, end);
        this.rest = this.rest.subarray(end + 1);
        return line;
      }
      if (this.rest.length > proofBytesMax) return undefined;
      const next = await this.#chunks.next();
      if (next.done === true) return undefined;
      this.rest = Buffer.concat([this.rest, next.value]);
    }
  }
}

const disconnects: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
]);

function isDisconnect(error: unknown): boolean {
  return error instanceof Error && 'code' in error && disconnects.has(error.code);
}
