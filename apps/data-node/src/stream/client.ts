// One client of streams: its socket, what may wait for it, and what it subscribed to.
//
// Always: nothing is queued here. Whoever has rows asks canTake() first; what does not fit is
// conflated or not read yet. A client whose socket takes nothing for long is cut off.

import type { Duplex } from 'node:stream';
import { type Clock, type ErrorCode, nsPerMs, nsPerSecond, type Timer } from '@ndts/protocol';
import type { Principal } from '@ndts/runtime';
import { encodeHead, type RowsBody } from './frames.js';
import type { StreamMetrics } from './metrics.js';

/** What is used of a WebSocket connection. */
export interface StreamSocket {
  readonly bufferedAmount: number;
  send(data: Uint8Array | string, options: { binary: boolean; fin: boolean }): void;
  ping(): void;
  /** Nothing is read from it until resume(). */
  pause(): void;
  resume(): void;
  close(code: number, reason: string): void;
  terminate(): void;
  on(event: 'message', listener: (data: Buffer, binary: boolean) => void): void;
  on(event: 'ping' | 'pong' | 'close' | 'error', listener: () => void): void;
}

/** What is below a WebSocket: what is written to it while it is corked goes out as one. */
export type StreamWire = Pick<Duplex, 'cork' | 'uncork'>;

/** Of a client. */
export interface ClientSubscription {
  /** Keeps a position; rejects where there is none to keep. */
  ack?(positions: readonly (readonly [number, number, number])[]): Promise<void>;
  /** Lets go of all it holds. */
  close(): void;
  /** Sends the latest of what was left out. */
  catchUp?(): void;
}

export interface ClientLimits {
  readonly bytesPerSecond: number;
  readonly bufferBytes: number;
  readonly stuckMs: number;
}

export const closeCodes = {
  leaving: 1001,
  nonsense: 1002,
  policy: 1008,
  ended: 4401,
  stuck: 4408,
} as const;

/** What is left in a client's buffer when it is sent more again. */
const drainedShare = 4;
const closeWaitMs = 2000;
const messageMax = 500;

export interface StreamClientOptions {
  readonly socket: StreamSocket;
  readonly wire: StreamWire;
  readonly principal: Principal;
  readonly limits: ClientLimits;
  readonly clock: Clock;
  readonly metrics: StreamMetrics;
  /** Called once it cannot take something: check() has to be called until it can. */
  readonly onSlow: (client: StreamClient) => void;
}

export class StreamClient {
  readonly principal: Principal;
  readonly socket: StreamSocket;
  readonly subscriptions = new Map<number, ClientSubscription>();
  /** Since the last heartbeat: requests, those that are long as several, and pings. */
  requests = 0;
  /** Requests that wait for their turn. */
  readonly asked: Buffer[] = [];
  /** Heartbeats since its last pong. */
  unanswered = 0;
  readonly #options: StreamClientOptions;
  #budget: number;
  #budgetNs: number;
  /** Since when its buffer is full. */
  #fullSinceNs: number | undefined;
  #writers: (() => void)[] = [];
  #ending = false;
  #gone = false;
  #timers: readonly Timer[] = [];

  constructor(options: StreamClientOptions) {
    this.#options = options;
    this.socket = options.socket;
    this.principal = options.principal;
    this.#budget = options.limits.bytesPerSecond;
    this.#budgetNs = options.clock.monotonicNs();
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** It is told why it ends, or gone: nothing of it counts any more. */
  get ended(): boolean {
    return this.#ending || this.#gone;
  }

  /** Whether rows may be sent now. A slow client is told apart from a drained one by more than a
   * byte, so that it does not change with each message. */
  canTake(): boolean {
    if (this.ended) return false;
    const { limits } = this.#options;
    const full =
      this.#fullSinceNs === undefined ? limits.bufferBytes : limits.bufferBytes / drainedShare;
    if (this.socket.bufferedAmount <= full && this.#hasBudget()) return true;
    this.#options.onSlow(this);
    return false;
  }

  /** Resolves when rows may be sent, or it is gone. */
  async writable(): Promise<void> {
    while (!this.ended && !this.canTake())
      await new Promise<void>((resolve) => {
        this.#writers.push(resolve);
      });
  }

  sendRows(id: number, flags: number, body: RowsBody): void {
    if (this.ended) return;
    const binary = body.form === 'binary';
    const head = encodeHead(body, id, flags);
    const { wire } = this.#options;
    wire.cork();
    this.socket.send(head, { binary, fin: false });
    this.socket.send(body.bytes, { binary, fin: true });
    wire.uncork();
    this.#options.metrics.rows.inc(body.rows);
    this.#spend(head.length + body.bytes.length);
  }

  sendText(text: string): void {
    if (this.ended) return;
    // Answers to a client that asks and does not read.
    if (this.socket.bufferedAmount > 2 * this.#options.limits.bufferBytes) {
      this.cutOff('TIMEOUT', 'it asks and does not read');
      return;
    }
    this.socket.send(text, { binary: false, fin: true });
    this.#spend(text.length);
  }

  sendError(code: ErrorCode, message: string, id?: number): void {
    this.#options.metrics.refused.inc({ code });
    // Some say what was found, which may be as long as a request.
    const isLong = message.length > messageMax;
    const said = isLong ? `${message.slice(0, messageMax)}...` : message;
    this.sendText(
      JSON.stringify({ type: 'error', ...(id === undefined ? {} : { id }), code, message: said }),
    );
  }

  /** What was left behind, as far as it goes now. @returns whether it still has to be looked at */
  check(nowNs: number): boolean {
    if (this.ended) return false;
    const { limits } = this.#options;
    if (this.socket.bufferedAmount > limits.bufferBytes / drainedShare) {
      this.#fullSinceNs ??= nowNs;
      if (nowNs - this.#fullSinceNs > limits.stuckMs * nsPerMs)
        this.cutOff('TIMEOUT', `it took too little for ${limits.stuckMs} ms`);
      return !this.ended;
    }
    this.#fullSinceNs = undefined;
    if (!this.#hasBudget()) return true;
    const writers = this.#writers;
    this.#writers = [];
    for (const resolve of writers) resolve();
    let isBehind = writers.length > 0;
    for (const one of this.subscriptions.values()) {
      if (one.catchUp === undefined) continue;
      if (this.canTake()) one.catchUp();
      else isBehind = true;
    }
    return isBehind;
  }

  /** Ends it with a reason, which it sees if it reads on. */
  cutOff(code: ErrorCode, reason: string): void {
    if (this.ended) return;
    this.#options.metrics.cutOff.inc({ reason: code });
    this.end(closeCodes.stuck, `${code}: ${reason}`);
  }

  /** Says why, reads nothing more, and cuts the connection a little later. */
  end(code: number, reason: string): void {
    if (this.ended) return;
    this.#ending = true;
    this.socket.close(code, reason);
    const { clock } = this.#options;
    this.#timers = [
      // A WebSocket that found nonsense reads on in the same turn, to throw it away.
      clock.setTimer(0, () => this.socket.pause()),
      clock.setTimer(closeWaitMs, () => this.socket.terminate()),
    ];
    this.#letGo();
  }

  /** Its connection ended. */
  leave(): void {
    this.#gone = true;
    for (const timer of this.#timers) timer.cancel();
    this.#letGo();
  }

  #letGo(): void {
    this.asked.length = 0;
    for (const one of this.subscriptions.values()) one.close();
    this.subscriptions.clear();
    for (const resolve of this.#writers) resolve();
    this.#writers = [];
  }

  #hasBudget(): boolean {
    const { bytesPerSecond } = this.#options.limits;
    if (bytesPerSecond === 0) return true;
    const nowNs = this.#options.clock.monotonicNs();
    const earned = ((nowNs - this.#budgetNs) / nsPerSecond) * bytesPerSecond;
    this.#budget = Math.min(bytesPerSecond, this.#budget + earned);
    this.#budgetNs = nowNs;
    return this.#budget > 0;
  }

  #spend(bytes: number): void {
    this.#budget -= bytes;
    this.#options.metrics.bytes.inc(bytes);
  }
}
