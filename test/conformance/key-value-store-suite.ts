// What every KeyValueStore does, found by comparing it with a sorted map under random operations,
// restarts included. Always: the seed is printed.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KeyValueOperation, KeyValueRange, KeyValueStore, Random } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { type Within, within } from '../kit/harness.js';
import { testSeed } from '../kit/seed.js';

export interface KeyValueStoreHarness {
  readonly store: KeyValueStore;
  /** Closes the store and opens it again as a new process would. */
  reopen(): Promise<KeyValueStore>;
  close(): Promise<void>;
}

type Model = Map<string, Uint8Array>;

const steps = 600;
const prefixes = ['', 'a/', 'a/b', 'é/', 'z', 'none/'];
/** Names whose UTF-16 order differs from their byte order are among them. */
const names = ['', '0', '9', 'x', 'xx', 'é', '\uffee', '\u{10400}', 'long'.repeat(50)];

export function keyValueStoreSuite(
  name: string,
  makeHarness: () => Promise<KeyValueStoreHarness>,
): void {
  const withStore = within(makeHarness);
  describe(`KeyValueStore, model: ${name}`, () => modelTests(withStore));
  describe(`KeyValueStore, positions: ${name}`, () => positionTests(withStore));
}

function modelTests(withStore: Within<KeyValueStoreHarness>): void {
  it('does what a sorted map does, also after a restart', async (test) => {
    const random = new SeededRandom(testSeed(test));
    await withStore((harness) => compareWithModel(harness, random));
  });

  it('keeps its own copy of a value, and hands out one', () =>
    withStore(async ({ store }) => {
      const value = bytes('before');
      store.write([{ key: 'k', value }]);
      value[0] = 0;
      const found = store.get('k') as Uint8Array;
      assert.deepEqual(text(found), 'before');
      found[0] = 0;
      assert.deepEqual(text(store.get('k')), 'before');
    }));

  it('tells nothing from an empty value', () =>
    withStore(async ({ store }) => {
      store.write([{ key: 'empty', value: new Uint8Array(0) }]);
      assert.equal(store.get('empty')?.length, 0);
      assert.equal(store.get('missing'), undefined);
    }));
}

function positionTests(withStore: Within<KeyValueStoreHarness>): void {
  it('numbers writes upwards and tells which are durable', () =>
    withStore(async ({ store }) => {
      const first = store.write([{ key: 'a', value: bytes('1') }]);
      const second = store.write([{ key: 'b', value: bytes('2') }]);
      assert.ok(second > first, `${second} after ${first}`);
      await store.durable(first);
      assert.ok(store.durablePosition() >= first);
      await store.durable();
      assert.ok(store.durablePosition() >= second);
    }));

  it('numbers writes upwards across a restart', () =>
    withStore(async (harness) => {
      const before = harness.store.write([{ key: 'a', value: bytes('1') }]);
      await harness.store.durable(before);
      const store = await harness.reopen();
      const after = store.write([{ key: 'b', value: bytes('2') }]);
      assert.ok(after > before, `${after} after ${before}`);
      await store.durable(after);
      assert.deepEqual(text(store.get('a')), '1');
    }));

  it('applies a write in order: the last of a key counts', () =>
    withStore(async ({ store }) => {
      store.write([
        { key: 'k', value: bytes('1') },
        { key: 'k', value: undefined },
        { key: 'k', value: bytes('3') },
        { key: 'gone', value: bytes('x') },
        { key: 'gone', value: undefined },
      ]);
      assert.deepEqual(text(store.get('k')), '3');
      assert.equal(store.get('gone'), undefined);
      assert.deepEqual(
        store.scan({ prefix: '' }).map(({ key }) => key),
        ['k'],
      );
    }));
}

async function compareWithModel(harness: KeyValueStoreHarness, random: Random): Promise<void> {
  const model: Model = new Map();
  let store = harness.store;
  let durable = 0;
  for (let step = 0; step < steps; step++) {
    const choice = random.integer(100);
    if (choice < 45) {
      const operations = randomOperations(random);
      const position = store.write(operations);
      for (const { key, value } of operations) {
        if (value === undefined) model.delete(key);
        else model.set(key, value);
      }
      if (random.integer(10) === 0) await store.durable(position);
    } else if (choice < 65) {
      const key = randomKey(random);
      assert.deepEqual(plain(store.get(key)), plain(model.get(key)), `get ${key}, step ${step}`);
    } else if (choice < 98) {
      const range = randomRange(random);
      const found = store.scan(range).map(({ key, value }) => [key, plain(value)]);
      assert.deepEqual(found, scanModel(model, range), `${JSON.stringify(range)}, step ${step}`);
    } else {
      await store.durable();
      store = await harness.reopen();
    }
    assert.ok(store.durablePosition() >= durable, 'the durable position went back');
    durable = store.durablePosition();
  }
}

function scanModel(model: Model, range: KeyValueRange): unknown[] {
  const isAfterStart = (key: string): boolean => {
    if (range.from === undefined) return true;
    const order = Buffer.compare(bytes(key), bytes(range.from));
    if (order === 0) return range.exclusive !== true;
    return range.reverse === true ? order < 0 : order > 0;
  };
  const keys = [...model.keys()]
    .filter((key) => key.startsWith(range.prefix) && isAfterStart(key))
    .sort((left, right) => Buffer.compare(bytes(left), bytes(right)));
  if (range.reverse === true) keys.reverse();
  return keys.slice(0, range.limit).map((key) => [key, plain(model.get(key))]);
}

function randomKey(random: Random): string {
  const prefix = prefixes[random.integer(prefixes.length - 1)] as string;
  return `${prefix}${names[random.integer(names.length)]}` || 'k';
}

function randomOperations(random: Random): KeyValueOperation[] {
  return Array.from({ length: 1 + random.integer(6) }, () => ({
    key: randomKey(random),
    value: random.integer(3) === 0 ? undefined : randomValue(random),
  }));
}

function randomValue(random: Random): Uint8Array {
  const length = random.integer(20) === 0 ? random.integer(20_000) : random.integer(40);
  return Uint8Array.from({ length }, () => random.integer(256));
}

function randomRange(random: Random): KeyValueRange {
  const prefix = prefixes[random.integer(prefixes.length)] as string;
  const from = prefix + names[random.integer(names.length)];
  const start = [{}, { from }, { from, exclusive: true }][random.integer(3)];
  return {
    prefix,
    ...start,
    ...(random.integer(2) === 0 ? {} : { limit: 1 + random.integer(5) }),
    ...(random.integer(2) === 0 ? {} : { reverse: true }),
  };
}

function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function text(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : new TextDecoder().decode(value);
}

/** A Buffer and a Uint8Array of the same bytes are the same value. */
function plain(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value).toString('hex');
}
