// The acceptance cards of a broker gateway: numbered, run on every implementation, listed in
// docs/protocol/broker-cards.md (a test compares the two). A gateway that lacks a knob a card needs
// leaves it out of its harness, and the card says so instead of passing.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OrderState, parseMoney } from '@ndts/protocol';
import { rejectsWith } from '../kit/errors.js';
import { changeCards } from './broker-changes.js';
import {
  type Bench,
  type BrokerHarness,
  type Card,
  Heard,
  order,
  send,
  symbol,
} from './broker-kit.js';

const cards: Card[] = [];

function card(number: string, title: string, run: (bench: Bench) => Promise<void>): void {
  cards.push({ number, title, run });
}

const { accepted, canceled, filled, rejected } = OrderState;

card(
  'B01',
  'the card states name, id de-duplication, session exclusivity and in-flight horizon',
  async ({ broker }) => {
    assert.notEqual(broker.card.name, '');
    assert.ok(['none', 'while-open', 'day', 'ever'].includes(broker.card.deduplicates));
    assert.equal(typeof broker.card.exclusiveSession, 'boolean');
    assert.ok(broker.card.inFlightMs >= 0);
    assert.equal(broker.connected(), true);
  },
);

card(
  'B02',
  'a market order is acknowledged with the id of the venue and executed at the market',
  async (bench) => {
    await send(bench, order('m', 1, '2'));
    assert.deepEqual(bench.heard.states('m').slice(0, 1), [accepted]);
    assert.notEqual(bench.heard.updates[0]?.venueOrderId, '');
    assert.equal(bench.heard.filled('m'), parseMoney('2'));
    assert.ok(bench.heard.fills.every((fill) => fill.price === parseMoney('101')));
  },
);

card(
  'B03',
  'a fill names venue, trade, order, symbol, side, quantity, price and fee',
  async (bench) => {
    await send(bench, order('m', -1, '1'));
    const [fill] = bench.heard.fills;
    assert.equal(fill?.venue, bench.broker.card.name);
    assert.notEqual(fill?.tradeId, '');
    assert.deepEqual([fill?.clientOrderId, fill?.symbol, fill?.side], ['m', symbol, -1]);
    assert.equal(fill?.quantity, parseMoney('1'));
    assert.equal(fill?.price, parseMoney('99'));
    assert.equal(fill?.fee, parseMoney('0.099'));
    assert.ok((fill?.time.day ?? 0) > 0);
  },
);

card(
  'B04',
  'a limit order rests, is listed as open, and is executed when the market crosses it',
  async (bench) => {
    await send(bench, order('l', 1, '3', '98'));
    assert.deepEqual(bench.heard.states('l'), [accepted]);
    const open = await bench.broker.queryOpenOrders();
    assert.deepEqual(
      open.map((status) => [status.clientOrderId, status.state, status.filledQuantity]),
      [['l', accepted, 0n]],
    );
    bench.venue.market(symbol, 97.5, 97, 98);
    await bench.settle();
    assert.equal(bench.heard.filled('l'), parseMoney('3'));
    assert.deepEqual(await bench.broker.queryOpenOrders(), []);
  },
);

card('B05', 'a limit order is never executed at a worse price than its limit', async (bench) => {
  await send(bench, order('buy', 1, '1', '103'), order('sell', -1, '1', '95'));
  await send(bench, order('rest', 1, '1', '97'));
  bench.venue.market(symbol, 90, 89, 91);
  await bench.settle();
  const worst = new Map([
    ['buy', parseMoney('103')],
    ['rest', parseMoney('97')],
  ]);
  assert.equal(bench.heard.fills.length, 3);
  for (const fill of bench.heard.fills) {
    const limit = worst.get(fill.clientOrderId);
    if (limit === undefined) assert.ok(fill.price >= parseMoney('95'));
    else assert.ok(fill.price <= limit);
  }
});

card(
  'B06',
  'a definite refusal is told as rejected, is remembered, and executes nothing',
  async (bench) => {
    bench.venue.rejectAll(true);
    await send(bench, order('r', 1, '1'));
    bench.venue.rejectAll(false);
    assert.deepEqual(bench.heard.states('r'), [rejected]);
    assert.notEqual(bench.heard.updates[0]?.reason, '');
    assert.equal((await bench.broker.queryOrder('r'))?.state, rejected);
    assert.deepEqual(bench.heard.fills, []);
  },
);

card(
  'B07',
  'an id that was sent before is not executed again, and the first order is not rejected',
  async (bench) => {
    await send(bench, order('d', 1, '1'), order('d', 1, '1'));
    await send(bench, order('d', 1, '1'));
    assert.equal(bench.heard.filled('d'), parseMoney('1'));
    assert.ok(!bench.heard.states('d').includes(rejected));
    assert.equal((await bench.broker.queryOrder('d'))?.state, filled);
  },
);

card('B08', 'a canceled order is told, is not open, and is not executed later', async (bench) => {
  await send(bench, order('c', 1, '1', '98'));
  bench.broker.cancel('c');
  await bench.settle();
  assert.deepEqual(bench.heard.states('c'), [accepted, canceled]);
  assert.deepEqual(await bench.broker.queryOpenOrders(), []);
  bench.venue.market(symbol, 90, 89, 91);
  await bench.settle();
  assert.equal(bench.heard.filled('c'), 0n);
  assert.equal((await bench.broker.queryOrder('c'))?.state, canceled);
});

card('B09', 'canceling what is filled or unknown changes nothing', async (bench) => {
  await send(bench, order('f', 1, '1'));
  bench.broker.cancel('f');
  bench.broker.cancel('nobody');
  await bench.settle();
  assert.equal((await bench.broker.queryOrder('f'))?.state, filled);
  assert.ok(!bench.heard.states('f').includes(canceled));
  assert.equal(await bench.broker.queryOrder('nobody'), undefined);
});

card('B10', 'parts of an execution add up to the order', async (bench) => {
  bench.venue.partialFills(true);
  await send(bench, order('p', 1, '5'));
  assert.ok(bench.heard.fills.length > 1);
  assert.equal(bench.heard.filled('p'), parseMoney('5'));
  assert.equal(new Set(bench.heard.fills.map((fill) => fill.tradeId)).size, 2);
  assert.equal((await bench.broker.queryOrder('p'))?.state, filled);
});

card(
  'B11',
  'nothing is told from inside submit and cancel: answers come in the duty cycle',
  async (bench) => {
    bench.broker.submit(order('s', 1, '1'));
    bench.broker.cancel('s');
    assert.deepEqual(bench.heard.updates, []);
    assert.deepEqual(bench.heard.fills, []);
  },
);

card(
  'B12',
  'a request that got lost is unknown to the venue once the in-flight horizon has passed',
  async (bench) => {
    bench.venue.loseRequests(true);
    await send(bench, order('x', 1, '1'));
    bench.venue.loseRequests(false);
    assert.deepEqual(bench.heard.states('x'), []);
    assert.equal(await bench.broker.queryOrder('x'), undefined);
    assert.deepEqual(await bench.broker.queryPositions(), []);
  },
);

card('B13', 'when answers got lost, queries tell state, fills and position', async (bench) => {
  bench.venue.loseAnswers(true);
  await send(bench, order('y', 1, '2'));
  bench.venue.loseAnswers(false);
  assert.deepEqual(bench.heard.fills, []);
  const status = await bench.broker.queryOrder('y');
  assert.deepEqual([status?.state, status?.filledQuantity], [filled, parseMoney('2')]);
  const fills = await bench.broker.queryFills();
  assert.deepEqual(
    fills.map((fill) => [fill.clientOrderId, fill.quantity]),
    [['y', parseMoney('2')]],
  );
  assert.equal((await bench.broker.queryPositions())[0]?.quantity, parseMoney('2'));
});

card(
  'B14',
  'fills are listed oldest first, each once, and from a trade on without that trade',
  async (bench) => {
    for (const id of ['a', 'b', 'c', 'd']) await send(bench, order(id, 1, '1'));
    const all = await bench.broker.queryFills();
    assert.deepEqual(
      all.map((fill) => fill.clientOrderId),
      ['a', 'b', 'c', 'd'],
    );
    assert.deepEqual(all, bench.heard.fills);
    assert.deepEqual(await bench.broker.queryFills(all[1]?.tradeId), all.slice(2));
    assert.deepEqual(await bench.broker.queryFills(all[3]?.tradeId), []);
  },
);

card('B15', 'positions equal the sum of the fills, with the average price', async (bench) => {
  await send(bench, order('a', 1, '2'));
  bench.venue.market(symbol, 104, 103, 104);
  await send(bench, order('b', 1, '1'));
  await send(bench, order('c', -1, '1'));
  const [held, ...others] = await bench.broker.queryPositions();
  assert.deepEqual([held?.symbol, held?.quantity, others], [symbol, parseMoney('2'), []]);
  // A venue that tells each side closes the oldest first: its average is another.
  if (held?.sides === undefined) assert.equal(held?.averagePrice, parseMoney('102'));
  await send(bench, order('d', -1, '2'));
  const rest = await bench.broker.queryPositions();
  assert.ok(rest.every((position) => position.quantity === 0n));
});

card(
  'B16',
  'an outage shows; queries are refused; what was sent into it is never executed later',
  async (bench) => {
    bench.venue.outage(true);
    await bench.settle();
    assert.equal(bench.broker.connected(), false);
    await send(bench, order('o', 1, '1'));
    await rejectsWith('UNAVAILABLE', bench.broker.queryOrder('o'));
    await rejectsWith('UNAVAILABLE', bench.broker.queryOpenOrders());
    await rejectsWith('UNAVAILABLE', bench.broker.queryFills());
    await rejectsWith('UNAVAILABLE', bench.broker.queryPositions());
    bench.venue.outage(false);
    await bench.settle();
    assert.equal(bench.broker.connected(), true);
    assert.equal(await bench.broker.queryOrder('o'), undefined);
  },
);

card(
  'B17',
  'after a restart of the gateway the venue still knows orders, fills and positions',
  async (bench) => {
    await send(bench, order('a', 1, '2'), order('l', 1, '1', '98'));
    const before = await bench.broker.queryFills();
    const again = await bench.restart();
    const heard = new Heard();
    await again.connect(heard);
    assert.deepEqual(await again.queryFills(), before);
    assert.equal((await again.queryOrder('a'))?.state, filled);
    assert.equal((await again.queryOpenOrders())[0]?.clientOrderId, 'l');
    assert.equal((await again.queryPositions())[0]?.quantity, parseMoney('2'));
    bench.venue.market(symbol, 97, 96, 97);
    await bench.settle();
    assert.equal(heard.filled('l'), parseMoney('1'));
  },
);

card(
  'B18',
  'after a restart ids are still refused as the card promises, and trade ids go on',
  async (bench) => {
    await send(bench, order('a', 1, '1'));
    const again = await bench.restart();
    const heard = new Heard();
    await again.connect(heard);
    bench.venue.market(symbol, 100, 99, 101);
    if (bench.broker.card.deduplicates !== 'none') again.submit(order('a', 1, '1'));
    again.submit(order('b', 1, '1'));
    await bench.settle();
    assert.equal(heard.filled('a'), 0n);
    assert.equal(heard.filled('b'), parseMoney('1'));
    const ids = (await again.queryFills()).map((fill) => fill.tradeId);
    assert.equal(new Set(ids).size, 2);
  },
);

/** All cards, for the page that lists them. */
export const brokerCards: readonly Omit<Card, 'run'>[] = [...cards, ...changeCards];

/** Runs the cards; the harness starts with bid 99, last 100, ask 101 and a fee of 10 bp. */
export function brokerSuite(name: string, makeHarness: () => Promise<BrokerHarness>): void {
  describe(`Broker: ${name}`, () => {
    for (const { number, title, run } of [...cards, ...changeCards])
      it(`${number} ${title}`, async () => {
        const harness = await makeHarness();
        const heard = new Heard();
        try {
          await harness.broker.connect(heard);
          harness.venue.market(symbol, 100, 99, 101);
          await harness.settle();
          await run({ ...harness, heard });
        } finally {
          await harness.close();
        }
      });
  });
}
