// Consumers: readers with a name whose position is kept. One holds a name at a time, and
// acknowledges what it has done; whoever comes back under the name, after a restart of either
// side, goes on behind the last acknowledged position.
//
// Always: an acknowledged position is durable before the call returns and never goes back, except
// to what a later epoch left of it; who lost the name cannot acknowledge any more.

import type { Database, TableInfo } from '@ndts/native/db';
import { type Clock, type KeyValueStore, NdtsError } from '@ndts/protocol';
import { text, whole } from '../service/arguments.js';
import type { StreamOf } from '../service/service.js';
import {
  copyPositions,
  isLater,
  PositionCheck,
  positionsOf,
  type ShardPositions,
} from './positions.js';

type Asked = Readonly<Record<string, unknown>>;

export interface ConsumerInfo {
  readonly name: string;
  readonly table: string;
  /** When its position was kept last. */
  readonly timeMs: number;
  /** Whether somebody reads under the name now. */
  readonly held: boolean;
  readonly position: ShardPositions;
}

export interface ConsumersOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly store: KeyValueStore;
}

interface Kept {
  readonly table: string;
  readonly timeMs: number;
  /** By shard: epoch and sequence. */
  readonly shards: readonly (readonly [number, number])[];
}

interface Holder {
  readonly hold: number;
  readonly table: TableInfo;
  lost(): void;
}

const prefix = 'stream/consumer/';
const namePattern = /^[A-Za-z0-9._-]{1,64}$/;
const consumersMax = 10_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Consumers {
  readonly #options: ConsumersOptions;
  readonly #holders = new Map<string, Holder>();
  #lastHold = 0;

  constructor(options: ConsumersOptions) {
    this.#options = options;
  }

  list(): ConsumerInfo[] {
    return this.#options.store.scan({ prefix }).map(({ key, value }) => {
      const name = key.slice(prefix.length);
      const { table, timeMs, shards } = keptOf(value, name);
      return { name, table, timeMs, held: this.#holders.has(name), position: fromPairs(shards) };
    });
  }

  /** The name is the caller's from now on; whoever had it loses it. */
  hold(table: TableInfo, asked: Asked): StreamOf<'consumer'> {
    const name = nameOf(asked['name']);
    const kept = this.#kept(name);
    if (kept !== undefined && kept.table !== table.name)
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `consumer ${name} reads table ${kept.table}, not ${table.name}`,
      );
    this.#holders.get(name)?.lost();
    const hold = ++this.#lastHold;
    let end: (() => void) | undefined;
    let isLost = false;
    const lost = (): void => {
      isLost = true;
      end?.();
    };
    const holder: Holder = { hold, table, lost };
    this.#holders.set(name, holder);
    return {
      head: { hold, position: kept === undefined ? null : fromPairs(kept.shards) },
      next: async () => {
        if (!isLost && this.#holders.get(name) === holder)
          await new Promise<void>((resolve) => {
            end = resolve;
          });
        if (isLost) throw takenOver(name);
        return undefined;
      },
      close: async () => {
        if (this.#holders.get(name) === holder) this.#holders.delete(name);
        end?.();
      },
    };
  }

  async acknowledge(asked: Asked): Promise<null> {
    const { database, clock, store } = this.#options;
    const name = nameOf(asked['name']);
    const holder = this.#holders.get(name);
    if (holder?.hold !== whole(asked['hold'], 'hold', 1, Number.MAX_SAFE_INTEGER))
      throw takenOver(name);
    const { table } = holder;
    const given = positionsOf(asked['position'], database.shardCount, 'position');
    // A position that never was would skip rows at the next start.
    new PositionCheck(database, table).settle(copyPositions(given));
    const kept = this.#kept(name);
    if (kept === undefined && store.scan({ prefix, limit: consumersMax }).length >= consumersMax)
      throw new NdtsError('RATE_LIMITED', `there are ${consumersMax} consumers already`);
    const before = kept === undefined ? undefined : fromPairs(kept.shards);
    const shards = Array.from(given.sequence, (_, shard): [number, number] => {
      const from = before !== undefined && isLater(before, given, shard) ? before : given;
      return [from.epoch[shard] ?? 0, from.sequence[shard] ?? 0];
    });
    const value: Kept = { table: table.name, timeMs: Math.floor(clock.nowMs()), shards };
    const encoded = encoder.encode(JSON.stringify(value));
    await store.durable(store.write([{ key: prefix + name, value: encoded }]));
    return null;
  }

  async remove(asked: Asked): Promise<boolean> {
    const name = nameOf(asked['name']);
    const { store } = this.#options;
    const holder = this.#holders.get(name);
    this.#holders.delete(name);
    holder?.lost();
    const isThere = this.#kept(name) !== undefined;
    if (isThere) await store.durable(store.write([{ key: prefix + name, value: undefined }]));
    return isThere;
  }

  #kept(name: string): Kept | undefined {
    const value = this.#options.store.get(prefix + name);
    return value === undefined ? undefined : keptOf(value, name);
  }
}

function nameOf(given: unknown): string {
  const name = text(given, 'consumer');
  if (namePattern.test(name)) return name;
  throw new NdtsError(
    'INVALID_ARGUMENT',
    `expected a consumer's name of 1 to 64 letters, digits or . _ -, found '${name}'`,
  );
}

function keptOf(value: Uint8Array, name: string): Kept {
  try {
    return JSON.parse(decoder.decode(value)) as Kept;
  } catch (error) {
    throw new NdtsError('CORRUPT', `the position of consumer ${name}`, { cause: error });
  }
}

function fromPairs(pairs: Kept['shards']): ShardPositions {
  return {
    epoch: Uint32Array.from(pairs, ([epoch]) => epoch),
    sequence: Float64Array.from(pairs, ([, sequence]) => sequence),
  };
}

function takenOver(name: string): NdtsError {
  return new NdtsError('LEASE_LOST', `another reads as consumer ${name} now`);
}
