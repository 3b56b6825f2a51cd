// Keeps a session connected: calls the counterparty while the session's hours last, calls again
// after a loss, later each time, and begins the numbers again with each new session. What always
// holds: there is one connection at a time, and what an older one still says is passed over.

import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import {
  type Clock,
  errorLine,
  nsBetween,
  nsPerMs,
  type Random,
  type Time,
  type Timer,
} from '@ndts/protocol';
import { BackOff, type BackOffOptions, backOffDefault } from '../lifecycle/back-off.js';
import type { Logger } from '../log/logger.js';
import { type FixSchedule, fixSessionAt } from './schedule.js';
import type { FixSession } from './session.js';

export interface FixInitiatorOptions {
  readonly session: FixSession;
  readonly host: string;
  readonly port: number;
  /** undefined: no TLS. */
  readonly tls?: ConnectionOptions | undefined;
  readonly schedule: FixSchedule | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly backOff?: BackOffOptions | undefined;
  /** A connection is over, or could not be had; behind what the session says of it. */
  readonly onLost?: (why: string) => void;
}

const beatMs = 20;
/** What the counterparty may leave unread before it is given up. */
const unreadBytesMax = 16 * 1024 * 1024;
const endGraceMs = 2000;
/** For the connection and its TLS. */
const connectTimeoutMs = 10_000;

export class FixInitiator {
  readonly #options: FixInitiatorOptions;
  #socket: Socket | undefined;
  #beat: Timer | undefined;
  readonly #backOff: BackOff;
  #nextTryNs = 0;
  #isConnecting = false;
  #connectUntilNs = 0;
  #ended: (() => void) | undefined;

  constructor(options: FixInitiatorOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.random, options.backOff ?? backOffDefault);
  }

  /** Connects now, and whenever it has to from now on. */
  start(): void {
    if (this.#beat !== undefined) return;
    this.#doWork();
  }

  /** Logs out, if that can be done in time, and ends the connection. */
  async stop(): Promise<void> {
    if (this.#beat === undefined) return;
    const { session, clock } = this.#options;
    if (this.#socket !== undefined && session.isLoggedOn) {
      session.logout('the node stops');
      await new Promise<void>((resolve) => {
        const timer = clock.setTimer(endGraceMs, resolve);
        this.#ended = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    this.#beat?.cancel();
    this.#beat = undefined;
    this.kill();
  }

  /** Ends the connection without a word, as a crash does. */
  kill(): void {
    this.#beat?.cancel();
    this.#beat = undefined;
    this.#socket?.destroy();
    this.#lost(this.#socket, 'ended here');
  }

  /** Every few milliseconds: the session's clock, its hours, the next try. */
  #doWork(): void {
    const { session, clock, schedule } = this.#options;
    this.#beat = clock.setTimer(beatMs, () => this.#doWork());
    const begin = fixSessionAt(schedule, clock.now());
    this.#guarded(() => session.doWork());
    if (this.#socket !== undefined) {
      if (this.#isConnecting && clock.monotonicNs() >= this.#connectUntilNs) this.#socket.destroy();
      const isOver = begin === undefined || this.#isOlder(begin);
      if (isOver && session.isLoggedOn) session.logout('the session is over');
      return;
    }
    if (begin === undefined || clock.monotonicNs() < this.#nextTryNs) return;
    if (this.#isOlder(begin)) session.reset();
    this.#connect();
  }

  /** Whether the numbers belong to a session before the one that began then. */
  #isOlder(begin: Time): boolean {
    const { startedAt } = this.#options.session.store;
    return startedAt !== undefined && nsBetween(startedAt, begin) < 0;
  }

  #connect(): void {
    const { host, port, tls, session, clock, logger } = this.#options;
    this.#isConnecting = true;
    this.#connectUntilNs = clock.monotonicNs() + connectTimeoutMs * nsPerMs;
    const socket =
      tls === undefined
        ? connectPlain({ host, port })
        : connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...tls });
    this.#socket = socket;
    socket.setNoDelay(true);
    let why = 'the connection was lost';
    socket.on('error', (error) => {
      why = errorLine(error);
      logger.warn({ host, port, error: why }, 'FIX connection failed');
    });
    socket.on('close', () => this.#lost(socket, why));
    socket.on('data', (bytes: Buffer) => {
      if (this.#socket !== socket) return;
      this.#guarded(() => session.received(bytes));
      if (session.isLoggedOn) this.#backOff.reset();
    });
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      if (this.#socket !== socket) return;
      this.#isConnecting = false;
      session.connected(this.#wireOf(socket));
    });
  }

  /** What an application throws costs the connection and not the process: the next log-on brings
   * the application up to what it missed. */
  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#options.logger.error({ error: errorLine(error) }, 'FIX message that could not be used');
      this.#socket?.destroy();
    }
  }

  #wireOf(socket: Socket): { write: (bytes: Uint8Array) => void; end: () => void } {
    return {
      write: (bytes) => {
        socket.write(bytes);
        if (socket.writableLength > unreadBytesMax) socket.destroy();
      },
      end: () => {
        socket.end();
        // One that never closes its side is not waited for.
        const timer = this.#options.clock.setTimer(endGraceMs, () => socket.destroy());
        socket.once('close', () => timer.cancel());
      },
    };
  }

  #lost(socket: Socket | undefined, why: string): void {
    if (socket === undefined || this.#socket !== socket) return;
    const { session, clock, onLost } = this.#options;
    this.#socket = undefined;
    session.disconnected(why);
    this.#nextTryNs = clock.monotonicNs() + this.#backOff.nextMs() * nsPerMs;
    this.#ended?.();
    this.#ended = undefined;
    onLost?.(why);
  }
}
