// Who waits for a turn is served by one that knows what was wished for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from './turns.js';

test('a turn that waits takes the wishes of all who came before it began', async () => {
  const begun: string[][] = [];
  const ends: (() => void)[] = [];
  const turns = new Turns<string>(async (_name, wishes) => {
    begun.push([...wishes]);
    await new Promise<void>((resolve) => ends.push(resolve));
  });
  const all = ['plain', 'plain', 'asked', 'plain'].map((wish) => turns.next('m', wish));
  assert.deepEqual(begun, [['plain']]);
  ends[0]?.();
  await all[0];
  await new Promise(setImmediate);
  assert.deepEqual(begun, [['plain'], ['plain', 'asked']]);
  const after = turns.next('m', 'asked');
  ends[1]?.();
  await Promise.all(all);
  await new Promise(setImmediate);
  assert.deepEqual(begun.at(-1), ['asked'], 'one that came since has a turn of its own');
  ends[2]?.();
  await after;
});

test('a turn that failed holds up nobody', async () => {
  let count = 0;
  const turns = new Turns<string>(async () => {
    count += 1;
    if (count === 1) throw new Error('it went away');
  });
  const [first, second] = [turns.next('m', 'a'), turns.next('m', 'b')];
  await assert.rejects(first);
  await second;
  assert.equal(count, 2);
});

test('who comes right after a turn joins the one that waits', async () => {
  let working = 0;
  let most = 0;
  const turns = new Turns<string>(async () => {
    most = Math.max(most, ++working);
    await new Promise(setImmediate);
    working -= 1;
  });
  const first = turns.next('m', 'a').then(() => turns.next('m', 'c'));
  await Promise.all([first, turns.next('m', 'b')]);
  assert.equal(most, 1);
});
