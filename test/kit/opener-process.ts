// Starts a process that has a folder open (folder-opener.ts), and ends it in the ways tests need.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('folder-opener.js', import.meta.url));

interface Cleanup {
  after(action: () => Promise<void>): void;
}

export class OpenerProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(test: Cleanup, dataDir: string): Promise<OpenerProcess> {
    const child = fork(script, [dataDir]);
    const opener = new OpenerProcess(child);
    test.after(() => opener.kill());
    const [message] = (await once(child, 'message')) as [unknown];
    if (message !== 'open') throw new Error(`expected the folder to be open: ${String(message)}`);
    return opener;
  }

  /** kill -9; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  /** Closes the folder and ends. */
  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }
}
