// What comes in on a connection, message by message. What always holds: a message of which the rest
// does not come for long does not hold up those behind it. Its length may be wrong; then what
// follows it is there already.

import { type Clock, nsPerMs } from '@ndts/protocol';
import type { Logger } from '../log/logger.js';
import type { FixMessage } from './message.js';
import type { FixSettings } from './session-options.js';
import { FixStream, messageBytesMaxDefault } from './stream.js';

const restTimeoutMsDefault = 3000;

export class FixInbox {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #stream: FixStream;
  readonly #restTimeoutNs: number;
  /** Since when the beginning of a message waits for its rest. */
  #sinceNs = 0;
  #garbled = 0;

  constructor(settings: FixSettings, clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
    this.#stream = new FixStream(settings.messageBytesMax ?? messageBytesMaxDefault);
    this.#restTimeoutNs = (settings.restTimeoutMs ?? restTimeoutMsDefault) * nsPerMs;
  }

  clear(): void {
    this.#stream.clear();
  }

  push(bytes: Uint8Array): void {
    if (!this.#stream.hasRest) this.#sinceNs = this.#clock.monotonicNs();
    this.#stream.push(bytes);
  }

  /** The next whole message; lent until the next call. */
  next(): FixMessage | undefined {
    const isThere = this.#stream.next();
    if (this.#stream.garbled > this.#garbled) {
      const count = this.#stream.garbled - this.#garbled;
      this.#logger.warn({ count }, 'garbled FIX messages ignored');
      this.#garbled = this.#stream.garbled;
    }
    if (!isThere) return undefined;
    this.#sinceNs = this.#clock.monotonicNs();
    return this.#stream.message;
  }

  /** True: a beginning was given up, and next() may find what follows it. */
  givesUp(): boolean {
    const nowNs = this.#clock.monotonicNs();
    if (!this.#stream.hasRest || nowNs - this.#sinceNs < this.#restTimeoutNs) return false;
    this.#stream.skip();
    this.#sinceNs = nowNs;
    return true;
  }
}
