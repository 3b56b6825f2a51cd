// The bell that strategies sleep at, rung when there is something else for them than ticks. It is
// beside the rings they read, and those of another host come in new folders with each connection:
// always the bell of the folder that is read now.

import { dirname, join } from 'node:path';
import { NdtsError } from '@ndts/protocol';
import { openRingBell, type RingBell } from '@ndts/storage';

export class TickBell {
  #folder = '';
  #bell: RingBell | undefined;

  /** That beside this ring; nothing where there is none. Strategies look again within a moment. */
  ring(tickRing: string): void {
    const folder = dirname(tickRing);
    if (folder !== this.#folder) this.close();
    this.#folder = folder;
    this.#bell ??= openBell(folder);
    this.#bell?.ring();
  }

  /** Twice is allowed. */
  close(): void {
    this.#bell?.close();
    this.#bell = undefined;
  }
}

function openBell(folder: string): RingBell | undefined {
  try {
    return openRingBell(join(folder, 'ticks.bell'));
  } catch (error) {
    if (error instanceof NdtsError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}
