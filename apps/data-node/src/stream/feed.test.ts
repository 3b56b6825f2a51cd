// A feed and who joins it while rows are gathered.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nsPerMs } from '@ndts/protocol';
import { createSilentLogger, Metrics, VirtualClock } from '@ndts/runtime';
import type { RawRows, Subscription } from '@ndts/storage';
import type { StreamClient } from './client.js';
import { type Interest, StreamFeed } from './feed.js';
import type { RowsBody } from './frames.js';
import { StreamMetrics } from './metrics.js';

const flushMs = 5;
const positions = { epoch: new Uint32Array(1), sequence: new Float64Array(1) };

/** Hands out what is given to it, until it is closed. */
class Source {
  readonly #batches: object[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  #rows = 0;

  /** Rows of these symbols, of shard 0. Resolves when the feed has them. */
  async give(...symbols: readonly number[]): Promise<void> {
    const whole = (): Float64Array => new Float64Array(symbols.length);
    this.#rows += symbols.length;
    const raw: RawRows = {
      count: symbols.length,
      day: whole(),
      nsOfDay: whole(),
      sequence: whole(),
      symbol: Uint32Array.from(symbols),
      shard: new Uint32Array(symbols.length),
      columns: [{ name: 'price', type: 'f64', values: Float64Array.from(symbols) }],
    };
    const next = { epoch: new Uint32Array(1), sequence: Float64Array.of(this.#rows) };
    this.#batches.push({ rows: { raw }, next });
    this.#wake?.();
    await new Promise((resolve) => void setImmediate(resolve)); // ambient: a round of the loop
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<object> {
    while (!this.#closed) {
      const batch = this.#batches.shift();
      if (batch !== undefined) yield batch;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

class Client {
  readonly prices: number[][] = [];
  readonly bodies: RowsBody[] = [];
  /** The position of shard 0 that the last message said. */
  next = 0;
  takes = true;

  canTake(): boolean {
    return this.takes;
  }

  sendRows(_id: number, _flags: number, body: RowsBody): void {
    const { columns, positions } = JSON.parse(`{${Buffer.from(body.bytes).toString()}`) as {
      columns: { price: number[] };
      positions: readonly (readonly [number, number, number])[];
    };
    this.bodies.push(body);
    this.prices.push(columns.price);
    this.next = positions[0]?.[2] ?? this.next;
  }
}

function makeFeed(clock: VirtualClock, source: Source): StreamFeed {
  return new StreamFeed(
    {
      kind: 'tick',
      source: source as unknown as Subscription,
      clock,
      nameOf: String,
      flushMs,
      metrics: new StreamMetrics(new Metrics({ processMetrics: false })),
      logger: createSilentLogger(),
      onEnd: () => undefined,
    },
    positions,
  );
}

const everything: Interest = {
  form: 'json',
  symbols: undefined,
  columns: undefined,
  intervalMs: undefined,
};

test('many who join are sent what comes after them, and the others nothing for it', async () => {
  const clock = new VirtualClock();
  const source = new Source();
  const feed = makeFeed(clock, source);
  const join = (...symbols: readonly number[]): Client => {
    const client = new Client();
    const some = symbols.length === 0 ? undefined : new Set(symbols);
    const wanted: Interest = { ...everything, symbols: some };
    feed.join(client as unknown as StreamClient, 1, wanted);
    return client;
  };
  const old = join();
  await source.give(1, 2);
  const [one, same, second] = [join(), join(), join(2)];
  await source.give(2, 3);
  const late = join();
  assert.deepEqual(old.prices, []);
  clock.advance(flushMs * nsPerMs);
  assert.deepEqual(old.prices, [[1, 2, 2, 3]]);
  for (const client of [one, same]) assert.deepEqual(client.prices, [[2, 3]]);
  assert.equal(one.bodies[0], same.bodies[0]);
  assert.deepEqual(second.prices, [[2]]);
  assert.deepEqual(late.prices, []);
  await source.give(2);
  clock.advance(flushMs * nsPerMs);
  for (const client of [old, one, same, second, late]) assert.deepEqual(client.prices.at(-1), [2]);
  assert.equal(old.prices.length, 2);
  assert.equal(late.prices.length, 1);
  feed.close();
});

test('who catches up is told the position of what it was sent, not what is gathered', async () => {
  const clock = new VirtualClock();
  const source = new Source();
  const feed = makeFeed(clock, source);
  const client = new Client();
  const [member] = feed.join(client as unknown as StreamClient, 1, everything);
  client.takes = false;
  await source.give(1, 2);
  clock.advance(flushMs * nsPerMs);
  await source.give(1);
  client.takes = true;
  member.catchUp();
  assert.deepEqual(client.prices, [[1, 2]]);
  // Who goes on from here after a break misses nothing.
  assert.equal(client.next, 2);
  clock.advance(flushMs * nsPerMs);
  assert.deepEqual(client.prices.at(-1), [1]);
  assert.equal(client.next, 3);
  feed.close();
});
