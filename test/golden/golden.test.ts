// Files written by every version so far are read with the same bits by this one: log, segments,
// manifest and key-value table. A change that breaks this breaks users' data.

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTickBatch } from '@ndts/protocol';
import { inspectFile } from '@ndts/storage';
import { allTicks, goldenBatch, openGolden } from './content.js';

const files = join(dirname(fileURLToPath(import.meta.url)), '../../golden');
const versions = readdirSync(files).filter((name) => /^v\d+$/.test(name));
const columns = [
  'day',
  'nsOfDay',
  'price',
  'volume',
  'bid',
  'ask',
  'bidVolume',
  'askVolume',
  'flags',
] as const;

assert.ok(versions.includes('v1'));

for (const version of versions) {
  test(`${version}: the database opens and holds what was written`, () => {
    const dir = mkdtempSync(join(tmpdir(), 'ndts-golden-'));
    try {
      cpSync(join(files, version), join(dir, 'database'), { recursive: true });
      mkdirSync(join(dir, 'staging'));
      const database = openGolden(join(dir, 'database'), join(dir, 'staging'));
      const text = (key: string): string | undefined => {
        const value = database.get(key);
        return value === undefined ? undefined : new TextDecoder().decode(value);
      };
      assert.deepEqual(['a', 'b', 'empty'].map(text), ['second', undefined, '']);
      assert.deepEqual(
        database.symbols().map((symbol) => symbol.name),
        ['GOLD', 'SILBER-ä'],
      );
      const expected = goldenBatch(0, allTicks);
      for (const symbol of [1, 2]) {
        const read = createTickBatch(2 * allTicks);
        assert.equal(database.readSequence(symbol - 1, 0, read), allTicks);
        for (let row = 0; row < allTicks; row += 1)
          for (const column of columns) {
            const was = expected[column][2 * row + symbol - 1];
            assert.ok(Object.is(read[column][row], was), `${column} of tick ${row}`);
          }
      }
      assert.equal(database.epoch(0), 2, 'this opening is the second epoch');
      database.close();
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test(`${version}: every file can be inspected`, () => {
    const all = readdirSync(join(files, version), { recursive: true, encoding: 'utf8' });
    const known = all.filter((name) => /MANIFEST|\.(log|segment|table)$/.test(name));
    assert.ok(known.length >= 4, `${known}`);
    for (const name of known) assert.ok(inspectFile(join(files, version, name)).length > 1, name);
  });
}
