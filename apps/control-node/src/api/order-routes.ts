// Orders, risk and their control by persons: what may be looked at, and what a trader or an admin
// may do. Everything that changes something is audited; taking risk away never waits for the audit.

import {
  type Bus,
  type CalcLineage,
  type CalcLineageRequest,
  errorLine,
  type FullLineageView,
  type LineageView,
  NdtsError,
  OrderOffsetNames,
  OrderTypeNames,
  subjects,
  TimeInForceNames,
} from '@ndts/protocol';
import type { ActionOptions } from './action-routes.js';
import { audited } from './audited.js';
import { type ApiCall, type ApiRoute, listOf, objectOf, viewOf } from './route.js';
import { symbolId } from './read-routes.js';

const decimal = { type: 'string', pattern: '^\\d{1,18}(\\.\\d{1,8})?$' };
const why = { type: 'string', minLength: 1, maxLength: 200 };
const orderId = { type: 'string', minLength: 1, maxLength: 100 };
const yes = objectOf({ done: { type: 'boolean' } });
const order = objectOf(
  {
    symbol: { type: 'string', minLength: 1, maxLength: 256 },
    side: { type: 'string', enum: ['buy', 'sell'] },
    quantity: decimal,
    type: { type: 'string', enum: Object.values(OrderTypeNames) },
    limitPrice: decimal,
    stopPrice: decimal,
    distance: decimal,
    shown: decimal,
    slices: { type: 'integer', minimum: 1, maximum: 10_000 },
    profile: { type: 'string', maxLength: 60_000 },
    workForMs: { type: 'integer', minimum: 1, maximum: 4_000_000_000 },
    timeInForce: { type: 'string', enum: Object.values(TimeInForceNames) },
    offset: { type: 'string', enum: Object.values(OrderOffsetNames) },
    postOnly: { type: 'boolean' },
    reduceOnly: { type: 'boolean' },
    takeProfit: decimal,
    stopLoss: decimal,
    requestId: { type: 'string', pattern: '^[!-~]{1,64}$' },
    other: objectOf(
      {
        side: { type: 'string', enum: ['buy', 'sell'] },
        type: { type: 'string', enum: ['limit', 'stop', 'stopLimit', 'trailing'] },
        ...{ limitPrice: decimal, stopPrice: decimal, distance: decimal },
      },
      [],
    ),
  },
  ['symbol', 'side', 'quantity'],
);
const change = objectOf(
  { clientOrderId: orderId, quantity: decimal, limitPrice: decimal, stopPrice: decimal, why },
  ['clientOrderId', 'why'],
);
const limit = objectOf(
  {
    scope: { type: 'string', enum: ['account', 'strategy', 'symbol'] },
    name: { type: 'string', minLength: 1, maxLength: 256 },
    key: { type: 'string', minLength: 1, maxLength: 64 },
    value: { type: 'string', maxLength: 64 },
    why,
  },
  ['scope', 'name', 'key', 'value', 'why'],
);
const instrument = objectOf(
  {
    symbol: { type: 'string', minLength: 1, maxLength: 256 },
    currency: { type: 'string', maxLength: 16 },
    multiplier: { type: 'integer', minimum: 1, maximum: 1_000_000_000 },
    tickSize: decimal,
    lot: decimal,
    exchange: { type: 'string', maxLength: 32 },
    product: { type: 'string', maxLength: 64 },
    why,
  },
  ['symbol', 'why'],
);
/** The broker is asked for all its orders, fills and positions. */
const reconcileTimeoutMs = 60_000;

export function orderRoutes(options: ActionOptions): ApiRoute[] {
  const desks = [orderDesk, riskDesk, reconcileDesk, instrumentDesk];
  return desks.flatMap((desk) => desk(options));
}

function instrumentDesk({ bus, audit }: ActionOptions): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/instruments',
      role: 'viewer',
      summary: 'What symbols are worth: multiplier, currency, tick size, lot, exchange.',
      response: listOf(viewOf('InstrumentView')),
      handle: () => bus.request(subjects.execInstruments, undefined),
    },
    {
      method: 'POST',
      path: '/api/instruments',
      role: 'admin',
      summary: 'Says what a symbol is worth; what is not given stays. Not of one in the file.',
      body: instrument,
      response: viewOf('InstrumentView'),
      handle: (call) =>
        audited(audit, call, 'instrument', JSON.stringify(call.body), async () => {
          const symbol = await symbolId(bus, String(call.body['symbol']));
          return bus.request(subjects.execInstrument, { ...call.body, symbol, ...actorOf(call) });
        }),
    },
  ];
}

function orderDesk({ bus, audit }: ActionOptions): ApiRoute[] {
  return [
    {
      method: 'POST',
      path: '/api/orders',
      role: 'trader',
      summary: 'Sends an order (SubmitRequest), checked like any other; the answer is its verdict.',
      body: order,
      response: viewOf('SubmitAnswer'),
      handle: (call) => {
        const { side, quantity, symbol } = call.body;
        return audited(audit, call, 'order', `${side} ${quantity} ${symbol}`, async () => {
          const id = await symbolId(bus, String(symbol));
          return bus.request(subjects.execSubmit, { ...call.body, symbol: id });
        });
      },
    },
    {
      method: 'POST',
      path: '/api/orders/replace',
      role: 'trader',
      summary: 'Asks for another quantity or price of an open order; what is not given stays.',
      body: change,
      response: yes,
      handle: (call) =>
        audited(audit, call, 'order-replace', JSON.stringify(call.body), async () => ({
          done: await bus.request(subjects.execReplace, { ...call.body, ...actorOf(call) }),
        })),
    },
    {
      method: 'POST',
      path: '/api/orders/settle',
      role: 'admin',
      summary: 'Closes an order whose outcome is unknown and that the venue no longer knows.',
      body: objectOf({ clientOrderId: orderId, why }),
      response: yes,
      handle: (call) => {
        const { clientOrderId } = call.body;
        return audited(audit, call, 'order-settle', JSON.stringify(call.body), async () => ({
          done: await bus.request(subjects.execSettle, { clientOrderId, ...actorOf(call) }),
        }));
      },
    },
    {
      method: 'GET',
      path: '/api/orders/lineage',
      role: 'viewer',
      summary:
        'Where an order comes from: signal, stored factor values, ticks; its children and trades.',
      query: objectOf({ clientOrderId: orderId }),
      response: viewOf('FullLineageView'),
      handle: ({ query }) => fullLineage(bus, query['clientOrderId']),
    },
  ];
}

/** The exec node knows the order and its signal, the calc node what is behind that. */
async function fullLineage(bus: Bus, clientOrderId: unknown): Promise<FullLineageView> {
  const view = (await bus.request(subjects.execLineage, { clientOrderId })) as LineageView;
  const { signal, tick } = view;
  const nothing = { strategy: '', factors: [], ticks: [] };
  if (signal.instance === 0)
    return { ...view, behind: { ...nothing, missing: 'a person asked for it' } };
  const { shard, epoch, sequence } = tick;
  const asked: CalcLineageRequest = { instance: signal.instance, shard, epoch, sequence };
  try {
    return { ...view, behind: (await bus.request(subjects.calcLineage, asked)) as CalcLineage };
  } catch (error) {
    return { ...view, behind: { ...nothing, missing: errorLine(error) } };
  }
}

function riskDesk({ bus, audit }: ActionOptions): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/risk',
      role: 'viewer',
      summary: 'Limits, loss of the day, what is set for parts, and what was denied.',
      response: viewOf('RiskView'),
      handle: () => bus.request(subjects.execRisk, undefined),
    },
    {
      method: 'POST',
      path: '/api/risk/limits',
      role: 'admin',
      summary: 'Sets a limit from the next order on; an empty value takes it back.',
      body: limit,
      response: viewOf('RiskView'),
      handle: (call) => {
        const { scope, name, key, value } = call.body;
        const what = `${scope} ${name} ${key}=${value}`;
        return audited(audit, call, 'risk-limit', what, async () => {
          const id = scope === 'symbol' ? await symbolId(bus, String(name)) : name;
          const request = { scope, name: String(id), key, value, ...actorOf(call) };
          return bus.request(subjects.execLimit, request);
        });
      },
    },
    {
      method: 'POST',
      path: '/api/risk/day',
      role: 'admin',
      summary: 'Sets the day of the account right that began by a clock that was wrong.',
      body: objectOf({ why }),
      response: viewOf('RiskView'),
      handle: (call) =>
        audited(audit, call, 'risk-day', String(call.body['why']), () =>
          bus.request(subjects.execDay, actorOf(call)),
        ),
    },
    {
      method: 'POST',
      path: '/api/flatten',
      role: 'trader',
      summary: 'Cancels every open order and closes every position; new risk is refused.',
      body: objectOf({ why }),
      response: yes,
      handle: (call) => {
        const flatten = async (): Promise<object> => ({
          done: await bus.request(subjects.execFlatten, actorOf(call)),
        });
        return audited(audit, call, 'flatten', String(call.body['why']), flatten, true);
      },
    },
  ];
}

function reconcileDesk({ bus, audit }: ActionOptions): ApiRoute[] {
  const reconcile = (call: ApiCall, adopt: boolean): Promise<unknown> => {
    const [action, request] = [adopt ? 'adopt' : 'reconcile', { adopt, ...actorOf(call) }];
    return audited(audit, call, action, request.why, () =>
      bus.request(subjects.execReconcile, request, reconcileTimeoutMs),
    );
  };
  const shape = {
    method: 'POST',
    body: objectOf({ why }),
    response: viewOf('ReconcileView'),
  } as const;
  return [
    {
      ...{ ...shape, path: '/api/reconcile', role: 'trader' },
      summary: 'Compares journal and broker now; what differs is judged by `exec.differences`.',
      handle: (call) => reconcile(call, false),
    },
    {
      ...{ ...shape, path: '/api/reconcile/adopt', role: 'admin' },
      summary: 'As reconcile, and takes over what the broker has: positions, executions, averages.',
      handle: (call) => reconcile(call, true),
    },
  ];
}

function actorOf(call: ApiCall): { actor: string; why: string } {
  const text = call.body['why'];
  if (typeof text !== 'string') throw new NdtsError('INVALID_ARGUMENT', 'expected a reason: why');
  return { actor: call.principal.name, why: text };
}
