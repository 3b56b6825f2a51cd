// Where the rows of a subscription come from: a feed that all share where only live rows are
// wanted, a stream of its own where a client goes on from a position, asks for the past or has a
// name. What are no rows: orders and the account from the bus, signals and factors from the rings
// of strategies.

import { type Bus, type Clock, type ConfigValues, NdtsError } from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import {
  isText,
  type Service,
  type ShardPositions,
  type SubscribeOptions,
  Subscription,
  type SymbolEntry,
  type TableInfo,
} from '@ndts/storage';
import type { ClientSubscription, StreamClient } from './client.js';
import { type Interest, StreamFeed } from './feed.js';
import type { NameOf } from './frames.js';
import type { StreamMetrics } from './metrics.js';
import { accountFeed, orderFeed } from './bus-feeds.js';
import type { LatestFeed } from './latest-feed.js';
import { OwnStream, type OwnStreamOptions } from './own-stream.js';
import { shardPositions, type SubscribeRequest } from './requests.js';
import { factorFeed, signalFeed } from './strategy-feeds.js';
import { Turns } from './turns.js';

export interface StreamSymbols {
  byName(name: string): SymbolEntry | undefined;
  byId(id: number): SymbolEntry | undefined;
  all(): readonly SymbolEntry[];
}

export interface SourceOptions {
  readonly config: ConfigValues['stream'];
  readonly loop: ConfigValues['loop'];
  readonly service: Service;
  readonly symbols: StreamSymbols;
  readonly bus: Bus;
  /** Folder of the rings of strategies; undefined: there are none here. */
  readonly strategyRings?: string;
  readonly clock: Clock;
  readonly metrics: StreamMetrics;
  readonly logger: Logger;
}

type Columns = TableInfo['columns'];
type OnEnd = (error: unknown) => void;

export class StreamSources {
  readonly #options: SourceOptions;
  /** Of what are no rows, by kind. */
  readonly #messages: ReadonlyMap<string, Pick<LatestFeed<never>, 'join' | 'close'>>;
  readonly #turns: Turns;
  /** Streams of one client alone that there are, and those of them that are in the past. */
  #owned = 0;
  #past = 0;
  /** By table and watermark. */
  readonly #feeds = new Map<string, Promise<StreamFeed>>();
  readonly #nameOf = (id: number): string => this.#options.symbols.byId(id)?.name ?? `#${id}`;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#messages = messageFeeds(options, this.#nameOf);
    this.#turns = new Turns({ clock: options.clock, perRound: 1, share: 1 });
  }

  /** Tells the client that it is subscribed, before its first row. @param isOpen whether the client
   * still wants it */
  async open(
    client: StreamClient,
    request: SubscribeRequest,
    isOpen: () => boolean,
    onEnd: OnEnd,
  ): Promise<ClientSubscription> {
    const { id, kind, form, mode, from, consumer } = request;
    const messages = this.#messages.get(kind);
    if (messages !== undefined) {
      checkMessages(request);
      const symbols = this.#wanted(request.symbols);
      client.sendText(JSON.stringify({ type: 'subscribed', id, kind }));
      return messages.join(client, id, symbols && new Set(symbols.map((entry) => entry.id)));
    }
    const table = await this.#table(kind);
    const columns = columnsOf(table, request.columns, mode !== 'historical');
    if (mode === 'historical' || from !== undefined || consumer !== undefined)
      return this.#own(client, request, columns, isOpen, onEnd);
    const wanted = this.#wanted(request.symbols);
    let feed = await this.#feed(table, request.watermark);
    while (feed.closed) feed = await this.#feed(table, request.watermark);
    const { intervalMs } = request;
    const interest: Interest = {
      form,
      symbols: wanted && new Set(wanted.map((entry) => entry.id)),
      columns: columns.map((column) => column.name),
      intervalMs: mode === 'delayed' ? intervalMs : undefined,
    };
    const [member, begin] = feed.join(client, id, interest);
    if (isOpen()) this.#subscribed(client, request, columns, begin);
    return member;
  }

  async close(): Promise<void> {
    this.#turns.close();
    for (const feed of this.#feeds.values()) (await feed.catch(() => undefined))?.close();
    this.#feeds.clear();
    for (const feed of this.#messages.values()) feed.close();
  }

  async #own(
    client: StreamClient,
    request: SubscribeRequest,
    columns: Columns,
    isOpen: () => boolean,
    onEnd: OnEnd,
  ): Promise<ClientSubscription> {
    const { id, kind, form, mode } = request;
    this.#wanted(request.symbols);
    const asked = optionsOf(request, columns, client, this.#shards);
    const source = this.#source(request.symbols, asked);
    const nameOf = this.#nameOf;
    const turns = this.#turns;
    const shared = { client, id, kind, form, source, nameOf, turns, onEnd };
    const own = new OwnStream({ ...shared, ...this.#count(mode === 'historical') });
    try {
      const begin = await own.begin();
      if (isOpen()) this.#subscribed(client, request, columns, begin);
    } catch (error) {
      own.close();
      throw error;
    }
    own.start();
    return own;
  }

  /** Throws RATE_LIMITED. @returns what counts it back */
  #count(isPast: boolean): Pick<OwnStreamOptions, 'onLive' | 'onClose'> {
    const { ownMax, historicalMax } = this.#options.config;
    const refuse = (key: string, most: number): never => {
      throw new NdtsError('RATE_LIMITED', `all clients have ${most} such together (stream.${key})`);
    };
    if (this.#owned >= ownMax) refuse('ownMax', ownMax);
    if (isPast && this.#past >= historicalMax) refuse('historicalMax', historicalMax);
    this.#owned += 1;
    if (isPast) this.#past += 1;
    let inPast = isPast;
    const onLive = (): void => {
      if (inPast) this.#past -= 1;
      inPast = false;
    };
    const onClose = (): void => {
      onLive();
      this.#owned -= 1;
    };
    return { onLive, onClose };
  }

  get #shards(): number {
    return this.#options.service.shardCount;
  }

  #source(symbols: readonly string[] | undefined, options: SubscribeOptions): Subscription {
    const { clock, loop, service } = this.#options;
    return new Subscription({ reach: async () => service, clock, loop }, symbols, options);
  }

  #feed(table: TableInfo, watermark: SubscribeRequest['watermark']): Promise<StreamFeed> {
    const key = `${table.name}/${watermark}`;
    let feed = this.#feeds.get(key);
    if (feed === undefined) {
      feed = this.#makeFeed(key, table, watermark);
      this.#feeds.set(key, feed);
      feed.catch(() => this.#feeds.delete(key));
    }
    return feed;
  }

  async #makeFeed(
    key: string,
    table: TableInfo,
    watermark: SubscribeRequest['watermark'],
  ): Promise<StreamFeed> {
    const { clock, config, logger, metrics } = this.#options;
    const columns = columnsOf(table, undefined, true).map((column) => column.name);
    const source = this.#source(undefined, { table: table.name, columns, watermark });
    const from = await source.from();
    const { flushMs } = config;
    const onEnd = (): void => void this.#feeds.delete(key);
    const kind = table.name;
    const nameOf = this.#nameOf;
    const shared = { clock, nameOf, flushMs, metrics, logger };
    return new StreamFeed({ ...shared, kind, source, onEnd }, from);
  }

  async #table(name: string): Promise<TableInfo> {
    const found = (await this.#options.service.call('tables', {})).find((one) => one.name === name);
    if (found === undefined) throw new NdtsError('NOT_FOUND', `there is no table ${name}`);
    return found;
  }

  #wanted(names: readonly string[] | undefined): readonly SymbolEntry[] | undefined {
    return names?.map((name) => {
      const entry = this.#options.symbols.byName(name);
      if (entry === undefined) throw new NdtsError('NOT_FOUND', `there is no symbol ${name}`);
      return entry;
    });
  }

  #subscribed(
    client: StreamClient,
    { id, kind, symbols }: SubscribeRequest,
    columns: Columns,
    { epoch, sequence }: ShardPositions,
  ): void {
    const positions = Array.from(sequence, (at, shard) => [shard, epoch[shard] ?? 0, at]);
    const entries = this.#wanted(symbols)?.map(({ id: one, name, shard }) => [one, name, shard]);
    client.sendText(
      JSON.stringify({
        type: 'subscribed',
        id,
        kind,
        columns: columns.map(({ name, type, nullable }) => [name, type, nullable === true]),
        positions,
        ...(entries === undefined ? {} : { symbols: entries }),
      }),
    );
  }
}

function messageFeeds(
  options: SourceOptions,
  nameOf: NameOf,
): ReadonlyMap<string, Pick<LatestFeed<never>, 'join' | 'close'>> {
  const { bus, clock, config, strategyRings: dir } = options;
  const feeds = new Map<string, Pick<LatestFeed<never>, 'join' | 'close'>>([
    ['order', orderFeed(bus)],
    ['account', accountFeed(bus)],
  ]);
  if (dir === undefined) return feeds;
  const rings = { dir, clock, nameOf, flushMs: config.flushMs };
  return feeds.set('strategy-signal', signalFeed(rings)).set('strategy-factor', factorFeed(rings));
}

/** They are JSON, of now, and have no positions. */
function checkMessages({ kind, form, mode, from, consumer }: SubscribeRequest): void {
  if (form !== 'json') throw new NdtsError('INVALID_ARGUMENT', `${kind}: comes as JSON`);
  if (mode !== 'realtime' || from !== undefined || consumer !== undefined)
    throw new NdtsError('INVALID_ARGUMENT', `${kind}: only what comes from now on`);
}

/** Rows of the past have no text and bytes: who names such a column is told. */
function columnsOf(
  table: TableInfo,
  names: readonly string[] | undefined,
  hasTexts: boolean,
): Columns {
  const isLeft = (column: Columns[number]): boolean => !hasTexts && isText(column);
  if (names === undefined) return table.columns.filter((column) => !isLeft(column));
  return names.map((name) => {
    const column = table.columns.find((one) => one.name === name);
    if (column === undefined)
      throw new NdtsError('INVALID_ARGUMENT', `${table.name} has no column ${name}`);
    if (isLeft(column))
      throw new NdtsError('INVALID_ARGUMENT', `column ${name} is of type ${column.type}`);
    return column;
  });
}

/** A consumer's position is kept under the name of its token: nobody reads on for another. */
function optionsOf(
  request: SubscribeRequest,
  columns: Columns,
  client: StreamClient,
  shardCount: number,
): SubscribeOptions {
  const { consumer, from, intervalMs, kind, mode, speed, watermark } = request;
  const begin = Array.isArray(from) ? shardPositions(from, shardCount) : from;
  return {
    mode,
    table: kind,
    columns: columns.map((column) => column.name),
    watermark,
    ...(begin === undefined ? {} : { from: begin as NonNullable<SubscribeOptions['from']> }),
    ...(mode === 'historical' ? { speed } : {}),
    ...(mode === 'delayed' ? { intervalMs } : {}),
    ...(consumer === undefined ? {} : { consumer: `${client.principal.name}.${consumer}` }),
  };
}
