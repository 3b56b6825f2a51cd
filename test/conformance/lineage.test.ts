// A whole node with a strategy that stores factors and is handed books: from its order to the
// signal, the values at the tick that caused it, and the ticks these look at; the rows over history
// are those of the live strategy, and no tick has two, with NDTS_TEST_LONG=1 over a kill -9, too.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bollinger, factor, storeFactorHistory } from '@ndts/calc-node';
import type { FullLineageView, OrderView, StrategyLogLine } from '@ndts/protocol';
import { type InsertRow, NDTSClient } from '@ndts/storage';
import { longRun } from '../kit/long-run.js';
import { RunningPlatform } from '../kit/running-platform.js';
import { smallSettings } from '../kit/small-settings.js';
import { temporaryFolder } from '../kit/temporary-folder.js';

const period = 5;
const plugin = `
import { bollinger, defineStrategy, factor } from '@ndts/calc-node/strategy';
export const strategy = defineStrategy({
  name: 'kept', version: '1.0.0', params: {},
  factors: {
    other: factor('ema(price, 3)'),
    bands: bollinger({ period: ${period}, version: 7, store: true }),
    paid: factor('vwap(300ms)', { store: true }),
  },
  state: () => ({ books: 0, ticks: 0 }),
  onBook(book, context) {
    context.state.books += 1;
    if (context.state.books === 3) context.log('third book ' + (book.ask(1) > book.bid(1)));
  },
  onTick(tick, context) {
    context.state.ticks += 1;
    if (context.state.ticks % 50 === 0) context.buy(tick.symbol, 100000000n);
  },
});
`;

async function until<Found>(what: string, look: () => Promise<Found | undefined>): Promise<Found> {
  for (let tries = 0; tries < 30_000; tries += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(10);
  }
  throw new Error(`waited in vain for ${what}`);
}

/** Of an order whose tick has the rows of both factors: they come one after the other, and ticks
 * between two starts have none. */
async function lineageOf(platform: RunningPlatform): Promise<FullLineageView> {
  return until('rows of the tick of an order', async () => {
    const orders = (await platform.get('/api/orders')) as readonly OrderView[];
    for (const { instance, clientOrderId } of orders) {
      if (instance === 0) continue;
      const path = `/api/orders/lineage?clientOrderId=${encodeURIComponent(clientOrderId)}`;
      const view = (await platform.get(path)) as FullLineageView;
      if (view.behind.factors.length === 2) return view;
    }
    return undefined;
  });
}

function checkLineage({ tick, signal, behind }: FullLineageView): void {
  assert.ok(signal.instance > 0 && behind.strategy === 'kept');
  assert.deepEqual(
    behind.factors.map(({ factor, version }) => `${factor} ${version}`),
    ['bands 7', 'paid 1'],
  );
  const [bands, paid] = behind.factors;
  const ticksOf = (of: typeof bands) => {
    const first = behind.ticks.findIndex(({ sequence }) => sequence === of?.firstSequence);
    assert.ok(first >= 0, 'its first tick is there');
    assert.deepEqual(
      [of?.lastSequence, behind.ticks.at(-1)?.sequence],
      [tick.sequence, tick.sequence],
    );
    return behind.ticks.slice(first);
  };
  const sum = (numbers: readonly number[]) => numbers.reduce((one, other) => one + other, 0);
  const prices = ticksOf(bands).map(({ price }) => price);
  assert.equal(prices.length, period);
  const mean = sum(prices) / period;
  assert.ok(Math.abs((bands?.middle ?? 0) / mean - 1) < 1e-12, `${bands?.middle} of ${prices}`);
  const ticks = ticksOf(paid);
  const traded = sum(ticks.map(({ volume }) => volume));
  const vwap = sum(ticks.map(({ price, volume }) => price * volume)) / traded;
  assert.ok(Math.abs((paid?.value ?? 0) / vwap - 1) < 1e-12, `${paid?.value}, not ${vwap}`);
}

test('from an order to the ticks behind it; live and over history the same rows', async (t) => {
  const dataDir = await temporaryFolder(t);
  const dir = join(dataDir, 'strategies');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'kept.mjs'), plugin);
  const keys = {
    ...smallSettings,
    'feed.symbols': 4,
    'feed.ticksPerSecond': 400,
    'feed.dirtPerMillion': 0,
    'feed.simulatedBooks': 'true',
    'strategy.list': join(dir, 'kept.mjs'),
    'log.level': 'warn',
  };
  for (let start = 0; start < (longRun ? 3 : 1); start += 1) {
    const platform = await RunningPlatform.start({ dataDir, keys });
    try {
      await until('an order', async () => {
        const orders = (await platform.get('/api/orders')) as readonly OrderView[];
        return orders.find(({ instance }) => instance > 0);
      });
      checkLineage(await lineageOf(platform));
      await until('a book', async () => {
        const log = await platform.get('/api/strategies/log?name=kept');
        return (log as readonly StrategyLogLine[]).find(({ text }) => text === 'third book true');
      });
    } finally {
      if (start === 0 && !longRun) await platform.stop();
      else await platform.kill();
    }
  }
  await using client = new NDTSClient({ mode: 'standalone', dataDir, settings: smallSettings });
  const count = async (sql: string): Promise<number> => {
    const [row] = await (await client.query(sql)).rows();
    return Number(row?.['n']);
  };
  const live = await count("SELECT count(*) AS n FROM factor WHERE strategy = 'kept'");
  assert.ok(live > 50, `${live} rows`);
  const factors = {
    bands: bollinger({ period, version: 7, store: true }),
    paid: factor('vwap(300ms)', { store: true }),
  };
  const stored = await storeFactorHistory(client, { strategy: 'kept', factors, range: {} });
  assert.equal(stored.known, live);
  assert.equal(stored.stored, 2 * stored.ticks - live);
  const twice = 'GROUP BY strategy, factor, version, tick_shard, last_sequence HAVING count(*) > 1';
  assert.equal(await count(`SELECT count(*) AS n FROM (SELECT 1 FROM factor ${twice})`), 0);
  await storeFactorHistory(client, { strategy: 'again', factors, range: {} });
  const columns = ['time', 'value', 'middle', 'upper', 'lower', 'tick_epoch', 'first_sequence'];
  const differ = columns.map((name) => `a.${name} IS DISTINCT FROM b.${name}`).join(' OR ');
  const joined =
    "FROM factor a JOIN factor b ON a.strategy = 'kept' AND b.strategy = 'again' " +
    'AND a.factor = b.factor AND a.symbol = b.symbol AND a.last_sequence = b.last_sequence';
  assert.equal(await count(`SELECT count(*) AS n ${joined}`), 2 * stored.ticks);
  assert.equal(await count(`SELECT count(*) AS n ${joined} WHERE ${differ}`), 0);
  // Rows of ticks that were lost are none of the ticks that were written in their place.
  const rowSql = "SELECT * EXCLUDE (epoch, sequence) FROM factor WHERE strategy = 'kept' LIMIT 1";
  const [row] = await (await client.query(rowSql)).rows();
  const lost = { strategy: 'lost', tick_epoch: Number(row?.['tick_epoch']) - 1 };
  await client.insert('factor', [{ ...(row as unknown as InsertRow), ...lost }]);
  const anew = await storeFactorHistory(client, { strategy: 'lost', factors, range: {} });
  assert.deepEqual([anew.known, anew.stored], [0, 2 * stored.ticks]);
});
