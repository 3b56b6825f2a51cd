// The head of every message: who sends, to whom, which number, when. One place writes it, so that a
// message and its resend differ in what the standard says and in nothing else.

import type { Time } from '@ndts/protocol';
import type { FixMessage } from './message.js';
import { Tag } from './tags.js';
import { FixWriter } from './writer.js';

export interface FixIdentity {
  /** FIX.4.4 */
  readonly beginString: string;
  readonly senderCompId: string;
  readonly targetCompId: string;
  readonly senderSubId?: string | undefined;
  readonly targetSubId?: string | undefined;
}

/** How a message that was sent before, or may have been, says so. */
export interface FixRepeat {
  readonly possDup?: boolean;
  readonly possResend?: boolean;
  readonly origSendingTime?: Time | undefined;
}

export type FixBody = (writer: FixWriter) => void;

const none: FixRepeat = {};
const noBody: FixBody = () => undefined;
/** Not copied into a resend: they are written anew. */
const headTags = new Set<number>([
  ...[Tag.beginString, Tag.bodyLength, Tag.msgType, Tag.senderCompId, Tag.targetCompId],
  ...[Tag.senderSubId, Tag.targetSubId, Tag.msgSeqNum, Tag.sendingTime, Tag.possDupFlag],
  ...[Tag.origSendingTime, Tag.possResend],
]);

export class FixMessages {
  readonly #identity: FixIdentity;
  readonly #writer: FixWriter;

  constructor(identity: FixIdentity) {
    this.#identity = identity;
    this.#writer = new FixWriter(identity.beginString);
  }

  make(
    type: string,
    number: number,
    time: Time,
    body: FixBody = noBody,
    repeat: FixRepeat = none,
  ): Uint8Array {
    const writer = this.#writer;
    const { senderCompId, targetCompId, senderSubId, targetSubId } = this.#identity;
    writer.begin(type);
    writer.text(Tag.senderCompId, senderCompId);
    writer.text(Tag.targetCompId, targetCompId);
    if (senderSubId !== undefined) writer.text(Tag.senderSubId, senderSubId);
    if (targetSubId !== undefined) writer.text(Tag.targetSubId, targetSubId);
    writer.whole(Tag.msgSeqNum, number);
    if (repeat.possDup === true) writer.flag(Tag.possDupFlag, true);
    if (repeat.possResend === true) writer.flag(Tag.possResend, true);
    writer.time(Tag.sendingTime, time);
    if (repeat.origSendingTime !== undefined)
      writer.time(Tag.origSendingTime, repeat.origSendingTime);
    body(writer);
    return writer.finish();
  }

  /** The same message again, as one that may have come before. */
  again(message: FixMessage, number: number, time: Time): Uint8Array {
    const origSendingTime = message.time(Tag.sendingTime) ?? time;
    const body: FixBody = (writer) => {
      for (let index = 0; index < message.count; index++) {
        const tag = message.tags[index] ?? 0;
        if (headTags.has(tag)) continue;
        writer.raw(tag, message.bytes, message.starts[index] ?? 0, message.ends[index] ?? 0);
      }
    };
    const possResend = message.isYes(Tag.possResend);
    return this.make(message.type, number, time, body, {
      ...{ possDup: true, possResend, origSendingTime },
    });
  }
}
