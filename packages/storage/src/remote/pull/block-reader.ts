// Replays and loads of a node of another host whose blocks are read one-sided and decoded here.
// Where they can't be, the node replays and its rows come over the connection.

import { BlockCache, BlockPuller, PulledBlocks } from '@ndts/native/blocks';
import type { PullGrant } from '@ndts/native/fabric';
import { type Clock, type ErrorCode, NdtsError, nsPerMs } from '@ndts/protocol';
import { type Counter, Metrics } from '@ndts/runtime';
import { BatchFeed } from '../../replay/batch-feed.js';
import { list, whole } from '../../service/arguments.js';
import { replayedRows } from '../../service/load.js';
import { replayRows, replayRowsMax } from '../../service/replay.js';
import { chooseColumns } from '../../service/rows.js';
import type { HeldBlocks, PlacedBlocks, StreamOf, Streams } from '../../service/service.js';
import type { ServiceConnection } from '../frames/service-connection.js';
import { BlockReplay } from './block-replay.js';

export interface BlockReaderOptions {
  readonly service: Pick<ServiceConnection, 'call' | 'closed' | 'shardCount'>;
  /** The grant as this host reaches it. */
  readonly reachable: (grant: PullGrant) => PullGrant;
  readonly memory: BlockMemory;
  readonly clock: Clock;
  /** How long a read may last; default 5 s (kArenaReadMs). */
  readonly readTimeoutMs?: number;
}

const readTimeoutMsMax = 5_000;

/** How blocks came. */
export interface BlockWays {
  readonly pulled: Counter;
  readonly connection: Counter;
  /** Came too late or as other bytes, and were asked for again. */
  readonly stale: Counter;
}

const mib = 2 ** 20;
const windowBytesMax = 32 * mib;

/** What all connections of a client share: the cache, and what is counted. */
export class BlockMemory {
  readonly cache: BlockCache;
  readonly windowBytes: number;
  readonly ways: BlockWays;

  /** `metrics` absent: nobody looks at them. */
  constructor(cacheMb: number, metrics = new Metrics()) {
    this.cache = new BlockCache(cacheMb * mib);
    this.windowBytes = Math.max(8 * mib, Math.min(windowBytesMax, (cacheMb * mib) / 2));
    this.ways = {
      pulled: metrics.counter('blocks_pulled_total', 'Blocks that were read one-sided.'),
      connection: metrics.counter(
        'blocks_over_connection_total',
        'Blocks that came over the connection, since they could not be read one-sided.',
      ),
      stale: metrics.counter(
        'blocks_stale_total',
        'Blocks that were read too late, or as other bytes, and asked for again.',
      ),
    };
    this.#count(metrics);
  }

  #count(metrics: Metrics): void {
    const hits = metrics.counter('block_cache_hits_total', 'Blocks that were in the cache.');
    const misses = metrics.counter('block_cache_misses_total', 'Blocks that were not.');
    const evicted = metrics.counter('block_cache_evicted_total', 'Blocks that made room.');
    const rate = metrics.gauge('block_cache_hit_rate', 'Part of the blocks that were in it.');
    let before = { hits: 0, misses: 0, evicted: 0 };
    metrics.gauge('block_cache_bytes', 'Bytes of blocks in the cache.', [], (gauge) => {
      const stats = this.cache.stats();
      gauge.set(stats.bytes);
      hits.inc(stats.hits - before.hits);
      misses.inc(stats.misses - before.misses);
      evicted.inc(stats.evicted - before.evicted);
      rate.set(stats.hits / Math.max(1, stats.hits + stats.misses));
      before = stats;
    });
  }
}

/** Of a node that does not hold blocks, or not for this one now. */
const notHeld: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UNAVAILABLE',
  'RATE_LIMITED',
  'INVALID_ARGUMENT', // a node that does not know the call; what is wrong, it says itself then
]);

const unreachable: ReadonlySet<string> = new Set(['UNAVAILABLE', 'TIMEOUT']);
/** After so many in a row nothing is read one-sided for a while, twice as long after each more. */
const failuresMax = 2;
const restMsLeast = 1_000;
const restMsMost = 60_000;

type Asked<N extends 'load' | 'replay'> = Streams[N]['asked'];

export class BlockReader {
  readonly #options: BlockReaderOptions;
  #puller: { readonly key: string; readonly puller: BlockPuller } | undefined;
  #failures = 0;
  /** Until then the port is left alone. */
  #restsUntilNs = 0;
  #off = false;
  #closed = false;

  constructor(options: BlockReaderOptions) {
    this.#options = options;
  }

  /** Twice is allowed. */
  close(): void {
    this.#closed = true;
    this.#dropPuller();
  }

  /** undefined: not so; the node is to be asked. */
  async replay(asked: Asked<'replay'>): Promise<StreamOf<'replay'> | undefined> {
    const { capacity, intervalNs, columns, symbols } = asked;
    const isRight =
      isWhole(capacity, 1, replayRowsMax) && isWhole(intervalNs, 0, Number.MAX_SAFE_INTEGER);
    const opened = isRight ? await this.#open(asked) : undefined;
    if (opened === undefined) return undefined;
    const { replay, held } = opened;
    const indices = list(columns, 'columns', (one) => whole(one, 'columns', 0, 255));
    const request = { ...timesOf(asked), table: held.table.id, columns: indices };
    const feed = feedOf(replay, { ...request, capacity, intervalNs });
    const byName = new Map(held.symbols.map((entry) => [entry.name, entry]));
    const named = (symbols ?? []).flatMap((name) => byName.get(name) ?? []);
    return {
      head: { ends: held.ends, epochs: held.epochs, symbols: named },
      next: async () => {
        const batch = await feed.next();
        return batch === undefined ? undefined : replayRows(batch);
      },
      close: async () => closeBoth(feed, replay),
    };
  }

  /** Likewise; also for columns with texts. */
  async load(asked: Asked<'load'>): Promise<StreamOf<'load'> | undefined> {
    if (!isWhole(asked.batch, 1, replayRowsMax)) return undefined;
    const opened = await this.#open({ ...asked, symbols: [asked.symbol] });
    if (opened === undefined) return undefined;
    const { replay, held } = opened;
    const columns = columnsOf(held, asked.columns);
    if (columns === undefined) {
      replay.close();
      return undefined;
    }
    const feed = feedOf(replay, {
      ...timesOf(asked),
      table: held.table.id,
      columns: columns.map((column) => held.table.columns.indexOf(column)),
      capacity: asked.batch,
    });
    return {
      head: null,
      next: async () => {
        const batch = await feed.next();
        return batch === undefined ? undefined : replayedRows(batch, columns);
      },
      close: async () => closeBoth(feed, replay),
    };
  }

  async #open(
    asked: Omit<Asked<'replay'>, 'columns' | 'capacity' | 'intervalNs'>,
  ): Promise<{ readonly replay: BlockReplay; readonly held: HeldBlocks } | undefined> {
    const held = this.#off || this.#closed ? undefined : await this.#hold(asked);
    if (held === undefined) return undefined;
    const { service, memory, clock, readTimeoutMs } = this.#options;
    const { hold, table, files } = held;
    if (!PulledBlocks.readable(files)) {
      await service.call('releaseBlocks', { hold });
      return undefined;
    }
    const { cache, windowBytes, ways } = memory;
    const replay = await BlockReplay.open({
      service,
      held,
      blocks: new PulledBlocks({ table, files, cache, windowBytes }),
      mayPull: () => this.#mayPull(),
      pullerOf: (placed) => this.#pullerOf(placed),
      onPulled: (code) => this.#note(code),
      ways,
      clock,
      readTimeoutMs: Math.min(readTimeoutMsMax, readTimeoutMs ?? readTimeoutMsMax),
    });
    return { replay, held };
  }

  async #hold(
    asked: Omit<Asked<'replay'>, 'columns' | 'capacity' | 'intervalNs'>,
  ): Promise<HeldBlocks | undefined> {
    const { service } = this.#options;
    const { table, symbols, archived } = asked;
    try {
      return await service.call('holdBlocks', {
        ...timesOf(asked),
        ...(archived === undefined ? {} : { archived }),
        ...(table === undefined ? {} : { table }),
        ...(symbols === undefined ? {} : { symbols }),
      });
    } catch (error) {
      if (!(error instanceof NdtsError) || !notHeld.has(error.code) || service.closed) throw error;
      this.#off = error.code === 'UNAVAILABLE';
      return undefined;
    }
  }

  #pullerOf({ grant }: PlacedBlocks): BlockPuller | undefined {
    if (!this.#mayPull()) return undefined;
    if (this.#puller?.key === grant.key) return this.#puller.puller;
    this.#dropPuller();
    try {
      const puller = new BlockPuller(this.#options.reachable(grant));
      this.#puller = { key: grant.key, puller };
      return puller;
    } catch {
      // A provider that this host does not have.
      this.#restsUntilNs = Number.POSITIVE_INFINITY;
      return undefined;
    }
  }

  #mayPull(): boolean {
    return !this.#closed && this.#options.clock.monotonicNs() >= this.#restsUntilNs;
  }

  #note(code: string): void {
    this.#failures = unreachable.has(code) ? this.#failures + 1 : 0;
    if (this.#failures < failuresMax) return;
    const restMs = Math.min(restMsMost, restMsLeast * 2 ** (this.#failures - failuresMax));
    this.#restsUntilNs = this.#options.clock.monotonicNs() + restMs * nsPerMs;
    this.#dropPuller();
  }

  #dropPuller(): void {
    this.#puller?.puller.close();
    this.#puller = undefined;
  }
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}

function timesOf({
  from,
  to,
}: Pick<Asked<'load'>, 'from' | 'to'>): Pick<Asked<'load'>, 'from' | 'to'> {
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

function feedOf(replay: BlockReplay, request: Parameters<BlockReplay['begin']>[0]): BatchFeed {
  try {
    return new BatchFeed(replay.begin(request), undefined);
  } catch (error) {
    replay.close();
    throw error;
  }
}

/** The feed first: its threads wait for blocks. */
function closeBoth(feed: BatchFeed, replay: BlockReplay): void {
  feed.close();
  replay.close();
}

/** undefined: one of them has texts, which the node loads. */
function columnsOf(
  { table }: HeldBlocks,
  names: readonly string[] | undefined,
): HeldBlocks['table']['columns'] | undefined {
  const columns = chooseColumns(table, names);
  const hasTexts = columns.some(({ type }) => type === 'text' || type === 'bytes');
  return hasTexts ? undefined : columns;
}
