// All clients of streams: what each asked for, the feeds they share, heartbeats, and the end of
// those that are too slow or whose token was revoked.
//
// Always: a request is answered or refused with a code; what a client holds ends with its
// connection; nothing runs while there is no client but the listener.

import { type ErrorCode, errorLine, NdtsError, type Timer } from '@ndts/protocol';
import type { Identity, Principal } from '@ndts/runtime';
import {
  type ClientSubscription,
  closeCodes,
  StreamClient,
  type StreamSocket,
  type StreamWire,
} from './client.js';
import { idIn, parseRequest, type StreamRequest, type SubscribeRequest } from './requests.js';
import { type SourceOptions, StreamSources } from './sources.js';
import { Turns } from './turns.js';

export interface HubOptions extends SourceOptions {
  readonly identity: Identity;
}

const protocolVersion = 1;
const slowCheckMs = 10;
const requestsPerBeat = 500;
/** A longer request counts as several. */
const requestBytes = 16 * 1024;
/** Requests of all clients: some in a round of the loop, and a fifth of its time. */
const turns = { perRound: 4, share: 0.2 } as const;
const unansweredMax = 3;

export class StreamHub {
  readonly #options: HubOptions;
  readonly #clients = new Set<StreamClient>();
  readonly #sources: StreamSources;
  readonly #slow = new Set<StreamClient>();
  readonly #turns: Turns;
  readonly #endWatch: () => void;
  #beat: Timer | undefined;
  #slowCheck: Timer | undefined;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#sources = new StreamSources(options);
    this.#turns = new Turns({ clock: options.clock, ...turns });
    this.#endWatch = options.identity.watchRevocations((name) => this.#revoked(name));
  }

  get full(): boolean {
    return this.#clients.size >= this.#options.config.clientsMax;
  }

  add(socket: StreamSocket, wire: StreamWire, principal: Principal): void {
    const { config, clock, metrics, service } = this.#options;
    const onSlow = (slow: StreamClient): void => this.#watchSlow(slow);
    const own = { socket, wire, principal };
    const client = new StreamClient({ ...own, limits: config, clock, metrics, onSlow });
    this.#clients.add(client);
    metrics.clients.set(this.#clients.size);
    socket.on('message', (data, binary) => this.#take(client, data, binary));
    socket.on('ping', () => this.#count(client, 1));
    socket.on('pong', () => {
      client.unanswered = 0;
      this.#count(client, 1);
    });
    // Told with another code where there is one; of a connection that broke 'close' follows.
    socket.on('error', () => client.end(closeCodes.nonsense, 'INVALID_ARGUMENT: no frame'));
    socket.on('close', () => this.#remove(client));
    const { shardCount: shards } = service;
    const { heartbeatMs } = config;
    client.sendText(
      JSON.stringify({ type: 'welcome', version: protocolVersion, shards, heartbeatMs }),
    );
    this.#beat ??= clock.setTimer(heartbeatMs, () => this.#heartbeat());
  }

  async stop(): Promise<void> {
    this.#endWatch();
    this.#turns.close();
    this.#beat?.cancel();
    this.#slowCheck?.cancel();
    for (const client of this.#clients) {
      client.socket.close(closeCodes.leaving, 'UNAVAILABLE: the node stops');
      client.leave();
      client.socket.terminate();
    }
    this.#clients.clear();
    await this.#sources.close();
  }

  #take(client: StreamClient, data: Buffer, binary: boolean): void {
    if (client.ended || !this.#count(client, 1 + Math.floor(data.length / requestBytes))) return;
    if (binary) {
      this.#expel(client, 'INVALID_ARGUMENT', 'requests are text');
      return;
    }
    client.asked.push(data);
    // Until its turn comes nothing more is read of it.
    if (client.asked.length === 1) void this.#answerAll(client);
    else client.socket.pause();
  }

  /** @returns false: it is told that it asks too much, and ends */
  #count(client: StreamClient, requests: number): boolean {
    client.requests += requests;
    if (client.requests <= requestsPerBeat) return true;
    this.#expel(client, 'RATE_LIMITED', 'too many requests');
    return false;
  }

  #expel(client: StreamClient, code: ErrorCode, text: string): void {
    if (client.ended) return;
    client.sendError(code, text);
    client.end(closeCodes.policy, `${code}: ${text}`);
  }

  async #answerAll(client: StreamClient): Promise<void> {
    for (;;) {
      await this.#turns.take();
      const data = client.asked[0];
      if (data === undefined) return;
      this.#begin(client, data.toString('utf8'));
      client.asked.shift();
      if (client.asked.length === 0) break;
    }
    if (!client.ended) client.socket.resume();
  }

  #begin(client: StreamClient, text: string): void {
    let request: StreamRequest;
    try {
      request = parseRequest(text);
    } catch (error) {
      this.#refuse(client, error, idIn(text));
      return;
    }
    const id = 'id' in request ? request.id : undefined;
    this.#answer(client, request).catch((error: unknown) => this.#refuse(client, error, id));
  }

  #refuse(client: StreamClient, error: unknown, id: number | undefined): void {
    if (error instanceof NdtsError) {
      client.sendError(error.code, error.message, id);
      return;
    }
    this.#options.logger.error({ reason: errorLine(error) }, 'streams: a request failed');
    client.sendError('INTERNAL', 'see the log of the node', id);
  }

  async #answer(client: StreamClient, request: StreamRequest): Promise<void> {
    switch (request.type) {
      case 'subscribe':
        return this.#subscribe(client, request);
      case 'unsubscribe':
        this.#end(client, request.id);
        client.sendText(JSON.stringify({ type: 'unsubscribed', id: request.id }));
        return;
      case 'ack': {
        const { id, positions } = request;
        const found = client.subscriptions.get(id);
        if (found === undefined) throw new NdtsError('NOT_FOUND', `there is no subscription ${id}`);
        if (found.ack === undefined)
          throw new NdtsError('INVALID_ARGUMENT', `subscription ${id} has no consumer`);
        await found.ack(positions);
        client.sendText(JSON.stringify({ type: 'acked', id, positions }));
        return;
      }
      case 'symbols':
        client.sendText(JSON.stringify({ type: 'symbols', symbols: this.#entries(request.ids) }));
        return;
      case 'ping':
        client.sendText(this.#beatText('pong'));
    }
  }

  #entries(ids: readonly number[] | undefined): (readonly [number, string, number])[] {
    const { symbols } = this.#options;
    const found = ids?.map((id) => symbols.byId(id)) ?? symbols.all();
    return found
      .filter((one) => one !== undefined)
      .map(({ id, name, shard }) => [id, name, shard] as const);
  }

  async #subscribe(client: StreamClient, request: SubscribeRequest): Promise<void> {
    const { config } = this.#options;
    const { id, symbols } = request;
    if (client.subscriptions.has(id))
      throw new NdtsError('ALREADY_EXISTS', `subscription ${id} is there`);
    if (client.subscriptions.size >= config.subscriptionsMax)
      throw new NdtsError('RATE_LIMITED', `more than ${config.subscriptionsMax} subscriptions`);
    if (symbols !== undefined && symbols.length > config.symbolsMax)
      throw new NdtsError('RATE_LIMITED', `more than ${config.symbolsMax} symbols`);
    // The id is taken while the subscription is made, and may be let go of meanwhile.
    const opening: ClientSubscription = { close: () => undefined };
    const isOpen = (): boolean => client.subscriptions.get(id) === opening;
    client.subscriptions.set(id, opening);
    this.#countSubscriptions();
    try {
      const onEnd = (error: unknown): void => {
        this.#end(client, id);
        this.#refuse(client, error, id);
      };
      const made = await this.#sources.open(client, request, isOpen, onEnd);
      if (isOpen()) client.subscriptions.set(id, made);
      else made.close();
    } catch (error) {
      if (isOpen()) this.#end(client, id);
      throw error;
    }
  }

  #end(client: StreamClient, id: number): void {
    client.subscriptions.get(id)?.close();
    client.subscriptions.delete(id);
    this.#countSubscriptions();
  }

  #countSubscriptions(): void {
    let count = 0;
    for (const client of this.#clients) count += client.subscriptions.size;
    this.#options.metrics.subscriptions.set(count);
  }

  #remove(client: StreamClient): void {
    client.leave();
    this.#clients.delete(client);
    this.#slow.delete(client);
    this.#options.metrics.clients.set(this.#clients.size);
    this.#countSubscriptions();
    if (this.#clients.size > 0) return;
    this.#beat?.cancel();
    this.#beat = undefined;
  }

  #revoked(name: string): void {
    for (const client of this.#clients)
      if (client.principal.name === name)
        client.end(closeCodes.ended, 'UNAUTHENTICATED: token revoked');
  }

  #beatText(type: 'heartbeat' | 'pong'): string {
    return JSON.stringify({ type, timeMs: Math.floor(this.#options.clock.nowMs()) });
  }

  #heartbeat(): void {
    const { clock, config } = this.#options;
    const text = this.#beatText('heartbeat');
    for (const client of this.#clients) {
      if (client.ended) continue;
      client.requests = 0;
      // While its requests wait for their turn, nothing it sends is read.
      if (client.asked.length === 0) client.unanswered += 1;
      if (client.unanswered > unansweredMax) {
        client.cutOff('TIMEOUT', 'it does not answer');
        continue;
      }
      client.socket.ping();
      if (client.canTake()) client.sendText(text);
    }
    this.#beat = clock.setTimer(config.heartbeatMs, () => this.#heartbeat());
  }

  #watchSlow(client: StreamClient): void {
    this.#slow.add(client);
    this.#slowCheck ??= this.#options.clock.setTimer(slowCheckMs, () => this.#checkSlow());
  }

  #checkSlow(): void {
    const nowNs = this.#options.clock.monotonicNs();
    this.#slowCheck = undefined;
    const slow = [...this.#slow];
    this.#slow.clear();
    for (const client of slow) if (client.check(nowNs)) this.#watchSlow(client);
  }
}
