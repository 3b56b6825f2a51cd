// The queue against a plain list, by chance.

import { createTradeBatch, copyTradeRow } from '@ndts/protocol';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '@ndts/runtime';
import { RowQueue } from './row-queue.js';

test('a queue does what a list with a limit does, a connection at a time', (context) => {
  const given = process.env['NDTS_TEST_SEED'];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  context.diagnostic(`seed ${seed} (NDTS_TEST_SEED=${seed} runs it again)`);
  const random = new SeededRandom(seed);
  const capacity = 13;
  const queue = new RowQueue(createTradeBatch(capacity), copyTradeRow);
  let model: { symbol: number; price: number; connection: number }[] = [];
  for (let turn = 0; turn < 20_000; turn += 1) {
    const what = random.integer(20);
    if (what < 12) {
      if (random.integer(10) === 0) queue.connection += 1;
      const row = queue.claim();
      assert.equal(row < 0, model.length === capacity);
      if (row < 0) continue;
      const { connection } = queue;
      const entry = { symbol: random.integer(4), price: turn, connection };
      model.push(entry);
      queue.rows.symbol[row] = entry.symbol;
      queue.rows.price[row] = entry.price;
    } else if (what < 18) {
      const batch = createTradeBatch(1 + random.integer(5));
      const count = queue.take(batch);
      const other = model.findIndex(({ connection }) => connection !== model[0]?.connection);
      const most = Math.min(batch.capacity, other < 0 ? model.length : other);
      const expected = model.splice(0, most);
      assert.deepEqual(
        expected,
        Array.from({ length: count }, (_, row) => ({
          symbol: batch.symbol[row],
          price: batch.price[row],
          connection: queue.takenConnection,
        })),
      );
    } else if (what === 18) {
      const symbol = random.integer(4);
      const kept = model.filter((entry) => entry.symbol !== symbol);
      assert.equal(queue.drop(symbol), model.length - kept.length);
      model = kept;
    } else if (random.integer(10) === 0) {
      assert.equal(queue.clear(), model.length);
      model = [];
    }
    assert.equal(queue.count, model.length);
  }
});
