// A source of messages in a process of its own: what it loads, leaks or breaks is not the node's.
// Always: one connection is one process; one that dies, does not answer or speaks nonsense is a
// connection that is over, and whoever opened it opens another. What it sends waits in the pipe
// while the node does not read, and there the process waits, too.

import {
  addNs,
  type Clock,
  type FeedProcessView,
  isErrorCode,
  NdtsError,
  type Timer,
} from '@ndts/protocol';
import type { FeedGap } from '../feed-rows.js';
import type { MessageConnection, MessageEvents, MessageSource } from '../message-source.js';
import type { FeedProcess, StartFeedProcess } from './feed-process.js';
import { FrameReader, frameKinds, jsonFrame, jsonOf, messageHeadBytes } from './frames.js';
import type { Task } from './source-host.js';

export interface ProcessSourceOptions {
  readonly start: StartFeedProcess;
  /** What the process is told to open. */
  readonly task: Task;
  readonly clock: Clock;
  /** Until it is open: it loads, and asks the venue for its markets. */
  readonly openTimeoutMs?: number;
  /** A process that answers nothing for so many seconds is ended. */
  readonly hangSeconds?: number;
}

const openTimeoutMsDefault = 60_000;
const hangSecondsDefault = 10;
const endMs = 2000;
const second = 1000;

export class ProcessSource implements MessageSource {
  readonly #options: ProcessSourceOptions;
  #memory: unknown;

  constructor(options: ProcessSourceOptions) {
    this.#options = options;
  }

  open(events: MessageEvents, unwanted: AbortSignal): Promise<MessageConnection> {
    const task = { ...this.#options.task, memory: this.#memory };
    const line = new ProcessLine({ ...this.#options, task }, events, (memory) => {
      this.#memory = memory;
    });
    unwanted.addEventListener('abort', () => line.giveUp(), { once: true });
    return line.open();
  }
}

class ProcessLine implements MessageConnection {
  readonly #options: ProcessSourceOptions;
  readonly #events: MessageEvents;
  readonly #remember: (memory: unknown) => void;
  readonly #process: FeedProcess;
  readonly #frames = new FrameReader();
  #settle: { done: () => void; fail: (error: Error) => void } | undefined;
  #opening: Timer | undefined;
  #beat: Timer | undefined;
  #killing: Timer | undefined;
  #gone: (() => void) | undefined;
  /** Seconds without a word, while it was listened to. */
  #quiet = 0;
  #memoryBytes = 0;
  #isPaused = false;
  #isOver = false;
  #hasEnded = false;
  readonly flow = { pause: () => this.#pause(true), resume: () => this.#pause(false) };

  constructor(
    options: ProcessSourceOptions,
    events: MessageEvents,
    remember: (memory: unknown) => void,
  ) {
    this.#options = options;
    this.#events = events;
    this.#remember = remember;
    this.#process = options.start({
      data: (chunk) => this.#read(chunk),
      ended: (how) => this.#ended(how),
    });
  }

  open(): Promise<MessageConnection> {
    const { clock, openTimeoutMs = openTimeoutMsDefault, task } = this.#options;
    return new Promise((resolve, reject) => {
      this.#settle = { done: () => resolve(this), fail: reject };
      this.#opening = clock.setTimer(openTimeoutMs, () =>
        this.#lose(`the process of the feed did not open it in ${openTimeoutMs} ms`),
      );
      this.#process.write(jsonFrame(frameKinds.open, task));
      if (this.#hasEnded) this.#lose('the process of the feed could not be started');
    });
  }

  /** While it opens; afterwards it is closed. */
  giveUp(): void {
    if (this.#settle !== undefined) this.#lose('nobody wants it any more');
  }

  get process(): FeedProcessView | undefined {
    const { pid } = this.#process;
    return pid === undefined ? undefined : { pid, memoryBytes: this.#memoryBytes };
  }

  subscribe(names: readonly string[]): void {
    this.#process.write(jsonFrame(frameKinds.subscribe, { names }));
  }

  unsubscribe(names: readonly string[]): void {
    this.#process.write(jsonFrame(frameKinds.unsubscribe, { names }));
  }

  resync(gap: FeedGap): void {
    this.#process.write(jsonFrame(frameKinds.resync, gap));
  }

  async close(): Promise<void> {
    this.#isOver = true;
    this.#beat?.cancel();
    if (this.#hasEnded) return;
    this.#process.end();
    this.#process.resume(); // what it still says has to go somewhere
    this.#killing ??= this.#options.clock.setTimer(endMs, () => this.#process.kill());
    await new Promise<void>((resolve) => {
      this.#gone = resolve;
    });
  }

  #pause(isPaused: boolean): void {
    if (this.#isOver) return;
    this.#isPaused = isPaused;
    this.#quiet = 0;
    if (isPaused) this.#process.pause();
    else this.#process.resume();
  }

  #read(chunk: Buffer): void {
    this.#quiet = 0;
    if (this.#isOver) return;
    try {
      this.#frames.push(chunk, (kind, body) => this.#take(kind, body));
    } catch (error) {
      this.#lose(error instanceof NdtsError ? error.message : String(error));
    }
  }

  #take(kind: number, body: Buffer): void {
    if (this.#isOver) return;
    if (kind === frameKinds.message && body.length >= messageHeadBytes) {
      const { clock } = this.#options;
      const receivedAt = addNs(clock.wallOffset, body.readDoubleLE(0));
      this.#events.message(body.subarray(messageHeadBytes), receivedAt);
      return;
    }
    const value = jsonOf(body);
    const memoryBytes = value?.['memoryBytes'];
    if (typeof memoryBytes === 'number') this.#memoryBytes = memoryBytes;
    if (kind === frameKinds.opened) this.#opened();
    else if (kind === frameKinds.memory) this.#remember(value?.['memory']);
    else if (kind === frameKinds.closed) this.#lose(String(value?.['reason']));
    else if (kind === frameKinds.failed)
      this.#lose(String(value?.['reason']), String(value?.['code']));
    else if (kind !== frameKinds.pong) this.#lose('the process of the feed speaks nonsense');
  }

  #opened(): void {
    this.#opening?.cancel();
    const settle = this.#settle;
    this.#settle = undefined;
    this.#look();
    settle?.done();
  }

  /** Each second: not once in so many of them a word while it was asked for one. */
  #look(): void {
    const { clock, hangSeconds = hangSecondsDefault } = this.#options;
    this.#beat = clock.setTimer(second, () => {
      if (!this.#isPaused) this.#quiet += 1;
      if (this.#quiet > hangSeconds) {
        this.#lose(`the process of the feed did not answer for ${hangSeconds} s`);
        return;
      }
      if (!this.#isPaused) this.#process.write(jsonFrame(frameKinds.ping, {}));
      this.#look();
    });
  }

  #ended(how: string): void {
    this.#hasEnded = true;
    this.#killing?.cancel();
    this.#lose(`the process of the feed ended: ${how}`);
    this.#gone?.();
  }

  /** It has nothing more to say that anybody wants. */
  #lose(reason: string, code = 'UNAVAILABLE'): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#opening?.cancel();
    this.#beat?.cancel();
    if (!this.#hasEnded) this.#process.kill();
    const settle = this.#settle;
    this.#settle = undefined;
    if (settle === undefined) this.#events.closed(reason);
    else settle.fail(new NdtsError(isErrorCode(code) ? code : 'UNAVAILABLE', reason));
  }
}
