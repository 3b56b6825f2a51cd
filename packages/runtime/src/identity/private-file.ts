// Files only their owner may read: written whole or not at all, refused when others can read them.

import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { NdtsError } from '@ndts/protocol';

const others = 0o077;

/** Makes the folder when it is missing; refuses one that others can enter. */
export function openPrivateFolder(dir: string): void {
  try {
    if (mkdirSync(dir, { recursive: true, mode: 0o700 }) !== undefined) chmodSync(dir, 0o700);
  } catch (error) {
    throw fileError(dir, error);
  }
  checkPrivate(dir, '0700');
}

/** The content, or undefined when there is no such file. */
export function readPrivateFile(path: string): string | undefined {
  try {
    checkPrivate(path, '0600');
    checkFile(path);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw fileError(path, error);
  }
}

/** One that others may read, such as a certificate. */
export function readPublicFile(path: string): Buffer {
  try {
    checkFile(path);
    return readFileSync(path);
  } catch (error) {
    throw fileError(path, error);
  }
}

export function writePrivateFile(path: string, content: string): void {
  const unfinished = `${path}.unfinished`;
  try {
    rmSync(unfinished, { force: true });
    const file = openSync(unfinished, 'wx', 0o600);
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(unfinished, path);
    syncFolder(dirname(path));
  } catch (error) {
    throw fileError(path, error);
  }
}

/** Refuses a file or folder that anybody but its owner may use. */
export function checkPrivate(path: string, expected: '0600' | '0700'): void {
  const mode = statSync(path).mode & 0o777;
  if ((mode & others) === 0) return;
  const found = mode.toString(8).padStart(4, '0');
  throw new NdtsError(
    'INSECURE_FILE',
    `${path}: expected mode ${expected} or narrower, found ${found}`,
  );
}

/** Of a pipe or a device nobody knows when, or whether, its last byte comes, and all would wait. */
function checkFile(path: string): void {
  if (!statSync(path).isFile()) throw new NdtsError('INVALID_ARGUMENT', `${path} is no file`);
}

export function syncFolder(dir: string): void {
  const folder = openSync(dir, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

export function fileError(path: string, error: unknown): NdtsError {
  if (error instanceof NdtsError) return error;
  const cause = { cause: error };
  if (isCode(error, 'ENOSPC') || isCode(error, 'EDQUOT'))
    return new NdtsError('DISK_FULL', `no space to write ${path}`, cause);
  if (isCode(error, 'EROFS') || isCode(error, 'EACCES') || isCode(error, 'EPERM'))
    return new NdtsError('READ_ONLY', `cannot write ${path}: ${String(error)}`, cause);
  return new NdtsError('IO_ERROR', `${path}: ${String(error)}`, cause);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
