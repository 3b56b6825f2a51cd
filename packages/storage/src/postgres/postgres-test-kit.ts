// A server over a database with rows of every kind, and a token to log in with.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createSilentLogger,
  Identity,
  Metrics,
  SystemClock,
  systemSecureRandom,
} from '@ndts/runtime';
import { DealDatabase } from '../sql/sql-test-kit.js';
import { type QueryOptions, type QueryResult, Sql } from '../sql/query.js';
import { PostgresServer, type PostgresServerOptions } from './server.js';
import { WireClient } from './wire-test-client.js';

/** Knows how many of its results are not closed yet. */
class CountingSql extends Sql {
  open = 0;

  override async query(text: string, options?: QueryOptions): Promise<QueryResult> {
    const result = await super.query(text, options);
    const close = result.close.bind(result);
    let isOpen = true;
    this.open += 1;
    result.close = () => {
      if (isOpen) this.open -= 1;
      isOpen = false;
      return close();
    };
    return result;
  }
}

interface Cleanup {
  after(action: () => Promise<void> | void): void;
}

export class TestServer {
  readonly data: DealDatabase;
  readonly sql: CountingSql;
  readonly identity: Identity;
  readonly metrics = new Metrics();
  readonly server: PostgresServer;
  readonly token: string;
  readonly user = 'reader';
  #started: PostgresServer | undefined;
  port = 0;

  private constructor(test: Cleanup, seed: number, options: Partial<PostgresServerOptions>) {
    const dir = mkdtempSync(join(tmpdir(), 'ndts-postgres-'));
    const clock = new SystemClock();
    const logger = createSilentLogger();
    this.identity = Identity.open({ dir: join(dir, 'identity'), clock, logger });
    this.token = this.identity.createToken(this.user, 'viewer');
    const closing: (() => void)[] = [];
    test.after(async () => {
      await this.#started?.close();
      for (const close of closing) close();
      rmSync(dir, { recursive: true, force: true });
    });
    this.data = new DealDatabase({ after: (action) => closing.push(action) }, seed);
    this.sql = new CountingSql({ database: this.data.database, clock });
    this.server = new PostgresServer({
      sql: this.sql,
      tables: () => this.data.database.tables(),
      identity: this.identity,
      clock,
      logger,
      metrics: this.metrics,
      secureRandom: systemSecureRandom,
      version: '0.0.0',
      host: '127.0.0.1',
      port: 0,
      connectionsMax: 20,
      statementTimeoutMs: 30_000,
      tlsCert: '',
      tlsKey: '',
      allowPlain: false,
      ...options,
    });
  }

  static async start(
    test: Cleanup,
    seed: number,
    options: Partial<PostgresServerOptions> = {},
  ): Promise<TestServer> {
    const made = new TestServer(test, seed, options);
    await made.server.start();
    made.#started = made.server;
    made.port = made.server.address().port;
    return made;
  }

  login(): Promise<WireClient> {
    return WireClient.login(this.port, this.user, this.token);
  }
}
