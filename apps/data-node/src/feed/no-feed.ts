// The feed of a data node that only serves what is stored (feed.kind = none).

import type { TickBatch } from '@ndts/protocol';
import type { Feed, FeedStats } from './feed.js';

export function createNoFeed(): Feed {
  const stats: FeedStats = {
    state: 'connected',
    polled: 0,
    skipped: 0,
    backlog: 0,
    reconnects: 0,
    reason: '',
  };
  return {
    name: 'none',
    connect: async () => {},
    poll: (batch: TickBatch) => {
      batch.count = 0;
      return 0;
    },
    disconnect: async () => {},
    stats: () => stats,
  };
}
