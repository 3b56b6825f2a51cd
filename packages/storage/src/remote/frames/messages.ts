// What frames mean: the handshake and errors. docs/protocol/local.md.

import { type ErrorCode, errorLine, isErrorCode, NdtsError } from '@ndts/protocol';
import { SqlError, type SqlPosition } from '../../sql/sql-error.js';
import type { Value } from './values.js';

/** Of the protocol: what this program speaks, at most and at least. */
export const newestVersion = 2;
export const oldestVersion = 2;

export type Fields = Readonly<Record<string, Value>>;

export function fieldsOf(value: Value): Fields {
  const isRecord =
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !(value instanceof ArrayBuffer);
  if (isRecord) return value as Fields;
  throw new NdtsError('CORRUPT', 'a frame has another payload than it should');
}

/** The version both speak. Throws VERSION_TOO_NEW when there is none. */
export function chooseVersion(hello: Fields): number {
  const { newest, oldest } = hello;
  if (typeof newest !== 'number' || typeof oldest !== 'number')
    throw new NdtsError('CORRUPT', 'a greeting without versions');
  const version = Math.min(newest, newestVersion);
  if (version >= oldest && version >= oldestVersion) return version;
  throw new NdtsError(
    'VERSION_TOO_NEW',
    `who has the folder open speaks versions ${oldestVersion} to ${newestVersion} of this ` +
      `protocol, who connects ${oldest} to ${newest}: use programs of one version`,
  );
}

export function errorValue(error: unknown): Fields {
  const code: ErrorCode = error instanceof NdtsError ? error.code : 'INTERNAL';
  const message = error instanceof NdtsError ? error.message : errorLine(error);
  if (!(error instanceof SqlError) || error.position === undefined) return { code, message };
  const { offset, line, column } = error.position;
  return { code, message, position: { offset, line, column } };
}

export function errorOf(value: Value): NdtsError {
  const { code, message, position } = fieldsOf(value);
  const known = typeof code === 'string' && isErrorCode(code) ? code : 'INTERNAL';
  const text = typeof message === 'string' ? message : '';
  if (known !== 'INVALID_SQL') return new NdtsError(known, text);
  return SqlError.received(text, position as SqlPosition | undefined);
}
