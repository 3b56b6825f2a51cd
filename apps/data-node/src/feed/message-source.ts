// The two halves of a feed that receives messages: a source that brings them and a decoder that
// makes rows of them. Between the two a message can be recorded, and a recording can stand in for
// the source: what the decoder makes of the bytes is the same. Always: a decoder depends on the
// messages, the times of receipt and its symbols only.

import type { FeedProcessView, Time } from '@ndts/protocol';
import type { MarketDecimals } from '../book/venue-books.js';
import type { FeedGap, FeedRows } from './feed-rows.js';

export interface MessageEvents {
  /** One whole message; the bytes are the receiver's. `receivedAt`: when it came, where that was
   * not now. */
  message(bytes: Uint8Array, receivedAt?: Time): void;
  /** What follows came on another connection; said by a recording. */
  reopened(): void;
  /** The connection is over; at most once, and nothing comes after it. */
  closed(reason: string): void;
}

export interface MessageConnection {
  subscribe(names: readonly string[]): void;
  unsubscribe(names: readonly string[]): void;
  /** Absent: the source cannot wait. A few messages that are under way may still come. */
  readonly flow?: { pause(): void; resume(): void };
  /** Asks for what a gap lost; absent: it cannot be had. The answer comes as a message. */
  resync?(gap: FeedGap): void;
  /** Absent: it is in that of whoever opened it. */
  readonly process?: FeedProcessView | undefined;
  /** Also twice; no event comes afterwards. */
  close(): Promise<void>;
}

export interface MessageSource {
  /** Throws INVALID_ARGUMENT or NOT_FOUND for what no second try can mend. A source that may be
   * long about it gives up when `unwanted` says so; what it opened all the same is closed. */
  open(events: MessageEvents, unwanted: AbortSignal): Promise<MessageConnection>;
}

export interface MessageDecoder {
  /** Rows for what it understands, rows.reject() for the rest; it does not throw. */
  decode(bytes: Uint8Array, rows: FeedRows): void;
  /** A new connection: what came on the one before says nothing about what follows. */
  reset(): void;
  /** Of a market, where its messages told them. */
  decimals?(symbol: number): MarketDecimals | undefined;
}

/** Sees all that a decoder sees, before it, so that a replay can show it the same again. */
export interface MessageRecorder {
  opened(at: Time): void;
  subscribed(names: readonly string[], at: Time): void;
  unsubscribed(names: readonly string[], at: Time): void;
  /** The bytes are the recorder's to read until it returns. */
  message(bytes: Uint8Array, at: Time): void;
}
