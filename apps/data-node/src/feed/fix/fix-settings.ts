// A FIX feed as somebody defined it, as the options of one. What always holds: secrets come from
// files that only their owner can read, are read at each start and shown nowhere; a counterparty
// beyond this machine is reached through TLS unless somebody said otherwise.

import type { ConnectionOptions } from 'node:tls';
import { type FixFeedDefinition, NdtsError } from '@ndts/protocol';
import { readPrivateFile, readPublicFile } from '@ndts/runtime';
import { isLoopback } from '@ndts/storage';
import type { FixFeedOptions } from './fix-feed.js';

const heartbeatSecondsDefault = 30;

export type FixFeedSettings = Pick<FixFeedOptions, 'host' | 'port' | 'tls' | 'settings' | 'depth'>;

/** Throws INVALID_ARGUMENT, and what its files give. */
export function fixFeedSettings(name: string, fix: FixFeedDefinition): FixFeedSettings {
  const { host, port, depth = 0, senderCompId, targetCompId, senderSubId, targetSubId } = fix;
  const { username, passwordFile, heartbeatSeconds = heartbeatSecondsDefault } = fix;
  return {
    ...{ host, port, depth, tls: tlsOf(name, fix) },
    settings: {
      ...{ senderCompId, targetCompId, senderSubId, targetSubId, username, heartbeatSeconds },
      password: passwordFile === undefined ? undefined : passwordOf(name, passwordFile),
    },
  };
}

function tlsOf(name: string, fix: FixFeedDefinition): ConnectionOptions | undefined {
  const { host, tls = false, tlsCa, allowPlain = false } = fix;
  if (!tls && !allowPlain && !isLoopback(host))
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `${name}: ${host} is beyond this machine: expected tls, or allowPlain`,
    );
  if (!tls) return undefined;
  return tlsCa === undefined ? {} : { ca: readPublicFile(tlsCa) };
}

function passwordOf(name: string, path: string): string {
  const text = readPrivateFile(path)?.trim();
  if (text !== undefined && text !== '') return text;
  throw new NdtsError('INVALID_ARGUMENT', `${name}: expected a password in ${path}`);
}
