// Changes of orders on their way to a strategy's process that runs. They are told as they come;
// what may have come while nobody listened is asked for, from the last one it knows on. Always:
// each change is told once, in the order of revisions; while it is asked nothing is told, and what
// comes meanwhile waits.

import type { NumberedUpdate } from './host-protocol.js';

/** What an exec node holds of the orders of one instance. */
export interface OrdersFound {
  /** No change up to now has a higher one. */
  readonly revision: number;
  /** The highest ordinal that was received of its signals; -1: none. */
  readonly highest: number;
  /** Those that changed behind the revision that was asked for. */
  readonly updates: readonly NumberedUpdate[];
}

export interface OrderFeedOptions {
  /** UNAVAILABLE, TIMEOUT: nobody answers now. */
  readonly find: (after: number) => Promise<OrdersFound>;
  readonly tell: (one: NumberedUpdate) => void;
}

export class OrderFeed {
  readonly #options: OrderFeedOptions;
  #state: 'closed' | 'open' | 'asking' | 'live' = 'closed';
  /** Revision of the last one it was told. */
  #told = 0;
  #waiting: NumberedUpdate[] = [];

  constructor(options: OrderFeedOptions) {
    this.#options = options;
  }

  /** It runs, and knows all up to this revision. */
  open(told: number): void {
    this.#told = told;
    this.#state = 'open';
    this.ask();
  }

  order(one: NumberedUpdate): void {
    if (this.#state === 'live') this.#tell(one);
    else if (this.#state === 'asking') this.#waiting.push(one);
  }

  /** Again, where nobody has answered. */
  ask(): void {
    if (this.#state !== 'open') return;
    this.#state = 'asking';
    this.#options.find(this.#told).then(
      ({ updates }) => {
        if (this.#state !== 'asking') return;
        this.#state = 'live';
        for (const one of updates) this.#tell(one);
        for (const one of this.#waiting.splice(0)) this.#tell(one);
      },
      () => {
        if (this.#state === 'asking') this.#state = 'open';
        this.#waiting = [];
      },
    );
  }

  close(): void {
    this.#state = 'closed';
    this.#waiting = [];
  }

  #tell(one: NumberedUpdate): void {
    if (one.number <= this.#told) return;
    this.#told = one.number;
    this.#options.tell(one);
  }
}
