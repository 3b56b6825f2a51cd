// A recording as a feed: its source, the decoder that the recorded feed had, and nothing else that
// a feed of messages does not do. Always: a second connect begins from the start.

import type { Clock, Random, TickBatch, TradeBatch } from '@ndts/protocol';
import type { EnsureSymbols } from '@ndts/storage';
import type { BookChangeBatch } from '../batches.js';
import type { FeedAbilities, FeedStats, FeedSymbol } from '../feed.js';
import type { RowKind } from '../feed-rows.js';
import { MessageFeed } from '../message-feed.js';
import type { MessageDecoder } from '../message-source.js';
import type { BadStretch } from './recording-reader.js';
import { RecordingSource } from './recording-source.js';

export interface RecordingFeedOptions {
  readonly name: string;
  readonly paths: readonly string[];
  readonly decoder: MessageDecoder;
  readonly abilities: FeedAbilities;
  readonly bookVenue?: string | undefined;
  readonly speed: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Makes ids of names; 0: it may be no symbol, and `refusal` says why. */
  readonly ensure: EnsureSymbols;
  readonly refusal?: (name: string) => string;
  readonly kinds?: readonly RowKind[];
  /** Only these; default: what was subscribed to then. */
  readonly symbols?: readonly string[];
}

interface ReplayState {
  isEnded: boolean;
  feed: RecordingFeed | undefined;
  /** Somebody waits until all rows were polled. */
  onEmpty: (() => void) | undefined;
}

export class RecordingFeed extends MessageFeed {
  readonly bad: BadStretch[] = [];
  readonly #replay: ReplayState;

  constructor(options: RecordingFeedOptions) {
    const state: ReplayState = { isEnded: false, feed: undefined, onEmpty: undefined };
    const wanted = options.symbols === undefined ? undefined : new Set(options.symbols);
    const ids = new Map<string, number>();
    const known = (names: readonly string[]): FeedSymbol[] =>
      names.flatMap((name) => {
        const id = ids.get(name);
        return id === undefined ? [] : [{ id, name }];
      });
    const source = new RecordingSource({
      ...options,
      onSubscribed: async (names) => {
        const taken = names.filter((name) => wanted?.has(name) ?? true);
        const made = taken.length === 0 ? [] : await options.ensure(taken);
        for (const [at, name] of taken.entries())
          if ((made[at] ?? 0) > 0) ids.set(name, made[at] ?? 0);
          else state.feed?.noteReject('symbol', options.refusal?.(name) ?? 'no symbol', name);
        state.feed?.subscribe(known(taken));
      },
      onUnsubscribed: async (names) => {
        if ((state.feed?.stats().backlog ?? 0) > 0)
          await new Promise<void>((resolve) => {
            state.onEmpty = resolve;
          });
        state.feed?.unsubscribe(known(names));
      },
      onBad: (bad) => state.feed?.noteBad(bad),
      onEnd: () => {
        state.isEnded = true;
      },
    });
    super({
      ...options,
      abilities: { ...options.abilities, waits: true, repairs: false },
      source,
      symbols: [],
      silenceMs: 0,
    });
    state.feed = this;
    this.#replay = state;
  }

  override poll(batch: TickBatch): number {
    return this.#noticeEmpty(super.poll(batch));
  }

  override pollTrades(batch: TradeBatch): number {
    return this.#noticeEmpty(super.pollTrades(batch));
  }

  override pollBook(batch: BookChangeBatch): number {
    return this.#noticeEmpty(super.pollBook(batch));
  }

  override disconnect(): Promise<void> {
    const left = super.disconnect();
    this.#goOn();
    return left;
  }

  #noticeEmpty(count: number): number {
    if (this.#replay.onEmpty !== undefined && super.stats().backlog === 0) this.#goOn();
    return count;
  }

  #goOn(): void {
    const go = this.#replay.onEmpty;
    this.#replay.onEmpty = undefined;
    go?.();
  }

  /** Polls drive it. */
  override dueNs(): number | undefined {
    return this.stats().isEnded ? Number.POSITIVE_INFINITY : undefined;
  }

  override stats(): FeedStats {
    const stats = super.stats();
    return { ...stats, isEnded: this.#replay.isEnded && stats.backlog === 0 };
  }

  private noteBad(bad: BadStretch): void {
    const { path, offset, bytes, isTail } = bad;
    this.bad.push(bad);
    const reason = isTail ? 'the end was not written completely' : 'damaged';
    this.noteReject('damage', reason, `${path}: ${bytes} bytes at ${offset}`);
  }
}
