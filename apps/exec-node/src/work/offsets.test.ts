// Offsets of Chinese futures on the whole node, over a paper venue that keeps long and short apart
// by itself: what orders say, how one is split, what is refused, how a day rolls, over restarts.
// After each case venue and journal must agree.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  addNs,
  msPerDay,
  OrderOffset,
  plainAbilities,
  type PositionView,
  subjects,
  timeFromMs,
} from '@ndts/protocol';
import { SeededRandom, VirtualClock } from '@ndts/runtime';
import {
  createHarness,
  during,
  type Harness,
  type HarnessOptions,
  ledgerSnapshot,
  rebuild,
} from '../exec-kit.js';
import { startOfTradingDay, tradingDayOf } from '../position/trading-day.js';

/** Monday, 2 November 2026, 09:30 in China. */
const monday = Date.UTC(2026, 10, 2, 1, 30);
const [shfe, dce, plain] = [1, 2, 3] as const;
const instruments = [
  { symbol: shfe, exchange: 'SHFE', product: 'rb', multiplier: 10, tickSize: '1', lot: '1' },
  { symbol: dce, exchange: 'DCE', product: 'i', multiplier: 100, tickSize: '0.5', lot: '1' },
];
const who = { actor: 'anna', why: 'a test' };
const config = { 'exec.paperFeeBps': '0', 'risk.maxOrderValue': '100000000' };

interface Desk {
  harness: Harness;
  readonly dir: string;
}

async function opened(
  context: TestContext,
  options: Pick<HarnessOptions, 'can'> = {},
): Promise<Desk> {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-offsets-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const clock = new VirtualClock(monday);
  const harness = createHarness({ ...options, dir, config, instruments, clock });
  await harness.node.start();
  const desk = { harness, dir };
  await quote(desk);
  return desk;
}

async function quote({ harness }: Desk): Promise<void> {
  for (const symbol of [shfe, dce, plain])
    harness.ticks.push({ symbol, price: 100, bid: 100, ask: 100 });
  await harness.settle();
}

/** Stops and starts again on another day of the same week, 09:30. */
async function onDay(desk: Desk, days: number): Promise<void> {
  const { clock, journal, node } = desk.harness;
  await node.stop();
  clock.advance((monday + days * msPerDay - clock.nowMs()) * 1e6);
  desk.harness = createHarness({ dir: desk.dir, config, instruments, clock, journal });
  await desk.harness.node.start();
  await quote(desk);
}

async function send(
  desk: Desk,
  side: 'buy' | 'sell',
  quantity: string,
  more: object = {},
): Promise<string> {
  const { harness } = desk;
  const { reason } = harness.node.submit({ symbol: shfe, side, quantity, ...more });
  await harness.settle();
  harness.clock.advance(1e6);
  await harness.settle();
  return reason;
}

async function flatten({ harness }: Desk): Promise<void> {
  await harness.node.flatten(who);
  for (let round = 0; round < 5; round++) {
    harness.clock.advance(1.1e9);
    await harness.settle();
  }
}

/** Long today, long yesterday, short today, short yesterday. */
async function held(desk: Desk, symbol: number = shfe): Promise<string> {
  const views = (await desk.harness.bus.request(
    subjects.execPositions,
    undefined,
  )) as PositionView[];
  const [one] = views.find((view) => view.symbol === symbol)?.offsets ?? [];
  return [one?.longToday, one?.longYesterday, one?.shortToday, one?.shortYesterday].join(' ');
}

/** Offsets with quantities, of the children of the newest order, oldest first. */
function parts({ harness }: Desk): string[] {
  const [newest] = harness.node.ledger.orders.list(1, undefined);
  const parent = newest?.terms.parent === '' ? newest.id : newest?.terms.parent;
  const orders = harness.node.ledger.orders.list(10, undefined).reverse();
  return orders
    .filter(
      ({ id, terms, childCount }) => terms.parent === parent || (id === parent && childCount === 0),
    )
    .map(({ terms, intent }) => `${terms.offset} ${intent.quantity / 100_000_000n}`);
}

async function agrees(desk: Desk): Promise<void> {
  assert.deepEqual((await desk.harness.node.reconcile(who)).differences, []);
  assert.deepEqual(
    ledgerSnapshot(rebuild(desk.harness.journal)),
    ledgerSnapshot(desk.harness.node.ledger),
  );
}

const { close, closeToday, closeYesterday } = OrderOffset;

test('open, close, and the split over two days where days are told apart', async (context) => {
  const desk = await opened(context);
  assert.equal(await send(desk, 'buy', '6', { offset: 'open' }), 'APPROVED');
  await onDay(desk, 1);
  assert.equal(await held(desk), '0 6 0 0');
  assert.equal(await send(desk, 'buy', '4', { offset: 'open' }), 'APPROVED');
  assert.equal(await send(desk, 'sell', '5', { offset: 'closeToday' }), 'CLOSE_EXCEEDED');
  assert.equal(await send(desk, 'sell', '7', { offset: 'closeYesterday' }), 'CLOSE_EXCEEDED');
  assert.equal(await send(desk, 'sell', '11', { offset: 'close' }), 'CLOSE_EXCEEDED');
  assert.equal(await send(desk, 'sell', '1', { offset: 'closeToday' }), 'APPROVED');
  assert.equal(await held(desk), '3 6 0 0');
  assert.equal(await send(desk, 'sell', '8', { offset: 'close' }), 'APPROVED');
  assert.deepEqual(parts(desk), [`${closeYesterday} 6`, `${closeToday} 2`]);
  assert.equal(await held(desk), '1 0 0 0');
  await agrees(desk);
});

test('an order that says nothing closes first and opens the rest', async (context) => {
  const desk = await opened(context);
  await send(desk, 'buy', '2');
  await onDay(desk, 1);
  await send(desk, 'buy', '3');
  assert.equal(await held(desk), '3 2 0 0');
  assert.equal(await send(desk, 'sell', '9'), 'APPROVED');
  assert.deepEqual(parts(desk), [
    `${closeYesterday} 2`,
    `${closeToday} 3`,
    `${OrderOffset.open} 4`,
  ]);
  assert.equal(await held(desk), '0 0 4 0');
  await agrees(desk);
});

test('where days are not told apart one order closes, the oldest first', async (context) => {
  const desk = await opened(context);
  await send(desk, 'sell', '2', { symbol: dce, offset: 'open' });
  await onDay(desk, 1);
  await send(desk, 'sell', '3', { symbol: dce, offset: 'open' });
  assert.equal(await send(desk, 'buy', '4', { symbol: dce, offset: 'closeToday' }), 'APPROVED');
  assert.deepEqual(parts(desk), [`${close} 4`]);
  assert.equal(await held(desk, dce), '0 0 1 0');
  assert.equal(await send(desk, 'buy', '2', { symbol: dce, offset: 'close' }), 'CLOSE_EXCEEDED');
  await agrees(desk);
});

test('what open orders close is not closed twice; a cancel gives it back', async (context) => {
  const desk = await opened(context);
  await send(desk, 'buy', '5', { offset: 'open' });
  assert.equal(await send(desk, 'sell', '4', { limitPrice: '103', offset: 'close' }), 'APPROVED');
  assert.equal(
    await send(desk, 'sell', '2', { limitPrice: '104', offset: 'close' }),
    'CLOSE_EXCEEDED',
  );
  assert.equal(await send(desk, 'sell', '2', { limitPrice: '104' }), 'APPROVED');
  assert.deepEqual(parts(desk), [`${closeToday} 1`, `${OrderOffset.open} 1`]);
  desk.harness.node.cancel('0-1-0', 'a test');
  await agrees(desk);
});

test('what rests over the night closes what it was sent for, once', async (context) => {
  const desk = await opened(context);
  await send(desk, 'buy', '3', { offset: 'open' });
  await send(desk, 'sell', '3', { limitPrice: '103', offset: 'closeToday' });
  await onDay(desk, 1);
  assert.equal(await held(desk), '0 3 0 0');
  assert.equal(await send(desk, 'sell', '1', { offset: 'closeYesterday' }), 'CLOSE_EXCEEDED');
  desk.harness.ticks.push({ symbol: shfe, price: 104, bid: 104, ask: 104 });
  await desk.harness.settle();
  assert.equal(await held(desk), '0 0 0 0');
  await agrees(desk);
});

test('a day begins while the venue is away, and by an execution', async (context) => {
  const desk = await opened(context);
  const { broker, clock, node } = desk.harness;
  const later = async (ns: number): Promise<void> => {
    clock.advance(ns);
    await quote(desk);
  };
  await send(desk, 'buy', '3', { offset: 'open' });
  broker.setOutage(true);
  await later(1e6);
  await later(msPerDay * 1e6);
  broker.setOutage(false);
  for (let round = 0; round < 3; round++) await later(1.1e9);
  assert.deepEqual([node.ledger.tradingState, await held(desk)], ['ACTIVE', '0 3 0 0']);
  // Half a second into the next trading day, within the second in which nobody looks.
  await later(
    (startOfTradingDay(20_760, 12 * 60).nsOfDay / 1e6 - (clock.nowMs() % msPerDay)) * 1e6 - 0.5e9,
  );
  await later(0.1e9);
  await send(desk, 'buy', '2', { limitPrice: '99', offset: 'open' });
  clock.advance(0.7e9);
  desk.harness.ticks.push({ symbol: shfe, price: 98, bid: 98, ask: 98 });
  await desk.harness.settle();
  await later(2e9);
  assert.equal(await held(desk), '2 3 0 0');
  await agrees(desk);
});

test('a trading day that a wrong clock began is set right by a person', async (context) => {
  const desk = await opened(context);
  const { bus, clock, journal, node } = desk.harness;
  const wall = clock.now.bind(clock);
  let ahead = 12 * 3_600e9;
  await send(desk, 'buy', '3', { offset: 'open' });
  clock.now = () => addNs(wall(), ahead);
  clock.advance(1.1e9);
  await quote(desk);
  assert.equal(await held(desk), '3 0 0 0', 'a jump alone begins none');
  await during(desk.harness, node.reconcile(who));
  assert.equal(await held(desk), '3 0 0 0', 'nor does who compares');
  await node.setTradingState({ set: 'ACTIVE', ...who });
  // A person who believes it.
  await bus.request(subjects.execDay, who);
  clock.advance(1.1e9);
  await quote(desk);
  assert.equal(await held(desk), '0 3 0 0');
  ahead = 0;
  clock.advance(1.1e9);
  await quote(desk);
  assert.match(node.riskView().dayAhead ?? '', /^a trading day began at 2026-11-02T12:00/);
  await bus.request(subjects.execDay, who);
  assert.equal(node.riskView().dayAhead, undefined);
  await send(desk, 'buy', '2', { offset: 'open' });
  assert.equal(await held(desk), '2 3 0 0');
  assert.deepEqual(ledgerSnapshot(rebuild(journal)), ledgerSnapshot(node.ledger));
});

test('long and short stand beside each other; flatten closes both', async (context) => {
  const desk = await opened(context);
  await send(desk, 'buy', '5', { offset: 'open' });
  await send(desk, 'sell', '5', { offset: 'open' });
  assert.equal(await held(desk), '5 0 5 0');
  await agrees(desk);
  await flatten(desk);
  assert.equal(await held(desk), '0 0 0 0');
  assert.equal(desk.harness.node.ledger.controls.flatten, '');
  await agrees(desk);
});

test('flatten closes both sides, each of which alone is beyond the limit', async (context) => {
  const desk = await opened(context);
  await send(desk, 'buy', '60');
  await send(desk, 'sell', '80', { offset: 'open' });
  await send(desk, 'buy', '10', { offset: 'open' });
  assert.equal(await held(desk), '70 0 80 0');
  // The account has a limit of its own, too.
  for (const [scope, name] of [
    ['symbol', String(shfe)],
    ['account', 'paper'],
  ] as const)
    await desk.harness.node.setLimit({ scope, name, key: 'maxPosition', value: '20', ...who });
  // Who closes one side alone comes to a position that is too large.
  const { node } = desk.harness;
  assert.equal(await send(desk, 'sell', '70', { offset: 'close' }), 'POSITION_LIMIT_EXCEEDED');
  await flatten(desk);
  assert.equal(await held(desk), '0 0 0 0');
  assert.equal(node.ledger.controls.flatten, '');
  assert.equal(node.ledger.controls.state, 'REDUCING');
});

test('less than a lot on both sides is said once, and flattening ends', async (context) => {
  const desk = await opened(context, { can: { ...plainAbilities, offsets: true } });
  await send(desk, 'buy', '5', { offset: 'open' });
  await send(desk, 'sell', '4', { offset: 'open' });
  await desk.harness.node.setLimit({ scope: 'symbol', name: '1', key: 'lot', value: '10', ...who });
  await flatten(desk);
  assert.equal(desk.harness.node.ledger.controls.flatten, '');
  assert.equal(await held(desk), '5 0 4 0');
  await agrees(desk);
});

test('flatten closes what strategies hold of two days, and on both sides', async (context) => {
  const desk = await opened(context);
  const signal = async (ordinal: number, side: number, quantity: string): Promise<void> => {
    const offset = OrderOffset.open;
    desk.harness.signals.push({ ordinal, symbol: shfe, side, quantity, offset });
    await desk.harness.settle();
  };
  await signal(1, 1, '5');
  await onDay(desk, 1);
  await signal(2, 1, '2');
  await signal(3, -1, '4');
  assert.equal(await held(desk), '2 5 4 0');
  await flatten(desk);
  assert.equal(await held(desk), '0 0 0 0');
  assert.equal(desk.harness.node.ledger.controls.flatten, '');
  await agrees(desk);
});

test('offsets where there are none, and all at once in two parts, are refused', async (context) => {
  const desk = await opened(context);
  assert.equal(await send(desk, 'buy', '1', { symbol: plain, offset: 'open' }), 'UNSUPPORTED');
  assert.equal(await send(desk, 'buy', '1', { symbol: plain }), 'APPROVED');
  await send(desk, 'buy', '2');
  assert.equal(await send(desk, 'sell', '3', { timeInForce: 'fok' }), 'UNSUPPORTED');
  assert.equal(await send(desk, 'sell', '3', { timeInForce: 'ioc' }), 'APPROVED');
  assert.equal(await held(desk), '0 0 1 0');
  assert.throws(
    () => desk.harness.node.submit({ symbol: shfe, side: 'buy', quantity: '1', offset: 'shut' }),
    /offset: expected one of open/,
  );
});

test('random orders over days: parts, journal and venue agree', async (context) => {
  const seed = 20_261_102;
  console.log(`seed ${seed}`);
  const random = new SeededRandom(seed);
  const desk = await opened(context);
  const words = ['open', 'close', 'closeToday', 'closeYesterday', undefined];
  for (let day = 0; day < 4; day++) {
    for (let number = 0; number < 25; number++) {
      const offset = words[random.integer(words.length)];
      const quantity = String(1 + random.integer(6));
      const symbol = 1 + random.integer(2);
      const more = { symbol, ...(offset === undefined ? {} : { offset }) };
      await send(desk, random.integer(2) === 0 ? 'buy' : 'sell', quantity, more);
      for (const [, { long, short, symbol: id }] of desk.harness.node.ledger.books.offsets.all()) {
        assert.ok(long.today >= 0n && long.yesterday >= 0n);
        assert.ok(short.today >= 0n && short.yesterday >= 0n);
        const net = long.today + long.yesterday - short.today - short.yesterday;
        assert.equal(net, desk.harness.node.ledger.positions.get(id)?.quantity);
      }
    }
    await agrees(desk);
    await onDay(desk, day + 1);
  }
  await agrees(desk);
});

test('a trading day begins in the evening before, a week end belongs to Monday', () => {
  const start = 12 * 60;
  const day = (text: string): number => Date.parse(`${text}T00:00:00Z`) / msPerDay;
  for (const [at, expected] of [
    ['2026-11-02T01:00:00Z', '2026-11-02'],
    ['2026-11-02T11:59:59Z', '2026-11-02'],
    ['2026-11-02T12:00:00Z', '2026-11-03'],
    ['2026-11-06T13:00:00Z', '2026-11-09'],
    ['2026-11-08T13:00:00Z', '2026-11-09'],
    ['2026-11-09T02:00:00Z', '2026-11-09'],
  ] as const)
    assert.equal(tradingDayOf(timeFromMs(Date.parse(at)), start), day(expected), at);
  const begun = startOfTradingDay(day('2026-11-09'), start);
  assert.deepEqual(begun, timeFromMs(Date.parse('2026-11-06T12:00:00Z')));
  assert.equal(tradingDayOf(timeFromMs(Date.parse('2026-11-06T01:00:00Z')), 0), day('2026-11-06'));
});
