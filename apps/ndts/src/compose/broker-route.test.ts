// Which pairs of brokers the configuration may name, which symbols the backup trades, and how the
// pair is shown.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Gateway } from '@ndts/exec-node';
import type { RouteView } from '@ndts/protocol';
import { loadConfig, VirtualClock } from '@ndts/runtime';
import { routeText } from '../screen/route-text.js';
import { type BrokerPart, journalModeOf } from './broker.js';
import { createRoute, refusePair } from './broker-route.js';

function load(args: Readonly<Record<string, string>>): ReturnType<typeof loadConfig> {
  return loadConfig({ args, environment: {} });
}

function part(name: string, ...symbols: number[]): BrokerPart {
  const card = { name, deduplicates: 'day', exclusiveSession: false, inFlightMs: 0 };
  const gateway = { card, connected: () => name !== 'down' };
  return { gateway: gateway as unknown as Gateway, trades: (one) => symbols.includes(one) };
}

test('a broker is no backup of itself, and play money none of money', () => {
  const pairs: [string, string, string, RegExp | undefined][] = [
    ['paper', 'none', 'false', undefined],
    ['ib', 'fix', 'false', undefined],
    ['paper', 'ccxt', 'true', undefined],
    ['ib', 'ib', 'false', /exec.backup: ib is exec.broker itself/],
    ['ib', 'paper', 'false', /money is not real/],
    ['paper', 'ccxt', 'false', /money is not real/],
    ['paper', 'fix', 'true', /money is not real/],
  ];
  for (const [broker, backup, sandbox, refusal] of pairs) {
    const args = { 'exec.broker': broker, 'exec.backup': backup, 'ccxt.sandbox': sandbox };
    if (refusal === undefined) refusePair(load(args));
    else assert.throws(() => refusePair(load(args)), refusal);
  }
  assert.equal(
    journalModeOf(load({ 'exec.backup': 'ccxt', 'ccxt.sandbox': 'true' })),
    'durable',
    'one real broker is enough',
  );
});

test('the backup trades what it has an instrument for and the list names', () => {
  const names = ['', 'BTC-USD', 'BTC-PERP', 'ETH', 'SOL'];
  const symbols = {
    byId: (id: number) => ({ id, name: names[id] ?? '', shard: 0 }),
  } as unknown as Parameters<typeof createRoute>[0]['symbols'];
  const clock = new VirtualClock(0);
  const traded = (list: string): number[] => {
    const values = load({ 'exec.backupSymbols': list });
    const pair = createRoute({ values, clock, symbols }, part('down', 1), part('b', 1, 2, 3));
    return [1, 2, 3, 4].filter((id) => pair.trades(id));
  };
  assert.deepEqual(traded(''), [1, 2, 3]);
  assert.deepEqual(traded('BTC*'), [1, 2]);
  assert.deepEqual(traded('ETH,SOL'), [3]);
  const foundation = { values: load({}), clock, symbols };
  assert.throws(() => createRoute(foundation, part('x'), part('x')), /both venues are called x/);
});

test('a route in one line', () => {
  const route: RouteView = {
    ...{ primary: 'ib', backup: 'fix', primaryUp: true, backupUp: true },
    ...{ primaryReconciled: true, backupReconciled: true },
    ...{ breaker: 'closed', why: '' },
  };
  assert.equal(routeText(route), 'ib (backup fix)');
  assert.equal(routeText({ ...route, backupUp: false }), 'ib (backup fix, not reachable)');
  assert.equal(
    routeText({ ...route, primaryReconciled: false }),
    'ib, not reconciled (backup fix)',
  );
  assert.equal(
    routeText({ ...route, breaker: 'open', why: 'not reachable', primaryUp: false }),
    'fix (ib failed, not reachable)',
  );
});

test('rules by symbol, account and type: the first that fits; what is none is refused', () => {
  const symbols = {
    byId: (id: number) => ({ id, name: ['', 'BTC-USD', 'ETH'][id] ?? '', shard: 0 }),
  } as unknown as Parameters<typeof createRoute>[0]['symbols'];
  const clock = new VirtualClock(0);
  const sentTo = (routes: string, order: object): string => {
    const values = load({ 'exec.broker': 'ib', 'exec.backup': 'fix', 'exec.routes': routes });
    const sent: string[] = [];
    const to = (name: string): BrokerPart => {
      const one = part(name, 1, 2);
      return { ...one, gateway: { ...one.gateway, submit: () => sent.push(name) } as never };
    };
    const route = createRoute({ values, clock, symbols }, to('one'), to('two'));
    route.parts.survey(true);
    route.parts.admit();
    route.submit(order as never);
    return sent.join();
  };
  const order = { clientOrderId: 'x', symbol: 1, account: 'main', orderType: 2 };
  assert.equal(sentTo('', order), 'one');
  assert.equal(sentTo('symbol BTC* fix', order), 'two');
  assert.equal(sentTo('symbol BTC* fix', { ...order, symbol: 2 }), 'one');
  assert.equal(sentTo('symbol ETH fix,type limit fix', order), 'two');
  assert.equal(sentTo('account main ib,type limit fix', order), 'one');
  for (const [routes, expected] of [
    ['symbol BTC', /expected symbol, account or type, a name, a broker, found 'symbol BTC'/],
    ['symbol BTC ccxt', /expected ib or fix at the end/],
    ['type limits fix', /expected one of market, limit/],
    ['side buy fix', /expected symbol, account or type at the beginning/],
  ] as const)
    assert.throws(() => sentTo(routes, order), expected);
});
