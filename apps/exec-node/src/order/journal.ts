// The order journal: every event under a key that grows, in batches. It is the truth: orders,
// positions and trading state are a fold of it. What always holds: keys are
// `exec/event/<20 digits>` without gaps; one flush is one atomic write; a batch that could not be
// written is kept and written again with the same keys, so nothing is skipped or doubled.
//
// Beside each fill stands `exec/trade/<venue>/<trade id>` -> its sequence (u64), written in the
// same batch: what makes a fill idempotent for ever, without keeping all trade ids in memory.

import type { KeyValueOperation, KeyValueStore } from '@ndts/protocol';

const eventPrefix = 'exec/event/';
const tradePrefix = 'exec/trade/';
const pageEntries = 8192;

export class EventJournal {
  readonly #store: KeyValueStore;
  readonly #pending: KeyValueOperation[] = [];
  #nextSequence = 1;
  #position = 0;

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  /** Sequence the next event will get. */
  get nextSequence(): number {
    return this.#nextSequence;
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
    this.#pending.push({ key: `${tradePrefix}${venue}/${tradeId}`, value: number64(sequence) });
    return sequence;
  }

  /** True when a fill of that id was written before. */
  knowsTrade(venue: string, tradeId: string): boolean {
    return this.#store.get(`${tradePrefix}${venue}/${tradeId}`) !== undefined;
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

  /** Hands every event of the journal to `apply`, oldest first, and continues behind it. */
  replay(apply: (sequence: number, value: Uint8Array) => void): number {
    let from: string | undefined;
    let events = 0;
    for (;;) {
      const page = this.#store.scan({
        prefix: eventPrefix,
        limit: pageEntries,
        ...(from === undefined ? {} : { from, exclusive: true }),
      });
      for (const entry of page) {
        const sequence = Number(entry.key.slice(eventPrefix.length));
        apply(sequence, entry.value);
        this.#nextSequence = sequence + 1;
      }
      events += page.length;
      if (page.length < pageEntries) return events;
      from = page[page.length - 1]?.key;
    }
  }
}

function eventKey(sequence: number): string {
  return eventPrefix + String(sequence).padStart(20, '0');
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
