// The order journal: every event under a key that grows, in batches. It is the truth: orders,
// positions and trading state are a fold of it. What always holds: keys are
// `exec/event/<20 digits>` without gaps; one flush is one atomic write; a batch that could not be
// written is kept and written again with the same keys, so nothing is skipped or doubled; an event
// is deleted only after a snapshot that covers it was written.
//
// Beside each fill stands `exec/trade/<venue>/<trade id>` -> its sequence (u64), written in the
// same batch: what makes a fill idempotent without keeping all trade ids in memory. Where a venue
// numbers its trades, ids go with their events and leave `exec/trade-floor/<venue>`: every number
// up to it is known. `exec/snapshot` holds the newest snapshot.

import {
  decodeFill,
  decodeVenueStanding,
  encodeVenueStanding,
  type KeyValueOperation,
  type KeyValueStore,
  MessageKind,
  messageKind,
  NdtsError,
} from '@ndts/protocol';

const eventPrefix = 'exec/event/';
const tradePrefix = 'exec/trade/';
const floorPrefix = 'exec/trade-floor/';
const snapshotKey = 'exec/snapshot';
const pageEntries = 8192;

/** Whether a venue's trade ids end in a number that grows with every execution. */
export type NumbersTrades = (venue: string) => boolean;

export class EventJournal {
  readonly #store: KeyValueStore;
  readonly #numbersTrades: NumbersTrades;
  readonly #floors = new Map<string, number>();
  readonly #pending: KeyValueOperation[] = [];
  #nextSequence = 1;
  #oldest = 1;
  #covered = 0;
  #position = 0;

  constructor(store: KeyValueStore, numbersTrades: NumbersTrades = () => false) {
    this.#store = store;
    this.#numbersTrades = numbersTrades;
  }

  /** Sequence the next event will get. */
  get nextSequence(): number {
    return this.#nextSequence;
  }

  /** The oldest event that is still there, or the next one. */
  get oldest(): number {
    return this.#oldest;
  }

  /** The last event the newest snapshot covers; 0: there is no snapshot. */
  get covered(): number {
    return this.#covered;
  }

  /** Position of the last write. */
  get position(): number {
    return this.#position;
  }

  /** Operations not yet written. */
  get pending(): number {
    return this.#pending.length;
  }

  durablePosition(): number {
    return this.#store.durablePosition();
  }

  durable(): Promise<void> {
    return this.#store.durable(this.#position);
  }

  /** Queues an encoded event for the next flush; returns its sequence. */
  append(value: Uint8Array): number {
    const sequence = this.#nextSequence++;
    this.#pending.push({ key: eventKey(sequence), value });
    return sequence;
  }

  /** As append, for a fill. */
  appendFill(value: Uint8Array, venue: string, tradeId: string): number {
    const sequence = this.append(value);
    this.#pending.push({ key: tradeKey(venue, tradeId), value: number64(sequence) });
    return sequence;
  }

  /** True when a fill of that id was written before. */
  knowsTrade(venue: string, tradeId: string): boolean {
    const number = this.#tradeNumber(venue, tradeId);
    if (number !== undefined && number <= (this.#floors.get(venue) ?? 0)) return true;
    return this.#store.get(tradeKey(venue, tradeId)) !== undefined;
  }

  /** Writes what is pending, in one write; returns how many operations. Throws what the store
   * throws; nothing is lost then. */
  flush(): number {
    const count = this.#pending.length;
    if (count === 0) return 0;
    this.#position = this.#store.write(this.#pending);
    this.#pending.length = 0;
    return count;
  }

  /** Writes a snapshot that covers every event so far; nothing may be pending. Throws what the
   * store throws; the snapshot before then stays. */
  snapshot(value: Uint8Array): void {
    if (this.pending > 0) throw new NdtsError('INTERNAL', 'a snapshot ahead of the journal');
    this.#position = this.#store.write([{ key: snapshotKey, value }]);
    this.#covered = this.#nextSequence - 1;
  }

  /** Deletes up to so many of the oldest events that are covered and not among the newest `kept`;
   * returns how many. Throws what the store throws; nothing is deleted then. */
  prune(kept: number, limit: number): number {
    const end = Math.min(this.#covered, this.#nextSequence - 1 - kept);
    const count = Math.min(limit, end - this.#oldest + 1);
    if (count <= 0) return 0;
    const floors = new Map<string, { number: number; tradeId: string }>();
    const operations: KeyValueOperation[] = [];
    const page = this.#store.scan({
      ...{ prefix: eventPrefix, from: eventKey(this.#oldest), limit: count },
    });
    for (const { key, value } of page) {
      operations.push({ key, value: undefined });
      if (messageKind(value) !== MessageKind.Fill) continue;
      const { venue, tradeId } = decodeFill(value);
      const number = this.#tradeNumber(venue, tradeId);
      if (number === undefined) continue;
      operations.push({ key: tradeKey(venue, tradeId), value: undefined });
      if (number > (floors.get(venue)?.number ?? this.#floors.get(venue) ?? 0))
        floors.set(venue, { number, tradeId });
    }
    for (const [venue, { tradeId }] of floors)
      operations.push({ key: floorPrefix + venue, value: encodeVenueStanding({ venue, tradeId }) });
    this.#position = this.#store.write(operations);
    this.#oldest += page.length;
    for (const [venue, { number }] of floors) this.#floors.set(venue, number);
    return page.length;
  }

  /** Hands over the events that are still there, from this one on and before `end`, oldest first;
   * returns where to go on. */
  read(from: number, end: number, take: (sequence: number, value: Uint8Array) => void): number {
    const first = Math.max(from, this.#oldest);
    if (first >= end) return Math.max(from, end);
    const range = { prefix: eventPrefix, from: eventKey(first), limit: end - first };
    for (const { key, value } of this.#store.scan(range)) {
      const sequence = sequenceOf(key);
      if (sequence < end) take(sequence, value);
    }
    return end;
  }

  /** Hands the newest snapshot to `restore`, which returns the last event it covers, and every
   * event behind it to `apply`, oldest first; continues there. Returns how many events. */
  replay(
    apply: (sequence: number, value: Uint8Array) => void,
    restore: (snapshot: Uint8Array) => number,
  ): number {
    this.#loadFloors();
    const [first] = this.#store.scan({ prefix: eventPrefix, limit: 1 });
    const snapshot = this.#store.get(snapshotKey);
    this.#covered = snapshot === undefined ? 0 : restore(snapshot);
    this.#nextSequence = this.#covered + 1;
    this.#oldest = first === undefined ? this.#nextSequence : sequenceOf(first.key);
    let events = 0;
    for (;;) {
      const page = this.#store.scan({
        ...{ prefix: eventPrefix, from: eventKey(this.#nextSequence), limit: pageEntries },
      });
      for (const { key, value } of page) {
        const sequence = sequenceOf(key);
        if (sequence !== this.#nextSequence) throw missing(this.#nextSequence, sequence);
        apply(sequence, value);
        this.#nextSequence += 1;
      }
      events += page.length;
      if (page.length < pageEntries) return events;
    }
  }

  #loadFloors(): void {
    for (const { value } of this.#store.scan({ prefix: floorPrefix })) {
      const { venue, tradeId } = decodeVenueStanding(value);
      this.#floors.set(venue, numberIn(tradeId) ?? 0);
    }
  }

  /** undefined: the venue does not number its trades. */
  #tradeNumber(venue: string, tradeId: string): number | undefined {
    return this.#numbersTrades(venue) ? numberIn(tradeId) : undefined;
  }
}

function missing(expected: number, found: number): NdtsError {
  return new NdtsError(
    'CORRUPT',
    `the order journal lacks event ${expected}: expected it, found ${found}`,
  );
}

function numberIn(tradeId: string): number | undefined {
  const digits = /\d+$/.exec(tradeId)?.[0];
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : undefined;
}

function eventKey(sequence: number): string {
  return eventPrefix + String(sequence).padStart(20, '0');
}

function sequenceOf(key: string): number {
  return Number(key.slice(eventPrefix.length));
}

function tradeKey(venue: string, tradeId: string): string {
  return `${tradePrefix}${venue}/${tradeId}`;
}

/** Little-endian u64, without a view: a small array lives on the heap of JavaScript. */
function number64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  let rest = value;
  for (let index = 0; rest > 0; index++) {
    bytes[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}
