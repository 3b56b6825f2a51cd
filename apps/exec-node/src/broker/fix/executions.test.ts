// Executions by their ids: each once, whatever comes again, is taken back, or corrected.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMoney } from '@ndts/protocol';
import { FixStore } from '@ndts/runtime/fix';
import { Bench, head, parse, trade } from './outcomes-kit.js';
import { FixRecords } from './records.js';

test('an id of an execution that comes again after weeks is of another execution', () => {
  const bench = new Bench();
  const { outcomes, records, clock } = bench;
  const record = records.order('7-1-0');
  assert.ok(record);
  records.keep('7-2-0', { ...record, venueClientId: '7-2-0' });
  outcomes.take(parse('8', `${head}${trade}`));
  records.prune({ ...clock.now(), day: clock.now().day + 30 });
  outcomes.take(parse('8', `${head.replace('7-1-0', '7-2-0')}${trade}`));
  outcomes.take(parse('8', `${head}${trade}`));
  assert.deepEqual(bench.heard(), [
    'E1 7-1-0 +4 at 49.5 fee 0',
    'E1@7-2-0 7-2-0 +4 at 49.5 fee 0',
    'E1 7-1-0 +4 at 49.5 fee 0',
  ]);
});

test('an execution that is taken back or corrected is undone by fills, once', () => {
  const bench = new Bench();
  const take = (id: string, fields: string): string[] => {
    bench.outcomes.take(parse('8', `${head.replace('E1', id)}${fields}`));
    return bench.heard();
  };
  take('E1', `${trade}12=0.2|13=3|479=EUR|`);
  bench.store.flush();
  const first = ['E2.bust 7-1-0.bust -4 at 49.5 fee -0.2 EUR'];
  const corrected = ['E2.correct 7-1-0.correct +3 at 49 fee 0'];
  const correct = '19=E1|150=G|39=1|14=3|32=3|31=49|';
  assert.deepEqual(take('E2', correct), [...first, ...corrected]);
  assert.deepEqual(take('E2', correct), [...first, ...corrected], 'the same, again');
  // A correction of it, by its own name or by that of the first.
  const second = ['E3.bust 7-1-0.bust -3 at 49 fee 0', 'E3.correct 7-1-0.correct +5 at 49 fee 0'];
  assert.deepEqual(take('E3', '19=E2|150=G|39=1|14=5|32=5|31=49|'), second);
  const bust = ['E4.bust 7-1-0.bust -5 at 49 fee 0'];
  assert.deepEqual(take('E4', '19=E1|150=H|39=0|14=0|'), bust);
  assert.deepEqual(take('E4', '19=E1|150=H|39=0|14=0|'), bust, 'the same, again');
  assert.deepEqual(take('E5', '19=E2|150=H|39=0|14=0|'), [], 'nothing is left of it');
  assert.deepEqual(take('E6', '19=E1|150=G|39=1|14=2|32=2|31=48|'), [
    'E6.correct 7-1-0.correct +2 at 48 fee 0',
  ]);
  assert.deepEqual(take('E7', '19=E1|150=H|39=0|14=0|'), ['E7.bust 7-1-0.bust -2 at 48 fee 0']);
  assert.deepEqual(bench.missed, []);
  assert.deepEqual(take('E8', '19=nobody|150=H|39=0|14=0|'), []);
  assert.deepEqual(bench.missed, ['an execution that is not known was taken back']);
  bench.store.flush();
  const again = new FixRecords(new FixStore(bench.keyValue, 'fix'));
  assert.equal(again.trade('E1')?.price, parseMoney('49.5'));
  assert.deepEqual(
    again.trades('E3.correct').map(({ tradeId }) => tradeId),
    ['E4.bust', 'E6.correct', 'E7.bust'],
  );
});

test('an order that ended has all that its report says, and what was corrected beside it', () => {
  const bench = new Bench();
  const ended = (fields: string): bigint | undefined => {
    bench.outcomes.take(parse('8', `${head.replace('E1', 'E9')}${fields}`));
    const [told] = bench.outcomes.told.splice(0).slice(-1);
    return told !== undefined && !('tradeId' in told) ? told.filledQuantity : undefined;
  };
  bench.outcomes.take(parse('8', `${head}${trade}`));
  // An execution of 1 was lost on its way: it is not over before that was asked for.
  for (const end of ['150=4|39=4|', '150=C|39=C|', '150=3|39=3|', '150=8|39=8|'])
    assert.equal(ended(`${end}14=5|`), parseMoney('5'), end);
  bench.outcomes.take(parse('8', `${head.replace('E1', 'E2')}19=E1|150=H|39=0|14=0|`));
  assert.equal(ended('150=4|39=4|14=1|'), parseMoney('5'), 'the order keeps what it had');
});

test('an execution without our id is of the order that has the id of the venue', () => {
  const bench = new Bench();
  const take = (fields: string): void => bench.outcomes.take(parse('8', fields));
  take(`${head}150=0|39=0|14=0|`);
  take(`37=V1|17=E1|55=S1|54=1|${trade}`);
  take('37=V1|17=E2|19=E1|55=S1|54=1|150=H|39=0|14=0|');
  take('37=V1|17=E3|55=S1|54=1|150=4|39=4|14=0|');
  assert.deepEqual(bench.heard(), [
    ...['accepted 7-1-0', 'E1 7-1-0 +4 at 49.5 fee 0'],
    ...['E2.bust 7-1-0.bust -4 at 49.5 fee 0', 'canceled 7-1-0'],
  ]);
  assert.equal(bench.records.order('7-1-0')?.isClosed, true);
});

test('an execution of ours that cannot be counted is asked for', () => {
  const bench = new Bench();
  bench.outcomes.take(parse('8', `${head}150=F|39=1|14=4|32=4|31=9.123456789|`));
  bench.outcomes.take(parse('8', `${head.replace('7-1-0', 'theirs')}150=F|39=1|14=4|32=4|`));
  assert.equal(bench.missed.length, 1);
});

test('an id of an execution that comes again with more executed is of another one', () => {
  const bench = new Bench();
  const take = (fields: string): void => bench.outcomes.take(parse('8', `${head}${fields}`));
  take(trade);
  take(trade);
  take('150=F|39=1|14=7|32=3|31=49|');
  take('150=F|39=1|14=7|32=3|31=49|43=Y|');
  take('97=Y|150=F|39=1|14=9|32=4|31=49.5|');
  bench.records.prune({ ...bench.clock.now(), day: bench.clock.now().day + 30 });
  take('150=F|39=1|14=9|32=2|31=49|');
  assert.deepEqual(bench.heard(), [
    ...['E1 7-1-0 +4 at 49.5 fee 0', 'E1 7-1-0 +4 at 49.5 fee 0', 'E1@7 7-1-0 +3 at 49 fee 0'],
    ...['E1@7 7-1-0 +3 at 49 fee 0', 'E1 7-1-0 +4 at 49.5 fee 0', 'E1@9 7-1-0 +2 at 49 fee 0'],
  ]);
});

test('an id of an execution that comes again on another day is of another execution', () => {
  const bench = new Bench();
  const take = (fields: string): void => bench.outcomes.take(parse('8', fields));
  const other = head.replace('7-1-0', '7-2-0');
  const record = bench.records.order('7-1-0');
  if (record !== undefined) bench.records.keep('7-2-0', { ...record, venueClientId: '7-2-0' });
  take(`${head}${trade}`);
  take(`${other}150=F|39=1|14=1|32=1|31=60|`);
  take(`${other}150=F|39=1|14=1|32=1|31=60|43=Y|`);
  assert.deepEqual(bench.heard(), [
    'E1 7-1-0 +4 at 49.5 fee 0',
    'E1@7-2-0 7-2-0 +1 at 60 fee 0',
    'E1@7-2-0 7-2-0 +1 at 60 fee 0',
  ]);
  take(`37=V1|11=7-2-0|17=E2|19=E1|55=S1|54=1|150=H|39=0|14=0|`);
  assert.deepEqual(bench.heard(), ['E2.bust 7-2-0.bust -1 at 60 fee 0']);
  take(`37=V1|11=7-3-0|17=E3|19=E1|55=S1|54=1|150=H|39=0|14=0|`);
  assert.deepEqual(bench.heard(), [], 'of that order it knows none');
  take(`${head.replace('37=V1|11=7-1-0|', '37=V9|')}${trade}`);
  assert.deepEqual(bench.heard(), ['E1  +4 at 49.5 fee 0'], 'whose it is, it does not say');
  assert.deepEqual(
    bench.records.trades('E1').map(({ tradeId }) => tradeId),
    ['E1@7-2-0', 'E2.bust'],
  );
});
