// What every Log does: sequences, the fence of the expected sequence, de-duplication, consumers
// that resume.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Log } from '@ndts/protocol';
import { rejectsWith } from '../kit/errors.js';
import { type Within, within } from '../kit/harness.js';

export interface LogHarness {
  readonly log: Log;
  /** The same log as a new process finds it. */
  reopen(): Promise<Log>;
  close(): Promise<void>;
}

export function logSuite(name: string, makeHarness: () => Promise<LogHarness>): void {
  const withLog = within(makeHarness);
  describe(`Log, streams: ${name}`, () => streamTests(withLog));
  describe(`Log, writers: ${name}`, () => writerTests(withLog));
  describe(`Log, restart: ${name}`, () => restartTests(withLog));
  describe(`Log, consumers: ${name}`, () => consumerTests(withLog));
}

function streamTests(withLog: Within<LogHarness>): void {
  it('numbers the entries of each stream from 1', () =>
    withLog(async ({ log }) => {
      assert.equal(await log.last('orders'), undefined);
      assert.equal(await log.append('orders', 'order.new', bytes('a')), 1);
      assert.equal(await log.append('signals', 'signal', bytes('b')), 1);
      assert.equal(await log.append('orders', 'order.done', bytes('')), 2);
      const entries = await log.read('orders', 1, 10);
      assert.deepEqual(entries.map(plain), [
        [1, 'order.new', 'a'],
        [2, 'order.done', ''],
      ]);
      assert.deepEqual(plain(await log.last('orders')), [2, 'order.done', '']);
    }));

  it('keeps streams apart whatever their names are', () =>
    withLog(async ({ log }) => {
      await log.append('a', 's', bytes('1'));
      await log.append('ab', 's', bytes('2'));
      await log.append('a-b', 's', bytes('3'));
      assert.equal((await log.read('a', 1, 10)).length, 1);
      assert.equal((await log.last('ab'))?.sequence, 1);
    }));

  it('reads from a sequence on, at most so many, bytes as they were', () =>
    withLog(async ({ log }) => {
      const payload = Uint8Array.from({ length: 256 }, (_, index) => index);
      for (let number = 1; number <= 12; number++) await log.append('s', `n.${number}`, payload);
      const entries = await log.read('s', 9, 3);
      assert.deepEqual(
        entries.map(({ sequence }) => sequence),
        [9, 10, 11],
      );
      assert.deepEqual([...(entries[0]?.payload ?? [])], [...payload]);
      assert.deepEqual(await log.read('s', 13, 3), []);
      assert.deepEqual(await log.read('none', 1, 3), []);
    }));
}

function writerTests(withLog: Within<LogHarness>): void {
  it('fences a writer that expects another last sequence', () =>
    withLog(async ({ log }) => {
      assert.equal(await log.append('s', 'x', bytes('1'), { expectedLastSequence: 0 }), 1);
      await rejectsWith(
        'COMPARE_FAILED',
        log.append('s', 'x', bytes('2'), { expectedLastSequence: 0 }),
      );
      assert.equal((await log.last('s'))?.sequence, 1);
      const both = await Promise.allSettled([
        log.append('s', 'x', bytes('3'), { expectedLastSequence: 1 }),
        log.append('s', 'x', bytes('4'), { expectedLastSequence: 1 }),
      ]);
      assert.equal(both.filter(({ status }) => status === 'fulfilled').length, 1);
      assert.equal((await log.last('s'))?.sequence, 2);
    }));

  it('appends a message id once, also across a restart', () =>
    withLog(async (harness) => {
      const { log } = harness;
      await log.append('s', 'x', bytes('0'));
      assert.equal(await log.append('s', 'x', bytes('1'), { messageId: 'm/1' }), 2);
      assert.equal(await log.append('s', 'x', bytes('1'), { messageId: 'm/1' }), 2);
      assert.equal(await log.append('other', 'x', bytes('1'), { messageId: 'm/1' }), 1);
      const again = await harness.reopen();
      assert.equal(await again.append('s', 'x', bytes('1'), { messageId: 'm/1' }), 2);
      assert.equal((await again.read('s', 1, 10)).length, 2);
      // Its own entry is a success, even where the expected sequence is no longer the last.
      const options = { messageId: 'm/1', expectedLastSequence: 1 };
      assert.equal(await again.append('s', 'x', bytes('1'), options), 2);
    }));
}

function restartTests(withLog: Within<LogHarness>): void {
  it('keeps everything across a restart and goes on counting', () =>
    withLog(async (harness) => {
      for (let number = 1; number <= 5; number++) await harness.log.append('s', 'x', bytes('v'));
      const log = await harness.reopen();
      assert.equal(await log.append('s', 'x', bytes('w')), 6);
      assert.deepEqual(
        (await log.read('s', 1, 10)).map(({ sequence }) => sequence),
        [1, 2, 3, 4, 5, 6],
      );
    }));

  it('refuses everything after close; closing twice is allowed', () =>
    withLog(async ({ log }) => {
      await log.close();
      await log.close();
      await rejectsWith('CLOSED', log.append('s', 'x', bytes('1')));
      await rejectsWith('CLOSED', log.read('s', 1, 1));
    }));
}

function consumerTests(withLog: Within<LogHarness>): void {
  it('hands out what is not acknowledged, again until it is', () =>
    withLog(async ({ log }) => {
      const consumer = await log.consumer('s', 'reader');
      assert.deepEqual(await consumer.fetch(10), []);
      for (let number = 1; number <= 5; number++) await log.append('s', 'x', bytes('v'));
      assert.deepEqual(await sequences(consumer.fetch(2)), [1, 2]);
      assert.deepEqual(await sequences(consumer.fetch(2)), [1, 2]);
      await consumer.acknowledge(2);
      assert.equal(consumer.acknowledged(), 2);
      assert.deepEqual(await sequences(consumer.fetch(10)), [3, 4, 5]);
      await consumer.acknowledge(5);
      assert.deepEqual(await consumer.fetch(10), []);
    }));

  it('never goes back, and never beyond the end', () =>
    withLog(async ({ log }) => {
      for (let number = 1; number <= 3; number++) await log.append('s', 'x', bytes('v'));
      const consumer = await log.consumer('s', 'reader');
      await consumer.acknowledge(3);
      await consumer.acknowledge(1);
      assert.equal(consumer.acknowledged(), 3);
      await rejectsWith('INVALID_ARGUMENT', consumer.acknowledge(4));
    }));

  it('resumes behind its last acknowledged entry across a restart', () =>
    withLog(async (harness) => {
      for (let number = 1; number <= 4; number++) await harness.log.append('s', 'x', bytes('v'));
      const consumer = await harness.log.consumer('s', 'reader');
      await consumer.acknowledge(2);
      const log = await harness.reopen();
      const again = await log.consumer('s', 'reader');
      assert.equal(again.acknowledged(), 2);
      assert.deepEqual(await sequences(again.fetch(10)), [3, 4]);
      const other = await log.consumer('s', 'other');
      assert.deepEqual(await sequences(other.fetch(10)), [1, 2, 3, 4]);
      await other.close();
      await other.close();
      await rejectsWith('CLOSED', other.fetch(1));
    }));
}

type Entry = Awaited<ReturnType<Log['last']>>;

async function sequences(entries: ReturnType<Log['read']>): Promise<number[]> {
  return (await entries).map(({ sequence }) => sequence);
}

function plain(entry: Entry): unknown {
  return [entry?.sequence, entry?.subject, new TextDecoder().decode(entry?.payload)];
}

function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
