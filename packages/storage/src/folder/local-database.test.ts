// A data folder opened by a tool: what it registers and writes is there the next time.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTickBatch, NdtsError } from '@ndts/protocol';
import { createSilentLogger, loadConfig, SeededRandom, SystemClock } from '@ndts/runtime';
import { ensureSymbols, type LocalDatabase, openLocalDatabase } from './local-database.js';

function open(dir: string): Promise<LocalDatabase> {
  return openLocalDatabase({
    values: loadConfig({
      args: { dataDir: join(dir, 'data'), 'storage.memoryDir': dir },
      environment: {},
    }),
    clock: new SystemClock(),
    random: new SeededRandom(1),
    logger: createSilentLogger(),
    userId: 7,
  });
}

test('symbols, ticks and what was logged with them are there again', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-local-'));
  try {
    const first = await open(dir);
    const entries = await ensureSymbols(first.symbols, first.ticks, ['B', 'A', 'B']);
    assert.deepEqual(
      entries.map(({ name }) => name),
      ['B', 'A', 'B'],
    );
    assert.equal(entries[0]?.id, entries[2]?.id);
    const batch = createTickBatch(2);
    batch.count = 2;
    batch.day.fill(20_000);
    batch.symbol.set([entries[0]!.id, entries[1]!.id]);
    batch.price.set([1.5, 2.5]);
    first.ticks.appendTicks(batch, [{ key: 'import/a', value: Uint8Array.of(7) }]);
    await assert.rejects(
      open(dir),
      (error) => error instanceof NdtsError && error.code === 'LOCKED',
    );
    await first.close();

    const second = await open(dir);
    try {
      assert.deepEqual(second.symbols.byName('A'), entries[1]);
      assert.deepEqual(second.ticks.get('import/a'), Uint8Array.of(7));
      assert.equal(second.ticks.lastTicks(entries[1]!.id, batch), 1);
      assert.equal(batch.price[0], 2.5);
    } finally {
      await second.close();
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
