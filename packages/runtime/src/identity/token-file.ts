// The tokens of a data folder as they are kept: names, roles, SHA-256 hashes and what
// proves them to SCRAM, never a token. Tokens from before SCRAM have no verifier.

import { NdtsError } from '@ndts/protocol';
import { isLineKey, type LineKey } from './line-key.js';
import { readPrivateFile, writePrivateFile } from './private-file.js';
import { type Role, isRole } from './roles.js';
import { parseScram } from './scram.js';

export interface StoredToken {
  readonly name: string;
  readonly role: Role;
  /** SHA-256 of the token, hexadecimal. */
  readonly hash: string;
  readonly createdMs: number;
  /** See scram.ts. */
  readonly scram?: string;
  /** Missing in tokens that are older than it. */
  readonly lineKey?: LineKey;
}

const version = 1;
const hashPattern = /^[0-9a-f]{64}$/;

export function readTokens(path: string): StoredToken[] | undefined {
  const text = readPrivateFile(path);
  if (text === undefined) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new NdtsError('CORRUPT', `${path}: expected JSON`, { cause: error });
  }
  if (!isObject(content) || !Array.isArray(content['tokens']))
    throw new NdtsError('CORRUPT', `${path}: expected { version, tokens }`);
  if (content['version'] !== version)
    throw new NdtsError(
      'VERSION_TOO_NEW',
      `${path}: expected version ${version}, found ${String(content['version'])}`,
    );
  return content['tokens'].map((token: unknown, index) => checkToken(path, token, index));
}

export function writeTokens(path: string, tokens: readonly StoredToken[]): void {
  writePrivateFile(path, `${JSON.stringify({ version, tokens }, undefined, 2)}\n`);
}

function checkToken(path: string, token: unknown, index: number): StoredToken {
  if (isObject(token)) {
    const { name, role, hash, createdMs, scram, lineKey } = token;
    if (
      typeof name === 'string' &&
      typeof role === 'string' &&
      isRole(role) &&
      typeof hash === 'string' &&
      hashPattern.test(hash) &&
      typeof createdMs === 'number' &&
      (scram === undefined || (typeof scram === 'string' && parseScram(scram) !== undefined)) &&
      (lineKey === undefined || isLineKey(lineKey))
    )
      return {
        name,
        role,
        hash,
        createdMs,
        ...(scram === undefined ? {} : { scram }),
        ...(lineKey === undefined ? {} : { lineKey }),
      };
  }
  throw new NdtsError('CORRUPT', `${path}: token ${index} needs name, role, hash and createdMs`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
