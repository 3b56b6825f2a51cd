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

export interface ResendDeps {
  readonly store: FixStore;
  readonly outbox: FixOutbox;
  readonly messages: FixMessages;
  readonly isWanted: (message: FixMessage) => boolean;
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
    let gapFrom = 0;
    for (let number = begin; number <= until; number++) {
      const message = this.#read(store.kept(number));
      if (message === undefined || !isWanted(message)) {
        if (gapFrom === 0) gapFrom = number;
        continue;
      }
      if (gapFrom > 0) this.#fill(gapFrom, number, now);
      gapFrom = 0;
      outbox.repeat(messages.again(message, number, now));
      count += 1;
    }
    if (gapFrom > 0) this.#fill(gapFrom, until + 1, now);
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

  #read(bytes: Uint8Array | undefined): FixMessage | undefined {
    if (bytes === undefined) return undefined;
    this.#stream.push(bytes);
    return this.#stream.next() ? this.#stream.message : undefined;
  }
}
