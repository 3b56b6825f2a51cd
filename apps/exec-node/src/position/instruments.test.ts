// What symbols are worth, on the whole node: a file and a person declare it; PnL, order value, tick
// size, lot and the loss of the day follow it, in the currency of the account; a restart knows it;
// what would count the past otherwise is refused.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type Fill,
  type InstrumentView,
  moneyText,
  NdtsError,
  parseMoney,
  type PositionView,
  subjects,
  type Time,
} from '@ndts/protocol';
import {
  createHarness,
  type Harness,
  type HarnessOptions,
  ledgerSnapshot,
  rebuild,
} from '../exec-kit.js';
import { Rates } from './rates.js';

const who = { actor: 'anna', why: 'a test' };
const rubber = { symbol: 1, currency: 'CNY', multiplier: 10, tickSize: '5', lot: '1' };
const config = { 'risk.rates': 'CNY=0.14,USD=1', 'exec.paperFeeBps': '1' };

function dirOf(context: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-instruments-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function started(options: HarnessOptions): Promise<Harness> {
  const harness = createHarness({ config, ...options });
  await harness.node.start();
  for (const symbol of [1, 2]) harness.ticks.push({ symbol, price: 100, bid: 100, ask: 100 });
  await harness.settle();
  return harness;
}

async function send(
  harness: Harness,
  symbol: number,
  quantity: string,
  more: object = {},
): Promise<string> {
  const { reason } = harness.node.submit({ symbol, side: 'buy', quantity, ...more });
  await harness.settle();
  harness.clock.advance(1e6);
  return reason;
}

test('the file counts in PnL, value, tick, lot and the loss of the day', async (context) => {
  const dir = dirOf(context);
  const node = await started({ dir, instruments: [rubber] });
  assert.equal(await send(node, 1, '1.5'), 'INVALID_QUANTITY');
  assert.equal(await send(node, 1, '1', { limitPrice: '101' }), 'INVALID_PRICE');
  // 80 times 100 times 10 is 80,000 CNY: 11,200 of the account, 1,000,000 is the limit.
  assert.equal(await send(node, 1, '80'), 'APPROVED');
  node.ticks.push({ symbol: 1, price: 95, bid: 95, ask: 95 });
  await node.settle();
  const [held] = (await node.bus.request(subjects.execPositions, undefined)) as PositionView[];
  assert.equal(held?.averagePrice, '100');
  // 80 times 5 times 10, and a basis point of 80,000.
  assert.deepEqual([held?.unrealisedPnl, held?.fees], ['-4000', '8']);
  assert.deepEqual([held?.currency, held?.multiplier], ['CNY', 10]);
  // In the account's currency: 4,008 CNY at 0.14.
  assert.equal(node.node.riskView().dayLoss, '561.12');
  const again = await started({
    dir,
    journal: node.journal,
    clock: node.clock,
    instruments: [rubber],
  });
  assert.deepEqual(ledgerSnapshot(again.node.ledger), ledgerSnapshot(node.node.ledger));
  assert.equal(rebuild(node.journal).books.instrument(1)?.multiplier, 10);
  assert.equal(again.node.ledger.tradingState, 'ACTIVE');
});

test('order value counts multiplier and rate, also before the first position', async (context) => {
  const instruments = [{ symbol: 1, currency: 'CNY', multiplier: 1000 }];
  const node = await started({ dir: dirOf(context), instruments });
  // 72 times 100 times 1000 times 0.14 is 1,008,000.
  assert.equal(await send(node, 1, '72'), 'ORDER_VALUE_EXCEEDED');
  assert.equal(await send(node, 1, '71'), 'APPROVED');
});

test('a person declares, with who and why; a restart knows it', async (context) => {
  const dir = dirOf(context);
  const node = await started({ dir, instruments: [rubber] });
  const set = (request: object): Promise<unknown> =>
    node.bus.request(subjects.execInstrument, { ...who, ...request });
  const view = (await set({ symbol: 2, multiplier: 50, currency: 'USD' })) as InstrumentView;
  assert.deepEqual(
    [view.multiplier, view.currency, view.rate, view.fromFile],
    [50, 'USD', '1', false],
  );
  await set({ symbol: 2, tickSize: '0.25' });
  const again = await started({
    dir,
    journal: node.journal,
    clock: node.clock,
    instruments: [rubber],
  });
  const views = (await again.bus.request(subjects.execInstruments, undefined)) as InstrumentView[];
  assert.deepEqual(
    views.map(({ symbolName, multiplier, tickSize, fromFile }) => [
      symbolName,
      multiplier,
      tickSize,
      fromFile,
    ]),
    [
      ['S1', 10, '5', true],
      ['S2', 50, '0.25', false],
    ],
  );
});

test('what would count the past otherwise is refused', async (context) => {
  const dir = dirOf(context);
  const node = await started({ dir, instruments: [rubber] });
  assert.equal(await send(node, 2, '1'), 'APPROVED');
  for (const [request, expected] of [
    [{ symbol: 1, lot: '2' }, /S1 is in the file/],
    [{ symbol: 2, multiplier: 5 }, /S2: its multiplier or exchange changes only while nothing/],
    [{ symbol: 2, currency: 'CNY' }, /S2: it was traded in the currency of the account/],
    [{ symbol: 3, currency: 'EUR' }, /S3 is priced in EUR, of which risk.rates names no rate/],
    [{ symbol: 3, multiplier: 0.5 }, /whole number from 1/],
    [{ symbol: 3, lot: '-1' }, /lot: expected 0 or more/],
  ] as const)
    await assert.rejects(
      node.node.setInstrument({ ...who, ...request }),
      (error) => error instanceof NdtsError && expected.test(error.message),
    );
  const flat = node.node.submit({ symbol: 2, side: 'sell', quantity: '1' });
  assert.equal(flat.reason, 'APPROVED');
  await node.settle();
  assert.equal((await node.node.setInstrument({ ...who, symbol: 2, multiplier: 5 })).multiplier, 5);
  const { journal, clock } = node;
  const later = createHarness({ dir, journal, clock, instruments: [rubber] });
  await assert.rejects(later.node.start(), /exec.instruments: S1 is priced in CNY/);
  assert.equal(moneyText(node.node.ledger.positions.get(2)?.quantity ?? 1n), '0');
});

test('rates are decimal numbers above 0', () => {
  const rates = new Rates(['CNY=0.14', ' HKD = 0.13 ']);
  assert.deepEqual(
    [rates.of('CNY'), rates.of('HKD'), rates.of('')],
    [14_000_000n, 13_000_000n, 100_000_000n],
  );
  assert.deepEqual([rates.has('HKD'), rates.has('EUR')], [true, false]);
  for (const line of ['CNY', 'CNY=0', '=1', 'CNY=-1', 'CNY=1=2'])
    assert.throws(() => new Rates([line]), /risk.rates: expected CURRENCY=RATE/);
});

/** An execution told from outside, with its fee. */
function fillOf(tradeId: string, fee: string, feeCurrency: string, time: Time): Fill {
  return {
    ...{ venue: 'paper', tradeId, clientOrderId: '3-7-0', symbol: 2, side: 1, time },
    ...{ quantity: parseMoney('2'), price: parseMoney('100'), fee: parseMoney(fee), feeCurrency },
  };
}

test('a fee in a third currency is kept in it, and has a rate or is told', async (context) => {
  const dir = dirOf(context);
  for (const [rates, fees, dayLoss, rate] of [
    ['CNY=0.14', '0.5', '0.5', undefined],
    ['CNY=0.14,BNB=600', '6.5', '6.5', '600'],
  ] as const) {
    const harness = createHarness({
      ...{ dir: join(dir, rates), config: { 'risk.rates': rates } },
    });
    const { node, journal, clock, metrics } = harness;
    await node.start();
    harness.ticks.push({ symbol: 2, price: 100 });
    harness.venue.onFill(fillOf('paper-901', '0.01', 'BNB', clock.now()));
    harness.venue.onFill(fillOf('paper-902', '0.5', '', clock.now()));
    await harness.settle();
    const view = node.riskView();
    assert.equal(view.dayLoss, dayLoss);
    const told = { currency: 'BNB', fees: '0.01' };
    assert.deepEqual(view.otherFees, [rate === undefined ? told : { ...told, rate }]);
    const { positions } = node.ledger;
    assert.equal(moneyText(positions.fees(new Rates(rates.split(',')).of)), fees);
    assert.equal(moneyText(positions.get(2)?.fees ?? 0n), '0.5');
    const metric = `ndts_exec_unconverted_fees{currency="BNB"} ${rate === undefined ? 0.01 : 0}`;
    assert.ok((await metrics.text()).includes(metric));
    assert.deepEqual(ledgerSnapshot(rebuild(journal)), ledgerSnapshot(node.ledger));
    await node.stop();
    assert.deepEqual(ledgerSnapshot(rebuild(journal)), ledgerSnapshot(node.ledger));
  }
});
