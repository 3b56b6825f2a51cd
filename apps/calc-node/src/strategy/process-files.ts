// What the system tells of a process, read again and again: its files in /proc stay open, since
// opening one costs several times what reading it does. Always: they are of the process they were
// opened for, even when its number has become another's; undefined where the system does not tell.

import { closeSync, openSync, readSync } from 'node:fs';

const pageBytes = 4096;
/** /proc counts in hundredths of a second, whatever the kernel's own ticks are. */
const cpuTickMs = 10;
/** A line of numbers and a short name. */
const lineBytes = 1024;

export class ProcessFiles {
  readonly #pid: number | undefined;
  readonly #buffer = Buffer.allocUnsafe(lineBytes);
  readonly #descriptors = new Map<string, number>();
  #isClosed = false;

  constructor(pid: number | undefined) {
    this.#pid = pid;
  }

  /** Memory it really uses. */
  residentBytes(): number | undefined {
    const pages = Number(this.#read('statm')?.split(' ')[1]);
    return Number.isFinite(pages) ? pages * pageBytes : undefined;
  }

  /** Processor time of all its threads so far. */
  cpuMs(): number | undefined {
    const stat = this.#read('stat') ?? '';
    // The name in parentheses may hold anything; the fields after it are numbered from 3.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[14 - 3]) + Number(fields[15 - 3]);
    return Number.isFinite(ticks) ? ticks * cpuTickMs : undefined;
  }

  close(): void {
    this.#isClosed = true;
    for (const descriptor of this.#descriptors.values()) closeSync(descriptor);
    this.#descriptors.clear();
  }

  #read(name: string): string | undefined {
    if (this.#pid === undefined || this.#isClosed) return undefined;
    try {
      let descriptor = this.#descriptors.get(name);
      if (descriptor === undefined) {
        descriptor = openSync(`/proc/${this.#pid}/${name}`, 'r');
        this.#descriptors.set(name, descriptor);
      }
      const bytes = readSync(descriptor, this.#buffer, 0, lineBytes, 0);
      return this.#buffer.toString('latin1', 0, bytes);
    } catch {
      return undefined;
    }
  }
}
