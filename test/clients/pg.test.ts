// The `pg` client of Node against a running node: parameters, types, prepared statements, pools,
// cancelling; and what tools ask on connect, in their own words.

import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, type ClientConfig, Pool } from 'pg';
import { type PostgresNode, startNode } from './node-with-postgres.js';

let node: PostgresNode;
let pool: Pool;
const cleanups: (() => Promise<void>)[] = [];

before(async () => {
  node = await startNode({ after: (action) => cleanups.push(action) });
  pool = new Pool({ ...address(), max: 4 });
});

after(async () => {
  await pool.end();
  for (const cleanup of cleanups.reverse()) await cleanup();
});

function address(): ClientConfig {
  return {
    host: '127.0.0.1',
    port: node.port,
    user: 'admin',
    password: node.token,
    database: 'ndts',
  };
}

async function rows(text: string, values?: unknown[]): Promise<unknown[]> {
  const result = await pool.query<Record<string, unknown>>(text, values);
  return result.rows;
}

test('every type comes as what the client makes of it', async () => {
  const text = `SELECT true AS b, 1::SMALLINT AS i2, 2 AS i4, 3::BIGINT AS i8, 0.1::FLOAT AS f4,
    0.1::DOUBLE AS f8, 1.50::DECIMAL(9, 2) AS n, 'ä' AS t, 'ab'::BLOB AS raw, NULL AS nothing,
    TIMESTAMP '2024-02-29 12:34:56.789' AS ts, '2024-02-29'::DATE::VARCHAR AS day,
    sum(7) AS huge, uuid '00112233-4455-6677-8899-aabbccddeeff' AS id, 5::UINTEGER AS u,
    TIME '01:02:03.5' AS clock, INTERVAL '1 day' AS span`;
  const wanted = {
    b: true,
    i2: 1,
    i4: 2,
    i8: '3',
    f4: 0.1,
    f8: 0.1,
    n: '1.50',
    t: 'ä',
    raw: Buffer.from([0x61, 0x62]),
    nothing: null,
    ts: new Date('2024-02-29T12:34:56.789Z'),
    day: '2024-02-29',
    huge: '7',
    id: '00112233-4455-6677-8899-aabbccddeeff',
    u: '5',
    clock: '01:02:03.5',
    span: '1 day',
  };
  deepEqual(await rows(text), [wanted]);
  // Through the extended protocol as well.
  deepEqual(await rows(`${text} WHERE $1::INTEGER = 1`, [1]), [wanted]);
});

test('parameters: numbers, texts, dates, bytes, null; never part of the text', async () => {
  const evil = "'; DROP TABLE tick; --";
  deepEqual(await rows('SELECT $1::VARCHAR AS a, $2::INTEGER + 1 AS b', [evil, 41]), [
    { a: evil, b: 42 },
  ]);
  const date = new Date('2024-05-06T07:08:09.123Z');
  deepEqual(
    await rows('SELECT $1::TIMESTAMP AS t, $2::BLOB AS r, $3::DOUBLE AS n', [
      date,
      Buffer.from([0, 1, 255]),
      null,
    ]),
    [{ t: date, r: Buffer.from([0, 1, 255]), n: null }],
  );
  const [first] = await rows('SELECT symbol, time, price FROM tick ORDER BY time LIMIT $1', [1]);
  const { symbol, time } = first as { symbol: string; time: Date };
  ok(time instanceof Date);
  const [count] = (await rows(
    'SELECT count(*)::INTEGER AS n FROM tick WHERE symbol = $1 AND time >= $2 AND price > $3',
    [symbol, time, 0.5],
  )) as { n: number }[];
  ok(count!.n > 0);
  await rejects(rows('SELECT $1::INTEGER', ['x']), { code: '22P02' });
  await rejects(rows('SELECT 1 FROM nowhere WHERE 1 = $1', [1]), { code: '42P01', position: '15' });
});

test('arrays: of texts, numbers and times, with nulls and quotes, none, and by name', async () => {
  const [first, second] = (await rows(
    'SELECT symbol, min(time) AS time FROM tick GROUP BY symbol ORDER BY symbol LIMIT 2',
  )) as { symbol: string; time: Date }[];
  const names = [first!.symbol, second!.symbol, null, 'no "such", \\ {symbol}'];
  const symbols = 'SELECT DISTINCT symbol FROM tick WHERE symbol = ANY($1) ORDER BY symbol';
  const wanted = [{ symbol: first!.symbol }, { symbol: second!.symbol }];
  deepEqual(await rows(symbols, [names]), wanted);
  deepEqual(await rows(symbols.replace('$1', '$1::text[]'), [names]), wanted);
  deepEqual(await rows(symbols, [[]]), []);
  deepEqual(await rows(symbols, [null]), []);
  const kept = 'SELECT count(*)::INTEGER AS n FROM tick WHERE symbol <> ALL($1) AND symbol = $2';
  deepEqual(await rows(kept, [[first!.symbol], first!.symbol]), [{ n: 0 }]);
  const times = 'SELECT count(*) > 0 AS found FROM tick WHERE time = ANY($1::timestamptz[])';
  deepEqual(
    await rows(times.replace('time =', "date_trunc('milliseconds', time) ="), [[first!.time]]),
    [{ found: true }],
  );
  deepEqual(
    await rows('SELECT x FROM unnest($1::float8[]) AS t(x) WHERE x = ANY($2::float8[])', [
      [1.5, Number.NaN, -0.25, null],
      [1.5, -0.25],
    ]),
    [{ x: 1.5 }, { x: -0.25 }],
  );
  const big = ['9223372036854775807', '-1'];
  deepEqual(
    await rows('SELECT x FROM unnest($1::int8[]) AS t(x)', [big]),
    big.map((x) => ({ x })),
  );
  const query = { name: 'symbols', text: symbols, values: [names] };
  const client = await pool.connect();
  try {
    for (let time = 0; time < 2; time += 1) deepEqual((await client.query(query)).rows, wanted);
  } finally {
    client.release();
  }
  await rejects(rows('SELECT 1 WHERE 1 = ANY($1::int[])', ['x']), { code: '22P02' });
});

test('a prepared statement with a name is used again', async () => {
  const client = await pool.connect();
  try {
    for (const size of [1, 2, 3]) {
      const query = { name: 'limited', text: 'SELECT price FROM tick LIMIT $1', values: [size] };
      equal((await client.query(query)).rows.length, size);
    }
  } finally {
    client.release();
  }
});

test('many clients at once', async () => {
  const all = Array.from({ length: 40 }, (_, at) => rows('SELECT $1::INTEGER AS n', [at]));
  deepEqual(
    (await Promise.all(all)).flat(),
    Array.from({ length: 40 }, (_, n) => ({ n })),
  );
});

test('a pool ends while a query runs, and the node goes on', async () => {
  const client = new Client(address());
  await client.connect();
  const broken = client.query(
    'SELECT count(*) FROM range(100000000) a, range(100000) b WHERE a.range + b.range = 3',
  );
  const ended = rejects(broken);
  await client.end();
  await ended;
  deepEqual(await rows('SELECT 1 AS one'), [{ one: 1 }]);
});

test('what the PostgreSQL source of Grafana asks', async () => {
  const [version] = (await rows(
    "SELECT current_setting('server_version_num')::int/100 as version",
  )) as {
    version: number;
  }[];
  equal(version!.version, 1500);
  deepEqual(
    await rows(`SELECT quote_ident(table_name) as "table" FROM information_schema.tables WHERE
      quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog', '_timescaledb_cache')
      AND quote_ident(table_schema) IN (SELECT CASE WHEN trim(unnest) = '"$user"' THEN user ELSE
      trim(unnest) END FROM unnest(string_to_array(current_setting('search_path'), ',')))
      ORDER BY "table"`),
    ['book', 'book_change', 'quality', 'rejects', 'tick', 'trade', 'trade_rejects'].map(
      (table) => ({ table }),
    ),
  );
  const columns = (await rows(`SELECT quote_ident(column_name) as "column", data_type as "type"
    FROM information_schema.columns WHERE quote_ident(table_name) = 'tick'`)) as {
    column: string;
  }[];
  ok(columns.some(({ column }) => column === 'price'));
  const [panel] = (await rows(`SELECT time AS "time", price FROM tick
    WHERE time BETWEEN '2000-01-01T00:00:00Z' AND '2100-01-01T00:00:00Z' ORDER BY 1 LIMIT 50`)) as {
    time: Date;
  }[];
  ok(panel!.time instanceof Date);
});

test('what DBeaver, JDBC and others ask on connect', async () => {
  await rows('SET extra_float_digits = 3');
  await rows("SET application_name = 'PostgreSQL JDBC Driver'");
  await rows('SHOW TRANSACTION ISOLATION LEVEL');
  deepEqual(await rows('SELECT current_schema(),session_user'), [
    { current_schema: 'public', session_user: 'admin' },
  ]);
  match(JSON.stringify(await rows('SELECT version()')), /PostgreSQL 15\.0 \(NDTS/);
  const databases = await rows(
    'SELECT db.oid,db.* FROM pg_catalog.pg_database db WHERE datallowconn',
  );
  equal(databases.length, 1);
  const schemas = await rows(`SELECT n.oid,n.*,d.description FROM pg_catalog.pg_namespace n
    LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=n.oid AND d.objsubid=0
    AND d.classoid='pg_namespace'::regclass ORDER BY nspname`);
  equal(schemas.length, 3);
  const types = await rows(
    'SELECT t.oid, t.typname FROM pg_catalog.pg_type t JOIN ' +
      'pg_catalog.pg_namespace n ON t.typnamespace = n.oid WHERE t.typname = $1',
    ['timestamptz'],
  );
  deepEqual(types, [{ oid: 1184, typname: 'timestamptz' }]);
  const tables =
    (await rows(`SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, c.relname AS TABLE_NAME,
    CASE n.nspname ~ '^pg_' OR n.nspname = 'information_schema' WHEN true THEN 'SYSTEM TABLE'
    WHEN false THEN CASE c.relkind WHEN 'r' THEN 'TABLE' ELSE NULL END ELSE NULL END AS TABLE_TYPE,
    d.description AS REMARKS FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c
    LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0)
    LEFT JOIN pg_catalog.pg_class dc ON (d.classoid=dc.oid AND dc.relname='pg_class')
    WHERE c.relnamespace = n.oid AND c.relname LIKE 'tick' ORDER BY TABLE_TYPE,TABLE_SCHEM`)) as {
      table_name?: string;
      TABLE_NAME?: string;
    }[];
  equal(tables.length, 1);
  await rejects(rows('SELECT * FROM pg_catalog.pg_nothing'), { code: '42P01' });
});
