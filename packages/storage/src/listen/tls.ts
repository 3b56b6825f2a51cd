// Where a listener may go without TLS, and with which certificate it has it. `name` is that of its
// group of settings: line, postgres, remote.

import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { NdtsError } from '@ndts/protocol';
import { isLoopback } from './listen.js';

export interface ListenTls {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface TlsOptions {
  readonly host: string;
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly allowPlain: boolean;
}

/** Undefined: without TLS, which only this machine may use unless somebody said otherwise. */
export function readTls(name: string, options: TlsOptions): ListenTls | undefined {
  const { host, tlsCert, tlsKey, allowPlain } = options;
  if ((tlsCert === '') !== (tlsKey === ''))
    throw new NdtsError('CONFIG_INVALID_VALUE', `${name}.tlsCert and ${name}.tlsKey go together`);
  if (tlsCert !== '')
    return checked(name, tlsCert, { cert: readPem(tlsCert), key: readPem(tlsKey) });
  if (!allowPlain && !isLoopback(host))
    throw new NdtsError(
      'CONFIG_INVALID_VALUE',
      `${name}.host ${host}: data and tokens would travel in the clear; ` +
        `set ${name}.tlsCert and ${name}.tlsKey, or ${name}.allowPlain`,
    );
  return undefined;
}

function checked(name: string, path: string, tls: ListenTls): ListenTls {
  try {
    createSecureContext(tls);
    return tls;
  } catch (error) {
    throw new NdtsError('CONFIG_INVALID_VALUE', `${name}: cannot use ${path} and its key`, {
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
