// Hosts, origins, cookies and tokens as browsers and attackers send them; the token bucket.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '@ndts/runtime';
import { bearerToken, cookieValue, hostName, isOwnHost, isSameOrigin } from './origin.js';
import { RateLimiter } from './rate-limit.js';

test('host names come without port and brackets', () => {
  assert.equal(hostName('LocalHost:8321'), 'localhost');
  assert.equal(hostName('[::1]:8321'), '::1');
  assert.equal(hostName('10.0.0.7'), '10.0.0.7');
  for (const bad of [
    undefined,
    '',
    'a b',
    'http://localhost',
    'localhost:',
    'user@localhost',
    '[::1',
  ])
    assert.equal(hostName(bad), '', String(bad));
});

test('only loopback and own addresses are our host', () => {
  const own = ['10.0.0.7', '::ffff:192.168.1.2', 'Trade.Example'];
  for (const host of ['localhost:1', '127.0.0.1', '[::1]:9', '10.0.0.7:8321', '192.168.1.2'])
    assert.ok(isOwnHost(host, own), host);
  assert.ok(isOwnHost('trade.example:80', own));
  for (const host of ['evil.example', 'localhost.evil.example', '10.0.0.8', '', undefined])
    assert.ok(!isOwnHost(host, own), String(host));
});

test('an origin is ours only with the same host and port', () => {
  assert.ok(isSameOrigin('http://localhost:8321', 'localhost:8321'));
  assert.ok(!isSameOrigin('http://localhost:8322', 'localhost:8321'));
  assert.ok(!isSameOrigin('http://localhost:8321.evil.example', 'localhost:8321'));
  assert.ok(!isSameOrigin('null', 'localhost:8321'));
  assert.ok(!isSameOrigin(undefined, 'localhost:8321'));
  assert.ok(!isSameOrigin('http://localhost:8321', undefined));
});

test('cookies and bearer tokens', () => {
  assert.equal(cookieValue('a=1; ndts=x=y ;b=2', 'ndts'), 'x=y');
  assert.equal(cookieValue('xndts=1', 'ndts'), undefined);
  assert.equal(cookieValue(undefined, 'ndts'), undefined);
  assert.equal(bearerToken('Bearer abc-DEF_1.2'), 'abc-DEF_1.2');
  assert.equal(bearerToken('bearer abc'), 'abc');
  for (const bad of ['Basic abc', 'Bearer', 'Bearer a b', `Bearer ${'a'.repeat(513)}`, undefined])
    assert.equal(bearerToken(bad), undefined);
});

test('a bucket allows its burst, then its rate, per client', () => {
  const clock = new VirtualClock();
  const limiter = new RateLimiter(clock, () => ({ perSecond: 10, burst: 3 }));
  assert.deepEqual(
    [1, 2, 3, 4].map(() => limiter.take('a')),
    [true, true, true, false],
  );
  assert.ok(limiter.take('b'));
  clock.advance(100e6);
  assert.ok(limiter.take('a'));
  assert.ok(!limiter.take('a'));
});

test('quiet clients are forgotten and the number of clients is bounded', () => {
  const clock = new VirtualClock();
  const limiter = new RateLimiter(clock, () => ({ perSecond: 1, burst: 5 }));
  for (let index = 0; index < 10_500; index += 1) limiter.take(`client-${index}`);
  assert.equal(limiter.size, 10_000);
  clock.advance(6e9);
  limiter.take('late');
  assert.equal(limiter.size, 1);
});
