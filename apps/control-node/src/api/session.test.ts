// Sessions over real sockets: login, tickets, and what a page from elsewhere cannot do with them.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startControl, type TestControl } from './test-control.js';

let control: TestControl;

before(async () => {
  control = await startControl();
});

after(() => control.stop());

function cookieOf(response: Response): string {
  return (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
}

async function logIn(token: string): Promise<string> {
  const response = await control.call('/api/login', { method: 'POST', token: '', body: { token } });
  assert.equal(response.status, 200);
  return cookieOf(response);
}

test('a token becomes a session cookie that scripts and other sites cannot use', async () => {
  const body = { token: control.tokens.viewer };
  const response = await control.call('/api/login', { method: 'POST', token: '', body });
  const cookie = response.headers.get('set-cookie') ?? '';
  for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/']) assert.ok(cookie.includes(part));
  assert.ok(!cookie.includes(control.tokens.viewer));
  const status = await control.call('/api/status', {
    token: '',
    headers: { cookie: cookieOf(response) },
  });
  assert.equal(status.status, 200);
});

test('a wrong token is refused and recorded; a node cannot log in', async () => {
  const options = { method: 'POST', token: '' };
  const wrong = await control.call('/api/login', { ...options, body: { token: 'ndts_wrong' } });
  assert.equal(wrong.status, 401);
  assert.equal(wrong.headers.get('set-cookie'), null);
  const node = await control.call('/api/login', {
    ...options,
    body: { token: control.tokens.node },
  });
  assert.equal(node.status, 403);
  const [last, before] = control.audit.recent(2);
  assert.deepEqual([last?.action, last?.outcome, last?.actor], ['login', 'refused', 'test-node']);
  assert.deepEqual(
    [before?.action, before?.outcome, before?.actor],
    ['login', 'refused', 'unknown'],
  );
});

test('a ticket works once', async () => {
  const ticket = control.identity.createTicket({ name: 'test-trader', role: 'trader' });
  const first = await control.call(`/login?ticket=${ticket}`, { token: '' });
  assert.equal(first.status, 303);
  assert.equal(first.headers.get('location'), '/');
  const session = await control.call('/api/session', {
    token: '',
    headers: { cookie: cookieOf(first) },
  });
  assert.deepEqual(await session.json(), { name: 'test-trader', role: 'trader' });
  const second = await control.call(`/login?ticket=${ticket}`, { token: '' });
  assert.equal(second.headers.get('location'), '/login?expired');
  assert.equal(second.headers.get('set-cookie'), null);
});

test('a session changes state only for our own page', async () => {
  const cookie = await logIn(control.tokens.trader);
  const change = (headers: Record<string, string>): Promise<Response> =>
    control.call('/api/trading-state', {
      method: 'POST',
      token: '',
      body: { state: 'REDUCING', why: 'test' },
      headers: { cookie, ...headers },
    });
  const origin = control.url;
  assert.equal((await change({ origin, 'x-ndts-request': '1' })).status, 200);
  assert.equal((await change({ origin })).status, 403);
  assert.equal((await change({ 'x-ndts-request': '1' })).status, 403);
  const elsewhere = { origin: 'http://evil.example', 'x-ndts-request': '1' };
  assert.equal((await change(elsewhere)).status, 403);
  assert.equal((await change({ origin: 'null', 'x-ndts-request': '1' })).status, 403);
});

test('no page from elsewhere logs a browser in', async () => {
  const response = await control.call('/api/login', {
    method: 'POST',
    token: '',
    body: { token: control.tokens.viewer },
    headers: { origin: 'http://evil.example' },
  });
  assert.equal(response.status, 403);
});

test('logout and revocation end a session', async () => {
  const cookie = await logIn(control.tokens.viewer);
  const headers = { cookie, origin: control.url, 'x-ndts-request': '1' };
  const out = await control.call('/api/logout', { method: 'POST', token: '', headers });
  assert.deepEqual(await out.json(), { ended: true });
  assert.equal((await control.call('/api/status', { token: '', headers })).status, 401);

  const token = control.identity.createToken('short', 'viewer');
  const session = { cookie: await logIn(token) };
  assert.equal((await control.call('/api/status', { token: '', headers: session })).status, 200);
  control.identity.revokeToken('short');
  assert.equal((await control.call('/api/status', { token: '', headers: session })).status, 401);
});

test('guessing tokens is slowed down', async () => {
  const guess = (): Promise<Response> =>
    control.call('/api/login', { method: 'POST', token: '', body: { token: 'ndts_guess' } });
  const statuses: number[] = [];
  for (let index = 0; index < 15; index += 1) statuses.push((await guess()).status);
  assert.ok(statuses.includes(429), statuses.join());
});
