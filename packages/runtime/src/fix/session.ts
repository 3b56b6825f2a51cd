// A FIX session: numbers, gaps, heartbeats, log-on and log-out, for either side. A state machine
// that is told what comes, on which connection, and when to look at the clock; it opens no socket
// and waits for nobody. What always holds: a message has its effect once and in the order of its
// number; a garbled one has none and takes no number; what was sent is answered when it is asked
// for again; when the two sides disagree about numbers the session ends rather than guess.

import { type Clock, errorLine, NdtsError, nsPerMs, nsPerSecond } from '@ndts/protocol';
import type { Logger } from '../log/logger.js';
import {
  logonBody,
  rejectBody,
  resendBody,
  testBody,
  textBody,
  unsupportedBody,
} from './bodies.js';
import { checkMessage, type FixFault, isReadType, isStandardType } from './dictionary.js';
import { duplicateFault, endsSession, faultText, headFault, tooLowText } from './faults.js';
import { FixGap } from './gap.js';
import { type FixBody, FixMessages, type FixRepeat } from './header.js';
import type { FixMessage } from './message.js';
import { FixInbox } from './inbox.js';
import { FixOutbox, type FixWire } from './outbox.js';
import { FixResend, isPlainReset } from './resend.js';
import type { FixApplication, FixSessionOptions, FixSettings } from './session-options.js';
import { FixStore } from './store.js';
import { isSessionMessage, MessageType, RejectReason, Tag } from './tags.js';

type Phase = 'idle' | 'awaitingLogon' | 'loggingOn' | 'active' | 'loggingOut' | 'leaving';

const answerTimeoutMsDefault = 10_000;
const resendTimeoutMsDefault = 30_000;
const resendAttempts = 2;
const silenceFactor = 1.2;
const endGraceNs = 2 * nsPerSecond;

export class FixSession {
  readonly store: FixStore;
  readonly #settings: FixSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #application: FixApplication;
  readonly #messages: FixMessages;
  readonly #outbox: FixOutbox;
  readonly #resend: FixResend;
  readonly #inbox: FixInbox;
  readonly #gap = new FixGap();
  #phase: Phase = 'idle';
  #wire: FixWire | undefined;
  /** The number expected next; the store's follows when the application is done with it. */
  #expected: number;
  #mark = 0;
  /** What the application has not come to an end with; 0: nothing. */
  #failing = 0;
  #sentReset = false;
  #heartbeatNs: number;
  #sentNs = 0;
  #heardNs = 0;
  #deadlineNs = 0;
  #testPending = false;
  #reason = '';

  constructor(options: FixSessionOptions) {
    const { settings, clock, application } = options;
    this.#settings = settings;
    this.#clock = clock;
    this.#logger = options.logger;
    this.#application = application;
    this.store = new FixStore(options.keyValue, options.name);
    this.#expected = this.store.incoming;
    this.#heartbeatNs = settings.heartbeatSeconds * nsPerSecond;
    this.#messages = new FixMessages(settings);
    this.#outbox = new FixOutbox(this.store, settings.durable === true, (error) =>
      this.#drop(`the store of the session: ${errorLine(error)}`),
    );
    const { store } = this;
    this.#resend = new FixResend({
      ...{ store, outbox: this.#outbox, messages: this.#messages },
      isWanted: (message) => application.isWanted(message, message.time(Tag.sendingTime)),
    });
    this.#inbox = new FixInbox(settings, clock, options.logger);
  }

  get isLoggedOn(): boolean {
    return this.#phase === 'active';
  }

  /** Logged on, and nothing that was sent to us is missing. */
  get isSynchronised(): boolean {
    return this.#phase === 'active' && !this.#gap.isOpen;
  }

  /** The number expected next. */
  get expected(): number {
    return this.#expected;
  }

  /** The application is about to make lasting what it was given so far ... */
  mark(): void {
    this.#mark = this.#expected;
  }

  /** ... and has made it so, up to the last mark: a crash from now on does not bring it back. */
  taken(): void {
    if (this.#mark > 0) this.store.taken(this.#mark);
  }

  /** Begins the numbers again, between two connections. */
  reset(): void {
    this.store.reset(this.#clock.now());
    this.#expected = 1;
    this.#mark = 0;
    this.#gap.clear();
  }

  connected(wire: FixWire): void {
    const { role, resetOnLogon, answerTimeoutMs = answerTimeoutMsDefault } = this.#settings;
    const nowNs = this.#clock.monotonicNs();
    this.#wire = wire;
    this.#outbox.open(wire);
    this.#inbox.clear();
    this.#gap.clear();
    this.#reason = '';
    this.#testPending = false;
    this.#heardNs = nowNs;
    this.#deadlineNs = nowNs + answerTimeoutMs * nsPerMs;
    this.#sentReset = role === 'initiator' && resetOnLogon === true;
    if (this.#sentReset || this.store.startedAt === undefined) this.reset();
    this.#phase = role === 'initiator' ? 'loggingOn' : 'awaitingLogon';
    if (role === 'initiator')
      this.#send(
        MessageType.logon,
        logonBody(this.#settings, this.#settings.heartbeatSeconds, this.#sentReset),
      );
    this.#outbox.flush();
  }

  received(bytes: Uint8Array): void {
    this.#inbox.push(bytes);
    this.#read();
    this.#outbox.flush();
  }

  /** The connection is gone, whoever ended it. */
  disconnected(why: string): void {
    if (this.#phase === 'idle') return;
    const reason = this.#reason === '' ? why : this.#reason;
    this.#phase = 'idle';
    this.#wire = undefined;
    this.#outbox.close();
    this.#gap.clear();
    this.#logger.info({ reason }, 'FIX session ended');
    this.#application.onLogout(reason);
  }

  /** Sends a message of the application; returns its number. Throws UNAVAILABLE without a log-on:
   * then it has no number and is never sent. It leaves with the next flush(). */
  send(type: string, body: FixBody, repeat?: FixRepeat): number {
    if (this.#phase !== 'active')
      throw new NdtsError('UNAVAILABLE', 'the FIX session is not logged on');
    return this.#send(type, body, repeat);
  }

  flush(): void {
    this.#outbox.flush();
  }

  /** Says good-bye and ends the connection when that is answered, or not in time. */
  logout(text: string): void {
    if (this.#phase !== 'active') {
      if (this.#phase !== 'idle') this.#drop(text);
      return;
    }
    const { answerTimeoutMs = answerTimeoutMsDefault } = this.#settings;
    this.#reason = text;
    this.#send(MessageType.logout, textBody(text));
    this.#outbox.flush();
    this.#phase = 'loggingOut';
    this.#deadlineNs = this.#clock.monotonicNs() + answerTimeoutMs * nsPerMs;
  }

  /** What is due by the clock. */
  doWork(): void {
    const nowNs = this.#clock.monotonicNs();
    const phase = this.#phase;
    if (phase === 'idle') {
      this.#prune();
      return;
    }
    if (phase !== 'active' && nowNs >= this.#deadlineNs)
      this.#drop(phase === 'leaving' ? this.#reason : `no answer while ${phase}`);
    else if (phase === 'active' || phase === 'loggingOut') {
      if (this.#inbox.givesUp()) this.#read();
      this.#keepAlive(nowNs);
    }
    this.#outbox.flush();
  }

  #read(): void {
    while (this.#phase !== 'idle' && this.#phase !== 'leaving') {
      const message = this.#inbox.next();
      if (message === undefined) return;
      this.#handle(message);
    }
  }

  #prune(): void {
    try {
      this.store.prune();
    } catch (error) {
      this.#logger.warn({ error: errorLine(error) }, 'old FIX messages cannot be removed now');
    }
  }

  #keepAlive(nowNs: number): void {
    const silentNs = nowNs - this.#heardNs;
    if (silentNs >= 2 * silenceFactor * this.#heartbeatNs) {
      this.#drop('the counterparty is silent');
      return;
    }
    if (silentNs >= silenceFactor * this.#heartbeatNs && !this.#testPending) {
      this.#testPending = true;
      const id = `T${this.store.outgoing}`;
      this.#send(MessageType.testRequest, testBody(id));
    }
    if (nowNs - this.#sentNs >= this.#heartbeatNs) this.#send(MessageType.heartbeat);
    const { resendTimeoutMs = resendTimeoutMsDefault } = this.#settings;
    if (!this.#gap.isOpen || nowNs - this.#gap.askedNs < resendTimeoutMs * nsPerMs) return;
    if (this.#gap.attempts < resendAttempts) this.#ask(this.#gap.until);
    else this.#leave('what was asked for again did not come');
  }

  #handle(message: FixMessage): void {
    this.#heardNs = this.#clock.monotonicNs();
    this.#testPending = false;
    if (message.text(Tag.beginString) !== this.#settings.beginString) {
      this.#leave(`incorrect BeginString ${message.text(Tag.beginString)}`);
      return;
    }
    const number = message.whole(Tag.msgSeqNum);
    if (number < 1) {
      this.#leave('required tag missing: MsgSeqNum');
      return;
    }
    if (this.#phase !== 'active' && this.#phase !== 'loggingOut') {
      this.#handleFirst(message, number);
      return;
    }
    if (this.#isStrange(message, number)) return;
    if (message.type === MessageType.logon) this.#takeLaterLogon(message, number);
    else if (message.type === MessageType.logout) this.#takeLogout(message, number);
    else if (isPlainReset(message)) this.#takeReset(message, number);
    else if (number > this.#expected) this.#tooHigh(message, number);
    else if (number < this.#expected && !message.isYes(Tag.possDupFlag))
      this.#leave(tooLowText(this.#expected, number));
    else if (number < this.#expected) this.#checkDuplicate(message, number);
    else this.#take(message);
    this.#takeWaiting();
  }

  /** The first message must be a Logon; a Logout says why there is none. */
  #handleFirst(message: FixMessage, number: number): void {
    if (message.type === MessageType.logout) {
      const text = message.text(Tag.text);
      this.#drop(`log-on refused: ${text === '' ? 'no reason given' : text}`);
      return;
    }
    if (message.type !== MessageType.logon) {
      this.#drop('the first message is no Logon');
      return;
    }
    const fault = checkMessage(message) ?? headFault(message, this.#settings, this.#clock.now());
    if (fault === undefined) this.#takeLogon(message, number);
    else this.#leave(`Logon refused: ${faultText(fault)}`);
  }

  #takeLogon(message: FixMessage, number: number): void {
    const isReset = message.isYes(Tag.resetSeqNumFlag);
    if (isReset && number !== 1) {
      this.#leave('a Logon that resets numbers must have number 1');
      return;
    }
    // Ours of the initiator stay as they are: too high is asked for, too low ends the session.
    if (isReset && this.#settings.role === 'acceptor') this.reset();
    else if (isReset) {
      this.#expected = 1;
      this.#mark = 0;
      this.store.taken(1);
    }
    if (number < this.#expected) {
      this.#leave(tooLowText(this.#expected, number));
      return;
    }
    const heartbeatSeconds = message.whole(Tag.heartBtInt);
    this.#heartbeatNs = Math.max(1, heartbeatSeconds) * nsPerSecond;
    if (this.#settings.role === 'acceptor')
      this.#send(MessageType.logon, logonBody(this.#settings, heartbeatSeconds, isReset));
    this.#phase = 'active';
    this.#logger.info({ expected: this.#expected, number, isReset }, 'FIX session logged on');
    if (number > this.#expected) this.#tooHigh(message, number);
    else this.#expected += 1;
    this.#application.onLogon(isReset && !this.#sentReset);
  }

  /** A Logon within a session may only begin the numbers again. */
  #takeLaterLogon(message: FixMessage, number: number): void {
    if (!message.isYes(Tag.resetSeqNumFlag) || number !== 1) {
      if (number < this.#expected && message.isYes(Tag.possDupFlag)) return;
      this.#leave('a second Logon');
      return;
    }
    this.reset();
    this.#expected = 2;
    this.#outbox.forget();
    this.#send(MessageType.logon, logonBody(this.#settings, message.whole(Tag.heartBtInt), true));
    this.#application.onLogon(true);
  }

  #takeLogout(message: FixMessage, number: number): void {
    if (number === this.#expected) this.#expected += 1;
    const text = message.text(Tag.text);
    if (this.#phase !== 'loggingOut') {
      this.#reason = text === '' ? 'the counterparty logged out' : `logged out: ${text}`;
      this.#send(MessageType.logout);
    }
    this.#end();
  }

  /** SequenceReset without gap fill: its own number does not matter. */
  #takeReset(message: FixMessage, number: number): void {
    const next = message.whole(Tag.newSeqNo);
    if (next < this.#expected) {
      const reason = next < 1 ? RejectReason.requiredTagMissing : RejectReason.incorrectValue;
      this.#refuse(message, number, { reason, tag: Tag.newSeqNo });
      return;
    }
    if (next > this.#expected) this.#skipTo(next);
  }

  /** What came, and waits behind a gap, has its effect also when its number is passed over. */
  #skipTo(next: number): void {
    const from = this.#expected;
    for (let at = this.#gap.lowestBelow(next); at > 0; at = this.#gap.lowestBelow(next)) {
      const message = this.#gap.take(at);
      this.#expected = Math.max(this.#expected, at);
      if (message !== undefined && message.type !== MessageType.logon) this.#take(message, true);
    }
    this.#expected = Math.max(this.#expected, next);
    this.#logger.warn({ from, to: next }, 'the counterparty skips numbers');
    this.#application.onMissed('the counterparty skipped numbers');
  }

  #tooHigh(message: FixMessage, number: number): void {
    // Both sides may miss something: theirs is served although ours is not there yet.
    if (message.type === MessageType.resendRequest) this.#serve(message);
    this.#gap.wait(number, message);
    if (!this.#gap.isOpen) this.#ask(number - 1);
  }

  /** False: the possible duplicate contradicts itself, and was refused. */
  #checkDuplicate(message: FixMessage, number: number): boolean {
    const fault = duplicateFault(message);
    if (fault === undefined) return true;
    this.#refuse(message, number, fault);
    if (endsSession(fault)) this.#leave('OrigSendingTime is after SendingTime');
    return false;
  }

  /** The message with the expected number; `served`: its ResendRequest was answered before. */
  #take(message: FixMessage, served = false): void {
    const number = this.#expected;
    if (message.isYes(Tag.possDupFlag) && !this.#checkDuplicate(message, number)) return;
    const { type } = message;
    if (!isReadType(type)) {
      this.#refuseType(message, number);
      return;
    }
    const fault = checkMessage(message);
    if (fault !== undefined) {
      this.#refuse(message, number, fault);
      return;
    }
    if (type === MessageType.sequenceReset) {
      this.#takeGapFill(message, number);
      return;
    }
    if (type === MessageType.reject || !isSessionMessage(type)) this.#deliver(message, number);
    this.#expected = number + 1;
    if (type === MessageType.testRequest)
      this.#send(MessageType.heartbeat, testBody(message.text(Tag.testReqId)));
    else if (type === MessageType.resendRequest && !served) this.#serve(message);
  }

  /** What the application fails at is asked for again, and passed over when it does so twice. */
  #deliver(message: FixMessage, number: number): void {
    if (this.#failing === number) this.#expected = number + 1;
    this.#failing = number;
    this.#application.onMessage(message);
    this.#failing = 0;
  }

  #takeGapFill(message: FixMessage, number: number): void {
    const next = message.whole(Tag.newSeqNo);
    const fault = { reason: RejectReason.incorrectValue, tag: Tag.newSeqNo };
    if (next <= number) this.#refuse(message, number, fault);
    else this.#skipTo(next);
  }

  #takeWaiting(): void {
    while (this.#gap.isOpen) {
      if (this.#phase !== 'active' && this.#phase !== 'loggingOut') return;
      const message = this.#gap.take(this.#expected);
      if (message === undefined) break;
      // A Logon or Logout had its effect when it came; here it only takes its number.
      if (message.type === MessageType.logon) this.#expected += 1;
      else this.#take(message, true);
    }
    const next = this.#gap.reached(this.#expected);
    if (next > 0) this.#ask(next - 1);
  }

  #ask(until: number): void {
    const from = this.#expected;
    this.#gap.asked(until, this.#clock.monotonicNs());
    this.#logger.warn({ from, until }, 'FIX messages are missing; they are asked for again');
    this.#send(MessageType.resendRequest, resendBody(from, until));
  }

  #serve(message: FixMessage): void {
    const [from, until] = [message.whole(Tag.beginSeqNo), message.whole(Tag.endSeqNo)];
    if (from < 1 || until < 0) return;
    const count = this.#resend.answer(from, until, this.#clock.now());
    this.#sentNs = this.#clock.monotonicNs();
    this.#logger.warn({ from, until, count }, 'FIX messages were asked for again');
  }

  /** True: it is not for this session, or of another time; that was said. */
  #isStrange(message: FixMessage, number: number): boolean {
    const fault = headFault(message, this.#settings, this.#clock.now());
    if (fault === undefined) return false;
    this.#refuse(message, number, fault);
    if (endsSession(fault)) this.#leave(faultText(fault));
    return true;
  }

  /** A Reject; the message takes its number, but one that is late: that is asked for again. */
  #refuse(message: FixMessage, number: number, fault: FixFault): void {
    const { type } = message;
    const { reason, tag } = fault;
    const isLate = reason === RejectReason.sendingTimeProblem && tag === Tag.sendingTime;
    const isTaken = number === this.#expected && !isLate;
    if (isTaken) this.#expected += 1;
    this.#logger.warn({ number, type, ...fault }, 'FIX message refused');
    this.#send(MessageType.reject, rejectBody(number, type, fault));
    if (isTaken && isReadType(type) && !isSessionMessage(type))
      this.#application.onMissed(`a message was refused: ${faultText(fault)}`);
  }

  #refuseType(message: FixMessage, number: number): void {
    const { type } = message;
    if (!isStandardType(type)) {
      this.#refuse(message, number, { reason: RejectReason.invalidMessageType, tag: Tag.msgType });
      return;
    }
    this.#expected += 1;
    this.#send(MessageType.businessMessageReject, unsupportedBody(number, type));
  }

  #send(type: string, body?: FixBody, repeat?: FixRepeat): number {
    const number = this.store.outgoing;
    const bytes = this.#messages.make(type, number, this.#clock.now(), body, repeat);
    this.#outbox.number(bytes, isSessionMessage(type) ? undefined : bytes);
    this.#sentNs = this.#clock.monotonicNs();
    return number;
  }

  /** Logs out with a reason and ends the connection without waiting for an answer. */
  #leave(reason: string): void {
    if (this.#phase === 'leaving' || this.#phase === 'idle') return;
    this.#reason = reason;
    this.#logger.error({ reason }, 'FIX session logs out');
    this.#send(MessageType.logout, textBody(reason));
    this.#end();
  }

  #end(): void {
    this.#phase = 'leaving';
    this.#deadlineNs = this.#clock.monotonicNs() + endGraceNs;
    this.#outbox.end();
  }

  /** Ends the connection without a word. */
  #drop(reason: string): void {
    if (this.#reason === '') this.#reason = reason;
    const wire = this.#wire;
    this.#wire = undefined;
    wire?.end();
    this.disconnected(reason);
  }
}
