// The cards of a broker gateway about orders that change, terms that not every venue knows, and
// what others do to the account.

import assert from 'node:assert/strict';
import {
  moneyText,
  OrderFlags,
  OrderOffset,
  OrderState,
  parseMoney,
  plainTerms,
  TimeInForce,
} from '@ndts/protocol';
import { type Bench, type Card, changeOf, Heard, order, send, symbol } from './broker-kit.js';

export const changeCards: Card[] = [];

function card(number: string, title: string, run: (bench: Bench) => Promise<void>): void {
  changeCards.push({ number, title, run });
}

const { accepted, canceled, filled, rejected } = OrderState;

card(
  'B19',
  'a change is told with what the order is now, keeps its id, and is executed by it',
  async (bench) => {
    if (bench.broker.card.can?.replace !== true) return;
    await send(bench, order('c', 1, '1', '98'));
    bench.broker.replace?.(changeOf('c', '3', '97'));
    await bench.settle();
    const told = bench.heard.updates.find((update) => update.working !== undefined);
    assert.deepEqual([told?.clientOrderId, told?.working?.quantity], ['c', parseMoney('3')]);
    assert.equal(told?.working?.limitPrice, parseMoney('97'));
    assert.deepEqual((await bench.broker.queryOrder('c'))?.working, told?.working);
    bench.venue.market(symbol, 97.5, 97, 98);
    await bench.settle();
    assert.equal(bench.heard.filled('c'), 0n, 'the old price counts no more');
    bench.venue.market(symbol, 96, 95.5, 96.5);
    await bench.settle();
    assert.equal(bench.heard.filled('c'), parseMoney('3'));
  },
);

card('B20', 'a change that leaves nothing is refused and changes nothing', async (bench) => {
  if (bench.broker.card.can?.replace !== true) return;
  await send(bench, order('c', 1, '2', '98'));
  bench.broker.replace?.(changeOf('c', '0', '97'));
  await bench.settle();
  assert.ok(bench.heard.updates.every((update) => update.working === undefined));
  assert.notEqual(bench.heard.updates.at(-1)?.reason, '');
  assert.equal((await bench.broker.queryOrder('c'))?.state, accepted);
});

card(
  'B21',
  'what is not executed at once of an immediate order is canceled; all or nothing executes nothing',
  async (bench) => {
    for (const timeInForce of [TimeInForce.ioc, TimeInForce.fok]) {
      if (bench.broker.card.can?.timesInForce.includes(timeInForce) !== true) continue;
      for (const [id, limit, expected] of [
        [`rest ${timeInForce}`, '98', canceled],
        [`all ${timeInForce}`, '102', filled],
      ] as const) {
        bench.broker.submit(order(id, 1, '1', limit), {
          ...{ ...plainTerms, clientOrderId: id, timeInForce },
        });
        await bench.settle();
        assert.equal((await bench.broker.queryOrder(id))?.state, expected, id);
      }
    }
    assert.deepEqual(await bench.broker.queryOpenOrders(), []);
  },
);

card(
  'B22',
  'an order that may not take is refused when it would trade at once, and rests otherwise',
  async (bench) => {
    if (bench.broker.card.can?.postOnly !== true) return;
    for (const [id, limit, expected] of [
      ['takes', '102', rejected],
      ['rests', '98', accepted],
    ] as const) {
      const terms = { ...plainTerms, clientOrderId: id, flags: OrderFlags.postOnly };
      bench.broker.submit(order(id, 1, '1', limit), terms);
      await bench.settle();
      assert.equal((await bench.broker.queryOrder(id))?.state, expected, id);
    }
    assert.deepEqual(bench.heard.fills, []);
  },
);

card(
  'B23',
  'both sides of what is kept apart are told by trading day, and only what is there is closed',
  async (bench) => {
    const { apart } = bench.venue;
    if (apart === undefined || bench.broker.card.can?.offsets !== true) return;
    const { symbol } = apart;
    bench.venue.market(symbol, 100, 99, 101);
    await bench.settle();
    const { open, close, closeToday, closeYesterday } = OrderOffset;
    const sent = async (id: string, side: number, quantity: string, offset: number) => {
      const terms = { ...plainTerms, clientOrderId: id, offset };
      bench.broker.submit({ ...order(id, side, quantity), symbol }, terms);
      await bench.settle();
      return (await bench.broker.queryOrder(id))?.state;
    };
    const sides = async (): Promise<string> => {
      const positions = await bench.broker.queryPositions();
      const held = positions.find((one) => one.symbol === symbol)?.sides;
      const all = [held?.longToday, held?.longYesterday, held?.shortToday, held?.shortYesterday];
      return all.map((one) => moneyText(one ?? 0n)).join(' ');
    };
    assert.equal(await sent('none', 1, '1', 0), rejected);
    assert.equal(await sent('long', 1, '5', open), filled);
    assert.equal(await sent('short', -1, '2', open), filled);
    assert.equal(await sides(), '5 0 2 0');
    apart.nextDay();
    assert.equal(await sides(), '0 5 0 2');
    assert.equal(await sent('not today', -1, '1', closeToday), rejected);
    assert.equal(await sent('more', 1, '1', open), filled);
    assert.equal(await sent('too many', -1, '6', closeYesterday), rejected);
    assert.equal(await sent('today', -1, '1', closeToday), filled);
    assert.equal(await sent('old', -1, '3', closeYesterday), filled);
    assert.equal(await sent('cover', 1, '2', close), filled);
    assert.equal(await sides(), '0 2 0 0');
    const after = await bench.restart();
    await after.connect(new Heard());
    await bench.settle();
    const [held] = (await after.queryPositions()).filter((one) => one.symbol === symbol);
    assert.equal(held?.sides?.longYesterday, parseMoney('2'));
  },
);

card(
  'B24',
  'the terms of an open order are told as the venue works it, also when somebody changed it there',
  async (bench) => {
    await send(bench, order('l', 1, '2', '98'));
    const terms = async (): Promise<string[]> => {
      const asked = [await bench.broker.queryOrder('l'), ...(await bench.broker.queryOpenOrders())];
      return asked.map((status) => {
        const { quantity = 0n, limitPrice = 0n, stopPrice = 0n } = status?.working ?? {};
        return [quantity, limitPrice, stopPrice, status?.filledQuantity].map(String).join(' ');
      });
    };
    const told = (quantity: string, limit: string): string =>
      [parseMoney(quantity), parseMoney(limit), 0n, 0n].join(' ');
    assert.deepEqual(await terms(), [told('2', '98'), told('2', '98')]);
    bench.venue.changeByHand('l', '5', '97');
    await bench.settle();
    assert.deepEqual(await terms(), [told('5', '97'), told('5', '97')]);
    const again = await bench.restart();
    await again.connect(new Heard());
    const [status] = await again.queryOpenOrders();
    assert.equal(status?.working?.quantity, parseMoney('5'));
    bench.venue.market(symbol, 96, 95.5, 96.5);
    await bench.settle();
    assert.equal((await again.queryOrder('l'))?.filledQuantity, parseMoney('5'));
  },
);

card(
  'B25',
  'what the venue lists as open can be canceled, whatever became of it here and whoever sent it',
  async (bench) => {
    await send(bench, order('l', 1, '1', '98'));
    const again = await bench.restart();
    const heard = new Heard();
    await again.connect(heard);
    bench.venue.orderByHand?.('web', '1', '98');
    await bench.settle();
    const open = async (): Promise<string[]> =>
      (await again.queryOpenOrders()).map(({ clientOrderId }) => clientOrderId).sort();
    if (bench.venue.revive !== undefined) {
      again.cancel('l');
      await bench.settle();
      assert.deepEqual(await open(), ['web']);
      bench.venue.revive('l');
      await bench.settle();
    }
    const all = bench.venue.orderByHand === undefined ? ['l'] : ['l', 'web'];
    assert.deepEqual(await open(), all);
    for (const id of all) again.cancel(id);
    await bench.settle();
    assert.deepEqual(await open(), []);
    for (const id of all) assert.ok(heard.states(id).includes(canceled), id);
    bench.venue.market(symbol, 90, 89, 91);
    await bench.settle();
    assert.deepEqual(await again.queryFills(), []);
  },
);

card(
  'B26',
  'parts of an order that works here have ids of their own at the venue, and are told by ours',
  async (bench) => {
    const [one, other] = ['7-118-0.1', '7-118-1.12'];
    await send(bench, order('7-118-0', 1, '1', '95'), order(one, 1, '1', '98'));
    await send(bench, order(other, 1, '1', '97'));
    const open = async (): Promise<string[]> =>
      (await bench.broker.queryOpenOrders()).map(({ clientOrderId }) => clientOrderId).sort();
    assert.deepEqual(await open(), ['7-118-0', one, other]);
    assert.ok(bench.heard.states(one).includes(accepted));
    bench.broker.cancel(other);
    await bench.settle();
    assert.ok(bench.heard.states(other).includes(canceled));
    if (bench.broker.card.can?.replace === true) {
      bench.broker.replace?.(changeOf(one, '2', '98'));
      await bench.settle();
    }
    const again = await bench.restart();
    await again.connect(new Heard());
    assert.equal((await again.queryOrder(one))?.state, accepted);
    bench.venue.market(symbol, 97.5, 97, 98);
    await bench.settle();
    const ids = new Set((await again.queryFills()).map(({ clientOrderId }) => clientOrderId));
    assert.deepEqual([...ids], [one]);
    assert.equal((await again.queryOrder(one))?.state, filled);
    assert.deepEqual(await again.queryOpenOrders().then((all) => all.length), 1);
  },
);

card(
  'B27',
  'ids with the name of a node in front are taken and told as they are, and so are their parts',
  async (bench) => {
    const [own, part, other] = ['desk7-118-0', 'desk7-119-0.1', 'fund7-118-0'];
    for (const [id, price] of [
      [own, '98'],
      [part, '97'],
      [other, '96'],
    ] as const)
      await send(bench, order(id, 1, '1', price));
    const open = async (): Promise<string[]> =>
      (await bench.broker.queryOpenOrders()).map(({ clientOrderId }) => clientOrderId).sort();
    assert.deepEqual(await open(), [own, part, other]);
    bench.broker.cancel(part);
    await bench.settle();
    assert.ok(bench.heard.states(part).includes(canceled));
    const again = await bench.restart();
    await again.connect(new Heard());
    bench.venue.market(symbol, 97.5, 97, 98);
    await bench.settle();
    const ids = new Set((await again.queryFills()).map(({ clientOrderId }) => clientOrderId));
    assert.deepEqual([...ids], [own]);
    assert.equal((await again.queryOrder(other))?.state, accepted);
  },
);

card('B28', 'a fee in a third currency is told in it, and with it', async (bench) => {
  if (bench.venue.feesIn === undefined) return;
  await send(bench, order('p', 1, '1'));
  bench.venue.feesIn('BNB');
  await send(bench, order('t', 1, '1'));
  const told = ['p', 't'].map((id) => {
    const fill = bench.heard.fills.find(({ clientOrderId }) => clientOrderId === id);
    assert.ok(fill !== undefined && fill.fee > 0n, id);
    return fill.feeCurrency ?? '';
  });
  assert.deepEqual(told, ['', 'BNB']);
  const again = await bench.restart();
  await again.connect(new Heard());
  const fills = await again.queryFills();
  assert.equal(fills.find(({ clientOrderId: id }) => id === 't')?.feeCurrency, 'BNB');
});
