// Symbol ids are cluster-wide: allocated in the registry by compare-and-set, durable before first
// use, never re-used. An id that lost a race is skipped for ever.

import { NdtsError, type Registry, shardOf } from '@ndts/protocol';
import type { SymbolEntry } from '@ndts/native/db';

export interface SymbolRegistryOptions {
  readonly registry: Registry;
  readonly shardCount: number;
}

const counterKey = 'symbols/next';
const namePrefix = 'symbols/name/';
const maxNameBytes = 1024;

const controlPattern = /\p{Cc}|\p{Cs}/u;

/** Names are there for ever: people and programs must be able to read them. */
export function isReadableName(name: string): boolean {
  return !controlPattern.test(name);
}

export class SymbolRegistry {
  readonly #registry: Registry;
  readonly #shardCount: number;
  readonly #byName = new Map<string, SymbolEntry>();
  readonly #byId = new Map<number, SymbolEntry>();

  private constructor(options: SymbolRegistryOptions) {
    this.#registry = options.registry;
    this.#shardCount = options.shardCount;
  }

  static async open(options: SymbolRegistryOptions): Promise<SymbolRegistry> {
    const symbols = new SymbolRegistry(options);
    for (const record of await options.registry.list(namePrefix))
      symbols.#learn(decodeURIComponent(record.key.slice(namePrefix.length)), Number(record.value));
    return symbols;
  }

  /** The entries of these names, in their order; unknown ones get ids first. */
  async ensure(names: readonly string[]): Promise<SymbolEntry[]> {
    const fresh = [...new Set(names)].filter((name) => !this.#byName.has(name));
    for (const name of fresh) checkName(name);
    if (fresh.length > 0) await this.#allocate(fresh);
    return names.map((name) => this.#known(name));
  }

  /** Takes over ids that another node gave. ALREADY_EXISTS: a name has another one here. */
  async adopt(entries: readonly Pick<SymbolEntry, 'id' | 'name'>[]): Promise<void> {
    for (const { id, name } of entries) {
      const known = this.#byName.get(name)?.id ?? id;
      const owner = this.#byId.get(id)?.name ?? name;
      if (known !== id || owner !== name)
        throw new NdtsError(
          'ALREADY_EXISTS',
          `symbol ${name} has id ${id} there, and here ${known === id ? owner : known}: a node ` +
            'whose symbols are those of another one begins with a folder that has none',
        );
      if (this.#byName.has(name)) continue;
      await this.#registry.put(namePrefix + encodeURIComponent(name), String(id));
      this.#learn(name, id);
    }
  }

  byId(id: number): SymbolEntry | undefined {
    return this.#byId.get(id);
  }

  byName(name: string): SymbolEntry | undefined {
    return this.#byName.get(name);
  }

  all(): SymbolEntry[] {
    return [...this.#byId.values()].sort((a, b) => a.id - b.id);
  }

  async #allocate(names: readonly string[]): Promise<void> {
    const first = await this.#reserve(names.length);
    await Promise.all(
      names.map(async (name, index) => {
        const key = namePrefix + encodeURIComponent(name);
        try {
          await this.#registry.put(key, String(first + index), { ifRevision: 0 });
          this.#learn(name, first + index);
        } catch (error) {
          if (!(error instanceof NdtsError) || error.code !== 'COMPARE_FAILED') throw error;
          const record = await this.#registry.get(key);
          if (record === undefined) throw error;
          this.#learn(name, Number(record.value));
        }
      }),
    );
  }

  async #reserve(count: number): Promise<number> {
    for (;;) {
      const record = await this.#registry.get(counterKey);
      const next = record === undefined ? 1 : Number(record.value);
      try {
        const options = { ifRevision: record?.revision ?? 0 };
        await this.#registry.put(counterKey, String(next + count), options);
        return next;
      } catch (error) {
        if (!(error instanceof NdtsError) || error.code !== 'COMPARE_FAILED') throw error;
      }
    }
  }

  #learn(name: string, id: number): void {
    if (!Number.isSafeInteger(id) || id < 1)
      throw new NdtsError('CORRUPT', `symbol ${name}: expected an id above 0, found ${id}`);
    const entry = { id, name, shard: shardOf(name, this.#shardCount) };
    this.#byName.set(name, entry);
    this.#byId.set(id, entry);
  }

  #known(name: string): SymbolEntry {
    const entry = this.#byName.get(name);
    if (entry === undefined) throw new NdtsError('INTERNAL', `symbol ${name} was not allocated`);
    return entry;
  }
}

function checkName(name: string): void {
  const bytes = new TextEncoder().encode(name).length;
  if (bytes === 0 || bytes > maxNameBytes)
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `expected a symbol of 1 to ${maxNameBytes} bytes, found ${bytes}`,
    );
}
