// Trades of two sources through a data node: each is stored once, numbered by the venue or not,
// while sources join, die, come back and send again what they sent before.

import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { nsPerMs, nsPerSecond, timeFromMs, type TradeBatch, TradeFlags } from '@ndts/protocol';
import { loadConfig, VirtualClock } from '@ndts/runtime';
import { TableBatch } from '@ndts/storage';
import type { Feed } from '../feed/feed.js';
import { FeedSet } from '../feed/feed-set.js';
import { createNoFeed } from '../feed/no-feed.js';
import { args, type Life, live, symbols, workPlace } from '../node-test-kit.js';

const startMs = Date.UTC(2025, 5, 2, 8);
const config = loadConfig({ args, environment: {} });

/** Gives the trades it is told to, named by their price; `number` 0: the venue has none for it. */
class TradeFeed {
  trades: (readonly [ms: number, price: number, number?: number])[] = [];
  connection = 1;
  readonly feed: Feed;

  /** `live`: what comes is of now. */
  constructor(name: string, live = false) {
    const connection = (): number => this.connection;
    this.feed = {
      ...createNoFeed(),
      name,
      live,
      get tradesConnection() {
        return connection();
      },
      pollTrades: (batch) => this.#poll(batch),
    };
  }

  #poll(batch: TradeBatch): number {
    batch.count = this.trades.length;
    for (const [row, [ms, price, number = 0]] of this.trades.entries()) {
      const { day, nsOfDay } = timeFromMs(startMs + ms);
      batch.day[row] = day;
      batch.nsOfDay[row] = nsOfDay;
      batch.symbol[row] = symbols[0]!.id;
      batch.price[row] = price;
      batch.volume[row] = 2;
      batch.tradeId[row] = number;
      batch.flags[row] = TradeFlags.sell | (number === 0 ? 0 : TradeFlags.id);
    }
    this.trades = [];
    return batch.count;
  }
}

function turn(life: Life, ms = 4): void {
  for (let at = 0; at < ms; at += 1) {
    life.clock.advance(nsPerMs);
    life.node.doWork();
  }
}

/** Prices of what is stored. */
function stored({ database }: Life): number[] {
  const table = database.tables().find(({ name }) => name === 'trade')!;
  const batch = new TableBatch(table, 1024);
  database.readRows(table.id, symbols[0]!.shard, 0, batch);
  return [...batch.column('price').subarray(0, batch.count)].map(Number);
}

interface Desk {
  readonly life: Life;
  readonly first: TradeFeed;
  readonly second: TradeFeed;
  readonly set: FeedSet;
}

async function withFirst(context: Parameters<typeof workPlace>[0]): Promise<Desk> {
  const [first, second] = [new TradeFeed('first'), new TradeFeed('second')];
  const set = new FeedSet([first.feed]);
  const life = live(workPlace(context), new VirtualClock(startMs), config, () => set);
  context.after(() => life.close());
  await life.node.start();
  life.clock.advance(10_000 * nsPerMs);
  return { life, first, second, set };
}

for (const [kind, number] of [
  ['without numbers', 0],
  ['numbered', 1],
] as const)
  test(`trades ${kind}: a source joins, one dies and comes back, none is doubled`, async (t) => {
    const { life, first, second, set } = await withFirst(t);
    const rows = (from: number, to: number): TradeFeed['trades'] =>
      Array.from({ length: to - from }, (_, at) => [
        from + at,
        100 + from + at,
        number * (from + at),
      ]);
    const expected = (to: number): number[] => rows(1, to).map(([, price]) => price);
    first.trades = rows(1, 200);
    turn(life);
    await set.add(second.feed);
    second.trades = rows(1, 203);
    turn(life);
    first.trades = rows(200, 205);
    turn(life);
    deepEqual(stored(life), expected(205), 'what the first gave alone is known of the second');
    await set.remove('first');
    turn(life, 600);
    second.trades = rows(203, 215);
    turn(life);
    deepEqual(stored(life).slice(199), expected(215).slice(199), 'the other one goes on');
    life.clock.advance(70 * nsPerSecond);
    turn(life, 300);
    const again = new TradeFeed('first');
    await set.add(again.feed);
    again.trades = rows(190, 217);
    turn(life);
    second.trades = rows(215, 220);
    turn(life);
    deepEqual(stored(life), expected(220), 'and what that gave alone of the one that is back');
  });

/** Trades without numbers at these milliseconds. */
const unnumbered = (...at: readonly number[]): TradeFeed['trades'] =>
  at.map((ms) => [ms, 100 + ms / 100]);
const pricesAt = (...at: readonly number[]): number[] =>
  unnumbered(...at).map(([, price]) => price);

test('what a lone source sends again after its own reconnect is stored once', async (t) => {
  const { life, first } = await withFirst(t);
  first.trades = unnumbered(1, 2, 2, 3);
  turn(life);
  first.connection = 2;
  first.trades = unnumbered(2, 2, 3, 4, 4);
  turn(life);
  first.trades = unnumbered(4, 5);
  turn(life);
  deepEqual(stored(life), pricesAt(1, 2, 2, 3, 4, 4, 4, 5));
  turn(life, 300);
  const [trades] = life.node.status().kinds;
  deepEqual([trades?.polled, trades?.accepted, trades?.copies], [11, 8, 3], 'counted');
  life.clock.advance(70 * nsPerSecond);
  turn(life, 300);
  first.trades = unnumbered(5);
  turn(life);
  first.connection = 3;
  first.trades = unnumbered(5, 5, 6);
  turn(life);
  deepEqual(stored(life).slice(7), pricesAt(5, 5, 6), 'also when there was nothing to look for');
});

test('a source that joins while another sends again doubles nothing', async (t) => {
  const { life, first, second, set } = await withFirst(t);
  first.trades = unnumbered(1, 2, 3);
  turn(life);
  first.connection = 2;
  await set.add(second.feed);
  second.trades = unnumbered(1, 2, 3, 4);
  turn(life);
  first.trades = unnumbered(2, 3, 4, 5);
  turn(life);
  second.trades = unnumbered(5, 6);
  turn(life);
  deepEqual(stored(life), pricesAt(1, 2, 3, 4, 5, 6));
});

test('a lone source is known after a restart of the node, numbered trades go on', async (t) => {
  const [dir, clock] = [workPlace(t), new VirtualClock(startMs)];
  const begin = async (): Promise<{ life: Life; feed: TradeFeed }> => {
    const feed = new TradeFeed('only', true);
    const life = live(dir, clock, config, () => feed.feed);
    await life.node.start();
    return { life, feed };
  };
  const before = await begin();
  before.feed.trades = unnumbered(1, 2, 3);
  turn(before.life, 20);
  await before.life.database.durable();
  await before.life.close();
  const { life, feed } = await begin();
  t.after(() => life.close());
  feed.trades = [...unnumbered(2, 3, 4), ...[7, 7, 8].map((id) => [5, 109, id] as const)];
  turn(life);
  deepEqual(stored(life), [...pricesAt(1, 2, 3, 4), 109, 109]);
});

test('trades that look the same are as many as one source gave of them', async (t) => {
  const { life, first, second, set } = await withFirst(t);
  await set.add(second.feed);
  turn(life);
  const same = (count: number): TradeFeed['trades'] =>
    Array.from({ length: count }, () => [1, 101]);
  first.trades = same(2);
  turn(life);
  second.trades = same(3);
  turn(life);
  first.trades = same(1);
  turn(life);
  deepEqual(stored(life), [101, 101, 101]);
  first.connection = 2;
  first.trades = [...same(3), [2, 102]];
  turn(life);
  deepEqual(stored(life), [101, 101, 101, 102], 'what is sent again after a connection is known');
});
