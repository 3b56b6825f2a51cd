// The service over a folder that this process has open: what a client that opened it uses directly,
// and what others reach through the socket.
//
// Always: nothing here waits for the disk on the main thread beyond what appending does: scans,
// replays and queries run on threads of the engine.

import {
  type AggregateQuery,
  type Database,
  TableBatch,
  type TableInfo,
  tickTable,
} from '@ndts/native/db';
import {
  type Clock,
  createTickBatch,
  type KeyValueStore,
  NdtsError,
  type TickBatch,
  tickSchema,
} from '@ndts/protocol';
import { ensureSymbols } from '../folder/local-database.js';
import type { ArchivedDays } from '../retention/archived-days.js';
import type { Parameters } from '../sql/parameters.js';
import { Sql } from '../sql/query.js';
import type { SymbolRegistry } from '../table/symbol-registry.js';
import { list, record, text, texts, times, whole } from './arguments.js';
import { openLoad } from './load.js';
import { openReplay } from './replay.js';
import { type RingPaths, ringsOf } from './ring-paths.js';
import { batchOf, rowsOf } from './rows.js';
import type {
  AppendedRows,
  CallName,
  Calls,
  RawRows,
  Service,
  ServiceStream,
  ShardInfo,
  StreamName,
  StreamOf,
} from './service.js';
import { isReadableName } from '../table/symbol-registry.js';
import { idsOf, symbolEntries } from './symbol-lookup.js';
import { Consumers } from '../stream/consumers.js';
import { openTail } from '../stream/tail.js';

export interface FolderServiceOptions {
  readonly database: Database;
  readonly symbols: SymbolRegistry;
  readonly clock: Clock;
  /** Accepts ticks where more than the database has to know of them (rings); default: appended. */
  readonly appendTicks?: (batch: TickBatch) => number;
  /** Told of rows of other tables once they are appended. */
  readonly appended?: (table: string, rows: TableBatch) => void;
  /** Where positions of consumers are kept; default: there are none. */
  readonly store?: KeyValueStore;
  /** Refuses reads of days that are only in the archive; default: there is none. */
  readonly archived?: ArchivedDays;
  /** What a query may have of memory, at most and by default; default: that of Sql. */
  readonly queryMemoryBytes?: number;
  /** Rings of ticks are those that appendTicks publishes on. */
  readonly rings?: RingPaths;
}

/** Of an answer that is one frame. */
const newestRowsMax = 1 << 17;

type Asked = Readonly<Record<string, unknown>>;
type AnyStream = ServiceStream<unknown, unknown>;

export class FolderService implements Service {
  readonly shardCount: number;
  readonly #database: Database;
  readonly #options: FolderServiceOptions;
  readonly #sql: Sql;
  readonly #streams = new Set<AnyStream>();
  /** A table never changes. */
  readonly #tables = new Map<string, TableInfo>();
  readonly #consumers: Consumers | undefined;
  #closed = false;

  readonly #calls: { readonly [N in CallName]: (asked: Asked) => unknown } = {
    tables: () => this.#database.tables(),
    createTable: (asked) => this.#database.createTable(asked['schema'] as never),
    symbols: (asked) => this.#symbols(asked),
    register: (asked) => this.#register(asked),
    append: (asked) => this.#append(asked),
    aggregate: (asked) => this.#aggregate(asked),
    latest: (asked) => this.#latest(asked),
    newest: (asked) => this.#newest(asked),
    locate: (asked) => this.#locate(asked),
    shards: (asked) => this.#shards(asked),
    rings: (asked) => ringsOf(this.#options.rings ?? {}, asked['table'], asked['shards']),
    pullRings: () => notPulled(),
    renewPulls: () => notPulled(),
    holdBlocks: () => notPulled(),
    blockEnds: () => notPulled(),
    placeBlocks: () => notPulled(),
    readBlocks: () => notPulled(),
    releaseBlocks: () => notPulled(),
    consumers: () => this.#keptConsumers().list(),
    acknowledge: (asked) => this.#keptConsumers().acknowledge(asked),
    removeConsumer: (asked) => this.#keptConsumers().remove(asked),
  };

  constructor(options: FolderServiceOptions) {
    const { database, clock, archived, queryMemoryBytes } = options;
    this.#database = database;
    this.#options = options;
    this.#sql = new Sql({
      database,
      clock,
      ...(archived === undefined ? {} : { archived }),
      ...(queryMemoryBytes === undefined ? {} : { memoryBytes: queryMemoryBytes }),
    });
    this.shardCount = database.shardCount;
    const { store } = options;
    if (store !== undefined) this.#consumers = new Consumers({ database, clock, store });
  }

  async call<N extends CallName>(name: N, asked: Calls[N]['asked']): Promise<Calls[N]['answer']> {
    this.#checkOpen();
    if (!Object.hasOwn(this.#calls, name))
      throw new NdtsError('INVALID_ARGUMENT', `there is no call ${String(name)}`);
    return (await this.#calls[name](record(asked, name))) as Calls[N]['answer'];
  }

  async open<N extends StreamName>(
    name: N,
    asked: unknown,
    signal?: AbortSignal,
  ): Promise<StreamOf<N>> {
    this.#checkOpen();
    const stream = await this.#begin(name, record(asked, name), signal);
    const held: AnyStream = {
      head: stream.head,
      next: async () => {
        const item = await stream.next();
        // What was cut short must not look like its end.
        if (item === undefined) this.#checkOpen();
        return item;
      },
      close: async () => {
        this.#streams.delete(held);
        await stream.close();
      },
    };
    this.#streams.add(held);
    if (this.#closed) await held.close();
    this.#checkOpen();
    return held as StreamOf<N>;
  }

  /** Ends every stream; calls are CLOSED afterwards. The database stays open. Twice is allowed. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#streams].map((stream) => stream.close()));
  }

  #checkOpen(): void {
    if (this.#closed) throw new NdtsError('CLOSED', 'the folder was closed');
  }

  async #begin(
    name: StreamName,
    asked: Asked,
    signal: AbortSignal | undefined,
  ): Promise<AnyStream> {
    const { symbols } = this.#options;
    switch (name) {
      case 'load': {
        const stream = openLoad(this.#database, symbols, this.#table(asked['table']), asked);
        return this.#unlessArchived(asked, stream);
      }
      case 'replay': {
        const table = this.#table(asked['table'] ?? tickSchema.name);
        return this.#unlessArchived(asked, openReplay(this.#database, symbols, table, asked));
      }
      case 'tail':
        return openTail(this.#options, this.#table(asked['table']), asked);
      case 'consumer':
        return this.#keptConsumers().hold(this.#table(asked['table']), asked);
      case 'query':
        return this.#query(asked, signal);
      default:
        throw new NdtsError('INVALID_ARGUMENT', `there is no stream ${String(name)}`);
    }
  }

  /** The stream that was opened before: what leaves the database from then on is in it. */
  async #unlessArchived(asked: Asked, stream: AnyStream): Promise<AnyStream> {
    try {
      await this.#checkArchived(asked);
      return stream;
    } catch (error) {
      await stream.close();
      throw error;
    }
  }

  async #checkArchived(asked: Asked): Promise<void> {
    if (asked['archived'] === 'skip') return;
    const { name } = this.#table(asked['table'] ?? tickSchema.name);
    await this.#options.archived?.check(name, times(asked));
  }

  #keptConsumers(): Consumers {
    if (this.#consumers !== undefined) return this.#consumers;
    throw new NdtsError('INVALID_ARGUMENT', 'positions of consumers are not kept here');
  }

  #table(given: unknown): TableInfo {
    const name = text(given, 'table');
    if (!this.#tables.has(name))
      for (const table of this.#database.tables()) this.#tables.set(table.name, table);
    const found = this.#tables.get(name);
    if (found === undefined) throw new NdtsError('NOT_FOUND', `there is no table ${name}`);
    return found;
  }

  #symbols(asked: Asked): unknown {
    const names = texts(asked['names'], 'names');
    const { symbols } = this.#options;
    return names === undefined ? symbols.all() : symbolEntries(symbols, names);
  }

  #register(asked: Asked): Promise<unknown> {
    const names = list(asked['names'], 'names', text);
    for (const name of names)
      if (!isReadableName(name))
        throw new NdtsError(
          'INVALID_ARGUMENT',
          `a symbol has a name without control characters, not ${JSON.stringify(name)}`,
        );
    return ensureSymbols(this.#options.symbols, this.#database, names);
  }

  async #append(asked: Asked): Promise<AppendedRows> {
    const table = this.#table(asked['table']);
    const acknowledge = text(asked['acknowledge'], 'acknowledge');
    if (acknowledge !== 'accepted' && acknowledge !== 'durable')
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `acknowledge: accepted or durable, not ${acknowledge}`,
      );
    const batch = batchOf(table, asked['rows']);
    const { appendTicks } = this.#options;
    const position =
      table.id === tickTable && appendTicks !== undefined
        ? appendThrough(appendTicks, batch)
        : this.#database.appendRows(table.id, batch);
    if (table.id !== tickTable) this.#options.appended?.(table.name, batch);
    if (acknowledge === 'durable') await this.#database.durable(position);
    const { count } = batch;
    return {
      position,
      shard: batch.shard.slice(0, count),
      epoch: batch.epoch.slice(0, count),
      sequence: batch.sequence.slice(0, count),
    };
  }

  async #aggregate({ archived, ...asked }: Asked): Promise<unknown> {
    const { table, symbols, ...rest } = asked;
    await this.#checkArchived({ ...asked, archived });
    const names = texts(symbols, 'symbols');
    record(rest['aggregates'], 'aggregates');
    return this.#database.aggregate({
      ...(rest as unknown as AggregateQuery),
      ...times(rest),
      ...(table === undefined ? {} : { table: this.#table(table).id }),
      ...(names === undefined ? {} : { symbols: idsOf(this.#options.symbols, names) }),
    });
  }

  #latest(asked: Asked): RawRows {
    const table = this.#table(asked['table']);
    const names = texts(asked['symbols'], 'symbols');
    const ids =
      names === undefined
        ? Uint32Array.from(this.#database.symbols(), (entry) => entry.id)
        : idsOf(this.#options.symbols, names);
    const batch = new TableBatch(table, Math.max(1, ids.length));
    this.#database.latest(table.id, ids, batch);
    return rowsOf(batch);
  }

  #newest(asked: Asked): RawRows {
    const table = this.#table(asked['table']);
    const [id = 0] = idsOf(this.#options.symbols, [text(asked['symbol'], 'symbol')]);
    const batch = new TableBatch(table, whole(asked['count'], 'count', 1, newestRowsMax));
    this.#database.lastRows(table.id, id, batch);
    return rowsOf(batch);
  }

  async #locate(asked: Asked): Promise<unknown> {
    await this.#checkArchived(asked);
    const table = this.#table(asked['table']);
    const [id = 0] = idsOf(this.#options.symbols, [text(asked['symbol'], 'symbol')]);
    const { from, to } = times(asked);
    return this.#database.locate(table.id, id, from, to);
  }

  #shards(asked: Asked): ShardInfo[] {
    const marks = new Float64Array(4 * this.shardCount);
    const { id } = this.#table(asked['table'] ?? tickSchema.name);
    this.#database.watermarks(marks, id);
    return Array.from({ length: this.shardCount }, (_, shard): ShardInfo => {
      const at = (place: number): number => marks[4 * shard + place] ?? 0;
      return {
        shard,
        node: 'local',
        epoch: this.#database.epoch(shard),
        accepted: at(0),
        durable: at(1),
        replicated: at(2),
        sealed: at(3),
      };
    });
  }

  #checkMemory(bytes: number): void {
    const most = this.#options.queryMemoryBytes;
    if (most === undefined || bytes <= most) return;
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `memoryBytes: ${bytes} asked, a query has at most ${most} here (sql.memoryBytes of the ` +
        'process that has the folder open)',
    );
  }

  async #query(asked: Asked, signal: AbortSignal | undefined): Promise<AnyStream> {
    const limits = ['timeoutMs', 'memoryBytes', 'threads', 'batchRows']
      .filter((name) => asked[name] !== undefined)
      .map((name) => [name, whole(asked[name], name, 0, Number.MAX_SAFE_INTEGER)]);
    this.#checkMemory(Number(asked['memoryBytes'] ?? 0));
    const query = await this.#sql.begin(text(asked['text'], 'text'), {
      ...(Object.fromEntries(limits) as Record<string, number>),
      parameters: parametersOf(asked['parameters']),
      ...(asked['archived'] === 'skip' ? { archived: 'skip' } : {}),
      ...(signal === undefined ? {} : { signal }),
    });
    const { columns, watermark } = query;
    return {
      head: { columns, watermark },
      next: () => query.next(),
      close: () => query.close(),
    };
  }
}

function parametersOf(given: unknown): Parameters {
  if (given === undefined) return [];
  return (Array.isArray(given) ? given : record(given, 'parameters')) as Parameters;
}

/** Ticks as columns of their own kind; what the append wrote goes back into the rows. */
function appendThrough(append: (batch: TickBatch) => number, rows: TableBatch): number {
  const { count } = rows;
  const ticks = createTickBatch(Math.max(1, count));
  ticks.count = count;
  ticks.day.set(rows.day.subarray(0, count));
  ticks.nsOfDay.set(rows.nsOfDay.subarray(0, count));
  ticks.symbol.set(rows.symbol.subarray(0, count));
  const places = [
    ['price', ticks.price],
    ['volume', ticks.volume],
    ['bid1', ticks.bid],
    ['ask1', ticks.ask],
    ['bid_vol1', ticks.bidVolume],
    ['ask_vol1', ticks.askVolume],
  ] as const;
  for (const [name, into] of places) into.set(rows.doubles(name).subarray(0, count));
  ticks.flags.set((rows.stored('flags') as Int32Array).subarray(0, count));
  const position = append(ticks);
  rows.shard.set(ticks.shard.subarray(0, count));
  rows.epoch.set(ticks.epoch.subarray(0, count));
  rows.sequence.set(ticks.sequence.subarray(0, count));
  return position;
}

function notPulled(): never {
  throw new NdtsError('UNAVAILABLE', 'nothing of this node is pulled: remote.pull is off');
}
