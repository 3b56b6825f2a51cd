// What goes out: numbered, kept, and then written to the connection. What always holds: a message
// reaches the wire after it and its number are in the store, accepted or durable as is asked for;
// messages leave in the order of their numbers; what a lost connection had waiting is not written
// to the next one, where the counterparty asks for it.

import type { FixStore } from './store.js';

/** One connection, as a session sees it. */
export interface FixWire {
  write(bytes: Uint8Array): void;
  /** Ends the connection when what was written is out. */
  end(): void;
}

interface Waiting {
  readonly position: number;
  /** undefined: the end of the connection. */
  readonly bytes: Uint8Array | undefined;
}

export class FixOutbox {
  readonly #store: FixStore;
  readonly #isDurable: boolean;
  readonly #failed: (error: unknown) => void;
  #wire: FixWire | undefined;
  #fresh: (Uint8Array | undefined)[] = [];
  #waiting: Waiting[] = [];
  #isSyncing = false;

  constructor(store: FixStore, isDurable: boolean, failed: (error: unknown) => void) {
    this.#store = store;
    this.#isDurable = isDurable;
    this.#failed = failed;
  }

  open(wire: FixWire): void {
    this.forget();
    this.#wire = wire;
  }

  close(): void {
    this.forget();
    this.#wire = undefined;
  }

  /** What did not leave has numbers that begin again: it would be taken for a later message. */
  forget(): void {
    this.#fresh = [];
    this.#waiting = [];
  }

  /** `kept`: what a resend needs of it; undefined: it is never sent again. */
  number(bytes: Uint8Array, kept: Uint8Array | undefined): void {
    this.#store.keep(kept);
    this.#fresh.push(bytes);
  }

  /** Without a number of its own: a resend. */
  repeat(bytes: Uint8Array): void {
    this.#fresh.push(bytes);
  }

  /** The connection ends behind what was given before. */
  end(): void {
    this.#fresh.push(undefined);
  }

  flush(): void {
    let position: number;
    try {
      position = this.#store.flush();
    } catch (error) {
      this.#fresh = [];
      this.#failed(error);
      return;
    }
    if (this.#fresh.length === 0) return;
    for (const bytes of this.#fresh) this.#waiting.push({ position, bytes });
    this.#fresh = [];
    this.#write();
  }

  #write(): void {
    const wire = this.#wire;
    let count = 0;
    for (const { position, bytes } of this.#waiting) {
      if (this.#isDurable && !this.#store.isDurable(position)) break;
      count += 1;
      if (bytes === undefined) wire?.end();
      else wire?.write(bytes);
    }
    this.#waiting.splice(0, count);
    const last = this.#waiting.at(-1);
    if (last !== undefined && !this.#isSyncing) this.#sync(last.position);
  }

  #sync(position: number): void {
    this.#isSyncing = true;
    this.#store.durable(position).then(
      () => {
        this.#isSyncing = false;
        this.#write();
      },
      (error: unknown) => {
        this.#isSyncing = false;
        this.#failed(error);
      },
    );
  }
}
