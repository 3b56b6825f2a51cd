// What the messages of the session itself say behind their head.

import type { FixFault } from './dictionary.js';
import { faultText } from './faults.js';
import type { FixBody } from './header.js';
import type { FixSettings } from './session-options.js';
import { Tag } from './tags.js';

const unsupportedType = 3;

/** Credentials are the initiator's alone. */
export function logonBody(
  settings: FixSettings,
  heartbeatSeconds: number,
  isReset: boolean,
): FixBody {
  const { username, password, role } = settings;
  return (writer) => {
    writer.whole(Tag.encryptMethod, 0);
    writer.whole(Tag.heartBtInt, heartbeatSeconds);
    if (isReset) writer.flag(Tag.resetSeqNumFlag, true);
    if (role === 'acceptor') return;
    if (username !== undefined) writer.text(Tag.username, username);
    if (password !== undefined) writer.text(Tag.password, password);
  };
}

export function textBody(text: string): FixBody {
  return (writer) => writer.text(Tag.text, text);
}

/** Of a TestRequest and of the Heartbeat that answers it. */
export function testBody(id: string): FixBody {
  return (writer) => writer.text(Tag.testReqId, id);
}

export function resendBody(from: number, until: number): FixBody {
  return (writer) => {
    writer.whole(Tag.beginSeqNo, from);
    writer.whole(Tag.endSeqNo, until);
  };
}

export function rejectBody(number: number, type: string, fault: FixFault): FixBody {
  return (writer) => {
    writer.whole(Tag.refSeqNum, number);
    if (fault.tag > 0) writer.whole(Tag.refTagId, fault.tag);
    if (type !== '') writer.text(Tag.refMsgType, type);
    writer.whole(Tag.sessionRejectReason, fault.reason);
    writer.text(Tag.text, faultText(fault));
  };
}

export function unsupportedBody(number: number, type: string): FixBody {
  return (writer) => {
    writer.whole(Tag.refSeqNum, number);
    writer.text(Tag.refMsgType, type);
    writer.whole(Tag.businessRejectReason, unsupportedType);
    writer.text(Tag.text, 'messages of this type are not read here');
  };
}
