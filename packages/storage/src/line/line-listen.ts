// Where the listeners of line protocol may listen without TLS, and with which certificate.

import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { NdtsError } from '@ndts/protocol';
import { isLoopback } from '../listen/listen.js';

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
  if (tlsCert !== '') return checked(tlsCert, { cert: readPem(tlsCert), key: readPem(tlsKey) });
  if (!allowPlain && !isLoopback(host))
    throw new NdtsError(
      'CONFIG_INVALID_VALUE',
      `line.host ${host}: lines and tokens would travel in the clear; ` +
        'set line.tlsCert and line.tlsKey, or line.allowPlain',
    );
  return undefined;
}

function checked(path: string, tls: LineTls): LineTls {
  try {
    createSecureContext(tls);
    return tls;
  } catch (error) {
    throw new NdtsError('CONFIG_INVALID_VALUE', `line: cannot use ${path} and its key`, {
      cause: error,
    });
  }
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new NdtsError('CONFIG_INVALID_VALUE', `cannot read ${path}`, { cause: error });
  }
}
