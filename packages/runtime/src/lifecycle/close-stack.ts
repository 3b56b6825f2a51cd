// What was opened, to be closed in reverse order: once, all of it, whatever fails on the way.

import { NdtsError } from '@ndts/protocol';

interface Closable {
  readonly name: string;
  readonly close: () => void | Promise<void>;
}

export class CloseStack {
  readonly #entries: Closable[] = [];
  #closing: Promise<void> | undefined;
  #closed = false;

  /** Allowed while closing (a start that was interrupted): it is then closed as well. */
  defer(name: string, close: () => void | Promise<void>): void {
    if (this.#closed) throw new NdtsError('CLOSED', `cannot defer '${name}': all is closed`);
    this.#entries.push({ name, close });
  }

  /** Every call waits for the same closing. */
  closeAll(onError: (name: string, error: unknown) => void): Promise<void> {
    this.#closing ??= this.#run(onError);
    return this.#closing;
  }

  async #run(onError: (name: string, error: unknown) => void): Promise<void> {
    for (let entry = this.#entries.pop(); entry !== undefined; entry = this.#entries.pop()) {
      try {
        await entry.close();
      } catch (error) {
        onError(entry.name, error);
      }
    }
    this.#closed = true;
  }
}
