// The HTTP server: the route table behind the guard, the dashboard's files, the live push. Always:
// every route comes from the table and passes the guard; every error leaves as { code, message,
// hint }; every answer carries the security headers.

import fastifyWebsocket from '@fastify/websocket';
import { type Bus, type Clock, type ConfigValues, type Jobs, NdtsError } from '@ndts/protocol';
import type { AuditLog, Identity, Logger, Metrics } from '@ndts/runtime';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { NodeView } from '../membership/membership.js';
import { actionRoutes } from './action-routes.js';
import { cleanRoutes } from './clean-routes.js';
import { failure, failureBody, failureOf } from './failure.js';
import { Guard, principalOf } from './guard.js';
import { securityHeaders } from './headers.js';
import type { LatestStatus } from './latest-status.js';
import type { LiveHub, LiveSocket } from './live.js';
import { openApiOf } from './open-api.js';
import { readRoutes } from './read-routes.js';
import type { ApiCall, ApiRoute } from './route.js';
import { sessionRoutes } from './session-routes.js';
import { feedRoutes } from './feed-routes.js';
import { orderRoutes } from './order-routes.js';
import { retentionRoutes } from './retention-routes.js';
import { snapshotRoutes } from './snapshot-routes.js';
import type { WebAsset } from './web-assets.js';

export interface ServerOptions {
  readonly config: ConfigValues;
  readonly bus: Bus;
  readonly jobs: Jobs;
  readonly identity: Identity;
  readonly audit: AuditLog;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  readonly latest: LatestStatus;
  readonly live: LiveHub;
  readonly nodes: () => readonly NodeView[];
  readonly assets: ReadonlyMap<string, WebAsset>;
  readonly address: () => { readonly host: string; readonly port: number };
}

export interface ApiServer {
  readonly app: FastifyInstance;
  readonly routes: readonly ApiRoute[];
  /** `METHOD path` of everything the server answers. */
  readonly served: readonly string[];
}

const bodyBytesMax = 16 * 1024;
const liveMessageBytesMax = 4 * 1024;
const connectionsMax = 512;
const requestLimitMs = 10_000;

export async function buildServer(options: ServerOptions): Promise<ApiServer> {
  const app = fastify({
    logger: false,
    bodyLimit: bodyBytesMax,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    requestTimeout: requestLimitMs,
    routerOptions: { maxParamLength: 128 },
    frameworkErrors: answerEarlyError,
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true } },
  });
  const served: string[] = [];
  app.addHook('onRoute', ({ method, path }) => {
    served.push(`${String(method)} ${path}`);
  });
  app.server.maxConnections = connectionsMax;
  // Only JSON bodies: a form of another site cannot send that type without being asked first.
  app.removeContentTypeParser('text/plain');
  app.decorateRequest('access', undefined);
  const guard = new Guard(options);
  const routes = routeTableOf(options, guard);
  answerErrors(app, options.logger);
  // Before the guard: it also closes the connection of an upgrade that the guard refuses.
  await app.register(fastifyWebsocket, { options: { maxPayload: liveMessageBytesMax } });
  app.addHook('onRequest', (_request, reply, next) => {
    void reply.headers(securityHeaders);
    next();
  });
  app.addHook('onRequest', guard.check);
  countRequests(app, options.metrics);
  for (const route of routes) addRoute(app, route, options.live);
  for (const [path, asset] of options.assets) if (path !== '/login') addAsset(app, path, asset);
  return { app, routes, served };
}

export function routeTableOf(options: ServerOptions, guard: Guard): ApiRoute[] {
  const loginPage = options.assets.get('/login');
  if (loginPage === undefined) throw new NdtsError('NOT_FOUND', 'the login page is missing');
  const routes: ApiRoute[] = [
    ...readRoutes(options),
    ...actionRoutes({ ...options, accessChanged: () => options.live.checkAccess() }),
    ...snapshotRoutes(options),
    ...retentionRoutes(options),
    ...orderRoutes({ ...options, accessChanged: () => undefined }),
    ...feedRoutes(options),
    ...cleanRoutes(options),
    ...sessionRoutes({ ...options, guard, loginPage }),
    {
      method: 'GET',
      path: '/api/live',
      role: 'viewer',
      summary: 'WebSocket: statuses every 250 ms, order changes, the chart of one symbol.',
      produces: 'websocket',
      handle: () => {
        throw new NdtsError('INVALID_ARGUMENT', 'expected a WebSocket upgrade');
      },
    },
  ];
  const document = { value: {} };
  routes.push({
    method: 'GET',
    path: '/api/openapi.json',
    role: 'viewer',
    summary: 'This API as an OpenAPI document.',
    response: { type: 'object', additionalProperties: true },
    handle: () => document.value,
  });
  document.value = openApiOf(routes, options.version);
  return routes;
}

function addRoute(app: FastifyInstance, route: ApiRoute, live: LiveHub): void {
  const websocket = route.produces === 'websocket';
  const handler = (request: FastifyRequest, reply: FastifyReply): unknown => {
    const call: ApiCall = {
      query: (request.query ?? {}) as ApiCall['query'],
      params: (request.params ?? {}) as ApiCall['params'],
      body: (request.body ?? {}) as ApiCall['body'],
      principal: principalOf(request),
      request,
      reply,
    };
    return route.handle(call);
  };
  app.route({
    method: route.method,
    url: route.path,
    config: { role: route.role, websocket, unlimited: route.path === '/healthz' },
    schema: {
      ...(route.query === undefined ? {} : { querystring: route.query }),
      ...(route.params === undefined ? {} : { params: route.params }),
      ...(route.body === undefined ? {} : { body: route.body }),
    },
    // Async, so that a thrown error reaches the error handler like a rejected one.
    handler: async (request, reply) => handler(request, reply),
    ...(websocket
      ? {
          preHandler: async () => {
            if (live.full) throw new NdtsError('UNAVAILABLE', 'too many live connections');
          },
          wsHandler: (socket: LiveSocket, request: FastifyRequest) =>
            live.add(socket, request.access?.stillValid ?? (() => false)),
        }
      : {}),
  });
}

function addAsset(app: FastifyInstance, path: string, asset: WebAsset): void {
  app.get(path, { config: { role: 'open', unlimited: true } }, (request, reply) => {
    void reply.header('cache-control', 'no-cache').header('etag', asset.etag).type(asset.type);
    if (request.headers['if-none-match'] === asset.etag) return reply.code(304).send();
    return reply.send(asset.body);
  });
}

/** What is wrong before a route is found (a path that is no path): no hook runs for it, so the
 * headers are set here and the connection, which may be a half-made upgrade, is closed here. */
function answerEarlyError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const answer = failureOf(error);
  reply.raw.once('finish', () => request.raw.socket.destroySoon());
  void reply.headers(securityHeaders).code(answer.status).send(failureBody(answer));
}

function answerErrors(app: FastifyInstance, logger: Logger): void {
  app.setErrorHandler((error, request, reply) => {
    const answer = failureOf(error);
    if (answer.code === 'INTERNAL')
      logger.error(
        { err: error, method: request.method, path: request.routeOptions.url },
        'request',
      );
    void reply.code(answer.status).send(failureBody(answer));
  });
  app.setNotFoundHandler((_request, reply) => {
    const answer = failure('NOT_FOUND', 'no such route; GET /api/openapi.json lists them');
    void reply.code(answer.status).send(failureBody(answer));
  });
}

function countRequests(app: FastifyInstance, metrics: Metrics): void {
  const requests = metrics.counter('control_requests_total', 'requests answered', [
    'route',
    'status',
  ]);
  app.addHook('onResponse', (request, reply, next) => {
    const route = request.routeOptions.url ?? 'none';
    requests.inc({ route: `${request.method} ${route}`, status: String(reply.statusCode) });
    next();
  });
}
