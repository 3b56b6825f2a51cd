// The broker of the configuration: the paper venue, or a FIX counterparty. What always holds: a
// counterparty beyond this machine is reached through TLS unless somebody said otherwise, and
// secrets come from files that only their owner can read.

import type { ConnectionOptions } from 'node:tls';
import { FixBroker, type FixBrokerSettings, type FixSymbols, type Gateway } from '@ndts/exec-node';
import { type ConfigValues, NdtsError } from '@ndts/protocol';
import { describeConfig, readPrivateFile, readPublicFile } from '@ndts/runtime';
import { parseFixSchedule } from '@ndts/runtime/fix';
import { isLoopback } from '@ndts/storage';
import type { Foundation } from './foundation.js';

/** A gateway, and whether it has an instrument for a symbol. */
export interface BrokerPart {
  readonly gateway: Gateway;
  readonly trades: (symbol: number) => boolean;
}

const connectTimeoutMs = 5000;

/** Symbols a broker has instruments for; also those nobody has a tick of yet have an id, and the
 * engine knows it. */
export async function tradedSymbols(
  { symbols, ticks }: Pick<Foundation, 'symbols' | 'ticks'>,
  names: readonly string[],
): Promise<ReturnType<Foundation['symbols']['all']>> {
  const entries = await symbols.ensure(names);
  for (const { id, shard, name } of entries) ticks.registerSymbol(id, shard, name);
  return entries;
}

/** With a real broker an intent is durable before its order is sent, unless that was set. */
export function journalModeOf(values: ConfigValues): ConfigValues['exec']['journalMode'] {
  const { broker, backup } = values.exec;
  if (broker === 'paper' && (backup === 'none' || backup === 'paper'))
    return values.exec.journalMode;
  const description = describeConfig(values).find(({ key }) => key === 'exec.journalMode');
  return description?.source === 'default' ? 'durable' : values.exec.journalMode;
}

export function createFixBroker(foundation: Foundation): BrokerPart {
  const { values, journal, clock, random, logger } = foundation;
  const symbols = fixSymbols(values.fix.symbols, foundation.symbols);
  const gateway = new FixBroker({
    settings: fixSettings(values),
    ...{ keyValue: journal, clock, random: random.fork('fix'), logger },
    symbols,
  });
  return { gateway, trades: (symbol) => symbols.nameOf(symbol) !== undefined };
}

export function fixSettings(values: ConfigValues): FixBrokerSettings {
  const { fix } = values;
  for (const [key, value] of Object.entries({
    'fix.port': fix.port === 0 ? '' : String(fix.port),
    'fix.senderCompId': fix.senderCompId,
    'fix.targetCompId': fix.targetCompId,
  }))
    if (value === '')
      throw new NdtsError('CONFIG_INVALID_VALUE', `exec.broker fix: set ${key} (docs/fix.md)`);
  return {
    ...fix,
    name: fix.venue,
    senderSubId: optional(fix.senderSubId),
    targetSubId: optional(fix.targetSubId),
    username: optional(fix.username),
    password: fix.passwordFile === '' ? undefined : secretOf('fix.passwordFile', fix.passwordFile),
    schedule: parseFixSchedule(fix.hours),
    tls: tlsOf(fix),
    durable: journalModeOf(values) === 'durable',
    connectTimeoutMs,
  };
}

function tlsOf(fix: ConfigValues['fix']): ConnectionOptions | undefined {
  const { host, tls, tlsCa, tlsCert, tlsKey, allowPlain } = fix;
  if ((tlsCert === '') !== (tlsKey === ''))
    throw new NdtsError('CONFIG_INVALID_VALUE', 'fix.tlsCert and fix.tlsKey go together');
  if (!tls && !allowPlain && !isLoopback(host))
    throw new NdtsError(
      'CONFIG_INVALID_VALUE',
      `fix.host ${host}: orders would travel in the clear; set fix.tls or fix.allowPlain`,
    );
  if (!tls) return undefined;
  return {
    ...(tlsCa === '' ? {} : { ca: readPublicFile(tlsCa) }),
    ...(tlsCert === ''
      ? {}
      : { cert: readPublicFile(tlsCert), key: secretOf('fix.tlsKey', tlsKey) }),
  };
}

/** Names that differ are told as OURS=THEIRS; all others are the same on both sides. */
export function fixSymbols(
  pairs: readonly string[],
  symbols: Pick<Foundation['symbols'], 'byId' | 'byName'>,
): FixSymbols {
  const theirs = new Map<string, string>();
  const ours = new Map<string, string>();
  for (const pair of pairs) {
    const [own = '', other = '', ...rest] = pair.split('=').map((part) => part.trim());
    if (own === '' || other === '' || rest.length > 0)
      throw new NdtsError(
        'CONFIG_INVALID_VALUE',
        `fix.symbols: expected OURS=THEIRS, found '${pair}'`,
      );
    theirs.set(own, other);
    ours.set(other, own);
  }
  return {
    nameOf: (id) => {
      const name = symbols.byId(id)?.name;
      return name === undefined ? undefined : (theirs.get(name) ?? name);
    },
    idOf: (name) => symbols.byName(ours.get(name) ?? name)?.id,
  };
}

function optional(text: string): string | undefined {
  return text === '' ? undefined : text;
}

function secretOf(key: string, path: string): string {
  const text = readPrivateFile(path)?.trim();
  if (text !== undefined && text !== '') return text;
  throw new NdtsError('CONFIG_INVALID_VALUE', `${key}: expected a secret in ${path}`);
}
