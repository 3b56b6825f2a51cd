// What can be wrong with the head of a message, and the words in which faults are said.

import { nsBetween, nsPerMs, type Time } from '@ndts/protocol';
import type { FixFault } from './dictionary.js';
import type { FixIdentity } from './header.js';
import type { FixMessage } from './message.js';
import type { FixSettings } from './session-options.js';
import { MessageType, RejectReason, Tag } from './tags.js';

const toleranceMsDefault = 120_000;

/** Whether it is for this session, and of this time. */
export function headFault(
  message: FixMessage,
  settings: FixSettings,
  now: Time,
): FixFault | undefined {
  const { sendingTimeToleranceMs = toleranceMsDefault } = settings;
  return identityFault(message, settings) ?? timeFault(message, now, sendingTimeToleranceMs);
}

function identityFault(message: FixMessage, identity: FixIdentity): FixFault | undefined {
  const reason = RejectReason.compIdProblem;
  if (message.text(Tag.senderCompId) !== identity.targetCompId)
    return { reason, tag: Tag.senderCompId };
  if (message.text(Tag.targetCompId) !== identity.senderCompId)
    return { reason, tag: Tag.targetCompId };
  return undefined;
}

export function tooLowText(expected: number, found: number): string {
  return `MsgSeqNum too low, expecting ${expected} but received ${found}`;
}

const faultTexts: Readonly<Record<RejectReason, string>> = {
  [RejectReason.invalidTag]: 'invalid tag number',
  [RejectReason.requiredTagMissing]: 'required tag missing',
  [RejectReason.tagWithoutValue]: 'tag specified without a value',
  [RejectReason.incorrectValue]: 'value is incorrect for this tag',
  [RejectReason.incorrectFormat]: 'incorrect data format for value',
  [RejectReason.compIdProblem]: 'CompID problem',
  [RejectReason.sendingTimeProblem]: 'SendingTime accuracy problem',
  [RejectReason.invalidMessageType]: 'invalid MsgType',
  [RejectReason.tagMoreThanOnce]: 'tag appears more than once',
  [RejectReason.groupOutOfOrder]: 'repeating group fields out of order',
  [RejectReason.incorrectGroupCount]: 'incorrect NumInGroup count',
};

export function faultText({ reason, tag }: FixFault): string {
  return tag > 0 ? `${faultTexts[reason]}: ${tag}` : faultTexts[reason];
}

/** Whether SendingTime is there and near enough to now. */
function timeFault(message: FixMessage, now: Time, toleranceMs: number): FixFault | undefined {
  const tag = Tag.sendingTime;
  if (!message.has(tag)) return { reason: RejectReason.requiredTagMissing, tag };
  const sent = message.time(tag);
  if (sent === undefined) return { reason: RejectReason.incorrectFormat, tag };
  if (Math.abs(nsBetween(now, sent)) <= toleranceMs * nsPerMs) return undefined;
  return { reason: RejectReason.sendingTimeProblem, tag };
}

/** Of a possible duplicate: when it was sent first. Some leave that out of their gap fills. */
export function duplicateFault(message: FixMessage): FixFault | undefined {
  const tag = Tag.origSendingTime;
  const sent = message.time(tag);
  if (sent === undefined) {
    if (message.type === MessageType.sequenceReset && !message.has(tag)) return undefined;
    return { reason: RejectReason.requiredTagMissing, tag };
  }
  if (nsBetween(sent, message.time(Tag.sendingTime) ?? sent) <= 0) return undefined;
  return { reason: RejectReason.sendingTimeProblem, tag };
}

/** Such a fault ends the session: what follows would be as strange. */
export function endsSession({ reason }: FixFault): boolean {
  return reason === RejectReason.compIdProblem || reason === RejectReason.sendingTimeProblem;
}
