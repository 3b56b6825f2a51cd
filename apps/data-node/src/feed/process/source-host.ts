// The process of a feed, its inside: opens a source when it is told to, and sends what it brings
// over the pipe. Always: what waits for the node is bounded. When the pipe is full the source is
// told to wait; what comes all the same is kept up to a limit, and more ends the process, which
// whoever started it begins again.

import type { Duplex } from 'node:stream';
import { type Clock, errorLine, NdtsError } from '@ndts/protocol';
import type { MessageConnection, MessageSource } from '../message-source.js';
import { FrameReader, frameKinds, jsonFrame, jsonOf, messageFrame } from './frames.js';

export type Task = Readonly<Record<string, unknown>>;

export interface SourceHostOptions {
  readonly pipe: Duplex;
  readonly clock: Pick<Clock, 'monotonicNs'>;
  /** Throws INVALID_ARGUMENT or NOT_FOUND for what no second try can mend. `remember`: what the
   * next process finds in its task as `memory`. */
  readonly sourceOf: (task: Task, remember: (memory: unknown) => void) => MessageSource;
  /** What the process has in memory now. */
  readonly memoryBytes: () => number;
  /** The process is to end; empty: because it was told to. */
  readonly onEnd: (reason: string) => void;
  readonly highBytes?: number;
  readonly bytesMax?: number;
}

const highBytesDefault = 1024 * 1024;
const bytesMaxDefault = 64 * 1024 * 1024;

export class SourceHost {
  readonly #options: SourceHostOptions;
  readonly #pipe: Duplex;
  readonly #frames = new FrameReader();
  readonly #unwanted = new AbortController();
  readonly #highBytes: number;
  readonly #bytesMax: number;
  #connection: MessageConnection | undefined;
  #isPaused = false;
  #isCorked = false;
  #isEnded = false;

  constructor(options: SourceHostOptions) {
    this.#options = options;
    this.#pipe = options.pipe;
    this.#highBytes = options.highBytes ?? highBytesDefault;
    this.#bytesMax = options.bytesMax ?? bytesMaxDefault;
    this.#pipe.on('data', (chunk: Buffer) => {
      this.#frames.push(chunk, (kind, body) => this.#take(kind, jsonOf(body) ?? {}));
    });
    this.#pipe.on('drain', () => this.#resume());
    this.#pipe.on('error', () => this.#end(''));
    this.#pipe.on('end', () => this.#end(''));
  }

  #take(kind: number, value: Task): void {
    switch (kind) {
      case frameKinds.open:
        void this.#open(value);
        break;
      case frameKinds.subscribe:
        this.#connection?.subscribe(value['names'] as readonly string[]);
        break;
      case frameKinds.unsubscribe:
        this.#connection?.unsubscribe(value['names'] as readonly string[]);
        break;
      case frameKinds.resync:
        this.#connection?.resync?.(value as unknown as { name: string; from: number; to: number });
        break;
      case frameKinds.ping:
        this.#send(this.#word(frameKinds.pong));
        break;
    }
  }

  async #open(task: Task): Promise<void> {
    try {
      const source = this.#options.sourceOf(task, (memory) =>
        this.#send(jsonFrame(frameKinds.memory, { memory })),
      );
      const events = {
        message: (bytes: Uint8Array) => this.#message(bytes),
        reopened: () => undefined,
        closed: (reason: string) => this.#send(jsonFrame(frameKinds.closed, { reason })),
      };
      const connection = await source.open(events, this.#unwanted.signal);
      if (this.#isEnded) {
        await connection.close();
        return;
      }
      this.#connection = connection;
      this.#send(this.#word(frameKinds.opened));
    } catch (error) {
      const code = error instanceof NdtsError ? error.code : 'UNAVAILABLE';
      this.#send(jsonFrame(frameKinds.failed, { code, reason: errorLine(error) }));
    }
  }

  #message(bytes: Uint8Array): void {
    this.#send(messageFrame(bytes, this.#options.clock.monotonicNs()));
    const waiting = this.#pipe.writableLength;
    if (waiting > this.#bytesMax)
      this.#end(`${waiting} bytes wait for the node, at most ${this.#bytesMax}`);
    else if (waiting > this.#highBytes && !this.#isPaused) {
      this.#isPaused = true;
      this.#connection?.flow?.pause();
    }
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#connection?.flow?.resume();
  }

  #word(kind: number): Buffer {
    return jsonFrame(kind, { memoryBytes: this.#options.memoryBytes() });
  }

  /** Those of one turn go in one write. */
  #send(frame: Buffer): void {
    if (this.#isEnded) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#pipe.cork();
      queueMicrotask(() => {
        this.#isCorked = false;
        this.#pipe.uncork();
      });
    }
    this.#pipe.write(frame);
  }

  #end(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#unwanted.abort();
    const closing = this.#connection?.close() ?? Promise.resolve();
    const ended = (): void => this.#options.onEnd(reason);
    closing.then(ended, ended);
  }
}
