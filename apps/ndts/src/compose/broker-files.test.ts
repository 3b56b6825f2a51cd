// Contracts of Interactive Brokers, instruments, markets and keys of exchanges: what files and
// lists say, and what is refused with its place and without a secret in the words.

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readKeys, readMarkets } from './broker-ccxt.js';
import { readContracts } from './broker-ib.js';
import { readInstruments } from './instruments.js';

function fileWith(context: TestContext, text: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-test-'));
  context.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'file.yaml');
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

test('contracts are read by symbol', (context) => {
  const path = fileWith(
    context,
    'AAPL: { secType: STK, exchange: SMART, currency: USD }\n' +
      'ES-MAR26: { symbol: ES, secType: FUT, exchange: CME, currency: USD, multiplier: 50 }\n',
  );
  assert.deepEqual(
    [...readContracts(path)],
    [
      ['AAPL', { symbol: 'AAPL', secType: 'STK', exchange: 'SMART', currency: 'USD' }],
      [
        'ES-MAR26',
        { symbol: 'ES', secType: 'FUT', exchange: 'CME', currency: 'USD', multiplier: 50 },
      ],
    ],
  );
});

test('a contract that is none is refused with its line', (context) => {
  const good = 'A: { secType: STK, exchange: SMART, currency: USD }\n';
  for (const [text, expected] of [
    [`${good}B: { secType: STK, exchange: X }\n`, /yaml:2: B: currency is missing/],
    [`${good}B: { sectype: STK }\n`, /yaml:2: B: expected .*secType.*, not sectype/],
    [`${good}B:\n  secType: STK\n  conId: x\n`, /yaml:4: B: conId is a number above 0/],
    [`${good}B: STK\n`, /yaml:2: B: expected a contract/],
    ['- A\n', /expected contracts by symbol/],
  ] as const)
    assert.throws(() => readContracts(fileWith(context, text)), expected);
});

test('markets are pairs, each once', () => {
  assert.deepEqual(
    [...readMarkets(['BTC=BTC/USDT', 'PERP=BTC/USDT:USDT'])],
    [
      ['BTC', 'BTC/USDT'],
      ['PERP', 'BTC/USDT:USDT'],
    ],
  );
  assert.throws(() => readMarkets(['BTC']), /expected OURS=MARKET/);
  assert.throws(() => readMarkets(['A=X', 'B=X']), /twice/);
  assert.throws(() => readMarkets([]), /set ccxt.markets/);
});

test('keys come from a private file, and no message quotes them', (context) => {
  const path = fileWith(context, 'apiKey: hunter2\nsecret: hunter3\n');
  assert.deepEqual(readKeys(path), { apiKey: 'hunter2', secret: 'hunter3' });
  chmodSync(path, 0o640);
  assert.throws(() => readKeys(path), { code: 'INSECURE_FILE' });
  for (const text of ['hunter2\n', 'apiKey: [hunter2\n', 'apiKey: { hunter2: 1 }\n', ''])
    assert.throws(
      () => readKeys(fileWith(context, text)),
      (error: Error) => !error.message.includes('hunter2') && /keyFile/.test(error.message),
    );
  assert.throws(() => readKeys(''), /expected a file with keys/);
});

test('instruments are read by symbol; what is none is refused with its line', (context) => {
  const good =
    'rb2610: { exchange: SHFE, currency: CNY, multiplier: 10, tickSize: 0.25, lot: "1" }\n';
  assert.deepEqual(
    [...readInstruments(fileWith(context, good))],
    [['rb2610', { exchange: 'SHFE', currency: 'CNY', multiplier: 10, tickSize: '0.25', lot: '1' }]],
  );
  for (const [text, expected] of [
    ['B: { multiplier: 0.5 }\n', /yaml:2: B.multiplier: expected a whole number above 0/],
    ['B: { tickSize: -1 }\n', /yaml:2: B.tickSize: expected a decimal number above 0/],
    ['B: { tick: 1 }\n', /yaml:2: B.tick is not known/],
    ['B: 3\n', /yaml:2: B: expected keys with values/],
  ] as const)
    assert.throws(() => readInstruments(fileWith(context, `${good}${text}`)), expected);
});
