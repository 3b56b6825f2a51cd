// A file that is there whole or not at all: written under another name, synced, renamed.

import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { NdtsError } from '@ndts/protocol';
import { fileError } from '@ndts/runtime';

export class OutputFile {
  readonly path: string;
  /** What is written to until commit(). */
  readonly temporaryPath: string;
  #file: number | undefined;
  #isMade = false;
  #bytes = 0;

  /** Throws NOT_FOUND without its folder, ALREADY_EXISTS unless it may be replaced. */
  constructor(path: string, replace: boolean) {
    this.path = resolve(path);
    this.temporaryPath = `${this.path}.part`;
    const folder = dirname(this.path);
    if (!existsSync(folder)) throw new NdtsError('NOT_FOUND', `there is no folder ${folder}`);
    if (!replace && existsSync(this.path))
      throw new NdtsError('ALREADY_EXISTS', `${this.path} is there: --force replaces it`);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** After commit(), whoever wrote it. */
  size(): number {
    return statSync(this.path).size;
  }

  write(bytes: Uint8Array): void {
    try {
      this.#file ??= openSync(this.temporaryPath, 'w', 0o600);
      this.#isMade = true;
      let written = 0;
      while (written < bytes.length)
        written += writeSync(this.#file, bytes, written, bytes.length - written);
      this.#bytes += written;
    } catch (error) {
      throw fileError(this.temporaryPath, error);
    }
  }

  /** Also of what the SQL engine wrote under the temporary name. */
  commit(): void {
    try {
      const file = this.#file ?? openSync(this.temporaryPath, 'r+');
      fsyncSync(file);
      closeSync(file);
      this.#file = undefined;
      renameSync(this.temporaryPath, this.path);
      const folder = openSync(dirname(this.path), 'r');
      fsyncSync(folder);
      closeSync(folder);
    } catch (error) {
      throw fileError(this.path, error);
    }
  }

  /** Nothing is left of it; nothing happens after commit(). */
  discard(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    if (this.#isMade) rmSync(this.temporaryPath, { force: true });
  }
}
