// Intake: every signal once, whatever the ring holds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '@ndts/runtime';
import { SignalTape } from '../exec-kit.js';
import { Intake } from './intake.js';

function setUp(): {
  intake: Intake;
  tape: SignalTape;
  taken: string[];
  poll: () => number;
  clock: VirtualClock;
} {
  const clock = new VirtualClock(1000);
  const highest = new Map<number, number>();
  const taken: string[] = [];
  const intake = new Intake((instance) => highest.get(instance) ?? -1);
  const tape = new SignalTape(clock, 4);
  intake.add(4, 'four', tape);
  const poll = (): number =>
    intake.poll((signal) => {
      highest.set(signal.instance, signal.ordinal);
      taken.push(`${signal.instance}-${signal.ordinal}`);
    });
  return { intake, tape, taken, poll, clock };
}

test('ordinals at or below the highest are dropped and counted', () => {
  const { intake, tape, taken, poll } = setUp();
  for (const ordinal of [0, 1, 1, 5, 4, 5, 6]) tape.push({ ordinal, symbol: 1, side: 1 });
  assert.equal(poll(), 7);
  assert.deepEqual(taken, ['4-0', '4-1', '4-5', '4-6']);
  assert.equal(intake.counts.duplicates, 3);
  assert.equal(intake.counts.signals, 7);
});

test('ordinals above 2^32 are exact; beyond 2^53 they are refused', () => {
  const { intake, tape, taken, poll } = setUp();
  tape.push({ ordinal: 3 * 2 ** 32 + 9, symbol: 1, side: 1 });
  tape.push({ ordinal: 2 ** 60, symbol: 1, side: 1 });
  poll();
  assert.deepEqual(taken, [`4-${3 * 2 ** 32 + 9}`]);
  assert.equal(intake.counts.foreign, 1);
});

test('a slot that names another instance is refused', () => {
  const { intake, tape, taken, poll } = setUp();
  tape.push({ ordinal: 1, symbol: 1, side: 1, instance: 5 });
  poll();
  assert.deepEqual(taken, []);
  assert.equal(intake.counts.foreign, 1);
});

test('rings come and go; a ring replaced is not read any more', () => {
  const { intake, tape, taken, poll, clock } = setUp();
  const next = new SignalTape(clock, 4);
  intake.add(4, 'four again', next);
  tape.push({ ordinal: 1, symbol: 1, side: 1 });
  next.push({ ordinal: 2, symbol: 1, side: 1 });
  poll();
  assert.deepEqual(taken, ['4-2']);
  intake.remove(4);
  next.push({ ordinal: 3, symbol: 1, side: 1 });
  assert.equal(poll(), 0);
});

test('what a strategy overwrote is counted', () => {
  const { intake, tape, poll } = setUp();
  tape.lost = 12;
  tape.push({ ordinal: 13, symbol: 1, side: 1 });
  poll();
  assert.equal(intake.counts.lapped, 12);
  poll();
  assert.equal(intake.counts.lapped, 12);
});

test('all fields of the slot arrive', () => {
  const { intake, tape, clock } = setUp();
  tape.push({ ordinal: 1, symbol: 9, side: -1, quantity: '2.5', limit: '101.25', validForMs: 50 });
  intake.poll((signal) => {
    assert.equal(signal.symbol, 9);
    assert.equal(signal.side, -1);
    assert.equal(signal.quantity, 250_000_000n);
    assert.equal(signal.limitPrice, 10_125_000_000n);
    assert.equal(signal.factorValue, -0.25);
    assert.deepEqual([signal.shard, signal.epoch, signal.sequence], [7, 3n, 10n]);
    assert.equal(signal.expired(clock.now()), false);
    clock.advance(50e6);
    assert.equal(signal.expired(clock.now()), false);
    clock.advance(1);
    assert.equal(signal.expired(clock.now()), true);
  });
});
