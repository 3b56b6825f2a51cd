// A crypto exchange as a feed: the source and the decoder of ccxt in a feed of messages. The source
// is in a process of its own: ccxt takes 120 MB and most of a second to load, and is not ours.

import { fileURLToPath } from 'node:url';
import type { Clock, Random } from '@ndts/protocol';
import type { FeedAbilities, FeedSymbol } from '../feed.js';
import { allRowKinds, type RowKind } from '../feed-rows.js';
import { MessageFeed, type MessageFeedOptions } from '../message-feed.js';
import type { MessageRecorder, MessageSource } from '../message-source.js';
import { feedProcess } from '../process/feed-process.js';
import { ProcessSource } from '../process/process-source.js';
import { CcxtDecoder } from './ccxt-decoder.js';
import type { LoadCcxt } from './ccxt-module.js';
import { venueBookReader } from './venue-book-messages.js';
import { CcxtSource, type CcxtTask, type CcxtWants } from './ccxt-source.js';

export interface CcxtFeedOptions extends Pick<MessageFeedOptions, 'backOff' | 'silenceMs'> {
  readonly name: string;
  readonly venue: string;
  readonly symbols: readonly FeedSymbol[];
  readonly clock: Clock;
  readonly random: Random;
  readonly kinds?: readonly RowKind[];
  readonly recorder?: MessageRecorder;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Loads ccxt into this process; for tests. Default: a process of its own loads it. */
  readonly load?: LoadCcxt;
  /** The module that process loads, or its path. */
  readonly module?: string;
  /** How long that process may take to open, and may say nothing. */
  readonly openTimeoutMs?: number;
  readonly hangSeconds?: number;
  readonly backlogRows?: number;
}

const main = fileURLToPath(new URL('./ccxt-host-main.js', import.meta.url));
const memoryMb = 512;

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

/** Whose own numbers and checksums the books of this venue have; undefined: ccxt held them against
 * what it put together, and the books are a stream of ours. */
export function ccxtBookVenue(venue: string): string | undefined {
  return venueBookReader(venue) === undefined ? undefined : venue;
}

export function createCcxtFeed(options: CcxtFeedOptions): MessageFeed {
  const { venue, load, settings, ...rest } = options;
  const kinds = options.kinds ?? allRowKinds;
  const wants: CcxtWants = {
    venue,
    trades: kinds.includes('trade') || kinds.includes('tick'),
    quotes: kinds.includes('tick'),
    book: kinds.includes('book'),
    ...(settings === undefined ? {} : { settings }),
  };
  const source =
    load === undefined ? processOf(wants, options) : new CcxtSource({ ...wants, load });
  return new MessageFeed({
    ...rest,
    kinds,
    source,
    decoder: ccxtDecoder(venue),
    abilities: ccxtAbilities,
    bookVenue: ccxtBookVenue(venue),
  });
}

function processOf(wants: CcxtWants, options: CcxtFeedOptions): MessageSource {
  const { clock, module = 'ccxt', hangSeconds, openTimeoutMs } = options;
  const task: CcxtTask = { ...wants, module };
  return new ProcessSource({
    ...{ start: feedProcess(main, memoryMb), task: { ...task }, clock },
    ...(hangSeconds === undefined ? {} : { hangSeconds }),
    ...(openTimeoutMs === undefined ? {} : { openTimeoutMs }),
  });
}
