// Samples of what feeds could not use, into the table of rejects: the newest of each feed since the
// last look, so that a flood of garbage costs a bounded number of rows a second. Every one is
// counted by its feed; those not sampled are only counted. Always: the path of ticks does not wait
// for it, and what the database refuses is offered again, the oldest making room.

import { type Clock, errorLine, nsPerSecond, type Time, timeFromMs } from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import { TableBatch } from '@ndts/storage';
import { type Feed, type FeedReject, isPolledLive } from '../feed/feed.js';
import { hasSamples, type RejectDatabase, rejectsTable } from './rejects-schema.js';

export interface RejectSamplesOptions {
  readonly database: RejectDatabase;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Registers the symbol of rows that have none, once there is one; undefined: nothing is kept. */
  readonly noSymbol: (() => Promise<number>) | undefined;
}

/** Of a feed, each time it is looked at. */
const samplesMax = 20;
const waitingMax = 1024;
const rowsAtOnce = 64;
const retryNs = nsPerSecond;

interface Sample {
  readonly feed: string;
  readonly isLive: boolean;
  readonly reject: FeedReject;
}

export class RejectSamples {
  readonly #options: RejectSamplesOptions;
  readonly #rows: TableBatch;
  readonly #table: number;
  readonly #hasText: boolean;
  readonly #seen = new Map<string, number>();
  #waiting: Sample[] = [];
  #symbol = 0;
  #isAsking = false;
  #retryAtNs = 0;
  #lost = 0;

  constructor(options: RejectSamplesOptions) {
    this.#options = options;
    const { id, schema } = rejectsTable(options.database);
    this.#table = id;
    this.#hasText = hasSamples(schema);
    this.#rows = new TableBatch(schema, rowsAtOnce);
  }

  /** Samples that could not be kept. */
  get lost(): number {
    return this.#lost;
  }

  /** Takes what the feed could not use since the last look. */
  note(feed: Pick<Feed, 'name' | 'abilities' | 'live' | 'rejects'>, malformed: number): void {
    const seen = this.#seen.get(feed.name) ?? 0;
    this.#seen.set(feed.name, malformed);
    // A feed of the same name that is younger counts anew.
    const fresh = malformed < seen ? malformed : malformed - seen;
    if (fresh === 0 || this.#options.noSymbol === undefined) return;
    const isLive = isPolledLive(feed);
    const newest = feed.rejects(Math.min(fresh, samplesMax)).toReversed();
    for (const reject of newest) this.#waiting.push({ feed: feed.name, isLive, reject });
    const over = this.#waiting.length - waitingMax;
    if (over <= 0) return;
    this.#waiting.splice(0, over);
    this.#lost += over;
  }

  /** Writes what waits. */
  flush(nowNs: number): void {
    if (this.#waiting.length === 0 || nowNs < this.#retryAtNs) return;
    if (this.#symbol === 0) {
      this.#askSymbol();
      return;
    }
    try {
      while (this.#waiting.length > 0) {
        const samples = this.#waiting.slice(0, rowsAtOnce);
        this.#fill(samples);
        this.#options.database.appendRows(this.#table, this.#rows);
        this.#waiting.splice(0, samples.length);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #askSymbol(): void {
    const { noSymbol } = this.#options;
    if (this.#isAsking || noSymbol === undefined) return;
    this.#isAsking = true;
    noSymbol()
      .then((symbol) => {
        this.#symbol = symbol;
      })
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#isAsking = false;
      });
  }

  #fail(error: unknown): void {
    const { clock, logger } = this.#options;
    this.#retryAtNs = clock.monotonicNs() + retryNs;
    logger.warn({ error: errorLine(error) }, 'samples of rejects could not be written');
  }

  #fill(samples: readonly Sample[]): void {
    const rows = this.#rows;
    rows.clear();
    for (const [row, { feed, isLive, reject }] of samples.entries()) {
      const time: Time = timeFromMs(reject.timeMs);
      rows.day[row] = time.day;
      rows.nsOfDay[row] = time.nsOfDay;
      rows.symbol[row] = this.#symbol;
      rows.setText('reason', row, `feed:${reject.rule}`);
      rows.setText('source', row, feed);
      rows.column('live')[row] = isLive ? 1 : 0;
      for (const name of numbers) rows.doubles(name)[row] = Number.NaN;
      rows.column('next_sequence')[row] = -1n;
      if (this.#hasText) rows.setText('sample', row, textOf(reject));
    }
    rows.count = samples.length;
  }
}

const numbers = ['tick_day', 'tick_ns', 'price', 'volume', 'bid1', 'ask1', 'bid_vol1', 'ask_vol1'];

function textOf({ reason, sample }: FeedReject): string {
  return sample === '' ? reason : `${reason}: ${sample}`;
}
