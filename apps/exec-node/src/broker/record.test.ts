// The venue's record when it has grown long: it begins again with the state so far, at an open, and
// nothing the venue knew is lost or counts twice, wherever the process died.

import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type OrderIntent,
  OrderState,
  OrderStateNames,
  OrderType,
  parseMoney,
} from '@ndts/protocol';
import { createSilentLogger, SeededRandom, VirtualClock } from '@ndts/runtime';
import { TickTape, timeMsOfTestDay } from '../exec-kit.js';
import { PaperBroker } from './paper.js';
import { type PaperLimits, type RecordEntry, readRecords, recordFileName } from './paper-record.js';

interface Venue {
  readonly broker: PaperBroker;
  readonly ticks: TickTape;
  readonly told: string[];
}

function folder(context: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-record-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function open(dir: string, limits: Partial<PaperLimits>): Promise<Venue> {
  const clock = new VirtualClock(timeMsOfTestDay());
  const ticks = new TickTape(clock);
  const broker = new PaperBroker({
    ...{ dir, clock, latencyUs: 0, feeBps: 1, limits, market: ticks.reader() },
    ...{ random: new SeededRandom(3), logger: createSilentLogger() },
  });
  const told: string[] = [];
  await broker.connect({
    onOrderUpdate: ({ clientOrderId, state }) => {
      told.push(`${clientOrderId} ${OrderStateNames[state]}`);
    },
    onFill: () => undefined,
  });
  return { broker, ticks, told };
}

function intent(clientOrderId: string, side: number, limit?: string): OrderIntent {
  const time = { day: 20_000, nsOfDay: 0 };
  return {
    ...{ clientOrderId, account: 'paper', instance: 1, ordinal: 1n, symbol: 5, side },
    orderType: limit === undefined ? OrderType.market : OrderType.limit,
    ...{ quantity: parseMoney('2'), limitPrice: parseMoney(limit ?? '0') },
    ...{ time, tickTime: time, shard: 0, epoch: 0n, sequence: 0n, factorValue: 0 },
    broker: 'paper',
  };
}

/** Trades a little: every fifth order rests, every tenth is canceled. */
function trade(venue: Venue, from: number, count: number): void {
  venue.ticks.push({ symbol: 5, price: 100, bid: 99, ask: 101 });
  for (let ordinal = from; ordinal < from + count; ordinal++) {
    const limit = ordinal % 5 === 0 ? '50' : undefined;
    venue.broker.submit(
      intent(`1-${ordinal}-0`, limit !== undefined || ordinal % 3 > 0 ? 1 : -1, limit),
    );
    if (ordinal % 10 === 0) venue.broker.cancel(`1-${ordinal}-0`);
    venue.broker.doWork();
  }
}

async function standing({ broker }: Venue): Promise<unknown> {
  const open = await broker.queryOpenOrders();
  return [open, await broker.queryPositions(), await broker.queryFills('T20')];
}

test('a long record begins again, and the venue knows all it knew', async (context) => {
  const dir = folder(context);
  const limits = { recordBytes: 20_000, archives: 100, closedOrders: 20 };
  let venue = await open(dir, limits);
  for (let round = 0; round < 6; round++) {
    trade(venue, 1 + round * 50, 50);
    const before = await standing(venue);
    await venue.broker.disconnect();
    venue = await open(dir, limits);
    assert.deepEqual(await standing(venue), before, `round ${round}`);
  }
  const seen: RecordEntry[] = [];
  assert.equal(
    readRecords(dir, (entry) => seen.push(entry)),
    true,
  );
  const ids = seen.filter(({ kind }) => kind === 'order').map(({ id }) => id);
  assert.deepEqual(
    ids,
    Array.from({ length: 300 }, (_, index) => `1-${index + 1}-0`),
  );
  assert.ok(readdirSync(dir).length > 2, 'it began again');
  const fills = await venue.broker.queryFills();
  assert.deepEqual(
    fills.map(({ tradeId }) => tradeId),
    Array.from({ length: 240 }, (_, index) => `T${index + 1}`),
  );
  // Sent again: long forgotten ones, one that just closed, one that is open.
  for (const id of ['1-1-0', '1-10-0', '1-299-0', '1-5-0']) venue.broker.submit(intent(id, 1));
  venue.broker.doWork();
  assert.deepEqual(venue.told, [
    ...['1-1-0 filled', '1-10-0 canceled', '1-299-0 filled', '1-5-0 accepted'],
  ]);
  assert.equal((await venue.broker.queryOrder('1-1-0'))?.state, OrderState.filled);
  assert.equal(await venue.broker.queryOrder('1-9999-0'), undefined);
});

test('archives are limited; what went with them is not executed again', async (context) => {
  const dir = folder(context);
  const limits = { recordBytes: 20_000, archives: 1, closedOrders: 20 };
  let venue = await open(dir, limits);
  for (let round = 0; round < 8; round++) {
    trade(venue, 1 + round * 50, 50);
    await venue.broker.disconnect();
    venue = await open(dir, limits);
  }
  const bytes = readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
  assert.ok(bytes < 100_000, `${bytes} bytes`);
  assert.equal(
    readRecords(dir, () => undefined),
    false,
  );
  const before = await venue.broker.queryPositions();
  venue.broker.submit(intent('1-1-0', 1));
  venue.broker.doWork();
  assert.deepEqual(venue.told, []);
  assert.deepEqual(await venue.broker.queryPositions(), before);
  await assert.rejects(venue.broker.queryOrder('1-1-0'), { code: 'UNAVAILABLE' });
});

test('killed while the record begins again: nothing counts twice', async (context) => {
  const dir = folder(context);
  const archive = join(dir, 'record-1.jsonl');
  const first = await open(dir, {});
  trade(first, 1, 50);
  const before = await standing(first);
  await first.broker.disconnect();
  // Up to just before the rename, with a new file that is torn.
  writeFileSync(join(dir, 'record.jsonl.new'), '{"kind":"sta');
  copyFileSync(join(dir, recordFileName), archive);
  const same = await open(dir, {});
  assert.equal(existsSync(archive), false);
  assert.deepEqual(await standing(same), before);
  await same.broker.disconnect();
  copyFileSync(join(dir, recordFileName), archive);
  const again = await open(dir, { recordBytes: 5_000 });
  assert.deepEqual(await standing(again), before);
  const trades: string[] = [];
  readRecords(dir, (entry) => {
    if (entry.kind === 'fill') trades.push(entry.tradeId);
  });
  assert.equal(trades.length, 40);
  assert.equal(new Set(trades).size, 40);
});
