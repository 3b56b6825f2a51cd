// Factor programs: kernels composed over columns of a batch, run natively in one call. What each
// kernel computes stands in engine/factor, fixed to the bit; state is kept for each symbol and can
// be taken out and put back.
// hot: no allocation after init

import { FactorKernel, type FactorKernelName, NdtsError, type TickBatch } from '@ndts/protocol';
import { addon, native, toNdtsError } from './addon.js';

/** Columns of doubles of a batch, in the order of the batch. */
const columnNames = [
  'day',
  'nsOfDay',
  'sequence',
  'price',
  'volume',
  'bid',
  'ask',
  'bidVolume',
  'askVolume',
] as const satisfies readonly (keyof TickBatch)[];

export type FactorColumn = (typeof columnNames)[number];
export const factorColumns: readonly FactorColumn[] = columnNames;

export type FactorInput =
  | { readonly number: number }
  | { readonly column: FactorColumn }
  /** Output `port` (default 0) of an earlier node, by its place. */
  | { readonly node: number; readonly port?: number };

export interface FactorNode {
  readonly kernel: FactorKernelName;
  readonly parameters?: readonly number[];
  readonly inputs: readonly FactorInput[];
}

export interface FactorPort {
  readonly node: number;
  readonly port: number;
}

/** Rows, nanoseconds, rows ... rows. */
export type FactorReach = readonly number[];

export interface FactorProgram {
  /** Filled by update(), a value for each row; NaN where there is nothing to say. */
  readonly outputs: readonly Float64Array[];
  /** Rows of a symbol before each output has its first value. */
  readonly warmUp: readonly number[];
  /** How far back each output looks from its row, itself counted: so many rows, so many nanoseconds
   * before the first of these, so many rows before the first of those, and so on. */
  readonly reach: readonly FactorReach[];
  /** Tells programs apart whose states are not for each other. */
  readonly signature: string;
  readonly stateBytes: number;
  update(batch: TickBatch): void;
  /** One state after the other, each stateBytes long; all zero for a symbol never seen. */
  saveStates(symbols: Uint32Array): ArrayBuffer;
  loadStates(symbols: Uint32Array, states: ArrayBuffer): void;
  close(): void;
}

interface NativeFactorProgram {
  update(
    buffer: ArrayBuffer,
    capacity: number,
    count: number,
    outputs: ArrayBuffer,
    outputCapacity: number,
  ): void;
  about(): { signature: string; stateBytes: number; warmUp: number[]; reach: number[][] };
  save(symbols: Uint32Array, states: ArrayBuffer): void;
  load(symbols: Uint32Array, states: ArrayBuffer): void;
  close(): void;
}

const { FactorProgram: NativeFactorProgram } = addon as {
  FactorProgram: new (nodes: Float64Array, wanted: Float64Array) => NativeFactorProgram;
};

const parameterCount = 3;
const sources = { number: 1, column: 2, node: 3 } as const;

function inputNumbers(input: FactorInput): readonly [number, number, number, number] {
  if ('number' in input) return [sources.number, 0, 0, input.number];
  if ('column' in input) return [sources.column, columnNames.indexOf(input.column), 0, 0];
  return [sources.node, input.node, input.port ?? 0, 0];
}

function nodeNumbers(node: FactorNode): number[] {
  const given = node.parameters ?? [];
  if (given.length > parameterCount)
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `expected at most ${parameterCount} parameters of ${node.kernel}, found ${given.length}`,
    );
  const parameters = Array.from({ length: parameterCount }, (_, at) => given[at] ?? 0);
  const inputs = node.inputs.flatMap(inputNumbers);
  return [FactorKernel[node.kernel], ...parameters, node.inputs.length, ...inputs];
}

class AddonFactorProgram implements FactorProgram {
  readonly outputs: readonly Float64Array[];
  readonly warmUp: readonly number[];
  readonly reach: readonly FactorReach[];
  readonly signature: string;
  readonly stateBytes: number;
  readonly #native: NativeFactorProgram;
  readonly #buffer: ArrayBuffer;
  readonly #capacity: number;

  constructor(nodes: readonly FactorNode[], wanted: readonly FactorPort[], capacity: number) {
    const description = Float64Array.from(nodes.flatMap(nodeNumbers));
    const ports = Float64Array.from(wanted.flatMap(({ node, port }) => [node, port]));
    this.#native = native(() => new NativeFactorProgram(description, ports));
    const { signature, stateBytes, warmUp, reach } = native(() => this.#native.about());
    this.signature = signature;
    this.stateBytes = stateBytes;
    this.warmUp = warmUp;
    this.reach = reach;
    this.#capacity = capacity;
    this.#buffer = new ArrayBuffer(8 * capacity * wanted.length);
    this.outputs = wanted.map(
      (_, at) => new Float64Array(this.#buffer, 8 * capacity * at, capacity),
    );
  }

  update(batch: TickBatch): void {
    try {
      this.#native.update(batch.buffer, batch.capacity, batch.count, this.#buffer, this.#capacity);
    } catch (error) {
      throw toNdtsError(error);
    }
  }

  saveStates(symbols: Uint32Array): ArrayBuffer {
    const states = new ArrayBuffer(symbols.length * this.stateBytes);
    native(() => this.#native.save(symbols, states));
    return states;
  }

  loadStates(symbols: Uint32Array, states: ArrayBuffer): void {
    if (states.byteLength !== symbols.length * this.stateBytes)
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `expected ${symbols.length * this.stateBytes} bytes of state, found ${states.byteLength}`,
      );
    native(() => this.#native.load(symbols, states));
  }

  close(): void {
    this.#native.close();
  }
}

/** `wanted`: what update() hands out; `capacity`: rows of a batch at most. */
export function createFactorProgram(
  nodes: readonly FactorNode[],
  wanted: readonly FactorPort[],
  capacity: number,
): FactorProgram {
  return new AddonFactorProgram(nodes, wanted, capacity);
}
