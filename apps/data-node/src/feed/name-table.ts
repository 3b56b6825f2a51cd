// hot: no allocation after init
// Names found by their bytes in a message, so that no text is made of them. Always: a name that is
// not all of printable ASCII is not found here, and has to be looked up as text.

export interface KnownName {
  readonly id: number;
  readonly name: string;
}

interface Entry extends KnownName {
  readonly bytes: Uint8Array;
}

const encoder = new TextEncoder();
const printable = /^[ -~]*$/;
const slotsMin = 64;

export class NameTable {
  #slots: (Entry | undefined)[] = [];
  #mask = -1;

  /** These and no others from now on. */
  set(ids: ReadonlyMap<string, number>): void {
    let count = slotsMin;
    while (count < 2 * ids.size) count *= 2;
    this.#slots = new Array<Entry | undefined>(count).fill(undefined);
    this.#mask = count - 1;
    for (const [name, id] of ids) if (printable.test(name)) this.#put(name, id);
  }

  #put(name: string, id: number): void {
    const bytes = encoder.encode(name);
    let slot = hashOf(bytes, 0, bytes.length) & this.#mask;
    while (this.#slots[slot] !== undefined) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = { id, name, bytes };
  }

  /** The name that stands there, from `from` up to `to`. */
  find(bytes: Uint8Array, from: number, to: number): KnownName | undefined {
    if (this.#mask < 0) return undefined;
    let slot = hashOf(bytes, from, to) & this.#mask;
    for (let entry = this.#slots[slot]; entry !== undefined; entry = this.#slots[slot]) {
      if (isSame(entry.bytes, bytes, from, to)) return entry;
      slot = (slot + 1) & this.#mask;
    }
    return undefined;
  }
}

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function isSame(name: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (name.length !== to - from) return false;
  for (let at = 0; at < name.length; at += 1) if (name[at] !== bytes[from + at]) return false;
  return true;
}
