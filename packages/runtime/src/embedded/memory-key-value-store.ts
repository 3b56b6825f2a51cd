// The KeyValueStore port in memory, for tests of what stands on it. What is durable is under the
// test's control: commits can be held, fail, or be cut off by a loss of power.

import {
  type KeyValueEntry,
  type KeyValueOperation,
  type KeyValueRange,
  type KeyValueStore,
  NdtsError,
} from '@ndts/protocol';

interface Write {
  readonly position: number;
  readonly operations: readonly KeyValueOperation[];
}

interface Waiter {
  readonly position: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class MemoryKeyValueStore implements KeyValueStore {
  /** In byte order of the keys. */
  #entries: KeyValueEntry[] = [];
  #durableEntries: KeyValueEntry[] = [];
  #pending: Write[] = [];
  #waiters: Waiter[] = [];
  #position = 0;
  #durablePosition = 0;
  #held = false;
  #scheduled = false;
  #failure: Error | undefined;

  get(key: string): Uint8Array | undefined {
    const at = lowerBound(this.#entries, key);
    const entry = this.#entries[at];
    return entry?.key === key ? entry.value.slice() : undefined;
  }

  scan(range: KeyValueRange): KeyValueEntry[] {
    const limit = range.limit ?? Number.POSITIVE_INFINITY;
    const found = range.reverse === true ? this.#down(range, limit) : this.#up(range, limit);
    return found.map((entry) => ({ key: entry.key, value: entry.value.slice() }));
  }

  write(operations: readonly KeyValueOperation[]): number {
    if (this.#failure !== undefined) throw this.#failure;
    const copies = operations.map(({ key, value }) => ({ key, value: value?.slice() }));
    apply(this.#entries, copies);
    this.#position++;
    this.#pending.push({ position: this.#position, operations: copies });
    return this.#position;
  }

  durablePosition(): number {
    return this.#durablePosition;
  }

  durable(position = this.#position): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (position <= this.#durablePosition) return Promise.resolve();
    this.#schedule();
    return new Promise((resolve, reject) => this.#waiters.push({ position, resolve, reject }));
  }

  /** Nothing more becomes durable until commit(). */
  holdCommits(): void {
    this.#held = true;
  }

  /** Makes everything so far durable; commits go on by themselves again. */
  commit(): void {
    this.#held = false;
    this.#commit();
  }

  /** From now on the disk is broken: writes throw and waiters are refused. */
  fail(error: Error = new NdtsError('IO_ERROR', 'the disk of this test failed')): void {
    this.#failure = error;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(error);
  }

  /** What another process finds after kill -9: everything accepted. */
  afterKill(): MemoryKeyValueStore {
    return this.#copy(this.#entries);
  }

  /** What is left after the power went: only what was durable. */
  afterPowerLoss(): MemoryKeyValueStore {
    return this.#copy(this.#durableEntries);
  }

  #copy(entries: readonly KeyValueEntry[]): MemoryKeyValueStore {
    const copy = new MemoryKeyValueStore();
    copy.#entries = [...entries];
    copy.#durableEntries = [...entries];
    copy.#position = this.#position;
    copy.#durablePosition = this.#position;
    return copy;
  }

  #schedule(): void {
    if (this.#held || this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (!this.#held) this.#commit();
    });
  }

  #commit(): void {
    if (this.#failure !== undefined) return;
    for (const write of this.#pending) apply(this.#durableEntries, write.operations);
    this.#pending = [];
    this.#durablePosition = this.#position;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.resolve();
  }

  #up(range: KeyValueRange, limit: number): KeyValueEntry[] {
    const from = range.from ?? range.prefix;
    let at = lowerBound(this.#entries, compareKeys(from, range.prefix) < 0 ? range.prefix : from);
    if (range.exclusive === true && this.#entries[at]?.key === from) at++;
    const found: KeyValueEntry[] = [];
    for (; found.length < limit; at++) {
      const entry = this.#entries[at];
      if (entry === undefined || !entry.key.startsWith(range.prefix)) break;
      found.push(entry);
    }
    return found;
  }

  #down(range: KeyValueRange, limit: number): KeyValueEntry[] {
    const found: KeyValueEntry[] = [];
    for (let at = this.#entries.length - 1; at >= 0 && found.length < limit; at--) {
      const entry = this.#entries[at] as KeyValueEntry;
      if (!entry.key.startsWith(range.prefix)) {
        if (compareKeys(entry.key, range.prefix) < 0) break;
        continue;
      }
      const order = range.from === undefined ? -1 : compareKeys(entry.key, range.from);
      if (order < 0 || (order === 0 && range.exclusive !== true)) found.push(entry);
    }
    return found;
  }
}

/** Order of the UTF-8 bytes, which is not the order of JavaScript's string comparison. */
export function compareKeys(left: string, right: string): number {
  if (left === right) return 0;
  return Buffer.compare(Buffer.from(left, 'utf8'), Buffer.from(right, 'utf8'));
}

function lowerBound(entries: readonly KeyValueEntry[], key: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys((entries[middle] as KeyValueEntry).key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function apply(entries: KeyValueEntry[], operations: readonly KeyValueOperation[]): void {
  for (const { key, value } of operations) {
    const at = lowerBound(entries, key);
    const present = entries[at]?.key === key ? 1 : 0;
    if (value === undefined) entries.splice(at, present);
    else entries.splice(at, present, { key, value });
  }
}
