// What every Objects store does: all or nothing, ranges, names in order.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Objects } from '@ndts/protocol';
import { rejectsWith } from '../kit/errors.js';
import { type Within, within } from '../kit/harness.js';

export interface ObjectsHarness {
  readonly objects: Objects;
  /** The same objects as a new process finds them. */
  reopen(): Promise<Objects>;
  close(): Promise<void>;
}

const badNames = [
  '',
  '/',
  'a/',
  '/a',
  'a//b',
  '.',
  '..',
  '../a',
  'a/../b',
  'a/./b',
  'a\\b',
  'a\0b',
];

export function objectsSuite(name: string, makeHarness: () => Promise<ObjectsHarness>): void {
  const withObjects = within(makeHarness);
  describe(`Objects, content: ${name}`, () => contentTests(withObjects));
  describe(`Objects, conditions: ${name}`, () => conditionTests(withObjects));
  describe(`Objects, names: ${name}`, () => nameTests(withObjects));
}

function contentTests(withObjects: Within<ObjectsHarness>): void {
  it('gives back what was put, across a restart', () =>
    withObjects(async (harness) => {
      const content = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);
      await harness.objects.put('backup/7/segment-1', content);
      await harness.objects.put('empty', new Uint8Array(0));
      const objects = await harness.reopen();
      assert.ok(Buffer.from(content).equals(await objects.get('backup/7/segment-1')));
      assert.equal((await objects.get('empty')).length, 0);
      assert.deepEqual(await objects.head('backup/7/segment-1'), {
        name: 'backup/7/segment-1',
        bytes: 100_000,
      });
    }));

  it('knows what is not there', () =>
    withObjects(async ({ objects }) => {
      await objects.put('folder/a', bytes('x'));
      assert.equal(await objects.head('none'), undefined);
      assert.equal(await objects.head('folder'), undefined);
      await rejectsWith('NOT_FOUND', objects.get('none'));
      await rejectsWith('NOT_FOUND', objects.get('folder'));
      assert.equal(await objects.delete('none'), false);
    }));
}

function conditionTests(withObjects: Within<ObjectsHarness>): void {
  it('replaces an object as a whole, unless it must be absent', () =>
    withObjects(async ({ objects }) => {
      await objects.put('a', bytes('first'), { ifAbsent: true });
      await rejectsWith('ALREADY_EXISTS', objects.put('a', bytes('second'), { ifAbsent: true }));
      assert.equal(text(await objects.get('a')), 'first');
      await objects.put('a', bytes('third'));
      assert.equal(text(await objects.get('a')), 'third');
    }));

  it('lets one of many win a name that must be absent', () =>
    withObjects(async ({ objects }) => {
      const puts = Array.from({ length: 8 }, (_, number) =>
        objects.put('race', bytes(`writer ${number}`), { ifAbsent: true }),
      );
      const results = await Promise.allSettled(puts);
      const winners = results.flatMap(({ status }, number) =>
        status === 'fulfilled' ? [number] : [],
      );
      assert.equal(winners.length, 1);
      assert.equal(text(await objects.get('race')), `writer ${winners[0]}`);
    }));

  it('reads ranges, cut at the end of the object', () =>
    withObjects(async ({ objects }) => {
      await objects.put('a', bytes('0123456789'));
      assert.equal(text(await objects.get('a', { offset: 2, length: 3 })), '234');
      assert.equal(text(await objects.get('a', { offset: 8, length: 10 })), '89');
      assert.equal(text(await objects.get('a', { offset: 10, length: 1 })), '');
      assert.equal(text(await objects.get('a', { offset: 0, length: 0 })), '');
      await rejectsWith('INVALID_ARGUMENT', objects.get('a', { offset: -1, length: 1 }));
    }));
}

function nameTests(withObjects: Within<ObjectsHarness>): void {
  it('lists by prefix, in byte order of the names', () =>
    withObjects(async ({ objects }) => {
      const names = ['b/2', 'a/é', 'a/z', 'a/b/c', 'ab', 'a/\u{10400}', 'a/\uffee', 'b/10'];
      for (const name of names) await objects.put(name, bytes(name));
      const listed = async (prefix: string) => (await objects.list(prefix)).map(({ name }) => name);
      assert.deepEqual(await listed('a/'), ['a/b/c', 'a/z', 'a/é', 'a/\uffee', 'a/\u{10400}']);
      assert.deepEqual(await listed('a/b'), ['a/b/c']);
      assert.deepEqual(await listed('b/1'), ['b/10']);
      assert.deepEqual(await listed('none/x'), []);
      assert.equal((await listed('')).length, names.length);
      assert.deepEqual(await objects.list('ab'), [{ name: 'ab', bytes: 2 }]);
    }));

  it('deletes', () =>
    withObjects(async ({ objects }) => {
      await objects.put('a/b', bytes('x'));
      assert.equal(await objects.delete('a/b'), true);
      assert.equal(await objects.delete('a/b'), false);
      await rejectsWith('NOT_FOUND', objects.get('a/b'));
      assert.deepEqual(await objects.list(''), []);
      await objects.put('a/b', bytes('y'), { ifAbsent: true });
    }));

  it('refuses names that are no plain path', () =>
    withObjects(async ({ objects }) => {
      for (const bad of badNames) {
        await rejectsWith('INVALID_ARGUMENT', objects.put(bad, bytes('x')));
        await rejectsWith('INVALID_ARGUMENT', objects.get(bad));
        await rejectsWith('INVALID_ARGUMENT', objects.delete(bad));
      }
      assert.deepEqual(await objects.list('../'), []);
    }));
}

function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function text(value: Uint8Array): string {
  return new TextDecoder().decode(value);
}
