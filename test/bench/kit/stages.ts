// What the latency from a socket is made of: until a message is in this process (the sender, the
// kernel, whoever else has the processor, and what is read before it), from there until its row is
// on a ring, and the pauses of the garbage collector among both. Rows come in the order of their
// messages, one each; of the first ones, while the program warms up, nothing is told.

import { PerformanceObserver } from 'node:perf_hooks';
import { percentile } from './bench.js';

export interface StageValue {
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
}

export class Stages {
  readonly #heardUs: Float64Array;
  readonly #insideUs: Float64Array;
  readonly #wayUs: Float64Array;
  readonly #pausesMs: number[] = [];
  readonly #warmUp: number;
  readonly #observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      if (startTime >= this.#warmAtMs) this.#pausesMs.push(duration);
  });
  #warmAtMs = Number.POSITIVE_INFINITY;
  #heard = 0;
  #done = 0;

  /** @param warmUp how many of them are not told of */
  constructor(count: number, warmUp: number) {
    this.#warmUp = warmUp;
    if (warmUp === 0) this.#warmAtMs = 0;
    this.#heardUs = new Float64Array(count);
    this.#insideUs = new Float64Array(count);
    this.#wayUs = new Float64Array(count);
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  heard(us: number): void {
    this.#heardUs[this.#heard] = us;
    this.#heard += 1;
  }

  /** The next rows are on a ring; `sentUs`: when each was sent. */
  published(us: number, sentUs: Float64Array, count: number): void {
    for (let row = 0; row < count; row += 1) {
      const heardUs = this.#heardUs[this.#done]!;
      this.#wayUs[this.#done] = heardUs - sentUs[row]!;
      this.#insideUs[this.#done] = us - heardUs;
      this.#done += 1;
      if (this.#done === this.#warmUp) this.#warmAtMs = performance.now();
    }
  }

  values(): StageValue[] {
    this.#observer.disconnect();
    const done = this.#done;
    const way = this.#wayUs.subarray(this.#warmUp, done).sort();
    const inside = this.#insideUs.subarray(this.#warmUp, done).sort();
    const pauses = this.#pausesMs;
    const sumMs = pauses.reduce((sum, ms) => sum + ms, 0);
    return [
      { metric: 'heard_p50', value: percentile(way, 0.5), unit: 'us' },
      { metric: 'heard_p99', value: percentile(way, 0.99), unit: 'us' },
      { metric: 'inside_p50', value: percentile(inside, 0.5), unit: 'us' },
      { metric: 'inside_p99', value: percentile(inside, 0.99), unit: 'us' },
      { metric: 'gc_pauses', value: pauses.length, unit: 'pauses' },
      { metric: 'gc_sum', value: sumMs, unit: 'ms' },
      {
        metric: 'gc_longest',
        value: pauses.reduce((most, ms) => Math.max(most, ms), 0),
        unit: 'ms',
      },
    ];
  }
}
