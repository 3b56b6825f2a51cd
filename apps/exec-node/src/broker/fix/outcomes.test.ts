// What each report of a counterparty is told as, one line each: the message, and what the exec node
// hears. Order 7-1-0 buys 10 of S1 at 50; it has the venue's id V1 once that was said.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BrokerOrderStatus,
  type BrokerPosition,
  OrderState,
  parseMoney,
} from '@ndts/protocol';
import { type FixMessage, FixStore, Tag } from '@ndts/runtime/fix';
import { changedOrder } from './outcomes.js';
import { Bench, head, parse, trade } from './outcomes-kit.js';
import { FixRecords } from './records.js';

const reports: Record<string, [string, string, ...string[]]> = {
  new: ['8', `${head}150=0|39=0|14=0|`, 'accepted 7-1-0'],
  'pending new': ['8', `${head}150=A|39=A|14=0|`],
  'pending cancel': ['8', `${head}150=6|39=6|14=0|`],
  'pending replace': ['8', `${head}150=E|39=E|14=0|`],
  stopped: ['8', `${head}150=7|39=7|14=0|`],
  calculated: ['8', `${head}150=B|39=B|14=0|`],
  suspended: ['8', `${head}150=9|39=9|14=0|`, 'accepted 7-1-0'],
  trade: ['8', `${head}${trade}`, 'E1 7-1-0 +4 at 49.5 fee 0'],
  'a fill as FIX 4.2 says it': [
    ...(['8', `${head}150=2|39=2|14=10|32=10|31=50|`] as const),
    'E1 7-1-0 +10 at 50 fee 0',
  ],
  'commission, absolute': ['8', `${head}${trade}12=0.2|13=3|`, 'E1 7-1-0 +4 at 49.5 fee 0.2'],
  'commission per unit': ['8', `${head}${trade}12=0.2|13=1|`, 'E1 7-1-0 +4 at 49.5 fee 0.8'],
  'commission in percent': ['8', `${head}${trade}12=1|13=2|`, 'E1 7-1-0 +4 at 49.5 fee 1.98'],
  'further fees': [
    ...(['8', `${head}${trade}12=0.2|13=3|136=2|137=0.1|139=4|137=0.05|139=5|`] as const),
    'E1 7-1-0 +4 at 49.5 fee 0.35',
  ],
  'fees in the currency of the price, and in another one': [
    ...(['8', `${head}15=USD|${trade}12=0.2|13=3|479=USD|136=1|137=0.1|138=USD|`] as const),
    'E1 7-1-0 +4 at 49.5 fee 0.3',
  ],
  'a commission in a currency of its own': [
    ...(['8', `${head}${trade}12=0.2|13=1|479=EUR|136=1|137=0.1|138=EUR|`] as const),
    'E1 7-1-0 +4 at 49.5 fee 0.9 EUR',
  ],
  'fees in two currencies: that of the price counts': [
    ...(['8', `${head}${trade}12=0.2|13=3|479=EUR|136=2|137=0.1|138=BNB|137=0.3|`] as const),
    'E1 7-1-0 +4 at 49.5 fee 0.3',
  ],
  'fees per unit and in percent': [
    ...(['8', `${head}${trade}136=2|137=0.1|891=1|137=1|891=2|`] as const),
    'E1 7-1-0 +4 at 49.5 fee 2.38',
  ],
  'a trade at a price finer than ours': ['8', `${head}150=F|39=1|14=4|32=4|31=9.123456789|`],
  'a trade that tells no price': ['8', `${head}150=F|39=1|14=4|32=4|`],
  'a trade of a symbol nobody knows': ['8', `${head.replace('S1', 'X1')}${trade}`],
  'a trade of an order that is not ours': [
    ...(['8', `${head.replace('7-1-0', 'theirs')}${trade}`] as const),
    'E1 theirs +4 at 49.5 fee 0',
  ],
  'canceled on request': [
    ...(['8', `${head.replace('7-1-0', '7-1-0.1')}41=7-1-0|150=4|39=4|14=0|`] as const),
    'canceled 7-1-0',
  ],
  'canceled by the venue': [
    ...(['8', `${head}150=4|39=4|14=4|58=halt|`] as const),
    'canceled 7-1-0 halt',
  ],
  'done for the day': ['8', `${head}150=3|39=3|14=0|`, 'expired 7-1-0'],
  expired: ['8', `${head}150=C|39=C|14=0|`, 'expired 7-1-0'],
  rejected: ['8', `${head}150=8|39=8|14=0|103=3|58=too big|`, 'rejected 7-1-0 too big'],
  'rejected without a word': [
    ...(['8', `${head}150=8|39=8|14=0|103=3|`] as const),
    'rejected 7-1-0 refused, reason 3',
  ],
  'an answer to a question: the order is not known': ['8', `${head}150=8|39=8|14=0|103=5|`],
  'the same, as a status': ['8', `${head}150=I|39=8|14=0|103=5|`],
  'a trade that ends the order': [
    ...(['8', `${head}150=F|39=4|14=4|32=4|31=49.5|`] as const),
    ...['E1 7-1-0 +4 at 49.5 fee 0', 'canceled 7-1-0'],
  ],
  'restated: what the status says': ['8', `${head}150=D|39=4|14=0|`, 'canceled 7-1-0'],
  'a status nobody asked for': ['8', `${head}150=I|39=1|14=2|`, 'partiallyFilled 7-1-0'],
  'a kind of report that is not known': ['8', `${head}150=L|39=0|14=0|`, 'accepted 7-1-0'],
  'cancel refused, too late': [
    ...(['9', '37=V1|11=7-1-0.1|41=7-1-0|39=2|434=1|102=0|'] as const),
    'filled 7-1-0 not changed: 0',
  ],
  'cancel refused, still working': [
    ...(['9', '37=V1|11=7-1-0.1|41=7-1-0|39=1|434=1|102=2|58=no|'] as const),
    'accepted 7-1-0 not changed: no',
  ],
  'cancel refused, order unknown': [
    ...(['9', '37=NONE|11=7-1-0.1|41=7-1-0|39=8|434=1|102=1|'] as const),
    'unknown 7-1-0 not changed: 1',
  ],
  'cancel refused as unknown, whatever the status says': [
    ...(['9', '37=NONE|11=7-1-0.1|41=7-1-0|39=0|434=1|102=1|58=gone|'] as const),
    'unknown 7-1-0 not changed: gone',
  ],
  'change refused': [
    ...(['9', '37=V1|11=7-1-0.2|41=7-1-0.1|39=0|434=2|102=2|'] as const),
    'accepted 7-1-0 not changed: 2',
  ],
};

for (const [name, [type, fields, ...expected]] of Object.entries(reports))
  test(name, () => {
    const bench = new Bench();
    bench.outcomes.take(parse(type, fields));
    assert.deepEqual(bench.heard(), expected);
    assert.deepEqual(bench.asked, []);
  });

test('a duplicate id rejects nothing: the order that has it is asked for', () => {
  const bench = new Bench();
  bench.outcomes.take(parse('8', `${head}150=8|39=8|14=0|103=6|`));
  assert.deepEqual([bench.heard(), bench.asked], [[], ['7-1-0']]);
  assert.equal(bench.records.order('7-1-0')?.isClosed, false);
});

test('of an order that went out twice a refusal may be of the second', () => {
  const bench = new Bench(parse('D', '11=7-1-0|'));
  bench.resent.add('7-1-0');
  bench.outcomes.take(parse('8', `${head}150=8|39=8|14=0|103=99|58=seen before|`));
  bench.outcomes.take(parse('3', '45=2|373=10|'));
  assert.deepEqual([bench.heard(), bench.asked], [[], ['7-1-0', '7-1-0']]);
  assert.equal(bench.records.order('7-1-0')?.isClosed, false);
  // The answer tells which.
  bench.outcomes.take(parse('8', `${head}150=I|39=8|14=0|103=99|58=too big|`));
  assert.deepEqual(bench.heard(), ['rejected 7-1-0 too big']);
});

test('refused messages reject orders; a cancel did nothing; "not now" leaves it open', () => {
  const order = (): FixMessage => parse('D', '11=7-1-0|');
  const cancel = (): FixMessage => parse('F', '11=7-1-0.1|');
  const cases: [FixMessage, string, string, string[]][] = [
    [order(), '3', '45=2|373=5|58=bad|', ['rejected 7-1-0 bad']],
    [order(), 'j', '45=2|372=D|380=6|', ['rejected 7-1-0 refused, reason 6']],
    [order(), 'j', '45=2|372=D|380=4|58=later|', ['unknown 7-1-0 later']],
    [cancel(), '3', '45=2|373=5|58=bad|', ['accepted 7-1-0 not changed: bad']],
    [parse('D', '11=other|'), '3', '45=2|373=5|', []],
    // The number is of before a reset: it is not this order that was refused.
    [order(), '3', '45=2|372=H|373=5|', []],
    [order(), 'j', '45=2|372=F|380=0|', []],
  ];
  for (const [sent, type, fields, expected] of cases) {
    const bench = new Bench(sent);
    bench.outcomes.take(parse(type, fields));
    assert.deepEqual(bench.heard(), expected, fields);
  }
});

test('that an order is not known to a question closes nothing', async () => {
  const { outcomes, records, queries } = new Bench();
  const answer = queries.ask<BrokerOrderStatus>('O', 1, () => undefined, '7-1-0');
  outcomes.take(parse('8', `${head}150=8|39=8|14=0|103=5|`));
  assert.deepEqual(await answer, []);
  assert.equal(records.order('7-1-0')?.isClosed, false);
});

test('an order that the venue works is not rejected with a message that repeats it', () => {
  const bench = new Bench(parse('D', '11=7-1-0|'));
  bench.outcomes.take(parse('8', `${head}150=0|39=0|14=0|`));
  bench.heard();
  bench.outcomes.take(parse('3', '45=7|373=10|58=OrigSendingTime|'));
  assert.deepEqual([bench.heard(), bench.asked], [[], ['7-1-0']]);
});

test('done for the day: what outlives the day is not over', async () => {
  for (const [timeInForce, heard] of [
    ['0', 'expired 7-1-0'],
    ['1', 'partiallyFilled 7-1-0'],
    ['6', 'partiallyFilled 7-1-0'],
  ] as const)
    for (const status of ['150=3|39=3|', '150=I|39=B|']) {
      const bench = new Bench();
      const record = bench.records.order('7-1-0');
      assert.ok(record !== undefined);
      bench.records.keep('7-1-0', { ...record, timeInForce });
      bench.outcomes.take(parse('8', `${head}${status}14=4|`));
      assert.deepEqual(bench.heard(), [heard]);
      assert.equal(bench.records.order('7-1-0')?.isClosed, timeInForce === '0');
      const answer = (id: string): void =>
        bench.outcomes.take(
          parse('8', `${head}790=${id}|${status.replace('150=3', '150=I')}14=4|`),
        );
      const asked = bench.queries.ask<BrokerOrderStatus>('O', 1, answer, '7-1-0');
      const isOver = (await asked)[0]?.state === OrderState.expired;
      assert.equal(isOver, timeInForce === '0');
    }
});

test('a change moves the id by which the venue knows the order', () => {
  const bench = new Bench();
  const replaced = `${head.replace('7-1-0', '7-1-0.1')}41=7-1-0|150=5|39=0|14=0|38=20|44=51|`;
  bench.outcomes.take(parse('8', replaced));
  const [told] = bench.outcomes.told;
  const working = { quantity: parseMoney('20'), limitPrice: parseMoney('51'), stopPrice: 0n };
  assert.deepEqual(told !== undefined && 'working' in told && told.working, working);
  assert.deepEqual(bench.heard(), ['accepted 7-1-0']);
  bench.store.flush();
  const record = new FixRecords(new FixStore(bench.keyValue, 'fix')).order('7-1-0');
  assert.equal(record?.venueClientId, '7-1-0.1');
  assert.equal(record?.venueOrderId, 'V1');
  assert.deepEqual([record?.quantity, record?.limitPrice], [parseMoney('20'), parseMoney('51')]);
});

test('positions: as many as were announced, and none of them twice', async () => {
  const { outcomes, queries } = new Bench();
  let id = '';
  const keep = (given: string): void => {
    id = given;
  };
  const answer = queries.ask<BrokerPosition>('P', 1, keep, '');
  const tell = (fields: string): void => outcomes.take(parse('AP', `710=${id}|728=0|${fields}`));
  outcomes.take(parse('AO', `710=${id}|727=2|728=0|`));
  tell('55=S1|702=3|703=SOD|704=5|703=TQ|704=2|703=TOT|704=7|730=9|');
  tell('55=S2|702=2|703=SOD|704=5|703=ITD|705=2|730=9|');
  assert.deepEqual(await answer, [
    { symbol: 1, quantity: parseMoney('7'), averagePrice: parseMoney('9') },
    { symbol: 2, quantity: parseMoney('3'), averagePrice: parseMoney('9') },
  ]);
  const none = queries.ask<BrokerPosition>('P', 1, keep, '');
  outcomes.take(parse('AO', `710=${id}|727=0|728=0|`));
  assert.deepEqual(await none, []);
});

test('a rejection under the id of a change is one of the change', () => {
  const bench = new Bench();
  const report = `${head.replace('7-1-0', '7-1-0.1')}41=7-1-0|150=8|39=8|14=0|103=0|58=no|`;
  bench.outcomes.take(parse('8', report));
  assert.deepEqual(bench.heard(), ['accepted 7-1-0 not changed: no']);
  assert.equal(bench.records.order('7-1-0')?.isClosed, false);
});

test('no cancel of an order of somebody else has an id that was given before', () => {
  const bench = new Bench();
  const next = (venueClientId: string): string | undefined => {
    bench.outcomes.listAnew();
    void bench.queries.ask(
      'M',
      1,
      (id) => {
        const list = `${head.replace('7-1-0', venueClientId)}150=I|39=0|14=0|584=${id}|912=Y|`;
        bench.outcomes.take(parse('8', list));
      },
      '',
    );
    const record = bench.outcomes.strangers.get('web');
    if (record === undefined) return undefined;
    const changed = changedOrder('web', record);
    bench.outcomes.strangers.set('web', changed.record);
    return changed.id;
  };
  assert.deepEqual([next('web'), next('web'), next('web')], ['web.1', 'web.2', 'web.3']);
  assert.equal(next('web.7'), 'web.8');
});

test('a report of a change that leaves terms out means those asked for', () => {
  const bench = new Bench();
  const record = bench.records.order('7-1-0');
  assert.ok(record !== undefined);
  const asked = { quantity: parseMoney('7'), limitPrice: parseMoney('52'), stopPrice: 0n };
  bench.records.keep('7-1-0', { ...record, asked });
  const replaced = `${head.replace('7-1-0', '7-1-0.1')}41=7-1-0|150=5|39=1|14=2|`;
  bench.outcomes.take(parse('8', replaced));
  const [told] = bench.outcomes.told;
  assert.deepEqual(told !== undefined && 'working' in told && told.working, asked);
  bench.outcomes.told.length = 0;
  bench.outcomes.take(parse('9', '11=7-1-0.2|41=7-1-0.1|39=1|434=2|102=0|58=too late|'));
  assert.deepEqual(bench.heard(), ['accepted 7-1-0 not changed: too late']);
});

test('questions: answered, refused, late, lost', async () => {
  const bench = new Bench();
  const ask = (kind: string): { id: string; answer: Promise<unknown[]> } => {
    let id = '';
    const keep = (given: string): void => {
      id = given;
    };
    const answer = bench.queries.ask(kind, 1, keep, kind === 'O' ? '7-1-0' : '');
    answer.catch(() => undefined);
    return { id, answer };
  };
  const mass = ask('M');
  bench.outcomes.take(parse('8', `${head}150=I|39=0|14=0|584=${mass.id}|912=N|`));
  bench.outcomes.take(parse('8', `${head}150=I|39=1|14=4|584=${mass.id}|912=Y|`));
  assert.equal((await mass.answer).length, 2);
  const counted = ask('M');
  for (const id of ['7-1-0', 'web'])
    bench.outcomes.take(parse('8', `37=V|11=${id}|55=S1|54=1|150=I|39=0|584=${counted.id}|911=2|`));
  assert.equal((await counted.answer).length, 2, 'nobody said which one is the last');
  for (const none of ['39=8|103=5|', '39=0|911=0|']) {
    const empty = ask('M');
    bench.outcomes.take(parse('8', `37=0|11=0|55=S1|54=1|150=I|${none}584=${empty.id}|`));
    assert.deepEqual(await empty.answer, [], none);
  }
  const positions = ask('P');
  const position = `721=m|710=${positions.id}|727=1|728=0|55=S1|702=1|703=TOT|704=5|705=2|730=9|`;
  bench.outcomes.take(parse('AP', position));
  assert.deepEqual(await positions.answer, [
    { symbol: 1, quantity: parseMoney('3'), averagePrice: parseMoney('9') },
  ]);
  const refused = ask('T');
  bench.outcomes.take(parse('AQ', `568=${refused.id}|569=0|749=8|750=2|58=not for you|`));
  await assert.rejects(refused.answer, /not for you/);
  const nameless = ask('O');
  bench.outcomes.take(parse('8', `${head}150=I|39=2|14=10|`));
  assert.equal((await nameless.answer).length, 1, 'an answer without the id of its question');
  const late = ask('O');
  bench.clock.advance(1e9);
  await assert.rejects(late.answer, /no answer within 1000 ms/);
  const lost = ask('O');
  bench.queries.failAll('gone');
  await assert.rejects(lost.answer, /gone/);
  const sent = parse('H', `11=7-1-0|${Tag.ordStatusReqId}=O1-9|`);
  const other = new Bench(sent);
  for (let count = 0; count < 8; count++)
    other.queries.ask('x', 1, () => undefined, '').catch(() => undefined);
  const question = other.queries.ask('O', 1, () => undefined, '7-1-0');
  other.outcomes.take(parse('j', '45=2|372=H|380=1|'));
  assert.deepEqual(await question, [], 'an id that is unknown to the venue');
});
