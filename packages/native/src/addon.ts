// Loads the one native library. Everything else in this workspace is a typed door to it: a door
// knows the shape of its native class, converts errors to NdtsError and adds nothing else.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, isErrorCode, NdtsError } from '@ndts/protocol';

const require = createRequire(import.meta.url);
const path = join(dirname(fileURLToPath(import.meta.url)), '../build/release/ndts.node');

function load(): unknown {
  if (!existsSync(path))
    throw new NdtsError('UNAVAILABLE', `the native library is not built: ${path} (npm run setup)`);
  return require(path);
}

/** The raw bindings; each door casts to what it needs. */
export const addon: unknown = load();

/** Errors of the binding carry the engine's code as `code`; here they become NdtsError. */
export function toNdtsError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof NdtsError) return error;
  const code: unknown = (error as { code?: unknown }).code;
  if (typeof code !== 'string' || !isErrorCode(code)) return error;
  const known: ErrorCode = code;
  return new NdtsError(known, error.message, { cause: error });
}

/** Runs a native call outside the hot path. */
export function native<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw toNdtsError(error);
  }
}
