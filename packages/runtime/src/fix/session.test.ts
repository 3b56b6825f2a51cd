// Sessions as they were recorded: what came, what went out, what the application saw, one line
// each. The cases are those that the standard's own acceptance tests are about, said in our words.
//
//   < TYPE NUMBER fields    comes (head and frame are made)
//   <x and <l               comes garbled: by its sum; by a length that is too large
//   > TYPE NUMBER fields    must have gone out, next             end      the connection was ended
//   = TYPE NUMBER           the application must have seen       none     nothing went out
//   ! WHAT                  the application must have been told, next       quiet    nothing more
//   wait SECONDS, send ID (an order), reset, drop, connect, restart, taken, logout
//   commit                  what was written is durable
//   fail COUNT              so often the application throws, which ends the connection

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addNs, NdtsError, nsPerSecond, type Time } from '@ndts/protocol';
import { VirtualClock } from '../clock/virtual-clock.js';
import { MemoryKeyValueStore } from '../embedded/memory-key-value-store.js';
import { createSilentLogger } from '../log/logger.js';
import { fixTimeText } from './fix-time.js';
import type { FixMessage } from './message.js';
import { FixSession } from './session.js';
import type { FixApplication, FixSettings } from './session-options.js';
import { FixStore } from './store.js';
import { FixStream, checkSumOf } from './stream.js';
import { Tag } from './tags.js';

const latin = (text: string): Uint8Array => Buffer.from(text.replaceAll('|', '\x01'), 'latin1');
const headTags = new Set<number>([8, 9, 35, 34, 49, 56, 52, 10]);

interface Situation {
  readonly settings?: Partial<FixSettings>;
  /** Ids of orders that are not wanted any more. */
  readonly stale?: readonly string[];
}

class Script implements FixApplication {
  readonly clock = new VirtualClock(1_700_000_000_000);
  readonly keyValue = new MemoryKeyValueStore();
  readonly sent: string[] = [];
  readonly seen: string[] = [];
  readonly events: string[] = [];
  readonly situation: Situation;
  session: FixSession;
  #isEnded = false;
  #failures = 0;
  readonly #reader = new FixStream();

  constructor(situation: Situation) {
    this.situation = situation;
    this.session = this.#start();
  }

  #start(): FixSession {
    return new FixSession({
      settings: {
        ...{ role: 'initiator', heartbeatSeconds: 30, beginString: 'FIX.4.4' },
        ...{ senderCompId: 'DESK', targetCompId: 'VENUE', ...this.situation.settings },
      },
      ...{ keyValue: this.keyValue, name: 's', clock: this.clock, logger: createSilentLogger() },
      application: this,
    });
  }

  onLogon(reset: boolean): void {
    this.events.push(reset ? 'logon, reset' : 'logon');
  }
  onLogout(reason: string): void {
    this.events.push(reason);
  }
  onMissed(why: string): void {
    this.events.push(why);
  }
  onMessage(message: FixMessage): void {
    if (this.#failures-- > 0) throw new Error('the application failed');
    this.seen.push(`${message.type} ${message.whole(Tag.msgSeqNum)}`);
  }
  isWanted(message: FixMessage, sentAt: Time | undefined): boolean {
    assert.ok(sentAt !== undefined);
    return this.situation.stale?.includes(message.text(Tag.clOrdId)) !== true;
  }

  #written(bytes: Uint8Array): void {
    this.#reader.push(bytes);
    while (this.#reader.next()) {
      const { message } = this.#reader;
      const fields = [];
      for (let index = 0; index < message.count; index++) {
        const tag = message.tags[index] ?? 0;
        if (!headTags.has(tag)) fields.push(`${tag}=${message.textAt(index)}|`);
      }
      const number = message.whole(Tag.msgSeqNum);
      this.sent.push(`${message.type} ${number} ${fields.join('')}`.trim());
    }
  }

  #arrive(type: string, number: string, fields: string, flaw: string): void {
    const now = fixTimeText(this.clock.now());
    const head = [`35=${type}|49=VENUE|56=DESK|`, `34=${number}|`, `52=${now}|`];
    const known = [/\|?49=/, /\|?34=/, /\|?52=/];
    // A field that the line itself has, or names as missing, is not made.
    const parts = head.map((part, index) =>
      known[index]?.test(`|${fields}`) === true && index > 0 ? '' : part,
    );
    if (/(^|\|)49=/.test(fields)) parts[0] = `35=${type}|56=DESK|`;
    if (number === '-') parts[1] = '';
    if (fields.includes('52=-|')) parts[2] = '';
    const rest = fields.replace('52=-|', '');
    const begin = fields.includes('8=FIX.4.2|') ? 'FIX.4.2' : 'FIX.4.4';
    const body = `${parts.join('')}${rest.replace('8=FIX.4.2|', '')}`.replaceAll('NOW', now);
    const length = body.length + (flaw === 'l' ? 500 : 0);
    const text = latin(`8=${begin}|9=${length}|${body}`);
    const sum = (checkSumOf(text, 0, text.length) + (flaw === 'x' ? 1 : 0)) % 256;
    const bytes = Buffer.concat([text, latin(`10=${String(sum).padStart(3, '0')}|`)]);
    try {
      this.session.received(bytes);
    } catch {
      this.session.disconnected('the application failed');
    }
  }

  #connect(): void {
    this.#isEnded = false;
    this.session.connected({
      write: (bytes) => this.#written(bytes),
      end: () => {
        this.#isEnded = true;
      },
    });
  }

  step(line: string): void {
    const [word = '', first = '', second = '', ...rest] = line.split(' ');
    const what = `at '${line}'`;
    if (word.startsWith('<')) this.#arrive(first, second, rest.join(' '), word.slice(1));
    else if (word === '>') assert.equal(this.sent.shift(), line.slice(2).trim(), what);
    else if (word === '=') assert.equal(this.seen.shift(), `${first} ${second}`, what);
    else if (word === '!') assert.equal(this.events.shift(), line.slice(2), what);
    else if (word === 'quiet') assert.deepEqual(this.events, [], what);
    else if (word === 'none') assert.deepEqual([this.sent, this.seen], [[], []], what);
    else if (word === 'end') assert.ok(this.#isEnded, what);
    else if (word === 'open') assert.ok(!this.#isEnded, what);
    else if (word === 'connect') this.#connect();
    else if (word === 'drop') this.session.disconnected('the connection broke');
    else if (word === 'reset') this.session.reset();
    else if (word === 'commit') this.keyValue.commit();
    else if (word === 'taken') this.#taken();
    else if (word === 'logout') this.session.logout('done');
    else if (word === 'restart') this.session = this.#start();
    else if (word === 'send') this.#send(first);
    else if (word === 'fail') this.#failures = Number(first);
    else if (word === 'wait') this.#wait(Number(first));
    else assert.fail(`no such step: ${line}`);
  }

  #taken(): void {
    this.session.mark();
    this.session.taken();
    this.session.flush();
  }

  #send(id: string): void {
    this.session.send('D', (writer) => writer.text(Tag.clOrdId, id));
    this.session.flush();
  }

  #wait(seconds: number): void {
    for (let second = 0; second < seconds; second++) {
      this.clock.advance(nsPerSecond);
      this.session.doWork();
    }
  }
}

const logon = ['connect', '> A 1 98=0|108=30|', '< A 1 98=0|108=30|', '! logon'];
const report = '37=V|17=E|150=0|39=0|55=X|54=1|14=0|';
const low = 'MsgSeqNum too low, expecting 3 but received 2';

const cases: Record<string, readonly string[] | [Situation, ...string[]]> = {
  'log-on, then an order': [...logon, 'send a', '> D 2 11=a|', `< 8 2 ${report}`, '= 8 2', 'none'],
  'the first message is no Logon': ['connect', '> A 1 98=0|108=30|', '< 0 1', 'end', 'none'],
  'a Logout instead of a Logon says why': [
    ...['connect', '> A 1 98=0|108=30|', '< 5 1 58=who are you|', 'end'],
    '! log-on refused: who are you',
  ],
  'a Logon without an interval': [
    ...['connect', '> A 1 98=0|108=30|', '< A 1 98=0|'],
    ...['> 5 2 58=Logon refused: required tag missing: 108|', 'end'],
  ],
  'no answer to the Logon': ['connect', '> A 1 98=0|108=30|', 'wait 11', 'end', 'none'],
  'a Logon that is too high: both sides go on, and what is missing is asked for': [
    ...['connect', '> A 1 98=0|108=30|', '< A 5 98=0|108=30|', '! logon'],
    ...['> 2 2 7=1|16=4|', '< 4 1 43=Y|122=NOW|123=Y|36=4|', `< 8 4 43=Y|122=NOW|${report}`],
    ...['= 8 4', `< 8 6 ${report}`, '= 8 6', 'none'],
  ],
  'a Logon that is too low': [
    ...[...logon, '< 0 2', 'drop', '! the connection broke', 'connect', '> A 2 98=0|108=30|'],
    ...['< A 2 98=0|108=30|', `> 5 3 58=${low}|`, 'end'],
  ],
  'numbers go on over connections, and over a crash from what was taken': [
    ...[...logon, `< 8 2 ${report}`, '= 8 2', 'taken', `< 8 3 ${report}`, '= 8 3'],
    ...['drop', '! the connection broke', 'restart', 'connect', '> A 2 98=0|108=30|'],
    ...['< A 4 98=0|108=30|', '! logon', '> 2 3 7=3|16=3|', `< 8 3 43=Y|122=NOW|${report}`],
    ...['= 8 3', `< 8 5 ${report}`, '= 8 5', 'none'],
  ],
  'what the application fails at comes again, and is passed over when it fails twice': [
    ...[...logon, 'fail 1', `< 8 2 ${report}`, '! the application failed', 'connect'],
    ...['> A 2 98=0|108=30|', '< A 3 98=0|108=30|', '! logon', '> 2 3 7=2|16=2|'],
    ...[`< 8 2 43=Y|122=NOW|${report}`, '= 8 2', 'fail 2', `< 8 4 ${report}`],
    ...['! the application failed', 'connect', '> A 4 98=0|108=30|', '< A 5 98=0|108=30|'],
    ...['! logon', '> 2 5 7=4|16=4|', `< 8 4 43=Y|122=NOW|${report}`],
    ...['! the application failed', 'connect', '> A 6 98=0|108=30|', '< A 6 98=0|108=30|'],
    ...['! logon', '> 2 7 7=5|16=5|', '< 4 5 43=Y|122=NOW|123=Y|36=7|', `< 8 7 ${report}`],
    ...['= 8 7', 'none'],
  ],
  'each log-on resets': [
    { settings: { resetOnLogon: true } },
    ...['connect', '> A 1 98=0|108=30|141=Y|', '< A 1 98=0|108=30|141=Y|', '! logon', 'send a'],
    ...['> D 2 11=a|', 'drop', '! the connection broke', 'connect', '> A 1 98=0|108=30|141=Y|'],
    ...['< A 1 98=0|108=30|141=Y|', '! logon', 'none'],
  ],
  'the counterparty resets although it was not asked: its numbers begin again, ours go on': [
    ...[...logon, '< 0 2', 'drop', '! the connection broke', 'connect', '> A 2 98=0|108=30|'],
    ...['< A 1 98=0|108=30|141=Y|', '! logon, reset', `< 8 2 ${report}`, '= 8 2', 'none'],
  ],
  'numbers that the counterparty began again are so after a crash, too': [
    ...[...logon, '< 0 2', '< 0 3', 'taken', 'drop', '! the connection broke', 'connect'],
    ...['> A 2 98=0|108=30|', '< A 1 98=0|108=30|141=Y|', '! logon, reset', 'drop'],
    ...['! the connection broke', 'restart', 'connect', '> A 3 98=0|108=30|'],
    ...['< A 2 98=0|108=30|', '! logon', '> 2 4 7=1|16=1|', 'none'],
  ],
  'a reset within the session': [
    ...[...logon, 'send a', '> D 2 11=a|', '< A 1 98=0|108=30|141=Y|'],
    ...['> A 1 98=0|108=30|141=Y|', '! logon, reset', `< 8 2 ${report}`, '= 8 2', 'none'],
  ],
  'what was not sent before a reset is never sent: its number would come later': [
    { settings: { durable: true } },
    ...['connect', 'commit', '< A 1 98=0|108=30|', '! logon', 'send a', '> A 1 98=0|108=30|'],
    ...['< A 1 98=0|108=30|141=Y|', '! logon, reset', 'commit', 'send b'],
    ...['> A 1 98=0|108=30|141=Y|', 'none', 'commit', 'send c', '> D 2 11=b|', 'none'],
  ],
  'a reset with another number than 1': [
    ...['connect', '> A 1 98=0|108=30|', '< A 3 98=0|108=30|141=Y|'],
    ...['> 5 2 58=a Logon that resets numbers must have number 1|', 'end'],
  ],
  'an acceptor answers, and resets when it is asked to': [
    { settings: { role: 'acceptor' } },
    ...['connect', 'none', '< A 1 98=0|108=20|', '> A 1 98=0|108=20|', '! logon', 'send a'],
    ...['> D 2 11=a|', 'drop', '! the connection broke', 'connect'],
    ...['< A 1 98=0|108=20|141=Y|', '> A 1 98=0|108=20|141=Y|', '! logon, reset', 'none'],
  ],
  'a gap: asked for once, later ones wait, all come in order': [
    ...[...logon, `< 8 4 ${report}`, '> 2 2 7=2|16=3|', `< 8 5 ${report}`, 'none'],
    ...[`< 8 2 43=Y|122=NOW|${report}`, '= 8 2', 'none', `< 8 3 43=Y|122=NOW|${report}`],
    ...['= 8 3', '= 8 4', '= 8 5', `< 8 6 ${report}`, '= 8 6', 'none'],
  ],
  'a gap behind a gap is asked for when the first is filled': [
    ...[...logon, '< 0 3', '> 2 2 7=2|16=2|', '< 0 5', 'none', '< 0 2 43=Y|122=NOW|'],
    ...['> 2 3 7=4|16=4|', '< 0 4 43=Y|122=NOW|', `< 8 6 ${report}`, '= 8 6', 'none'],
  ],
  'what was asked for does not come: once more, then the session ends': [
    ...[...logon, '< 0 4', '> 2 2 7=2|16=3|', 'wait 20', '< 0 5', 'wait 10', '> 0 3'],
    ...['> 2 4 7=2|16=3|', 'wait 10', '< 0 6', 'wait 20', '> 0 5'],
    '> 5 6 58=what was asked for again did not come|',
    'end',
  ],
  'both ask at the same time, and both are served': [
    ...[...logon, 'send a', '> D 2 11=a|', '< 2 4 7=2|16=0|', '> D 2 43=Y|122=T0|11=a|'],
    ...['> 2 3 7=2|16=3|', '< 4 2 43=Y|122=NOW|123=Y|36=5|', 'none'],
    ...[`< 8 5 ${report}`, '= 8 5', 'none'],
  ],
  'asked again: orders with their number and time, gap fills for the rest': [
    { stale: ['b'] },
    ...[...logon, 'send a', 'send b', 'send c', 'wait 5', '> D 2 11=a|', '> D 3 11=b|'],
    ...['> D 4 11=c|', '< 1 2 112=hello|', '> 0 5 112=hello|', 'send d', '> D 6 11=d|'],
    ...['< 2 3 7=1|16=0|', '> 4 1 43=Y|122=T5|123=Y|36=2|', '> D 2 43=Y|122=T0|11=a|'],
    ...['> 4 3 43=Y|122=T5|123=Y|36=4|', '> D 4 43=Y|122=T0|11=c|'],
    ...['> 4 5 43=Y|122=T5|123=Y|36=6|', '> D 6 43=Y|122=T5|11=d|', 'none'],
    ...['< 2 4 7=2|16=2|', '> D 2 43=Y|122=T0|11=a|', 'send e', '> D 7 11=e|', 'none'],
  ],
  'asked for what was never sent': [...logon, '< 2 2 7=9|16=0|', '< 2 3 7=1|16=99|'].concat(
    '> 4 1 43=Y|122=T0|123=Y|36=2|',
    'none',
  ),
  'what was sent and lost is asked for after the next log-on': [
    ...[...logon, 'send a', '> D 2 11=a|', 'taken', 'drop', '! the connection broke', 'restart'],
    ...['connect', '> A 3 98=0|108=30|', '< A 2 98=0|108=30|', '! logon', '< 2 3 7=2|16=0|'],
    ...['> D 2 43=Y|122=T0|11=a|', '> 4 3 43=Y|122=T0|123=Y|36=4|', 'none'],
  ],
  'garbled messages are ignored and take no number': [
    ...[...logon, '<x 0 2', 'none', `< 8 2 ${report}`, '= 8 2', '<x 8 3', '< 0 4'],
    '> 2 2 7=3|16=3|',
  ],
  'a length that is too large holds up what follows for seconds only': [
    ...[...logon, '<l 0 2', `< 8 3 ${report}`, 'wait 2', 'none', 'wait 1', '> 2 2 7=2|16=2|'],
    ...['< 0 2 43=Y|122=NOW|', '= 8 3', 'none'],
  ],
  'too low without PossDup ends the session': [
    ...[...logon, '< 0 2', '< 0 2', `> 5 2 58=${low}|`, 'end', '< 0 3', 'none'],
  ],
  'too low with PossDup is passed over': [
    ...[...logon, `< 8 2 ${report}`, '= 8 2', `< 8 2 43=Y|122=NOW|${report}`, 'none', 'open'],
  ],
  'PossDup without OrigSendingTime is refused': [
    ...[...logon, '< 0 2', '< 0 2 43=Y|'],
    '> 3 2 45=2|371=122|372=0|373=1|58=required tag missing: 122|',
    ...[`< 8 3 43=Y|${report}`, '> 3 3 45=3|371=122|372=8|373=1|58=required tag missing: 122|'],
    ...['< 0 4', 'none', 'open'],
  ],
  'PossDup with an OrigSendingTime after SendingTime ends the session': [
    ...[...logon, '< 0 2 43=Y|122=20231114-22:13:21|'],
    ...['> 3 2 45=2|371=122|372=0|373=10|58=SendingTime accuracy problem: 122|'],
    ...['> 5 3 58=OrigSendingTime is after SendingTime|', 'end'],
  ],
  'a gap fill moves on, and not back': [
    ...[...logon, '< 4 2 123=Y|36=10|', '! the counterparty skipped numbers'],
    ...[`< 8 10 ${report}`, '= 8 10', '< 4 11 123=Y|36=11|'],
    '> 3 2 45=11|371=36|372=4|373=5|58=value is incorrect for this tag: 36|',
    ...['< 0 12', 'none'],
  ],
  'a gap fill that is too high waits like any other': [
    ...[...logon, '< 4 4 123=Y|36=8|', '> 2 2 7=2|16=3|', '< 4 2 43=Y|122=NOW|123=Y|36=4|'],
    ...['none', `< 8 8 ${report}`, '= 8 8', 'none'],
  ],
  'a reset of the sequence counts whatever its own number is, and does not go back': [
    ...[...logon, '< 4 99 36=20|', '! the counterparty skipped numbers', `< 8 20 ${report}`],
    ...['= 8 20', '< 4 1 36=21|', 'quiet', '< 0 21'],
    ...['< 4 22 36=5|', '> 3 2 45=22|371=36|372=4|373=5|58=value is incorrect for this tag: 36|'],
    ...['< 0 23', 'none'],
  ],
  'what came and waits has its effect, though its number is filled or reset': [
    ...[...logon, `< 8 4 ${report}`, '> 2 2 7=2|16=3|', '< 1 5 112=ping|'],
    ...['< 4 2 43=Y|122=NOW|123=Y|36=6|', '= 8 4', '> 0 3 112=ping|'],
    ...['! the counterparty skipped numbers', `< 8 6 ${report}`, '= 8 6', `< 8 8 ${report}`],
    ...['> 2 4 7=7|16=7|', `< 8 9 ${report}`, '< 4 7 36=9|', '= 8 8', '= 8 9'],
    ...['! the counterparty skipped numbers', `< 8 10 ${report}`, '= 8 10', 'none'],
  ],
  'a gap fill that does not say when it was sent first': [
    ...[...logon, `< 8 4 ${report}`, '> 2 2 7=2|16=3|', '< 4 2 43=Y|123=Y|36=4|', '= 8 4'],
    ...['none', 'open'],
  ],
  'a test request is answered with its id': [...logon, '< 1 2 112=ping|', '> 0 2 112=ping|'],
  'a test request without an id': [
    ...[...logon, '< 1 2', '> 3 2 45=2|371=112|372=1|373=1|58=required tag missing: 112|'],
    'open',
  ],
  'heartbeats while nothing else is sent': [
    ...[...logon, 'wait 29', 'none', '< 0 2', 'wait 1', '> 0 2', 'wait 10', 'send a'],
    ...['> D 3 11=a|', '< 0 3', 'wait 29', 'none', 'wait 1', '> 0 4', 'none'],
  ],
  'silence: a test request, then the end': [
    ...[...logon, 'wait 36', '> 0 2', '> 1 3 112=T3|', 'wait 35', '> 0 4', 'open', 'wait 1'],
    ...['end', '! the counterparty is silent'],
  ],
  'silence that ends in time': [
    ...[...logon, 'wait 36', '> 0 2', '> 1 3 112=T3|', '< 0 2 112=T3|', 'wait 30', '> 0 4'],
    ...['none', 'open'],
  ],
  'another company': [
    ...[...logon, '< 0 2 49=OTHER|', '> 3 2 45=2|371=49|372=0|373=9|58=CompID problem: 49|'],
    ...['> 5 3 58=CompID problem: 49|', 'end'],
  ],
  'another version': [
    ...[...logon, '< 0 2 8=FIX.4.2|', '> 5 2 58=incorrect BeginString FIX.4.2|', 'end'],
  ],
  'a time that is far away: what was held up on its way is asked for again': [
    ...[...logon, `< 8 2 52=20231114-22:00:00|${report}`],
    ...['> 3 2 45=2|371=52|372=8|373=10|58=SendingTime accuracy problem: 52|'],
    ...['> 5 3 58=SendingTime accuracy problem: 52|', 'end', 'drop'],
    ...['! SendingTime accuracy problem: 52', 'connect', '> A 4 98=0|108=30|'],
    ...['< A 3 98=0|108=30|', '! logon', '> 2 5 7=2|16=2|'],
    ...[`< 8 2 43=Y|122=20231114-22:00:00|${report}`, '= 8 2', 'none'],
  ],
  'no time': [
    ...[...logon, '< 0 2 52=-|', '> 3 2 45=2|371=52|372=0|373=1|58=required tag missing: 52|'],
    ...['< 0 3', 'none', 'open'],
  ],
  'no number': [...logon, '< 0 -', '> 5 2 58=required tag missing: MsgSeqNum|', 'end'],
  'a message that is not as it must be is refused and takes its number': [
    ...[...logon, '< 8 2 37=V|', '> 3 2 45=2|371=17|372=8|373=1|58=required tag missing: 17|'],
    ...['! a message was refused: required tag missing: 17', `< 8 3 ${report}`, '= 8 3', 'none'],
    ...['< 1 4', '> 3 3 45=4|371=112|372=1|373=1|58=required tag missing: 112|', 'quiet'],
  ],
  'a type that is not read, and one that does not exist': [
    ...[...logon, '< B 2 148=news|'],
    '> j 2 45=2|372=B|380=3|58=messages of this type are not read here|',
    ...['< ?? 3', '> 3 3 45=3|371=35|372=??|373=11|58=invalid MsgType: 35|', 'open'],
  ],
  'a Reject of ours reaches the application': [...logon, '< 3 2 45=1|373=5|', '= 3 2', 'none'],
  'a second Logon': [...logon, '< A 2 98=0|108=30|', '> 5 2 58=a second Logon|', 'end'],
  'the counterparty logs out': [
    ...[...logon, '< 5 2 58=day is over|', '> 5 2', 'end', 'drop', '! logged out: day is over'],
    ...['connect', '> A 3 98=0|108=30|', '< A 3 98=0|108=30|', '! logon', 'none'],
  ],
  'a Logout that is too high: answered, and what is missing comes at the next log-on': [
    ...[...logon, '< 5 4', '> 5 2', 'end', 'drop', '! the counterparty logged out', 'connect'],
    ...['> A 3 98=0|108=30|', '< A 5 98=0|108=30|', '! logon', '> 2 4 7=2|16=4|'],
  ],
  'we log out; what comes meanwhile is taken': [
    ...[...logon, 'logout', '> 5 2 58=done|', 'open', `< 8 2 ${report}`, '= 8 2', '< 5 3', 'end'],
    ...['drop', '! done', 'none'],
  ],
  'we log out and nobody answers': [
    ...logon,
    'logout',
    '> 5 2 58=done|',
    'wait 10',
    'end',
    '! done',
  ],
};

for (const [name, lines] of Object.entries(cases))
  test(name, () => {
    const [first, ...rest] = lines;
    const isSituation = typeof first === 'object';
    const script = new Script(isSituation ? first : {});
    const start = script.clock.now();
    const stamp = (seconds: string): string =>
      fixTimeText(addNs(start, Number(seconds) * nsPerSecond));
    const steps = isSituation ? rest : lines;
    for (const line of steps as readonly string[])
      script.step(
        line.replace(/T(\d)\|/g, (whole, seconds: string) =>
          line.includes('122=T') ? `${stamp(seconds)}|` : whole,
        ),
      );
  });

test('durable: nothing leaves before the store has it; one that fails ends it', async () => {
  class SlowStore extends MemoryKeyValueStore {
    settle: (() => void) | undefined;
    refuse: ((error: unknown) => void) | undefined;
    reached = 0;
    override durablePosition(): number {
      return this.reached;
    }
    override durable(position = 0): Promise<void> {
      return new Promise((resolve, reject) => {
        this.refuse = reject;
        this.settle = () => {
          this.reached = position;
          resolve();
        };
      });
    }
  }
  const keyValue = new SlowStore();
  const ends: string[] = [];
  const clock = new VirtualClock(1_700_000_000_000);
  const written: Uint8Array[] = [];
  const session = new FixSession({
    settings: {
      ...{ role: 'initiator', heartbeatSeconds: 30, beginString: 'FIX.4.4', durable: true },
      ...{ senderCompId: 'DESK', targetCompId: 'VENUE' },
    },
    ...{ keyValue, name: 's', clock, logger: createSilentLogger() },
    application: {
      onLogon: () => undefined,
      onLogout: (reason) => ends.push(reason),
      onMissed: () => undefined,
      onMessage: () => undefined,
      isWanted: () => true,
    },
  });
  session.connected({ write: (bytes) => written.push(bytes), end: () => undefined });
  assert.equal(written.length, 0);
  assert.equal(new FixStore(keyValue, 's').outgoing, 2);
  keyValue.settle?.();
  await Promise.resolve();
  assert.equal(written.length, 1);
  session.logout('x');
  session.connected({ write: (bytes) => written.push(bytes), end: () => undefined });
  keyValue.refuse?.(new NdtsError('IO_ERROR', 'no disk'));
  await new Promise((resolve) => void setImmediate(resolve));
  assert.match(ends.join(), /no disk/);
  assert.equal(written.length, 1);
});
