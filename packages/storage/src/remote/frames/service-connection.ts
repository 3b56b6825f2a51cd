// The service of a folder that another process has open, on this machine or on another, over a
// socket.
//
// Always: many requests at once; a stream holds what its credit allows and no more; when the other
// side ends, whoever waits is told UNAVAILABLE, at once. It keeps the process alive only while
// somebody waits.

import type { OnReadOpts, Socket } from 'node:net';
import { NdtsError } from '@ndts/protocol';
import type { CallName, Calls, Service, StreamName, StreamOf } from '../../service/service.js';
import { encodeFrame, type Frame, type FrameKind, FrameReader, frameKinds } from './frame.js';
import { errorOf, type Fields, fieldsOf, newestVersion, oldestVersion } from './messages.js';
import type { Value } from './values.js';

/** What a stream may have on its way and waiting. */
const creditBytes = 4 * 1024 * 1024;
const readBytes = 256 * 1024;
const requestMax = 0xffff_ffff;
/** How it fails where nobody listens, or nobody any more, or too many come at once. */
const notThere: ReadonlySet<string | undefined> = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'EAGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

interface Waiting {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: NdtsError) => void;
}

/** Items of one stream that came and were not taken. */
class Incoming {
  readonly #items: Frame[] = [];
  #waiting:
    | { resolve: (frame: Frame | undefined) => void; reject: (e: NdtsError) => void }
    | undefined;
  #ended = false;
  #error: NdtsError | undefined;

  get ended(): boolean {
    return this.#ended;
  }

  put(frame: Frame): void {
    if (this.#ended) return;
    this.#items.push(frame);
    this.#settle();
  }

  /** What came before is still handed out. */
  end(error?: NdtsError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#settle();
  }

  /** Nothing more is handed out; whoever asks gets the end, or the error. */
  drop(error?: NdtsError): void {
    this.#items.length = 0;
    this.#error = error;
    this.#ended = true;
    this.#settle();
  }

  take(): Promise<Frame | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#settle();
    });
  }

  get waits(): boolean {
    return this.#waiting !== undefined;
  }

  #settle(): void {
    const waiting = this.#waiting;
    if (waiting === undefined || (this.#items.length === 0 && !this.#ended)) return;
    this.#waiting = undefined;
    const item = this.#items.shift();
    if (item !== undefined || this.#error === undefined) waiting.resolve(item);
    else waiting.reject(this.#error);
  }
}

export interface ConnectOptions {
  /** A socket that is being connected, and reads as it is told. */
  readonly connect: (onread: OnReadOpts) => Socket;
  /** The event that says that it is. */
  readonly ready: 'connect' | 'secureConnect';
  /** Who is at the other end, for messages. */
  readonly peer: string;
  /** What the greeting says beside versions. */
  readonly hello?: Fields;
  /** Called when somebody begins to wait for the other side, and when nobody does any more. */
  readonly onWaiting?: (connection: ServiceConnection, waiting: boolean) => void;
}

export class ServiceConnection implements Service {
  readonly #socket: Socket;
  readonly #peer: string;
  readonly #onWaiting: ConnectOptions['onWaiting'];
  readonly #waiting = new Map<number, Waiting>();
  readonly #incoming = new Map<number, Incoming>();
  #shardCount = 0;
  #last = 0;
  #closed: NdtsError | undefined;
  #heard = 0;
  #isWaited = false;

  private constructor({ connect, peer, onWaiting }: ConnectOptions) {
    const reader = new FrameReader((frame) => this.#take(frame));
    this.#peer = peer;
    this.#onWaiting = onWaiting;
    this.#socket = connect({
      buffer: new Uint8Array(readBytes),
      callback: (bytes, buffer) => {
        try {
          if (this.#closed === undefined) reader.push(buffer.subarray(0, bytes));
        } catch (error) {
          this.#end(error instanceof NdtsError ? error : new NdtsError('INTERNAL', String(error)));
        }
        return true;
      },
    });
  }

  /** undefined where nobody listens. Throws what it is refused with, VERSION_TOO_NEW, READ_ONLY
   * (not allowed), IO_ERROR. */
  static async open(options: ConnectOptions): Promise<ServiceConnection | undefined> {
    const connection = new ServiceConnection(options);
    if (!(await connection.#connected(options.ready))) return undefined;
    let welcome: Value;
    try {
      welcome = await connection.#greet(options.hello ?? {});
    } catch (error) {
      // It ended as we came: the socket of a process that dies still takes connections.
      if (error instanceof NdtsError && error.code === 'UNAVAILABLE') return undefined;
      await connection.close();
      throw error;
    }
    connection.#shardCount = Number(fieldsOf(welcome)['shardCount']);
    connection.#refer();
    return connection;
  }

  get shardCount(): number {
    return this.#shardCount;
  }

  /** How many frames came. */
  get heard(): number {
    return this.#heard;
  }

  /** Asks for a sign of life, which counts as heard. */
  ping(): void {
    if (this.#closed === undefined) this.#socket.write(encodeFrame(frameKinds.ping, 0, null));
  }

  /** The other side gives no sign of life. */
  abandon(): void {
    this.#end(gone(this.#peer));
  }

  /** Whether nothing can be asked any more. */
  get closed(): boolean {
    return this.#closed !== undefined;
  }

  async call<N extends CallName>(name: N, asked: Calls[N]['asked']): Promise<Calls[N]['answer']> {
    const request = this.#nextRequest();
    const fields = { name, asked: asked as unknown as Value };
    return (await this.#ask(frameKinds.call, request, fields)) as unknown as Calls[N]['answer'];
  }

  async open<N extends StreamName>(
    name: N,
    asked: unknown,
    signal?: AbortSignal,
  ): Promise<StreamOf<N>> {
    const request = this.#nextRequest();
    const incoming = new Incoming();
    this.#incoming.set(request, incoming);
    const stop = (): void => this.#cancel(request, incoming, cancelled());
    if (signal?.aborted === true) {
      this.#incoming.delete(request);
      throw cancelled();
    }
    signal?.addEventListener('abort', stop, { once: true });
    const ended = (): void => signal?.removeEventListener('abort', stop);
    const fields = { name, asked: asked as Value, credit: creditBytes };
    let head: Value;
    try {
      head = await this.#ask(frameKinds.open, request, fields);
    } catch (error) {
      ended();
      this.#incoming.delete(request);
      throw error;
    }
    const stream = {
      head,
      next: () => this.#next(request, incoming),
      close: async () => {
        ended();
        this.#cancel(request, incoming);
      },
    };
    return stream as unknown as StreamOf<N>;
  }

  async close(): Promise<void> {
    this.#end(new NdtsError('CLOSED', 'the connection was closed'));
  }

  #connected(ready: 'connect' | 'secureConnect'): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const socket = this.#socket;
      const failed = (error: NodeJS.ErrnoException): void => {
        socket.destroy();
        if (notThere.has(error.code)) resolve(false);
        else
          reject(
            new NdtsError('IO_ERROR', `cannot reach ${this.#peer}: ${error.message}`, {
              cause: error,
            }),
          );
      };
      const closed = (): void => resolve(false);
      socket.once('error', failed);
      socket.once('close', closed);
      socket.once(ready, () => {
        socket.off('error', failed);
        socket.off('close', closed);
        socket.on('error', () => undefined); // 'close' follows
        socket.on('close', () => this.#end(gone(this.#peer)));
        resolve(true);
      });
    });
  }

  #greet(hello: Fields): Promise<Value> {
    const fields = { ...hello, newest: newestVersion, oldest: oldestVersion };
    return this.#ask(frameKinds.hello, 0, fields);
  }

  #nextRequest(): number {
    do this.#last = this.#last === requestMax ? 1 : this.#last + 1;
    while (this.#waiting.has(this.#last) || this.#incoming.has(this.#last));
    return this.#last;
  }

  #ask(kind: FrameKind, request: number, value: Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) throw this.#closed;
      const bytes = encodeFrame(kind, request, value);
      this.#waiting.set(request, { resolve, reject });
      this.#socket.write(bytes);
      this.#refer();
    });
  }

  async #next(request: number, incoming: Incoming): Promise<unknown> {
    const taking = incoming.take();
    this.#refer();
    const frame = await taking;
    if (frame === undefined) return undefined;
    if (this.#closed === undefined && this.#incoming.has(request))
      this.#socket.write(encodeFrame(frameKinds.credit, request, frame.bytes));
    return frame.value;
  }

  #cancel(request: number, incoming: Incoming, error?: NdtsError): void {
    incoming.drop(error);
    if (error !== undefined) this.#settle(request)?.reject(error);
    if (!this.#incoming.delete(request) || this.#closed !== undefined) return;
    this.#socket.write(encodeFrame(frameKinds.cancel, request, null));
    this.#refer();
  }

  #take({ kind, request, value, bytes }: Frame): void {
    this.#heard += 1;
    if (kind === frameKinds.pong) return;
    const isAnswer =
      kind === frameKinds.result || kind === frameKinds.head || kind === frameKinds.welcome;
    if (isAnswer) this.#settle(request)?.resolve(value);
    else if (kind === frameKinds.item)
      this.#incoming.get(request)?.put({ kind, request, value, bytes });
    else if (kind === frameKinds.end) this.#endStream(request);
    else if (kind === frameKinds.error) {
      const error = errorOf(value);
      const waiting = this.#settle(request);
      if (waiting !== undefined) waiting.reject(error);
      else if (request === 0) this.#end(error);
      else this.#endStream(request, error);
    } else throw new NdtsError('CORRUPT', `a frame of kind ${kind} to the one who asks`);
    this.#refer();
  }

  #settle(request: number): Waiting | undefined {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    return waiting;
  }

  #endStream(request: number, error?: NdtsError): void {
    this.#incoming.get(request)?.end(error);
    this.#incoming.delete(request);
  }

  #end(error: NdtsError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#socket.destroy();
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
    for (const incoming of this.#incoming.values()) incoming.end(error);
    this.#incoming.clear();
    this.#refer();
  }

  /** The process stays while somebody waits. */
  #refer(): void {
    const isOpen = this.#closed === undefined;
    const isTaking = [...this.#incoming.values()].some((one) => one.waits);
    const isWaited = isOpen && (this.#waiting.size > 0 || isTaking);
    if (isWaited !== this.#isWaited) this.#onWaiting?.(this, isWaited);
    this.#isWaited = isWaited;
    if (isWaited) this.#socket.ref();
    else if (isOpen) this.#socket.unref();
  }
}

function cancelled(): NdtsError {
  return new NdtsError('CANCELLED', 'it was cancelled');
}

function gone(peer: string): NdtsError {
  return new NdtsError(
    'UNAVAILABLE',
    `${peer} ended; what was under way may or may not have been done`,
  );
}
