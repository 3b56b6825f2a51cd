// hot: no allocation after init
// The last stage of the data node: accepted rows of a kind onto its rings, and at most once a
// millisecond, while the loop turns, the watermarks of its table and the heartbeat into their
// headers. Always: what is published was accepted before.

import { nsPerMs } from '@ndts/protocol';
import type { RowRingWriter } from '@ndts/storage';

const refreshNs = nsPerMs;
/** Of rings that nothing was published on for a while: trades and books of a quiet market. */
const idleRefreshNs = 20 * nsPerMs;
const quietNs = 100 * nsPerMs;
const followNs = 20 * nsPerMs;

export interface WatermarkSource {
  readonly shardCount: number;
  watermarks(into: Float64Array, table?: number): void;
}

export class Publisher<Batch> {
  readonly #rings: RowRingWriter<Batch>;
  readonly #source: WatermarkSource;
  readonly #marks: Float64Array;
  readonly #table: number | undefined;
  #refreshedAtNs = Number.NEGATIVE_INFINITY;
  #publishedAtNs = Number.NEGATIVE_INFINITY;
  #hasPublished = false;

  /** @param table of the rows; undefined: ticks */
  constructor(rings: RowRingWriter<Batch>, source: WatermarkSource, table?: number) {
    this.#rings = rings;
    this.#source = source;
    this.#table = table;
    this.#marks = new Float64Array(4 * source.shardCount);
  }

  /** [accepted, durable, replicated, sealed] of each shard as of the last refresh. */
  get marks(): Float64Array {
    return this.#marks;
  }

  publish(batch: Batch): void {
    this.#rings.publish(batch);
    this.#hasPublished = true;
  }

  /** When its watermarks should be looked at again: soon while they follow what was published. */
  dueNs(): number {
    const isFollowing = this.#refreshedAtNs - this.#publishedAtNs < quietNs;
    return isFollowing ? this.#refreshedAtNs + followNs : Number.POSITIVE_INFINITY;
  }

  refresh(nowNs: number): void {
    if (this.#hasPublished) this.#publishedAtNs = nowNs;
    this.#hasPublished = false;
    const isQuiet = this.#table !== undefined && nowNs - this.#publishedAtNs > quietNs;
    if (nowNs - this.#refreshedAtNs < (isQuiet ? idleRefreshNs : refreshNs)) return;
    this.#refreshedAtNs = nowNs;
    this.#source.watermarks(this.#marks, this.#table);
    this.#rings.setWatermarks(this.#marks);
    this.#rings.heartbeat(nowNs);
  }
}
