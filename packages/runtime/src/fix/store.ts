// What a session must not forget: the number of its next message, the number it expects, and the
// messages of the application it may be asked for again. Kept in a key-value store. What always
// holds: numbers and messages of one flush are one write, so that after any crash the next number
// is above every message that was kept; a reset begins a new generation, and what the old one kept
// goes away little by little.

import {
  type KeyValueEntry,
  type KeyValueOperation,
  type KeyValueStore,
  NdtsError,
  type Time,
} from '@ndts/protocol';

interface StateRecord {
  readonly generation: number;
  readonly outgoing: number;
  readonly incoming: number;
  readonly day: number;
  readonly nsOfDay: number;
}

export interface FixKept {
  readonly number: number;
  readonly bytes: Uint8Array;
}

const numberDigits = 10;
const pruneLimit = 256;
/** Messages a counterparty may still ask for; numbers that never begin again would grow the store
 * for ever. */
const keptMessages = 20_000;
const stateFields = ['generation', 'outgoing', 'incoming', 'day', 'nsOfDay'] as const;

export class FixStore {
  /** The number the next message gets. */
  outgoing = 1;
  /** The number expected next; what is below it had its effect. */
  incoming = 1;
  /** When these numbers began; undefined: never yet. */
  startedAt: Time | undefined;
  readonly #keyValue: KeyValueStore;
  readonly #prefix: string;
  #generation = 1;
  #operations: KeyValueOperation[] = [];
  #isChanged = false;
  #position = 0;
  #hasOld = true;
  readonly #keptMax: number;
  /** Nothing below it is left. */
  #prunedTo = 1;

  /** `name` tells the sessions of one store apart; `keptMax`: how many messages stay. */
  constructor(keyValue: KeyValueStore, name: string, keptMax = keptMessages) {
    this.#keptMax = keptMax;
    this.#keyValue = keyValue;
    this.#prefix = `fix/${name}/`;
    const bytes = keyValue.get(`${this.#prefix}state`);
    if (bytes !== undefined) this.#load(bytes);
  }

  /** The next message of ours. Without bytes it is one that is never sent again. */
  keep(bytes: Uint8Array | undefined): void {
    if (bytes !== undefined)
      this.#operations.push({ key: this.#key(this.#generation, this.outgoing), value: bytes });
    this.outgoing += 1;
    this.#isChanged = true;
  }

  /** A record of the application, in the same write as what it belongs to; undefined deletes. */
  note(key: string, value: Uint8Array | undefined): void {
    this.#operations.push({ key: `${this.#prefix}${key}`, value });
    this.#isChanged = true;
  }

  noted(key: string): Uint8Array | undefined {
    return this.#get(`${this.#prefix}${key}`);
  }

  /** Records whose key begins so, in order, after the key `after`. */
  notes(begin: string, after: string, limit: number): KeyValueEntry[] {
    this.flush();
    const [prefix, from] = [`${this.#prefix}${begin}`, `${this.#prefix}${after}`];
    const range = after === '' ? { prefix, limit } : { prefix, from, exclusive: true, limit };
    return this.#keyValue
      .scan(range)
      .map(({ key, value }) => ({ key: key.slice(this.#prefix.length), value }));
  }

  /** Everything below `number` had its effect. */
  taken(number: number): void {
    if (number === this.incoming) return;
    this.incoming = number;
    this.#isChanged = true;
  }

  /** Both sides begin at 1 again; nothing that was sent is sent again. */
  reset(startedAt: Time): void {
    this.#generation += 1;
    this.outgoing = 1;
    this.incoming = 1;
    this.startedAt = startedAt;
    this.#prunedTo = 1;
    this.#isChanged = true;
    this.#hasOld = true;
  }

  /** Writes what changed; returns the position at which it is durable. */
  flush(): number {
    if (!this.#isChanged) return this.#position;
    const state: StateRecord = {
      ...{ generation: this.#generation, outgoing: this.outgoing, incoming: this.incoming },
      ...{ day: this.startedAt?.day ?? 0, nsOfDay: this.startedAt?.nsOfDay ?? 0 },
    };
    const value = new TextEncoder().encode(JSON.stringify(state));
    const operations = [...this.#operations, { key: `${this.#prefix}state`, value }];
    this.#position = this.#keyValue.write(operations);
    this.#operations = [];
    this.#isChanged = false;
    return this.#position;
  }

  isDurable(position: number): boolean {
    return this.#keyValue.durablePosition() >= position;
  }

  durable(position: number): Promise<void> {
    return this.#keyValue.durable(position);
  }

  /** A message that was kept; undefined: none has this number, or it is not sent again. */
  kept(number: number): Uint8Array | undefined {
    return this.#get(this.#key(this.#generation, number));
  }

  /** The messages that were kept with numbers from `from` to `until`, in order, a page of them. */
  keptFrom(from: number, until: number, limit: number): FixKept[] {
    this.flush();
    const prefix = `${this.#prefix}out/${padded(this.#generation)}/`;
    return this.#keyValue
      .scan({ prefix, from: this.#key(this.#generation, from), limit })
      .map(({ key, value }) => ({ number: Number(key.slice(prefix.length)), bytes: value }))
      .filter(({ number }) => number <= until);
  }

  /** Removes some of what older generations kept, and of this one what is behind the newest
   * messages: asked for again it is covered by a gap fill. Returns how many. */
  prune(): number {
    if (!this.#hasOld) return this.#pruneBehind();
    const prefix = `${this.#prefix}out/`;
    const oldest = this.#keyValue.scan({ prefix, limit: pruneLimit });
    const current = `${prefix}${padded(this.#generation)}/`;
    const old = oldest.filter((entry) => !entry.key.startsWith(current));
    this.#hasOld = old.length === pruneLimit;
    if (old.length > 0) this.#keyValue.write(old.map(({ key }) => ({ key, value: undefined })));
    return old.length;
  }

  #pruneBehind(): number {
    const bound = this.outgoing - this.#keptMax;
    if (bound <= this.#prunedTo) return 0;
    const old = this.keptFrom(this.#prunedTo, bound - 1, pruneLimit);
    const operations = old.map(({ number }) => {
      return { key: this.#key(this.#generation, number), value: undefined };
    });
    if (operations.length > 0) this.#keyValue.write(operations);
    this.#prunedTo = old.length < pruneLimit ? bound : (old.at(-1)?.number ?? 0) + 1;
    return operations.length;
  }

  /** What a flush that is still to come will write counts, too. */
  #get(key: string): Uint8Array | undefined {
    const pending = this.#operations.findLast((operation) => operation.key === key);
    return pending === undefined ? this.#keyValue.get(key) : pending.value;
  }

  #key(generation: number, number: number): string {
    return `${this.#prefix}out/${padded(generation)}/${padded(number)}`;
  }

  #load(bytes: Uint8Array): void {
    let state: unknown;
    try {
      state = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      state = undefined;
    }
    if (!isState(state))
      throw new NdtsError('CORRUPT', `${this.#prefix}state: expected the numbers of a session`);
    this.#generation = state.generation;
    this.outgoing = state.outgoing;
    this.incoming = state.incoming;
    if (state.day > 0) this.startedAt = { day: state.day, nsOfDay: state.nsOfDay };
  }
}

function padded(number: number): string {
  return String(number).padStart(numberDigits, '0');
}

function isState(value: unknown): value is StateRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Record<string, unknown>;
  return stateFields.every((name) => Number.isSafeInteger(record[name]));
}
