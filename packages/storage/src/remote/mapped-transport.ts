// The Transport for readers on the same host: it maps the rings' memory, read-only. Always: a ring
// is opened by the file of its present epoch; what a reader misses it counts, never guesses.

import { openTickRings } from '@ndts/native/ring';
import {
  NdtsError,
  type RingPosition,
  type TickStreamReader,
  type Transport,
} from '@ndts/protocol';

export class MappedTransport implements Transport {
  readonly #paths: readonly string[];

  /** Ring files by shard, as TickRingWriter.paths has them. */
  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  openTicks(shards: readonly number[], from?: ReadonlyMap<number, RingPosition>): TickStreamReader {
    if (shards.length === 0)
      throw new NdtsError('INVALID_ARGUMENT', 'expected at least one shard, found none');
    const paths = shards.map((shard) => {
      const path = this.#paths[shard];
      if (path === undefined)
        throw new NdtsError(
          'NOT_FOUND',
          `expected a shard below ${this.#paths.length}, found ${shard}`,
        );
      return path;
    });
    return openTickRings({ paths, from: from ?? 'oldest' });
  }
}
