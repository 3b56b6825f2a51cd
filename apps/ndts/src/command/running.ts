// Finding a running node: `ndts up` leaves its address in run.json of the data folder, and the
// first token lies beside it. Commands that talk to a node start here.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorCode, isErrorCode, NdtsError } from '@ndts/protocol';

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

export function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new NdtsError('UNAUTHENTICATED', `cannot read the token file ${path}`, { cause: error });
  }
}

export interface NodeRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** Default: 5000. */
  readonly timeoutMs?: number;
}

/** GET of a JSON document. */
export function fetchJson(target: Target, path: string): Promise<unknown> {
  return requestJson(target, { method: 'GET', path });
}

/** The node's answer, or its own error when it answers one. */
export async function requestJson(target: Target, request: NodeRequest): Promise<unknown> {
  const { method, path } = request;
  let response: Response;
  try {
    response = await fetch(target.url + path, {
      method,
      headers: {
        authorization: `Bearer ${target.token}`,
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      signal: AbortSignal.timeout(request.timeoutMs ?? 5000),
    });
  } catch (error) {
    throw new NdtsError('UNAVAILABLE', `${target.url} does not answer`, { cause: error });
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return body;
  const { code, message } = failureIn(body);
  if (code === undefined || code === 'INTERNAL')
    throw new NdtsError('UNAVAILABLE', `${target.url}${path}: ${response.status} ${message}`);
  throw new NdtsError(code, message);
}

function failureIn(body: unknown): { code: ErrorCode | undefined; message: string } {
  if (typeof body !== 'object' || body === null) return { code: undefined, message: '' };
  const message = 'message' in body ? String(body.message) : '';
  const code = 'code' in body ? String(body.code) : '';
  return { code: isErrorCode(code) ? code : undefined, message };
}
