// Whatever is asked for and whatever comes meanwhile, each change of an order is told once, in the
// order of revisions.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NdtsError } from '@ndts/protocol';
import type { NumberedUpdate } from './host-protocol.js';
import { OrderFeed, type OrdersFound } from './order-feed.js';

function change(number: number): NumberedUpdate {
  const amounts = { quantity: 1n, filled: 0n, averagePrice: 0n };
  const of = { order: number, symbol: 1, side: 'buy', state: 'canceled', reason: '' } as const;
  return { number, update: { ...of, ...amounts } };
}

class Stage {
  readonly told: number[] = [];
  readonly asked: number[] = [];
  #answer: ((found: OrdersFound | Error) => void) | undefined;
  readonly feed = new OrderFeed({
    find: (after) => {
      this.asked.push(after);
      return new Promise((resolve, reject) => {
        this.#answer = (found) => (found instanceof Error ? reject(found) : resolve(found));
      });
    },
    tell: ({ number }) => this.told.push(number),
  });

  async answer(found: Error | readonly number[]): Promise<void> {
    const isList = Array.isArray(found);
    const updates = isList ? (found as readonly number[]).map(change) : [];
    this.#answer?.(isList ? { revision: 0, highest: -1, updates } : (found as Error));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('before it runs nothing is told; then what was missed, then what came meanwhile', async () => {
  const one = new Stage();
  one.feed.order(change(3));
  one.feed.open(2);
  one.feed.order(change(5));
  one.feed.order(change(6));
  assert.deepEqual(one.told, []);
  await one.answer([3, 5]);
  assert.deepEqual([one.told, one.asked], [[3, 5, 6], [2]]);
  one.feed.order(change(6));
  one.feed.order(change(8));
  assert.deepEqual(one.told, [3, 5, 6, 8]);
});

test('nobody answers: it is asked again, from where it is, and nothing is lost', async () => {
  const one = new Stage();
  one.feed.open(2);
  one.feed.order(change(4));
  await one.answer(new NdtsError('UNAVAILABLE', 'nobody'));
  one.feed.order(change(5));
  assert.deepEqual(one.told, [], 'what is told later must not overtake what is asked for');
  one.feed.ask();
  one.feed.ask();
  await one.answer([4, 5]);
  assert.deepEqual(
    [one.told, one.asked],
    [
      [4, 5],
      [2, 2],
    ],
  );
});

test('an answer after the end is told to nobody', async () => {
  const one = new Stage();
  one.feed.open(0);
  one.feed.close();
  await one.answer([1]);
  one.feed.order(change(2));
  assert.deepEqual(one.told, []);
});
