// Blocks of segments that another host reads one-sided and decodes by itself: the server's side
// holds what a table was at one moment and copies blocks into an arena; the reader's side replays
// from blocks that it pulls, or finds in its cache. How it goes: docs/protocol/pull.md.
//
// Every handle belongs to one thread; closing twice is allowed, any other call after close is
// CLOSED.

import { NdtsError, type ErrorCode, type TableSchema } from '@ndts/protocol';
import { addon, native, toNdtsError } from './addon.js';
import type { SymbolEntry, TableInfo } from './database.js';
import type { PullGrant } from './fabric.js';
import {
  AddonReplay,
  nativeRequest,
  type NativeReplayRequest,
  type ReplayReader,
  type ReplayRequest,
} from './replay.js';

/** Numbers of a file of a hold: number, bytes, day, table, shard, checksum of the trailer, version
 * of the format, 1 for rows that were in memory. */
export const heldFileNumbers = 8;
const versionAt = 6;

/** As of a replay. */
export type BlockHoldRequest = Pick<ReplayRequest, 'table' | 'symbols' | 'from' | 'to'>;

/** Pairs of the place of a file in its hold and of a block in the file. */
export type BlockPairs = Uint32Array;

export interface BlockSpace {
  readonly id: number;
  readonly offset: number;
  readonly bytes: number;
}

export interface BlockArenaStats {
  readonly spaces: number;
  readonly bytes: number;
  readonly copiedBytes: number;
  /** Requests that found no room. */
  readonly refused: number;
}

export interface BlockCacheStats {
  readonly hits: number;
  readonly misses: number;
  readonly evicted: number;
  readonly bytes: number;
  readonly blocks: number;
}

export interface PulledOutcome {
  /** What did not come. */
  readonly missing: BlockPairs;
  /** Why: LEASE_LOST too late or without a grant, CORRUPT other bytes, or of the connection. */
  readonly code: ErrorCode;
}

export interface PulledBlocksOptions {
  readonly table: TableInfo;
  /** heldFileNumbers of each. */
  readonly files: Float64Array;
  readonly cache: BlockCache;
  /** How much is fetched before it is used. */
  readonly windowBytes: number;
}

interface NativeArena {
  handle(): unknown;
  release(owner: number, id: number): void;
  releaseAll(owner: number): void;
  stats(): BlockArenaStats;
  close(): void;
}

interface NativeHold {
  open(): Promise<void>;
  files(): Float64Array;
  ends(): Float64Array;
  fileEnds(file: number): Promise<Uint8Array>;
  place(arena: unknown, owner: number, blocks: BlockPairs, leaseMs: number): Promise<Float64Array>;
  read(blocks: BlockPairs): Promise<Uint8Array>;
  close(): void;
}

interface NativeCache {
  handle(): unknown;
  stats(): BlockCacheStats;
}

interface NativePuller {
  handle(): unknown;
  close(): void;
}

interface NativePulledBlocks {
  cachedEnds(file: number): boolean;
  openFile(file: number, ends: Uint8Array): void;
  replay(
    request: NativeReplayRequest,
    ids: Uint32Array,
    shards: Uint32Array,
    shardCount: number,
  ): unknown;
  take(bytesMax: number): BlockPairs;
  bytesOf(blocks: BlockPairs): number;
  pull(
    puller: unknown,
    offset: number,
    blocks: BlockPairs,
    timeoutMs: number,
    leaseMs: number,
  ): Promise<PulledOutcome>;
  deliver(blocks: BlockPairs, bytes: Uint8Array): void;
  fail(code: string, message: string): void;
  close(): void;
}

const classes = addon as {
  readonly BlockArena: new (path: string, bytes: number) => NativeArena;
  readonly BlockHold: new (made: unknown, folder: string, name: string) => NativeHold;
  readonly BlockCache: new (bytes: number) => NativeCache;
  readonly BlockPuller: new (grant: PullGrant) => NativePuller;
  readonly PulledBlocks: new (
    schema: TableSchema,
    files: Float64Array,
    cache: unknown,
    windowBytes: number,
    wake: () => void,
  ) => NativePulledBlocks;
};

/** What a thread of the pool answers. */
async function told<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw toNdtsError(error);
  }
}

/** Memory that blocks are copied into; a PullServer exposes it (exposeArena). */
export class BlockArena {
  readonly #native: NativeArena;

  /** @param path of its file, in shared memory; what was left there is replaced */
  constructor(path: string, bytes: number) {
    this.#native = native(() => new classes.BlockArena(path, bytes));
  }

  /** For the addon only. */
  get handle(): unknown {
    return native(() => this.#native.handle());
  }

  release(owner: number, id: number): void {
    native(() => this.#native.release(owner, id));
  }

  /** After the grant of the owner was revoked. */
  releaseAll(owner: number): void {
    native(() => this.#native.releaseAll(owner));
  }

  stats(): BlockArenaStats {
    return native(() => this.#native.stats());
  }

  close(): void {
    this.#native.close();
  }
}

/** Segments with what was asked for, as of one moment, for as long as it is open. */
export class BlockHold {
  readonly #native: NativeHold;

  private constructor(opened: NativeHold) {
    this.#native = opened;
  }

  /**
   * @param made what the addon's replay() of a database returned
   * @param folder in shared memory: rows in memory are written there for a moment
   * @param name nobody else's in the folder
   */
  static async open(made: unknown, folder: string, name: string): Promise<BlockHold> {
    const opened = native(() => new classes.BlockHold(made, folder, name));
    await told(native(() => opened.open()));
    return new BlockHold(opened);
  }

  /** heldFileNumbers of each. */
  files(): Float64Array {
    return native(() => this.#native.files());
  }

  /** By shard: as of a replay. */
  ends(): Float64Array {
    return native(() => this.#native.ends());
  }

  /** Header and footer of a file. */
  fileEnds(file: number): Promise<Uint8Array> {
    return told(native(() => this.#native.fileEnds(file)));
  }

  /** RATE_LIMITED: there is no room now. */
  async place(
    arena: BlockArena,
    owner: number,
    blocks: BlockPairs,
    leaseMs: number,
  ): Promise<BlockSpace> {
    const { handle } = arena;
    const place = () => this.#native.place(handle, owner, blocks, leaseMs);
    const [id = 0, offset = 0, bytes = 0] = await told(native(place));
    return { id, offset, bytes };
  }

  /** Their bytes, one behind the other. */
  read(blocks: BlockPairs): Promise<Uint8Array> {
    return told(native(() => this.#native.read(blocks)));
  }

  close(): void {
    this.#native.close();
  }
}

export class BlockCache {
  readonly #native: NativeCache;

  constructor(bytes: number) {
    this.#native = native(() => new classes.BlockCache(bytes));
  }

  /** For the addon only. */
  get handle(): unknown {
    return this.#native.handle();
  }

  stats(): BlockCacheStats {
    return this.#native.stats();
  }
}

/** Reads spaces of one grant's arena. */
export class BlockPuller {
  readonly #native: NativePuller;

  constructor(grant: PullGrant) {
    this.#native = native(() => new classes.BlockPuller(grant));
  }

  /** For the addon only. */
  get handle(): unknown {
    return native(() => this.#native.handle());
  }

  close(): void {
    this.#native.close();
  }
}

/** What a replay needs, has on the way, and has. Who made it fetches what take() names. */
export class PulledBlocks {
  readonly fileCount: number;
  readonly #native: NativePulledBlocks;
  readonly #table: TableInfo;
  #wake: (() => void) | undefined;
  #woken = false;

  constructor({ table, files, cache, windowBytes }: PulledBlocksOptions) {
    this.#table = table;
    this.fileCount = files.length / heldFileNumbers;
    const wake = (): void => this.#awake();
    this.#native = native(
      () => new classes.PulledBlocks(table, files, cache.handle, windowBytes, wake),
    );
  }

  /** Whether all files can be read by their blocks. */
  static readable(files: Float64Array): boolean {
    for (let at = 0; at < files.length; at += heldFileNumbers)
      if ((files[at + versionAt] ?? 0) < 2) return false;
    return true;
  }

  /** Opens a file if its header and footer are in the cache. */
  openCached(file: number): boolean {
    return native(() => this.#native.cachedEnds(file));
  }

  openFile(file: number, ends: Uint8Array): void {
    native(() => this.#native.openFile(file, ends));
  }

  /** Once all files are open. `symbols` in the order of their names. */
  replay(
    request: ReplayRequest,
    symbols: readonly SymbolEntry[],
    shardCount: number,
  ): ReplayReader {
    const ids = Uint32Array.from(symbols, (entry) => entry.id);
    const shards = Uint32Array.from(symbols, (entry) => entry.shard);
    const make = () => this.#native.replay(nativeRequest(request), ids, shards, shardCount);
    return new AddonReplay(native(make), this.#table, request);
  }

  /** What to fetch now, at most so many bytes or one block; none: wait(). */
  take(bytesMax: number): BlockPairs {
    return native(() => this.#native.take(bytesMax));
  }

  /** Until take() may say more, or it was closed. */
  async wait(): Promise<void> {
    while (!this.#woken)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    this.#woken = false;
  }

  bytesOf(blocks: BlockPairs): number {
    return native(() => this.#native.bytesOf(blocks));
  }

  /** Reads blocks that stand one behind the other in an arena. */
  pull(
    puller: BlockPuller,
    offset: number,
    blocks: BlockPairs,
    limits: { readonly timeoutMs: number; readonly leaseMs: number },
  ): Promise<PulledOutcome> {
    const { handle } = puller;
    const { timeoutMs, leaseMs } = limits;
    return told(native(() => this.#native.pull(handle, offset, blocks, timeoutMs, leaseMs)));
  }

  /** Blocks that came otherwise. CORRUPT: they do not match the footers. */
  deliver(blocks: BlockPairs, bytes: Uint8Array): void {
    native(() => this.#native.deliver(blocks, bytes));
  }

  /** Nothing comes any more: whoever waits for a block is told why. */
  fail(error: unknown): void {
    const code = error instanceof NdtsError ? error.code : 'INTERNAL';
    const message = error instanceof Error ? error.message : String(error);
    this.#native.fail(code, message);
  }

  close(): void {
    this.#native.close();
    this.#awake();
  }

  #awake(): void {
    this.#woken = true;
    this.#wake?.();
  }
}
