// What a failed request says of an order, by the classes and words of ccxt.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeOf } from './ccxt-trading.js';
import { wordsOf } from './venue-words.js';

class ExchangeError extends Error {}
class InvalidOrder extends ExchangeError {}
class OrderNotFound extends InvalidOrder {}
class InsufficientFunds extends ExchangeError {}
class OperationFailed extends Error {}
class RequestTimeout extends OperationFailed {}

const kraken = wordsOf('kraken').refusals;
const coinbase = wordsOf('coinbase').refusals;

test('a refusal is one by the classes of ccxt that say so', () => {
  assert.equal(outcomeOf(new InvalidOrder('binance {"code":-1111}')), 'refused');
  assert.equal(outcomeOf(new InsufficientFunds('okx 51008')), 'refused');
  assert.equal(outcomeOf(new OrderNotFound('no such order')), 'not-found');
  assert.equal(outcomeOf(new RequestTimeout('took too long')), 'unknown');
  assert.equal(outcomeOf(new ExchangeError('EOrder:Invalid price')), 'unknown');
  assert.equal(outcomeOf(new TypeError('fetch failed')), 'unknown');
  assert.equal(outcomeOf('thrown'), 'unknown');
});

test('an id that was used, and a time that is over, refuse nothing', () => {
  const told = [
    ['binance {"code":-2010,"msg":"Duplicate order sent."}', 'duplicate'],
    ['okx {"sCode":"51016","sMsg":"Client order ID already exists."}', 'duplicate'],
    ['bybit {"retCode":110072,"retMsg":"OrderLinkedID is duplicate"}', 'duplicate'],
    ['bybit {"retCode":170146,"retMsg":"Order creation timeout"}', 'unknown'],
  ] as const;
  for (const [text, outcome] of told) assert.equal(outcomeOf(new InvalidOrder(text)), outcome);
});

test('what ccxt has no class for is a refusal in the words of the venue', () => {
  const plain = (text: string, refusals?: RegExp): string =>
    outcomeOf(new ExchangeError(text), refusals);
  assert.equal(plain('kraken {"error":["EOrder:Orders limit exceeded"]}', kraken), 'refused');
  assert.equal(
    plain('kraken {"error":["EGeneral:Invalid arguments:cl_ord_id"]}', kraken),
    'refused',
  );
  assert.equal(plain('kraken {"error":["EOrder:Duplicate id"]}', kraken), 'duplicate');
  assert.equal(plain('kraken {"error":["EService:Timeout"]}', kraken), 'unknown');
  assert.equal(plain('kraken {"error":["EGeneral:Unknown error"]}', kraken), 'unknown');
  assert.equal(plain('Insufficient balance in source account', coinbase), 'refused');
  assert.equal(plain('coinbase {"error":"INTERNAL"}', coinbase), 'unknown');
});
