// Where query and replay read: a data folder of this machine, open in a node or not, or what a node
// of another machine has open.
//
// Always: nothing is made where there is no database.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Clock, type ConfigValues, NdtsError } from '@ndts/protocol';
import { type ClientOptions, NDTSClient } from '@ndts/storage';
import { readToken } from './running.js';

export interface SourceFlags {
  readonly node?: string;
  readonly tokenFile?: string;
  readonly tls?: boolean;
  readonly ca?: string;
}

export interface SourceContext {
  readonly values: ConfigValues;
  readonly clock: Clock;
  /** How long to wait for a node of this machine that is about to serve. */
  readonly openTimeoutMs: number;
}

/** One elsewhere may be busy, and far. */
const nodeTimeoutMs = 10_000;

export function addSourceOptions(command: Command): Command {
  return command
    .option('--data-dir <folder>', 'the data folder', 'data')
    .option('--config <file>', 'its configuration, YAML or TOML')
    .option('--node <host:port>', 'ask a node of another machine instead (its remote.port)')
    .option('--token-file <file>', 'of --node: a file with a token that it knows')
    .option('--tls', 'of --node: speak TLS', false)
    .option('--ca <file>', 'of --node: who may have signed its certificate, PEM; with TLS');
}

/** Throws NOT_FOUND without a database, UNAUTHENTICATED without a token for a node. */
export function openSource(flags: SourceFlags, context: SourceContext): NDTSClient {
  return new NDTSClient({ ...sourceOptions(flags, context), clock: context.clock });
}

/** What opens it, as plain data: a thread may be told. Throws as openSource. */
export function sourceOptions(
  flags: SourceFlags,
  { values, openTimeoutMs }: Omit<SourceContext, 'clock'>,
): Omit<ClientOptions, 'clock' | 'metrics'> {
  if (flags.node !== undefined) return nodeOptions(flags, flags.node);
  if (flags.tokenFile !== undefined || flags.tls === true || flags.ca !== undefined)
    throw new NdtsError('INVALID_ARGUMENT', '--token-file, --tls and --ca go with --node');
  if (!existsSync(join(values.dataDir, 'ticks')))
    throw new NdtsError('NOT_FOUND', `no database in ${values.dataDir}`);
  return { mode: 'standalone', values, openTimeoutMs };
}

function nodeOptions(
  { tokenFile, tls, ca }: SourceFlags,
  node: string,
): Omit<ClientOptions, 'clock' | 'metrics'> {
  if (tokenFile === undefined)
    throw new NdtsError('UNAUTHENTICATED', `--node ${node} needs a token: --token-file FILE`);
  const withTls = tls === true || ca !== undefined;
  return {
    openTimeoutMs: nodeTimeoutMs,
    mode: 'distributed',
    nodes: [node],
    token: readToken(tokenFile),
    ...(withTls ? { tls: ca === undefined ? {} : { ca: readCertificate(ca) } } : {}),
  };
}

function readCertificate(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new NdtsError('NOT_FOUND', `cannot read the certificates of --ca ${path}`, {
      cause: error,
    });
  }
}
