// kill -9 of the node, or of the strategy's process alone, amid trading: a strategy that keeps one
// quote open at a time goes on. It hears of the end of each of its orders, whoever was dead when it
// came, and of none twice, or it stops for good.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OrderView, StrategyView } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { longRun } from '../kit/long-run.js';
import { RunningPlatform } from '../kit/running-platform.js';
import { temporaryFolder } from '../kit/temporary-folder.js';

const rounds = longRun ? 30 : 4;
/** Of one life; more than could leave without an answer. */
const signalsPerLife = 6;

const quoter = `
const ended = new Set(['denied', 'rejected', 'filled', 'canceled', 'expired']);
export const strategy = {
  name: 'quoter', version: '1', params: {},
  state: () => ({ order: 0, ticks: 0 }),
  onTick(tick, context) {
    const { state } = context;
    state.ticks += 1;
    if (state.order === 0)
      state.order = context.buy(tick.symbol, 1000000n, { limitPrice: tick.price * 0.99 });
    else if (state.ticks % 16 === 0) context.cancel(state.order);
  },
  onOrder(order, { state }) {
    if (order.order !== state.order) throw new Error('told again of ' + order.order);
    if (ended.has(order.state)) state.order = 0;
  },
  snapshot: ({ state }) => state,
  restore: (saved, { state }) => Object.assign(state, saved),
};`;

/** undefined: the node has not told of it yet. */
async function viewOf(platform: RunningPlatform): Promise<StrategyView | undefined> {
  return ((await platform.get('/api/strategies')) as StrategyView[])[0];
}

/** Until it has traded on; returns its process. */
async function traded(
  platform: RunningPlatform,
  context: TestContext,
  restarts: number,
): Promise<number> {
  for (;;) {
    const view = await viewOf(platform);
    assert.ok(!context.signal.aborted, `${JSON.stringify(view)} ${platform.output}`);
    await sleep(20);
    if (view === undefined) continue;
    assert.doesNotMatch(view.reason, /told again/);
    assert.ok(view.restarts <= restarts, view.reason);
    const isOn = view.state === 'running' && view.restarts === restarts;
    if (isOn && view.signals >= signalsPerLife * (restarts + 1)) return view.pid ?? 0;
  }
}

test(`one quote at a time, over ${rounds} kills -9`, {
  timeout: rounds * 150_000,
}, async (context) => {
  const seed = Number(process.env['NDTS_TEST_SEED'] ?? Date.now() >>> 0);
  context.diagnostic(`NDTS_TEST_SEED=${seed}`);
  const random = new SeededRandom(seed);
  const dataDir = join(await temporaryFolder(context), 'data');
  const plugin = join(dataDir, '..', 'quoter.mjs');
  writeFileSync(plugin, quoter);
  const keys = {
    ...{ 'cluster.shards': 2, 'feed.symbols': 4, 'feed.ticksPerSecond': 500 },
    ...{ 'strategy.list': plugin, 'loop.idle': 'sleep', 'log.level': 'warn' },
    ...{ 'storage.stagingBytes': 4 << 20, 'storage.walFileBytes': 4 << 20 },
  };
  let platform = await RunningPlatform.start({ dataDir, keys });
  context.after(() => platform.discard());
  for (let round = 0; round < rounds; round += 1) {
    const pid = await traded(platform, context, 0);
    if (round % 2 === 1) {
      process.kill(pid, 'SIGKILL');
      await traded(platform, context, 1);
    }
    await sleep(random.integer(50));
    await platform.kill();
    platform = await RunningPlatform.start({ dataDir, keys });
  }
  await traded(platform, context, 0);
  const orders = (await platform.get('/api/orders?limit=1000')) as OrderView[];
  const open = orders.filter(({ state }) => state === 'accepted' || state === 'pendingCancel');
  assert.ok(open.length <= 1, 'one at a time');
  assert.equal(await platform.stop(), 0, platform.output);
});
