// Line protocol over HTTP: POST /write and /api/v2/write, and what clients ask before they write.
// A body is taken as it comes. Always: an answer of 204 means that every row was accepted, or is
// durable where that is asked for, but for ticks that its headers say a rule refused; any other
// answer to a write says how many rows were stored, and what was refused.

import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders as OutgoingHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { LineRefusal } from '@ndts/native/line';
import { errorLine, NdtsError } from '@ndts/protocol';
import type { Identity, Logger, Principal } from '@ndts/runtime';
import { mayWrite, principalOf } from './line-access.js';
import { closeServer } from '../listen/listen.js';
import type { ListenTls } from '../listen/tls.js';
import type { LineMetrics } from './line-metrics.js';
import { refusalText } from './line-refusal.js';
import type { LineInput, LineWriter } from './line-writer.js';

export interface LineHttpOptions {
  readonly writer: LineWriter;
  readonly identity: Identity;
  readonly logger: Logger;
  readonly metrics: LineMetrics;
  readonly tls: ListenTls | undefined;
  readonly ack: 'accepted' | 'durable';
  readonly bodyBytesMax: number;
  readonly connectionsMax: number;
  readonly requestsMax: number;
  readonly idleMs: number;
}

const headersMs = 10_000;
const nameBytesMax = 127;

/** Nanoseconds of a unit, as clients of either kind name them. */
const units: ReadonlyMap<string, number> = new Map([
  ['ns', 1],
  ['n', 1],
  ['us', 1e3],
  ['u', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
  ['m', 60e9],
  ['h', 3600e9],
]);

const settings = {
  config: {
    'line.proto.support.versions': [1],
    'line.proto.default.version': 1,
    'cairo.max.file.name.length': nameBytesMax,
  },
};

const health = { name: 'ndts', status: 'pass', message: 'ready for writes', checks: [] };

/** What is said instead of 204. */
interface Answer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly line?: number;
  readonly reason?: string;
}

export class LineHttp {
  readonly server: Server;
  readonly #options: LineHttpOptions;
  readonly #running = new Set<Promise<void>>();
  /** Requests whose body is being taken. */
  #writing = 0;

  constructor(options: LineHttpOptions) {
    this.#options = options;
    const { tls, connectionsMax, idleMs, metrics } = options;
    const times = { headersTimeout: headersMs, requestTimeout: idleMs, keepAliveTimeout: idleMs };
    const answer = (request: IncomingMessage, response: ServerResponse): void =>
      this.#answer(request, response);
    this.server =
      tls === undefined
        ? createServer(times, answer)
        : createTlsServer({ ...times, ...tls }, answer);
    this.server.maxConnections = connectionsMax;
    let connections = 0;
    this.server.on('connection', (socket) => {
      metrics.connections.set({ listener: 'http' }, ++connections);
      socket.on('close', () => metrics.connections.set({ listener: 'http' }, --connections));
    });
  }

  async stop(): Promise<void> {
    const closed = closeServer(this.server);
    this.server.closeAllConnections();
    await closed;
    await Promise.all(this.#running);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const run = this.#route(request, response)
      .catch((error: unknown) => {
        this.#options.logger.error({ error }, 'line protocol: a request failed');
        response.destroy();
      })
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const { method } = request;
    const isWrite = url.pathname === '/write' || url.pathname === '/api/v2/write';
    if (isWrite && method === 'POST') return this.#write(request, response, url);
    if (isWrite || (method !== 'GET' && method !== 'HEAD'))
      return this.#refuse(request, response, badMethod);
    if (url.pathname === '/ping') response.writeHead(204, { 'X-Influxdb-Version': 'ndts' }).end();
    else if (url.pathname === '/health') sendJson(response, 200, health);
    else if (url.pathname === '/settings') sendJson(response, 200, settings);
    else await this.#refuse(request, response, notFound);
  }

  async #write(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const { identity, metrics, writer } = this.#options;
    const principal = principalOf(identity, request.headers.authorization);
    // Clients that leave it open may say so, with nothing behind the sign.
    const unit = units.get(url.searchParams.get('precision') || 'ns');
    const answer = this.#refusal(request, principal, unit);
    if (answer !== undefined || principal === undefined || unit === undefined) {
      if (answer?.status === 401 || answer?.status === 403)
        metrics.denied.inc({ listener: 'http' });
      return this.#refuse(request, response, answer ?? badPrecision);
    }
    const input = writer.openStream(unit, url.searchParams.get('feed') !== 'off');
    let problem: Answer | undefined;
    this.#writing += 1;
    try {
      problem = await this.#body(request, input);
    } catch (error) {
      problem = this.#failure(error, principal);
    } finally {
      this.#writing -= 1;
      metrics.rows.inc({ listener: 'http' }, input.rows);
      if (input.close() > 0) metrics.unfinished.inc({ listener: 'http' });
    }
    const { refusedBy } = input;
    const refused = sumOf(refusedBy);
    if (problem === undefined) response.writeHead(204, refusalHeaders(refusedBy, refused)).end();
    else await this.#refuse(request, response, problem, input.rows - refused, refusedBy);
  }

  /** The rest of the body is read first: a client that is still sending would miss the answer. */
  async #refuse(
    request: IncomingMessage,
    response: ServerResponse,
    answer: Answer,
    stored = 0,
    refusedBy: ReadonlyMap<string, number> = new Map(),
  ): Promise<void> {
    const isDrained = await drain(request, this.#options.bodyBytesMax);
    if (response.destroyed) return;
    const { status, ...content } = answer;
    if (!isDrained) response.setHeader('Connection', 'close');
    if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer, Basic realm="ndts"');
    if (status === 429 || status === 503) response.setHeader('Retry-After', '1');
    const refused = refusedBy.size === 0 ? {} : { refused: Object.fromEntries(refusedBy) };
    sendJson(response, status, { ...content, stored, ...refused });
  }

  /** What is wrong with a request before its body. */
  #refusal(
    request: IncomingMessage,
    principal: Principal | undefined,
    unit: number | undefined,
  ): Answer | undefined {
    const { bodyBytesMax, requestsMax } = this.#options;
    if (principal === undefined)
      return { status: 401, code: 'unauthorized', message: 'expected a valid token' };
    if (!mayWrite(principal))
      return { status: 403, code: 'forbidden', message: `${principal.role} may not write` };
    if (this.#writing >= requestsMax)
      return { status: 429, code: 'too many requests', message: 'try again' };
    if (unit === undefined) return badPrecision;
    if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax)
      return tooLarge(bodyBytesMax);
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'gzip' && encoding !== 'identity')
      return { status: 415, code: 'invalid', message: `content encoding ${encoding}` };
    return undefined;
  }

  async #body(request: IncomingMessage, input: LineInput): Promise<Answer | undefined> {
    const { ack, bodyBytesMax, metrics } = this.#options;
    let bytes = 0;
    for await (const chunk of kept(unpacked(request))) {
      bytes += chunk.length;
      if (bytes > bodyBytesMax) return tooLarge(bodyBytesMax);
      metrics.bytes.inc({ listener: 'http' }, chunk.length);
      const refusal = await input.write(chunk);
      if (refusal !== undefined) return this.#refused(refusal, input);
    }
    const refusal = await input.end();
    if (refusal !== undefined) return this.#refused(refusal, input);
    await input.settled(ack);
    return undefined;
  }

  /** Once the lines before it are settled. */
  async #refused(refusal: LineRefusal, input: LineInput): Promise<Answer> {
    const { reason } = refusal;
    await input.settled(this.#options.ack);
    this.#options.metrics.refused.inc({ listener: 'http', reason });
    const message = `failed to parse line protocol: ${refusalText(refusal)}`;
    return { status: 400, code: 'invalid', message, line: refusal.line, reason };
  }

  #failure(error: unknown, principal: Principal): Answer {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))
      return { status: 400, code: 'invalid', message: 'the body is not gzip' };
    const reason = errorLine(error);
    const isOurs = error instanceof NdtsError;
    if (isOurs) {
      this.#options.metrics.failures.inc({ listener: 'http' });
      this.#options.logger.error({ token: principal.name, reason }, 'lines not stored');
      return { status: 503, code: 'unavailable', message: reason };
    }
    return { status: 400, code: 'invalid', message: 'the request broke off' };
  }
}

const badMethod: Answer = { status: 405, code: 'method', message: 'GET, or POST to write' };
const notFound: Answer = { status: 404, code: 'not found', message: 'there is no such path' };
const badPrecision: Answer = {
  status: 400,
  code: 'invalid',
  message: 'expected a precision of ns, us, ms, s, m or h',
};

function sumOf(counts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}

/** What became of ticks that were understood and are not stored. */
function refusalHeaders(refusedBy: ReadonlyMap<string, number>, refused: number): OutgoingHeaders {
  if (refused === 0) return {};
  const rules = [...refusedBy].map(([rule, count]) => `${rule}=${count}`);
  return { 'X-Ndts-Refused': String(refused), 'X-Ndts-Refused-By': rules.join(',') };
}

function tooLarge(bytes: number): Answer {
  return { status: 413, code: 'request too large', message: `more than ${bytes} bytes` };
}

function unpacked(request: IncomingMessage): Readable {
  if (request.headers['content-encoding'] !== 'gzip') return request;
  const gunzip = createGunzip();
  request.pipe(gunzip);
  request.once('error', (error) => gunzip.destroy(error));
  return gunzip;
}

/** What comes; leaving the loop before the end does not destroy the stream. */
function kept(stream: Readable): AsyncIterable<Buffer> {
  return stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
}

/** Whether the request is read to its end, which is no more than so many bytes away. */
async function drain(request: IncomingMessage, bytesMax: number): Promise<boolean> {
  request.unpipe();
  let bytes = 0;
  try {
    for await (const chunk of kept(request)) {
      bytes += chunk.length;
      if (bytes > bytesMax) return false;
    }
  } catch {
    return false;
  }
  return true;
}

function sendJson(response: ServerResponse, status: number, content: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(content));
}
