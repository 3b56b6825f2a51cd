// The live push: a frame with the statuses every 250 ms, orders as they change, and the chart of
// the symbol a client subscribed to. Always: what a client does not take in time is skipped, never
// queued; nothing is spent while there is no client; a connection ends with its token or session.

import {
  type Bus,
  type ChartPoint,
  type Clock,
  nsPerMs,
  nsPerSecond,
  type OrderView,
  subjects,
} from '@ndts/protocol';
import type { Counter, Logger, Metrics } from '@ndts/runtime';

/** What is used of a WebSocket connection. */
export interface LiveSocket {
  readonly bufferedAmount: number;
  send(text: string): void;
  ping(): void;
  close(code: number, reason: string): void;
  terminate(): void;
  on(event: 'message', listener: (data: Buffer, binary: boolean) => void): void;
  on(event: 'pong' | 'close', listener: () => void): void;
}

export interface LiveOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** What each frame carries: statuses and nodes. */
  readonly snapshot: () => object;
}

interface Client {
  readonly socket: LiveSocket;
  readonly stillValid: () => boolean;
  symbol: number | undefined;
  /** Points up to this time were sent; undefined: the history is due. */
  sentToMs: number | undefined;
  asking: boolean;
  answered: boolean;
  fullSinceNs: number | undefined;
  messages: number;
}

export const clientsMax = 32;
const pushIntervalNs = 250 * nsPerMs;
const checkIntervalNs = 2 * nsPerSecond;
const pingIntervalNs = 15 * nsPerSecond;
const stuckLimitNs = 10 * nsPerSecond;
const bufferedBytesMax = 256 * 1024;
const historyPoints = 2000;
const pointsPerAsk = 256;
const pointsPerFrame = 32;
const ordersPerFrame = 200;
const messagesPerCheck = 20;

export const closeCodes = { leaving: 1001, policy: 1008, ended: 4401 } as const;

export class LiveHub {
  readonly #options: LiveOptions;
  readonly #clients = new Set<Client>();
  readonly #orders = new Map<string, OrderView>();
  readonly #skipped: Counter;
  #endOrders: (() => void) | undefined;
  #nextPushNs = 0;
  #nextCheckNs = 0;
  #nextPingNs = 0;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#skipped = options.metrics.counter(
      'control_live_skipped_frames_total',
      'frames not sent because the client did not take the ones before',
    );
    options.metrics.gauge('control_live_clients', 'open live connections', [], (gauge) =>
      gauge.set(this.#clients.size),
    );
  }

  get full(): boolean {
    return this.#clients.size >= clientsMax;
  }

  get count(): number {
    return this.#clients.size;
  }

  add(socket: LiveSocket, stillValid: () => boolean): void {
    const client: Client = {
      socket,
      stillValid,
      symbol: undefined,
      sentToMs: undefined,
      asking: false,
      answered: true,
      fullSinceNs: undefined,
      messages: 0,
    };
    socket.on('message', (data, binary) => this.#onMessage(client, data, binary));
    socket.on('pong', () => {
      client.answered = true;
    });
    socket.on('close', () => this.#remove(client));
    this.#clients.add(client);
    this.#endOrders ??= this.#options.bus.subscribe(subjects.orderEvent, ({ payload }) =>
      this.#onOrder(payload as OrderView),
    );
    this.#nextPushNs = 0;
  }

  doWork(nowNs: number): number {
    if (this.#clients.size === 0 || nowNs < this.#nextPushNs) return 0;
    this.#nextPushNs = nowNs + pushIntervalNs;
    if (nowNs >= this.#nextCheckNs) {
      this.#nextCheckNs = nowNs + checkIntervalNs;
      this.checkAccess();
    }
    if (nowNs >= this.#nextPingNs) {
      this.#nextPingNs = nowNs + pingIntervalNs;
      this.#pingAll();
    }
    this.#push(nowNs);
    return this.#clients.size;
  }

  /** When it pushes next; Infinity: to nobody. */
  dueNs(): number {
    return this.#clients.size === 0 ? Number.POSITIVE_INFINITY : this.#nextPushNs;
  }

  /** Ends connections whose token or session is no longer valid. */
  checkAccess(): void {
    for (const client of this.#clients) {
      client.messages = 0;
      if (!client.stillValid()) client.socket.close(closeCodes.ended, 'the session has ended');
    }
  }

  stop(): void {
    for (const { socket } of this.#clients) {
      socket.close(closeCodes.leaving, 'the node stops');
      socket.terminate();
    }
    this.#clients.clear();
    this.#endOrders?.();
    this.#endOrders = undefined;
  }

  #push(nowNs: number): void {
    const status = JSON.stringify({ type: 'status', ...this.#options.snapshot() });
    const orders =
      this.#orders.size === 0
        ? undefined
        : JSON.stringify({ type: 'orders', orders: [...this.#orders.values()] });
    this.#orders.clear();
    for (const client of this.#clients) {
      if (this.#isBehind(client, nowNs)) continue;
      client.socket.send(status);
      if (orders !== undefined) client.socket.send(orders);
      if (client.symbol !== undefined && !client.asking)
        void this.#pushChart(client, client.symbol);
    }
  }

  /** A client that takes nothing for long is cut off: it can come back and start afresh. */
  #isBehind(client: Client, nowNs: number): boolean {
    if (client.socket.bufferedAmount <= bufferedBytesMax) {
      client.fullSinceNs = undefined;
      return false;
    }
    this.#skipped.inc();
    client.fullSinceNs ??= nowNs;
    if (nowNs - client.fullSinceNs > stuckLimitNs) client.socket.terminate();
    return true;
  }

  async #pushChart(client: Client, symbol: number): Promise<void> {
    const { sentToMs } = client;
    const limit = sentToMs === undefined ? historyPoints : pointsPerAsk;
    client.asking = true;
    try {
      const answer = await this.#options.bus.request(subjects.calcChart, { symbol, limit });
      // The client may have gone or turned to another symbol meanwhile.
      if (!this.#clients.has(client) || client.symbol !== symbol) return;
      const points = newPoints(answer as ChartPoint[], sentToMs);
      const last = points.at(-1);
      if (last === undefined) return;
      client.sentToMs = last.timeMs;
      const history = sentToMs === undefined;
      client.socket.send(JSON.stringify({ type: 'chart', symbol, history, points }));
    } catch (error) {
      this.#options.logger.debug({ err: error, symbol }, 'no chart for a live client');
    } finally {
      client.asking = false;
    }
  }

  #onMessage(client: Client, data: Buffer, binary: boolean): void {
    client.messages += 1;
    const symbol = binary ? undefined : subscribedSymbol(data.toString('utf8'));
    if (symbol === undefined || client.messages > messagesPerCheck) {
      client.socket.close(
        closeCodes.policy,
        'expected {"type":"subscribe","symbol":ID}, not too often',
      );
      return;
    }
    client.symbol = symbol;
    client.sentToMs = undefined;
    this.#nextPushNs = 0;
  }

  /** The latest view of an order replaces the one before; of too many the oldest are left out. */
  #onOrder(order: OrderView): void {
    this.#orders.delete(order.clientOrderId);
    this.#orders.set(order.clientOrderId, order);
    if (this.#orders.size <= ordersPerFrame) return;
    for (const oldest of this.#orders.keys()) {
      this.#orders.delete(oldest);
      return;
    }
  }

  #pingAll(): void {
    for (const client of this.#clients) {
      if (!client.answered) client.socket.terminate();
      client.answered = false;
      client.socket.ping();
    }
  }

  #remove(client: Client): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    this.#endOrders?.();
    this.#endOrders = undefined;
    this.#orders.clear();
  }
}

/** What came after `sentToMs`, conflated evenly with the newest kept; all of a history. */
export function newPoints(
  points: readonly ChartPoint[],
  sentToMs: number | undefined,
): readonly ChartPoint[] {
  if (sentToMs === undefined) return points;
  const fresh = points.filter(({ timeMs }) => timeMs > sentToMs);
  if (fresh.length <= pointsPerFrame) return fresh;
  const step = Math.ceil(fresh.length / pointsPerFrame);
  return fresh.filter((_, index) => (fresh.length - 1 - index) % step === 0);
}

function subscribedSymbol(text: string): number | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof message !== 'object' || message === null) return undefined;
  if (!('type' in message) || message.type !== 'subscribe' || !('symbol' in message))
    return undefined;
  const { symbol } = message;
  return Number.isSafeInteger(symbol) && (symbol as number) >= 0 ? (symbol as number) : undefined;
}
