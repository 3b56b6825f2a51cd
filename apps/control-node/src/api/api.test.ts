// The API over real sockets: who may call what, what is refused, what is kept.

import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { NdtsError } from '@ndts/protocol';
import type { Role } from '@ndts/runtime';
import { startControl, type TestControl } from './test-control.js';

let control: TestControl;

before(async () => {
  control = await startControl();
});

after(() => control.stop());

interface Operation {
  readonly 'x-role': 'open' | Role;
}

/** The route table as the server itself tells it. */
async function routes(): Promise<{ method: string; path: string; role: 'open' | Role }[]> {
  const response = await control.call('/api/openapi.json');
  const { paths } = (await response.json()) as { paths: Record<string, Record<string, Operation>> };
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path: path.replace(/\{\w+\}/g, 'x'),
      role: operation['x-role'],
    })),
  );
}

async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as { code: string }).code;
}

test('every route but the open ones refuses who shows no token', async () => {
  const all = await routes();
  assert.ok(all.length >= 20, `${all.length} routes`);
  for (const { method, path, role } of all) {
    const response = await control.call(path, { method, token: '' });
    if (role === 'open') assert.notEqual(response.status, 403, path);
    else assert.equal(response.status, 401, `${method} ${path}`);
    if (response.status === 401 && path !== '/api/login') {
      assert.equal(response.headers.get('www-authenticate'), 'Bearer');
      assert.equal(await codeOf(response), 'UNAUTHENTICATED');
    }
  }
});

test('the only open routes are liveness and login', async () => {
  const open = (await routes()).filter(({ role }) => role === 'open');
  assert.deepEqual(open.map(({ method, path }) => `${method} ${path}`).sort(), [
    'GET /healthz',
    'GET /login',
    'POST /api/login',
  ]);
});

test('every route refuses a role below its own, and a node token everywhere', async () => {
  const below = { viewer: [], trader: ['viewer'], admin: ['viewer', 'trader'] } as const;
  for (const { method, path, role } of await routes()) {
    if (role === 'open' || role === 'node') continue;
    for (const weaker of [...below[role], 'node'] as const) {
      const response = await control.call(path, { method, token: control.tokens[weaker] });
      assert.equal(response.status, 403, `${method} ${path} as ${weaker}`);
      assert.equal(await codeOf(response), 'FORBIDDEN');
    }
  }
});

test('an unknown token is refused like none', async () => {
  const response = await control.call('/api/status', { token: 'ndts_unknown' });
  assert.equal(response.status, 401);
});

test('reads answer what the roles say', async () => {
  const read = async (path: string): Promise<unknown> => (await control.call(path)).json();
  assert.deepEqual(await read('/healthz'), { ok: true });
  assert.deepEqual(await read('/api/symbols'), [
    { id: 3, name: 'AAA', shard: 1, ticks: 10, price: 12.5 },
  ]);
  assert.equal(((await read('/api/chart?symbol=AAA')) as unknown[]).length, 1);
  assert.deepEqual(await read('/api/chart?symbol=3&limit=5'), await read('/api/chart?symbol=AAA'));
  assert.deepEqual(await read('/api/quality'), []);
  const quality = [{ symbol: 3, name: 'AAA', state: 'STALE', limit: 20 }];
  assert.deepEqual(await read('/api/quality?symbol=AAA'), quality);
  const rejects = (await read('/api/rejects')) as { reason: string; bid: string }[];
  assert.deepEqual(
    rejects.map(({ reason, bid }) => [reason, bid]),
    [
      ['jump', 'NaN'],
      ['jump', 'NaN'],
    ],
  );
  assert.equal(((await read('/api/rejects?limit=1')) as unknown[]).length, 1);
  assert.deepEqual(await read('/api/trading-state'), { state: 'ACTIVE' });
  assert.deepEqual(await read('/api/latency'), { exec: null, calc: null });
  const status = (await read('/api/status')) as { data: null; agesMs: { data: null } };
  assert.equal(status.data, null);
  assert.equal(status.agesMs.data, null);
  assert.deepEqual(await read('/api/session'), { name: 'test-viewer', role: 'viewer' });
  const config = (await read('/api/config')) as { key: string; source: string }[];
  assert.ok(
    config.some(({ key, source }) => key === 'control.port' && source === '--control.port'),
  );
  const metrics = await (await control.call('/metrics')).text();
  assert.match(metrics, /ndts_control_requests_total\{route="GET \/api\/symbols",status="200"\} 1/);
});

test('errors have one shape', async () => {
  const cases: readonly (readonly [string, number, string])[] = [
    ['/api/chart?symbol=NOPE', 404, 'NOT_FOUND'],
    ['/api/chart', 400, 'INVALID_ARGUMENT'],
    ['/api/quality?symbol=9', 404, 'NOT_FOUND'],
    ['/api/orders?limit=0', 400, 'INVALID_ARGUMENT'],
    ['/api/orders?unknown=1', 400, 'INVALID_ARGUMENT'],
    ['/api/nothing', 404, 'NOT_FOUND'],
    ['/assets/../../package.json', 404, 'NOT_FOUND'],
    ['/assets/%2e%2e/package.json', 404, 'NOT_FOUND'],
    ['/api/%', 400, 'INVALID_ARGUMENT'],
  ];
  for (const [path, status, code] of cases) {
    const response = await control.call(path);
    const body = (await response.json()) as Record<string, unknown>;
    assert.equal(response.status, status, path);
    assert.equal(body['code'], code, path);
    assert.deepEqual(Object.keys(body), ['code', 'message', 'hint'], path);
  }
});

test('the trading state is changed by a trader, and the change is kept', async () => {
  const body = { state: 'HALTED', why: 'test' };
  const options = { method: 'POST', token: control.tokens.trader, body };
  const response = await control.call('/api/trading-state', options);
  assert.deepEqual(await response.json(), { state: 'HALTED' });
  const audit = await control.call('/api/audit?limit=2', { token: control.tokens.admin });
  const entries = (await audit.json()) as { actor: string; detail: string; outcome: string }[];
  assert.deepEqual(
    entries.map(({ actor, detail, outcome }) => [actor, detail, outcome]),
    [
      ['test-trader', 'HALTED: test', 'ok'],
      ['test-trader', 'HALTED: test', 'asked'],
    ],
  );
  const bad = await control.call('/api/trading-state', {
    ...options,
    body: { state: 'ON', why: 'x' },
  });
  assert.equal(bad.status, 400);
});

test('a trader asks for a cancel; what is not open is not found', async () => {
  const token = control.tokens.trader;
  const path = '/api/orders/cancel';
  const body = { clientOrderId: '1-1-0', why: 'test' };
  const asked = await control.call(path, { method: 'POST', token, body });
  assert.deepEqual(await asked.json(), { requested: '1-1-0' });
  const other = { clientOrderId: '1-9-0', why: 'test' };
  const unknown = await control.call(path, { method: 'POST', token, body: other });
  assert.equal(unknown.status, 404);
  assert.equal(await codeOf(unknown), 'NOT_FOUND');
  const viewer = control.tokens.viewer;
  assert.equal((await control.call(path, { method: 'POST', token: viewer, body })).status, 403);
  const audit = await control.call('/api/audit?limit=4', { token: control.tokens.admin });
  const entries = (await audit.json()) as { action: string; detail: string; outcome: string }[];
  assert.deepEqual(
    entries.map(({ action, detail, outcome }) => `${action} ${detail} ${outcome}`),
    [
      'order-cancel 1-9-0: test failed: NOT_FOUND',
      'order-cancel 1-9-0: test asked',
      'order-cancel 1-1-0: test ok',
      'order-cancel 1-1-0: test asked',
    ],
  );
});

test('a trader compares with the broker, an admin adopts what it has', async () => {
  const body = { why: 'test' };
  const ask = (path: string, token: string): Promise<Response> =>
    control.call(path, { method: 'POST', token, body });
  const { trader, admin } = control.tokens;
  assert.deepEqual(await (await ask('/api/reconcile', trader)).json(), {
    ...{ differences: ['by test-trader'], adopted: [], tradingState: 'HALTED' },
  });
  assert.equal((await ask('/api/reconcile/adopt', trader)).status, 403);
  assert.deepEqual(await (await ask('/api/reconcile/adopt', admin)).json(), {
    ...{ differences: [], adopted: ['by test-admin'], tradingState: 'HALTED' },
  });
  const audit = await control.call('/api/audit?limit=1', { token: admin });
  const [entry] = (await audit.json()) as { action: string; detail: string }[];
  assert.deepEqual([entry?.action, entry?.detail], ['adopt', 'test']);
});

test('a trader restarts a strategy; one that is not there is not found', async () => {
  const path = '/api/strategies/restart';
  const ask = (token: string, name: string): Promise<Response> =>
    control.call(path, { method: 'POST', token, body: { name } });
  const { trader, viewer } = control.tokens;
  const restarted = (await (await ask(trader, 'bollinger')).json()) as { state: string };
  assert.equal(restarted.state, 'starting');
  assert.equal((await ask(trader, 'nobody')).status, 404);
  assert.equal((await ask(trader, '')).status, 400);
  assert.equal((await ask(viewer, 'bollinger')).status, 403);
  const audit = await control.call('/api/audit?limit=4', { token: control.tokens.admin });
  const entries = (await audit.json()) as { action: string; detail: string; outcome: string }[];
  assert.deepEqual(
    entries.map(({ action, detail, outcome }) => `${action} ${detail} ${outcome}`),
    [
      'strategy-restart nobody failed: NOT_FOUND',
      'strategy-restart nobody asked',
      'strategy-restart bollinger ok',
      'strategy-restart bollinger asked',
    ],
  );
});

test('snapshots: a viewer looks, an admin makes and removes, with a record', async () => {
  const { admin, trader, viewer } = control.tokens;
  const path = '/api/snapshots';
  const ask = (method: string, token: string, name: string): Promise<Response> =>
    method === 'POST'
      ? control.call(path, { method, token, body: { name } })
      : control.call(`${path}/${name}`, { method, token });
  const made = await ask('POST', admin, 'a.1');
  assert.equal(((await made.json()) as { name: string }).name, 'a.1');
  const names = (await (await control.call(path, { token: viewer })).json()) as object[];
  assert.equal(names.length, 1);
  assert.equal((await ask('POST', trader, 'b')).status, 403);
  assert.equal((await ask('DELETE', trader, 'a.1')).status, 403);
  for (const name of ['.x', 'a b', 'a%2Fb', 'x'.repeat(65)])
    assert.equal((await ask('DELETE', admin, name)).status, 400, name);
  for (const name of ['.x', '../x', '', 'x'.repeat(65)])
    assert.equal((await ask('POST', admin, name)).status, 400, name);
  const again = await ask('POST', admin, 'a.1');
  assert.equal(again.status, 409);
  assert.equal(await codeOf(again), 'ALREADY_EXISTS');
  const full = await ask('POST', admin, 'full');
  assert.equal(full.status, 507);
  const { code, message, hint } = (await full.json()) as Record<string, string>;
  assert.deepEqual([code, message], ['DISK_FULL', 'no space for full']);
  assert.match(hint ?? '', /free space/);
  assert.deepEqual(await (await ask('DELETE', admin, 'a.1')).json(), { removed: 'a.1' });
  assert.equal((await ask('DELETE', admin, 'a.1')).status, 404);
  const audit = await control.call('/api/audit?limit=10', { token: admin });
  const entries = (await audit.json()) as { action: string; detail: string; outcome: string }[];
  assert.deepEqual(
    entries
      .map(({ action, detail, outcome }) => `${action} ${detail} ${outcome}`)
      .filter((line) => !line.endsWith('asked')),
    [
      'snapshot-remove a.1 failed: NOT_FOUND',
      'snapshot-remove a.1 ok',
      'snapshot-create full failed: DISK_FULL',
      'snapshot-create a.1 failed: ALREADY_EXISTS',
      'snapshot-create a.1 ok',
    ],
  );
});

test('cleaning rules: a viewer looks and checks, an admin reads again and tries', async () => {
  const { viewer, admin } = control.tokens;
  const read = async (response: Response): Promise<unknown> => response.json();
  const rules = await read(await control.call('/api/clean/rules?symbol=AAA'));
  assert.deepEqual((rules as { asked: unknown }).asked, { symbol: 'AAA' });
  const post = (path: string, token: string, body: unknown = {}): Promise<Response> =>
    control.call(`/api/clean/${path}`, { method: 'POST', token, body });
  assert.equal((await post('check', viewer, { text: '' })).status, 200);
  const wrong = await post('check', viewer, { text: 'wrong' });
  assert.equal(wrong.status, 400);
  assert.match(((await read(wrong)) as { message: string }).message, /rules:1: wrong \(yaml\)/);
  assert.equal((await post('check', viewer, { text: 'x'.repeat(20_000) })).status, 413);
  assert.equal((await post('reload', viewer)).status, 403);
  const reloaded = (await read(await post('reload', admin))) as { asked: unknown };
  assert.deepEqual(reloaded.asked, { actor: 'test-admin', role: 'admin' });
  const body = { text: '', from: '2026-01-02', to: '2026-01-02T09:30:00', symbols: ['AAA'] };
  assert.equal((await post('try', viewer, body)).status, 403);
  const tried = (await read(await post('try', admin, body))) as { asked: unknown };
  assert.deepEqual(tried.asked, {
    text: '',
    format: 'yaml',
    symbols: ['AAA'],
    samples: 3,
    fromMs: Date.UTC(2026, 0, 2),
    toMs: Date.UTC(2026, 0, 2, 9, 30),
  });
  assert.equal((await post('try', admin, { ...body, to: 'yesterday and more' })).status, 400);
  const recorded = control.audit.recent(100).filter(({ action }) => action === 'clean-reload');
  assert.deepEqual(recorded.map(({ outcome }) => outcome).slice(0, 2), ['ok', 'asked']);
});

test('retention: a viewer looks, an admin runs and restores, with a record', async () => {
  const { admin, trader, viewer } = control.tokens;
  const view = await (await control.call('/api/retention', { token: viewer })).json();
  assert.equal((view as { archived: object[] }).archived.length, 1);
  const post = (path: string, token: string, body?: object): Promise<Response> =>
    control.call(`/api/retention/${path}`, {
      method: 'POST',
      token,
      ...(body === undefined ? {} : { body }),
    });
  assert.equal((await post('run', trader)).status, 403);
  assert.equal(((await (await post('run', admin)).json()) as object[]).length, 1);
  const day = { table: 'tick', day: '2026-01-01' };
  assert.equal((await post('restore', trader, day)).status, 403);
  const restored = (await (await post('restore', admin, day)).json()) as { rows: number };
  assert.equal(restored.rows, 7, 'days it is held without being told');
  assert.equal((await post('restore', admin, { ...day, table: 'none' })).status, 404);
  for (const wrong of [{ table: 'tick' }, { ...day, day: 'today' }, { ...day, holdDays: -1 }])
    assert.equal((await post('restore', admin, wrong)).status, 400, JSON.stringify(wrong));
  const audit = await control.call('/api/audit?limit=10', { token: admin });
  const entries = (await audit.json()) as { action: string; detail: string; outcome: string }[];
  assert.deepEqual(
    entries
      .map(({ action, detail, outcome }) => `${action} ${detail} ${outcome}`)
      .filter((line) => line.startsWith('retention') && !line.endsWith('asked')),
    [
      'retention-restore none 2026-01-01 failed: NOT_FOUND',
      'retention-restore tick 2026-01-01 ok',
      'retention-run storage ok',
    ],
  );
});

test('tokens are made, listed without their secret, and revoked', async () => {
  const token = control.tokens.admin;
  const body = { name: 'desk', role: 'viewer' };
  const made = await control.call('/api/tokens', { method: 'POST', token, body });
  const { token: fresh } = (await made.json()) as { token: string };
  assert.equal((await control.call('/api/status', { token: fresh })).status, 200);
  const list = await (await control.call('/api/tokens', { token })).text();
  assert.ok(list.includes('desk') && !list.includes(fresh));
  const again = await control.call('/api/tokens', { method: 'POST', token, body });
  assert.equal(again.status, 409);
  const revoked = await control.call('/api/tokens/desk', { method: 'DELETE', token });
  assert.deepEqual(await revoked.json(), { revoked: 'desk' });
  assert.equal((await control.call('/api/status', { token: fresh })).status, 401);
  assert.equal((await control.call('/api/tokens/desk', { method: 'DELETE', token })).status, 404);
});

test('bodies: too large, not JSON, another media type', async () => {
  const token = control.tokens.trader;
  const path = '/api/trading-state';
  const large = { state: 'ACTIVE', why: 'x'.repeat(20_000) };
  const response = await control.call(path, { method: 'POST', token, body: large });
  assert.equal(response.status, 413);
  assert.equal(await codeOf(response), 'INVALID_ARGUMENT');
  const send = (type: string, body: string): Promise<Response> =>
    fetch(control.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': type },
      body,
    });
  assert.equal((await send('application/json', '{')).status, 400);
  assert.equal((await send('text/plain', '{}')).status, 415);
  assert.equal((await send('application/x-www-form-urlencoded', 'state=ACTIVE')).status, 415);
});

/** fetch may not set Host. */
function statusWithHost(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { host, authorization: `Bearer ${control.tokens.viewer}` };
    const call = httpRequest(`${control.url}/api/status`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    call.on('error', reject);
    call.end();
  });
}

test('a host name that is not ours is refused (DNS rebinding)', async () => {
  assert.equal(await statusWithHost('evil.example'), 403);
  assert.equal(await statusWithHost('localhost.evil.example:80'), 403);
  assert.equal(await statusWithHost('localhost:1'), 200);
  assert.equal(await statusWithHost('127.0.0.1'), 200);
});

test('answers carry the security headers and pages are served', async () => {
  for (const path of ['/', '/login', '/api/status', '/assets/style.css', '/api/nothing']) {
    const { headers } = await control.call(path);
    assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'/, path);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
    assert.equal(headers.get('x-frame-options'), 'DENY', path);
  }
  const page = await control.call('/', { token: '' });
  assert.equal(page.status, 200);
  const etag = page.headers.get('etag') ?? '';
  const cached = await control.call('/', { headers: { 'if-none-match': etag } });
  assert.equal(cached.status, 304);
  const charts = await control.call('/vendor/lightweight-charts.js', { token: '' });
  assert.match(await charts.text(), /TradingView Lightweight Charts/);
});

test('a port in use is named', async () => {
  const { port } = control.node.address();
  await assert.rejects(startControl({ 'control.port': String(port) }), (error) => {
    assert.ok(error instanceof NdtsError);
    assert.equal(error.code, 'PORT_IN_USE');
    assert.ok(error.message.includes(`127.0.0.1:${port}`), error.message);
    return true;
  });
});

test('an address that is not of this machine is a wrong configuration', async () => {
  await assert.rejects(startControl({ 'node.host': '203.0.113.1' }), {
    code: 'CONFIG_INVALID_VALUE',
  });
});

test('stop closes open connections at once and frees the port', async () => {
  const other = await startControl();
  const { port } = other.node.address();
  await other.call('/healthz');
  await other.stop();
  await other.node.stop();
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  server.close();
});

test('a client above its rate is refused and others are not', async () => {
  const limited = await startControl({ 'control.rateLimitPerSecond': '5' });
  try {
    const statuses: number[] = [];
    for (let index = 0; index < 12; index += 1)
      statuses.push((await limited.call('/api/status')).status);
    assert.equal(statuses[0], 200);
    assert.ok(statuses.includes(429), statuses.join());
    const other = await limited.call('/api/status', { token: limited.tokens.admin });
    assert.equal(other.status, 200);
    assert.equal((await limited.call('/healthz', { token: '' })).status, 200);
  } finally {
    await limited.stop();
  }
});
