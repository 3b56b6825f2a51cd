// The simulator: reproducible to the bit, on an open-loop schedule, dirty as ordered.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTickBatch, nsBetween, nsPerMs, nsPerSecond, type TickBatch } from '@ndts/protocol';
import { VirtualClock } from '@ndts/runtime';
import { dirtKinds } from './dirt.js';
import { Simulator, type SimulatorOptions, simulatorSymbolNames } from './simulator.js';

const startMs = Date.UTC(2025, 0, 2, 9, 30);

function create(changes: Partial<SimulatorOptions> = {}): { clock: VirtualClock; feed: Simulator } {
  const clock = new VirtualClock(startMs);
  const names = simulatorSymbolNames(7);
  const feed = new Simulator({
    symbols: names.map((name, index) => ({ id: index + 1, name })),
    ticksPerSecond: 1000,
    seed: 7,
    dirtPerMillion: 20_000,
    clock,
    ...changes,
  });
  return { clock, feed };
}

const columns = ['day', 'nsOfDay', 'price', 'volume', 'bid', 'ask', 'bidVolume', 'symbol'] as const;

/** Takes `count` ticks in batches of the given sizes; each column as its bytes. */
function take(feed: Simulator, count: number, sizes: readonly number[]): Map<string, Buffer> {
  const all = createTickBatch(count);
  let done = 0;
  for (let turn = 0; done < count; turn += 1) {
    const size = Math.min(sizes[turn % sizes.length]!, count - done);
    const batch = createTickBatch(size);
    assert.equal(feed.fill(batch), size);
    for (const name of columns) all[name].set(batch[name], done);
    done += size;
  }
  const bytes = (name: (typeof columns)[number]): Buffer =>
    Buffer.from(all[name].buffer, all[name].byteOffset, all[name].byteLength);
  return new Map(columns.map((name) => [name, bytes(name)]));
}

test('the same seed gives the same bits, however the batches are cut', () => {
  const whole = take(create().feed, 20_000, [20_000]);
  const cut = take(create().feed, 20_000, [1, 7, 1000, 64]);
  for (const [name, bytes] of whole) assert.ok(bytes.equals(cut.get(name)!), `column ${name}`);
  const other = take(create({ seed: 8 }).feed, 20_000, [20_000]);
  assert.ok(!whole.get('price')!.equals(other.get('price')!));
});

test('prices are exact decimals on the tick size, bid below ask, and crossings happen', () => {
  const { feed } = create({ dirtPerMillion: 0 });
  const batch = createTickBatch(50_000);
  feed.fill(batch);
  let changes = 0;
  for (let row = 0; row < batch.count; row += 1) {
    const price = batch.price[row]!;
    assert.equal(price, Number(price.toFixed(2)));
    assert.ok(batch.bid[row]! < batch.ask[row]!);
    assert.ok(price === batch.bid[row]! || price === batch.ask[row]!);
    assert.equal(batch.volume[row]! % 100, 0);
    if (row > 0 && price !== batch.price[row - 1]!) changes += 1;
  }
  assert.ok(changes > batch.count / 2);
  assert.ok(outsideBands(batch, 3) > 20);
});

/** How often a price of the symbol lies outside its last 20 prices' mean by two deviations. */
function outsideBands(batch: TickBatch, symbol: number): number {
  const prices = Array.from(batch.price).filter((_, row) => batch.symbol[row] === symbol);
  let outside = 0;
  for (let end = 20; end <= prices.length; end += 1) {
    const window = prices.slice(end - 20, end);
    const mean = window.reduce((sum, price) => sum + price, 0) / 20;
    const variance = window.reduce((sum, price) => sum + (price - mean) ** 2, 0) / 20;
    if (Math.abs(window[19]! - mean) > 2 * Math.sqrt(variance)) outside += 1;
  }
  return outside;
}

test('a tick carries the time it was due, and a stall leaves none out', () => {
  const { clock, feed } = create({ dirtPerMillion: 0, ticksPerSecond: 1000 });
  const batch = createTickBatch(64);
  assert.equal(feed.poll(batch), 0, 'not connected');
  void feed.connect();
  const origin = clock.now();
  assert.equal(feed.poll(batch), 1, 'tick 0 is due at the start');
  clock.advance(100 * nsPerMs);
  let seen = 1;
  assert.equal(feed.stats().backlog, 100);
  for (let rows = feed.poll(batch); rows > 0; rows = feed.poll(batch)) {
    assert.ok(rows <= 64);
    for (let row = 0; row < rows; row += 1) {
      const time = { day: batch.day[row]!, nsOfDay: batch.nsOfDay[row]! };
      assert.equal(nsBetween(time, origin), seen * nsPerMs);
      seen += 1;
    }
  }
  assert.equal(seen, 101);
  assert.deepEqual([feed.stats().backlog, feed.stats().skipped], [0, 0]);
});

test('the rate changes while running; 0 pauses', async () => {
  const { clock, feed } = create({ dirtPerMillion: 0, ticksPerSecond: 10 });
  const batch = createTickBatch(4096);
  await feed.connect();
  feed.poll(batch);
  feed.setTicksPerSecond(2000);
  clock.advance(nsPerSecond);
  assert.equal(feed.poll(batch), 2000);
  feed.setTicksPerSecond(0);
  clock.advance(nsPerSecond);
  assert.equal(feed.poll(batch), 0);
  feed.setTicksPerSecond(100);
  clock.advance(nsPerSecond);
  assert.equal(feed.poll(batch), 101, 'the first is due when the pause ends');
  await feed.disconnect();
  clock.advance(nsPerSecond);
  assert.equal(feed.poll(batch), 0);
});

test('a backlog beyond the limit is given up and counted', async () => {
  const { clock, feed } = create({ ticksPerSecond: 1000, backlogMsMax: 1000 });
  const batch = createTickBatch(8192);
  await feed.connect();
  clock.advance(5 * nsPerSecond);
  const polled = feed.poll(batch);
  const stats = feed.stats();
  assert.equal(stats.skipped, 4000);
  assert.equal(polled + stats.skipped, 5001);
});

test('a restart goes on from the last prices', () => {
  const lastPrices = new Map([[1, 77.01]]);
  const { feed } = create({ dirtPerMillion: 0, lastPrices });
  const batch = createTickBatch(100);
  feed.fill(batch);
  const first = batch.symbol.indexOf(1);
  assert.ok(first >= 0);
  assert.ok(Math.abs(batch.price[first]! - 77.01) < 0.5, `found ${batch.price[first]}`);
});

test('every kind of dirt is made, about as often as ordered', () => {
  const { feed } = create({ dirtPerMillion: 50_000 });
  const batch = createTickBatch(100_000);
  feed.fill(batch);
  const dirt = feed.dirt();
  const total = Object.values(dirt).reduce((sum, count) => sum + count, 0);
  assert.ok(total > 4500 && total < 5500, `found ${total}`);
  for (const kind of dirtKinds) assert.ok(dirt[kind] > 400, `${kind}: ${dirt[kind]}`);
});
