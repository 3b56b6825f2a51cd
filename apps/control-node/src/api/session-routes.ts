// Login with a token or a one-time ticket, logout, and who one is. A session is a random id in a
// cookie that scripts cannot read and other sites cannot send.

import type { Clock } from '@ndts/protocol';
import { NdtsError } from '@ndts/protocol';
import { type AuditLog, allows, type Identity, type Principal } from '@ndts/runtime';
import type { Guard } from './guard.js';
import { RateLimiter } from './rate-limit.js';
import { type ApiCall, type ApiRoute, objectOf } from './route.js';
import type { WebAsset } from './web-assets.js';

export interface SessionOptions {
  readonly identity: Identity;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly guard: Guard;
  readonly loginPage: WebAsset;
}

/** Logins per client: a person needs a few, a guesser many; it also bounds the audit log. */
const loginShape = { perSecond: 0.5, burst: 10 };

const whoSchema = objectOf({ name: { type: 'string' }, role: { type: 'string' } });

/** Lets people in: counts, records, and sets the cookie. */
class Door {
  readonly #options: SessionOptions;
  readonly #logins: RateLimiter;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#logins = new RateLimiter(options.clock, () => loginShape);
  }

  limit(call: ApiCall): void {
    if (!this.#logins.take(call.request.ip))
      throw new NdtsError('RATE_LIMITED', 'too many logins from this address');
  }

  admit(call: ApiCall, principal: Principal | undefined, how: string): Principal {
    const { audit, guard, identity } = this.#options;
    const allowed = principal !== undefined && allows(principal.role, 'viewer');
    audit.record({
      actor: principal?.name ?? 'unknown',
      role: principal?.role ?? '',
      action: 'login',
      detail: `by ${how} from ${call.request.ip}`,
      outcome: allowed ? 'ok' : 'refused',
    });
    if (principal === undefined) throw new NdtsError('UNAUTHENTICATED', `unknown ${how}`);
    if (!allowed)
      throw new NdtsError('FORBIDDEN', `the role ${principal.role} cannot use the dashboard`);
    const id = identity.createSession(principal);
    const cookie = `${guard.cookieName()}=${id}; Path=/; HttpOnly; SameSite=Strict`;
    void call.reply.header('set-cookie', cookie);
    return principal;
  }
}

export function sessionRoutes(options: SessionOptions): ApiRoute[] {
  const door = new Door(options);
  return [
    {
      method: 'POST',
      path: '/api/login',
      role: 'open',
      summary: 'Exchanges a token for a session cookie.',
      body: objectOf({ token: { type: 'string', minLength: 1, maxLength: 512 } }),
      response: whoSchema,
      handle: (call) => {
        door.limit(call);
        return door.admit(call, options.identity.authenticate(String(call.body['token'])), 'token');
      },
    },
    ticketRoute(options, door),
    newTicketRoute(options),
    logoutRoute(options),
    {
      method: 'GET',
      path: '/api/session',
      role: 'viewer',
      summary: 'Who the token or session belongs to.',
      response: whoSchema,
      handle: (call) => ({ name: call.principal.name, role: call.principal.role }),
    },
  ];
}

function ticketRoute({ identity, loginPage }: SessionOptions, door: Door): ApiRoute {
  return {
    method: 'GET',
    path: '/login',
    role: 'open',
    summary: 'The login page; with a one-time ticket it logs in and goes to the dashboard.',
    query: objectOf(
      { ticket: { type: 'string', maxLength: 512 }, expired: { type: 'string', maxLength: 8 } },
      [],
    ),
    produces: 'text/html',
    handle: (call) => {
      const ticket = call.query['ticket'];
      if (ticket === undefined) return call.reply.type(loginPage.type).send(loginPage.body);
      door.limit(call);
      try {
        door.admit(call, identity.redeemTicket(String(ticket)), 'ticket');
      } catch (error) {
        if (!(error instanceof NdtsError)) throw error;
        return call.reply.redirect('/login?expired', 303);
      }
      return call.reply.redirect('/', 303);
    },
  };
}

/** For where neither a header nor a cookie goes: a browser's WebSocket to the data node. */
function newTicketRoute({ identity }: SessionOptions): ApiRoute {
  return {
    method: 'POST',
    path: '/api/ticket',
    role: 'viewer',
    summary: 'A one-time ticket, for the WebSocket of streams: valid once, for five minutes.',
    response: objectOf({ ticket: { type: 'string' } }),
    handle: (call) => ({ ticket: identity.createTicket(call.principal) }),
  };
}

function logoutRoute({ audit, guard, identity }: SessionOptions): ApiRoute {
  return {
    method: 'POST',
    path: '/api/logout',
    role: 'viewer',
    summary: 'Ends the session.',
    response: objectOf({ ended: { type: 'boolean' } }),
    handle: (call) => {
      const id = guard.sessionId(call.request);
      if (id !== undefined) identity.endSession(id);
      audit.record({ ...actorOf(call), action: 'logout', detail: '', outcome: 'ok' });
      void call.reply.header('set-cookie', `${guard.cookieName()}=; Path=/; Max-Age=0`);
      return { ended: id !== undefined };
    },
  };
}

export function actorOf(call: ApiCall): { actor: string; role: Principal['role'] } {
  return { actor: call.principal.name, role: call.principal.role };
}
