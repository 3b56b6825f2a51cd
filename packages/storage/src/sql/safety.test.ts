// What a query can't do: reach the machine, change anything, go on for ever, take all memory,
// outlive its database.

import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ErrorCode, NdtsError, type Timer } from '@ndts/protocol';
import { SystemClock } from '@ndts/runtime';
import { noParameters } from './parameters.js';
import { type QueryOptions, Sql } from './query.js';
import { DealDatabase } from './sql-test-kit.js';
import { Statement } from './statement.js';

function withCode(code: ErrorCode): (error: unknown) => boolean {
  return (error) => {
    ok(error instanceof NdtsError, String(error));
    equal(error.code, code, error.message);
    return true;
  };
}

/** Runs until it is stopped, in scans and in joins. */
const endless = 'SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b';

const target = join(tmpdir(), 'ndts-sql-written-by-a-query');

/** Not only refused in front: those marked are also tried on the engine itself. */
const refused: readonly [string, boolean][] = [
  ["SELECT * FROM read_csv('/etc/passwd')", true],
  ["SELECT * FROM read_text('/etc/passwd')", true],
  ["SELECT * FROM read_blob('/etc/passwd')", true],
  ["SELECT * FROM read_json('/etc/passwd')", true],
  ["SELECT * FROM read_parquet('/etc/passwd')", true],
  ["SELECT * FROM parquet_metadata('/etc/passwd')", true],
  ["SELECT * FROM sniff_csv('/etc/passwd')", true],
  ["SELECT * FROM glob('/*')", true],
  ["SELECT * FROM '/etc/passwd'", true],
  ["SELECT * FROM '/etc/passwd.csv'", true],
  ["SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')", true],
  ["SELECT * FROM (SELECT * FROM read_text('/etc/passwd')) x", true],
  ["SELECT (SELECT content FROM read_text('/etc/passwd'))", true],
  ["WITH x AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM x", true],
  ["EXPLAIN ANALYZE SELECT * FROM read_text('/etc/passwd')", true],
  ["DESCRIBE SELECT * FROM read_text('/etc/passwd')", true],
  [`COPY deal TO '${target}'`, true],
  [`COPY (SELECT 1) TO '${target}'`, true],
  [`EXPORT DATABASE '${target}'`, true],
  [`EXPLAIN ANALYZE COPY (SELECT 1) TO '${target}'`, true],
  ["ATTACH '/etc/passwd' AS other", true],
  [`ATTACH '${target}'`, true],
  ['INSTALL httpfs', true],
  ['LOAD httpfs', true],
  ["LOAD '/tmp/x.duckdb_extension'", true],
  ["IMPORT DATABASE '/tmp'", true],
  ['CREATE TABLE x (a INT)', true],
  ['CREATE TEMP TABLE x AS SELECT 1', true],
  ["CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')", true],
  ['CREATE OR REPLACE VIEW deal AS SELECT 1', true],
  ['DROP VIEW deal', true],
  ['INSERT INTO deal VALUES (1)', true],
  ['DELETE FROM deal', true],
  ['UPDATE deal SET price = 1', true],
  ["SET memory_limit = '100GB'", true],
  ['SET threads = 64', true],
  ['SET enable_external_access = true', true],
  ['RESET lock_configuration', true],
  ['SET VARIABLE a = 1', true],
  ['PRAGMA database_list', false],
  ['PRAGMA threads = 4', true],
  ['CALL pragma_version()', false],
  ['BEGIN', true],
  ['CHECKPOINT', true],
  ['VACUUM', true],
  ['PREPARE a AS SELECT 1', true],
  ['USE memory', true],
  ["SELECT getenv('HOME')", true],
  ["SELECT current_setting('home_directory')", false],
  ['SELECT * FROM duckdb_settings()', false],
  ['SELECT * FROM pg_catalog.pg_settings', false],
  ['SELECT * FROM duckdb_secrets()', false],
  ['SELECT * FROM duckdb_logs', false],
  ["SELECT write_log('x')", false],
  [`SELECT * FROM enable_logging('QueryLog', storage = 'file', storage_path = '${target}')`, false],
  ["SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))", false],
  ['SELECT * FROM ndts_scan(1, -1)', false],
  ['SHOW ALL', false],
  ['SHOW threads', false],
  ['SELECT sleep_ms(100000)', false],
  ['SELECT 1; SELECT 2', true],
  ['SELECT 1; DROP VIEW deal', true],
];

test('files, settings, extensions and changes are out of reach', async (context) => {
  const data = new DealDatabase(context, 1);
  data.append(5);
  for (const [text] of refused)
    await rejects(data.rows(text), (error: unknown) => withCode('INVALID_SQL')(error), text);
  ok(!existsSync(target));
  deepEqual(await data.rows('SELECT count(*) AS n FROM deal'), [{ n: 5 }]);
});

test('the engine itself refuses them too, with nothing in front', async (context) => {
  const data = new DealDatabase(context, 1);
  for (const [text, always] of refused) {
    if (!always) continue;
    const session = data.database.beginQuery({ memoryBytes: 1 << 28, threads: 1 });
    await session.serialize('SELECT 1');
    await rejects(
      async () => {
        await session.prepare(text, text, [], []);
        await session.execute();
        while ((await session.next(1)) !== undefined);
      },
      withCode('INVALID_SQL'),
      text,
    );
    await session.close();
  }
  ok(!existsSync(target));
});

test('statements that read are allowed', async (context) => {
  const data = new DealDatabase(context, 1);
  data.append(3);
  for (const text of [
    'SELECT 1;',
    '(SELECT 1) UNION ALL SELECT 2',
    'WITH a AS (SELECT 1 AS x) SELECT x FROM a',
    'VALUES (1, 2)',
    'FROM deal',
    'TABLE deal',
    'DESCRIBE deal',
    'DESCRIBE SELECT * FROM deal',
    'SUMMARIZE SELECT price FROM deal',
    'SHOW TABLES',
    'EXPLAIN SELECT * FROM deal',
    'EXPLAIN ANALYZE SELECT * FROM deal',
    'EXPLAIN (FORMAT json) SELECT * FROM deal',
    '-- a comment\n/* and /* another */ */ SELECT 1 -- end',
    'SELECT * FROM information_schema.tables',
    'SELECT * FROM range(3), unnest([1, 2])',
    'SELECT * FROM pg_catalog.pg_class',
  ])
    ok((await data.rows(text)).length > 0, text);
});

test('a query ends at its time limit, and says so', async (context) => {
  const data = new DealDatabase(context, 1);
  await rejects(data.rows(endless, { timeoutMs: 100 }), withCode('TIMEOUT'));
  // While nobody asks for rows, too.
  const slowly = async (): Promise<unknown> => {
    const options = { timeoutMs: 200, batchRows: 1 };
    const idle = await data.sql.query('SELECT * FROM range(1000000)', options);
    await new Promise((resolve) => setTimeout(resolve, 250)); // ambient: a test waits
    return idle.rows();
  };
  await rejects(slowly, withCode('TIMEOUT'));
});

/** One expression over one row, many times longer than all limits: nothing interrupts it. */
const stubborn = "SELECT repeat('a', 30000) || range LIKE '%a_%a_%b' AS n FROM range(1)";

/** Timers that a hundredth of the time is enough for. */
const hurried = new (class extends SystemClock {
  override setTimer(ms: number, action: () => void): Timer {
    return super.setTimer(ms / 100, action);
  }
})();

test('one expression that cannot be interrupted ends at the limit too', async (context) => {
  const data = new DealDatabase(context, 1);
  const sql = new Sql({ database: data.database, clock: hurried, threads: 1 });
  const run = async (options: QueryOptions) => (await sql.query(stubborn, options)).rows();
  const signal = AbortSignal.timeout(20); // ambient: a test waits
  await rejects(run({ timeoutMs: 0, signal }), withCode('CANCELLED'));
  await rejects(run({ timeoutMs: 2000 }), withCode('TIMEOUT'));
  deepEqual(await data.rows('SELECT 1 AS one'), [{ one: 1 }]);
  // The database may be closed while a thread works.
  data.database.close();
});

test('values as long as a number says have a bound', async (context) => {
  const data = new DealDatabase(context, 1);
  for (const text of [
    "repeat('x', 600000000)",
    "lpad('x', 20000000, 'y')",
    "rpad('', 1 << 25, 'y')",
  ])
    await rejects(data.rows(`SELECT ${text} AS x`), /16777216 characters/, text);
  deepEqual(
    await data.rows("SELECT repeat('ab', 2) || lpad('c', 3, '-') AS x, len(repeat([1], 3)) AS n"),
    [{ x: 'abab--c', n: 3 }],
  );
});

test('texts whose characters are all compared have a bound', async (context) => {
  const data = new DealDatabase(context, 1);
  for (const name of ['levenshtein', 'editdist3', 'damerau_levenshtein']) {
    const long = `SELECT ${name}(repeat('a', 2000) || range, repeat('b', 2000)) FROM range(1)`;
    await rejects(data.rows(long), /1048576 pairs/, name);
    deepEqual(await data.rows(`SELECT ${name}('kitten', 'sitting') AS n`), [{ n: 3 }]);
  }
});

test('a signal stops a query, before and while it runs', async (context) => {
  const data = new DealDatabase(context, 1);
  await rejects(data.rows('SELECT 1', { signal: AbortSignal.abort() }), withCode('CANCELLED'));
  const controller = new AbortController();
  const running = data.rows(endless, { signal: controller.signal });
  setTimeout(() => controller.abort(), 50); // ambient: a test waits
  await rejects(running, withCode('CANCELLED'));
  deepEqual(await data.rows('SELECT 1 AS one'), [{ one: 1 }]);
});

test('a query that needs more memory than it may have fails alone', async (context) => {
  const data = new DealDatabase(context, 1);
  const large =
    'SELECT max(len(l)) AS n FROM ' +
    '(SELECT list(range) AS l FROM range(30000000) GROUP BY range % 7)';
  const other = data.rows('SELECT count(*) AS n FROM range(100000)');
  await rejects(data.rows(large, { memoryBytes: 32 << 20 }), (error: unknown) => {
    withCode('MEMORY_LIMIT')(error);
    match(String(error), /more memory than the 32 MiB that it may have/);
    return true;
  });
  deepEqual(await other, [{ n: 100_000 }]);
});

/** One vector of their rows is many times what they may have, and not what the engine counts. */
const hungry = [
  "SELECT sum(length(repeat('x', 1000000) || range::VARCHAR)) AS n FROM range(100000)",
  'SELECT max(len(list_transform(range(100000000), x -> x * 2))) AS n FROM range(1)',
  'SELECT len(generate_series(1, 1000000000)) AS n',
  "SELECT length(printf('%*d', 2000000000, 1)) AS n",
  'SELECT sum(len(generate_series(1, range * 1000))) AS n FROM range(100000)',
  'SELECT sum(length(to_json(range(range * 1000))::VARCHAR)) AS n FROM range(100000)',
  'SELECT median(range) AS n FROM range(1000000000)',
  'SELECT len(list_sort(range(100000000))) AS n',
  'SELECT reservoir_quantile(range, 0.5, 100000000) AS n FROM range(200000000)',
];

test('what an expression builds is counted, and ends the query alone', async (context) => {
  const data = new DealDatabase(context, 1);
  const before = process.memoryUsage.rss();
  for (const text of hungry) {
    await rejects(data.rows(text, { memoryBytes: 64 << 20, timeoutMs: 0 }), (error: unknown) => {
      withCode('MEMORY_LIMIT')(error);
      match(String(error), /more memory than the 64 MiB that it may have/);
      return true;
    });
    const grown = process.memoryUsage.rss() - before;
    ok(grown < 512 << 20, `${grown} bytes more after ${text}`);
  }
  deepEqual(await data.rows('SELECT 1 AS one'), [{ one: 1 }]);
});

test('rows with long texts come in small batches', async (context) => {
  const data = new DealDatabase(context, 1);
  const result = await data.sql.query("SELECT repeat('x', 100000) || range AS t FROM range(1000)");
  let rows = 0;
  for await (const batch of result) {
    ok(batch.rows < 250, `${batch.rows} rows in a batch`);
    for (let row = 0; row < batch.rows; row += 1, rows += 1)
      equal(batch.row(row)['t'], `${'x'.repeat(100000)}${rows}`);
  }
  equal(rows, 1000);
});

test('closing the database ends its queries; what comes after is CLOSED', async (context) => {
  const data = new DealDatabase(context, 3);
  data.fill(500);
  const running = data.rows(endless);
  const open = await data.sql.query('SELECT * FROM deal', { batchRows: 1 });
  const iterator = open[Symbol.asyncIterator]();
  equal((await iterator.next()).done, false);
  setTimeout(() => data.database.close(), 30); // ambient: a test waits
  await rejects(running, withCode('CLOSED'));
  await rejects(async () => {
    while ((await iterator.next()).done !== true);
  }, withCode('CLOSED'));
  await rejects(data.rows('SELECT 1'), withCode('CLOSED'));
});

test('a session that is closed twice, or used after it, is no harm', async (context) => {
  const data = new DealDatabase(context, 3);
  const result = await data.sql.query('SELECT 1 AS one');
  await result.close();
  await result.close();
  await rejects(result.rows(), withCode('CANCELLED'));
  const session = data.database.beginQuery({ memoryBytes: 1 << 28, threads: 1 });
  await session.close();
  await session.close();
  await rejects(session.serialize('SELECT 1'), withCode('CANCELLED'));
});

/** Threads of this process with the name. */
function threads(name: string): number {
  return readdirSync('/proc/self/task').filter((id) => {
    try {
      return readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim() === name;
    } catch {
      return false; // It has just ended.
    }
  }).length;
}

test('a query that was closed has no thread any more', async (context) => {
  const data = new DealDatabase(context, 3);
  const isLinux = process.platform === 'linux';
  for (let count = 0; count < 3; count += 1) await data.rows('SELECT 1 AS one');
  // Those that the engine keeps for queries to come, and of tests before this.
  const before = isLinux ? threads('ndts-sql') : 0;
  for (let count = 0; count < 30; count += 1) await data.rows('SELECT 1 AS one');
  // One that has answered may be on its way out.
  for (let look = 0; isLinux && look < 1000 && threads('ndts-sql') > before; look += 1)
    await new Promise((resolve) => setTimeout(resolve, 5)); // ambient: a test waits
  if (isLinux) ok(threads('ndts-sql') <= before);
  const session = data.database.beginQuery({ memoryBytes: 1 << 28, threads: 1 });
  const calls = [session.serialize('SELECT 1'), session.close(), session.close()];
  await Promise.allSettled(calls);
  await rejects(session.next(1), withCode('CANCELLED'));
});

test('a session that is used out of order says so', async (context) => {
  const data = new DealDatabase(context, 3);
  const session = data.database.beginQuery({ memoryBytes: 1 << 28, threads: 1 });
  await rejects(session.execute(), withCode('INVALID_ARGUMENT'));
  await rejects(session.next(1), withCode('INVALID_ARGUMENT'));
  await rejects(session.prepare('SELECT 1', 'SELECT 1', [], []), withCode('INVALID_ARGUMENT'));
  await session.close();
});

test('bounds are really handed to the scans', async (context) => {
  const data = new DealDatabase(context, 3);
  const tables = new Map([['deal', 2]]);
  const pushed = async (
    text: string,
    texts: (identifier: string) => readonly string[] | undefined = () => undefined,
  ): Promise<{ text: string; prunes: readonly object[] }> => {
    const session = data.database.beginQuery({ memoryBytes: 1 << 28, threads: 1 });
    const statement = new Statement(text, tables);
    await statement.analyze(session, { ...noParameters, texts }, true);
    await session.close();
    return { text: statement.pushed, prunes: statement.prunes };
  };
  const day = 20_000n * 86_400_000_000_000n;
  deepEqual(
    await pushed(
      `SELECT 'ä', d.price FROM deal d, main."Deal" AS e WHERE e.symbol IN ('a', 'b') ` +
        `AND d.time >= '2024-10-04' AND d.time < DATE '2024-10-05'`,
    ),
    {
      text:
        `SELECT 'ä', d.price FROM ndts_scan(2, 0) d, ndts_scan(2, 1) AS e ` +
        `WHERE e.symbol IN ('a', 'b') AND d.time >= '2024-10-04' AND d.time < DATE '2024-10-05'`,
      prunes: [
        { from: String(day - 10n ** 9n), to: String(day + 86_401n * 10n ** 9n) },
        { symbols: ['a', 'b'] },
      ],
    },
  );
  const latest = await pushed(
    `SELECT * FROM deal WHERE symbol = 'a' LATEST ON time PARTITION BY symbol`,
  );
  deepEqual(latest.prunes, [{ latest: true, symbols: ['a'] }]);
  equal((await pushed(`SELECT * FROM deal WHERE symbol = 'a' OR size = 1`)).prunes.length, 0);
  const listed = await pushed('SELECT * FROM deal WHERE symbol = ANY($1)', () => ['a', 'b']);
  deepEqual(listed.prunes, [{ symbols: ['a', 'b'] }]);
  equal((await pushed(`SELECT * FROM deal WHERE time > now()`)).prunes.length, 0);
});

test('instants with a zone meet times of a table', async (context) => {
  const data = new DealDatabase(context, 1);
  data.fill(20);
  const { length } = data.deals;
  for (const [where, rows] of [
    [`time < now() - INTERVAL '5 minutes'`, length],
    ['time >= current_timestamp', 0],
    ['time > to_timestamp(86400)', length],
    [`time < TIMESTAMPTZ '2099-01-01T00:00:00+08:00'`, length],
    [`time < '1999-01-01T00:00:00Z'::timestamptz`, 0],
    [`time > CAST('1999-01-01' AS timestamp with time zone)`, length],
    [`date_trunc('minute', now()) > time`, length],
  ] as const)
    deepEqual(await data.rows(`SELECT count(*)::INT AS n FROM deal WHERE ${where}`), [{ n: rows }]);
  deepEqual(await data.rows('SELECT count(now() - d.time)::INT AS n FROM deal d'), [{ n: length }]);
  const offset = `SELECT TIMESTAMPTZ '2024-01-01T08:00:00+08:00' = TIMESTAMP '2024-01-01' AS same`;
  deepEqual(await data.rows(offset), [{ same: true }]);
  deepEqual(
    await data.rows(
      `SELECT date_bin('15 minutes', TIMESTAMP '2020-02-11 15:44:17', '2001-01-01 00:02:30') = ` +
        `TIMESTAMP '2020-02-11 15:32:30' AS same, ` +
        `count(date_bin('1 day', time, now()))::INT AS n ` +
        'FROM deal',
    ),
    [{ same: true, n: length }],
  );
  const [row] = await data.rows('SELECT now()');
  deepEqual(Object.keys(row ?? {}), ['now()']);
  await rejects(data.rows('SELECT to_timestamp('), withCode('INVALID_SQL'));
});
