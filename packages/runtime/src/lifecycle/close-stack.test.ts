import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloseStack } from './close-stack.js';

test('closes in reverse order, one after the other, once', async () => {
  const order: string[] = [];
  const stack = new CloseStack();
  stack.defer('first', () => void order.push('first'));
  stack.defer('second', async () => {
    order.push('second begins');
    await new Promise((resolve) => setImmediate(resolve));
    order.push('second ends');
  });
  const closing = stack.closeAll(assert.fail);
  await Promise.all([closing, stack.closeAll(assert.fail)]);
  assert.deepEqual(order, ['second begins', 'second ends', 'first']);
  assert.throws(() => stack.defer('late', () => undefined), { code: 'CLOSED' });
});

test('goes on when something cannot be closed, and reports it', async () => {
  const closed: string[] = [];
  const failed: string[] = [];
  const stack = new CloseStack();
  stack.defer('a', () => void closed.push('a'));
  stack.defer('b', () => {
    throw new Error('b is stuck');
  });
  stack.defer('c', () => Promise.reject(new Error('c is stuck')));
  await stack.closeAll((name, error) => failed.push(`${name}: ${(error as Error).message}`));
  assert.deepEqual(failed, ['c: c is stuck', 'b: b is stuck']);
  assert.deepEqual(closed, ['a']);
});

test('what is opened while closing is closed too', async () => {
  const closed: string[] = [];
  const stack = new CloseStack();
  stack.defer('a', () => void closed.push('a'));
  stack.defer('b', () => {
    closed.push('b');
    stack.defer('late', () => void closed.push('late'));
  });
  await stack.closeAll(assert.fail);
  assert.deepEqual(closed, ['b', 'late', 'a']);
});
