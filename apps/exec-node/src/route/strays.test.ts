// Orders that are open at the venue and not here: what halts is told, canceled on the word of a
// person, by the kill switch and before everything is closed; what others sent is theirs.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  decodeOperatorAction,
  MessageKind,
  messageKind,
  OrderState,
  OrderType,
  parseMoney,
  subjects,
} from '@ndts/protocol';
import {
  createHarness,
  during,
  type Harness,
  type HarnessOptions,
  ledgerSnapshot,
  pass,
  rebuild,
} from '../exec-kit.js';

const who = { actor: 'anna', why: 'a test' };

interface Scene extends Harness {
  readonly dir: string;
  /** The venue says that an order of ours has ended, and it has not. */
  readonly lie: (clientOrderId: string) => Promise<void>;
  /** An order at the venue that this process did not send. */
  readonly place: (clientOrderId: string) => Promise<void>;
  readonly open: () => Promise<string[]>;
  readonly cancel: (clientOrderId: string, more?: object) => Promise<unknown>;
  readonly again: () => Promise<Scene>;
}

async function started(
  context: TestContext,
  options: Partial<HarnessOptions> & { dir?: string } = {},
): Promise<Scene> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'ndts-strays-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const harness = createHarness({
    ...{ dir, config: { 'exec.checkMs': '0', 'risk.staleMs': '6000000' }, ...options },
  });
  const { node, broker, venue, clock, journal, bus } = harness;
  await during(harness, node.start());
  harness.ticks.push({ symbol: 1, price: 100 });
  await harness.settle();
  const time = clock.now();
  return {
    ...harness,
    dir,
    lie: async (clientOrderId) => {
      const state = OrderState.canceled;
      venue.onOrderUpdate({ clientOrderId, venueOrderId: '', state, reason: 'gone', time });
      await harness.settle();
    },
    place: async (clientOrderId) => {
      broker.submit({
        ...{ clientOrderId, account: 'x', instance: 1, ordinal: 1n, symbol: 1, side: 1 },
        ...{ orderType: OrderType.limit, quantity: parseMoney('2'), limitPrice: parseMoney('90') },
        ...{ time, tickTime: time, shard: 0, epoch: 0n, sequence: 0n, factorValue: 0, broker: '' },
      });
      await harness.settle();
    },
    open: async () => (await broker.queryOpenOrders()).map(({ clientOrderId: id }) => id).sort(),
    cancel: (clientOrderId, more = {}) =>
      bus.request(subjects.execCancel, { clientOrderId, ...who, ...more }),
    again: () => started(context, { ...options, dir, journal, clock }),
  };
}

async function seconds(harness: Harness, count: number): Promise<void> {
  for (let turn = 0; turn < count * 20; turn++) await pass(harness, 50);
}

async function compared(scene: Scene): Promise<readonly string[]> {
  return (await during(scene, scene.node.reconcile(who))).differences;
}

function rest(scene: Scene, ordinal: number): Promise<void> {
  scene.signals.push({ ordinal, symbol: 1, side: 1, limit: '95' });
  return scene.settle();
}

/** A venue that hears no cancel until it was asked for one so often; says how often it was. */
function losing({ broker }: Scene, times: number): { asked: number } {
  const venue = { asked: 0 };
  const cancel = broker.cancel.bind(broker);
  broker.cancel = (id): void => {
    venue.asked += 1;
    if (venue.asked > times) cancel(id);
  };
  return venue;
}

/** What people did to orders that are not open here, as the journal has it. */
function canceledIn({ journal }: Scene): string[] {
  return journal
    .scan({ prefix: 'exec/event/' })
    .filter(({ value }) => messageKind(value) === MessageKind.OperatorAction)
    .map(({ value }) => decodeOperatorAction(value))
    .filter(({ action }) => action === 'cancelStray')
    .map(({ actor, why, detail }) => `${actor} ${JSON.parse(detail).clientOrderId}: ${why}`);
}

test('one that is closed here is canceled by a person, who then resumes', async (context) => {
  const scene = await started(context);
  await rest(scene, 1);
  await scene.lie('1-1-0');
  assert.equal(await scene.cancel('1-1-0'), false, 'nobody has found it yet');
  const line = 'order 1-1-0 is closed here and open at the venue; cancel it';
  assert.deepEqual(await compared(scene), [line]);
  assert.equal(scene.node.ledger.tradingState, 'HALTED');
  assert.equal(await scene.cancel('1-1-0'), true);
  await scene.settle();
  assert.deepEqual(await scene.open(), []);
  assert.deepEqual(canceledIn(scene), ['anna 1-1-0: a test']);
  assert.equal(await scene.cancel('1-1-0'), false, 'it has ended');
  assert.deepEqual(await compared(scene), []);
  await scene.node.setTradingState({ set: 'ACTIVE', ...who });
  await seconds(scene, 3);
  assert.equal(scene.node.ledger.tradingState, 'ACTIVE');
});

test('a cancel that got lost is asked for again, and written once', async (context) => {
  const scene = await started(context);
  await rest(scene, 1);
  await scene.lie('1-1-0');
  await compared(scene);
  const venue = losing(scene, 2);
  await during(scene, scene.node.setTradingState({ set: 'HALTED', cancel: true, ...who }));
  await seconds(scene, 5);
  assert.deepEqual([venue.asked, await scene.open()], [3, []]);
  assert.deepEqual(canceledIn(scene), ['exec 1-1-0: anna: a test']);
  assert.deepEqual(scene.node.ledger.controls.cancels(), []);
});

test('one that a person canceled by name is asked for again, ever less often', async (context) => {
  const scene = await started(context);
  await rest(scene, 1);
  await scene.lie('1-1-0');
  await compared(scene);
  const venue = losing(scene, 3);
  assert.equal(await scene.cancel('1-1-0'), true);
  await seconds(scene, 2);
  assert.equal(venue.asked, 2);
  await seconds(scene, 8);
  assert.deepEqual([venue.asked, await scene.open()], [4, []]);
  assert.deepEqual(canceledIn(scene), ['anna 1-1-0: a test']);
});

test('an end that the venue tells of an order that is open here is its end', async (context) => {
  const scene = await started(context, {
    config: { 'exec.differences': 'report', 'exec.checkMs': '0', 'risk.staleMs': '6000000' },
  });
  // Somebody else's, under an id that comes next here: the venue takes it once.
  await scene.place('1-1-0');
  await rest(scene, 1);
  assert.equal(scene.node.ledger.orders.get('1-1-0')?.closed, false);
  await compared(scene);
  await scene.lie('1-1-0');
  assert.equal(scene.node.ledger.orders.get('1-1-0')?.state, OrderState.canceled);
});

test('the kill switch takes back what is closed here, over a restart, by part', async (context) => {
  const first = await started(context);
  await rest(first, 1);
  await first.lie('1-1-0');
  await compared(first);
  first.broker.cancel = (): void => undefined;
  const halt = { set: 'HALTED', cancel: true, ...who } as const;
  await during(first, first.node.setTradingState({ ...halt, scope: 'strategy', name: '2' }));
  await during(first, first.node.setTradingState({ ...halt, scope: 'symbol', name: '1' }));
  await seconds(first, 3);
  assert.deepEqual(
    first.node.ledger.controls.cancels().map(({ scope }) => scope),
    ['symbol'],
  );
  const second = await first.again();
  await seconds(second, 1);
  assert.deepEqual(await second.open(), []);
  assert.deepEqual(second.node.ledger.controls.cancels(), []);
});

test('one of ours that nobody remembers is told as ours, and goes with all', async (context) => {
  const scene = await started(context);
  await rest(scene, 9);
  await scene.place('1-5-0');
  assert.deepEqual(await compared(scene), [
    'order 1-5-0 is closed here and open at the venue; cancel it',
  ]);
  const halt = { set: 'HALTED', cancel: true, ...who } as const;
  await during(scene, scene.node.setTradingState({ ...halt, scope: 'strategy', name: '3' }));
  await seconds(scene, 1);
  assert.deepEqual(await scene.open(), ['1-5-0', '1-9-0']);
  await during(scene, scene.node.setTradingState({ ...halt, scope: 'symbol', name: '4' }));
  await seconds(scene, 1);
  assert.deepEqual(await scene.open(), ['1-9-0'], 'its symbol is not known');
});

test('what others sent is canceled by name alone, and by no strategy', async (context) => {
  const config = { 'exec.differences': 'report', 'exec.checkMs': '0', 'risk.staleMs': '6000000' };
  const scene = await started(context, { config });
  await scene.place('web');
  await rest(scene, 1);
  assert.deepEqual(await compared(scene), ['the venue holds order web, the journal does not']);
  await during(scene, scene.node.setTradingState({ set: 'HALTED', cancel: true, ...who }));
  await seconds(scene, 1);
  assert.deepEqual(await scene.open(), ['web']);
  await during(scene, scene.node.flatten(who));
  await seconds(scene, 1);
  assert.equal(scene.node.ledger.controls.flatten, '', 'it was waited for');
  await scene.cancel('web', { ahead: true });
  await scene.settle();
  assert.deepEqual(await scene.open(), ['web']);
  assert.equal(await scene.cancel('web'), true);
  await scene.settle();
  assert.deepEqual(await scene.open(), []);
  assert.deepEqual(canceledIn(scene), ['anna web: a test']);
});

test('positions are closed only when nothing of ours is open there', async (context) => {
  const scene = await started(context);
  scene.signals.push({ ordinal: 1, symbol: 1, side: 1 });
  await rest(scene, 2);
  await scene.lie('1-2-0');
  await compared(scene);
  const { broker, node } = scene;
  const cancel = broker.cancel.bind(broker);
  broker.cancel = (): void => undefined;
  await during(scene, node.flatten(who));
  await seconds(scene, 2);
  assert.equal(node.ledger.positions.get(1)?.quantity, parseMoney('1'));
  broker.cancel = cancel;
  await seconds(scene, 2);
  // Found again meanwhile, it halted once more.
  await during(scene, node.flatten(who));
  await seconds(scene, 2);
  assert.equal(node.ledger.positions.get(1)?.quantity, 0n);
  assert.deepEqual(await scene.open(), []);
});

test('one that cannot be canceled holds up the positions of its symbol alone', async (context) => {
  const scene = await started(context);
  scene.ticks.push({ symbol: 2, price: 50 });
  for (const symbol of [1, 2]) scene.signals.push({ ordinal: symbol, symbol, side: 1 });
  await rest(scene, 3);
  await scene.lie('1-3-0');
  await compared(scene);
  scene.broker.cancel = (): void => undefined;
  await during(scene, scene.node.flatten(who));
  await seconds(scene, 3);
  const { positions, controls } = scene.node.ledger;
  assert.deepEqual([positions.get(1)?.quantity, positions.get(2)?.quantity], [parseMoney('1'), 0n]);
  assert.notEqual(controls.flatten, '');
});

/** Of an account in which another node, one without a prefix and a person have orders, too. */
async function shared(context: TestContext): Promise<Scene> {
  const config = { 'exec.differences': 'report', 'exec.checkMs': '0', 'risk.staleMs': '6000000' };
  const scene = await started(context, { config: { ...config, 'exec.orderPrefix': 'one' } });
  await rest(scene, 7);
  for (const id of ['two1-5-0', '1-6-0', 'web']) await scene.place(id);
  await rest(scene, 9);
  assert.deepEqual(await scene.open(), ['1-6-0', 'one1-7-0', 'one1-9-0', 'two1-5-0', 'web']);
  return scene;
}

test('orders of another node of the account are no strays of this one', async (context) => {
  const scene = await shared(context);
  await scene.lie('one1-7-0');
  assert.deepEqual((await compared(scene)).toSorted(), [
    'order 1-7-0 is closed here and open at the venue; cancel it',
    'the venue holds order /1-6-0 of another node, the journal does not',
    'the venue holds order two1-5-0 of another node, the journal does not',
    'the venue holds order web, the journal does not',
  ]);
  await during(scene, scene.node.setTradingState({ set: 'HALTED', cancel: true, ...who }));
  await seconds(scene, 1);
  assert.deepEqual(await scene.open(), ['1-6-0', 'two1-5-0', 'web']);
  assert.deepEqual(scene.node.ledger.controls.cancels(), []);
});

test('halted with all of the account, orders of others go, too', async (context) => {
  const scene = await shared(context);
  const { node } = scene;
  const halt = { set: 'HALTED', cancel: true, all: true, ...who } as const;
  const refused = /orders of others are canceled with cancel, of everything or of the account/;
  await assert.rejects(node.setTradingState({ ...halt, cancel: false }), refused);
  await assert.rejects(node.setTradingState({ ...halt, scope: 'symbol', name: '1' }), refused);
  const account = { scope: 'account', name: 'paper' };
  await during(scene, node.setTradingState({ ...halt, ...account }));
  await seconds(scene, 2);
  assert.deepEqual(await scene.open(), []);
  assert.deepEqual(node.ledger.controls.cancels(), []);
  assert.deepEqual(canceledIn(scene).toSorted(), [
    'exec /1-6-0: anna: a test',
    'exec two1-5-0: anna: a test',
    'exec web: anna: a test',
  ]);
});

test('a prefix changes only while nothing is open at the venue', async (context) => {
  const scene = await started(context);
  await rest(scene, 1);
  const config = { 'exec.orderPrefix': 'one', 'exec.checkMs': '0' };
  const { dir, journal, clock } = scene;
  const again = (): Promise<Scene> => started(context, { dir, journal, clock, config });
  await assert.rejects(again(), /expected '', under which 1-1-0 is open at the venue, found 'one'/);
  scene.node.cancel('1-1-0', 'a test');
  await scene.settle();
  const second = await again();
  await rest(second, 2);
  assert.deepEqual(await second.open(), ['one1-2-0']);
  const wrong = started(context, { config: { 'exec.orderPrefix': 'Desk-1' } });
  await assert.rejects(wrong, /up to six letters a to z, found 'Desk-1'/);
});

test('one that stays halts once: who resumes lets it stand, until it changes', async (context) => {
  const first = await started(context);
  await rest(first, 1);
  await first.place('web');
  await first.lie('1-1-0');
  const told = await compared(first);
  assert.equal(told.length, 2);
  assert.equal(first.node.ledger.tradingState, 'HALTED');
  await first.node.setTradingState({ set: 'ACTIVE', ...who });
  assert.deepEqual(await compared(first), told, 'it is told all the same');
  assert.equal(first.node.ledger.tradingState, 'ACTIVE');
  assert.deepEqual(ledgerSnapshot(rebuild(first.journal)), ledgerSnapshot(first.node.ledger));
  const second = await first.again();
  assert.deepEqual(second.node.riskView().differences, told);
  assert.equal(second.node.ledger.tradingState, 'ACTIVE');
  await second.node.stop();
  const third = await second.again();
  assert.equal(third.node.ledger.tradingState, 'ACTIVE', 'a snapshot has it, too');
  const change = { limitPrice: parseMoney('95'), stopPrice: 0n, reason: '', phase: 1 };
  const [clientOrderId, quantity, time] = ['1-1-0', parseMoney('3'), third.clock.now()];
  third.broker.replace({ clientOrderId, quantity, time, ...change });
  await third.settle();
  await compared(third);
  assert.equal(third.node.ledger.tradingState, 'HALTED');
  assert.match(third.node.ledger.tradingReason, /order 1-1-0 is closed here and open at the venue/);
  assert.doesNotMatch(third.node.ledger.tradingReason, /web/);
});
