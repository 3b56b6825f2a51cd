// Where a node serves clients of other machines: `host:port`, `[::1]:port`.

import { NdtsError } from '@ndts/protocol';

export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

export function parseNodeAddress(text: string): NodeAddress {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || !(port > 0 && port < 65_536))
    throw new NdtsError('INVALID_ARGUMENT', `expected host:port of a node, found '${text}'`);
  return { host, port };
}

export function nodeAddressText({ host, port }: NodeAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
