// Who may connect: a token of role viewer or above in the Authorization header, or a one-time
// ticket in the address for a browser, which cannot set headers. A page from elsewhere is refused,
// so is a name that is not this node's.

import { type ErrorCode, NdtsError } from '@ndts/protocol';
import {
  allows,
  bearerToken,
  hostName,
  type Identity,
  isOwnHost,
  type Principal,
} from '@ndts/runtime';

export interface AccessRequest {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
  readonly ticket: string | undefined;
  /** The address the connection came in on. */
  readonly localAddress: string | undefined;
}

export interface AccessOptions {
  readonly identity: Identity;
  /** Names and addresses of this node. */
  readonly own: readonly string[];
  /** Of other pages that may connect. */
  readonly origins: readonly string[];
}

/** HTTP statuses of the refusals. */
export const refusalStatus: Readonly<Partial<Record<ErrorCode, number>>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  INVALID_ARGUMENT: 400,
  UNAVAILABLE: 503,
};

/** Throws FORBIDDEN and UNAUTHENTICATED. */
export function admit(request: AccessRequest, options: AccessOptions): Principal {
  const { host, origin, authorization, ticket, localAddress } = request;
  const own = localAddress === undefined ? options.own : [...options.own, localAddress];
  if (!isOwnHost(host, own))
    throw new NdtsError('FORBIDDEN', `the host '${host ?? ''}' is not a name of this node`);
  if (origin !== undefined && !isOwnOrigin(origin, own) && !options.origins.includes(origin))
    throw new NdtsError('FORBIDDEN', `the origin '${origin}' is not in stream.origins`);
  const token = bearerToken(authorization);
  const principal =
    token === undefined
      ? ticket && options.identity.redeemTicket(ticket)
      : options.identity.authenticate(token);
  if (principal === undefined || principal === '')
    throw new NdtsError('UNAUTHENTICATED', 'expected a valid token or ticket');
  if (!allows(principal.role, 'viewer'))
    throw new NdtsError('FORBIDDEN', `the role ${principal.role} cannot read streams`);
  return principal;
}

/** The dashboard's pages have this node's name and another port. */
function isOwnOrigin(origin: string, own: readonly string[]): boolean {
  const host = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1];
  return host !== undefined && hostName(host) !== '' && isOwnHost(host, own);
}
