// NDTSClient: one way to use ndtsdb from a program, whoever has the folder open.
//
//   await using client = new NDTSClient({ mode: 'standalone', dataDir: 'data' });
//   ... = new NDTSClient({ mode: 'distributed', nodes: ['data-1:9200'], token });
//   for await (const batch of client.replayTicks(['AAPL'])) use(batch.price);
//
// Always: opened when it is first needed; every failure is an NdtsError with its code; close() lets
// go of everything. docs/client.md is its manual.

import {
  type AggregateResult,
  type LocateResult,
  TableBatch,
  type TableInfo,
} from '@ndts/native/db';
import {
  type Clock,
  type ConfigValues,
  NdtsError,
  type TableSchema,
  type Time,
  timeFromMs,
} from '@ndts/protocol';
import {
  loadConfig,
  type Metrics,
  SeededRandom,
  SystemClock,
  systemSecureRandom,
} from '@ndts/runtime';
import type { RemoteTls } from '../remote/network/network-connection.js';
import { type NodeAddress, parseNodeAddress } from '../remote/network/node-address.js';
import { BlockMemory } from '../remote/pull/block-reader.js';
import type { ReplayBooksOptions } from '../replay/replay-books.js';
import type { ArchivedRead } from '../retention/archived-days.js';
import type { ReplaySnapshotsOptions } from '../replay/replay-snapshots.js';
import type { ReplayTicksOptions } from '../replay/replay-ticks.js';
import type { TickColumn } from '../replay/tick-columns.js';
import { rowsOf } from '../service/rows.js';
import type {
  Acknowledgement,
  AggregateAsked,
  CallName,
  Calls,
  Service,
  ShardInfo,
  TimesAsked,
} from '../service/service.js';
import type { ParameterValue, Parameters, SingleValue } from '../sql/parameters.js';
import { type QueryResult, queryResult, type SqlLimitsOptions } from '../sql/query.js';
import type { ConsumerInfo } from '../stream/consumers.js';
import { type SubscribeOptions, Subscription } from '../stream/subscription.js';
import {
  ClientBooks,
  ClientSnapshots,
  ClientTicks,
  openBookReplay,
  openSnapshotReplay,
  openTickReplay,
} from './client-replay.js';
import { type InsertRow, namesIn, tableBatch } from './insert-rows.js';
import {
  type ClientRole,
  type OpenedService,
  openNodeService,
  openService,
} from './open-service.js';
import { RowBatch } from './row-batch.js';
import { SymbolRows } from './row-loads.js';

export interface ClientOptions {
  /** standalone: one data folder of this machine. distributed: what a node of another machine, or
   * of this one, has open. */
  readonly mode: 'standalone' | 'distributed';
  /** Of distributed: `host:port` of where nodes serve; the first that answers is asked. */
  readonly nodes?: readonly string[];
  /** Of distributed: with which the nodes know this client. */
  readonly token?: string;
  /** Of distributed: speaks TLS; `ca`: certificates (PEM) of who may have signed the node's. */
  readonly tls?: RemoteTls;
  /** Default: what the configuration says. */
  readonly dataDir?: string;
  /** Configuration, by the keys of docs/config.md: `{ 'storage.stagingBytes': 1 << 26 }`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** A configuration file, YAML or TOML. */
  readonly config?: string;
  /** The configuration itself, where it was read already: instead of the three above. */
  readonly values?: ConfigValues;
  readonly role?: ClientRole;
  /** How long to wait for who has the folder open, or for a node, to serve; default 10 s. */
  readonly openTimeoutMs?: number;
  readonly clock?: Clock;
  /** Of distributed: memory for blocks of history that were read before; default: the
   * configuration's (remote.blockCacheMb), or 256. 0: none are kept. */
  readonly blockCacheMb?: number;
  /** Of distributed: where hits of that memory, and how blocks came, are counted. */
  readonly metrics?: Metrics;
}

export interface LoadOptions extends TimesAsked {
  /** Default: ticks. */
  readonly table?: string;
  readonly columns?: readonly string[];
  /** Rows, at most. */
  readonly limit?: number;
  /** Rows of a batch; default 16,384. */
  readonly batch?: number;
  readonly signal?: AbortSignal;
}

export interface ClientQueryOptions extends SqlLimitsOptions {
  /** Days that are only in the archive are left out; default: the query is refused. */
  readonly archived?: ArchivedRead;
  readonly parameters?: Parameters;
  readonly signal?: AbortSignal;
}

export interface Inserted {
  readonly rows: number;
  /** Of the log: durable once the log is, up to here. */
  readonly position: number;
  /** By row. */
  readonly shard: Uint32Array;
  readonly epoch: Uint32Array;
  readonly sequence: Float64Array;
}

const defaults = {
  openTimeoutMs: 10_000,
  loadRows: 16_384,
  table: 'tick',
  blockCacheMb: 256,
} as const;

const noLoop = { spinMs: 0, sleepMs: 1 } as const;

export class NDTSClient {
  readonly #options: ClientOptions;
  readonly #values: ConfigValues | undefined;
  readonly #nodes: readonly NodeAddress[];
  readonly #clock: Clock;
  readonly #blocks: BlockMemory;
  #opening: Promise<OpenedService> | undefined;
  #closed = false;
  readonly #subscriptions = new Set<Subscription>();
  /** Ids never change: what was once asked for is known. */
  readonly #ids = new Map<string, number>();

  /** Throws INVALID_ARGUMENT for distributed without nodes or token, and what a wrong configuration
   * throws. */
  constructor(options: ClientOptions) {
    this.#options = options;
    this.#nodes = (options.nodes ?? []).map(parseNodeAddress);
    if (options.mode !== 'standalone' && options.mode !== 'distributed')
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `mode: expected standalone or distributed, found ${String(options.mode)}`,
      );
    if (options.mode === 'distributed') {
      if (this.#nodes.length === 0 || options.token === undefined)
        throw new NdtsError('INVALID_ARGUMENT', 'mode distributed needs nodes and a token');
    } else this.#values = options.values ?? readConfig(options);
    this.#blocks = new BlockMemory(
      options.blockCacheMb ?? options.values?.remote.blockCacheMb ?? defaults.blockCacheMb,
      options.metrics,
    );
    this.#clock = options.clock ?? new SystemClock();
  }

  /** Whether this process opened the folder or is connected to the one that did; opens. */
  async role(): Promise<'open' | 'connect'> {
    await this.#reach();
    return (await this.#opening)?.role ?? 'connect';
  }

  /** Rows of a symbol in the order of time: `for await`, or `.all()`. */
  loadSymbol(symbol: string, options: LoadOptions = {}): SymbolRows {
    const { table = defaults.table, from, to, columns, signal, archived } = options;
    const { limit = Number.POSITIVE_INFINITY } = options;
    if (!(limit >= 0))
      throw new NdtsError('INVALID_ARGUMENT', `limit: expected 0 or more, found ${limit}`);
    const opening = this.#reach().then((service) =>
      service.open('load', {
        table,
        symbol,
        batch: options.batch ?? defaults.loadRows,
        ...timesOf(from, to),
        ...(archived === undefined ? {} : { archived }),
        ...(columns === undefined ? {} : { columns }),
      }),
    );
    return new SymbolRows(opening, limit, signal);
  }

  /** docs/replay.md. Without symbols: of all. */
  replayTicks<C extends TickColumn = TickColumn>(
    symbols?: readonly string[],
    options: ReplayTicksOptions<C> = {},
  ): ClientTicks<C> {
    const timed = { clock: this.#clock, ...options };
    return new ClientTicks<C>(openTickReplay(() => this.#reach(), symbols, timed));
  }

  /** As replayTicks, of books of five levels. NOT_FOUND where none were ever stored. */
  replayBooks(symbols?: readonly string[], options: ReplayBooksOptions = {}): ClientBooks {
    return new ClientBooks(openBookReplay(() => this.#reach(), symbols, options));
  }

  /** docs/replay.md. */
  replaySnapshots<C extends TickColumn = TickColumn>(
    symbols: readonly string[] | undefined,
    options: ReplaySnapshotsOptions<C>,
  ): ClientSnapshots<C> {
    return new ClientSnapshots<C>(openSnapshotReplay(() => this.#reach(), symbols, options));
  }

  /** docs/sql.md. */
  async query(sql: string, options: ClientQueryOptions = {}): Promise<QueryResult> {
    const { parameters = [], signal, ...limits } = options;
    const service = await this.#reach();
    const asked = { ...limits, text: sql, parameters: plainParameters(parameters) };
    const stream = await service.open('query', asked, signal);
    const { columns, watermark } = stream.head;
    const next = () => stream.next();
    return queryResult({ columns, watermark, next, close: () => stream.close() });
  }

  /** docs/scan.md; tables and symbols by name. */
  aggregate(query: AggregateAsked): Promise<AggregateResult> {
    return this.#call('aggregate', query);
  }

  /** The latest row of each symbol that has any; without symbols: of all. */
  async latest(
    symbols?: readonly string[],
    options: { readonly table?: string } = {},
  ): Promise<RowBatch> {
    const { table = defaults.table } = options;
    const asked = { table, ...(symbols === undefined ? {} : { symbols }) };
    return new RowBatch(await this.#call('latest', asked));
  }

  /** The ids of these names; new ones are registered, durably. */
  registerSymbol(name: string): Promise<number>;
  registerSymbol(names: readonly string[]): Promise<number[]>;
  async registerSymbol(names: string | readonly string[]): Promise<number | number[]> {
    const all = typeof names === 'string' ? [names] : names;
    const entries = await this.#call('register', { names: all });
    const ids = entries.map((entry) => entry.id);
    return typeof names === 'string' ? (ids[0] ?? 0) : ids;
  }

  /** Every symbol: id, shard and name, by id. */
  symbols(): Promise<Calls['symbols']['answer']> {
    return this.#call('symbols', {});
  }

  /** Ticks first. */
  tables(): Promise<readonly TableInfo[]> {
    return this.#call('tables', {});
  }

  /** The same schema again is the same table. Returns its id. */
  createTable(schema: TableSchema): Promise<number> {
    return this.#call('createTable', { schema });
  }

  /** Accepts rows, all of them or none, as objects or as a batch (which then gets shard, epoch and
   * sequence of each row). Resolves when they are as acknowledged: accepted (the default; they
   * survive the end of every process) or durable (the end of the machine). */
  async insert(
    table: string,
    rows: readonly InsertRow[] | TableBatch,
    options: { readonly acknowledge?: Acknowledgement } = {},
  ): Promise<Inserted> {
    const batch = rows instanceof TableBatch ? rows : await this.#batch(table, rows);
    const acknowledge = options.acknowledge ?? 'accepted';
    const { count, day, nsOfDay, symbol, columns, heap } = rowsOf(batch);
    const sent = { count, day, nsOfDay, symbol, columns, ...(heap === undefined ? {} : { heap }) };
    const asked = { table, rows: sent, acknowledge };
    const { position, shard, epoch, sequence } = await this.#call('append', asked);
    batch.shard.set(shard);
    batch.epoch.set(epoch);
    batch.sequence.set(sequence);
    return { rows: batch.count, position, shard, epoch, sequence };
  }

  getShards(): Promise<readonly ShardInfo[]> {
    return this.#call('shards', {});
  }

  /** Where the rows of a symbol lie. docs/formats/segment.md says how to read what it names. */
  locate(
    symbol: string,
    from?: Time,
    to?: Time,
    options: { readonly table?: string; readonly archived?: ArchivedRead } = {},
  ): Promise<LocateResult> {
    const { table = defaults.table, ...rest } = options;
    return this.#call('locate', { table, symbol, ...timesOf(from, to), ...rest });
  }

  /** Rows as they come: every one, delayed, or from a time on; without symbols: of all. Within a
   * shard in the order of their sequences, without gap, however slow the reader is and whoever has
   * the folder open meanwhile. */
  subscribe(symbols?: readonly string[], options: SubscribeOptions = {}): Subscription {
    const { loop = noLoop } = this.#values ?? {};
    const sources = { reach: () => this.#reach(), clock: this.#clock, loop };
    const subscription = new Subscription(sources, symbols, options, (one) =>
      this.#subscriptions.delete(one),
    );
    this.#subscriptions.add(subscription);
    return subscription;
  }

  /** The names under which positions are kept, and where they stand. */
  consumers(): Promise<readonly ConsumerInfo[]> {
    return this.#call('consumers', {});
  }

  /** Forgets a position; whoever reads under the name is ended. false: there was none. */
  removeConsumer(name: string): Promise<boolean> {
    return this.#call('removeConsumer', { name });
  }

  /** Ends what is under way. Who opened the folder closes it, durably. Twice is allowed. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#subscriptions].map((one) => one.close()));
    const opened = await this.#opening?.catch(() => undefined);
    await opened?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #call<N extends CallName>(name: N, asked: Calls[N]['asked']): Promise<Calls[N]['answer']> {
    return (await this.#reach()).call(name, asked);
  }

  /** The service, opened where it is not, and again where who had the folder open is gone. */
  async #reach(): Promise<Service> {
    for (;;) {
      if (this.#closed) throw new NdtsError('CLOSED', 'the client was closed');
      this.#opening ??= this.#open();
      const opening = this.#opening;
      try {
        const opened = await opening;
        if (!opened.closed) return opened.service;
        await opened.close();
      } catch (error) {
        if (this.#opening === opening) this.#opening = undefined;
        throw error;
      }
      if (this.#opening === opening) this.#opening = undefined;
    }
  }

  #open(): Promise<OpenedService> {
    this.#ids.clear();
    const { token = '', tls, openTimeoutMs: timeoutMs = defaults.openTimeoutMs } = this.#options;
    if (this.#values === undefined) {
      const withTls = tls === undefined ? {} : { tls };
      return openNodeService({
        nodes: this.#nodes,
        clock: this.#clock,
        token,
        timeoutMs,
        blocks: this.#blocks,
        ...withTls,
      });
    }
    return openService({
      values: this.#values,
      clock: this.#clock,
      random: new SeededRandom(Buffer.from(systemSecureRandom.bytes(4)).readUInt32LE()),
      userId: process.getuid?.() ?? 0, // ambient: whose folder it is
      role: this.#options.role ?? 'auto',
      timeoutMs,
    });
  }

  async #batch(table: string, rows: readonly InsertRow[]): Promise<TableBatch> {
    const schema = (await this.tables()).find((one) => one.name === table);
    if (schema === undefined) throw new NdtsError('NOT_FOUND', `there is no table ${table}`);
    const names = [...namesIn(schema, rows)].filter((name) => !this.#ids.has(name));
    if (names.length > 0)
      for (const { name, id } of await this.#call('register', { names })) this.#ids.set(name, id);
    return tableBatch(schema, rows, this.#ids);
  }
}

function readConfig(options: ClientOptions): ConfigValues {
  const args = Object.fromEntries(
    Object.entries(options.settings ?? {}).map(([key, value]) => [key, String(value)]),
  );
  if (options.dataDir !== undefined) args['dataDir'] = options.dataDir;
  return loadConfig({
    args,
    environment: process.env, // ambient: configuration enters here
    ...(options.config === undefined ? {} : { file: options.config }),
  });
}

function timesOf(from: Time | undefined, to: Time | undefined): TimesAsked {
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

/** Dates as times: the rest goes as it is. */
function plainParameters(parameters: Parameters): Parameters {
  const single = (value: SingleValue): SingleValue =>
    value instanceof Date ? timeFromMs(value.getTime()) : value;
  const plain = (value: ParameterValue): ParameterValue =>
    Array.isArray(value) ? value.map(single) : single(value as SingleValue);
  if (Array.isArray(parameters)) return parameters.map(plain);
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, plain(value as ParameterValue)]),
  );
}
