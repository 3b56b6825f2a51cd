// A crypto exchange as a feed: the source and the decoder of ccxt in a feed of messages.

import type { Clock, Random } from '@ndts/protocol';
import type { FeedAbilities, FeedSymbol } from '../feed.js';
import { allRowKinds, type RowKind } from '../feed-rows.js';
import { MessageFeed, type MessageFeedOptions } from '../message-feed.js';
import type { MessageRecorder } from '../message-source.js';
import { CcxtDecoder } from './ccxt-decoder.js';
import { type LoadCcxt, loadCcxt } from './ccxt-module.js';
import { CcxtSource } from './ccxt-source.js';

export interface CcxtFeedOptions extends Pick<MessageFeedOptions, 'backOff' | 'silenceMs'> {
  readonly name: string;
  readonly venue: string;
  readonly symbols: readonly FeedSymbol[];
  readonly clock: Clock;
  readonly random: Random;
  readonly kinds?: readonly RowKind[];
  readonly recorder?: MessageRecorder;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly load?: LoadCcxt;
  readonly backlogRows?: number;
}

/** Venues whose trades of a symbol are numbered without holes. */
const numbered = new Set(['binance', 'binanceus', 'binanceusdm', 'binancecoinm']);

export const ccxtAbilities: FeedAbilities = {
  trades: true,
  book: true,
  waits: true,
  repairs: true,
};

export function ccxtDecoder(venue: string): CcxtDecoder {
  return new CcxtDecoder(numbered.has(venue));
}

export function createCcxtFeed(options: CcxtFeedOptions): MessageFeed {
  const { venue, load = loadCcxt, settings, ...rest } = options;
  const kinds = options.kinds ?? allRowKinds;
  const source = new CcxtSource({
    venue,
    load,
    trades: kinds.includes('trade') || kinds.includes('tick'),
    quotes: kinds.includes('tick'),
    book: kinds.includes('book'),
    ...(settings === undefined ? {} : { settings }),
  });
  return new MessageFeed({
    ...rest,
    kinds,
    source,
    decoder: ccxtDecoder(venue),
    abilities: ccxtAbilities,
  });
}
