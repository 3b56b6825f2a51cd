import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { createTickBatch, type TickBatch } from '@ndts/protocol';
import { createFactorProgram, type FactorNode, factorColumns } from './factor-program.js';

function batchOf(prices: readonly number[], symbol = 1): TickBatch {
  const batch = createTickBatch(Math.max(1, prices.length));
  for (const [row, price] of prices.entries()) {
    batch.price[row] = price;
    batch.symbol[row] = symbol;
  }
  batch.count = prices.length;
  return batch;
}

/** sma(price, 2) - 1 */
const nodes: readonly FactorNode[] = [
  { kernel: 'sma', parameters: [2], inputs: [{ column: 'price' }] },
  { kernel: 'subtract', inputs: [{ node: 0 }, { number: 1 }] },
];

test('a program of two kernels', () => {
  const program = createFactorProgram(
    nodes,
    [
      { node: 1, port: 0 },
      { node: 0, port: 0 },
    ],
    8,
  );
  program.update(batchOf([1, 3, 5]));
  deepEqual([...program.outputs[0]!.subarray(0, 3)], [Number.NaN, 1, 3]);
  deepEqual([...program.outputs[1]!.subarray(0, 3)], [Number.NaN, 2, 4]);
  program.update(batchOf([7]));
  equal(program.outputs[0]![0], 5);
  deepEqual(program.warmUp, [2, 2]);
  program.close();
  program.close();
  throws(() => program.update(batchOf([1])), { code: 'CLOSED' });
});

test('every column of doubles is the one it is called by', () => {
  for (const name of factorColumns) {
    const batch = createTickBatch(2);
    batch.count = 2;
    batch[name].set([5, 7]);
    const add: FactorNode = { kernel: 'add', inputs: [{ column: name }, { number: 0 }] };
    const program = createFactorProgram([add], [{ node: 0, port: 0 }], 2);
    program.update(batch);
    deepEqual([...program.outputs[0]!], [5, 7], name);
  }
});

test('states go on elsewhere', () => {
  const first = createFactorProgram(nodes, [{ node: 1, port: 0 }], 8);
  first.update(batchOf([1, 3], 1));
  first.update(batchOf([10], 2));
  const symbols = Uint32Array.of(1, 2);
  const states = first.saveStates(symbols);
  const second = createFactorProgram(nodes, [{ node: 1, port: 0 }], 8);
  second.loadStates(symbols, states);
  second.update(batchOf([5], 1));
  equal(second.outputs[0]![0], 3);
  second.update(batchOf([20], 2));
  equal(second.outputs[0]![0], 14);
  equal(first.signature, second.signature);
  throws(() => second.loadStates(Uint32Array.of(1), states), { code: 'INVALID_ARGUMENT' });
});

test('misuse', () => {
  const wrong = { code: 'INVALID_ARGUMENT' };
  const sma: FactorNode = nodes[0]!;
  throws(() => createFactorProgram([{ ...sma, parameters: [0] }], [], 8), wrong);
  throws(() => createFactorProgram([{ ...sma, parameters: [1, 2, 3, 4] }], [], 8), wrong);
  throws(() => createFactorProgram([{ ...sma, inputs: [] }], [], 8), wrong);
  throws(() => createFactorProgram([{ ...sma, inputs: [{ node: 0 }] }], [], 8), wrong);
  throws(() => createFactorProgram([sma], [{ node: 0, port: 1 }], 8), wrong);
  const program = createFactorProgram([sma], [{ node: 0, port: 0 }], 2);
  throws(() => program.update(batchOf([1, 2, 3])), wrong);
  const batch = batchOf([1]);
  batch.symbol[0] = 2 ** 31;
  throws(() => program.update(batch), wrong);
  throws(() => program.saveStates(Uint32Array.of(2 ** 31)), wrong);
});
