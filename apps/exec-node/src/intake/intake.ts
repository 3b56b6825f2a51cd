// hot: no allocation after init (but what a signal itself needs)
//
// Where signals come in: one slot ring per strategy instance, polled in turn. What always holds: a
// signal is passed on at most once. An ordinal at or below the highest known of its instance is
// dropped and counted; the highest is kept for ever, in the journal, by the fold.

import { SignalSlot } from '@ndts/protocol';
import { Signal } from './signal.js';

/** The reading end of a slot ring, as storage opens it. */
export interface SignalRingReader {
  /** Copies as many whole slots as fit and are there; returns how many. */
  poll(into: Uint8Array): number;
  /** Signals overwritten before they were read, since the start. */
  lapped(): number;
}

export interface IntakeCounts {
  signals: number;
  duplicates: number;
  /** The slot names another instance than the ring belongs to, or an impossible ordinal. */
  foreign: number;
  /** Signals a strategy overwrote before they were read. */
  lapped: number;
}

interface Source {
  readonly instance: number;
  readonly name: string;
  readonly reader: SignalRingReader;
  lapped: number;
}

const slotsPerPoll = 64;

export class Intake {
  readonly counts: IntakeCounts = { signals: 0, duplicates: 0, foreign: 0, lapped: 0 };
  readonly #sources: Source[] = [];
  readonly #slots = new Uint8Array(slotsPerPoll * SignalSlot.sizeBytes);
  readonly #view = new DataView(this.#slots.buffer);
  readonly #signal = new Signal();
  readonly #highest: (instance: number) => number;

  /** `highest` returns the highest ordinal ever taken from an instance, -1 when none. */
  constructor(highest: (instance: number) => number) {
    this.#highest = highest;
  }

  /** The reader stays its owner's to close, after remove. Replaces the instance's earlier one. */
  add(instance: number, name: string, reader: SignalRingReader): void {
    this.remove(instance);
    this.#sources.push({ instance, name, reader, lapped: reader.lapped() });
  }

  remove(instance: number): void {
    const at = this.#sources.findIndex((source) => source.instance === instance);
    if (at >= 0) this.#sources.splice(at, 1);
  }

  /** Hands each new signal to `decide`, which must raise the highest ordinal. The object handed
   * over is used again for the next signal. Returns how many slots were read. */
  poll(decide: (signal: Signal) => void): number {
    let work = 0;
    for (let at = 0; at < this.#sources.length; at++) {
      const source = this.#sources[at] as Source;
      const count = source.reader.poll(this.#slots);
      if (count === 0) continue;
      work += count;
      for (let index = 0; index < count; index++) this.#take(source, index, decide);
      const lapped = source.reader.lapped();
      this.counts.lapped += lapped - source.lapped;
      source.lapped = lapped;
    }
    return work;
  }

  #take(source: Source, index: number, decide: (signal: Signal) => void): void {
    const signal = this.#signal;
    signal.read(this.#view, index * SignalSlot.sizeBytes);
    this.counts.signals += 1;
    if (signal.instance !== source.instance || !Number.isSafeInteger(signal.ordinal)) {
      this.counts.foreign += 1;
      return;
    }
    if (signal.ordinal <= this.#highest(signal.instance)) {
      this.counts.duplicates += 1;
      return;
    }
    decide(signal);
  }
}
