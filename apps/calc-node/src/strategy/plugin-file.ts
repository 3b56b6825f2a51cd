// The file of a strategy, watched for changes: by its time and size, and only once they have stayed
// the same from one look to the next, so that a file half written is not started. Built-in ones
// never change.

import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';

export class PluginFile {
  readonly #path: string;
  /** As it was started, and at the last look. */
  #started = '';
  #seen = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** It is being started. */
  note(): void {
    this.#started = this.#stamp();
    this.#seen = this.#started;
  }

  hasChanged(): boolean {
    const stamp = this.#stamp();
    const isSettled = stamp === this.#seen;
    this.#seen = stamp;
    return isSettled && stamp !== '' && stamp !== this.#started;
  }

  #stamp(): string {
    if (!isAbsolute(this.#path)) return '';
    try {
      const { mtimeMs, size, ino } = statSync(this.#path);
      return `${mtimeMs} ${size} ${ino}`;
    } catch {
      return '';
    }
  }
}
