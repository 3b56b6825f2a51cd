// hot: no allocation after init
// The last stage of the data node: accepted rows of a kind onto its rings, and at most once a
// millisecond the watermarks of its table and the heartbeat into their headers. Always: what is
// published was accepted before.

import { nsPerMs } from '@ndts/protocol';
import type { RowRingWriter } from '@ndts/storage';

const refreshNs = nsPerMs;

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
  }

  refresh(nowNs: number): void {
    if (nowNs - this.#refreshedAtNs < refreshNs) return;
    this.#refreshedAtNs = nowNs;
    this.#source.watermarks(this.#marks, this.#table);
    this.#rings.setWatermarks(this.#marks);
    this.#rings.heartbeat(nowNs);
  }
}
