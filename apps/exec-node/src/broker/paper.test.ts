// The paper venue: its record, its matching, and how it misbehaves on demand. The cards every
// broker must pass are in test/conformance.

import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type BrokerOrderUpdate,
  type Fill,
  type NdtsError,
  type OrderIntent,
  OrderState,
  OrderStateNames,
  OrderType,
  parseMoney,
} from '@ndts/protocol';
import { createSilentLogger, SeededRandom, VirtualClock } from '@ndts/runtime';
import { TickTape, timeMsOfTestDay } from '../exec-kit.js';
import { PaperBroker } from './paper.js';
import { type RecordEntry, readRecord, recordFileName } from './paper-record.js';

interface Venue {
  readonly broker: PaperBroker;
  readonly ticks: TickTape;
  readonly clock: VirtualClock;
  readonly told: string[];
  readonly fills: Fill[];
  readonly updates: BrokerOrderUpdate[];
}

function folder(context: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-paper-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function open(dir: string, latencyUs = 0, feeBps = 0): Promise<Venue> {
  const clock = new VirtualClock(timeMsOfTestDay());
  const ticks = new TickTape(clock);
  const broker = new PaperBroker({
    ...{ dir, clock, latencyUs, feeBps, market: ticks.reader() },
    ...{ random: new SeededRandom(3), logger: createSilentLogger() },
  });
  const told: string[] = [];
  const fills: Fill[] = [];
  const updates: BrokerOrderUpdate[] = [];
  await broker.connect({
    onOrderUpdate: (update) => {
      updates.push(update);
      told.push(`${update.clientOrderId} ${OrderStateNames[update.state]}`);
    },
    onFill: (fill) => {
      fills.push(fill);
      told.push(
        `${fill.clientOrderId} fill ${Number(fill.quantity) / 1e8}@${Number(fill.price) / 1e8}`,
      );
    },
  });
  return { broker, ticks, clock, told, fills, updates };
}

function intent(
  clientOrderId: string,
  side: number,
  quantity: string,
  limit?: string,
): OrderIntent {
  const time = { day: 20_000, nsOfDay: 0 };
  return {
    ...{ clientOrderId, account: 'paper', instance: 1, ordinal: 1n, symbol: 5, side },
    orderType: limit === undefined ? OrderType.market : OrderType.limit,
    ...{ quantity: parseMoney(quantity), limitPrice: parseMoney(limit ?? '0') },
    ...{ time, tickTime: time, shard: 0, epoch: 0n, sequence: 0n, factorValue: 0 },
    broker: 'paper',
  };
}

function kinds(dir: string): string[] {
  const lines: string[] = [];
  readRecord(join(dir, recordFileName), (entry: RecordEntry) => {
    lines.push(`${entry.kind} ${entry.id}`);
  });
  return lines;
}

test('market orders trade at the other side of the book, or at the last price', async (context) => {
  const { broker, ticks, told } = await open(folder(context));
  ticks.push({ symbol: 5, price: 100, bid: 99, ask: 101 });
  broker.submit(intent('a', 1, '2'));
  broker.submit(intent('b', -1, '2'));
  broker.doWork();
  ticks.push({ symbol: 5, price: 100 });
  broker.submit(intent('c', 1, '1'));
  broker.doWork();
  assert.deepEqual(told, [
    ...['a accepted', 'a fill 2@101', 'b accepted', 'b fill 2@99'],
    ...['c accepted', 'c fill 1@100'],
  ]);
});

test('a tick without a price executes nothing', async (context) => {
  const { broker, ticks, told } = await open(folder(context));
  broker.submit(intent('a', 1, '2', '50'));
  broker.doWork();
  ticks.push({ symbol: 5, price: 0 });
  broker.doWork();
  assert.deepEqual(told, ['a accepted']);
});

test('without a market a market order is rejected, a limit order rests', async (context) => {
  const { broker, told } = await open(folder(context));
  broker.submit(intent('a', 1, '2'));
  broker.submit(intent('b', 1, '2', '50'));
  broker.doWork();
  assert.deepEqual(told, ['a rejected', 'b accepted']);
});

test('limit orders: at the market when marketable, else at their price', async (context) => {
  const { broker, ticks, told } = await open(folder(context));
  ticks.push({ symbol: 5, price: 100, bid: 99, ask: 101 });
  broker.submit(intent('taker', 1, '1', '105'));
  broker.submit(intent('maker', 1, '1', '98'));
  broker.submit(intent('seller', -1, '1', '103'));
  broker.doWork();
  ticks.push({ symbol: 5, price: 100, bid: 97, ask: 98.5 });
  assert.ok(broker.doWork() > 0);
  ticks.push({ symbol: 5, price: 100, bid: 97, ask: 97.5 });
  broker.doWork();
  ticks.push({ symbol: 5, price: 103 });
  broker.doWork();
  assert.deepEqual(told, [
    ...['taker accepted', 'taker fill 1@101', 'maker accepted', 'seller accepted'],
    ...['maker fill 1@98', 'seller fill 1@103'],
  ]);
  assert.deepEqual(await broker.queryOpenOrders(), []);
});

test('fees in basis points of the value, rounded to 1e-8', async (context) => {
  const { broker, ticks, fills } = await open(folder(context), 0, 2.5);
  ticks.push({ symbol: 5, price: 33.33 });
  broker.submit(intent('a', 1, '3'));
  broker.doWork();
  assert.equal(fills[0]?.fee, parseMoney('0.0249975'));
});

test('latency holds requests and answers back, one way each', async (context) => {
  const { broker, ticks, clock, told } = await open(folder(context), 100);
  ticks.push({ symbol: 5, price: 100 });
  broker.submit(intent('a', 1, '1'));
  broker.doWork();
  clock.advance(99_999);
  broker.doWork();
  assert.equal(await broker.queryOrder('a'), undefined);
  clock.advance(1);
  broker.doWork();
  assert.equal((await broker.queryOrder('a'))?.state, OrderState.filled);
  assert.deepEqual(told, []);
  clock.advance(100_000);
  broker.doWork();
  assert.deepEqual(told, ['a accepted', 'a fill 1@100']);
});

test('what was answered is in the record, and a new process knows it all', async (context) => {
  const dir = folder(context);
  const first = await open(dir);
  first.ticks.push({ symbol: 5, price: 100 });
  first.broker.submit(intent('a', 1, '2'));
  first.broker.submit(intent('b', 1, '3', '90'));
  first.broker.submit(intent('c', 1, '3', '91'));
  first.broker.doWork();
  first.broker.cancel('c');
  first.broker.doWork();
  // No disconnect: as after kill -9.
  const second = await open(dir);
  assert.deepEqual(kinds(dir), ['order a', 'fill a', 'order b', 'order c', 'cancel c']);
  assert.equal((await second.broker.queryOrder('a'))?.state, OrderState.filled);
  assert.equal((await second.broker.queryOrder('c'))?.state, OrderState.canceled);
  const [open1] = await second.broker.queryOpenOrders();
  assert.equal(open1?.clientOrderId, 'b');
  assert.deepEqual(await second.broker.queryPositions(), [
    { symbol: 5, quantity: parseMoney('2'), averagePrice: parseMoney('100') },
  ]);
  assert.deepEqual(await second.broker.queryFills(), first.fills);
  second.ticks.push({ symbol: 5, price: 89 });
  second.broker.doWork();
  assert.deepEqual(second.told, ['b fill 3@90']);
  assert.deepEqual(
    (await second.broker.queryFills('T1')).map((fill) => fill.tradeId),
    ['T2'],
  );
});

test('a request that was not processed was never received', async (context) => {
  const dir = folder(context);
  const first = await open(dir);
  first.broker.submit(intent('a', 1, '2', '90'));
  const second = await open(dir);
  assert.equal(await second.broker.queryOrder('a'), undefined);
  assert.deepEqual(kinds(dir), []);
});

test('a torn last line is cut off, at every byte; a broken line is named', async (context) => {
  const dir = folder(context);
  const path = join(dir, recordFileName);
  const first = await open(dir);
  first.broker.submit(intent('a', 1, '2', '90'));
  first.broker.doWork();
  const whole = readFileSync(path).length;
  first.broker.submit(intent('b', 1, '2', '91'));
  first.broker.doWork();
  const bytes = readFileSync(path);
  for (let size = bytes.length - 1; size >= whole; size--) {
    truncateSync(path, size);
    const again = await open(dir);
    assert.equal(await again.broker.queryOrder('b'), undefined, `${size} bytes`);
    assert.equal(readFileSync(path).length, whole);
    await again.broker.disconnect();
    truncateSync(path, 0);
    appendFileSync(path, bytes);
  }
  appendFileSync(path, 'not json\n');
  await assert.rejects(open(dir), (error: NdtsError) => error.code === 'CORRUPT');
});

test('an outage loses what is under way, both ways, and then all is back', async (context) => {
  const { broker, ticks, told } = await open(folder(context));
  ticks.push({ symbol: 5, price: 100 });
  broker.submit(intent('a', 1, '1', '90'));
  broker.setOutage(true);
  assert.equal(broker.connected(), false);
  broker.submit(intent('b', 1, '1', '90'));
  broker.doWork();
  await assert.rejects(broker.queryOrder('a'), (error: NdtsError) => error.code === 'UNAVAILABLE');
  broker.setOutage(false);
  broker.doWork();
  assert.equal(await broker.queryOrder('a'), undefined);
  assert.deepEqual(told, []);
});

test('misbehaviour on demand: rejects, losses, partial fills', async (context) => {
  const { broker, ticks, told } = await open(folder(context));
  ticks.push({ symbol: 5, price: 100 });
  const always = 1_000_000;
  broker.setBehaviour({ rejectPerMillion: always });
  broker.submit(intent('r', 1, '1'));
  broker.doWork();
  broker.setBehaviour({ rejectPerMillion: 0, loseRequestPerMillion: always });
  broker.submit(intent('q', 1, '1'));
  broker.doWork();
  assert.equal(await broker.queryOrder('q'), undefined);
  broker.setBehaviour({ loseRequestPerMillion: 0, loseAnswersPerMillion: always });
  broker.submit(intent('l', 1, '1'));
  broker.doWork();
  assert.equal((await broker.queryOrder('l'))?.state, OrderState.filled);
  broker.setBehaviour({ loseAnswersPerMillion: 0, partialFillPerMillion: always });
  broker.submit(intent('p', 1, '3'));
  broker.doWork();
  broker.doWork();
  assert.deepEqual(told, ['r rejected', 'p accepted', 'p fill 1.5@100', 'p fill 1.5@100']);
});

test('average price over a flip, by the venue itself', async (context) => {
  const { broker, ticks } = await open(folder(context));
  const trade = (id: string, side: number, quantity: string, price: number): void => {
    ticks.push({ symbol: 5, price });
    broker.submit(intent(id, side, quantity));
    broker.doWork();
  };
  trade('a', 1, '2', 100);
  trade('b', 1, '1', 103);
  assert.equal((await broker.queryPositions())[0]?.averagePrice, parseMoney('101'));
  trade('c', -1, '1', 500);
  assert.equal((await broker.queryPositions())[0]?.averagePrice, parseMoney('101'));
  trade('d', -1, '5', 90);
  const [flipped] = await broker.queryPositions();
  assert.deepEqual(
    [flipped?.quantity, flipped?.averagePrice],
    [parseMoney('-3'), parseMoney('90')],
  );
});

test('many fills: old ones are read back from the record', async (context) => {
  const { broker, ticks } = await open(folder(context));
  ticks.push({ symbol: 5, price: 1 });
  for (let number = 0; number < 20_000; number++) {
    broker.submit(intent(`o${number}`, number % 2 === 0 ? 1 : -1, '1'));
    if (number % 1000 === 999) broker.doWork();
  }
  assert.equal((await broker.queryFills()).length, 20_000);
  assert.equal((await broker.queryFills('T100')).length, 19_900);
  assert.deepEqual(
    (await broker.queryFills('T19998')).map((fill) => fill.tradeId),
    ['T19999', 'T20000'],
  );
  assert.deepEqual(await broker.queryFills('T20000'), []);
});
