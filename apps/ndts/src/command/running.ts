// Finding a running node: `ndts up` leaves its address in run.json of the data folder, and the
// first token lies beside it. Commands that talk to a node start here.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NdtsError } from '@ndts/protocol';

export interface RunningNode {
  readonly url: string;
  readonly pid: number;
}

export interface Target {
  readonly url: string;
  readonly token: string;
}

export interface TargetOptions {
  readonly dataDir: string;
  readonly url?: string;
  readonly tokenFile?: string;
}

export function findTarget(options: TargetOptions): Target {
  const url = options.url ?? readRunFile(join(options.dataDir, 'run.json')).url;
  const tokenFile = options.tokenFile ?? join(options.dataDir, 'identity', 'admin.token');
  return { url: url.replace(/\/$/, ''), token: readToken(tokenFile) };
}

function readRunFile(path: string): RunningNode {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new NdtsError(
      'UNAVAILABLE',
      `no node runs on this data folder (${path} is not there); start one with: ndts up`,
      { cause: error },
    );
  }
  const value: unknown = JSON.parse(text);
  if (
    typeof value !== 'object' ||
    value === null ||
    !('url' in value) ||
    !('pid' in value) ||
    typeof value.url !== 'string' ||
    typeof value.pid !== 'number'
  )
    throw new NdtsError('CORRUPT', `${path}: expected url and pid`);
  return { url: value.url, pid: value.pid };
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new NdtsError('UNAUTHENTICATED', `cannot read the token file ${path}`, { cause: error });
  }
}

/** GET of a JSON document, with the node's own error when it answers one. */
export async function fetchJson(target: Target, path: string): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(target.url + path, {
      headers: { authorization: `Bearer ${target.token}` },
      signal: AbortSignal.timeout(5000),
    });
  } catch (error) {
    throw new NdtsError('UNAVAILABLE', `${target.url} does not answer`, { cause: error });
  }
  const body: unknown = await response.json();
  if (response.ok) return body;
  const message =
    typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : '';
  if (response.status === 401) throw new NdtsError('UNAUTHENTICATED', message);
  throw new NdtsError('UNAVAILABLE', `${target.url}${path}: ${response.status} ${message}`);
}
