// The files of a strategy, watched for changes: by their times and sizes, and only once they have
// stayed the same from one look to the next, so that a file half written is not started. While one
// of them is not there nothing has changed: editors write beside a file and rename. Built-in ones
// never change.

import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { pluginTexts } from './plugin-files.js';

export class PluginFile {
  readonly #path: string;
  /** All that were there when it was started. */
  #files: readonly string[] = [];
  /** As they were started, and at the last look. */
  #started = '';
  #seen = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** It is being started. */
  note(): void {
    if (!isAbsolute(this.#path)) return;
    const found = [...pluginTexts(this.#path).keys()];
    this.#files = found.length === 0 ? [this.#path] : found;
    this.#started = this.#stamp();
    this.#seen = this.#started;
  }

  hasChanged(): boolean {
    const stamp = this.#stamp();
    const isSettled = stamp === this.#seen;
    this.#seen = stamp;
    return isSettled && stamp !== '' && stamp !== this.#started;
  }

  /** '': some file is not there. */
  #stamp(): string {
    try {
      return this.#files
        .map((path) => {
          const { mtimeMs, size, ino } = statSync(path);
          return `${mtimeMs} ${size} ${ino}`;
        })
        .join('\n');
    } catch {
      return '';
    }
  }
}
