// The Objects port on a folder. An object is written beside, synced, and renamed into place, so
// that it is there wholly or not at all. Always: no name leads out of the folder.

import {
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  rename,
  stat,
  unlink,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { NdtsError, type ObjectInfo, type Objects } from '@ndts/protocol';

export interface FolderObjectsOptions {
  readonly dir: string;
}

/** Unfinished objects; no object's name begins with it. */
const unfinishedFolder = '.unfinished';
const segmentBytesMax = 255;
const nameBytesMax = 1_024;

export class FolderObjects implements Objects {
  readonly #dir: string;
  #prepared: Promise<void> | undefined;
  #counter = 0;

  constructor(options: FolderObjectsOptions) {
    this.#dir = resolve(options.dir);
  }

  async put(
    name: string,
    content: Uint8Array,
    options: { readonly ifAbsent?: boolean } = {},
  ): Promise<void> {
    const path = this.#path(name);
    this.#prepared ??= this.#prepare();
    await this.#prepared;
    // ambient: only to keep two processes' unfinished files apart
    const unfinished = join(this.#dir, unfinishedFolder, `${process.pid}-${this.#counter++}`);
    try {
      await writeSynced(unfinished, content);
      await this.#makeFolders(dirname(path));
      if (options.ifAbsent === true) await link(unfinished, path);
      else await rename(unfinished, path);
      await syncFolder(dirname(path));
    } catch (error) {
      throw objectError(name, error);
    } finally {
      await unlink(unfinished).catch(() => undefined);
    }
  }

  async get(
    name: string,
    range?: { readonly offset: number; readonly length: number },
  ): Promise<Uint8Array> {
    const path = this.#path(name);
    if (range !== undefined) checkRange(range);
    let file: FileHandle | undefined;
    try {
      file = await open(path, 'r');
      const { size } = await file.stat();
      const offset = Math.min(range?.offset ?? 0, size);
      const length = Math.min(range?.length ?? size, size - offset);
      return await readFully(file, offset, length);
    } catch (error) {
      throw objectError(name, error);
    } finally {
      await file?.close();
    }
  }

  async head(name: string): Promise<ObjectInfo | undefined> {
    try {
      const found = await stat(this.#path(name));
      return found.isFile() ? { name, bytes: found.size } : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw objectError(name, error);
    }
  }

  async list(prefix: string): Promise<ObjectInfo[]> {
    const found: ObjectInfo[] = [];
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const isPossible = folder === '' || folder.slice(0, -1).split('/').every(isValidSegment);
    if (!isPossible) return [];
    await this.#walk(folder, prefix, found);
    return found.sort((left, right) =>
      Buffer.compare(Buffer.from(left.name, 'utf8'), Buffer.from(right.name, 'utf8')),
    );
  }

  async delete(name: string): Promise<boolean> {
    const path = this.#path(name);
    try {
      await unlink(path);
      await syncFolder(dirname(path));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw objectError(name, error);
    }
  }

  async #walk(folder: string, prefix: string, found: ObjectInfo[]): Promise<void> {
    const entries = await readdir(join(this.#dir, folder), { withFileTypes: true }).catch(
      (error: unknown) => {
        if (isMissing(error)) return [];
        throw objectError(folder, error);
      },
    );
    for (const entry of entries) {
      const name = folder + entry.name;
      if (name === unfinishedFolder) continue;
      if (entry.isDirectory()) {
        const below = `${name}/`;
        if (below.startsWith(prefix) || prefix.startsWith(below))
          await this.#walk(below, prefix, found);
      } else if (entry.isFile() && name.startsWith(prefix)) {
        const info = await this.head(name);
        if (info !== undefined) found.push(info);
      }
    }
  }

  /** Makes the folder and clears what killed processes left unfinished. */
  async #prepare(): Promise<void> {
    const unfinished = join(this.#dir, unfinishedFolder);
    await mkdir(unfinished, { recursive: true, mode: 0o700 });
    for (const name of await readdir(unfinished))
      if (!isRunning(Number.parseInt(name, 10)))
        await unlink(join(unfinished, name)).catch(() => undefined);
  }

  /** Each new folder is synced into its parent, or a crash could lose it with the object. */
  async #makeFolders(folder: string): Promise<void> {
    const first = await mkdir(folder, { recursive: true, mode: 0o700 });
    if (first === undefined) return;
    for (let made = folder; made.length >= first.length; made = dirname(made))
      await syncFolder(dirname(made));
  }

  #path(name: string): string {
    const segments = name.split('/');
    const valid =
      segments.every(isValidSegment) &&
      segments[0] !== unfinishedFolder &&
      Buffer.byteLength(name) <= nameBytesMax;
    if (!valid)
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `expected an object name of plain segments between slashes, found '${name}'`,
      );
    return join(this.#dir, ...segments);
  }
}

function isValidSegment(segment: string): boolean {
  if (segment === '' || segment === '.' || segment === '..') return false;
  if (Buffer.byteLength(segment) > segmentBytesMax || segment.includes('\\')) return false;
  return [...segment].every((character) => character >= ' ' && character !== '\u007f');
}

function checkRange(range: { readonly offset: number; readonly length: number }): void {
  const valid = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  if (!valid(range.offset) || !valid(range.length))
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `expected a range of whole bytes, found offset ${range.offset}, length ${range.length}`,
    );
}

async function writeSynced(path: string, content: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function readFully(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const content = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(content, done, length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done === length ? content : content.slice(0, done);
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isRunning(pid: number): boolean {
  try {
    // ambient: signal 0 only asks whether the process is there
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(systemCode(error));
}

function objectError(name: string, error: unknown): NdtsError {
  const code = systemCode(error);
  const cause = { cause: error };
  if (error instanceof NdtsError) return error;
  if (isMissing(error) || code === 'EISDIR')
    return new NdtsError('NOT_FOUND', `there is no object '${name}'`, cause);
  if (code === 'EEXIST') return new NdtsError('ALREADY_EXISTS', `object '${name}' exists`, cause);
  if (code === 'ENOSPC') return new NdtsError('DISK_FULL', `no space for object '${name}'`, cause);
  return new NdtsError('IO_ERROR', `object '${name}': ${String(error)}`, cause);
}
