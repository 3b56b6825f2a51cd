// TLS: asked for and given, asked for and not there, required, and what a man in the middle would
// send ahead.

import { equal, match, rejects } from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { TestServer } from './postgres-test-kit.js';
import { testCertificate, testKey } from '../listen/tls-test-identity.js';
import { errorFields, int32, startup, WireClient } from './wire-test-client.js';

const sslRequest = Buffer.concat([int32(8), int32(80_877_103)]);

function files(context: TestContext): { tlsCert: string; tlsKey: string } {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-tls-'));
  context.after(() => rmSync(dir, { recursive: true }));
  const [tlsCert, tlsKey] = [join(dir, 'certificate.pem'), join(dir, 'key.pem')];
  writeFileSync(tlsCert, testCertificate);
  writeFileSync(tlsKey, testKey, { mode: 0o600 });
  return { tlsCert, tlsKey };
}

async function firstByte(port: number, ...sent: Buffer[]): Promise<string> {
  const socket = connectSocket(port, '127.0.0.1');
  socket.write(Buffer.concat(sent));
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return chunk.toString('latin1', 0, 1);
}

test('a client that asks for TLS gets it, and logs in through it', async (context) => {
  const server = await TestServer.start(context, 1, files(context));
  const raw = connectSocket(server.port, '127.0.0.1');
  raw.write(sslRequest);
  const [answer] = (await once(raw, 'data')) as [Buffer];
  equal(answer.toString(), 'S');
  const secure = connectTls({ socket: raw, ca: testCertificate, servername: 'localhost' });
  await once(secure, 'secureConnect');
  const client = WireClient.over(secure);
  equal(await client.authenticate(server.user, server.token), undefined);
  client.close();
  // On this machine without it as well.
  const plain = await server.login();
  plain.close();
});

test('where there is no certificate the answer is no', async (context) => {
  const server = await TestServer.start(context, 2);
  equal(await firstByte(server.port, sslRequest), 'N');
  equal(await firstByte(server.port, Buffer.concat([int32(8), int32(80_877_104)])), 'N');
  const client = await WireClient.connect(server.port);
  client.send(sslRequest);
  await once(client.socket, 'data');
});

test('what came ahead of TLS is refused', async (context) => {
  const server = await TestServer.start(context, 3, files(context));
  equal(await firstByte(server.port, sslRequest, startup({ user: 'x' })), 'E');
});

test('a certificate that is none, or half of the settings, is said at once', async (context) => {
  const { tlsCert, tlsKey } = files(context);
  await rejects(TestServer.start(context, 4, { tlsCert }), { code: 'CONFIG_INVALID_VALUE' });
  writeFileSync(tlsCert, 'nothing');
  await rejects(TestServer.start(context, 4, { tlsCert, tlsKey }), {
    code: 'CONFIG_INVALID_VALUE',
  });
});

test('beyond this machine there is no listening without TLS, unless meant', async (context) => {
  await rejects(TestServer.start(context, 5, { host: '0.0.0.0' }), (error: Error) => {
    match(error.message, /postgres\.tlsCert/);
    return true;
  });
  const meant = await TestServer.start(context, 5, { host: '0.0.0.0', allowPlain: true });
  equal(meant.server.address().readable, true);
  const server = await TestServer.start(context, 5, { host: '0.0.0.0', ...files(context) });
  const client = await WireClient.connect(server.port);
  const refused = await client.authenticate(server.user, server.token);
  match(errorFields(refused!)['M'] ?? '', /encrypted connections only/);
});
