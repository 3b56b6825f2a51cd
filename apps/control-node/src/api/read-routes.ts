// What a viewer may see: everything the nodes tell of themselves. Answers come from the bus at the
// time of asking or from the last status; nothing is kept here.

import {
  type Bus,
  type ChartPoint,
  type ConfigValues,
  configKeys,
  type Jobs,
  NdtsError,
  type OrderView,
  type PositionView,
  type QualityView,
  type SymbolInfo,
  subjects,
} from '@ndts/protocol';
import { describeConfig, type HistogramSnapshot, type Metrics, summarizeUs } from '@ndts/runtime';
import type { NodeView } from '../membership/membership.js';
import type { LatestStatus } from './latest-status.js';
import { type ApiRoute, limitOf, listOf, numberOf, objectOf, viewOf } from './route.js';

export interface ReadOptions {
  readonly config: ConfigValues;
  readonly bus: Bus;
  readonly jobs: Jobs;
  readonly metrics: Metrics;
  readonly latest: LatestStatus;
  readonly nodes: () => readonly NodeView[];
}

const symbolsMax = 100_000;
const text = { type: 'string' };

export function readRoutes(options: ReadOptions): ApiRoute[] {
  return [
    ...nodeRoutes(options),
    ...marketRoutes(options),
    ...tradingRoutes(options),
    ...operationRoutes(options),
  ];
}

function nodeRoutes({ latest, nodes, bus }: ReadOptions): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/healthz',
      role: 'open',
      summary: 'Liveness of the control node; no data.',
      response: objectOf({ ok: { type: 'boolean' } }),
      handle: () => ({ ok: true }),
    },
    {
      method: 'GET',
      path: '/api/status',
      role: 'viewer',
      summary: 'The latest status of each role, the watermarks, and how old each is.',
      response: viewOf('StatusView'),
      handle: () => latest.view(),
    },
    {
      method: 'GET',
      path: '/api/nodes',
      role: 'viewer',
      summary: 'All nodes with state, reason, load, heartbeat age and response time.',
      response: listOf(viewOf('NodeView')),
      handle: () => nodes(),
    },
    {
      method: 'GET',
      path: '/api/strategies',
      role: 'viewer',
      summary: 'All strategy instances; empty until a calc node has spoken.',
      response: listOf(viewOf('StrategyView')),
      handle: () => latest.view().calc?.strategies ?? [],
    },
    {
      method: 'GET',
      path: '/api/strategies/log',
      role: 'viewer',
      summary: 'The newest lines of a strategy: printed, logged, and what became of it.',
      query: objectOf({ name: text, limit: limitOf(100, 1000) }, ['name']),
      response: listOf(viewOf('StrategyLogLine')),
      handle: ({ query }) =>
        bus.request(subjects.calcStrategyLog, {
          name: query['name'],
          limit: numberOf(query['limit']),
        }),
    },
  ];
}

function marketRoutes({ bus }: ReadOptions): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/symbols',
      role: 'viewer',
      summary: 'Symbols with shard, number of ticks and last price.',
      query: objectOf({ limit: limitOf(1000, symbolsMax) }, []),
      response: listOf(viewOf('SymbolInfo')),
      handle: ({ query }) => bus.request(subjects.dataSymbols, { limit: query['limit'] }),
    },
    {
      method: 'GET',
      path: '/api/rejects',
      role: 'viewer',
      summary: 'Ticks the cleaner refused, with the reason, newest first.',
      query: objectOf({ limit: limitOf(100, 1000) }, []),
      response: listOf(viewOf('RejectView')),
      handle: ({ query }) => bus.request(subjects.dataRejects, numberOf(query['limit'])),
    },
    {
      method: 'GET',
      path: '/api/quality',
      role: 'viewer',
      summary: 'Symbols that are not GOOD; or one, by id or name, with its changes, newest first.',
      query: objectOf(
        { symbol: { type: 'string', minLength: 1, maxLength: 256 }, limit: limitOf(20, 1000) },
        [],
      ),
      response: listOf(viewOf('QualityView')),
      handle: async ({ query }): Promise<QualityView[]> => {
        const { symbol, limit } = query;
        const request =
          symbol === undefined
            ? {}
            : { symbol: await symbolId(bus, String(symbol)), limit: numberOf(limit) };
        return (await bus.request(subjects.dataQuality, request)) as QualityView[];
      },
    },
    {
      method: 'GET',
      path: '/api/chart',
      role: 'viewer',
      summary: 'Price and Bollinger bands of a symbol, oldest first; by id or by name.',
      query: objectOf(
        { symbol: { type: 'string', minLength: 1, maxLength: 256 }, limit: limitOf(500, 10_000) },
        ['symbol'],
      ),
      response: listOf(viewOf('ChartPoint')),
      handle: async ({ query }): Promise<ChartPoint[]> => {
        const symbol = await symbolId(bus, String(query['symbol']));
        const limit = numberOf(query['limit']);
        return (await bus.request(subjects.calcChart, { symbol, limit })) as ChartPoint[];
      },
    },
  ];
}

function tradingRoutes({ bus }: ReadOptions): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/orders',
      role: 'viewer',
      summary: 'Orders, newest first; of one symbol when its id is given.',
      query: objectOf({ limit: limitOf(100, 10_000), symbol: { type: 'integer', minimum: 0 } }, []),
      response: listOf(viewOf('OrderView')),
      handle: async ({ query }): Promise<OrderView[]> => {
        const symbol = query['symbol'];
        const request = {
          limit: numberOf(query['limit']),
          ...(symbol === undefined ? {} : { symbol: numberOf(symbol) }),
        };
        return (await bus.request(subjects.execOrders, request)) as OrderView[];
      },
    },
    {
      method: 'GET',
      path: '/api/positions',
      role: 'viewer',
      summary:
        'Positions with average price, PnL and fees; by account or by strategy, where asked.',
      query: objectOf({ by: { type: 'string', enum: ['account', 'strategy'] } }, []),
      response: listOf(viewOf('PositionView')),
      handle: async ({ query: { by } }): Promise<PositionView[]> =>
        (await bus.request(subjects.execPositions, { by })) as PositionView[],
    },
    {
      method: 'GET',
      path: '/api/latency',
      role: 'viewer',
      summary: 'Latency histograms since the start: a summary in microseconds and the raw buckets.',
      response: viewOf('LatencyView'),
      handle: async () => ({
        exec: await histograms(bus, subjects.execLatency),
        calc: await histograms(bus, subjects.calcLatency),
      }),
    },
  ];
}

function operationRoutes({ config, jobs, metrics }: ReadOptions): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/jobs',
      role: 'viewer',
      summary: 'Jobs of a queue with state and progress, newest first.',
      query: objectOf(
        { queue: { ...text, minLength: 1, maxLength: 64 }, limit: limitOf(50, 1000) },
        ['queue'],
      ),
      response: listOf(viewOf('Job')),
      handle: ({ query }) => jobs.list(String(query['queue']), numberOf(query['limit'])),
    },
    {
      method: 'GET',
      path: '/api/config',
      role: 'viewer',
      summary: 'The configuration and where each value comes from; secrets are masked.',
      response: listOf(objectOf({ key: text, value: text, source: text })),
      handle: () => maskedConfig(config),
    },
    {
      method: 'GET',
      path: '/metrics',
      role: 'viewer',
      summary: 'Metrics in the text format of Prometheus.',
      produces: 'text/plain',
      handle: async ({ reply }) => reply.type(metrics.contentType).send(await metrics.text()),
    },
  ];
}

const secretKeys: ReadonlySet<string> = new Set(
  configKeys.filter((key) => key.secret).map((key) => key.key),
);

export function maskedConfig(
  config: ConfigValues,
): { key: string; value: string; source: string }[] {
  return describeConfig(config).map(({ key, value, source }) => ({
    key,
    value: secretKeys.has(key) && value !== '' ? '***' : String(value),
    source,
  }));
}

/** By its name, and by its id where none is called so: exchanges name theirs by digits, too. */
export async function symbolId(bus: Bus, symbol: string): Promise<number> {
  const all = (await bus.request(subjects.dataSymbols, undefined)) as SymbolInfo[];
  const found =
    all.find(({ name }) => name === symbol) ?? all.find(({ id }) => String(id) === symbol);
  if (found === undefined) throw new NdtsError('NOT_FOUND', `no symbol is called '${symbol}'`);
  return found.id;
}

/** null: nobody answers. Each histogram of the answer by its name. */
async function histograms(bus: Bus, subject: string): Promise<Record<string, unknown> | null> {
  let answer: Record<string, HistogramSnapshot>;
  try {
    answer = (await bus.request(subject, undefined)) as Record<string, HistogramSnapshot>;
  } catch (error) {
    if (error instanceof NdtsError && error.code === 'UNAVAILABLE') return null;
    throw error;
  }
  return Object.fromEntries(
    Object.entries(answer).map(([name, snapshot]) => [
      name,
      { summaryUs: summarizeUs(snapshot), snapshot },
    ]),
  );
}
