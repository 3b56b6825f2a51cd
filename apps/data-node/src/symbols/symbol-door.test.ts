// Symbols on first sight: the policy of names, the limit, one registration a name, and what is told
// of those refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shardOf } from '@ndts/protocol';
import { createSilentLogger, loadConfig, Metrics } from '@ndts/runtime';
import type { SymbolEntry } from '@ndts/storage';
import { NamePolicy } from './name-policy.js';
import { pendingSymbol, refusedSymbol, SymbolDoor, type SymbolNames } from './symbol-door.js';

class Names implements SymbolNames {
  readonly entries = new Map<string, SymbolEntry>();
  readonly asked: string[] = [];
  failure: Error | undefined;

  all = (): SymbolEntry[] => [...this.entries.values()];
  byName = (name: string): SymbolEntry | undefined => this.entries.get(name);
  async ensure(names: readonly string[]): Promise<SymbolEntry[]> {
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
    this.asked.push(...names);
    return names.map((name) => {
      const entry = { id: this.entries.size + 1, name, shard: shardOf(name, 4) };
      this.entries.set(name, entry);
      return entry;
    });
  }
}

function open(countMax: number): { names: Names; door: SymbolDoor; registered: string[] } {
  const { symbols } = loadConfig({ args: {}, environment: {} });
  const names = new Names();
  const registered: string[] = [];
  const door = new SymbolDoor({
    ...{ names, countMax, logger: createSilentLogger(), metrics: new Metrics() },
    policy: new NamePolicy(symbols.characters, symbols.nameBytesMax),
    onRegistered: ({ name }) => registered.push(name),
  });
  return { names, door, registered };
}

test('a name is pending, then a symbol; it is registered once', async () => {
  const { names, door, registered } = open(10);
  assert.equal(door.idOf('BTC/USDT'), pendingSymbol);
  assert.equal(door.doWork(), 1);
  assert.equal(door.idOf('BTC/USDT'), pendingSymbol);
  assert.equal(door.doWork(), 0, 'it is under way');
  await door.settle();
  assert.equal(door.idOf('BTC/USDT'), 1);
  assert.deepEqual([names.asked, registered], [['BTC/USDT'], ['BTC/USDT']]);
  names.entries.set('old name', { id: 9, shard: 0, name: 'old name' });
  assert.equal(door.idOf('old name'), 9, 'what is a symbol is not judged again');
  assert.deepEqual(registered, ['BTC/USDT', 'old name']);
});

test('refused: by its characters, its length, and when there are too many', async () => {
  const { door } = open(2);
  assert.equal(door.idOf('a b'), refusedSymbol);
  assert.equal(door.idOf('a b'), refusedSymbol);
  assert.equal(door.idOf('é'), refusedSymbol);
  assert.equal(door.idOf('\u{1F600}'), refusedSymbol);
  assert.equal(door.idOf(''), refusedSymbol);
  assert.equal(door.idOf('x'.repeat(64)), pendingSymbol);
  assert.equal(door.idOf('x'.repeat(65)), refusedSymbol);
  assert.equal(door.idOf('TWO'), pendingSymbol);
  assert.equal(door.idOf('THREE'), refusedSymbol, 'those that wait count');
  door.doWork();
  await door.settle();
  for (let at = 0; at < 20; at += 1) assert.equal(door.idOf(`MORE${at}`), refusedSymbol);
  const refused = new Map(door.refused().map((one) => [one.reason, one]));
  assert.deepEqual(
    [refused.get('characters')!.count, refused.get('characters')!.names.length],
    [4, 3],
  );
  assert.deepEqual([refused.get('full')!.count, refused.get('full')!.names.length], [21, 10]);
  assert.equal(refused.get('full')!.names[0], 'THREE');
  assert.deepEqual([refused.get('long')!.count, refused.get('empty')!.count], [1, 1]);
});

test('a registry that fails is asked again by the next row', async () => {
  const { names, door } = open(10);
  names.failure = new Error('away');
  door.idOf('A');
  door.doWork();
  await door.settle();
  names.failure = undefined;
  assert.equal(door.idOf('A'), pendingSymbol);
  door.doWork();
  await door.settle();
  assert.equal(door.idOf('A'), 1);
});

test('many at once: ids once all are registered, 0 for those refused', async () => {
  const { names, door } = open(1500);
  const many = Array.from({ length: 1400 }, (_, at) => `S${at}`);
  const [ids, again] = await Promise.all([
    door.ensure(['a b', ...many, 'S0']),
    door.ensure(['S1399', 'LATE']),
  ]);
  assert.deepEqual([ids[0], ids[1], ids[1400], ids[1401]], [0, 1, 1400, 1]);
  assert.deepEqual([...again], [1400, 1401]);
  assert.equal(names.asked.length, 1401, 'each name once');
  assert.match(door.refusal('a b'), /characters/);
  names.failure = new Error('away');
  await assert.rejects(door.ensure(['NEW']), /away/);
});

test('a policy that makes no sense is refused', () => {
  assert.throws(() => new NamePolicy('z-a', 10), /z-a/);
  assert.throws(() => new NamePolicy('a b', 10), /code 32/);
  assert.equal(new NamePolicy('a-', 10).problem('a-a'), undefined);
});
