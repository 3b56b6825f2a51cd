// The loss of the day of the account: what is lost since its day began, by positions of before,
// too, and by executions that are told late; over restarts.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addNs, type KeyValueStore, type RiskView, subjects } from '@ndts/protocol';
import { VirtualClock } from '@ndts/runtime';
import {
  createHarness,
  during,
  type Harness,
  ledgerSnapshot,
  pass,
  rebuild,
  testDay,
  timeMsOfTestDay,
} from '../exec-kit.js';

const who = { actor: 'anna', why: 'a test' };

interface Desk {
  readonly dir: string;
  readonly clock: VirtualClock;
  readonly journal?: KeyValueStore;
}

/** One hour before the day begins, which is that of Athens. */
function deskOf(context: TestContext): Desk {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-day-loss-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  return { dir, clock: new VirtualClock(timeMsOfTestDay()) };
}

const athens = { 'risk.dayStart': '05:00', 'risk.dayZone': 'Europe/Athens' };

async function started(desk: Desk, price: number, day = athens): Promise<Harness> {
  const harness = createHarness({
    ...desk,
    config: {
      ...{ 'risk.maxDailyLoss': '50', 'risk.staleMs': '86400000', 'exec.paperFeeBps': '0' },
      ...day,
    },
    lastTicks: [{ symbol: 1, price, time: desk.clock.now() }],
  });
  await during(harness, harness.node.start());
  return harness;
}

async function priced(harness: Harness, price: number): Promise<void> {
  harness.ticks.push({ symbol: 1, price, bid: price, ask: price });
  await harness.settle();
}

/** The day begins, and the node sees it. */
async function nextDay(harness: Harness): Promise<void> {
  await pass(harness, 3_600_000);
  await harness.settle();
}

async function buy(harness: Harness, ordinal: number, quantity: string): Promise<string> {
  harness.signals.push({ ordinal, symbol: 1, side: 1, quantity });
  await harness.settle();
  const [order] = harness.node.ledger.orders.list(1, 1);
  return order?.reason ?? '';
}

function lossOf({ node, journal }: Harness): string {
  assert.deepEqual(ledgerSnapshot(rebuild(journal)), ledgerSnapshot(node.ledger));
  return node.riskView().dayLoss;
}

test('what was lost before does not count; what positions lose today does', async (context) => {
  const desk = deskOf(context);
  const harness = await started(desk, 100);
  await priced(harness, 100);
  assert.equal(await buy(harness, 1, '10'), '');
  await priced(harness, 95);
  assert.equal(lossOf(harness), '50');
  assert.equal(await buy(harness, 2, '1'), 'DAILY_LOSS_LIMIT');
  await nextDay(harness);
  assert.equal(lossOf(harness), '0');
  assert.equal(await buy(harness, 3, '1'), '');
  await priced(harness, 93);
  // Eleven that are worth 2 less each.
  assert.equal(lossOf(harness), '22');
  const again = await started({ ...desk, journal: harness.journal }, 93);
  assert.equal(lossOf(again), '22');
  await again.node.stop();
  const third = await started({ ...desk, journal: harness.journal }, 90);
  assert.equal(lossOf(third), '55', 'behind a snapshot of the journal');
  await priced(third, 90);
  assert.equal(await buy(third, 4, '1'), 'DAILY_LOSS_LIMIT');
});

test('a day that began while the node was away begins with the last prices', async (context) => {
  const desk = deskOf(context);
  const harness = await started(desk, 100);
  await priced(harness, 100);
  await buy(harness, 1, '10');
  desk.clock.advance(3_600_000 * 1e6);
  const again = await started({ ...desk, journal: harness.journal }, 90);
  assert.equal(lossOf(again), '0');
  await priced(again, 88);
  assert.equal(lossOf(again), '20');
});

test('an execution of before that is told today counts today', async (context) => {
  const harness = await started(deskOf(context), 100);
  await priced(harness, 100);
  harness.broker.setBehaviour({ loseAnswersPerMillion: 1_000_000 });
  await buy(harness, 1, '10');
  harness.broker.setBehaviour({ loseAnswersPerMillion: 0 });
  await priced(harness, 94);
  assert.equal(lossOf(harness), '0');
  await nextDay(harness);
  await during(harness, harness.node.reconcile(who));
  await harness.settle();
  assert.equal(lossOf(harness), '60');
  assert.equal(await buy(harness, 2, '1'), 'DAILY_LOSS_LIMIT');
});

test('what is lost after a day began while the venue was away is of that day', async (context) => {
  const harness = await started(deskOf(context), 100);
  await priced(harness, 100);
  await buy(harness, 1, '10');
  harness.broker.setOutage(true);
  await nextDay(harness);
  await priced(harness, 94);
  harness.broker.setOutage(false);
  for (let turn = 0; turn < 400; turn++) await pass(harness, 5);
  await priced(harness, 94);
  assert.equal(lossOf(harness), '60');
  assert.equal(await buy(harness, 2, '1'), 'DAILY_LOSS_LIMIT');
});

test('no day is longer than one when it begins at another time from now on', async (context) => {
  const desk = deskOf(context);
  const harness = await started(desk, 100, { 'risk.dayStart': '00:00', 'risk.dayZone': 'UTC' });
  await priced(harness, 100);
  await buy(harness, 1, '10');
  await priced(harness, 97);
  assert.equal(lossOf(harness), '30');
  const again = await started({ ...desk, journal: harness.journal }, 97);
  assert.equal(lossOf(again), '30', 'it has not come to that time');
  await nextDay(again);
  assert.equal(lossOf(again), '0');
  await priced(again, 96);
  const third = await started({ ...desk, journal: harness.journal }, 96);
  assert.equal(lossOf(third), '10', 'and it begins once');
});

test('a day that a wrong clock began is set right by a person', async (context) => {
  const desk = deskOf(context);
  const wall = new VirtualClock(timeMsOfTestDay());
  let ahead = 0;
  desk.clock.now = () => addNs(wall.now(), ahead + desk.clock.monotonicNs());
  const days = 86_400e9;
  const harness = await started(desk, 100);
  const { node, bus, journal, metrics } = harness;
  const correct = (): Promise<unknown> => bus.request(subjects.execDay, who);
  await assert.rejects(correct(), /the day of the account is not ahead of the clock/);
  ahead = 9 * days;
  await priced(harness, 100);
  await pass(harness, 1000);
  // A person who believes it.
  await correct();
  harness.signals.push({ ordinal: 1, symbol: 1, side: 1 });
  await pass(harness, 1000);
  await harness.settle();
  const wrong = node.ledger.riskDay;
  assert.match(await metrics.text(), /ndts_exec_clock_jumps_total 1/);
  ahead = 0;
  await pass(harness, 1000);
  await priced(harness, 70);
  assert.equal(node.ledger.riskDay, wrong);
  assert.match(node.riskView().dayAhead ?? '', /^the day of the account began at 2024-10-13T/);
  assert.match(await metrics.text(), /ndts_exec_day_ahead 1/);
  const view = (await bus.request(subjects.execDay, who)) as RiskView;
  assert.deepEqual([view.dayAhead, view.dayLoss], [undefined, '30'], 'no new limit by it');
  assert.deepEqual(ledgerSnapshot(rebuild(journal)), ledgerSnapshot(node.ledger));
  await nextDay(harness);
  assert.equal(node.ledger.riskDay?.day, testDay, 'the next one begins at its time');
  assert.equal(node.riskView().dayLoss, '0');
});

test('a clock that jumps ahead begins no day until a person confirms it', async (context) => {
  const desk = deskOf(context);
  const wall = new VirtualClock(timeMsOfTestDay());
  let ahead = 0;
  desk.clock.now = () => addNs(wall.now(), ahead + desk.clock.monotonicNs());
  const harness = await started(desk, 100);
  const { node, bus, metrics } = harness;
  await priced(harness, 100);
  await buy(harness, 1, '10');
  await priced(harness, 94);
  ahead = 3_600e9 * 30;
  for (let turn = 0; turn < 3; turn++) await pass(harness, 1000);
  await priced(harness, 94);
  assert.equal(node.riskView().dayLoss, '60', 'what was lost counts on');
  assert.equal(await buy(harness, 2, '1'), 'DAILY_LOSS_LIMIT');
  assert.match(node.riskView().dayAhead ?? '', /^the clock of the machine jumped ahead by 108000/);
  assert.match(await metrics.text(), /ndts_exec_clock_in_doubt 1/);
  const before = node.ledger.riskDay;
  ahead = 0;
  for (let turn = 0; turn < 2; turn++) await pass(harness, 1000);
  assert.deepEqual([node.riskView().dayAhead, node.ledger.riskDay], [undefined, before]);
  ahead = 3_600e9 * 30;
  for (let turn = 0; turn < 2; turn++) await pass(harness, 1000);
  await nextDay(harness);
  assert.equal(node.riskView().dayLoss, '0', 'days go on by the time that passed');
  assert.equal(node.ledger.riskDay?.day, testDay);
  await bus.request(subjects.execDay, who);
  await pass(harness, 1000);
  await harness.settle();
  assert.deepEqual([node.riskView().dayAhead, node.ledger.riskDay?.day], [undefined, testDay + 1]);
  assert.deepEqual(ledgerSnapshot(rebuild(harness.journal)), ledgerSnapshot(node.ledger));
});
