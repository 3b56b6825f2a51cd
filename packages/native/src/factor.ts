// Factor kernels over flat per-symbol state; one call runs a whole batch. engine/factor states the
// arithmetic, which is fixed to the bit.
// hot: no allocation after init

import { NdtsError, type TickBatch } from '@ndts/protocol';
import { addon, native, toNdtsError } from './addon.js';

export interface BollingerOptions {
  readonly period: number;
  /** Width in population standard deviations. */
  readonly width: number;
}

/** One row per tick of the batch that was given. Made by createBollingerColumns. */
export interface BollingerColumns {
  /** %B = (price - lower) / (upper - lower); NaN until `period` prices are there. */
  readonly value: Float64Array;
  readonly middle: Float64Array;
  readonly upper: Float64Array;
  readonly lower: Float64Array;
  /** +1 below the lower band, -1 above the upper band, else 0. Flat (width 0) is 0, %B 0.5. */
  readonly signal: Int32Array;
}

export interface Bollinger {
  /** NaN prices leave the window as it is and give NaN, signal 0. */
  update(batch: TickBatch, out: BollingerColumns): void;
  close(): void;
}

interface NativeBollinger {
  update(
    buffer: ArrayBuffer,
    capacity: number,
    count: number,
    columns: ArrayBuffer,
    columnsCapacity: number,
  ): void;
  close(): void;
}

const { Bollinger: NativeBollinger } = addon as {
  Bollinger: new (period: number, width: number) => NativeBollinger;
};

/** All columns in one buffer, each on its own 64-byte lines, as the binding expects them. */
class BlockColumns implements BollingerColumns {
  readonly capacity: number;
  readonly buffer: ArrayBuffer;
  readonly value: Float64Array;
  readonly middle: Float64Array;
  readonly upper: Float64Array;
  readonly lower: Float64Array;
  readonly signal: Int32Array;

  constructor(capacity: number) {
    const wide = Math.ceil((8 * capacity) / 64) * 64;
    const narrow = Math.ceil((4 * capacity) / 64) * 64;
    this.capacity = capacity;
    this.buffer = new ArrayBuffer(4 * wide + narrow);
    this.value = new Float64Array(this.buffer, 0, capacity);
    this.middle = new Float64Array(this.buffer, wide, capacity);
    this.upper = new Float64Array(this.buffer, 2 * wide, capacity);
    this.lower = new Float64Array(this.buffer, 3 * wide, capacity);
    this.signal = new Int32Array(this.buffer, 4 * wide, capacity);
  }
}

class AddonBollinger implements Bollinger {
  readonly #native: NativeBollinger;

  constructor(options: BollingerOptions) {
    this.#native = native(() => new NativeBollinger(options.period, options.width));
  }

  update(batch: TickBatch, out: BollingerColumns): void {
    if (!(out instanceof BlockColumns))
      throw new NdtsError('INVALID_ARGUMENT', 'expected columns of createBollingerColumns');
    try {
      this.#native.update(batch.buffer, batch.capacity, batch.count, out.buffer, out.capacity);
    } catch (error) {
      throw toNdtsError(error);
    }
  }

  close(): void {
    this.#native.close();
  }
}

export function createBollinger(options: BollingerOptions): Bollinger {
  return new AddonBollinger(options);
}

/** Done once, outside the hot path. */
export function createBollingerColumns(capacity: number): BollingerColumns {
  return new BlockColumns(capacity);
}

const { columnChecksum: nativeChecksum } = addon as {
  columnChecksum: (before: number, bytes: Uint8Array) => number;
};

/** CRC-32C of what a column holds, going on from an earlier one: checksum(checksum(0, a), b) is
 * that of a and b behind each other. Rows of batches are known by it, however they are cut. */
export function columnChecksum(before: number, column: ArrayBufferView): number {
  const { buffer, byteOffset, byteLength } = column;
  try {
    return nativeChecksum(before, new Uint8Array(buffer, byteOffset, byteLength));
  } catch (error) {
    throw toNdtsError(error);
  }
}

export {
  createFactorProgram,
  type FactorColumn,
  type FactorInput,
  type FactorNode,
  type FactorPort,
  type FactorProgram,
  type FactorReach,
  factorColumns,
} from './factor-program.js';
