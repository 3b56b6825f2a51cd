// What changes something: the trading state, orders, strategies and tokens, and the record of who
// did it. Each action is audited with its outcome, also when it fails.

import { type Bus, NdtsError, subjects, type TradingStateName } from '@ndts/protocol';
import type { AuditLog, Identity, Role } from '@ndts/runtime';
import { audited } from './audited.js';
import { symbolId } from './read-routes.js';
import { type ApiRoute, limitOf, listOf, numberOf, objectOf, viewOf } from './route.js';

export interface ActionOptions {
  readonly bus: Bus;
  readonly identity: Identity;
  readonly audit: AuditLog;
  /** Called after a token was revoked: live connections ask again who they are. */
  readonly accessChanged: () => void;
}

const tradingStates: readonly TradingStateName[] = ['ACTIVE', 'REDUCING', 'HALTED'];
const roles: readonly Role[] = ['viewer', 'trader', 'admin', 'node'];
const tokenName = { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' };
const stateSchema = objectOf({ state: { type: 'string', enum: tradingStates } });

export function actionRoutes(options: ActionOptions): ApiRoute[] {
  return [
    ...tradingStateRoutes(options),
    cancelRoute(options),
    ...strategyRoutes(options),
    ...tokenRoutes(options),
    auditRoute(options),
  ];
}

function tradingStateRoutes({ bus, audit }: ActionOptions): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/trading-state',
      role: 'viewer',
      summary: 'ACTIVE, REDUCING or HALTED.',
      response: stateSchema,
      handle: async ({ principal }) => ({
        state: await bus.request(subjects.execTradingState, { actor: principal.name, why: '' }),
      }),
    },
    {
      method: 'POST',
      path: '/api/trading-state',
      role: 'trader',
      summary: 'Changes the trading state of all, or of a part; with cancel its orders go, too.',
      body: objectOf(
        {
          state: { type: 'string', enum: tradingStates },
          scope: { type: 'string', enum: ['account', 'strategy', 'symbol'] },
          name: { type: 'string', minLength: 1, maxLength: 256 },
          cancel: { type: 'boolean' },
          all: { type: 'boolean' },
          why: { type: 'string', minLength: 1, maxLength: 200 },
        },
        ['state', 'why'],
      ),
      response: stateSchema,
      handle: (call) => {
        const set = String(call.body['state']) as TradingStateName;
        const why = String(call.body['why']);
        const actor = call.principal.name;
        const { scope, name, cancel, all } = call.body;
        const part = typeof scope === 'string' ? `${scope} ${String(name)} ` : '';
        const change = async (): Promise<object> => {
          const id = scope === 'symbol' ? String(await symbolId(bus, String(name))) : name;
          return {
            state: await bus.request(subjects.execTradingState, {
              ...{ set, scope, name: id, cancel, all, actor, why },
            }),
          };
        };
        const orders = cancel === true ? `, cancel${all === true ? ' all' : ''}` : '';
        const what = `${part}${set}${orders}: ${why}`;
        return audited(audit, call, 'trading-state', what, change, set === 'HALTED');
      },
    },
  ];
}

function cancelRoute({ bus, audit }: ActionOptions): ApiRoute {
  return {
    method: 'POST',
    path: '/api/orders/cancel',
    role: 'trader',
    summary: 'Asks the venue to cancel an open order; who and why are kept.',
    body: objectOf(
      {
        clientOrderId: { type: 'string', minLength: 1, maxLength: 100 },
        why: { type: 'string', minLength: 1, maxLength: 200 },
      },
      ['clientOrderId', 'why'],
    ),
    response: objectOf({ requested: { type: 'string' } }),
    handle: (call) => {
      const clientOrderId = String(call.body['clientOrderId']);
      const why = String(call.body['why']);
      const request = { clientOrderId, why, actor: call.principal.name };
      const ask = async (): Promise<object> => {
        if ((await bus.request(subjects.execCancel, request)) !== true)
          throw new NdtsError('NOT_FOUND', `no open order is called '${clientOrderId}'`);
        return { requested: clientOrderId };
      };
      // Taking risk away does not wait for the audit log.
      return audited(audit, call, 'order-cancel', `${clientOrderId}: ${why}`, ask, true);
    },
  };
}

function strategyRoutes({ bus, audit }: ActionOptions): ApiRoute[] {
  const route = (action: string, subject: string, summary: string): ApiRoute => ({
    method: 'POST',
    path: `/api/strategies/${action}`,
    role: 'trader',
    summary,
    body: objectOf({ name: { type: 'string', minLength: 1, maxLength: 64 } }),
    response: viewOf('StrategyView'),
    handle: (call) => {
      const name = String(call.body['name']);
      return audited(audit, call, `strategy-${action}`, name, () => bus.request(subject, { name }));
    },
  });
  return [
    route(
      'restart',
      subjects.calcRestartStrategy,
      'Starts a parked or waiting strategy at once; one that runs is left alone.',
    ),
    route(
      'start',
      subjects.calcStartStrategy,
      'Starts a strategy, also one new in strategy.dir; after a restart of the node, too.',
    ),
    route('stop', subjects.calcStopStrategy, 'Stops a strategy until it is started again.'),
  ];
}

function tokenRoutes({ identity, audit, accessChanged }: ActionOptions): ApiRoute[] {
  const role = { type: 'string', enum: roles };
  return [
    {
      method: 'GET',
      path: '/api/tokens',
      role: 'admin',
      summary: 'Names and roles of all tokens; never the tokens.',
      response: listOf(viewOf('TokenInfo')),
      handle: () => identity.list(),
    },
    {
      method: 'POST',
      path: '/api/tokens',
      role: 'admin',
      summary: 'Creates a token; the answer is the only time it is shown.',
      body: objectOf({ name: tokenName, role }),
      response: objectOf({ name: { type: 'string' }, role, token: { type: 'string' } }),
      handle: (call) => {
        const name = String(call.body['name']);
        const granted = String(call.body['role']) as Role;
        return audited(audit, call, 'token-create', `${name} as ${granted}`, () => ({
          name,
          role: granted,
          token: identity.createToken(name, granted),
        }));
      },
    },
    {
      method: 'DELETE',
      path: '/api/tokens/:name',
      role: 'admin',
      summary: 'Revokes a token; its sessions and live connections end.',
      params: objectOf({ name: tokenName }),
      response: objectOf({ revoked: { type: 'string' } }),
      handle: (call) => {
        const name = call.params['name'] ?? '';
        return audited(audit, call, 'token-revoke', name, () => {
          if (!identity.revokeToken(name))
            throw new NdtsError('NOT_FOUND', `no token is called '${name}'`);
          accessChanged();
          return { revoked: name };
        });
      },
    },
  ];
}

function auditRoute({ audit }: ActionOptions): ApiRoute {
  return {
    method: 'GET',
    path: '/api/audit',
    role: 'admin',
    summary: 'Who did what, newest first.',
    query: objectOf({ limit: limitOf(100, 1000) }, []),
    response: listOf(viewOf('AuditEntry')),
    handle: ({ query }) => audit.recent(numberOf(query['limit'])),
  };
}
