// Pure checks of what a browser sends: host, origin, cookies, bearer token. They keep a page from
// elsewhere (cross-site requests, DNS rebinding) from acting with the user's session.

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1']);

/** The host name of a Host header, lower case, without port and brackets; '' when malformed. */
export function hostName(header: string | undefined): string {
  if (header === undefined) return '';
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header);
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase();
}

/** `own`: the bind address, the configured host and the address the connection came in on. A name
 * that is none of them is somebody else's name pointed at us. */
export function isOwnHost(header: string | undefined, own: readonly string[]): boolean {
  const name = hostName(header);
  if (name === '') return false;
  return loopbackNames.has(name) || own.some((address) => plainAddress(address) === name);
}

/** IPv4 in IPv6 form is the IPv4 address. */
function plainAddress(address: string): string {
  return address.toLowerCase().replace(/^::ffff:/, '');
}

export function isSameOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined || host === undefined) return false;
  const match = /^https?:\/\/([^/]+)$/i.exec(origin);
  return match?.[1]?.toLowerCase() === host.toLowerCase();
}

/** The value of one cookie; undefined when it is not there. */
export function cookieValue(header: string | undefined, name: string): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}

export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/=-]{1,512})$/i.exec(header ?? '')?.[1];
}
