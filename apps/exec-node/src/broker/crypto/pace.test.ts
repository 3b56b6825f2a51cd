// The pace of a venue, by what its requests cost.

import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { VirtualClock } from '@ndts/runtime';
import type { CcxtTrading } from './ccxt-trading.js';
import { Pace, paced } from './pace.js';

/** ccxt, as far as it asks before a request. */
function asking(): Pick<CcxtTrading, 'throttle' | 'calculateRateLimiterCost'> {
  return {
    throttle: () => Promise.reject(new Error('its own queue')),
    calculateRateLimiterCost: (_api, _method, path) => (path === 'myTrades' ? 8 : 1),
  };
}

class Requests {
  readonly sent: string[] = [];
  readonly dropped: string[] = [];
  readonly clock = new VirtualClock(1.7e12);
  /** Ten a second. */
  readonly pace = new Pace(this.clock, 100);
  readonly #ccxt = asking();

  constructor() {
    paced(this.#ccxt as CcxtTrading, this.pace, new AsyncLocalStorage());
  }

  ask(method: string, path: string): void {
    const cost = this.#ccxt.calculateRateLimiterCost('private', method, path);
    this.#ccxt.throttle(cost).then(
      () => this.sent.push(path),
      () => this.dropped.push(path),
    );
  }

  async pass(ms: number): Promise<string[]> {
    this.clock.advance(ms * 1e6);
    await new Promise(setImmediate);
    return this.sent.splice(0);
  }
}

test('a request weighs what it costs, and orders go before questions', async () => {
  const requests = new Requests();
  for (let count = 0; count < 3; count++) requests.ask('GET', 'myTrades');
  requests.ask('POST', 'order');
  requests.ask('POST', 'OpenOrders');
  requests.ask('POST', 'AddOrder');
  assert.deepEqual(await requests.pass(0), ['myTrades', 'myTrades']);
  assert.deepEqual(await requests.pass(599), []);
  assert.deepEqual(await requests.pass(1), ['order']);
  assert.deepEqual(await requests.pass(100), ['AddOrder']);
  assert.deepEqual(await requests.pass(100), ['myTrades']);
  assert.deepEqual(await requests.pass(900), ['OpenOrders']);
});

test('what waits when the venue goes away never leaves', async () => {
  const requests = new Requests();
  for (let count = 0; count < 3; count++) requests.ask('GET', 'myTrades');
  requests.ask('POST', 'order');
  await requests.pass(0);
  requests.pace.drop();
  assert.deepEqual(await requests.pass(10_000), []);
  assert.deepEqual(requests.dropped, ['order', 'myTrades']);
});
