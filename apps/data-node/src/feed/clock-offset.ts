// hot: no allocation after init
// How far our clock is ahead of a venue's. A message is late by the offset and by its way here;
// the least lateness of a while is nearest to the offset. Always: of the last minute only, since
// clocks drift.

import { nsPerSecond } from '@ndts/protocol';

const buckets = 6;
const bucketNs = 10 * nsPerSecond;

export class ClockOffset {
  readonly #least = new Float64Array(buckets).fill(Number.POSITIVE_INFINITY);
  #bucket = -1;

  /** A message that the venue sent `latenessNs` before we had it, by both clocks. */
  note(latenessNs: number, nowNs: number): void {
    const bucket = Math.floor(nowNs / bucketNs);
    this.#forget(bucket);
    const slot = bucket % buckets;
    if (latenessNs < this.#least[slot]!) this.#least[slot] = latenessNs;
  }

  /** NaN when nothing came for a minute. */
  valueNs(nowNs: number): number {
    this.#forget(Math.floor(nowNs / bucketNs));
    let least = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < buckets; slot += 1) least = Math.min(least, this.#least[slot]!);
    return least === Number.POSITIVE_INFINITY ? Number.NaN : least;
  }

  #forget(bucket: number): void {
    if (bucket <= this.#bucket) return;
    const first = Math.max(this.#bucket + 1, bucket - buckets + 1);
    for (let at = first; at <= bucket; at += 1)
      this.#least[at % buckets] = Number.POSITIVE_INFINITY;
    this.#bucket = bucket;
  }
}
