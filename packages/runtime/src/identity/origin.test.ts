// Hosts, origins, cookies and tokens as browsers and attackers send them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearerToken, cookieValue, hostName, isOwnHost, isSameOrigin } from './origin.js';

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
