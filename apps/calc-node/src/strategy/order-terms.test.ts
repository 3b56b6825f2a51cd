// Orders with terms, asked for through the driver: each option becomes its term, and what makes no
// whole order is refused in the hook with a reason.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, defineStrategy, type OrderOptions, stage } from './define.js';

const unit = 100_000_000n;

/** Ten of symbol 1, bought with these options. */
function ask(options: OrderOptions): Asked {
  const on = stage(
    defineStrategy({
      name: 'asks',
      version: '1',
      params: {},
      onTick: (_, context) => void context.buy(1, 10n * unit, options),
    }),
  );
  try {
    on.prices(100);
    return on.asked[0]!;
  } finally {
    on.close();
  }
}

const limitPrice = 99.5;

test('options become terms', () => {
  const cases: [OrderOptions, Asked['terms'], string?][] = [
    [{}, undefined],
    [{ limitPrice }, undefined, '99.5'],
    [{ limitPrice: 99n * unit, timeInForce: 'gtc', postOnly: false }, undefined, '99'],
    [{ stopPrice: 101.25 }, { type: 'stop', parameter: '101.25' }],
    [{ stopPrice: 98, limitPrice }, { type: 'stopLimit', parameter: '98' }, '99.5'],
    [{ distance: 2n * unit }, { type: 'trailing', parameter: '2' }],
    [{ shown: unit, limitPrice }, { type: 'iceberg', parameter: '1' }, '99.5'],
    [
      { slices: 5, workForMs: 60_000 },
      { type: 'twap', parameter: '5', workForMs: 60_000 },
    ],
    [{ limitPrice, orStopPrice: 90 }, { type: 'limit', parameter: '90', pair: true }, '99.5'],
    [{ timeInForce: 'ioc' }, { type: 'market', timeInForce: 'ioc' }],
    [
      { limitPrice, timeInForce: 'gtd', workForMs: 1 },
      { type: 'limit', timeInForce: 'gtd', workForMs: 1 },
      '99.5',
    ],
    [
      { limitPrice, postOnly: true, reduceOnly: true, offset: 'closeToday' },
      { type: 'limit', postOnly: true, reduceOnly: true, offset: 'closeToday' },
      '99.5',
    ],
    [
      { takeProfit: 110, stopLoss: 95.5 },
      { type: 'market', takeProfit: '110', stopLoss: '95.5' },
    ],
  ];
  for (const [options, terms, limit] of cases) {
    const asked = ask(options);
    assert.deepEqual([asked.terms, asked.limitPrice], [terms, limit], JSON.stringify(terms));
  }
});

test('what makes no whole order is refused with what was expected', () => {
  const cases: [object, RegExp][] = [
    [{ limit: 99 }, /expected an option of an order \(limitPrice,.*\), found limit/],
    [{ limitPrice: 0 }, /limitPrice above 0, found 0/],
    [{ limitPrice: '99' }, /limitPrice above 0, found 99/],
    [{ limitPrice: Number.NaN }, /finite price/],
    [{ stopPrice: -1n }, /stopPrice above 0, found -1/],
    [{ stopPrice: 2n ** 62n }, /stopPrice above 0/],
    [{ stopPrice: 98, distance: 1 }, /one of stopPrice, .*, found stopPrice,distance/],
    [{ distance: 1, limitPrice }, /distance without limitPrice/],
    [{ orStopPrice: 90 }, /orStopPrice with limitPrice/],
    [{ shown: unit }, /shown with limitPrice/],
    [{ shown: 10n * unit, limitPrice }, /shown below quantity/],
    [{ slices: 0, workForMs: 1 }, /slices, a whole number from 1 to 10000, found 0/],
    [{ slices: 3 }, /workForMs, a whole number .*, found undefined/],
    [{ limitPrice, timeInForce: 'gtd' }, /workForMs, a whole number/],
    [{ limitPrice, workForMs: 5 }, /workForMs with slices or timeInForce 'gtd', found 5/],
    [{ timeInForce: 'toString' }, /timeInForce, one of gtc, ioc, .*, found toString/],
    [{ offset: 'shut' }, /offset, one of open, close/],
    [{ postOnly: 1 }, /postOnly, true or false, found 1/],
    [{ postOnly: true }, /postOnly with a limit order, found market/],
    [{ stopPrice: 98, limitPrice, postOnly: true }, /postOnly .*, found stopLimit/],
  ];
  for (const [options, message] of cases)
    assert.throws(() => ask(options as OrderOptions), message, String(message));
});
