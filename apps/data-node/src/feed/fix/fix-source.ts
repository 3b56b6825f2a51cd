// Market data of a FIX counterparty as messages: a session of its own, whose numbers begin with
// each connection, one request for each symbol. What always holds: what is lost on the way is asked
// for by the session, so that messages come whole and in order; when the session ends the source
// is closed, and whoever opened it opens it again.

import type { ConnectionOptions } from 'node:tls';
import { type Clock, NdtsError, type Random } from '@ndts/protocol';
import { type Logger, MemoryKeyValueStore } from '@ndts/runtime';
import {
  type FixApplication,
  FixInitiator,
  type FixMessage,
  FixSession,
  type FixSettings,
  MessageType,
  Tag,
} from '@ndts/runtime/fix';
import type { FeedGap } from '../feed-rows.js';
import type { MessageConnection, MessageEvents, MessageSource } from '../message-source.js';

export interface FixSourceOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: ConnectionOptions | undefined;
  readonly settings: Omit<FixSettings, 'role' | 'beginString' | 'resetOnLogon' | 'durable'>;
  /** Levels of the book that are asked for; 0: all. */
  readonly depth: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly openTimeoutMs?: number;
}

const openTimeoutMsDefault = 10_000;
const subscribeType = '1';
const unsubscribeType = '2';
const entryTypes = ['0', '1', '2'];
/** What a decoder is shown. */
const dataTypes = new Set<string>([
  ...[MessageType.marketDataSnapshot, MessageType.marketDataIncrement],
  ...[MessageType.marketDataRequestReject, MessageType.businessMessageReject, MessageType.reject],
]);

export class FixSource implements MessageSource {
  readonly #options: FixSourceOptions;

  constructor(options: FixSourceOptions) {
    this.#options = options;
  }

  open(events: MessageEvents, unwanted: AbortSignal): Promise<MessageConnection> {
    const line = new FixDataLine(this.#options, events);
    unwanted.addEventListener('abort', () => line.giveUp(), { once: true });
    return line.open();
  }
}

class FixDataLine implements MessageConnection {
  readonly #options: FixSourceOptions;
  readonly #events: MessageEvents;
  readonly #session: FixSession;
  readonly #initiator: FixInitiator;
  readonly #requests = new Map<string, string>();
  #opened: ((reason: string) => void) | undefined;
  #isClosed = false;
  #count = 0;

  constructor(options: FixSourceOptions, events: MessageEvents) {
    const { settings, clock, random, logger, host, port, tls } = options;
    this.#options = options;
    this.#events = events;
    this.#session = new FixSession({
      settings: { ...settings, role: 'initiator', beginString: 'FIX.4.4', resetOnLogon: true },
      ...{ keyValue: new MemoryKeyValueStore(), name: 'feed', clock, logger },
      application: this.#application(),
    });
    this.#initiator = new FixInitiator({
      ...{ session: this.#session, host, port, tls, clock, random, logger, schedule: undefined },
      onLost: (why) => this.#opened?.(why), // the feed decides when the next try is
    });
  }

  open(): Promise<MessageConnection> {
    const { clock, openTimeoutMs = openTimeoutMsDefault, host, port } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = clock.setTimer(openTimeoutMs, () => this.#opened?.('no log-on in time'));
      this.#opened = (reason) => {
        this.#opened = undefined;
        timer.cancel();
        if (reason === '') {
          resolve(this);
          return;
        }
        this.#end();
        reject(new NdtsError('UNAVAILABLE', `FIX feed ${host}:${port}: ${reason}`));
      };
      this.#initiator.start();
    });
  }

  /** While it opens; afterwards it is closed. */
  giveUp(): void {
    this.#opened?.('nobody wants it any more');
  }

  subscribe(names: readonly string[]): void {
    for (const name of names) {
      this.#count += 1;
      const id = `M${this.#count}`;
      this.#requests.set(name, id);
      this.#request(id, name, subscribeType);
    }
    this.#session.flush();
  }

  unsubscribe(names: readonly string[]): void {
    for (const name of names) {
      const id = this.#requests.get(name);
      if (id !== undefined) this.#request(id, name, unsubscribeType);
      this.#requests.delete(name);
    }
    this.#session.flush();
  }

  /** Whoever asks anew gets a snapshot. */
  resync({ name }: FeedGap): void {
    if (!this.#requests.has(name)) return;
    this.unsubscribe([name]);
    this.subscribe([name]);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#initiator.stop();
  }

  #request(id: string, name: string, type: string): void {
    if (this.#isClosed || !this.#session.isLoggedOn) return;
    this.#session.send(MessageType.marketDataRequest, (writer) => {
      writer.text(Tag.mdReqId, id);
      writer.text(Tag.subscriptionRequestType, type);
      writer.whole(Tag.marketDepth, this.#options.depth);
      writer.text(Tag.mdUpdateType, '1');
      writer.whole(Tag.mdEntryTypeCount, entryTypes.length);
      for (const entryType of entryTypes) writer.text(Tag.mdEntryType, entryType);
      writer.whole(Tag.relatedSymCount, 1);
      writer.text(Tag.symbol, name);
    });
  }

  #application(): FixApplication {
    return {
      onLogon: () => this.#opened?.(''),
      onLogout: (reason) => {
        if (this.#opened !== undefined) {
          this.#opened(reason);
          return;
        }
        if (this.#isClosed) return;
        this.#end();
        this.#events.closed(reason);
      },
      // Changes of a book among it: all is subscribed to anew.
      onMissed: (why) => {
        if (this.#opened !== undefined || this.#isClosed) return;
        this.#end();
        this.#events.closed(why);
      },
      onMessage: (message: FixMessage) => {
        if (!this.#isClosed && dataTypes.has(message.type)) this.#events.message(message.copy());
      },
      isWanted: () => false,
    };
  }

  /** No second try from here: the feed decides when. */
  #end(): void {
    this.#isClosed = true;
    this.#initiator.kill();
  }
}
