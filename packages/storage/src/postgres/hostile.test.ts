// Clients that mean harm or are broken: garbage, lengths of gigabytes, silence, statements without
// end, death in the middle. The server stays, and lets everything go.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { SeededRandom } from '@ndts/runtime';
import { TestServer } from './postgres-test-kit.js';
import {
  errorFields,
  int32,
  message,
  messages as m,
  startup,
  WireClient,
  utf8,
} from './wire-test-client.js';

async function isAlive(server: TestServer): Promise<void> {
  const client = await server.login();
  equal((await client.ask(m.query('SELECT 1'))).length, 4);
  client.send(m.end());
  equal(await client.next(), undefined);
}

test('garbage ends its own connection', async (context) => {
  const server = await TestServer.start(context, 1);
  const seed = Number(process.env['NDTS_TEST_SEED'] ?? 21);
  const random = new SeededRandom(seed);
  for (let round = 0; round < 25; round += 1) {
    const client = await WireClient.connect(server.port);
    const junk = Buffer.from(
      Array.from({ length: 1 + random.integer(400) }, () => random.integer(256)),
    );
    client.send(random.integer(2) === 0 ? junk : Buffer.concat([startup({ user: 'x' }), junk]));
    client.socket.end();
    await client.until('');
    equal(client.isClosed, true, `seed ${seed}, round ${round}`);
  }
  await isAlive(server);
});

test('garbage behind a login ends its own connection', async (context) => {
  const server = await TestServer.start(context, 2);
  const seed = Number(process.env['NDTS_TEST_SEED'] ?? 22);
  const random = new SeededRandom(seed);
  const kinds = 'QPBDECSHFXdcf?';
  for (let round = 0; round < 12; round += 1) {
    const client = await server.login();
    for (let count = 0; count < 20; count += 1) {
      const body = Buffer.from(
        Array.from({ length: random.integer(40) }, () => random.integer(256)),
      );
      client.send(message(kinds[random.integer(kinds.length)]!, body));
    }
    client.socket.end();
    await client.until('');
    equal(client.isClosed, true, `seed ${seed}, round ${round}`);
  }
  await isAlive(server);
});

test('a length of gigabytes is an answer, not memory', async (context) => {
  const server = await TestServer.start(context, 3);
  for (const first of [
    int32(0x7fffffff),
    int32(-1),
    int32(3),
    Buffer.concat([int32(8), int32(131_072)]),
    utf8('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
  ]) {
    const client = await WireClient.connect(server.port);
    client.send(first);
    const [error] = await client.until('');
    equal(errorFields(error!)['C'], '08P01');
  }
  const client = await server.login();
  client.send(Buffer.concat([utf8('Q'), int32(0x7fffffff)]));
  equal(errorFields((await client.until(''))[0]!)['C'], '08P01');
  const early = await WireClient.connect(server.port);
  early.send(startup({ user: 'x' }), message('p', randomBytes(9000)));
  match(JSON.stringify(errorFields((await early.until('')).at(-1)!)), /08P01/);
  await isAlive(server);
});

test('a query before the login is no query', async (context) => {
  const server = await TestServer.start(context, 4);
  const client = await WireClient.connect(server.port);
  client.send(startup({ user: server.user }), m.query('SELECT 1'));
  const answers = await client.until('');
  deepEqual(
    answers.map(({ letter }) => letter),
    ['R', 'E'],
  );
});

test('statements and portals without end are refused, the connection goes on', async (context) => {
  const server = await TestServer.start(context, 5);
  const client = await server.login();
  const parses = Array.from({ length: 1100 }, (_, at) =>
    Buffer.concat([m.parse(`s${at}`, 'SELECT 1'), m.sync()]),
  );
  client.send(...parses);
  const states = new Map<string, number>();
  for (let round = 0; round < parses.length; round += 1) {
    const [first] = await client.until('Z');
    const key = first!.letter === 'E' ? errorFields(first!)['C']! : first!.letter;
    states.set(key, (states.get(key) ?? 0) + 1);
  }
  deepEqual(
    [...states],
    [
      ['1', 1000],
      ['53400', 100],
    ],
  );
  const binds = Array.from({ length: 70 }, (_, at) => m.bind(`p${at}`, 's1'));
  const answers = await client.ask(m.query('BEGIN'));
  equal(answers.length, 2);
  const bound = await client.ask(...binds, m.sync());
  equal(bound.filter(({ letter }) => letter === '2').length, 64);
  equal(errorFields(bound.at(-2)!)['C'], '53400');
  await client.ask(m.query('ROLLBACK'));
  await client.ask(m.query('DEALLOCATE ALL'));
  equal((await client.ask(m.parse('again', 'SELECT 1'), m.sync()))[0]?.letter, '1');
});

test('more clients than there may be are told so', async (context) => {
  const server = await TestServer.start(context, 6, { connectionsMax: 2 });
  const clients = [await server.login(), await server.login()];
  const third = await WireClient.connect(server.port);
  equal(errorFields((await third.authenticate(server.user, server.token))!)['C'], '53300');
  clients[0]!.send(m.end());
  await clients[0]!.next();
  await isAlive(server);
  while (!/ndts_postgres_connections 1\n/.test(await server.metrics.text()))
    await new Promise((resolve) => setTimeout(resolve, 5));
});

test('death in the middle of a result lets the query go', async (context) => {
  const server = await TestServer.start(context, 7);
  for (let round = 0; round < 4; round += 1) {
    const client = await server.login();
    client.send(
      round % 2 === 0
        ? m.query("SELECT range, repeat('x', 100) FROM range(10000000)")
        : Buffer.concat([
            m.parse('', 'SELECT range FROM range(1000000)'),
            m.bind('', ''),
            m.execute('', 10),
            m.flush(),
          ]),
    );
    for (let count = 0; count < 5; count += 1) await client.next();
    client.socket.resetAndDestroy();
  }
  await isAlive(server);
  for (let tries = 0; server.sql.open > 0 && tries < 4000; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 5));
  equal(server.sql.open, 0);
});

test('what comes while a statement runs waits, and is bounded', async (context) => {
  const server = await TestServer.start(context, 8);
  const client = await server.login();
  const queries = Array.from({ length: 100 }, () => m.query(`SELECT 1 -- ${'x'.repeat(20_000)}`));
  client.send(...queries);
  let ready = 0;
  while (ready < queries.length) {
    const answers = await client.until('Z');
    ok(answers.some(({ letter }) => letter === 'D'));
    ready += 1;
  }
});
