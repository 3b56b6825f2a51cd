// hot: no allocation after init
// Hands batches to the database and holds on to a batch it refuses. A full or failing disk must
// not lose a tick that was polled: the batch stays, polling stops, and appending is tried again
// until it goes. Always: a batch is appended exactly once, however often it is offered before
// release().

import { type Clock, errorLine, nsPerMs } from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';

const retryNs = 100 * nsPerMs;

export class Appender<Batch extends { count: number }> {
  readonly #append: (batch: Batch) => number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #isAppended = false;
  #reason = '';
  #retryAtNs = 0;
  #retries = 0;
  #position = 0;
  #accepted = 0;

  /** @param append returns the log position, or throws and takes nothing */
  constructor(append: (batch: Batch) => number, clock: Clock, logger: Logger) {
    this.#append = append;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Why a batch is held; empty when none is. */
  get reason(): string {
    return this.#reason;
  }

  get retries(): number {
    return this.#retries;
  }

  /** Rows accepted since the start. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Log position of the last accepted batch. */
  get position(): number {
    return this.#position;
  }

  /** True once the batch is accepted; false while there is nothing or the database refuses it. */
  append(batch: Batch): boolean {
    if (this.#isAppended) return true;
    if (batch.count === 0) return false;
    if (this.#reason !== '' && this.#clock.monotonicNs() < this.#retryAtNs) return false;
    try {
      this.#position = this.#append(batch);
    } catch (error) {
      this.#hold(error, batch.count);
      return false;
    }
    if (this.#reason !== '') this.#logger.info({ rows: batch.count }, 'appending goes on');
    this.#reason = '';
    this.#isAppended = true;
    this.#accepted += batch.count;
    return true;
  }

  /** The batch was passed on; the next one may come. */
  release(batch: Batch): void {
    batch.count = 0;
    this.#isAppended = false;
  }

  #hold(error: unknown, rows: number): void {
    const reason = errorLine(error);
    this.#retries += 1;
    this.#retryAtNs = this.#clock.monotonicNs() + retryNs;
    if (reason !== this.#reason) this.#logger.error({ rows, reason }, 'append refused; holding');
    this.#reason = reason;
  }
}
