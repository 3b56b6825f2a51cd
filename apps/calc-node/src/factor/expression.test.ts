// Expressions: as text and as code the same; compiled they are what their parts are; wrong ones are
// named with their place.
import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { createTickBatch, type TickBatch } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { compileFactors } from './compile.js';
import { call, negate, operate, output, usage } from './expression.js';
import { factorFunctions } from './functions.js';
import { parseExpression } from './parse-expression.js';

const seed = 5;

function randomBatch(count: number): TickBatch {
  const random = new SeededRandom(seed);
  const batch = createTickBatch(count);
  for (let row = 0; row < count; row += 1) {
    batch.symbol[row] = random.integer(3);
    batch.price[row] = 100 + random.integer(1000) / 100;
    batch.volume[row] = 1 + random.integer(50);
    batch.bid[row] = batch.price[row]! - 0.01;
    batch.ask[row] = batch.price[row]! + 0.01;
    batch.bidVolume[row] = 1 + random.integer(9);
    batch.askVolume[row] = 1 + random.integer(9);
  }
  batch.count = count;
  return batch;
}

test('as text and as code', () => {
  const ratio = operate('/', call('ema', 'price', 20), call('vwap', 60));
  deepEqual(parseExpression('zscore(ema(price, 20) / vwap(60), 120)'), call('zscore', ratio, 120));
  deepEqual(
    parseExpression(' bollinger ( price ) . upper - 1e2 '),
    operate('-', output(call('bollinger', 'price', 20, 2), 'bollinger', 'upper'), 100),
  );
  deepEqual(parseExpression('vwap(bid, askVolume, 5)'), call('vwap', 'bid', 'askVolume', 5));
  deepEqual(parseExpression('imbalance()'), call('imbalance', 'bidVolume', 'askVolume'));
  deepEqual(parseExpression('1 - 2 - 3'), operate('-', operate('-', 1, 2), 3));
  deepEqual(parseExpression('1 - 2 * --3'), operate('-', 1, operate('*', 2, 3)));
  deepEqual(parseExpression('-(price)'), negate('price'));
});

test('the whole is what its parts are', () => {
  const batch = randomBatch(500);
  const text = '(ema(price, 5) - 2 * sma(price, 4)) / std(price, 4)';
  const program = compileFactors(
    [text, 'ema(price, 5)', 'sma(price, 4)', 'std(price, 4)', 'bid', '7'].map(parseExpression),
    500,
  );
  program.update(batch);
  const [whole, ema, sma, std, bid, seven] = program.outputs;
  let values = 0;
  for (let row = 0; row < 500; row += 1) {
    const expected = (ema![row]! - 2 * sma![row]!) / std![row]!;
    equal(bid![row], batch.bid[row]);
    equal(seven![row], 7);
    if (Number.isFinite(expected)) values += 1;
    if (Number.isFinite(expected)) equal(whole![row], expected, `seed ${seed} row ${row}`);
    else ok(!Number.isFinite(whole![row]));
  }
  ok(values > 400);
  deepEqual(program.warmUp, [5, 5, 4, 4, 1, 1]);
});

test('a part that is used twice is worked out once', () => {
  const twice = compileFactors([parseExpression('sma(price, 50) * sma(price, 50)')], 8);
  const once = compileFactors([parseExpression('sma(price, 50)')], 8);
  equal(twice.stateBytes, once.stateBytes);
});

test('every function has a kernel that takes what it says', () => {
  for (const { name, inputs, parameters, outputs } of factorFunctions) {
    const given = inputs.map(() => 'price' as const);
    const numbers = parameters.map(({ preset }) => preset ?? 5);
    const made = call(name, ...given, ...numbers);
    for (const port of outputs) compileFactors([output(made, name, port)], 4).close();
    const last = outputs.length;
    throws(() => compileFactors([{ ...made, port: last } as typeof made], 4), {
      code: 'INVALID_ARGUMENT',
    });
    ok(usage(name).startsWith(`${name}(`));
  }
});

test('what is wrong is named with its place', () => {
  for (const [text, message] of [
    ['', /at 1: unexpected 'the end'/],
    ['price +', /at 8: unexpected 'the end'/],
    ['price price', /at 7: unexpected 'price'/],
    ['prize', /at 1: there is no column 'prize'/],
    ['1 + emma(price, 3)', /at 5: there is no function 'emma'/],
    ['ema(price', /at 10: expected '\)', found 'the end'/],
    ['ema(price)', /expected period to be a number, found nothing/],
    ['ema(price, price)', /expected period to be a number/],
    ['ema()', /expected ema\(of, period\), found 0 arguments/],
    ['ema(price, 1, 2)', /found 3 arguments/],
    ['bollinger(price).top', /at 18: bollinger has value, middle, upper, lower, signal/],
    ['1 + ema(price, 0)', /at 5: ema: expected period .* from 1 to 4096, found 0/],
    ['ema(price, 2.5)', /expected period to be a whole number of rows/],
    ['bollinger(price, 20, -1)', /bollinger: expected width to be above 0, found -1/],
    ['vwap(60s)', /at 6: '60s': a period is so many rows; for times see --window/],
    ['price & 1', /at 7: unexpected '&'/],
    [`${'('.repeat(300)}1`, /too many brackets/],
    [`${'-'.repeat(100_000)}`, /unexpected 'the end'/],
  ] as const)
    throws(() => parseExpression(text), { code: 'INVALID_ARGUMENT', message }, text.slice(0, 40));
  throws(() => compileFactors([parseExpression('bollinger(price, 1)')], 4), {
    code: 'INVALID_ARGUMENT',
  });
});
