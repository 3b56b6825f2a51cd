// A FIX feed as somebody defined it, as the options of one. What always holds: secrets come from
// files that only their owner can read, or from variables of the environment that are nothing but
// secrets; they are read at each start and shown nowhere; a counterparty
// beyond this machine is reached through TLS unless somebody said otherwise.

import type { ConnectionOptions } from 'node:tls';
import { type FixFeedDefinition, NdtsError } from '@ndts/protocol';
import { readPrivateFile, readPublicFile } from '@ndts/runtime';
import { isLoopback } from '@ndts/storage';
import type { FixFeedOptions } from './fix-feed.js';

const heartbeatSecondsDefault = 30;

export type FixFeedSettings = Pick<FixFeedOptions, 'host' | 'port' | 'tls' | 'settings' | 'depth'>;

/** By the name of the variable. */
export type Secrets = ReadonlyMap<string, string>;

/** Throws INVALID_ARGUMENT, and what its files give. */
export function fixFeedSettings(
  name: string,
  fix: FixFeedDefinition,
  secrets: Secrets,
): FixFeedSettings {
  const { host, port, depth = 0, senderCompId, targetCompId, senderSubId, targetSubId } = fix;
  const { username, heartbeatSeconds = heartbeatSecondsDefault } = fix;
  return {
    ...{ host, port, depth, tls: tlsOf(name, fix) },
    settings: {
      ...{ senderCompId, targetCompId, senderSubId, targetSubId, username, heartbeatSeconds },
      password: passwordOf(name, fix, secrets),
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

function passwordOf(name: string, fix: FixFeedDefinition, secrets: Secrets): string | undefined {
  const { passwordFile, passwordEnv } = fix;
  if (passwordFile !== undefined && passwordEnv !== undefined)
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `${name}: expected passwordFile or passwordEnv, not both`,
    );
  if (passwordFile === undefined && passwordEnv === undefined) return undefined;
  const text =
    passwordFile === undefined ? secrets.get(passwordEnv ?? '') : readPrivateFile(passwordFile);
  const password = text?.trim() ?? '';
  if (password !== '') return password;
  const where = passwordFile ?? `the variable ${passwordEnv} of the environment of the node`;
  throw new NdtsError('INVALID_ARGUMENT', `${name}: expected a password in ${where}`);
}
