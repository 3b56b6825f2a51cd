// Two venues of which one can't be asked: orders go by the other one, nothing goes to one that was
// not compared, and what may be there stays open until it was asked.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ExecStatus, OrderStateNames, subjects } from '@ndts/protocol';
import { ledgerSnapshot, rebuild } from '../exec-kit.js';
import { type Desk, started } from './pair-kit.js';

function stateOf({ harness }: Desk, id: string): string | undefined {
  return OrderStateNames[harness.node.ledger.orders.get(id)?.state ?? 0];
}

async function seconds({ harness }: Desk, count: number): Promise<void> {
  for (let turn = 0; turn < count * 4; turn++) {
    harness.clock.advance(250e6);
    await harness.settle();
    for (let more = 0; more < 10; more++) await Promise.resolve();
  }
}

test('a start while the backup is away: orders go to the primary alone', async (context) => {
  const desk = await started(context, undefined, (_, second) => second.setOutage(true));
  const { harness, primary, backup, send } = desk;
  assert.equal(await send(), 'filled');
  assert.equal(await send(8), 'denied BROKER_UNAVAILABLE', 'a rule sends it to the backup');
  const [line = '', ...more] = harness.node.riskView().differences;
  assert.match(line, /^second is not reconciled, it is not reachable: no order goes there/);
  assert.deepEqual(more, []);
  assert.equal(harness.node.riskView().route?.backupReconciled, false);
  assert.match(await harness.metrics.text(), /ndts_exec_broker_reconciled\{broker="second"\} 0/);
  backup.setOutage(false);
  await seconds(desk, 2);
  assert.deepEqual(harness.node.riskView().differences, []);
  assert.equal(await send(8), 'filled');
  assert.deepEqual([primary.sent, backup.sent], [['1-1-0'], ['1-3-0']]);
  assert.match(await harness.metrics.text(), /ndts_exec_broker_reconciled\{broker="second"\} 1/);
});

test('a start while nobody answers at the primary, which does later', async (context) => {
  const desk = await started(context, undefined, (first) => {
    first.isClosed = true;
    first.setOutage(true);
  });
  const { primary, backup, send } = desk;
  assert.equal(await send(9), 'denied BROKER_UNAVAILABLE', 'only the primary trades it');
  assert.equal(await send(), 'filled');
  assert.deepEqual([primary.sent, backup.sent], [[], ['1-2-0']]);
  primary.isClosed = false;
  primary.setOutage(false);
  await seconds(desk, 3);
  assert.equal(await send(9), 'filled');
});

test('what may be at the one that is away stays unknown, and is sent once', async (context) => {
  const before = await started(context);
  before.harness.signals.push({ ordinal: 1, symbol: 1, side: 1, limit: '99' });
  before.primary.isSilent = true;
  await before.harness.settle();
  assert.deepEqual(before.primary.sent, ['1-1-0']);
  const again = await started(context, before, (one) => one.setOutage(true));
  assert.equal(stateOf(again, '1-1-0'), 'unknown');
  await seconds(again, 5);
  assert.equal(stateOf(again, '1-1-0'), 'unknown');
  assert.deepEqual([again.primary.sent, again.backup.sent], [[], []]);
  assert.equal(again.harness.node.ledger.tradingState, 'ACTIVE');
  const settle = { clientOrderId: '1-1-0', actor: 'anna', why: 'a test' };
  await assert.rejects(
    again.harness.bus.request(subjects.execSettle, settle),
    /first cannot be asked/,
  );
  again.primary.setOutage(false);
  await seconds(again, 3);
  const { ledger } = again.harness.node;
  assert.equal(ledger.orders.unknownCount, 0);
  assert.notEqual(stateOf(again, '1-1-0'), 'unknown');
  assert.deepEqual([again.primary.sent, again.backup.sent], [[], []]);
  assert.deepEqual(ledgerSnapshot(rebuild(again.harness.journal)), ledgerSnapshot(ledger));
});

test('one that is back is compared before orders go there; the other goes on', async (context) => {
  const desk = await started(context);
  const { harness, primary, backup, send } = desk;
  const told: ExecStatus[] = [];
  harness.bus.subscribe(subjects.execStatus, ({ payload }) => told.push(payload as ExecStatus));
  primary.setOutage(true);
  await seconds(desk, 1);
  let release = (): void => undefined;
  primary.hold = new Promise((resolve) => {
    release = resolve;
  });
  primary.setOutage(false);
  await seconds(desk, 2);
  assert.equal(await send(), 'filled');
  assert.deepEqual([primary.sent, backup.sent], [[], ['1-1-0']]);
  assert.equal(await send(9), 'denied BROKER_UNAVAILABLE');
  assert.match(
    harness.node.riskView().differences[0] ?? '',
    /^first is not reconciled, it is being asked/,
  );
  assert.equal(told.at(-1)?.route?.primaryReconciled, false);
  primary.hold = undefined;
  release();
  await seconds(desk, 2);
  assert.equal(await send(9), 'filled');
  assert.deepEqual(primary.sent, ['1-3-0']);
  assert.deepEqual(harness.node.riskView().differences, []);
});

test('a position at the one that is away is no difference until it is back', async (context) => {
  const first = await started(context);
  assert.equal(await first.send(), 'filled');
  const again = await started(context, first, (one) => one.setOutage(true));
  assert.equal(again.harness.node.ledger.tradingState, 'ACTIVE');
  again.primary.queryPositions = async () => [];
  again.primary.setOutage(false);
  await seconds(again, 10);
  assert.equal(again.harness.node.ledger.tradingState, 'HALTED');
  assert.match(again.harness.node.ledger.tradingReason, /position of S1: journal 1, venue 0/);
});
