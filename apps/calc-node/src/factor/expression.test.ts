// Expressions: as text and as code the same; compiled they are what their parts are; wrong ones are
// named with their place.
import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { createTickBatch, type TickBatch } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { compileFactors } from './compile.js';
import { call, type Expression, negate, operate, output, usage } from './expression.js';
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
  deepEqual(
    parseExpression('zscore(ema(price, 20) / vwap(60s), 2h)'),
    call('zscore', operate('/', call('ema', 'price', 20), call('vwap', '60s')), '2h'),
  );
  deepEqual(parseExpression('vwap(60000ms)'), parseExpression('vwap(price, volume, 1m)'));
  deepEqual(parseExpression('sma(price, 1000000ns)'), call('sma', 'price', '1ms'));
  deepEqual(parseExpression('bollinger( price ,1d)'), call('bollinger', 'price', '1d', 2));
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
  for (const { name, inputs, parameters, outputs, kernel, timed } of factorFunctions) {
    const check = (made: Expression): void => {
      for (const port of outputs) compileFactors([output(made, name, port)], 4).close();
      const last = outputs.length;
      throws(() => compileFactors([{ ...made, port: last } as typeof made], 4), {
        code: 'INVALID_ARGUMENT',
      });
    };
    const given = inputs.map(() => 'price' as const);
    const numbers = parameters.map(({ preset }) => preset ?? 5);
    if (kernel !== timed) check(call(name, ...given, ...numbers));
    if (timed !== undefined) check(call(name, ...given, '5s', ...numbers.slice(1)));
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
    ['ema(price, 60s)', /at 1: ema: expected period .* rows, found '60s'; .*count, .*, vwap/],
    ['macd(price, 60s)', /macd: expected fast to be a whole number of rows, found '60s'/],
    ['bollinger(price, 20, 2s)', /expected width to be a number, found '2s'/],
    ['count()', /count: expected period to be a time such as 60s, found nothing/],
    ['count(5)', /count: expected period to be a time such as 60s, found 5/],
    ['vwap(60x)', /at 1: expected a whole number of ns, us, ms, s, m, h, d, .*found '60x'/],
    ['vwap(1.5s)', /found '1.5s'/],
    ['vwap(999us)', /expected a time from 1ms to 100d, found '999us'/],
    ['vwap(0s)', /from 1ms to 100d, found '0s'/],
    ['vwap(101d)', /from 1ms to 100d, found '101d'/],
    ['price + 60s', /at 9: '60s': a time stands alone, as in vwap\(60s\)/],
    ['vwap(60s + 1)', /at 6: '60s': a time stands alone/],
    ['vwap(-60s)', /at 7: '60s': a time stands alone/],
    ['sma(60s, 20)', /'60s' is a length of time: a period of count, sum/],
    ['abs(60s)', /'60s' is a length of time/],
    ['price / 1e999', /at 9: '1e999' is beyond what a number can be/],
    ['price & 1', /at 7: unexpected '&'/],
    [`${'('.repeat(300)}1`, /too many brackets/],
    [`${'-'.repeat(100_000)}`, /unexpected 'the end'/],
  ] as const)
    throws(() => parseExpression(text), { code: 'INVALID_ARGUMENT', message }, text.slice(0, 40));
  throws(() => compileFactors([parseExpression('bollinger(price, 1)')], 4), {
    code: 'INVALID_ARGUMENT',
  });
});
