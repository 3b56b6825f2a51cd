// The listeners of line protocol of a node, as its configuration says: over TCP, over HTTP, both or
// none. Both write through one writer. docs/protocol/line.md is the contract.

import type { Database } from '@ndts/native/db';
import type { Clock, ConfigValues } from '@ndts/protocol';
import type { Identity, Logger, Metrics, SecureRandom } from '@ndts/runtime';
import type { SymbolRegistry } from '../table/symbol-registry.js';
import { LineHttp } from './line-http.js';
import { listen } from '../listen/listen.js';
import { readTls } from '../listen/tls.js';
import { LineMetrics } from './line-metrics.js';
import type { LineSink } from './line-sink.js';
import { LineTcp } from './line-tcp.js';
import { LineWriter } from './line-writer.js';

export interface LineServerOptions {
  readonly config: Pick<ConfigValues, 'line' | 'storage'>;
  readonly database: Database;
  readonly symbols: SymbolRegistry;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly secureRandom: SecureRandom;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Takes market data; undefined: it goes into its tables like all rows. */
  readonly sink?: LineSink;
  /** Port 0 is any free one and not off: for tests. */
  readonly anyPort?: boolean;
}

/** Undefined: off. */
export interface LineAddresses {
  readonly tcp: string | undefined;
  readonly http: string | undefined;
}

/** Of staging: what may wait for the disk before the next lines are taken. */
const aheadShare = 4;

export class LineServer {
  readonly addresses: LineAddresses;
  readonly #writer: LineWriter;
  readonly #listeners: readonly (LineTcp | LineHttp)[];

  private constructor(
    addresses: LineAddresses,
    writer: LineWriter,
    listeners: readonly (LineTcp | LineHttp)[],
  ) {
    this.addresses = addresses;
    this.#writer = writer;
    this.#listeners = listeners;
  }

  static async start(options: LineServerOptions): Promise<LineServer> {
    const { line } = options.config;
    const tls = readTls('line', line);
    const writer = makeWriter(options);
    const shared = { ...options, ...line, writer, tls, metrics: new LineMetrics(options.metrics) };
    const listeners: (LineTcp | LineHttp)[] = [];
    const open = async (port: number, make: () => LineTcp | LineHttp) => {
      if (port === 0 && options.anyPort !== true) return undefined;
      const listener = make();
      const { host } = line;
      const bound = await listen(listener.server, 'line protocol', host, port);
      listener.server.on('error', (error) => options.logger.error({ error }, 'line listener'));
      listeners.push(listener);
      return `${host.includes(':') ? `[${host}]` : host}:${bound}`;
    };
    try {
      const tcp = await open(line.tcpPort, () => new LineTcp(shared));
      const http = await open(line.httpPort, () => new LineHttp(shared));
      return new LineServer({ tcp, http }, writer, listeners);
    } catch (error) {
      for (const one of listeners) await one.stop();
      await writer.close();
      throw error;
    }
  }

  /** Ends all connections; what was accepted stays. */
  async stop(): Promise<void> {
    for (const one of this.#listeners) await one.stop();
    await this.#writer.close();
  }
}

function makeWriter(options: LineServerOptions): LineWriter {
  const { line, storage } = options.config;
  const seed = Buffer.from(options.secureRandom.bytes(6)).readUIntLE(0, 6);
  return new LineWriter({
    ...options,
    ...line,
    seed,
    sink: options.sink,
    aheadBytesMax: storage.stagingBytes / aheadShare,
  });
}
