// The service of a folder that another process has open, over its socket.
//
// Always: many requests at once; a stream holds what its credit allows and no more; when the other
// side ends, whoever waits is told UNAVAILABLE, at once. It keeps the process alive only while
// somebody waits.

import { connect, type Socket } from 'node:net';
import { NdtsError } from '@ndts/protocol';
import type { CallName, Calls, Service, StreamName, StreamOf } from '../../service/service.js';
import { encodeFrame, type Frame, type FrameKind, FrameReader, frameKinds } from './frame.js';
import { errorOf, fieldsOf, newestVersion, oldestVersion } from './messages.js';
import { withSocketPath } from './socket-path.js';
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

export class LocalConnection implements Service {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #incoming = new Map<number, Incoming>();
  #shardCount = 0;
  #last = 0;
  #closed: NdtsError | undefined;

  private constructor(path: string) {
    const reader = new FrameReader((frame) => this.#take(frame));
    this.#socket = connect({
      path,
      onread: {
        buffer: new Uint8Array(readBytes),
        callback: (bytes, buffer) => {
          try {
            if (this.#closed === undefined) reader.push(buffer.subarray(0, bytes));
          } catch (error) {
            this.#end(
              error instanceof NdtsError ? error : new NdtsError('INTERNAL', String(error)),
            );
          }
          return true;
        },
      },
    });
  }

  /** undefined where nobody listens. Throws VERSION_TOO_NEW, READ_ONLY (not allowed), IO_ERROR. */
  static async open(path: string): Promise<LocalConnection | undefined> {
    return withSocketPath(path, async (short) => {
      const connection = new LocalConnection(short);
      if (!(await connection.#connected())) return undefined;
      let welcome: Value;
      try {
        welcome = await connection.#greet();
      } catch (error) {
        // It ended as we came: the socket of a process that dies still takes connections.
        if (error instanceof NdtsError && error.code === 'UNAVAILABLE') return undefined;
        await connection.close();
        throw error;
      }
      connection.#shardCount = Number(fieldsOf(welcome)['shardCount']);
      connection.#refer();
      return connection;
    });
  }

  get shardCount(): number {
    return this.#shardCount;
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

  #connected(): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const socket = this.#socket;
      const failed = (error: NodeJS.ErrnoException): void => {
        if (notThere.has(error.code)) resolve(false);
        else reject(new NdtsError('IO_ERROR', `cannot reach the open folder: ${error.message}`));
      };
      socket.once('error', failed);
      socket.once('connect', () => {
        socket.off('error', failed);
        socket.on('error', () => undefined); // 'close' follows
        socket.on('close', () => this.#end(gone()));
        resolve(true);
      });
    });
  }

  #greet(): Promise<Value> {
    const fields = { newest: newestVersion, oldest: oldestVersion };
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
    const isAnswer =
      kind === frameKinds.result || kind === frameKinds.head || kind === frameKinds.welcome;
    if (isAnswer) this.#settle(request)?.resolve(value);
    else if (kind === frameKinds.item)
      this.#incoming.get(request)?.put({ kind, request, value, bytes });
    else if (kind === frameKinds.end) this.#endStream(request);
    else if (kind === frameKinds.error) {
      const error = errorOf(value);
      const waiting = this.#settle(request);
      if (waiting === undefined) this.#endStream(request, error);
      else waiting.reject(error);
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
  }

  /** The process stays while somebody waits. */
  #refer(): void {
    if (this.#closed !== undefined) return;
    const isWaiting = [...this.#incoming.values()].some((one) => one.waits);
    if (this.#waiting.size > 0 || isWaiting) this.#socket.ref();
    else this.#socket.unref();
  }
}

function cancelled(): NdtsError {
  return new NdtsError('CANCELLED', 'it was cancelled');
}

function gone(): NdtsError {
  return new NdtsError(
    'UNAVAILABLE',
    'the process that had the folder open ended; what was under way may or may not have been done',
  );
}
