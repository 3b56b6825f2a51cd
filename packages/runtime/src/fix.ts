// The door of FIX 4.4: codec, dictionary, session, store and the initiator that connects them. The
// exec node's gateway and feeds of market data stand on it (docs/fix.md).

export {
  checkMessage,
  type FixFault,
  type FixGroup,
  FixGroups,
  forEachEntry,
} from './fix/dictionary.js';
export { fixDayText, fixTimeText, readFixTime } from './fix/fix-time.js';
export type { FixBody, FixIdentity, FixRepeat } from './fix/header.js';
export { FixInitiator, type FixInitiatorOptions } from './fix/initiator.js';
export { FixMessage } from './fix/message.js';
export type { FixWire } from './fix/outbox.js';
export { type FixSchedule, fixSessionAt, parseFixSchedule } from './fix/schedule.js';
export { FixSession } from './fix/session.js';
export type { FixApplication, FixSessionOptions, FixSettings } from './fix/session-options.js';
export { FixStore } from './fix/store.js';
export { FixStream } from './fix/stream.js';
export { isSessionMessage, MessageType, RejectReason, Tag } from './fix/tags.js';
export { FixWriter } from './fix/writer.js';
