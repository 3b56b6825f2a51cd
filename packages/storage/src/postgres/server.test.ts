// The protocol message by message: logins, both ways to query, errors and where they are, cursors,
// limits of time, cancelling.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { TestServer } from './postgres-test-kit.js';
import {
  type Answer,
  errorFields,
  messages as m,
  rowFields,
  WireClient,
  utf8,
} from './wire-test-client.js';

const slow = 'SELECT count(*) FROM range(100000000) a, range(100000) b WHERE a.range + b.range = 3';

function letters(answers: readonly Answer[]): string {
  return answers.map(({ letter }) => letter).join('');
}

function rows(answers: readonly Answer[]): (string | null)[][] {
  return answers
    .filter(({ letter }) => letter === 'D')
    .map((answer) => rowFields(answer).map((field) => field?.toString() ?? null));
}

function tags(answers: readonly Answer[]): string[] {
  return answers
    .filter(({ letter }) => letter === 'C')
    .map(({ body }) => body.toString('utf8', 0, body.length - 1));
}

function errorOf(answers: readonly Answer[]): Record<string, string> {
  const found = answers.find(({ letter }) => letter === 'E');
  ok(found !== undefined, letters(answers));
  return errorFields(found);
}

test('only a token gets in, and a name says nothing', async (context) => {
  const server = await TestServer.start(context, 1);
  const wrong = async (user: string, password: string): Promise<Record<string, string>> => {
    const client = await WireClient.connect(server.port);
    const answer = await client.authenticate(user, password);
    equal(answer?.letter, 'E');
    await client.next();
    equal(client.isClosed, true);
    return errorFields(answer!);
  };
  const known = await wrong(server.user, 'ndts_wrong');
  const unknown = await wrong('nobody', 'ndts_wrong');
  equal(known['C'], '28P01');
  deepEqual({ ...known, M: '' }, { ...unknown, M: '' });
  match(known['H'] ?? '', /create a new one/);
  const client = await server.login();
  deepEqual(rows(await client.ask(m.query('SELECT 1'))), [['1']]);
  // Ten failures, and the address waits.
  for (let at = 0; at < 10; at += 1) await wrong('nobody', 'x');
  match((await wrong(server.user, server.token))['M'] ?? '', /too many failed logins/);
  match(await server.metrics.text(), /ndts_postgres_logins_total\{outcome="failed"\} 12/);
});

test('the first token of a node gets in, too', async (context) => {
  const server = await TestServer.start(context, 1);
  const { readFileSync } = await import('node:fs');
  const token = readFileSync(server.identity.firstTokenPath, 'utf8').trim();
  const client = await WireClient.connect(server.port);
  equal(await client.authenticate('admin', token), undefined);
});

test('simple queries: one, several, none, and the first error ends them', async (context) => {
  const client = await (await TestServer.start(context, 2)).login();
  const several = await client.ask(m.query("SELECT 1; SELECT 'a' AS b, NULL;;"));
  equal(letters(several), 'TDCTDCZ');
  deepEqual(rows(several), [['1'], ['a', null]]);
  deepEqual(tags(several), ['SELECT 1', 'SELECT 1']);
  equal(letters(await client.ask(m.query(' -- nothing\n;'))), 'IZ');
  const broken = await client.ask(m.query('SELECT 1; SELECT nope; SELECT 2'));
  equal(letters(broken), 'TDCEZ');
  equal(errorOf(broken)['C'], '42703');
  equal(errorOf(broken)['P'], '18');
});

test('errors tell a state and a place in characters', async (context) => {
  const client = await (await TestServer.start(context, 3)).login();
  const cases: [string, string, string | undefined][] = [
    ['SELEC 1', '42601', '1'],
    ['SELECT 1 FROM', '42601', undefined],
    ["SELECT '🂡🂡', nope FROM deal", '42703', '14'],
    ['SELECT * FROM nowhere', '42P01', '15'],
    ['SELECT no_function(1)', '42883', '8'],
    ["SELECT 'x'::INTEGER", '22P02', undefined],
    ["SELECT 'abc", '42601', '8'],
    ['SELECT [1, 2]', '0A000', undefined],
    ["SELECT * FROM read_csv('/etc/passwd')", '42501', '15'],
    ['INSERT INTO deal VALUES (1)', '25006', undefined],
    ['COPY (SELECT 1) TO STDOUT', '0A000', undefined],
    ['SELECT $1', '42P02', undefined],
    ['LISTEN x', '0A000', undefined],
    ['SET nothing_known = 1', '42704', undefined],
    ["SET client_encoding = 'LATIN1'", '22023', undefined],
    ['SHOW nothing_known', '42704', undefined],
  ];
  for (const [text, state, place] of cases) {
    const fields = errorOf(await client.ask(m.query(text)));
    equal(fields['C'], state, `${text}: ${fields['M']}`);
    if (place !== undefined) equal(fields['P'], place, `${text}: ${fields['M']}`);
  }
  deepEqual(rows(await client.ask(m.query('SELECT 7'))), [['7']]);
});

test('what PostgreSQL has and SQL here calls otherwise', async (context) => {
  const client = await (await TestServer.start(context, 3)).login();
  const cases: [string, string | null][] = [
    [
      "SELECT to_char(TIMESTAMP '2026-01-02 15:04:05.678', 'YYYY-MM-DD HH12:MI:SS.MS AM')",
      '2026-01-02 03:04:05.678 PM',
    ],
    ["SELECT to_char(to_timestamp('2.1.2026', 'DD.MM.YYYY'), 'FMDD FMMonth')", '2 January'],
    ["SELECT to_date('20260102', 'YYYYMMDD')", '2026-01-02'],
    ['SELECT array_upper(current_schemas(false), 1)', '1'],
    ["SELECT setting FROM pg_catalog.pg_settings WHERE name = 'max_index_keys'", '32'],
    [
      'SELECT spcname FROM pg_database d JOIN pg_tablespace t ON d.dattablespace = t.oid',
      'pg_default',
    ],
    [
      "SELECT string_agg(word, ',') = '' FROM pg_catalog.pg_get_keywords() " +
        "WHERE word <> ALL ('{a,abs}'::text[])",
      'f',
    ],
  ];
  for (const [text, wanted] of cases)
    deepEqual(rows(await client.ask(m.query(text))), [[wanted]], text);
});

test('tables and columns as the query builder of Grafana asks for them', async (context) => {
  const client = await (await TestServer.start(context, 3)).login();
  const path = `string_to_array(current_setting('search_path'),',')`;
  const isOnPath = `quote_ident(table_schema) IN (
    SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END
    FROM generate_series(array_lower(${path},1), array_upper(${path},1)) as i, ${path} s)`;
  const tables = `SELECT quote_ident(table_name) AS "table" FROM information_schema.tables
    WHERE quote_ident(table_schema) NOT IN ('pg_catalog') AND ${isOnPath}`;
  ok(rows(await client.ask(m.query(tables))).some(([name]) => name === 'deal'));
  const columns = `SELECT quote_ident(column_name) AS "column", data_type AS "type"
    FROM information_schema.columns
    WHERE CASE WHEN array_length(parse_ident('deal'),1) = 2
      THEN quote_ident(table_schema) = (parse_ident('deal'))[1]
        AND quote_ident(table_name) = (parse_ident('deal'))[2]
      ELSE quote_ident(table_name) = 'deal' AND ${isOnPath} END`;
  deepEqual(rows(await client.ask(m.query(columns)))[0], ['time', 'timestamp with time zone']);
});

test('transactions are told as clients expect, and promise no more', async (context) => {
  const client = await (await TestServer.start(context, 4)).login();
  const state = (answers: readonly Answer[]): string => answers.at(-1)!.body.toString();
  equal(state(await client.ask(m.query('BEGIN'))), 'T');
  equal(state(await client.ask(m.query('SELECT 1'))), 'T');
  equal(state(await client.ask(m.query('SELECT nope'))), 'E');
  equal(errorOf(await client.ask(m.query('SELECT 1')))['C'], '25P02');
  deepEqual(tags(await client.ask(m.query('COMMIT'))), ['ROLLBACK']);
  equal(state(await client.ask(m.query('BEGIN; SAVEPOINT a; ROLLBACK TO a; RELEASE a'))), 'T');
  equal(state(await client.ask(m.query('END'))), 'I');
  equal(errorOf(await client.ask(m.query('BEGIN ISOLATION LEVEL SERIALIZABLE')))['C'], '0A000');
  equal(letters(await client.ask(m.query('ROLLBACK'))), 'NCZ');
});

test('extended: parse, bind, describe, execute, and skipping after an error', async (context) => {
  const server = await TestServer.start(context, 5);
  server.data.append(50);
  const client = await server.login();
  const sql = 'SELECT symbol, size FROM deal WHERE size > $1 ORDER BY size LIMIT 3';
  const described = await client.ask(m.parse('one', sql), m.describe('S', 'one'), m.sync());
  equal(letters(described), '1tTZ');
  deepEqual(described[1]!.body, Buffer.from([0, 1, 0, 0, 0, 23]));
  const wanted = server.data.deals
    .map(({ size }) => size)
    .filter((size) => size > 0)
    .toSorted((a, b) => a - b)
    .slice(0, 3);
  const bound = await client.ask(m.bind('', 'one', [utf8('0')]), m.execute(''), m.sync());
  equal(letters(bound), '2DDDCZ');
  deepEqual(
    rows(bound).map(([, size]) => Number(size)),
    wanted,
  );
  // Binary in and out.
  const binary = await client.ask(
    m.bind('p', 'one', [Buffer.from([0, 0, 0, 0])], [1], [0, 1]),
    m.describe('P', 'p'),
    m.execute('p'),
    m.sync(),
  );
  equal(letters(binary), '2TDDDCZ');
  deepEqual(
    binary.filter(({ letter }) => letter === 'D').map((row) => rowFields(row)[1]!.readInt32BE()),
    wanted,
  );
  const failed = await client.ask(
    m.bind('', 'one', [utf8('x')]),
    m.execute(''),
    m.describe('S', 'one'),
    m.sync(),
  );
  equal(letters(failed), 'EZ');
  equal(errorOf(failed)['C'], '22P02');
  equal(errorOf(await client.ask(m.bind('', 'none'), m.sync()))['C'], '26000');
  equal(errorOf(await client.ask(m.execute('none'), m.sync()))['C'], '34000');
  equal(errorOf(await client.ask(m.bind('', 'one'), m.sync()))['C'], '08P01');
  equal(errorOf(await client.ask(m.parse('one', 'SELECT 1'), m.sync()))['C'], '42P05');
  equal(letters(await client.ask(m.close('S', 'one'), m.close('S', 'never'), m.sync())), '33Z');
  const empty = await client.ask(
    m.parse('', ''),
    m.bind('', ''),
    m.describe('P', ''),
    m.execute(''),
    m.sync(),
  );
  equal(letters(empty), '12nIZ');
});

test('every type in binary is its text', async (context) => {
  const client = await (await TestServer.start(context, 12)).login();
  const cases: [string, number, string][] = [
    ['true', 16, '01'],
    ['(-2)::TINYINT', 21, 'fffe'],
    ['-2', 23, 'fffffffe'],
    ['4000000000::UINTEGER', 20, '00000000ee6b2800'],
    ['-2::BIGINT', 20, 'fffffffffffffffe'],
    ['0.5::FLOAT', 700, '3f000000'],
    ['0.1::DOUBLE', 701, '3fb999999999999a'],
    ['-12345.678::DECIMAL(10, 3)', 1700, '0003000140000003000109291a7c'],
    ['0::HUGEINT', 1700, '0000000000000000'],
    ["'ä'", 25, 'c3a4'],
    ["'ab'::BLOB", 17, '6162'],
    ["DATE '2000-01-02'", 1082, '00000001'],
    ["TIMESTAMP '1999-12-31 23:59:59.999999'", 1184, 'ffffffffffffffff'],
    ["TIMESTAMP_NS '2000-01-01 00:00:00.000001999'", 1184, '0000000000000001'],
    ["TIME '00:00:01'", 1083, '00000000000f4240'],
    ["uuid '00112233-4455-6677-8899-aabbccddeeff'", 2950, '00112233445566778899aabbccddeeff'],
  ];
  const sql = `SELECT ${cases.map(([text], at) => `${text} AS c${at}`).join(', ')}`;
  const answers = await client.ask(
    m.parse('', sql),
    m.bind('', '', [], [], [1]),
    m.describe('P', ''),
    m.execute(''),
    m.sync(),
  );
  const described = answers.find(({ letter }) => letter === 'T')!.body;
  const row = rowFields(answers.find(({ letter }) => letter === 'D')!);
  let at = 2;
  for (const [index, [text, oid, hex]] of cases.entries()) {
    at = described.indexOf(0, at) + 1;
    equal(described.readInt32BE(at + 6), oid, text);
    at += 18;
    equal(row[index]?.toString('hex'), hex, text);
  }
});

test('a statement described before its values keeps what was said', async (context) => {
  const client = await (await TestServer.start(context, 13)).login();
  const open = await client.ask(m.parse('s', 'SELECT $1'), m.describe('S', 's'), m.sync());
  equal(errorOf(open)['C'], '42P18');
  const sql = 'SELECT $1::INTEGER + 1 AS n';
  await client.ask(m.parse('n', sql), m.describe('S', 'n'), m.sync());
  const bound = await client.ask(m.bind('', 'n', [utf8('41')], [], [1]), m.execute(''), m.sync());
  deepEqual(rowFields(bound[1]!)[0], Buffer.from([0, 0, 0, 42]));
  const declared = await client.ask(
    m.parse('d', 'SELECT size FROM deal WHERE price > $1', [1700]),
    m.describe('S', 'd'),
    m.sync(),
  );
  deepEqual(declared[1]!.body.readInt32BE(2), 1700);
  equal(errorOf(await client.ask(m.parse('x', 'SELECT $1', [999_999]), m.sync()))['C'], '42704');
});

test('six digits of a second are sent, nine when asked for', async (context) => {
  const client = await (await TestServer.start(context, 14)).login();
  const sql = "SELECT TIMESTAMP_NS '2024-02-29 12:00:00.123456789' AS t";
  deepEqual(rows(await client.ask(m.query(sql))), [['2024-02-29 12:00:00.123456+00']]);
  await client.ask(m.query('SET ndts.timestamp_digits = 9'));
  deepEqual(rows(await client.ask(m.query(sql))), [['2024-02-29 12:00:00.123456789+00']]);
});

test('a portal gives its rows in parts', async (context) => {
  const client = await (await TestServer.start(context, 6)).login();
  await client.ask(m.query('BEGIN'));
  const sql = 'SELECT range FROM range(40000)';
  const first = await client.ask(
    m.parse('', sql),
    m.bind('c', ''),
    m.execute('c', 15_000),
    m.sync(),
  );
  equal(letters(first).replace(/D+/, 'D'), '12DsZ');
  const seen = rows(first);
  for (let answers = first; !letters(answers).includes('C'); ) {
    answers = await client.ask(m.execute('c', 15_000), m.sync());
    seen.push(...rows(answers));
    if (letters(answers).includes('C')) deepEqual(tags(answers), ['SELECT 10000']);
  }
  deepEqual(
    seen.map(([value]) => Number(value)),
    Array.from({ length: 40_000 }, (_, at) => at),
  );
  await client.ask(m.query('COMMIT'));
  equal(errorOf(await client.ask(m.execute('c'), m.sync()))['C'], '34000');
});

test('a cursor of SQL: declare, fetch, close', async (context) => {
  const client = await (await TestServer.start(context, 15)).login();
  const declare = 'DECLARE c NO SCROLL CURSOR FOR SELECT range FROM range(5)';
  equal(errorOf(await client.ask(m.query(declare)))['C'], '25P01');
  deepEqual(tags(await client.ask(m.query(`BEGIN; ${declare}`))), ['BEGIN', 'DECLARE CURSOR']);
  const fetch = async (text: string): Promise<string[]> => {
    const answers = await client.ask(m.query(text));
    return [...rows(answers).flat().map(String), ...tags(answers)];
  };
  deepEqual(await fetch('FETCH c'), ['0', 'FETCH 1']);
  deepEqual(await fetch('FETCH FORWARD 2 FROM c'), ['1', '2', 'FETCH 2']);
  deepEqual(await fetch('FETCH ALL IN c'), ['3', '4', 'FETCH 2']);
  deepEqual(await fetch('FETCH 10 FROM c'), ['FETCH 0']);
  deepEqual(await fetch('CLOSE c'), ['CLOSE CURSOR']);
  equal(errorOf(await client.ask(m.query('FETCH c')))['C'], '34000');
  await client.ask(m.query('ROLLBACK; BEGIN'));
  equal(errorOf(await client.ask(m.query('FETCH BACKWARD 1 FROM c')))['C'], '0A000');
  await client.ask(m.query('ROLLBACK; BEGIN'));
  const broken = await client.ask(m.query('DECLARE c CURSOR FOR SELECT nope'));
  deepEqual([errorOf(broken)['C'], errorOf(broken)['P']], ['42703', '29']);
});

test('cancelling and the time limit end a statement, and only that', async (context) => {
  const server = await TestServer.start(context, 7);
  const client = await server.login();
  client.send(m.query(slow));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const wrong = await WireClient.connect(server.port);
  wrong.cancelOf(client.processId, Buffer.from([1, 2, 3, 4]));
  equal(await wrong.next(), undefined);
  const other = await WireClient.connect(server.port);
  other.cancelOf(client.processId, client.secret);
  equal(await other.next(), undefined);
  const cancelled = errorOf(await client.until('Z'));
  deepEqual([cancelled['C'], cancelled['M']], ['57014', 'canceling statement due to user request']);
  await client.ask(m.query('SET statement_timeout = 30'));
  const late = errorOf(await client.ask(m.query(slow)));
  deepEqual([late['C'], late['M']], ['57014', 'canceling statement due to statement timeout']);
  // What follows may take longer than that.
  await client.ask(m.query('SET statement_timeout = 0'));
  deepEqual(rows(await client.ask(m.query('SELECT 1'))), [['1']]);
  match(await server.metrics.text(), /ndts_postgres_failures_total\{state="57014"\} 2/);
});

test('a token that is revoked takes its connections with it', async (context) => {
  const server = await TestServer.start(context, 8);
  const idle = await server.login();
  const busy = await server.login();
  const token = server.identity.createToken('other', 'trader');
  const other = await WireClient.login(server.port, 'other', token);
  busy.send(m.query(slow));
  await new Promise((resolve) => setTimeout(resolve, 30));
  server.identity.revokeToken(server.user);
  equal(errorOf(await idle.until(''))['C'], '57P01');
  equal(errorOf(await busy.until(''))['C'], '57P01');
  deepEqual(rows(await other.ask(m.query('SELECT current_user'))), [['other']]);
});

test('all of a large result comes, however slow the reader', async (context) => {
  const server = await TestServer.start(context, 9);
  const client = await server.login();
  client.socket.pause();
  client.send(m.query("SELECT range, repeat('x', 500) FROM range(40000)"));
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.socket.resume();
  let count = 0;
  for (let answer = await client.next(); answer?.letter !== 'Z'; answer = await client.next())
    if (answer?.letter === 'D') count += 1;
  equal(count, 40_000);
});
