// What journal and broker differ in, by policy: reported, adopted, or it stops trading. Adopted
// executions have ids that a restart finds again, make way for the told ones, and in the end are as
// if they had never been there.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type Fill,
  moneyText,
  OrderState,
  parseMoney,
  type ReconcileView,
  type Time,
} from '@ndts/protocol';
import { MemoryKeyValueStore, SeededRandom, VirtualClock } from '@ndts/runtime';
import {
  createHarness,
  during,
  type Harness,
  type HarnessOptions,
  ledgerSnapshot,
  pass,
  rebuild,
  timeMsOfTestDay,
} from '../exec-kit.js';
import type { InstrumentDeclaration } from '../position/instruments.js';
import { sidesOf } from '../position/offsets.js';
import { isNear } from './adopt.js';
import { symbols, Veil } from './veil-kit.js';

const who = { actor: 'anna', why: 'a test' };

interface Scene {
  readonly veil: Veil;
  readonly journal: MemoryKeyValueStore;
  readonly clock: VirtualClock;
  readonly options: HarnessOptions;
  harness: Harness;
}

async function scene(
  context: TestContext,
  config: Record<string, string> = {},
  instruments: readonly InstrumentDeclaration[] = [],
): Promise<Scene> {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-adopt-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const veil = new Veil();
  const [clock, journal] = [new VirtualClock(timeMsOfTestDay()), new MemoryKeyValueStore()];
  const settings = {
    ...{ 'risk.maxOrderValue': '1000000', 'risk.maxPosition': '1000' },
    ...{ 'exec.differences': 'adopt', 'exec.answerTimeoutMs': '100', 'exec.paperFeeBps': '0' },
    ...{ 'risk.maxDailyLoss': '1000000000', ...config },
  };
  const options = { dir, clock, journal, config: settings, wrap: veil.wrap, instruments };
  const made = { veil, journal, clock, options, harness: createHarness(options) };
  await restart(made, made.harness);
  return made;
}

/** A node over the same journal and venue; whatever was in memory is gone. */
async function restart(made: Scene, harness = createHarness(made.options)): Promise<void> {
  made.harness = harness;
  for (const symbol of symbols) harness.ticks.push({ symbol, price: 100 });
  await during(harness, harness.node.start());
  for (const symbol of symbols) harness.ticks.push({ symbol, price: 100 });
  await harness.settle();
}

async function cycles(harness: Harness, count: number): Promise<void> {
  for (let cycle = 0; cycle < count; cycle++) await pass(harness, 5);
}

function reconcile({ harness }: Scene, adopt = false): Promise<ReconcileView> {
  return during(harness, harness.node.reconcile({ ...who, adopt }));
}

/** Trade ids of what was inferred and no told execution has replaced. */
function waiting({ harness }: Scene): string[] {
  return harness.node.ledger.inferred.waiting().map(({ tradeId }) => tradeId);
}

function external(made: Scene, id: string, side: number, quantity: string, price: string): void {
  const [size, at, time] = [parseMoney(quantity), parseMoney(price), made.clock.now()];
  made.veil.trade(id, { symbol: 1, side, quantity: size, price: at, time });
}

function held({ harness }: Scene): [string, string] {
  const position = harness.node.ledger.positions.get(1);
  return [moneyText(position?.quantity ?? 0n), moneyText(position?.averagePrice ?? 0n)];
}

test('what an account held before is adopted at the start, with its average', async (context) => {
  const made = await scene(context);
  external(made, 'x1', 1, '4', '90');
  external(made, 'x2', 1, '2', '96');
  await restart(made);
  assert.deepEqual(held(made), ['6', '92']);
  assert.deepEqual(waiting(made), ['1:1:0..6:inferred']);
  const { ledger } = made.harness.node;
  assert.equal(ledger.tradingState, 'ACTIVE');
  assert.equal(ledger.books.strategy(0)?.get(1)?.quantity, parseMoney('6'));
  assert.equal(ledger.books.account('paper')?.get(1)?.quantity, parseMoney('6'));
  const events = made.journal.scan({ prefix: 'exec/event/' }).length;
  assert.deepEqual(await reconcile(made, true), {
    ...{ differences: [], adopted: [], tradingState: 'ACTIVE' },
  });
  assert.equal(made.journal.scan({ prefix: 'exec/event/' }).length, events, 'said again');
  assert.deepEqual(ledgerSnapshot(rebuild(made.journal)), ledgerSnapshot(ledger));
  // All the ways from one position to another; the average is the venue's, or was realised at last.
  for (const [side, quantity, price, after] of [
    [1, '4', '102', ['10', '96']],
    [-1, '3', '101', ['7', '96']],
    [-1, '9', '110', ['-2', '110']],
    [1, '2', '105', ['0', '0']],
  ] as const) {
    external(made, `x${price}`, side, quantity, price);
    assert.equal((await reconcile(made)).adopted.length, 1);
    assert.deepEqual(held(made), after);
  }
  assert.deepEqual(waiting(made).slice(1), [
    ...['1:2:6..10:inferred', '1:3:10..7:inferred', '1:4:7..0:inferred'],
    ...['1:5:0..-2:inferred', '1:6:-2..0:inferred'],
  ]);
});

test('a start after a lost tail of the journal infers the same ids again', async (context) => {
  const made = await scene(context);
  await made.journal.durable();
  external(made, 'x1', 1, '4', '90');
  await restart(made);
  const before = waiting(made);
  assert.deepEqual(before, ['1:1:0..4:inferred']);
  const lost = { ...made, options: { ...made.options, journal: made.journal.afterPowerLoss() } };
  await restart(lost);
  assert.deepEqual([waiting(lost), held(lost)], [before, ['4', '90']]);
  await restart(lost);
  assert.deepEqual([waiting(lost), held(lost)], [before, ['4', '90']]);
});

test('untold fills of an order are adopted, and make way for the told ones', async (context) => {
  const made = await scene(context);
  const { veil, harness } = made;
  harness.broker.setBehaviour({ partialFillPerMillion: 1_000_000 });
  veil.hides = () => true;
  harness.signals.push({ ordinal: 1, symbol: 1, side: 1, quantity: '5' });
  await cycles(harness, 40);
  const { node } = harness;
  const order = node.ledger.orders.get('1-1-0');
  assert.equal(order?.filled, 0n);
  const { adopted } = await reconcile(made);
  assert.deepEqual(adopted, ['fills of order 1-1-0 are missing: journal 0, venue 5']);
  assert.deepEqual([order?.filled, order?.state], [parseMoney('5'), OrderState.filled]);
  assert.deepEqual(waiting(made), ['1-1-0:0..5:inferred']);
  assert.deepEqual(held(made), ['5', '100']);
  // The first part comes at another price than it counted at, and with a fee.
  const [first, ...more] = veil.all.filter(({ clientOrderId }) => clientOrderId === '1-1-0');
  assert.ok(first !== undefined && more.length > 0);
  const told = { ...first, price: parseMoney('101'), fee: 7n };
  veil.all.splice(veil.all.indexOf(first), 1, told);
  veil.hidden.clear();
  veil.hides = () => false;
  await reconcile(made);
  assert.deepEqual(waiting(made), []);
  assert.equal(order?.filled, parseMoney('5'));
  assert.equal(order?.filledValue, veil.holding(1).cost);
  const position = node.ledger.positions.get(1);
  assert.deepEqual(
    [position?.quantity, position?.cash, position?.fees],
    [parseMoney('5'), veil.holding(1).cash, 7n],
  );
  assert.deepEqual(order?.tradeIds.length, 1 + 1 + more.length);
  assert.deepEqual(ledgerSnapshot(rebuild(made.journal)), ledgerSnapshot(node.ledger));
});

test('a late report of a venue whose clock is ahead is no second execution', async (context) => {
  const made = await scene(context);
  const { veil, harness } = made;
  veil.hides = () => true;
  harness.signals.push({ ordinal: 1, symbol: 1, side: 1, quantity: '5', limit: '99' });
  await cycles(harness, 10);
  const time = { ...made.clock.now(), nsOfDay: made.clock.now().nsOfDay + 5e9 };
  const [fill, state] = [
    { symbol: 1, side: 1, price: parseMoney('99'), time },
    OrderState.accepted,
  ];
  veil.trade('late', { ...fill, quantity: parseMoney('2') });
  veil.all.splice(-1, 1, { ...(veil.all.at(-1) as Fill), clientOrderId: '1-1-0' });
  const status = { clientOrderId: '1-1-0', venueOrderId: '1', state };
  const told = { ...status, filledQuantity: parseMoney('2') };
  harness.broker.queryOpenOrders = async () => [told];
  assert.equal((await reconcile(made)).adopted.length, 1);
  const order = harness.node.ledger.orders.get('1-1-0');
  assert.deepEqual([order?.filled, held(made)[0]], [parseMoney('2'), '2']);
  veil.hidden.clear();
  veil.hides = () => false;
  assert.deepEqual((await reconcile(made)).differences, []);
  assert.deepEqual([order?.filled, held(made)[0]], [parseMoney('2'), '2']);
  assert.deepEqual(waiting(made), []);
  // What is news all the same is found to be missing, and counts.
  told.filledQuantity = parseMoney('3');
  veil.trade('news', { ...fill, quantity: parseMoney('1') });
  veil.all.splice(-1, 1, { ...(veil.all.at(-1) as Fill), clientOrderId: '1-1-0' });
  await reconcile(made);
  assert.deepEqual([order?.filled, held(made)[0]], [parseMoney('3'), '3']);
});

test('an execution of after an inference is news, whatever its clock says', async (context) => {
  const made = await scene(context);
  external(made, 'x1', 1, '4', '90');
  await reconcile(made);
  const before: Time = made.clock.now();
  await cycles(made.harness, 5);
  made.harness.signals.push({ ordinal: 1, symbol: 1, side: 1, quantity: '1' });
  await cycles(made.harness, 40);
  assert.deepEqual(held(made), ['5', '92']);
  // A venue whose clock is behind: the order was made later, whatever it says.
  made.veil.hides = () => true;
  made.harness.signals.push({ ordinal: 2, symbol: 1, side: 1, quantity: '2' });
  await cycles(made.harness, 40);
  made.veil.hidden.delete(made.veil.all.at(-1)?.tradeId ?? '');
  const last = made.veil.all.at(-1);
  assert.ok(last !== undefined);
  made.veil.all.splice(-1, 1, { ...last, time: before });
  await reconcile(made);
  assert.deepEqual(waiting(made), ['1:1:0..4:inferred']);
  assert.equal(held(made)[0], '7');
  made.veil.hidden.delete('x1');
  await reconcile(made);
  assert.deepEqual([waiting(made), held(made)[0]], [[], '7']);
});

test('by policy: a halt, which a person ends by adopting; or a report', async (context) => {
  const halted = await scene(context, { 'exec.differences': 'halt' });
  external(halted, 'x1', -1, '4', '90');
  const line = 'position of S1: journal 0, venue -4';
  assert.deepEqual(await reconcile(halted), {
    ...{ differences: [line], adopted: [], tradingState: 'HALTED' },
  });
  assert.deepEqual(halted.harness.node.riskView().differences, [line]);
  assert.deepEqual(await reconcile(halted, true), {
    ...{ differences: [], adopted: [line], tradingState: 'HALTED' },
  });
  assert.deepEqual(held(halted), ['-4', '90']);
  await halted.harness.node.setTradingState({ set: 'ACTIVE', ...who });
  await restart(halted);
  assert.equal(halted.harness.node.ledger.tradingState, 'ACTIVE');
  assert.deepEqual(halted.harness.node.riskView().differences, []);

  const reported = await scene(context, { 'exec.differences': 'report' });
  external(reported, 'x1', -1, '4', '90');
  await restart(reported);
  assert.deepEqual(reported.harness.node.riskView().differences, [line]);
  assert.equal(reported.harness.node.ledger.tradingState, 'ACTIVE');
  const text = await reported.harness.metrics.text();
  assert.match(text, /ndts_exec_differences 1/);
  assert.deepEqual(held(reported), ['0', '0']);
});

test('an order of somebody else by policy; PnL that is wrong always halts', async (context) => {
  const foreign = (made: Scene): void => {
    const { broker } = made.harness;
    const list = broker.queryOpenOrders.bind(broker);
    const other = { clientOrderId: 'web', venueOrderId: '9', state: OrderState.accepted };
    broker.queryOpenOrders = async () => [...(await list()), { ...other, filledQuantity: 0n }];
  };
  for (const [policy, state] of [
    ['halt', 'HALTED'],
    ['adopt', 'ACTIVE'],
    ['report', 'ACTIVE'],
  ] as const) {
    const made = await scene(context, { 'exec.differences': policy });
    foreign(made);
    assert.deepEqual(await reconcile(made, true), {
      differences: ['the venue holds order web, the journal does not'],
      ...{ adopted: [], tradingState: state },
    });
    made.harness.node.ledger.positions.ensure(1).realised += 1n;
    const { tradingState } = await reconcile(made);
    assert.equal(tradingState, 'HALTED', policy);
  }
});

test('sides and days are brought to what the venue has; a move has no PnL', async (context) => {
  const future = { symbol: 1, exchange: 'SHFE', product: 'rb', multiplier: 10 };
  const made = await scene(context, {}, [future]);
  const { broker, node } = made.harness;
  const tell = (averagePrice: string, ...lots: readonly [number, number, number, number]): void => {
    const [longToday, longYesterday, shortToday, shortYesterday] = lots.map((lot) =>
      parseMoney(String(lot)),
    ) as [bigint, bigint, bigint, bigint];
    const sides = { longToday, longYesterday, shortToday, shortYesterday };
    const quantity = longToday + longYesterday - shortToday - shortYesterday;
    const position = { symbol: 1, quantity, averagePrice: parseMoney(averagePrice), sides };
    broker.queryPositions = async () => [position];
  };
  const adopted = async (): Promise<readonly number[]> => {
    assert.deepEqual((await reconcile(made)).differences, []);
    return Object.values(sidesOf(node.ledger.books.offsets, 1)).map((lots) => Number(lots) / 1e8);
  };
  tell('90', 2, 3, 0, 1);
  assert.deepEqual(await adopted(), [2, 3, 0, 1]);
  assert.deepEqual(held(made), ['4', '90']);
  // As much as opens on both sides is told by nobody's execution.
  const open = node.ledger.inferred.waiting().map(({ side, quantity }) => BigInt(side) * quantity);
  assert.deepEqual(open, [parseMoney('1'), parseMoney('3')]);
  const { cash, realised } = node.ledger.positions.get(1) ?? {};
  // Over a night nobody saw, and a side that grew on both ends.
  tell('90', 0, 5, 2, 1);
  assert.deepEqual(await adopted(), [0, 5, 2, 1]);
  tell('90', 3, 4, 2, 1);
  assert.deepEqual(await adopted(), [3, 4, 2, 1]);
  assert.deepEqual(held(made), ['4', '90']);
  assert.equal(node.ledger.positions.get(1)?.realised, realised);
  assert.equal(node.ledger.positions.get(1)?.cash, cash);
  assert.deepEqual(ledgerSnapshot(rebuild(made.journal)), ledgerSnapshot(node.ledger));
  // A venue that does not say an average is not asked to have ours.
  tell('0', 3, 4, 2, 1);
  assert.deepEqual((await reconcile(made)).adopted, []);
});

test('adopted again and again, told in any order: in the end as the venue', async (context) => {
  const seed = Number(process.env['NDTS_TEST_SEED'] ?? 77);
  console.log(`seed ${seed}`);
  const random = new SeededRandom(seed);
  let [inferred, replaced] = [0, 0];
  for (let round = 0; round < 12; round++) {
    const made = await scene(context, { 'exec.paperFeeBps': '1' });
    made.veil.hides = () => random.integer(3) === 0;
    for (let step = 0; step < 30; step++) {
      await oneStep(made, random, step);
      const { differences, adopted } = await reconcile(made);
      if (adopted.length > 0) inferred += 1;
      assert.deepEqual(differences, [], `seed ${seed}, round ${round}, step ${step}`);
      sameAsVenue(made);
    }
    replaced += made.harness.node.ledger.inferred.waiting().length;
    made.veil.hidden.clear();
    made.veil.hides = () => false;
    await reconcile(made);
    await restart(made);
    sameAsVenue(made);
    assert.deepEqual(waiting(made), [], 'all of it was told');
    for (const symbol of symbols) {
      const [ours, theirs] = [made.harness.node.ledger.positions.get(symbol), made.veil];
      const { cash, fees } = theirs.holding(symbol);
      assert.deepEqual([ours?.cash ?? 0n, ours?.fees ?? 0n], [cash, fees], 'told: exactly so');
    }
    for (const order of made.harness.node.ledger.orders.list(1000, undefined))
      assert.equal(order.filledValue, filledValueOf(made, order.id), order.id);
  }
  assert.ok(inferred > 50 && replaced > 20, `${inferred} inferred, ${replaced} replaced`);
});

async function oneStep(made: Scene, random: SeededRandom, step: number): Promise<void> {
  const { harness, veil, clock } = made;
  const [symbol, side] = [1 + random.integer(2), random.integer(2) === 0 ? 1 : -1];
  const price = 95 + random.integer(1000) / 100;
  harness.ticks.push({ symbol, price });
  const dice = random.integer(10);
  if (dice < 5) {
    const quantity = `${1 + random.integer(4)}.${random.integer(100)}`;
    harness.signals.push({ ordinal: step + 1, symbol, side, quantity });
  } else if (dice < 7) {
    const quantity = parseMoney(`${1 + random.integer(4)}`);
    const time = clock.now();
    veil.trade(`x${step}.web`, {
      symbol,
      side,
      quantity,
      price: parseMoney(price.toFixed(2)),
      time,
    });
  } else if (dice < 9) {
    // Some of what was kept back comes out, in any order.
    for (const tradeId of veil.hidden) if (random.integer(2) === 0) veil.hidden.delete(tradeId);
  } else await restart(made);
  await cycles(made.harness, 1 + random.integer(10));
  await made.harness.settle();
}

/** Quantity and average price of the node, quantities of its books, and a fold of the journal. */
function sameAsVenue({ harness, veil, journal }: Scene): void {
  const { ledger } = harness.node;
  for (const symbol of symbols) {
    const [ours, theirs] = [ledger.positions.get(symbol), veil.holding(symbol)];
    assert.equal(ours?.quantity ?? 0n, theirs.quantity, `quantity of ${symbol}`);
    if (ours !== undefined && theirs.quantity !== 0n)
      assert.ok(isNear(ours.averagePrice, theirs.averagePrice), `average of ${symbol}`);
    assert.equal(ours?.realised ?? 0n, (ours?.cash ?? 0n) + (ours?.cost ?? 0n));
    let sum = 0n;
    for (const [, book] of ledger.books.strategies()) sum += book.get(symbol)?.quantity ?? 0n;
    assert.equal(sum, theirs.quantity, `strategies of ${symbol}`);
    sum = 0n;
    for (const [, book] of ledger.books.accounts()) sum += book.get(symbol)?.quantity ?? 0n;
    assert.equal(sum, theirs.quantity, `accounts of ${symbol}`);
  }
  assert.deepEqual(ledgerSnapshot(rebuild(journal)), ledgerSnapshot(ledger));
}

function filledValueOf({ veil }: Scene, id: string): bigint {
  let value = 0n;
  for (const fill of veil.all) if (fill.clientOrderId === id) value += fill.quantity * fill.price;
  return value;
}

test('a price that no journal can hold is none that is inferred', async (context) => {
  const made = await scene(context);
  external(made, 'x1', 1, '5', '100');
  assert.equal((await reconcile(made)).adopted.length, 1);
  // A hair more, at an average that such a price alone would explain.
  const [quantity, averagePrice] = [parseMoney('5.00000001'), parseMoney('1100')];
  made.harness.broker.queryPositions = async () => [{ symbol: 1, quantity, averagePrice }];
  assert.equal((await reconcile(made)).adopted.length, 1);
  assert.deepEqual(held(made), ['5.00000001', '1100']);
  const { ledger } = made.harness.node;
  assert.deepEqual(ledgerSnapshot(rebuild(made.journal)), ledgerSnapshot(ledger));
});
