// Our order ids and what CTP calls them: front, session and reference. What always holds: a
// reference is written before it is sent, is given once, and grows over sessions and restarts, also
// above what the front has seen; an id that has none was never sent.

import { type KeyValueStore, NdtsError } from '@ndts/protocol';
import { dayOfDate } from '@ndts/runtime/ctp';

export interface CtpReference {
  readonly id: string;
  readonly ref: string;
  readonly frontId: number;
  readonly sessionId: number;
  /** The trading day it was sent on: no order outlives its own. */
  readonly tradingDay: string;
  readonly symbol: number;
  readonly side: number;
  readonly volume: number;
}

/** As the API has room for. */
const refDigits = 12;
const daysKept = 10;

export class CtpReferences {
  readonly #store: KeyValueStore;
  readonly #prefix: string;
  readonly #byId = new Map<string, CtpReference>();
  readonly #byRef = new Map<string, CtpReference>();
  #last = 0;

  constructor(store: KeyValueStore, venue: string) {
    this.#store = store;
    this.#prefix = `ctp/${venue}/ref/`;
    for (const { key, value } of store.scan({ prefix: this.#prefix })) {
      const reference = decode(key, value);
      this.#add(reference);
      this.#last = Math.max(this.#last, Number(reference.ref));
    }
  }

  byId(id: string): CtpReference | undefined {
    return this.#byId.get(id);
  }

  /** Of a record of the venue: another session's order may have the same reference. */
  of(ref: string, frontId: number, sessionId: number): CtpReference | undefined {
    const found = this.byRef(ref);
    return found?.frontId === frontId && found.sessionId === sessionId ? found : undefined;
  }

  byRef(ref: string): CtpReference | undefined {
    return this.#byRef.get(ref.trim().padStart(refDigits, '0'));
  }

  /** Gives the next reference; returns it with the position from which on it may be sent. */
  give(order: Omit<CtpReference, 'ref'>): { reference: CtpReference; position: number } {
    const ref = String(this.#last + 1).padStart(refDigits, '0');
    if (ref.length > refDigits) throw new NdtsError('INTERNAL', 'no reference is left for orders');
    const reference = { ...order, ref };
    const value = new TextEncoder().encode(JSON.stringify(reference));
    const position = this.#store.write([{ key: this.#prefix + ref, value }]);
    this.#last += 1;
    this.#add(reference);
    return { reference, position };
  }

  /** After a log-in: the next reference is above what the front has seen; old ones go, but the
   * newest. */
  begin(maxOrderRef: string, tradingDay: string): void {
    const seen = Number(maxOrderRef.trim());
    if (Number.isSafeInteger(seen) && seen > this.#last) this.#last = seen;
    const oldest = (dayOfDate(Number(tradingDay)) ?? 0) - daysKept;
    const past = [...this.#byRef.values()]
      .slice(0, -1)
      .filter((one) => (dayOfDate(Number(one.tradingDay)) ?? 0) < oldest);
    if (past.length === 0) return;
    this.#store.write(past.map(({ ref }) => ({ key: this.#prefix + ref, value: undefined })));
    for (const { id, ref } of past) {
      this.#byRef.delete(ref);
      this.#byId.delete(id);
    }
  }

  #add(reference: CtpReference): void {
    this.#byId.set(reference.id, reference);
    this.#byRef.set(reference.ref, reference);
  }
}

function decode(key: string, bytes: Uint8Array): CtpReference {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as CtpReference;
  } catch (error) {
    throw new NdtsError('CORRUPT', `${key}: expected a reference of CTP`, { cause: error });
  }
}
