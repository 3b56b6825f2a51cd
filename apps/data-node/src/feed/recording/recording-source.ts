// A recording in the place of a venue: the same messages with the same times of receipt, at their
// own pace, a factor of it, or as fast as they are taken. Always: what the decoder sees is what it
// saw then, in that order, new connections and subscriptions among it.

import {
  type Clock,
  errorLine,
  nsBetween,
  nsPerDay,
  nsPerMs,
  type Time,
  type Timer,
} from '@ndts/protocol';
import type { MessageConnection, MessageEvents, MessageSource } from '../message-source.js';
import { recordKinds, type RecordingRecord } from './recording-format.js';
import { type BadStretch, RecordingReader } from './recording-reader.js';

export interface RecordingSourceOptions {
  readonly paths: readonly string[];
  /** 0: as fast as they are taken. */
  readonly speed: number;
  readonly clock: Clock;
  /** Names that were subscribed to then; what follows waits for it. */
  readonly onSubscribed: (names: readonly string[]) => Promise<void>;
  /** What follows waits for it, too: rows that were polled then must not be given up now. */
  readonly onUnsubscribed: (names: readonly string[]) => Promise<void>;
  readonly onBad: (bad: BadStretch) => void;
  readonly onEnd: () => void;
}

/** Messages handed out before others get their turn. */
const atOnce = 256;
/** Longer ones between two messages are not waited for. */
const holeNs = nsPerDay;

class Replay implements MessageConnection {
  readonly #options: RecordingSourceOptions;
  readonly #events: MessageEvents;
  readonly #reader: RecordingReader;
  #isClosed = false;
  #isPaused = false;
  #wake: (() => void) | undefined;
  #timer: Timer | undefined;
  /** What was due at #fromNs of the clock, and the newest that was due. */
  #from: Time | undefined;
  #fromNs = 0;
  #last: Time | undefined;
  #opened = 0;
  readonly #run: Promise<void>;
  readonly flow = {
    pause: (): void => {
      this.#isPaused = true;
    },
    resume: (): void => {
      this.#isPaused = false;
      this.#wake?.();
    },
  };

  constructor(options: RecordingSourceOptions, events: MessageEvents) {
    this.#options = options;
    this.#events = events;
    this.#reader = new RecordingReader(options.paths, options.onBad);
    this.#run = this.#replay();
  }

  subscribe(): void {}

  unsubscribe(): void {}

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake?.();
    await this.#run;
  }

  async #replay(): Promise<void> {
    await Promise.resolve(); // the feed takes nothing before it has its connection
    try {
      for (;;) {
        const records = this.#isClosed ? undefined : await this.#reader.next();
        if (records === undefined) break;
        await this.#replayBlock(records);
      }
    } catch (error) {
      // To begin again would give every message twice: it ends here, and says why.
      this.#options.onBad({ path: errorLine(error), offset: 0, bytes: 0, isTail: false });
    } finally {
      if (!this.#isClosed) this.#options.onEnd();
      await this.#reader.close();
    }
  }

  async #replayBlock(records: readonly RecordingRecord[]): Promise<void> {
    let turn = 0;
    for (const record of records) {
      if (this.#isClosed) return;
      turn += 1;
      if (turn % atOnce === 0) await Promise.resolve();
      while (this.#isPaused && !this.#isClosed) await this.#sleep(undefined);
      if (this.#options.speed > 0) await this.#untilDue(record.at);
      if (this.#isClosed) return;
      await this.#hand(record);
    }
  }

  /** A promise only where something must be waited for. */
  #hand({ kind, bytes, at }: RecordingRecord): Promise<void> | undefined {
    if (kind === recordKinds.message) this.#events.message(bytes, at);
    else if (kind === recordKinds.opened) {
      if (this.#opened > 0) this.#events.reopened();
      this.#opened += 1;
    } else if (kind === recordKinds.subscribed) return this.#options.onSubscribed(namesOf(bytes));
    else return this.#options.onUnsubscribed(namesOf(bytes));
    return undefined;
  }

  async #untilDue(at: Time): Promise<void> {
    const { clock, speed } = this.#options;
    const last = this.#last;
    if (last === undefined || Math.abs(nsBetween(at, last)) > holeNs) {
      this.#from = at;
      this.#fromNs = clock.monotonicNs();
    }
    this.#last = at;
    const from = this.#from ?? at;
    for (;;) {
      const dueNs = nsBetween(at, from) / speed;
      const restNs = dueNs - (clock.monotonicNs() - this.#fromNs);
      if (restNs <= 0 || this.#isClosed) return;
      await this.#sleep(restNs / nsPerMs);
    }
  }

  /** Until the time is over, or it is resumed or closed. */
  async #sleep(ms: number | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (ms !== undefined) this.#timer = this.#options.clock.setTimer(ms, resolve);
    });
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#wake = undefined;
  }
}

function namesOf(bytes: Uint8Array): string[] {
  const names: unknown = JSON.parse(Buffer.from(bytes).toString());
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

export class RecordingSource implements MessageSource {
  readonly #options: RecordingSourceOptions;

  constructor(options: RecordingSourceOptions) {
    this.#options = options;
  }

  async open(events: MessageEvents): Promise<MessageConnection> {
    return new Replay(this.#options, events);
  }
}
