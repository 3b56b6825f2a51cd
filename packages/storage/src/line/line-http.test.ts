import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type LineNode, lineNode, rowsOf } from './line-test-kit.js';

interface Refused {
  readonly code: string;
  readonly message: string;
  readonly line?: number;
  readonly reason?: string;
  readonly stored: number;
}

async function post(
  node: LineNode,
  token: string,
  body: string | Uint8Array,
  path = '/write',
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${node.url}${path}`, {
    method: 'POST',
    body,
    headers: { Authorization: `Bearer ${token}`, ...headers },
  });
}

async function refused(response: Response): Promise<Refused> {
  return (await response.json()) as Refused;
}

test('lines become rows of every type, in a table made from the first', async (context) => {
  const node = await lineNode(context);
  const token = node.token('bot', 'trader');
  const body =
    'quote,symbol=BTC\\ USD,venue=X price=1.5,count=7i,open=t,note="a \\"b\\"\nc",seen=12t 17\n' +
    '# a comment\n\nquote,symbol=ETH price=-2e-3 18\r\nquote,symbol=BTC\\ USD venue="Y" 19';
  assert.equal((await post(node, token, body)).status, 204);
  const empty = { venue: null, price: null, count: null, open: null, note: null, seen: null };
  assert.deepEqual(rowsOf(node.database, 'quote'), [
    {
      symbol: 'BTC USD',
      time: 17n,
      venue: 'X',
      price: 1.5,
      count: 7n,
      open: true,
      note: 'a "b"\nc',
      seen: 12_000n,
    },
    { ...empty, symbol: 'BTC USD', time: 19n, venue: 'Y' },
    { ...empty, symbol: 'ETH', time: 18n, price: -0.002 },
  ]);
});

test('ticks go to the built-in table; trade is made as it is built in', async (context) => {
  const node = await lineNode(context, { createTables: false });
  const token = node.token('bot', 'admin');
  const tick = 'tick,symbol=A price=1,volume=2i,bid1=3,ask1=4,bid_vol1=5,ask_vol1=6 1000';
  const trade = 'trade,symbol=A price=1,volume=2,side=-1i 1000';
  assert.equal((await post(node, token, `${tick}\n${trade}\n`)).status, 204);
  const [row] = rowsOf(node.database, 'tick');
  assert.deepEqual([row?.['volume'], row?.['flags'], row?.['time']], [2, 0, 1000n]);
  assert.equal(rowsOf(node.database, 'trade')[0]?.['side'], -1);
  const other = await refused(await post(node, token, `${trade}\nother,symbol=A x=1\n`));
  assert.deepEqual([other.reason, other.line, other.stored], ['tableUnknown', 2, 1]);
  const short = await refused(await post(node, token, 'tick,symbol=A price=1\n'));
  assert.deepEqual([short.reason, short.line, short.stored], ['columnMissing', 1, 0]);
});

test('what comes before a bad line is stored, nothing behind it', async (context) => {
  const node = await lineNode(context);
  const token = node.token('bot', 'trader');
  const lines = Array.from({ length: 2000 }, (_, index) => `m,symbol=S${index % 9} v=${index}i`);
  lines[1500] = 'm,symbol=S1 colour=1';
  const response = await post(node, token, lines.join('\n'));
  assert.equal(response.status, 400);
  const answer = await refused(response);
  assert.deepEqual(
    { ...answer, message: '' },
    { code: 'invalid', message: '', line: 1501, reason: 'columnUnknown', stored: 1500 },
  );
  assert.match(answer.message, /line 1501: .*"colour"/);
  assert.equal(rowsOf(node.database, 'm').length, 1500);
  const text = await node.metrics.text();
  assert.match(text, /ndts_line_refused_total\{listener="http",reason="columnUnknown"\} 1/);
  assert.match(text, /ndts_line_rows_total\{listener="http"\} 1500/);
});

test('names of tables, columns and symbols are held to a policy', async (context) => {
  const node = await lineNode(context, { symbolsMax: 2, tablesMax: 3 });
  const token = node.token('bot', 'trader');
  const reasonOf = async (line: string): Promise<string | undefined> => {
    const response = await post(node, token, line);
    return response.status === 204 ? undefined : (await refused(response)).reason;
  };
  assert.equal(await reasonOf('a,symbol=A x=1'), undefined);
  assert.equal(await reasonOf('A,symbol=A x=1'), 'tableName');
  assert.equal(await reasonOf('../b,symbol=A x=1'), 'tableName');
  assert.equal(await reasonOf('b,symbol=A time=1'), 'tableName');
  assert.equal(await reasonOf('b,symbol=A x=1,X=1'), 'tableName');
  assert.equal(await reasonOf('a,symbol=\\\n x=1'), 'symbolName');
  assert.equal(await reasonOf(`a,symbol=${'x'.repeat(1025)} x=1`), 'symbolName');
  assert.equal(await reasonOf('a,symbol=B x=1\na,symbol=C x=1'), 'symbolName');
  assert.equal(await reasonOf('a,symbol=B x=1'), undefined);
  assert.equal(await reasonOf('b,symbol=A x=1'), undefined);
  assert.equal(await reasonOf('c,symbol=A x=1'), 'tableName');
  assert.deepEqual(
    node.database.symbols().map((one) => one.name),
    ['A', 'B'],
  );
});

test('the precision says what a time is', async (context) => {
  const node = await lineNode(context);
  const token = node.token('bot', 'trader');
  const units = { '': 1, n: 1, ns: 1, u: 1e3, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
  for (const name of Object.keys(units)) {
    const path = `/api/v2/write?org=o&bucket=b&precision=${name}`;
    assert.equal((await post(node, token, `p,symbol=x${name} v=1 7`, path)).status, 204);
  }
  const times = rowsOf(node.database, 'p').map((row) => [row['symbol'], row['time']]);
  assert.deepEqual(
    Object.fromEntries(times),
    Object.fromEntries(Object.entries(units).map(([name, ns]) => [`x${name}`, BigInt(7 * ns)])),
  );
  assert.equal((await post(node, token, 'p,symbol=n v=1 7', '/write?precision=y')).status, 400);
});

test('a body may be gzip, and ends at a limit', async (context) => {
  const node = await lineNode(context, { bodyBytesMax: 4096, ack: 'durable' });
  const token = node.token('bot', 'trader');
  const gzip = { 'Content-Encoding': 'gzip' };
  const line = 'z,symbol=A v=1\n';
  assert.equal((await post(node, token, gzipSync(line), '/write', gzip)).status, 204);
  assert.equal((await post(node, token, 'not gzip', '/write', gzip)).status, 400);
  const bomb = gzipSync(line.repeat(10_000));
  assert.ok(bomb.length < 4096);
  assert.equal((await post(node, token, bomb, '/write', gzip)).status, 413);
  assert.equal((await post(node, token, line.repeat(1000))).status, 413);
  const brotli = { 'Content-Encoding': 'br' };
  assert.equal((await post(node, token, line, '/write', brotli)).status, 415);
});

test('only a token of a trader or administrator writes', async (context) => {
  const node = await lineNode(context);
  const trader = node.token('bot', 'trader');
  const line = 'm,symbol=A v=1\n';
  const status = async (authorization: string): Promise<number> =>
    (await post(node, '', line, '/write', { Authorization: authorization })).status;
  const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;
  assert.equal(await status(`Token ${trader}`), 204);
  assert.equal(await status(basic(`anybody:${trader}`)), 204);
  for (const wrong of ['', 'Bearer', 'Bearer x', basic('x'), basic(`${trader}:`), 'Digest x'])
    assert.equal(await status(wrong), 401, wrong);
  for (const role of ['viewer', 'node'] as const)
    assert.equal(await status(`Bearer ${node.token(role, role)}`), 403);
  assert.equal(rowsOf(node.database, 'm').length, 2);
});

test('what clients ask before they write', async (context) => {
  const node = await lineNode(context);
  const settings = (await (await fetch(`${node.url}/settings`)).json()) as {
    config: Record<string, unknown>;
  };
  assert.deepEqual(settings.config['line.proto.support.versions'], [1]);
  assert.equal((await fetch(`${node.url}/ping`)).status, 204);
  const health = (await (await fetch(`${node.url}/health`)).json()) as { status: string };
  assert.equal(health.status, 'pass');
  assert.equal((await fetch(`${node.url}/write`)).status, 405);
  assert.equal((await fetch(`${node.url}/query`)).status, 404);
});

test('an engine that does not store is 503', async (context) => {
  const node = await lineNode(context);
  const token = node.token('bot', 'trader');
  assert.equal((await post(node, token, 'm,symbol=A v=1\n')).status, 204);
  node.database.close();
  const response = await post(node, token, 'm,symbol=A v=1\n');
  assert.equal(response.status, 503);
  assert.equal((await refused(response)).stored, 0);
});

test('above the limit of requests at once the answer is 429', async (context) => {
  const node = await lineNode(context, { requestsMax: 1 });
  const token = node.token('bot', 'trader');
  const slow = request(`${node.url}/write`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
  });
  slow.on('error', () => undefined);
  slow.write('m,symbol=A v=1\nm,symbol=A v=');
  while (rowsOf(node.database, 'm').length === 0) await new Promise((go) => setTimeout(go, 2));
  const response = await post(node, token, 'm,symbol=A v=2\n');
  assert.equal(response.status, 429);
  assert.equal(response.headers.get('retry-after'), '1');
  slow.destroy();
  // What came whole stays; the beginning of a line is nothing.
  while ((await post(node, token, 'm,symbol=A v=3\n')).status !== 204)
    await new Promise((go) => setTimeout(go, 2));
  assert.deepEqual(
    rowsOf(node.database, 'm').map((row) => row['v']),
    [1, 3],
  );
});
