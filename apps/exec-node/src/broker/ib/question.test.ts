// A question whose answer has an end: whose end it is, and what becomes of late ones.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nsPerMs } from '@ndts/protocol';
import { VirtualClock } from '@ndts/runtime';
import { Question } from './question.js';

const limitMs = 100;

function setUp(): { question: Question; clock: VirtualClock; counts: { stuck: number } } {
  const clock = new VirtualClock(0);
  const counts = { stuck: 0 };
  const question: Question = new Question('orders', clock, limitMs, {
    ask: () => question.sent(),
    stuck: () => {
      counts.stuck += 1;
    },
  });
  return { question, clock, counts };
}

test('the late end of a question nobody waits for is not the end of the next one', async () => {
  const { question, clock, counts } = setUp();
  const first = assert.rejects(question.answer(), /did not answer about orders/);
  clock.advance(limitMs * nsPerMs);
  await first;
  let isAnswered = false;
  const second = question.answer().then(() => {
    isAnswered = true;
  });
  question.end();
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(isAnswered, false);
  question.end();
  await second;
  const third = question.answer();
  question.end();
  await third;
  assert.equal(counts.stuck, 0);
});

test('two in a row without an answer are told; the next connection owes nothing', async () => {
  const { question, clock, counts } = setUp();
  for (const stuck of [0, 1]) {
    const asked = assert.rejects(question.answer(), /did not answer/);
    clock.advance(limitMs * nsPerMs);
    await asked;
    assert.equal(counts.stuck, stuck);
  }
  question.drop('gone');
  const next = question.answer();
  question.end();
  await next;
});
