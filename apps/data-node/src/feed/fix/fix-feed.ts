// Market data of a FIX counterparty as a feed.

import type { FeedAbilities } from '../feed.js';
import { MessageFeed, type MessageFeedOptions } from '../message-feed.js';
import { FixDecoder } from './fix-decoder.js';
import { FixSource, type FixSourceOptions } from './fix-source.js';

export interface FixFeedOptions
  extends Omit<MessageFeedOptions, 'abilities' | 'source' | 'decoder'>,
    FixSourceOptions {}

/** What is said of a recording of such a feed instead of a venue; with one level it is read
 * otherwise. */
const fixVenues = new Map([
  ['fix', false],
  ['fix-top', true],
]);

/** Undefined: not a venue of FIX. */
export function fixDecoder(venue: string): FixDecoder | undefined {
  const isTop = fixVenues.get(venue);
  return isTop === undefined ? undefined : new FixDecoder(isTop);
}

/** What is lost is asked for by the session, below the feed. */
export const fixAbilities: FeedAbilities = {
  trades: true,
  book: true,
  waits: false,
  repairs: false,
};

export function createFixFeed(options: FixFeedOptions): MessageFeed {
  return new MessageFeed({
    // A market may be quiet for hours; by its heartbeats the session hears if anybody is there.
    silenceMs: 0,
    ...options,
    source: new FixSource(options),
    decoder: new FixDecoder(options.depth === 1),
    abilities: fixAbilities,
  });
}
