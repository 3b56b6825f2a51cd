// The disk itself, as the figure beside every durable one: pwrite and fdatasync over blocks that
// were allocated and written before, which is the best a log can do.

import { closeSync, fdatasyncSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { percentile } from './bench.js';

export interface RawSync {
  /** One append of this many bytes and its fdatasync; returns microseconds. */
  step(): number;
  close(): void;
}

const fileBytes = 64 * 1024 * 1024;

export function openRawSync(dir: string, entryBytes: number): RawSync {
  const file = openSync(join(dir, 'raw.log'), 'w');
  const zeros = new Uint8Array(1024 * 1024);
  for (let offset = 0; offset < fileBytes; offset += zeros.length)
    writeSync(file, zeros, 0, zeros.length, offset);
  fsyncSync(file);
  const entry = new Uint8Array(entryBytes).fill(7);
  let offset = 0;
  return {
    step: () => {
      const start = performance.now();
      writeSync(file, entry, 0, entry.length, offset);
      fdatasyncSync(file);
      offset = (offset + entry.length) % (fileBytes - entry.length);
      return (performance.now() - start) * 1000;
    },
    close: () => closeSync(file),
  };
}

export function sortedCopy(values: Float64Array): Float64Array {
  return values.slice().sort();
}

export function median(values: readonly number[]): number {
  return percentile(Float64Array.from(values).sort(), 0.5);
}
