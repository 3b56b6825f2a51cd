// The client in a process of its own, beside one that opened the folder: rows a second of loads,
// replays and queries, and how long a small question takes. `through` says which: here, or socket.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { NDTSClient, TableBatch, tickTable } from '@ndts/storage';
import { OpenerProcess } from '../kit/opener-process.js';
import { smallSettings } from '../kit/small-settings.js';
import { answerHash, type Bench, type BenchContext, percentile, pick } from './kit/bench.js';
import { TickFill } from './kit/tick-fill.js';

const symbolCount = 100;
const batchRows = 10_000;
export const settings = { ...smallSettings, 'storage.memtableBytes': 32 << 20 };

type Through = 'here' | 'socket';

interface Work {
  readonly rows: number;
  readonly answer: string;
}

export async function writeTicks(dataDir: string, rows: number): Promise<void> {
  await using client = new NDTSClient({ mode: 'standalone', dataDir, settings, role: 'open' });
  const names = Array.from({ length: symbolCount }, (_, at) => `S${at}`);
  await client.registerSymbol(names);
  const schema = (await client.tables()).find(({ id }) => id === tickTable);
  if (schema === undefined) throw new Error('no table of ticks');
  const fill = new TickFill(symbolCount, 1e6);
  const rowsBatch = new TableBatch(schema, batchRows);
  for (let left = rows; left > 0; left -= batchRows) {
    const ticks = fill.batch(batchRows);
    rowsBatch.day.set(ticks.day);
    rowsBatch.nsOfDay.set(ticks.nsOfDay);
    rowsBatch.symbol.set(ticks.symbol);
    rowsBatch.doubles('price').set(ticks.price);
    rowsBatch.doubles('volume').set(ticks.volume);
    rowsBatch.doubles('bid1').set(ticks.bid);
    rowsBatch.doubles('ask1').set(ticks.ask);
    rowsBatch.count = batchRows;
    await client.insert('tick', rowsBatch);
  }
}

async function replayed(client: NDTSClient): Promise<Work> {
  let rows = 0;
  let sum = 0;
  for await (const batch of client.replayTicks()) {
    rows += batch.count;
    for (let row = 0; row < batch.count; row += 1) sum += batch.price[row] ?? 0;
  }
  return { rows, answer: answerHash(rows, sum) };
}

async function loaded(client: NDTSClient): Promise<Work> {
  let rows = 0;
  let sum = 0;
  for (let symbol = 0; symbol < symbolCount; symbol += 1)
    for await (const batch of client.loadSymbol(`S${symbol}`)) {
      rows += batch.count;
      const prices = batch.doubles('price');
      for (let row = 0; row < batch.count; row += 1) sum += prices[row] ?? 0;
    }
  return { rows, answer: answerHash(rows, sum) };
}

async function queried(client: NDTSClient): Promise<Work> {
  let rows = 0;
  let sum = 0;
  const result = await client.query('SELECT price, volume, bid1, ask1 FROM tick');
  for await (const batch of result) {
    rows += batch.rows;
    const prices = batch.column('price').values as Float64Array;
    for (const price of prices) sum += price;
  }
  return { rows, answer: answerHash(rows, Math.round(sum)) };
}

const rates = { client_replay: replayed, client_load: loaded, client_query: queried } as const;

const questions: Readonly<Record<string, (client: NDTSClient) => Promise<unknown>>> = {
  latest: (client) => client.latest(['S7']),
  latestOfAll: (client) => client.latest(),
  aggregate: (client) => client.aggregate({ symbols: ['S7'], aggregates: { n: { kind: 'rows' } } }),
  query: async (client) => (await client.query('SELECT 1 AS one')).rows(),
  querySymbol: async (client) =>
    (await client.query("SELECT max(price) FROM tick WHERE symbol = 'S7'")).rows(),
};

async function measure(
  context: BenchContext,
  client: NDTSClient,
  through: Through,
  rows: number,
): Promise<void> {
  for (const [bench, work] of Object.entries(rates)) {
    await work(client);
    const start = performance.now();
    const { rows: found, answer } = await work(client);
    const seconds = (performance.now() - start) / 1000;
    if (found !== rows) throw new Error(`${bench}: expected ${rows} rows, found ${found}`);
    const params = { through, rows };
    context.emit({
      bench,
      params,
      metric: 'rowsPerSecond',
      value: rows / seconds,
      unit: '1/s',
      answer,
    });
  }
  const rounds = pick(context.size, { smoke: 20, small: 500, full: 2000 });
  for (const [question, ask] of Object.entries(questions)) {
    const times = new Float64Array(question.startsWith('query') ? rounds / 5 : rounds);
    await ask(client);
    for (let round = 0; round < times.length; round += 1) {
      const start = performance.now();
      await ask(client);
      times[round] = (performance.now() - start) * 1000;
    }
    times.sort();
    for (const [metric, fraction] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const)
      context.emit({
        bench: 'client_latency',
        params: { through, question },
        metric,
        value: percentile(times, fraction),
        unit: 'us',
        answer: answerHash(question),
      });
  }
}

export const clientBench: Bench = {
  name: 'client',
  about: 'the client over a folder it opened and over one another process has open',
  run: async (context) => {
    const dataDir = join(context.dir, 'client');
    mkdirSync(dataDir);
    const rows = pick(context.size, { smoke: 20_000, small: 3_000_000, full: 20_000_000 });
    context.say(`writing ${rows} ticks`);
    await writeTicks(dataDir, rows);
    {
      await using here = new NDTSClient({ mode: 'standalone', dataDir, settings, role: 'open' });
      await measure(context, here, 'here', rows);
    }
    const opener = await OpenerProcess.start({ after: () => undefined }, dataDir);
    {
      await using client = new NDTSClient({
        mode: 'standalone',
        dataDir,
        settings,
        role: 'connect',
      });
      await measure(context, client, 'socket', rows);
    }
    await opener.stop();
  },
};
