// How the listeners of line protocol are opened and closed: where they may listen without TLS, and
// with which certificate.

import { readFileSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { NdtsError } from '@ndts/protocol';

export interface LineTls {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface LineListenOptions {
  readonly host: string;
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly allowPlain: boolean;
}

/** Undefined: without TLS, which only this machine may use unless somebody said otherwise. */
export function readTls(options: LineListenOptions): LineTls | undefined {
  const { host, tlsCert, tlsKey, allowPlain } = options;
  if ((tlsCert === '') !== (tlsKey === ''))
    throw new NdtsError('CONFIG_INVALID_VALUE', 'line.tlsCert and line.tlsKey go together');
  if (tlsCert !== '') return { cert: readPem(tlsCert), key: readPem(tlsKey) };
  if (!allowPlain && !isLoopback(host))
    throw new NdtsError(
      'CONFIG_INVALID_VALUE',
      `line.host ${host}: lines and tokens would travel in the clear; ` +
        'set line.tlsCert and line.tlsKey, or line.allowPlain',
    );
  return undefined;
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new NdtsError('CONFIG_INVALID_VALUE', `cannot read ${path}`, { cause: error });
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Resolves with `host:port` once it listens. */
export function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new NdtsError('UNAVAILABLE', `cannot listen on ${host}:${port}`, { cause: error })),
    );
    server.listen(port, host, () => {
      const { port: bound } = server.address() as AddressInfo;
      resolve(`${host.includes(':') ? `[${host}]` : host}:${bound}`);
    });
  });
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
