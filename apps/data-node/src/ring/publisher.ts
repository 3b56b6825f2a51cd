// hot: no allocation after init
// The last stage of the data node: accepted ticks onto the rings, and at most once a millisecond
// the watermarks and the heartbeat into their headers. Always: what is published was accepted
// before.

import { nsPerMs, type TickBatch } from '@ndts/protocol';
import type { TickRingWriter } from '@ndts/storage';

const refreshNs = nsPerMs;

export interface WatermarkSource {
  readonly shardCount: number;
  watermarks(into: Float64Array): void;
}

export class Publisher {
  readonly #rings: TickRingWriter;
  readonly #source: WatermarkSource;
  readonly #marks: Float64Array;
  #refreshedAtNs = Number.NEGATIVE_INFINITY;

  constructor(rings: TickRingWriter, source: WatermarkSource) {
    this.#rings = rings;
    this.#source = source;
    this.#marks = new Float64Array(4 * source.shardCount);
  }

  /** [accepted, durable, replicated, sealed] of each shard as of the last refresh. */
  get marks(): Float64Array {
    return this.#marks;
  }

  publish(batch: TickBatch): void {
    this.#rings.publish(batch);
  }

  refresh(nowNs: number): void {
    if (nowNs - this.#refreshedAtNs < refreshNs) return;
    this.#refreshedAtNs = nowNs;
    this.#source.watermarks(this.#marks);
    this.#rings.setWatermarks(this.#marks);
    this.#rings.heartbeat(nowNs);
  }
}
