import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { SeededRandom } from '@ndts/runtime';
import {
  closed,
  connectTcp,
  type LineNode,
  lineNode,
  proof,
  prove,
  rowsOf,
} from './line-test-kit.js';
import { testCertificate, testKey } from '../listen/tls-test-identity.js';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function rowsReach(node: LineNode, table: string, count: number): Promise<void> {
  while (rowsOf(node.database, table).length < count) await pause(2);
}

test('whoever has the token proves it without sending it', async (context) => {
  const node = await lineNode(context);
  const token = node.token('bot', 'trader');
  const socket = await connectTcp(node.tcpPort, 'bot', (challenge) => proof(token, challenge));
  socket.write('m,symbol=A v=1 1\nm,symbol=B v=2 2\n');
  await rowsReach(node, 'm', 2);
  assert.deepEqual(rowsOf(node.database, 'm'), [
    { symbol: 'A', time: 1n, v: 1 },
    { symbol: 'B', time: 2n, v: 2 },
  ]);
  socket.destroy();
});

test('a wrong proof, name, role or length closes the connection', async (context) => {
  const node = await lineNode(context);
  const token = node.token('bot', 'trader');
  const other = node.token('other', 'trader');
  const viewer = node.token('eye', 'viewer');
  const answers: [string, (challenge: Buffer) => string][] = [
    ['bot', (challenge) => proof(other, challenge)],
    ['bot', () => proof(token, new Uint8Array(64))],
    ['bot', () => 'nonsense'],
    ['bot', () => ''],
    ['nobody', (challenge) => proof(token, challenge)],
    ['eye', (challenge) => proof(viewer, challenge)],
  ];
  for (const [name, answer] of answers) {
    const socket = await connectTcp(node.tcpPort, name, answer);
    socket.write('m,symbol=A v=1\n');
    await closed(socket);
  }
  const endless = connect(node.tcpPort, '127.0.0.1');
  endless.on('error', () => undefined);
  endless.write('x'.repeat(5000));
  await closed(endless);
  assert.equal(rowsOf(node.database, 'm').length, 0);
  assert.match(await node.metrics.text(), /ndts_line_denied_total\{listener="tcp"\} 7/);
});

test('lines may be split anywhere; one that never ends is dropped', async (context) => {
  const node = await lineNode(context);
  const token = node.token('bot', 'trader');
  const random = new SeededRandom(7);
  const socket = await connectTcp(node.tcpPort, 'bot', (challenge) => proof(token, challenge));
  socket.setNoDelay(true);
  const lines = Array.from(
    { length: 300 },
    (_, index) =>
      `m,symbol=S\\ ${index % 7},tag=x\\,${index % 3} v=${index}i,t="l\n${index}" ${index}\n`,
  ).join('');
  for (let at = 0; at < lines.length; ) {
    const bytes = 1 + random.integer(200);
    socket.write(lines.slice(at, at + bytes));
    at += bytes;
    if (random.integer(4) === 0) await pause(0);
  }
  socket.write('m,symbol=A v=1i,t="half a');
  await rowsReach(node, 'm', 300);
  socket.destroy();
  const count = /ndts_line_unfinished_total\{listener="tcp"\} 1/;
  while (!count.test(await node.metrics.text())) await pause(2);
  const rows = rowsOf(node.database, 'm').sort((a, b) => Number(a['time']) - Number(b['time']));
  assert.deepEqual(
    rows,
    rows.map((_, index) => ({
      symbol: `S ${index % 7}`,
      time: BigInt(index),
      tag: `x,${index % 3}`,
      v: BigInt(index),
      t: `l\n${index}`,
    })),
  );
});

test('a bad line closes the connection after all before it is stored', async (context) => {
  const node = await lineNode(context);
  const token = node.token('bot', 'trader');
  const socket = await connectTcp(node.tcpPort, 'bot', (challenge) => proof(token, challenge));
  socket.write('m,symbol=A v=1\nm,symbol=A v=2\nm,symbol=A v=what\nm,symbol=A v=4\n');
  await closed(socket);
  assert.deepEqual(
    rowsOf(node.database, 'm').map((row) => row['v']),
    [1, 2],
  );
  assert.match(
    await node.metrics.text(),
    /ndts_line_refused_total\{listener="tcp",reason="syntax"\} 1/,
  );
});

test('revoking a token ends its connections', async (context) => {
  const node = await lineNode(context);
  const token = node.token('bot', 'trader');
  const socket = await connectTcp(node.tcpPort, 'bot', (challenge) => proof(token, challenge));
  socket.write('m,symbol=A v=1\n');
  await rowsReach(node, 'm', 1);
  node.identity.revokeToken('bot');
  socket.write('m,symbol=A v=2\n');
  await closed(socket);
  assert.equal(rowsOf(node.database, 'm').length, 1);
});

test('a client that is faster than the disk loses nothing', async (context) => {
  const node = await lineNode(context);
  const token = node.token('bot', 'trader');
  const total = 60_000; // several times the staging memory
  const sockets = await Promise.all(
    ['A', 'B'].map(async (name) => {
      const socket = await connectTcp(node.tcpPort, 'bot', (challenge) => proof(token, challenge));
      return { socket, name };
    }),
  );
  for (const { socket, name } of sockets)
    for (let from = 0; from < total / 2; from += 1000)
      socket.write(
        Array.from(
          { length: 1000 },
          (_, row) => `m,symbol=${name} v=${from + row}i ${from + row}\n`,
        ).join(''),
      );
  const stored = new RegExp(`ndts_line_rows_total\\{listener="tcp"\\} ${total}$`, 'm');
  while (!stored.test(await node.metrics.text())) await pause(5);
  for (const { socket } of sockets) socket.destroy();
  const rows = rowsOf(node.database, 'm', total);
  assert.equal(rows.length, total);
  for (const [index, row] of rows.entries()) assert.equal(row['v'], BigInt(index % (total / 2)));
});

test('with a certificate both listeners speak TLS and nothing else', async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-line-tls-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const [tlsCert, tlsKey] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  writeFileSync(tlsCert, testCertificate);
  writeFileSync(tlsKey, testKey);
  const node = await lineNode(context, { host: '0.0.0.0', tlsCert, tlsKey });
  const token = node.token('bot', 'trader');
  const secure = connectTls({ port: node.tcpPort, host: '127.0.0.1', ca: testCertificate });
  const socket = await prove(secure, 'bot', (challenge) => proof(token, challenge));
  socket.write('m,symbol=A v=1\n');
  await rowsReach(node, 'm', 1);
  socket.destroy();
  const port = Number(node.url.split(':').at(-1));
  const headers = { Authorization: `Bearer ${token}` };
  const sent = request({ port, path: '/write', method: 'POST', headers, ca: testCertificate });
  sent.end('m,symbol=A v=2\n');
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  assert.equal(response.statusCode, 204);
  response.resume();
  const plain = connect(node.tcpPort, '127.0.0.1');
  plain.on('error', () => undefined);
  plain.write('bot, who speaks no TLS\n');
  await closed(plain);
  assert.equal(rowsOf(node.database, 'm').length, 2);
});

test('beyond this machine there is TLS, or somebody said otherwise', async (context) => {
  await assert.rejects(lineNode(context, { host: '0.0.0.0' }), {
    code: 'CONFIG_INVALID_VALUE',
  });
  await assert.rejects(lineNode(context, { tlsCert: 'cert.pem' }), {
    code: 'CONFIG_INVALID_VALUE',
  });
  const dir = mkdtempSync(join(tmpdir(), 'ndts-line-tls-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const nonsense = join(dir, 'nonsense.pem');
  writeFileSync(nonsense, 'nothing');
  await assert.rejects(lineNode(context, { tlsCert: nonsense, tlsKey: nonsense }), {
    code: 'CONFIG_INVALID_VALUE',
  });
  const node = await lineNode(context, { host: '0.0.0.0', allowPlain: true });
  assert.match(node.server.addresses.tcp ?? '', /^0\.0\.0\.0:\d+$/);
});

test('a port that is taken is named', async (context) => {
  const first = await lineNode(context);
  await assert.rejects(lineNode(context, { tcpPort: first.tcpPort }), {
    code: 'PORT_IN_USE',
    message: new RegExp(`line protocol: 127\\.0\\.0\\.1:${first.tcpPort}`),
  });
});
