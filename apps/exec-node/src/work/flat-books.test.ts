// What strategies hold by their own executions, once everything was closed by orders of others; and
// what people see of each strategy and account.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  decodeOperatorAction,
  encodeFillInferred,
  encodeOperatorAction,
  MessageKind,
  messageKind,
  OrderStateNames,
  type PositionView,
  parseMoney,
  plainAbilities,
  subjects,
} from '@ndts/protocol';
import { ledgerSnapshot, rebuild, SignalTape } from '../exec-kit.js';
import { Ledger } from '../order/ledger.js';
import { encodeLedger, restoreLedger } from '../order/snapshot.js';
import { Desk, symbol } from './desk-kit.js';

const who = { actor: 'anna', why: 'a test' };

/** Strategy 1 holds 5, strategy 2 is short of 2; the second ring is of this process. */
async function twoStrategies(context: TestContext): Promise<{ desk: Desk; second: SignalTape }> {
  const config = { 'risk.limits': 'strategy 1 maxPosition=5', 'exec.paperFeeBps': '0' };
  const desk = new Desk(context, { config });
  await desk.start();
  const { node, clock } = desk.harness;
  const second = new SignalTape(clock, 2);
  node.addSignalRing(2, 'second', second);
  await desk.market(100, 0);
  await desk.signal({ ordinal: 1, side: 1, quantity: '5' });
  second.push({ ordinal: 1, symbol, side: -1, quantity: '2' });
  await desk.pass();
  return { desk, second };
}

function held({ harness }: Desk): (bigint | undefined)[] {
  const { books } = harness.node.ledger;
  return [0, 1, 2].map((instance) => books.strategy(instance)?.get(symbol)?.quantity);
}

const shownBy = async (desk: Desk, by: 'account' | 'strategy'): Promise<unknown[]> => {
  const views = await desk.harness.bus.request(subjects.execPositions, { by });
  return (views as PositionView[]).map((one) => [
    ...[one.instance ?? one.account, one.symbolName, one.quantity],
    ...[one.averagePrice, one.realisedPnl, one.unrealisedPnl],
  ]);
};

test('positions are shown by strategy and by account', async (context) => {
  const { desk } = await twoStrategies(context);
  await desk.market(102, 0);
  assert.deepEqual(await shownBy(desk, 'strategy'), [
    [1, 'S3', '5', '100', '0', '10'],
    [2, 'S3', '-2', '100', '0', '-4'],
  ]);
  assert.deepEqual(await shownBy(desk, 'account'), [['paper', 'S3', '3', '100', '0', '6']]);
});

test('once all is closed no strategy holds anything, also by its limits', async (context) => {
  const { desk } = await twoStrategies(context);
  await desk.market(90, 0);
  const { node } = desk.harness;
  await node.flatten(who);
  await desk.pass(5_000);
  const { ledger } = node;
  assert.equal(ledger.controls.flatten, '');
  assert.equal(ledger.positions.get(symbol)?.quantity, 0n);
  assert.deepEqual(held(desk), [0n, 0n, 0n]);
  // Each has what it lost or won until then.
  const sums = [1, 2].map((instance) => ledger.books.strategy(instance)?.realised() ?? 0n);
  assert.deepEqual(sums, [parseMoney('-50') * 10n ** 8n, parseMoney('20') * 10n ** 8n]);
  assert.equal(ledger.positions.realised(), parseMoney('-30') * 10n ** 8n);
  // It is in the journal, and a start finds it.
  await desk.start();
  assert.deepEqual(held(desk), [0n, 0n, 0n]);
  await desk.harness.node.setTradingState({ set: 'ACTIVE', ...who });
  await desk.market(90, 0);
  await desk.signal({ ordinal: 2, side: 1, quantity: '5' });
  const [order] = desk.harness.node.ledger.orders.list(1, undefined);
  assert.equal(`${OrderStateNames[order?.state ?? 0]} ${order?.reason}`, 'filled ');
});

test('what strategies hold against each other is over, too', async (context) => {
  const { desk, second } = await twoStrategies(context);
  second.push({ ordinal: 2, symbol, side: -1, quantity: '3' });
  await desk.pass();
  const { node } = desk.harness;
  assert.deepEqual(held(desk), [undefined, parseMoney('5'), parseMoney('-5')]);
  await node.flatten(who);
  await desk.pass(1_000);
  assert.deepEqual(held(desk), [0n, 0n, 0n]);
  desk.checkJournal();
});

test('what was told after all was closed leaves strategies with nothing', async (context) => {
  for (const isStarted of [false, true]) {
    const { desk } = await twoStrategies(context);
    const { clock, journal } = desk.harness;
    const closed = { symbol, side: -1, quantity: parseMoney('3'), price: parseMoney('98') };
    const time = clock.now();
    // Found at the venue, without a word of whose it is.
    const inferred = encodeFillInferred({
      ...{ ...closed, venue: 'paper', tradeId: '3:1:3..0:inferred', clientOrderId: '' },
      ...{ account: 'paper', instance: 0, offset: 0, time, until: time, reason: 'it differed' },
    });
    const first = rebuild(journal);
    first.applyEncoded(1e6, inferred);
    const action = { actor: 'exec', action: 'flat', why: 'nothing is open', time };
    const detail = JSON.stringify({ prices: { [symbol]: String(parseMoney('97')) } });
    first.applyEncoded(1e6 + 1, encodeOperatorAction({ ...action, detail }));
    const ledger = isStarted ? new Ledger() : first;
    if (isStarted) restoreLedger(ledger, encodeLedger(first, 1e6 + 1));
    assert.deepEqual(ledgerSnapshot(ledger), ledgerSnapshot(first));
    const sum = ledger.positions.realised();
    const trade = { venue: 'paper', tradeId: 'late', clientOrderId: '1-9-0', fee: 0n, time };
    ledger.applyFill({ ...closed, ...trade, price: parseMoney('99') });
    const of = (instance: number): bigint | undefined =>
      ledger.books.strategy(instance)?.get(symbol)?.quantity;
    assert.deepEqual([of(0), of(1), of(2)], [0n, 0n, 0n]);
    assert.equal(ledger.positions.realised() - sum, parseMoney('3') * 10n ** 8n);
  }
});

test('flattening ends however many symbols are held', async (context) => {
  const desk = new Desk(context, { config: { 'risk.lot': '1' }, can: plainAbilities });
  await desk.start();
  const { node, clock } = desk.harness;
  const time = clock.now();
  const [many, odd] = [4_000, 30];
  const execute = (of: number, instance: number, side: number, quantity: string): void => {
    const what = { venue: 'paper', tradeId: '', symbol: of, side, offset: 0, time, until: time };
    const whose = { clientOrderId: '', account: 'paper', instance, reason: '' };
    const [size, price] = [parseMoney(quantity), parseMoney('12345.678')];
    node.ledger.applyInferred({ ...what, ...whose, quantity: size, price });
  };
  for (let of = 100_001; of <= 100_000 + many; of += 1) {
    execute(of, 1, 1, '7');
    execute(of, 0, -1, '7');
  }
  for (let of = 200_001; of <= 200_000 + odd; of += 1) execute(of, 1, 1, '0.12345678');
  await node.flatten(who);
  await desk.pass(2_000);
  const { books, controls } = node.ledger;
  assert.equal(controls.flatten, '');
  assert.equal(books.heldByStrategies().size, 0);
  const actions = desk.harness.journal
    .scan({ prefix: 'exec/event/' })
    .filter(({ value }) => messageKind(value) === MessageKind.OperatorAction)
    .map(({ value }) => decodeOperatorAction(value));
  const why = actions.at(-1)?.why ?? '';
  assert.match(why, /^nothing is open but 0.12345678 of S200001, .*, and 10 more: less than one/);
});

test('asking what is held of a symbol leaves no trace of it', async (context) => {
  const instruments = [{ symbol, exchange: 'SHFE' }];
  const desk = new Desk(context, { instruments });
  await desk.start();
  await desk.market(100, 0);
  // Made for an order that works, and never traded.
  await desk.signal({ ordinal: 1, side: 1, limit: '95' });
  await desk.harness.node.flatten(who);
  await desk.pass(1_000);
  assert.equal(desk.harness.node.ledger.controls.flatten, '');
  assert.deepEqual(await desk.harness.bus.request(subjects.execPositions, undefined), []);
  desk.checkJournal();
});
