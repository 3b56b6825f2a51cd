// What waits between the journal and the broker, when something happens meanwhile: trading is
// halted, or it has become old.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  addNs,
  moneyText,
  OrderStateNames,
  plainAbilities,
  plainTerms,
  TimeInForce,
} from '@ndts/protocol';
import { MemoryKeyValueStore } from '@ndts/runtime';
import type { GatewayParts, IsBarred } from '../broker/gateway.js';
import type { Harness, TestSignal } from '../exec-kit.js';
import { Desk, symbol } from '../work/desk-kit.js';
import { started } from './pair-kit.js';

async function held(context: TestContext): Promise<{ desk: Desk; journal: MemoryKeyValueStore }> {
  const journal = new MemoryKeyValueStore();
  const config = { 'exec.journalMode': 'durable' };
  const desk = new Desk(context, { journal, config, can: plainAbilities });
  await desk.start();
  await desk.market(100);
  return { desk, journal };
}

function ordersOf({ harness }: Desk): string[] {
  const orders = harness.node.ledger.orders.list(10, undefined);
  return orders.map(({ id, state, filled, reason }) =>
    `${id} ${OrderStateNames[state]} ${moneyText(filled)} ${reason}`.trim(),
  );
}

test('a halt lets nothing out, also what was approved before', async (context) => {
  const { desk, journal } = await held(context);
  journal.holdCommits();
  await desk.signal({ ordinal: 1, side: 1 });
  const why = { actor: 'anna', why: 'news' };
  const halted = [
    desk.harness.node.setTradingState({ set: 'HALTED', scope: 'strategy', name: '1', ...why }),
  ];
  journal.commit();
  await Promise.all(halted);
  await desk.pass();
  assert.deepEqual(ordersOf(desk), ['1-1-0 canceled 0 TRADING_HALTED']);
  assert.equal(await desk.harness.broker.queryOrder('1-1-0'), undefined);
  desk.checkJournal();
});

test('what could add does not leave once trading only reduces; what reduces does', async (c) => {
  const { desk, journal } = await held(c);
  await desk.signal({ ordinal: 1, side: 1, quantity: '2' });
  for (const [ordinal, side] of [
    [2, 1],
    [3, -1],
  ] as const) {
    journal.holdCommits();
    await desk.signal({ ordinal, side });
    const { node } = desk.harness;
    const reduced = node.setTradingState({ set: 'REDUCING', actor: 'anna', why: 'news' });
    journal.commit();
    await reduced;
    await desk.pass();
    await node.setTradingState({ set: 'ACTIVE', actor: 'anna', why: 'it is over' });
  }
  assert.deepEqual(ordersOf(desk), [
    '1-3-0 filled 1',
    '1-2-0 canceled 0 REDUCE_ONLY',
    '1-1-0 filled 2',
  ]);
  assert.equal(await desk.harness.broker.queryOrder('1-2-0'), undefined);
  desk.checkJournal();
});

test('of a part that waited for long another one is sent, as it is then', async (c) => {
  const { desk, journal } = await held(c);
  const stop = { symbol, side: 'buy', quantity: '1', type: 'stop', stopPrice: '101' } as const;
  desk.harness.node.submit(stop);
  await desk.pass();
  journal.holdCommits();
  await desk.market(102);
  desk.harness.clock.advance(60e9);
  desk.harness.ticks.push({ symbol, price: 103 });
  journal.commit();
  await desk.pass(2000);
  await desk.market(103);
  assert.deepEqual(ordersOf(desk), [
    '0-0-0.2 filled 1',
    '0-0-0.1 expired 0 its time was over before it could be sent',
    '0-0-0 filled 1 stop price reached',
  ]);
});

/** Whether an order goes on at the backup that the first one refuses after something happened. */
async function goesOn(
  context: TestContext,
  signal: Partial<TestSignal>,
  meanwhile: (harness: Harness) => Promise<unknown>,
): Promise<boolean> {
  const { harness, primary, backup } = await started(context);
  const work = primary.doWork.bind(primary);
  primary.isFailing = true;
  primary.doWork = (): number => 0;
  harness.signals.push({ ordinal: 1, symbol: 1, side: 1, ...signal });
  await harness.settle();
  assert.deepEqual(primary.sent, ['1-1-0']);
  await meanwhile(harness);
  primary.doWork = work;
  await harness.settle();
  const { state = 0, reason } = harness.node.ledger.orders.get('1-1-0') ?? {};
  if (backup.sent.length > 0) return true;
  assert.deepEqual([OrderStateNames[state], reason], ['rejected', 'engine is down']);
  return false;
}

for (const set of ['HALTED', 'REDUCING'] as const)
  test(`what is ${set} does not go on at the backup, either`, async (context) => {
    const why = { actor: 'anna', why: 'news' };
    const act = ({ node }: Harness): Promise<unknown> => node.setTradingState({ set, ...why });
    assert.equal(await goesOn(context, {}, act), false);
  });

test('nor does what is too old by then, or whose own time is over', async (context) => {
  const passes =
    (ms: number) =>
    ({ clock }: Harness): Promise<void> =>
      Promise.resolve(clock.advance(ms * 1e6));
  const ioc = { limit: '99', validForMs: 100, timeInForce: TimeInForce.ioc };
  assert.equal(await goesOn(context, ioc, passes(90)), true);
  assert.equal(await goesOn(context, ioc, passes(110)), false);
});

test('an order until a time does not go on after it', async (context) => {
  let isBarred: IsBarred = () => false;
  const parts: GatewayParts = {
    ...{ survey: () => undefined, admit: () => undefined, closed: () => [], takes: () => true },
    ...{ isPending: false, areAllAsked: true, areAskedFor: () => true },
    guard: (by) => {
      isBarred = by;
    },
  };
  const desk = new Desk(context, { wrap: (broker) => Object.assign(broker, { parts }) });
  await desk.start();
  const { clock, node } = desk.harness;
  await desk.market(100);
  await desk.signal({ ordinal: 1, side: 1, limit: '99', validForMs: 600_000 });
  const intent = node.ledger.orders.get('1-1-0')?.intent;
  assert.ok(intent !== undefined);
  const terms = { ...plainTerms, expireTime: addNs(clock.now(), 1e9) };
  assert.equal(isBarred(intent, terms), false);
  clock.advance(1e9);
  assert.deepEqual([isBarred(intent, terms), isBarred(intent, undefined)], [true, false]);
});

test('who asks for a cancel again and again holds up no other order', async (context) => {
  const desk = new Desk(context, {
    config: { 'exec.checkMs': '0' },
    wrap: (broker) => Object.assign(broker, { submit: () => undefined, cancel: () => undefined }),
  });
  await desk.start();
  await desk.market(100);
  for (const ordinal of [1, 2]) await desk.signal({ ordinal, side: 1, limit: `${96 + ordinal}` });
  for (let second = 0; second < 12; second++) {
    desk.harness.node.cancel('1-1-0', 'a test');
    await desk.pass(1000);
  }
  assert.equal(ordersOf(desk)[0], '1-2-0 canceled 0 not received by the venue');
});
