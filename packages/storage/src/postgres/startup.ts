// What a client says first: that it wants TLS, that something is to be cancelled, or who it is.

import { BodyReader } from './message-reader.js';
import { PostgresError } from './postgres-error.js';

const sslRequest = 80_877_103;
const gssRequest = 80_877_104;
const cancelRequest = 80_877_102;
const majorVersion = 3;

export type Opening =
  | { readonly kind: 'ssl' | 'gss' }
  | { readonly kind: 'cancel'; readonly processId: number; readonly secret: Buffer }
  | { readonly kind: 'startup'; readonly minor: number; readonly options: Map<string, string> };

export function readOpening(bytes: Buffer): Opening {
  const body = new BodyReader(bytes);
  const code = body.int32();
  if (code === sslRequest) return { kind: 'ssl' };
  if (code === gssRequest) return { kind: 'gss' };
  if (code === cancelRequest) {
    const processId = body.int32();
    return { kind: 'cancel', processId, secret: body.bytes(4) };
  }
  if (code >>> 16 !== majorVersion)
    throw new PostgresError(
      '08P01',
      `unsupported frontend protocol ${code >>> 16}.${code & 0xffff}: server supports 3.0`,
      { severity: 'FATAL' },
    );
  const options = new Map<string, string>();
  for (let name = body.text(); name !== ''; name = body.text()) options.set(name, body.text());
  return { kind: 'startup', minor: code & 0xffff, options };
}

/** Settings that stand in `options`: -c name=value --name=value */
export function settingsOf(options: ReadonlyMap<string, string>): [string, string][] {
  const settings: [string, string][] = [];
  for (const word of (options.get('options') ?? '').split(/(?<!\\)\s+/)) {
    const found = /^(?:-c|--)?([A-Za-z_.-]+)=(.*)$/s.exec(word);
    if (found !== null)
      settings.push([found[1]!.replaceAll('-', '_'), found[2]!.replaceAll(/\\(.)/g, '$1')]);
  }
  const own = new Set(['user', 'database', 'options', 'replication']);
  for (const [name, value] of options)
    if (!own.has(name) && !name.startsWith('_pq_.')) settings.push([name, value]);
  return settings;
}
