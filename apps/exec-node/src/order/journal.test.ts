// The journal: keys without gaps, one write per flush, a failed write repeated, replay in pages.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyValueOperation } from '@ndts/protocol';
import { MemoryKeyValueStore } from '@ndts/runtime';
import { EventJournal } from './journal.js';

class FlakyStore extends MemoryKeyValueStore {
  broken = false;
  writes = 0;
  override write(operations: readonly KeyValueOperation[]): number {
    if (this.broken) throw new Error('no space');
    this.writes += 1;
    return super.write(operations);
  }
}

function event(number: number): Uint8Array {
  return Uint8Array.of(number & 0xff, number >> 8);
}

function replayed(store: MemoryKeyValueStore): { sequences: number[]; journal: EventJournal } {
  const sequences: number[] = [];
  const journal = new EventJournal(store);
  journal.replay(
    (sequence, value) => {
      assert.deepEqual(value, event(sequence));
      sequences.push(sequence);
    },
    () => assert.fail('there is no snapshot'),
  );
  return { sequences, journal };
}

test('a flush is one write; replay gives every event in order and goes on behind it', () => {
  const store = new FlakyStore();
  const journal = new EventJournal(store);
  for (let number = 1; number <= 9000; number++) {
    assert.equal(journal.append(event(number)), number);
    if (number % 4500 === 0) assert.equal(journal.flush(), 4500);
  }
  assert.equal(store.writes, 2);
  assert.equal(journal.flush(), 0);
  const again = replayed(store);
  assert.deepEqual(
    again.sequences,
    Array.from({ length: 9000 }, (_, index) => index + 1),
  );
  assert.equal(again.journal.nextSequence, 9001);
});

test('a write that fails is repeated with the same keys', () => {
  const store = new FlakyStore();
  const journal = new EventJournal(store);
  journal.append(event(1));
  store.broken = true;
  assert.throws(() => journal.flush(), /no space/);
  journal.append(event(2));
  assert.throws(() => journal.flush(), /no space/);
  assert.deepEqual(replayed(store).sequences, []);
  store.broken = false;
  assert.equal(journal.flush(), 2);
  assert.deepEqual(replayed(store).sequences, [1, 2]);
});

test('a trade id is known from the flush on, for its venue', () => {
  const store = new MemoryKeyValueStore();
  const journal = new EventJournal(store);
  journal.appendFill(event(1), 'paper', 'T1');
  assert.equal(journal.knowsTrade('paper', 'T1'), false);
  journal.flush();
  assert.equal(journal.knowsTrade('paper', 'T1'), true);
  assert.equal(journal.knowsTrade('other', 'T1'), false);
  assert.equal(journal.knowsTrade('paper', 'T2'), false);
});
