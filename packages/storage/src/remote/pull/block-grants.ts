// Blocks of segments for readers on other hosts: what each one holds of the database, and its
// spaces in the memory that they are read from. docs/protocol/pull.md says how a reader goes on.
//
// Always: spaces and holds are one connection's own and end with it; the memory is bounded, made at
// the start, and no reader has more than half of it.

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BlockArena, type BlockHold } from '@ndts/native/blocks';
import { type Database, type SymbolEntry, type TableInfo, tickTable } from '@ndts/native/db';
import type { PullGrant, PullServer } from '@ndts/native/fabric';
import { NdtsError } from '@ndts/protocol';
import type { Metrics } from '@ndts/runtime';
import type { ArchivedDays } from '../../retention/archived-days.js';
import { array, list, record, text, texts, times, whole } from '../../service/arguments.js';
import type { CallName, Calls, HeldBlocks, PlacedBlocks } from '../../service/service.js';
import { symbolEntries } from '../../service/symbol-lookup.js';
import type { SymbolRegistry } from '../../table/symbol-registry.js';
import { grantLeaseMs } from './ring-grants.js';

export interface BlockGrantsOptions {
  readonly database: Database;
  /** Refuses reads of days that are only in the archive; default: there is none. */
  readonly archived?: ArchivedDays;
  readonly symbols: SymbolRegistry;
  /** In shared memory, this process's own. */
  readonly folder: string;
  readonly arenaBytes: number;
  /** Through which the memory is read. */
  readonly server: PullServer;
  readonly metrics: Metrics;
}

const holdsMax = 16;
/** Of all connections: rows that were in memory are in memory once more for each. */
const holdsOfAllMax = 64;
/** Of files that are made for a hold, and that a process that was killed may leave. */
const madePattern = /^pull-blocks-.*\.segment$/;
const releasesMax = 4096;

/** Of one request: so much that a request costs little, so little that the next is ready in time. A
 * reader has two on the way, and two more that it did not release yet. */
const batchBytesMax = 4 * 2 ** 20;
const partsOfArena = 8;

/** Blocks of one request. */
const blocksMax = 65_536;

/** How long blocks stay where they were placed; shorter than the lease of the memory. */
const spaceLeaseMs = 10_000;

const blockCalls = [
  'holdBlocks',
  'blockEnds',
  'placeBlocks',
  'readBlocks',
  'releaseBlocks',
] as const satisfies readonly CallName[];

export type BlockCallName = (typeof blockCalls)[number];

export function isBlockCall(name: CallName): name is BlockCallName {
  return (blockCalls as readonly CallName[]).includes(name);
}

export class BlockGrants {
  readonly options: BlockGrantsOptions;
  #arena: BlockArena | undefined;
  #owners = 0;
  #made = 0;
  /** Open, or being opened, of all connections. */
  holds = 0;

  /** Throws DISK_FULL, IO_ERROR where there is no room for the memory. */
  constructor(options: BlockGrantsOptions) {
    this.options = options;
    const { metrics, folder, arenaBytes } = options;
    for (const name of readdirSync(folder))
      if (madePattern.test(name)) rmSync(join(folder, name), { force: true });
    this.#arena = new BlockArena(join(folder, 'pull-blocks.arena'), arenaBytes);
    const copied = metrics.counter(
      'block_arena_copied_bytes_total',
      'Bytes of blocks that were copied for readers on other hosts.',
    );
    const refused = metrics.counter(
      'block_arena_refused_total',
      'Requests for blocks that found no room in the memory they are read from.',
    );
    let before = { copiedBytes: 0, refused: 0 };
    metrics.gauge(
      'block_arena_bytes',
      'Bytes of blocks that readers on other hosts have not released.',
      [],
      (gauge) => {
        const stats = this.#arena?.stats();
        gauge.set(stats?.bytes ?? 0);
        if (stats === undefined) return;
        copied.inc(stats.copiedBytes - before.copiedBytes);
        refused.inc(stats.refused - before.refused);
        before = stats;
      },
    );
  }

  /** Of one connection. */
  reader(): ReaderBlocks {
    this.#owners += 1;
    return new ReaderBlocks(this, this.#owners);
  }

  arena(): BlockArena {
    if (this.#arena === undefined) throw new NdtsError('CLOSED', 'blocks are not pulled any more');
    return this.#arena;
  }

  /** What a connection had that ended, and whose grant was revoked. */
  releaseAll(owner: number): void {
    this.#arena?.releaseAll(owner);
  }

  /** Nobody else's in the folder. */
  holdName(): string {
    this.#made += 1;
    return `pull-blocks-${this.#made}`;
  }

  /** Twice is allowed. */
  close(): void {
    this.#arena?.close();
    this.#arena = undefined;
  }
}

type Asked = Readonly<Record<string, unknown>>;

/** What one connection has. */
export class ReaderBlocks {
  readonly #grants: BlockGrants;
  readonly #owner: number;
  readonly #holds = new Map<number, BlockHold>();
  #lastHold = 0;
  #opening = 0;
  #grant: PullGrant | undefined;
  #closed = false;

  readonly #calls: { readonly [N in BlockCallName]: (asked: Asked) => unknown } = {
    holdBlocks: (asked) => this.#hold(asked),
    blockEnds: (asked) => this.#ends(asked),
    placeBlocks: (asked) => this.#place(asked),
    readBlocks: (asked) => this.#held(asked).read(blocksIn(asked)),
    releaseBlocks: (asked) => this.#release(asked),
  };

  constructor(grants: BlockGrants, owner: number) {
    this.#grants = grants;
    this.#owner = owner;
  }

  async call<N extends BlockCallName>(
    name: N,
    asked: Calls[N]['asked'],
  ): Promise<Calls[N]['answer']> {
    this.#checkOpen();
    return (await this.#calls[name](record(asked, name))) as Calls[N]['answer'];
  }

  /** Twice is allowed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const hold of this.#holds.values()) hold.close();
    this.#grants.holds -= this.#holds.size;
    this.#holds.clear();
    if (this.#grant === undefined) return;
    this.#revoke(this.#grant);
    this.#grants.releaseAll(this.#owner);
  }

  #checkOpen(): void {
    if (this.#closed) throw new NdtsError('CLOSED', 'the connection ended');
  }

  async #hold(asked: Asked): Promise<HeldBlocks> {
    const { archived, database, symbols, folder, arenaBytes } = this.#grants.options;
    const table = tableOf(database, asked['table']);
    const names = texts(asked['symbols'], 'symbols');
    const wanted = byName(names === undefined ? symbols.all() : symbolEntries(symbols, names));
    if (this.#holds.size + this.#opening >= holdsMax)
      throw new NdtsError('RATE_LIMITED', `a connection has ${holdsMax} holds at most`);
    if (this.#grants.holds >= holdsOfAllMax)
      throw new NdtsError('RATE_LIMITED', `${holdsOfAllMax} holds are open: no more now`);
    const { shardCount } = database;
    const epochs = Uint32Array.from({ length: shardCount }, (_, shard) => database.epoch(shard));
    const ids = Uint32Array.from(wanted, (entry) => entry.id);
    const request = { table: table.id, symbols: ids, ...times(asked) };
    this.#opening += 1;
    this.#grants.holds += 1;
    let kept = false;
    try {
      const hold = await database.holdBlocks(request, folder, this.#grants.holdName());
      try {
        if (asked['archived'] !== 'skip') await archived?.check(table.name, times(asked));
        this.#checkOpen();
      } catch (error) {
        hold.close();
        throw error;
      }
      this.#lastHold += 1;
      kept = true;
      this.#holds.set(this.#lastHold, hold);
      return {
        hold: this.#lastHold,
        table,
        files: hold.files(),
        ends: hold.ends(),
        epochs,
        symbols: wanted,
        batchBytes: Math.min(batchBytesMax, arenaBytes / partsOfArena),
      };
    } finally {
      this.#opening -= 1;
      if (!kept) this.#grants.holds -= 1;
    }
  }

  #held(asked: Asked): BlockHold {
    const number = whole(asked['hold'], 'hold', 0, Number.MAX_SAFE_INTEGER);
    const hold = this.#holds.get(number);
    if (hold === undefined) throw new NdtsError('NOT_FOUND', `there is no hold ${number}`);
    return hold;
  }

  #ends(asked: Asked): Promise<Uint8Array> {
    return this.#held(asked).fileEnds(whole(asked['file'], 'file', 0, 2 ** 32 - 1));
  }

  async #place(asked: Asked): Promise<PlacedBlocks> {
    const hold = this.#held(asked);
    const blocks = blocksIn(asked);
    const arena = this.#grants.arena();
    const released = list(asked['release'], 'release', (one) =>
      whole(one, 'release', 0, Number.MAX_SAFE_INTEGER),
    );
    for (const id of released.slice(0, releasesMax)) arena.release(this.#owner, id);
    const grant = this.#renewed(arena);
    const space = await hold.place(arena, this.#owner, blocks, spaceLeaseMs);
    if (this.#closed) arena.release(this.#owner, space.id);
    this.#checkOpen();
    return { ...space, grant, leaseMs: spaceLeaseMs };
  }

  /** The grant lives from one request for blocks to the next, and a while. */
  #renewed(arena: BlockArena): PullGrant {
    const { server } = this.#grants.options;
    if (this.#grant !== undefined) {
      try {
        server.renew(this.#grant.key, grantLeaseMs);
        return this.#grant;
      } catch (error) {
        if (!(error instanceof NdtsError) || error.code !== 'NOT_FOUND') throw error;
      }
    }
    this.#grant = server.exposeArena(arena, grantLeaseMs);
    return this.#grant;
  }

  #revoke({ key }: PullGrant): void {
    try {
      this.#grants.options.server.revoke(key);
    } catch (error) {
      // Its lease ended before, or the server did.
      const codes: readonly string[] = ['NOT_FOUND', 'CLOSED'];
      if (!(error instanceof NdtsError) || !codes.includes(error.code)) throw error;
    }
  }

  #release(asked: Asked): null {
    this.#held(asked).close();
    this.#holds.delete(asked['hold'] as number);
    this.#grants.holds -= 1;
    return null;
  }
}

function tableOf(database: Database, given: unknown): TableInfo {
  const name = given === undefined ? undefined : text(given, 'table');
  const found = database
    .tables()
    .find((table) => (name === undefined ? table.id === tickTable : table.name === name));
  if (found === undefined) throw new NdtsError('NOT_FOUND', `there is no table ${name}`);
  return found;
}

function byName(entries: readonly SymbolEntry[]): SymbolEntry[] {
  return entries
    .map((entry) => ({ entry, bytes: Buffer.from(entry.name) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ entry }) => entry);
}

function blocksIn(asked: Asked): Uint32Array {
  const blocks = asked['blocks'];
  const length = blocks instanceof Uint32Array ? blocks.length : 0;
  if (length === 0 || length > 2 * blocksMax || length % 2 !== 0)
    throw new NdtsError('INVALID_ARGUMENT', 'blocks: expected pairs of file and block');
  return array(blocks, Uint32Array, length, 'blocks');
}
