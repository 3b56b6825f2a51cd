// Who may write lines: the roles trader and admin. Over TCP the client names its token and signs a
// challenge with it; over HTTP it sends it.

import { allows, type Identity, type Principal } from '@ndts/runtime';

export function mayWrite(principal: Principal): boolean {
  return allows(principal.role, 'trader');
}

/** The principal of an Authorization header: Bearer or Token with the token, Basic with it as the
 * password. */
export function principalOf(
  identity: Identity,
  authorization: string | undefined,
): Principal | undefined {
  const space = authorization?.indexOf(' ') ?? -1;
  if (authorization === undefined || space < 0) return undefined;
  const scheme = authorization.slice(0, space).toLowerCase();
  const given = authorization.slice(space + 1).trim();
  if (scheme === 'bearer' || scheme === 'token') return identity.authenticate(given);
  if (scheme !== 'basic') return undefined;
  const pair = Buffer.from(given, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 0 ? undefined : identity.authenticate(pair.slice(colon + 1));
}
