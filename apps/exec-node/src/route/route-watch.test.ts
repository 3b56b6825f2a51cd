// A node with two venues: orders move to the backup when the primary fails three times or is away,
// and come back; what the node tells of it, journals, and still counts right.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeOperatorAction,
  type ExecStatus,
  MessageKind,
  messageKind,
  moneyText,
  type OperatorAction,
  subjects,
} from '@ndts/protocol';
import { type Harness, ledgerSnapshot, rebuild } from '../exec-kit.js';
import { started } from './pair-kit.js';

/** What the router did, as the journal has it. */
function actions({ journal }: Harness): string[] {
  const found: OperatorAction[] = [];
  for (const { value } of journal.scan({ prefix: 'exec/event/' }))
    if (messageKind(value) === MessageKind.OperatorAction) found.push(decodeOperatorAction(value));
  const router = found.filter(({ action }) => action === 'route');
  return router.map(({ actor, why }) => `${actor}: ${why}`);
}

test('orders move to the backup after failures and come back', async (context) => {
  const { harness, primary, backup, send, breaker } = await started(context);
  const told: ExecStatus[] = [];
  harness.bus.subscribe(subjects.execStatus, ({ payload }) => told.push(payload as ExecStatus));
  assert.equal(await send(), 'filled');
  primary.isFailing = true;
  for (const before of ['closed', 'closed', 'closed', 'open']) {
    assert.equal(await breaker(), before);
    assert.equal(await send(), 'filled', 'none of it is the order’s fault');
  }
  assert.deepEqual(primary.sent, ['1-1-0', '1-2-0', '1-3-0', '1-4-0']);
  assert.deepEqual(backup.sent, ['1-2-0', '1-3-0', '1-4-0', '1-5-0']);
  harness.clock.advance(250e6);
  await harness.settle();
  assert.deepEqual(told.at(-1)?.route, {
    ...{ primary: 'first', backup: 'second', primaryUp: true, backupUp: true },
    ...{ primaryReconciled: true, backupReconciled: true },
    ...{ breaker: 'open', why: 'engine is down' },
  });
  assert.match(await harness.metrics.text(), /ndts_exec_breaker_open 1/);
  primary.isFailing = false;
  harness.clock.advance(5e9);
  assert.equal(await send(), 'filled', 'the probe');
  assert.equal(await breaker(), 'closed');
  assert.equal(primary.sent.at(-1), '1-6-0');
  assert.deepEqual(actions(harness), [
    'router: first failed: engine is down',
    'router: first answers again',
  ]);
  const text = await harness.metrics.text();
  assert.match(text, /ndts_exec_breaker_open 0/);
  assert.match(text, /ndts_exec_breaker_changes_total\{to="open"\} 1/);
  const { ledger } = harness.node;
  assert.equal(moneyText(ledger.positions.get(1)?.quantity ?? 0n), '6');
  assert.deepEqual(
    (await harness.node.reconcile({ actor: 'anna', why: 'a test' })).differences,
    [],
    'the two venues together hold the same',
  );
  assert.deepEqual(ledgerSnapshot(rebuild(harness.journal)), ledgerSnapshot(ledger));
});

test('a primary that is away, and what only it trades', async (context) => {
  const { harness, primary, backup, send, breaker } = await started(context);
  assert.equal(await send(9), 'filled');
  primary.setOutage(true);
  await harness.settle();
  assert.equal(await send(9), 'denied BROKER_UNAVAILABLE');
  for (let round = 0; round < 3; round++) assert.equal(await send(), 'filled');
  assert.equal(await breaker(), 'open');
  assert.deepEqual([primary.sent.length, backup.sent.length], [1, 3]);
  primary.setOutage(false);
  await harness.settle();
  harness.clock.advance(1e9);
  const isBack = (): boolean => harness.node.riskView().route?.primaryReconciled === true;
  for (let round = 0; !isBack() && round < 100; round++) await harness.settle();
  assert.ok(isBack(), 'it was asked');
  assert.equal(await send(9), 'denied UNMAPPED', 'it is not yet time to try');
  assert.equal(await send(9, -1), 'filled', 'what reduces may always try');
  assert.equal(await breaker(), 'closed', 'and that was the probe');
  assert.equal(await send(9), 'filled');
  assert.equal(harness.node.ledger.tradingState, 'ACTIVE');
});

test('what only the primary trades tries the way back when it is time', async (context) => {
  const { harness, primary, send, breaker } = await started(context);
  primary.isFailing = true;
  for (let round = 0; round < 3; round++) await send();
  primary.isFailing = false;
  assert.equal(await send(9), 'denied UNMAPPED');
  harness.clock.advance(5e9);
  assert.equal(await send(9), 'filled');
  assert.equal(await breaker(), 'closed');
});

test('a breaker that was open is open after a restart, also from a snapshot', async (context) => {
  for (const isClean of [false, true]) {
    const first = await started(context);
    await first.send();
    first.primary.isFailing = true;
    for (let round = 0; round < 3; round++) await first.send();
    assert.equal(await first.breaker(), 'open');
    if (isClean) await first.harness.node.stop();
    const again = await started(context, first);
    assert.equal(await again.breaker(), 'open');
    assert.equal(again.harness.node.riskView().route?.why, 'engine is down');
    assert.equal(await again.send(), 'filled');
    assert.deepEqual([again.primary.sent, again.backup.sent.length], [[], 1]);
    const told = actions(again.harness).length;
    again.harness.clock.advance(5e9);
    assert.equal(await again.send(), 'filled', 'the probe');
    assert.equal(await again.breaker(), 'closed');
    assert.equal(actions(again.harness).length, told + 1, 'what was told is not told again');
    const third = await started(context, again);
    assert.equal(await third.breaker(), 'closed');
  }
});
