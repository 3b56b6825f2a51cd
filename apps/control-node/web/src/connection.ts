// The live connection: reconnects by itself, waits longer after each failure, and says how things
// are. A connection that is open and silent counts as lost.

import type { ChartPoint, OrderView } from '@ndts/protocol';
import type { NodeView, StatusView } from '@ndts/control-node';
import { get } from './api.js';
import { leaveFor } from './leave.js';

export type LiveStatus = StatusView & { readonly nodes: readonly NodeView[] };

export type LiveMessage =
  | ({ readonly type: 'status' } & LiveStatus)
  | { readonly type: 'orders'; readonly orders: readonly OrderView[] }
  | {
      readonly type: 'chart';
      readonly symbol: number;
      readonly history: boolean;
      readonly points: readonly ChartPoint[];
    };

export interface ConnectionEvents {
  message(message: LiveMessage): void;
  opened(): void;
  /** Why there is no data now; undefined when all is well. */
  trouble(text: string | undefined): void;
}

const firstWaitMs = 500;
const longestWaitMs = 5000;
const silentMs = 3000;
const sessionEnded = 4401;

export class Connection {
  readonly #events: ConnectionEvents;
  #socket: WebSocket | undefined;
  #waitMs = firstWaitMs;
  #heardMs = 0;
  #lostMs: number | undefined;
  #symbol: number | undefined;

  constructor(events: ConnectionEvents) {
    this.#events = events;
    this.#open();
    setInterval(() => this.#watch(), 1000);
  }

  subscribe(symbol: number): void {
    this.#symbol = symbol;
    if (this.#socket?.readyState === WebSocket.OPEN)
      this.#socket.send(JSON.stringify({ type: 'subscribe', symbol }));
  }

  #open(): void {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/api/live`);
    this.#socket = socket;
    this.#heardMs = performance.now();
    socket.addEventListener('open', () => {
      this.#heardMs = performance.now();
      if (this.#symbol !== undefined) this.subscribe(this.#symbol);
      this.#events.opened();
    });
    socket.addEventListener('message', ({ data }) => {
      this.#heardMs = performance.now();
      this.#lostMs = undefined;
      this.#waitMs = firstWaitMs;
      this.#events.trouble(undefined);
      this.#events.message(JSON.parse(String(data)) as LiveMessage);
    });
    socket.addEventListener('close', ({ code }) => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      if (code === sessionEnded) leaveFor('/login');
      else void this.#retry();
    });
  }

  async #retry(): Promise<void> {
    this.#lostMs ??= performance.now();
    this.#watch();
    const waitMs = this.#waitMs;
    this.#waitMs = Math.min(longestWaitMs, waitMs * 2);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    // Tells a node that is away from a session that has ended: the latter leads to the login page.
    await get('/api/session').catch(() => undefined);
    this.#open();
  }

  #watch(): void {
    const now = performance.now();
    if (this.#lostMs !== undefined) {
      const seconds = Math.round((now - this.#lostMs) / 1000);
      this.#events.trouble(`Connection lost ${seconds} s ago. What you see is old. Trying again.`);
    } else if (now - this.#heardMs > silentMs) {
      // The server speaks four times a second; so long a silence is a dead connection.
      this.#lostMs = this.#heardMs;
      this.#socket?.close();
    }
  }
}
