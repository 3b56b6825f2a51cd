// Stands before every route, loopback included: own host names only, a rate limit per client, a
// token or a session with the role the route asks for, and no state change on behalf of a page from
// elsewhere. Always: a route without a role in the table is refused, not served.

import type { Clock, ConfigValues } from '@ndts/protocol';
import {
  allows,
  bearerToken,
  type Counter,
  cookieValue,
  type Identity,
  isOwnHost,
  isSameOrigin,
  type Metrics,
  type Principal,
} from '@ndts/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Failure, failure, failureBody } from './failure.js';
import { RateLimiter } from './rate-limit.js';
import { nobody, type RouteRole } from './route.js';

/** How a client proved who it is; asked again while a live connection lasts. */
export interface Access {
  readonly principal: Principal;
  readonly bySession: boolean;
  /** undefined once the token was revoked or the session ended. */
  readonly stillValid: () => boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    access: Access | undefined;
  }
  interface FastifyContextConfig {
    role?: RouteRole;
    websocket?: boolean;
    unlimited?: boolean;
  }
}

export interface GuardOptions {
  readonly config: ConfigValues;
  readonly identity: Identity;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Where the server is bound to. */
  readonly address: () => { readonly host: string; readonly port: number };
}

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD']);
export const sessionHeader = 'x-ndts-request';

export class Guard {
  readonly #options: GuardOptions;
  readonly #limiter: RateLimiter;
  readonly #refused: Counter;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#limiter = new RateLimiter(options.clock, () => {
      const perSecond = options.config.control.rateLimitPerSecond;
      return { perSecond, burst: perSecond };
    });
    this.#refused = options.metrics.counter(
      'control_refused_requests_total',
      'requests the guard refused, by code',
      ['code'],
    );
  }

  /** Cookies know no ports: the name carries ours, so that two nodes on a host do not fight. */
  cookieName(): string {
    return `ndts_session_${this.#options.address().port}`;
  }

  sessionId(request: FastifyRequest): string | undefined {
    return cookieValue(request.headers.cookie, this.cookieName());
  }

  /** The onRequest hook. Also runs for paths that do not exist, and before an upgrade. */
  readonly check = (request: FastifyRequest, reply: FastifyReply, next: () => void): void => {
    request.access = this.#access(request);
    const refused = this.#refusal(request);
    if (refused === undefined) {
      next();
      return;
    }
    this.#refused.inc({ code: refused.code });
    if (refused.status === 401) void reply.header('www-authenticate', 'Bearer');
    if (refused.status === 429) void reply.header('retry-after', '1');
    void reply.code(refused.status).send(failureBody(refused));
  };

  #refusal(request: FastifyRequest): Failure | undefined {
    const { host } = request.headers;
    if (!isOwnHost(host, this.#ownNames(request)))
      return failure('FORBIDDEN', `the host '${host ?? ''}' is not a name of this node`);
    const config = request.routeOptions.config;
    if (config.unlimited !== true && !this.#limiter.take(clientOf(request)))
      return failure('RATE_LIMITED', 'more requests per second than control.rateLimitPerSecond');
    if (request.ws && config.websocket !== true)
      return failure('INVALID_ARGUMENT', 'only /api/live is a WebSocket');
    if (request.is404) return undefined;
    const role = config.role ?? 'admin';
    if (role !== 'open') {
      if (request.access === undefined)
        return failure('UNAUTHENTICATED', 'no valid token or session');
      if (!allows(request.access.principal.role, role))
        return failure(
          'FORBIDDEN',
          `this needs the role ${role}, the token has ${request.access.principal.role}`,
        );
    }
    return crossSiteRefusal(request, config.websocket === true);
  }

  #access(request: FastifyRequest): Access | undefined {
    const { identity } = this.#options;
    const token = bearerToken(request.headers.authorization);
    if (token !== undefined) {
      const principal = identity.authenticate(token);
      const stillValid = (): boolean => identity.authenticate(token) !== undefined;
      return principal && { principal, bySession: false, stillValid };
    }
    const id = this.sessionId(request);
    if (id === undefined) return undefined;
    const principal = identity.session(id);
    const stillValid = (): boolean => identity.session(id) !== undefined;
    return principal && { principal, bySession: true, stillValid };
  }

  #ownNames(request: FastifyRequest): string[] {
    const names = [this.#options.address().host, this.#options.config.node.host];
    const { localAddress } = request.socket;
    return localAddress === undefined ? names : [...names, localAddress];
  }
}

export function principalOf(request: FastifyRequest): Principal {
  return request.access?.principal ?? nobody;
}

/** A browser adds the session by itself, so the page that asks must show that it is ours: only its
 * own scripts can set the header, and the browser vouches for the origin. */
function crossSiteRefusal(request: FastifyRequest, upgrade: boolean): Failure | undefined {
  if (safeMethods.has(request.method) && !upgrade) return undefined;
  const { origin, host } = request.headers;
  const bySession = request.access?.bySession === true;
  if ((bySession || origin !== undefined) && !isSameOrigin(origin, host))
    return failure('FORBIDDEN', `the origin '${origin ?? 'none'}' is not this node`);
  if (bySession && !upgrade && request.headers[sessionHeader] !== '1')
    return failure('FORBIDDEN', `a session needs the header ${sessionHeader}: 1 to change state`);
  return undefined;
}

/** Those without a token share a bucket per address; a token has its own wherever it comes from. */
function clientOf(request: FastifyRequest): string {
  return request.access === undefined
    ? `address:${request.ip}`
    : `token:${request.access.principal.name}`;
}
