// One connection of another process, on the side that has the folder open.
//
// Always: whatever a request holds - a query, a replay, a tail - ends with it, with its cancel, or
// with the connection. A stream sends only what its reader has allowed, and only while the socket
// takes it: a reader that stops costs one batch for each of its streams. Frames that are none end
// this connection and nothing else.

import type { Socket } from 'node:net';
import { setImmediate as othersRun } from 'node:timers/promises'; // ambient: turns, not time
import { NdtsError } from '@ndts/protocol';
import type { CallName, Service, ServiceStream, StreamName } from '../../service/service.js';
import { encodeFrame, type Frame, type FrameKind, FrameReader, frameKinds } from './frame.js';
import { chooseVersion, errorValue, fieldsOf } from './messages.js';
import type { Value } from './values.js';

const requestsMax = 1024;
const creditMax = 1 << 30;

/** A stream that is being sent. */
class Outgoing {
  credit: number;
  cancelled = false;
  stream: ServiceStream<unknown, unknown> | undefined;
  readonly #abort = new AbortController();
  #wake: (() => void) | undefined;

  constructor(credit: number) {
    this.credit = credit;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  async cancel(): Promise<void> {
    this.cancelled = true;
    this.#abort.abort();
    this.wake();
    await this.stream?.close();
  }

  pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

export interface ServerConnectionOptions {
  readonly socket: Socket;
  readonly service: Service;
  readonly onClose: (connection: ServerConnection) => void;
}

export class ServerConnection {
  readonly #socket: Socket;
  readonly #service: Service;
  readonly #streams = new Map<number, Outgoing>();
  /** Calls that are not answered. */
  readonly #calls = new Set<number>();
  #greeted = false;
  #closed = false;

  constructor({ socket, service, onClose }: ServerConnectionOptions) {
    this.#socket = socket;
    this.#service = service;
    const reader = new FrameReader((frame) => this.#take(frame));
    socket.unref();
    socket.on('data', (chunk: Uint8Array) => {
      try {
        if (!this.#closed) reader.push(chunk);
      } catch {
        this.close();
      }
    });
    socket.on('drain', () => {
      for (const stream of this.#streams.values()) stream.wake();
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      this.close();
      onClose(this);
    });
  }

  /** Ends all that was asked here. Twice is allowed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    for (const stream of this.#streams.values()) void stream.cancel().catch(() => undefined);
  }

  #take(frame: Frame): void {
    if (this.#closed) return;
    if (!this.#greeted) {
      this.#greet(frame);
      return;
    }
    const { kind, request, value } = frame;
    if (kind === frameKinds.call || kind === frameKinds.open) this.#begin(frame);
    else if (kind === frameKinds.credit) this.#addCredit(request, value);
    else if (kind === frameKinds.cancel)
      void this.#streams
        .get(request)
        ?.cancel()
        .catch(() => undefined);
    else throw new NdtsError('CORRUPT', `a frame of kind ${kind} to the one who answers`);
  }

  #greet(frame: Frame): void {
    if (frame.kind !== frameKinds.hello)
      throw new NdtsError('CORRUPT', 'a connection without hello');
    try {
      const version = chooseVersion(fieldsOf(frame.value));
      this.#greeted = true;
      this.#send(frameKinds.welcome, 0, { version, shardCount: this.#service.shardCount });
    } catch (error) {
      this.#send(frameKinds.error, 0, errorValue(error));
      this.#closed = true;
      this.#socket.destroySoon();
    }
  }

  #begin({ kind, request, value }: Frame): void {
    const fields = fieldsOf(value);
    const { name, asked } = fields;
    const isTaken = this.#calls.has(request) || this.#streams.has(request);
    if (isTaken || request === 0 || typeof name !== 'string')
      throw new NdtsError('CORRUPT', `request ${request} is none, or was not answered yet`);
    if (this.#calls.size + this.#streams.size >= requestsMax)
      throw new NdtsError('CORRUPT', `more than ${requestsMax} requests at once`);
    if (kind === frameKinds.call) void this.#answer(request, name, asked);
    else void this.#stream(request, name, asked, creditOf(fields['credit']));
  }

  async #answer(request: number, name: string, asked: Value): Promise<void> {
    this.#calls.add(request);
    try {
      const answer = await this.#service.call(name as CallName, asked as never);
      this.#send(frameKinds.result, request, answer as unknown as Value);
    } catch (error) {
      this.#send(frameKinds.error, request, errorValue(error));
    } finally {
      this.#calls.delete(request);
    }
  }

  async #stream(request: number, name: string, asked: Value, credit: number): Promise<void> {
    const outgoing = new Outgoing(credit);
    this.#streams.set(request, outgoing);
    try {
      const { signal } = outgoing;
      const stream = await this.#service.open(name as StreamName, asked as never, signal);
      outgoing.stream = stream as ServiceStream<unknown, unknown>;
      this.#send(frameKinds.head, request, stream.head as unknown as Value);
      await this.#pump(request, outgoing, outgoing.stream);
      this.#send(frameKinds.end, request, null);
    } catch (error) {
      this.#send(frameKinds.error, request, errorValue(error));
    } finally {
      this.#streams.delete(request);
      await outgoing.stream?.close().catch(() => undefined);
    }
  }

  async #pump(
    request: number,
    outgoing: Outgoing,
    stream: ServiceStream<unknown, unknown>,
  ): Promise<void> {
    for (;;) {
      while (!outgoing.cancelled && (outgoing.credit <= 0 || this.#socket.writableNeedDrain))
        await outgoing.pause();
      if (outgoing.cancelled) return;
      const item = await stream.next();
      if (item === undefined || outgoing.cancelled) return;
      outgoing.credit -= this.#send(frameKinds.item, request, item as Value);
      await othersRun();
    }
  }

  #addCredit(request: number, value: Value): void {
    const outgoing = this.#streams.get(request);
    const more = creditOf(value);
    if (outgoing === undefined) return; // it ended meanwhile
    outgoing.credit = Math.min(creditMax, outgoing.credit + more);
    outgoing.wake();
  }

  #send(kind: FrameKind, request: number, value: Value): number {
    if (this.#closed) return 0;
    const bytes = encodeFrame(kind, request, value);
    this.#socket.write(bytes);
    return bytes.length;
  }
}

function creditOf(value: Value): number {
  if (typeof value === 'number' && value >= 0 && value <= creditMax) return value;
  throw new NdtsError('CORRUPT', 'a credit that is none');
}
