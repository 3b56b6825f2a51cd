// The market of another node, as this one uses it: strategies follow it by themselves; brokers and
// risk checks read its rings here, from one life of the data node to the next.

import { readFileSync } from 'node:fs';
import { PulledMarket } from '@ndts/calc-node';
import {
  type ConfigValues,
  NdtsError,
  type RingPosition,
  type RingWait,
  type TickBatch,
  type TickStreamReader,
} from '@ndts/protocol';

import { openTickRings } from '@ndts/storage';
import { readToken } from '../command/running.js';
import type { Foundation } from './foundation.js';

/** A node that works on what another one publishes has no feed of its own. */
export function withoutOwnFeed(values: ConfigValues): ConfigValues {
  if (values.source.nodes.length === 0) return values;
  return { ...values, feed: { ...values.feed, kind: 'none' } };
}

/** undefined: what this node publishes itself. */
export function openSource(foundation: Foundation): PulledMarket | undefined {
  const { values, clock, logger, ticks, symbols, closing } = foundation;
  const { nodes, tokenFile, tls, tlsCa } = values.source;
  if (nodes.length === 0) return undefined;
  if (tokenFile === '')
    throw new NdtsError(
      'CONFIG_INVALID_VALUE',
      'source.nodes needs source.tokenFile: a file with a token that these nodes know',
    );
  const withTls = tls || tlsCa !== '';
  const market = new PulledMarket({
    nodes,
    token: readToken(tokenFile),
    ...(withTls ? { tls: tlsCa === '' ? {} : { ca: readFileSync(tlsCa) } } : {}),
    ...{ clock, logger, timeoutMs: 10_000, shardCount: ticks.shardCount },
    onSymbols: async (entries) => {
      await symbols.adopt(entries);
      for (const { id, shard, name } of entries) ticks.registerSymbol(id, shard, name);
    },
  });
  closing.defer('market of another node', () => market.stop());
  return market;
}

/** Ticks of whatever market there is, from when it is first looked at. What is published between
 * two markets is not seen. */
export class FollowedTicks implements TickStreamReader {
  readonly #market: PulledMarket;
  readonly #leave: () => void;
  #reader: TickStreamReader | undefined;
  #isStale = true;
  #lapped = 0;

  constructor(market: PulledMarket) {
    this.#market = market;
    this.#leave = market.watch(() => {
      this.#isStale = true;
    });
  }

  poll(batch: TickBatch): number {
    return this.waitPoll(batch, 0);
  }

  waitPoll(batch: TickBatch, spinUs: number, wait?: RingWait, waitUs?: number): number {
    batch.count = 0;
    const count = this.#reader?.waitPoll(batch, spinUs, wait, waitUs) ?? 0;
    if (count === 0 && this.#isStale) this.#follow();
    return count;
  }

  lapped(): number {
    return this.#lapped + (this.#reader?.lapped() ?? 0);
  }

  position(shard: number): RingPosition {
    return this.#reader?.position(shard) ?? { epoch: 0, sequence: 0 };
  }

  close(): void {
    this.#leave();
    this.#reader?.close();
    this.#reader = undefined;
  }

  #follow(): void {
    const { market } = this.#market;
    if (market === undefined) return;
    this.#isStale = false;
    try {
      const reader = openTickRings({ paths: market.tickRings, from: 'tail' });
      this.#lapped = this.lapped();
      this.#reader?.close();
      this.#reader = reader;
    } catch (error) {
      // It ended already: the next one is told.
      if (!(error instanceof NdtsError) || error.code !== 'NOT_FOUND') throw error;
    }
  }
}
