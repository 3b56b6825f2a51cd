// What ends a session: its time limit, its signal, its end. The engine stops between vectors of
// rows; who waits is answered a moment later even where it does not, and the session is left to
// end by itself.
//
// Always: a call that runs is answered within the limit and the grace; a session that was left is
// counted by its database until its thread is done.

import type { SqlSession } from '@ndts/native/sql';
import { type Clock, NdtsError, type Timer } from '@ndts/protocol';

export interface WatchOptions {
  readonly session: Pick<SqlSession, 'stop' | 'close' | 'leave'>;
  readonly clock: Clock;
  /** 0: none. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

type Reason = 'CANCELLED' | 'TIMEOUT';

/** How long the engine may take to stop. */
const graceMs = 500;

const messages: Readonly<Record<Reason, string>> = {
  TIMEOUT: 'the query took longer than it may',
  CANCELLED: 'the query was stopped',
};

export class Watch {
  readonly #session: WatchOptions['session'];
  readonly #clock: Clock;
  readonly #timer: Timer | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#stop('CANCELLED');
  /** Rejects when the session is left. */
  readonly #left: Promise<never>;
  #leave: (error: NdtsError) => void = () => undefined;
  #reason: Reason | undefined;
  #grace: Timer | undefined;
  #running = 0;
  #closing: Promise<void> | undefined;

  constructor({ session, clock, timeoutMs, signal }: WatchOptions) {
    this.#session = session;
    this.#clock = clock;
    this.#signal = signal;
    this.#left = new Promise<never>((_, reject) => {
      this.#leave = reject;
    });
    this.#left.catch(() => undefined); // told by run(), if anybody waits
    if (timeoutMs > 0) this.#timer = clock.setTimer(timeoutMs, () => this.#stop('TIMEOUT'));
    signal?.addEventListener('abort', this.#onAbort);
    if (signal?.aborted === true) this.#onAbort();
  }

  /** What `action` asks of the session; its error, or why it was stopped. */
  async run<T>(action: () => Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      return await Promise.race([action(), this.#left]);
    } finally {
      this.#running -= 1;
    }
  }

  /** Waits for the end of the session, but not for ever. Twice is allowed. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #stop(reason: Reason): void {
    this.#reason ??= reason;
    this.#session.stop(reason);
    this.#leaveLater();
  }

  /** Only who waits, for an answer or for the end, is let go. */
  #leaveLater(): void {
    this.#grace?.cancel();
    this.#grace = this.#clock.setTimer(graceMs, () => {
      if (this.#running === 0 && this.#closing === undefined) return;
      const reason = this.#reason ?? 'CANCELLED';
      this.#session.leave();
      this.#leave(new NdtsError(reason, messages[reason]));
    });
  }

  async #close(): Promise<void> {
    this.#timer?.cancel();
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#leaveLater();
    const left = this.#left.catch(() => undefined);
    await Promise.race([this.#session.close(), left]).finally(() => this.#grace?.cancel());
  }
}
