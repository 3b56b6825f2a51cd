// One connection of another process, of this machine or of another, on the side that has the
// folder open.
//
// Always: whatever a request holds - a query, a replay, a tail - ends with it, with its cancel, or
// with the connection. A stream sends only what its reader has allowed, and only while the socket
// takes it: a reader that stops costs one batch for each of its streams. Frames that are none end
// this connection and nothing else.

import type { Socket } from 'node:net';
import { setImmediate as othersRun } from 'node:timers/promises'; // ambient: turns, not time
import { NdtsError } from '@ndts/protocol';
import type { CallName, Service, ServiceStream, StreamName } from '../../service/service.js';
import {
  encodeFrame,
  type Frame,
  type FrameKind,
  framePayloadMax,
  FrameReader,
  frameKinds,
} from './frame.js';
import { chooseVersion, errorValue, type Fields, fieldsOf } from './messages.js';
import type { Value } from './values.js';

const requestsMax = 1024;
/** Before it is known who connects. */
const helloBytesMax = 4096;
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
  /** What who greets so may use; throws what it is told when that is nothing. */
  readonly admit: (hello: Fields) => Service;
  readonly onClose: (connection: ServerConnection) => void;
}

export class ServerConnection {
  readonly #socket: Socket;
  readonly #admit: (hello: Fields) => Service;
  readonly #reader: FrameReader;
  readonly #streams = new Map<number, Outgoing>();
  /** Calls that are not answered. */
  readonly #calls = new Set<number>();
  /** Once greeted. */
  #service: Service | undefined;
  #closed = false;

  constructor({ socket, admit, onClose }: ServerConnectionOptions) {
    this.#socket = socket;
    this.#admit = admit;
    const reader = new FrameReader((frame) => this.#take(frame));
    reader.payloadMax = helloBytesMax;
    this.#reader = reader;
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

  get greeted(): boolean {
    return this.#service !== undefined;
  }

  /** Says why, then ends. */
  refuse(error: NdtsError): void {
    if (this.#closed) return;
    this.#send(frameKinds.error, 0, errorValue(error));
    this.#closed = true;
    this.#socket.destroySoon();
    this.#cancelStreams();
  }

  /** Ends all that was asked here. Twice is allowed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.#cancelStreams();
  }

  #cancelStreams(): void {
    for (const stream of this.#streams.values()) void stream.cancel().catch(() => undefined);
  }

  #take(frame: Frame): void {
    if (this.#closed) return;
    if (this.#service === undefined) {
      this.#greet(frame);
      return;
    }
    const { kind, request, value } = frame;
    if (kind === frameKinds.call || kind === frameKinds.open) this.#begin(frame, this.#service);
    else if (kind === frameKinds.ping) this.#send(frameKinds.pong, request, null);
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
      const hello = fieldsOf(frame.value);
      const version = chooseVersion(hello);
      const service = this.#admit(hello);
      this.#service = service;
      this.#reader.payloadMax = framePayloadMax;
      this.#send(frameKinds.welcome, 0, { version, shardCount: service.shardCount });
    } catch (error) {
      this.refuse(error instanceof NdtsError ? error : new NdtsError('INTERNAL', String(error)));
    }
  }

  #begin({ kind, request, value }: Frame, service: Service): void {
    const fields = fieldsOf(value);
    const { name, asked } = fields;
    const isTaken = this.#calls.has(request) || this.#streams.has(request);
    if (isTaken || request === 0 || typeof name !== 'string')
      throw new NdtsError('CORRUPT', `request ${request} is none, or was not answered yet`);
    if (this.#calls.size + this.#streams.size >= requestsMax)
      throw new NdtsError('CORRUPT', `more than ${requestsMax} requests at once`);
    if (kind === frameKinds.call) void this.#answer(service, request, name, asked);
    else void this.#stream(service, request, name, asked, creditOf(fields['credit']));
  }

  async #answer(service: Service, request: number, name: string, asked: Value): Promise<void> {
    this.#calls.add(request);
    try {
      const answer = await service.call(name as CallName, asked as never);
      this.#send(frameKinds.result, request, answer as unknown as Value);
    } catch (error) {
      this.#send(frameKinds.error, request, errorValue(error));
    } finally {
      this.#calls.delete(request);
    }
  }

  async #stream(
    service: Service,
    request: number,
    name: string,
    asked: Value,
    credit: number,
  ): Promise<void> {
    const outgoing = new Outgoing(credit);
    this.#streams.set(request, outgoing);
    try {
      const { signal } = outgoing;
      const stream = await service.open(name as StreamName, asked as never, signal);
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
