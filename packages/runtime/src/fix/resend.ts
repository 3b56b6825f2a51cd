// Answers a ResendRequest from the store. What always holds: every number asked for is answered
// once, in order; a message of the application goes out as it was, marked as a possible duplicate,
// when the application still wants it; everything else is covered by gap fills.

import type { Time } from '@ndts/protocol';
import type { FixMessages } from './header.js';
import type { FixMessage } from './message.js';
import type { FixOutbox } from './outbox.js';
import type { FixStore } from './store.js';
import { FixStream } from './stream.js';
import { MessageType, Tag } from './tags.js';

const pageMessages = 256;

export interface ResendDeps {
  readonly store: FixStore;
  readonly outbox: FixOutbox;
  readonly messages: FixMessages;
  readonly isWanted: (message: FixMessage) => boolean;
}

/** One that fills no gap: its own number does not matter. */
export function isPlainReset(message: FixMessage): boolean {
  return message.type === MessageType.sequenceReset && !message.isYes(Tag.gapFillFlag);
}

export class FixResend {
  readonly #deps: ResendDeps;
  readonly #stream = new FixStream(Number.MAX_SAFE_INTEGER);

  constructor(deps: ResendDeps) {
    this.#deps = deps;
  }

  /** `end` 0: up to the last one. Returns how many went out again. */
  answer(begin: number, end: number, now: Time): number {
    const { store, outbox, messages, isWanted } = this.#deps;
    const last = store.outgoing - 1;
    const until = end === 0 || end > last ? last : end;
    let count = 0;
    /** All below it is answered. */
    let next = begin;
    for (let from = begin; from <= until; ) {
      const page = store.keptFrom(from, until, pageMessages);
      for (const { number, bytes } of page) {
        const message = this.#read(bytes);
        if (message === undefined || !isWanted(message)) continue;
        if (number > next) this.#fill(next, number, now);
        outbox.repeat(messages.again(message, number, now));
        next = number + 1;
        count += 1;
      }
      from = page.length < pageMessages ? until + 1 : (page.at(-1)?.number ?? until) + 1;
    }
    if (next <= until) this.#fill(next, until + 1, now);
    return count;
  }

  #fill(from: number, next: number, now: Time): void {
    const { outbox, messages } = this.#deps;
    const bytes = messages.make(
      MessageType.sequenceReset,
      from,
      now,
      (writer) => {
        writer.flag(Tag.gapFillFlag, true);
        writer.whole(Tag.newSeqNo, next);
      },
      { possDup: true, origSendingTime: now },
    );
    outbox.repeat(bytes);
  }

  #read(bytes: Uint8Array): FixMessage | undefined {
    this.#stream.push(bytes);
    return this.#stream.next() ? this.#stream.message : undefined;
  }
}
