// The three fill models against a plain one, tick by tick on random ticks: whole cents and whole
// quantities, every order looked at for every tick, nothing kept but lists.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nsPerDay } from '@ndts/protocol';
import type { AnyStrategy } from '../strategy/define.js';
import {
  firstDay,
  fillsOf,
  type PlainTick,
  randomTicks,
  runTicks,
  testRandom,
} from './backtest-test-kit.js';
import { type FillModelName, fillModelNames } from './settings.js';

const cent = 1_000_000n;
const unit = 100_000_000n;
const share = 0.25;

/** Asked for at a tick, by its place. */
interface PlainAsk {
  readonly tick: number;
  readonly symbol: number;
  readonly isBuy: boolean;
  readonly quantity: number;
  /** In cents; undefined: at the market. */
  readonly limit: number | undefined;
}

interface PlainOrder extends PlainAsk {
  readonly dueNs: number;
  open: number;
  /** Ticks that did not fill it. */
  waited: number;
  queue: number | undefined;
}

interface PlainFill {
  readonly order: number;
  readonly tick: number;
  readonly quantity: number;
  readonly price: number;
  readonly isMaker: boolean;
}

/** What earlier orders left of the tick: of its volume, and of what each side shows. */
interface Rest {
  traded: number;
  bid: number;
  ask: number;
}

function plainMatch(
  model: FillModelName,
  order: PlainOrder,
  tick: PlainTick,
  rest: Rest,
): { quantity: number; price: number; isMaker: boolean } | undefined {
  const { isBuy, limit, open } = order;
  const cheaper = (a: number, b: number): boolean => (isBuy ? a < b : a > b);
  const opposite = isBuy ? tick.ask : tick.bid;
  const touch = opposite > 0 ? opposite : tick.price;
  const firstTime = order.waited === 0;
  const trades = limit === undefined || touch === limit || cheaper(touch, limit);
  if (trades) {
    const isMaker = limit !== undefined && !firstTime;
    const price = isMaker ? limit : touch;
    if (model === 'next_tick') return { quantity: open, price, isMaker };
    if (model === 'volume_share') {
      const quantity = Math.min(open, rest.traded);
      rest.traded -= quantity;
      return quantity > 0 ? { quantity, price, isMaker } : undefined;
    }
    const shown = isBuy ? tick.askVolume : tick.bidVolume;
    if (isMaker || shown === 0) return { quantity: open, price, isMaker };
    const side = isBuy ? 'ask' : 'bid';
    const quantity = Math.min(open, rest[side]);
    rest[side] -= quantity;
    return quantity > 0 ? { quantity, price, isMaker } : undefined;
  }
  order.waited += 1;
  if (model !== 'queue') return undefined;
  if (!firstTime && tick.volume > 0) {
    if (cheaper(tick.price, limit)) return { quantity: open, price: limit, isMaker: true };
    if (tick.price === limit && order.queue !== undefined) {
      const before = Math.min(order.queue, rest.traded);
      order.queue -= before;
      const quantity = Math.min(open, rest.traded - before);
      rest.traded -= quantity;
      if (quantity > 0) return { quantity, price: limit, isMaker: true };
    }
  }
  const own = isBuy ? tick.bid : tick.ask;
  const ownVolume = isBuy ? tick.bidVolume : tick.askVolume;
  if (own === limit) order.queue = Math.min(order.queue ?? ownVolume, ownVolume);
  else if (own === 0 || cheaper(own, limit)) order.queue = 0;
  return undefined;
}

function plainFills(
  model: FillModelName,
  ticks: readonly PlainTick[],
  asks: readonly PlainAsk[],
  latencyNs: number,
): PlainFill[] {
  const orders = asks.map((ask): PlainOrder => {
    const dueNs = (ticks[ask.tick]?.atNs ?? 0) + latencyNs;
    return { ...ask, dueNs, open: ask.quantity, waited: 0, queue: undefined };
  });
  const fills: PlainFill[] = [];
  for (const [at, tick] of ticks.entries()) {
    if (tick.isVoid) continue;
    const traded = model === 'volume_share' ? tick.volume * share : tick.volume;
    const rest: Rest = { traded, bid: tick.bidVolume, ask: tick.askVolume };
    for (const [place, order] of orders.entries()) {
      if (order.tick >= at || order.dueNs > tick.atNs) continue;
      if (order.symbol !== tick.symbol || order.open === 0) continue;
      const fill = plainMatch(model, order, tick, rest);
      if (fill === undefined) continue;
      order.open -= fill.quantity;
      fills.push({ order: place + 1, tick: at, ...fill });
    }
  }
  return fills;
}

/** Asks for what the script says, at the ticks it says. */
function scripted(asks: readonly PlainAsk[]): AnyStrategy {
  let seen = 0;
  return {
    name: 'scripted',
    version: '1',
    params: {},
    onTick(_, context) {
      for (const ask of asks)
        if (ask.tick === seen) {
          const options = ask.limit === undefined ? {} : { limitPrice: BigInt(ask.limit) * cent };
          const side = ask.isBuy ? 'buy' : 'sell';
          context[side](ask.symbol, BigInt(ask.quantity) * unit, options);
        }
      seen += 1;
    },
  };
}

for (const model of fillModelNames)
  test(`${model}: the same fills as a plain model`, (context) => {
    const random = testRandom(context);
    let fillCount = 0;
    for (let round = 0; round < 8; round += 1) {
      const ticks = randomTicks(random, 300);
      const asks: PlainAsk[] = [];
      // A symbol can be traded once it has a tick.
      for (let tick = 30; tick < ticks.length; tick += 1 + random.integer(8))
        asks.push({
          tick,
          symbol: random.integer(3),
          isBuy: random.integer(2) === 0,
          quantity: 4 * (1 + random.integer(5)),
          limit:
            random.integer(3) === 0 ? undefined : (ticks[tick]?.price ?? 0) + random.integer(9) - 4,
        });
      const latencyUs = random.integer(2) * random.integer(2_000_000);
      const expected = plainFills(model, ticks, asks, latencyUs * 1000);
      const settings = { fill: model, volumeShare: share, latencyUs, initialMargin: 0 };
      const run = runTicks(ticks, [scripted(asks)], {
        settings: { ...settings, maintenanceMargin: 0 },
        rows: 1 + random.integer(100),
      });
      const found = fillsOf(run).map((fill) => ({
        order: fill.order,
        atNs: (fill.day - firstDay) * nsPerDay + fill.nsOfDay,
        quantity: fill.quantity,
        price: fill.price,
        isMaker: fill.isMaker,
      }));
      const wanted = expected.map((fill) => ({
        order: fill.order,
        atNs: ticks[fill.tick]?.atNs,
        quantity: BigInt(fill.quantity * 100) * cent,
        price: BigInt(fill.price) * cent,
        isMaker: fill.isMaker,
      }));
      assert.deepEqual(found, wanted, `round ${round}`);
      fillCount += found.length;
    }
    assert.ok(fillCount > 150, `only ${fillCount} fills were compared`);
  });
