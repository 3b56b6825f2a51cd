// Whose an execution is that takes the place of an inferred one.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type FillInferred, parseMoney } from '@ndts/protocol';
import { createHarness, ledgerSnapshot, rebuild } from '../exec-kit.js';
import { PositionBooks } from './books.js';

test('told of an order that nobody remembers, it goes to the strategy that its id names', () => {
  const books = new PositionBooks();
  const time = { day: 20_000, nsOfDay: 0 };
  const quantity = parseMoney('2');
  const price = parseMoney('90');
  const inferred: FillInferred = {
    ...{ tradeId: 'i', venue: 'x', clientOrderId: '', account: 'main', instance: 0, symbol: 1 },
    ...{ side: 1, quantity, price, offset: 0, time, until: time, reason: '' },
  };
  books.execute({ ...inferred, fee: 0n }, inferred, 0);
  const told = { price: parseMoney('91'), fee: 1n, clientOrderId: '3-7-0' };
  books.replace(inferred, quantity, told, undefined);
  assert.equal(books.strategy(0)?.get(1)?.quantity, 0n);
  assert.equal(books.strategy(3)?.get(1)?.averagePrice, told.price);
  assert.equal(books.all.get(1)?.averagePrice, told.price);
  assert.equal(books.account('main')?.get(1)?.averagePrice, told.price);
});

test('a fill of an order nobody remembers counts for the account of the node', async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-books-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const harness = createHarness({
    ...{ dir, config: { 'exec.account': 'desk' } },
  });
  const { node, clock, journal } = harness;
  await node.start();
  harness.venue.onFill({
    ...{ venue: 'paper', tradeId: 'paper-9', clientOrderId: '3-7-0', symbol: 1, side: 1 },
    ...{ quantity: parseMoney('2'), price: parseMoney('90'), fee: 0n, time: clock.now() },
  });
  await harness.settle();
  const { books } = node.ledger;
  assert.deepEqual(
    [...books.accounts()].map(([name]) => name),
    ['desk'],
  );
  assert.equal(books.account('desk')?.get(1)?.quantity, parseMoney('2'));
  assert.equal(books.strategy(3)?.get(1)?.quantity, parseMoney('2'));
  assert.deepEqual(ledgerSnapshot(rebuild(journal)), ledgerSnapshot(node.ledger));
  await node.stop();
  assert.deepEqual(ledgerSnapshot(rebuild(journal)), ledgerSnapshot(node.ledger));
  assert.equal(rebuild(journal).controls.node.account, 'desk', 'from a snapshot, too');
});
