// SQL over segments and the live memtable, compared with plain loops over the same rows.

import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { NdtsError } from '@ndts/protocol';
import type { SqlRow } from './batch.js';
import { SqlError } from './sql-error.js';
import { type Deal, DealDatabase, timeLiteral } from './sql-test-kit.js';

function seedOf(context: TestContext): number {
  const given = process.env['NDTS_TEST_SEED']; // ambient: a test
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  context.diagnostic(`seed ${seed} (NDTS_TEST_SEED=${seed} runs it again)`);
  return seed;
}

function filled(context: TestContext, rows = 700): DealDatabase {
  const data = new DealDatabase(context, seedOf(context));
  data.fill(rows);
  return data;
}

const byKey = (a: Deal, b: Deal): number =>
  a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : a.sequence - b.sequence;

function asRow(deal: Deal): SqlRow {
  const { day, nsOfDay, id, ...rest } = deal;
  const number = Number(id);
  return { time: { day, nsOfDay }, ...rest, id: Number.isSafeInteger(number) ? number : id };
}

test('every row comes back as it went in, whatever it lies in', async (context) => {
  const data = filled(context);
  const rows = await data.rows(
    'SELECT time, symbol, sequence, price, size, venue, other, buy, id FROM deal ' +
      'ORDER BY symbol, sequence',
  );
  deepEqual(rows, data.deals.toSorted(byKey).map(asRow));
});

test('a query sees nothing that was appended after it began', async (context) => {
  const data = filled(context, 300);
  const result = await data.sql.query('SELECT count(*) AS n FROM deal');
  const accepted = result.watermark.accepted['deal']!;
  data.append(100);
  deepEqual(await result.rows(), [{ n: 1200 }]);
  equal(accepted[0]! + accepted[1]!, 1200);
  deepEqual(await data.rows('SELECT count(*) AS n FROM deal'), [{ n: 1300 }]);
});

test('groups and sums are those of a plain loop', async (context) => {
  const data = filled(context);
  const rows = await data.rows(
    `SELECT symbol, count(*) AS n, sum(size) AS size, min(price) AS low, max(price) AS high,
            count(venue) AS venues
     FROM deal WHERE buy GROUP BY symbol ORDER BY symbol`,
  );
  const expected = data.symbols
    .toSorted()
    .map((symbol) => {
      const own = data.deals.filter((deal) => deal.symbol === symbol && deal.buy);
      const prices = own.flatMap((deal) => deal.price ?? []);
      return {
        symbol,
        n: own.length,
        size: own.reduce((sum, deal) => sum + deal.size, 0),
        low: prices.length === 0 ? null : Math.min(...prices),
        high: prices.length === 0 ? null : Math.max(...prices),
        venues: own.filter((deal) => deal.venue !== null).length,
      };
    })
    .filter((row) => row.n > 0);
  deepEqual(rows, expected);
});

test('bounds handed to the scans change nothing but what is read', async (context) => {
  const data = filled(context);
  const noon = timeLiteral(20_000, 43_200e9);
  const next = timeLiteral(20_001, 1e9 + 3);
  const parameters = {
    from: { day: 20_000, nsOfDay: 50_000e9 },
    name: 'S2',
    text: next,
    list: ['S0', null, 'nobody', 'S4'],
    none: [],
    sizes: [1, 2.5, null],
  };
  const wheres = [
    `time >= '${noon}'`,
    `time BETWEEN '${noon}' AND '${next}'`,
    `time < TIMESTAMP '${noon}' AND symbol = 'S0'`,
    `'${noon}' > time`,
    `DATE '2024-10-05' <= time`,
    `symbol IN ('S0', 'S4', 'nobody', 'S0')`,
    `symbol IN ('S0', 'A symbol with a long name 1', 'S2', 'A symbol with a long name 5')`,
    `symbol = 'nobody'`,
    `symbol = 'S0' AND symbol IN ('S2')`,
    `symbol = 'S0' OR time > '${noon}'`,
    `NOT symbol = 'S0'`,
    `time >= $from AND symbol = $name AND time < $text`,
    `symbol = ANY($list) AND time >= $from`,
    `symbol <> ALL($list)`,
    `symbol = ANY($list) OR size = 1`,
    `symbol = ANY($none)`,
    `id <> ALL($none)`,
    `size = ANY($sizes)`,
    `deal.time > '${noon}' AND deal.symbol = 'S4' AND size > 0`,
    `time = '${timeLiteral(data.deals[0]!.day, data.deals[0]!.nsOfDay)}'`,
    `symbol = 'S0' AND EXISTS (SELECT 1 FROM deal d WHERE d.time > '${noon}' AND d.id = deal.id)`,
  ];
  for (const where of wheres) {
    const text = `SELECT symbol, sequence FROM deal WHERE ${where} ORDER BY ALL`;
    const named = Object.entries(parameters).filter(([name]) => text.includes(`$${name}`));
    const options = { parameters: Object.fromEntries(named) };
    deepEqual(
      await data.rows(text, options),
      await data.rows(text, { ...options, pushDown: false }),
      where,
    );
  }
});

test('bounds are not handed on where they would change a join', async (context) => {
  const data = filled(context, 250);
  const noon = timeLiteral(20_000, 43_200e9);
  const asof = 'deal b ON a.symbol = b.other AND a.time >= b.time';
  const same = 'deal b ON a.id = b.id AND b.size > 0';
  const texts = [
    `FROM deal a ASOF JOIN ${asof} WHERE b.time < '${noon}'`,
    `FROM deal a ASOF LEFT JOIN ${asof} WHERE a.time < '${noon}'`,
    `FROM deal a LEFT JOIN ${same} WHERE b.time IS NULL OR b.time < '${noon}'`,
    `FROM deal a LEFT JOIN ${same} WHERE b.symbol = 'S0'`,
    `FROM deal a FULL JOIN deal b ON a.id = b.id AND a.size > 0 WHERE a.symbol = 'S0'`,
    `FROM deal a JOIN deal b ON a.size = b.size WHERE a.symbol = 'S0' AND b.time > '${noon}'`,
    `FROM deal a, deal b WHERE a.id = b.id AND b.symbol = 'S2'`,
    `FROM deal a SEMI JOIN deal b ON a.symbol = b.other WHERE a.symbol = 'S0'`,
  ];
  for (const from of texts) {
    const text = `SELECT count(*) AS n, sum(a.size) AS size ${from}`;
    deepEqual(await data.rows(text), await data.rows(text, { pushDown: false }), from);
  }
  deepEqual(
    await data.rows(
      `WITH deal AS (SELECT TIMESTAMP '1999-01-01' AS time, 'S0' AS symbol) ` +
        `SELECT count(*) AS n FROM deal WHERE time < '2000-01-01' AND symbol = 'S0'`,
    ),
    [{ n: 1 }],
  );
});

test('ASOF JOIN finds the last row at or before', async (context) => {
  const data = filled(context, 150);
  const rows = await data.rows(
    `SELECT a.symbol, a.sequence, b.time AS found
     FROM deal a ASOF LEFT JOIN (SELECT symbol, time FROM deal WHERE size < 0) b
       ON a.symbol = b.symbol AND a.time >= b.time
     ORDER BY a.symbol, a.sequence`,
  );
  const ns = (deal: Deal): number => (deal.day - 20_000) * 86_400e9 + deal.nsOfDay;
  const expected = data.deals.toSorted(byKey).map((deal) => {
    const before = data.deals.filter(
      (one) => one.symbol === deal.symbol && one.size < 0 && ns(one) <= ns(deal),
    );
    const last = before.reduce<Deal | undefined>(
      (best, one) => (best === undefined || ns(one) > ns(best) ? one : best),
      undefined,
    );
    const found = last === undefined ? null : { day: last.day, nsOfDay: last.nsOfDay };
    return { symbol: deal.symbol, sequence: deal.sequence, found };
  });
  deepEqual(rows, expected);
});

test('a window numbers the rows of each symbol', async (context) => {
  const data = filled(context, 150);
  const rows = await data.rows(
    `SELECT symbol, sequence, row_number() OVER (PARTITION BY symbol ORDER BY sequence) AS n
     FROM deal ORDER BY symbol, sequence`,
  );
  const counts = new Map<string, number>();
  const expected = data.deals.toSorted(byKey).map(({ symbol, sequence }) => {
    counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
    return { symbol, sequence, n: counts.get(symbol)! };
  });
  deepEqual(rows, expected);
});

test('results come in batches, by column, and what is left early is let go', async (context) => {
  const data = filled(context, 3000);
  const result = await data.sql.query('SELECT sequence, price, venue FROM deal', {
    batchRows: 2048,
  });
  deepEqual(
    result.columns.map(({ name, kind }) => `${name} ${kind}`),
    ['sequence i64', 'price f64', 'venue text'],
  );
  let rows = 0;
  let batches = 0;
  for await (const batch of result) {
    batches += 1;
    rows += batch.rows;
    ok(batch.column('price').values instanceof Float64Array);
    equal(batch.column('venue').values.length, batch.rows);
  }
  equal(rows, 12_000);
  ok(batches > 1);
  const left = await data.sql.query('SELECT * FROM deal', { batchRows: 1 });
  for await (const batch of left) {
    ok(batch.rows > 0);
    break;
  }
  await rejects(left.rows(), (error) => error instanceof NdtsError && error.code === 'CANCELLED');
});

test('values of every type of SQL come as docs/sql.md says', async (context) => {
  const data = new DealDatabase(context, 1);
  const [row] = await data.rows(
    `SELECT 1::TINYINT AS i, 9007199254740993 AS big, 18446744073709551615::UBIGINT AS u,
       sum(range)::HUGEINT AS h, 170141183460469231731687303715884105727::HUGEINT AS huge,
       1.50::DECIMAL(10, 2) AS d, -0.05::DECIMAL(20, 3) AS small, 'x' AS t, NULL AS nothing,
       TIMESTAMP '1969-12-31 23:59:59.5' AS ts, DATE '2024-02-29' AS date, TIME '01:02:03' AS day,
       INTERVAL '1 year 2 days 03:04:05.25' AS span, 'ab'::BLOB AS raw,
       'a'::ENUM ('b', 'a') AS word, uuid '00112233-4455-6677-8899-aabbccddeeff' AS uuid,
       true AS yes, 0.1::FLOAT AS f
     FROM range(4)`,
  );
  deepEqual(row, {
    i: 1,
    big: 9007199254740993n,
    u: 18446744073709551615n,
    h: 6,
    huge: 170141183460469231731687303715884105727n,
    d: '1.50',
    small: '-0.050',
    t: 'x',
    nothing: null,
    ts: { day: -1, nsOfDay: 86_399.5e9 },
    date: { day: 19_782, nsOfDay: 0 },
    day: 3723e9,
    span: '1 year 2 days 03:04:05.25',
    raw: new TextEncoder().encode('ab'),
    word: 'a',
    uuid: '00112233-4455-6677-8899-aabbccddeeff',
    yes: true,
    f: Math.fround(0.1),
  });
  await rejects(data.rows('SELECT [1, 2] AS list'), /column 1 \(list\) .*CAST it to VARCHAR/);
});

test('parameters are values, never text', async (context) => {
  const data = filled(context, 100);
  const evil = `'; DROP VIEW deal; --`;
  const time = { day: 20_000, nsOfDay: 123 };
  deepEqual(
    await data.rows(
      'SELECT $1 AS a, $2::BIGINT + 1 AS b, $3::DOUBLE AS c, $4::BOOLEAN AS d, $5 AS e',
      {
        parameters: [evil, 2n ** 53n, 0.25, true, time],
      },
    ),
    [{ a: evil, b: 2n ** 53n + 1n, c: 0.25, d: true, e: time }],
  );
  deepEqual(
    await data.rows('SELECT count(*) AS n FROM deal WHERE venue = ?', { parameters: [evil] }),
    [{ n: 0 }],
  );
  await rejects(data.rows('SELECT $1', { parameters: [] }), /expected 1 parameters, found 0/);
  await rejects(data.rows('SELECT $a', { parameters: { b: 1 } }), /no parameter \$b/);
});

test('a statement is described without its values', async (context) => {
  const data = filled(context, 1);
  const found = await data.sql.describe(
    'SELECT time, sum(size) AS s FROM deal WHERE price > $1 AND venue = $2 SAMPLE BY 1m',
  );
  deepEqual(found.parameters, ['DOUBLE', 'VARCHAR']);
  deepEqual(
    found.columns.map(({ name, type }) => [name, type]),
    [
      ['time', 'TIMESTAMP_NS'],
      ['s', 'HUGEINT'],
    ],
  );
  deepEqual((await data.sql.describe('SELECT $1')).columns, []);
  await rejects(data.sql.describe('SELECT nope FROM deal'), /nope/);
  await rejects(data.sql.describe("SELECT * FROM read_csv('x')"), /not allowed/);
});

test('two queries at once each see their own state', async (context) => {
  const data = filled(context, 500);
  const first = await data.sql.query('SELECT sequence FROM deal', { batchRows: 1 });
  data.append(500);
  const second = data.rows('SELECT count(*) AS n FROM deal');
  deepEqual(await second, [{ n: 2500 }]);
  equal((await first.rows()).length, 2000);
});

test('columns of one name all come back in rows', async (context) => {
  const data = new DealDatabase(context, 1);
  deepEqual(await data.rows('SELECT 1 AS a, 2 AS a, 3 AS a_1, 4 AS a'), [
    { a: 1, a_2: 2, a_1: 3, a_3: 4 },
  ]);
});

test('errors say where', async (context) => {
  const data = new DealDatabase(context, 1);
  const cases: [string, number, number, RegExp][] = [
    ['SELEC 1', 1, 1, /expected a statement that reads/],
    ['SELECT 1 FROM\n  nowhere', 2, 3, /nowhere/],
    ["SELECT 'äöü', nope\nFROM deal", 1, 15, /nope/],
    ['SELECT 1;\nSELECT 2', 2, 1, /one statement/],
    ['SELECT price FROM deal WHERE (', 1, 31, /syntax error/],
    ["SELECT 'abc", 1, 8, /no end/],
    ['SELECT 1\0 and more', 1, 9, /zero byte/],
    ['SELECT time, sum(size) AS s, nope FROM deal SAMPLE BY 1m', 1, 30, /nope/],
    ['SELECT time FROM deal SAMPLE BY 1x', 1, 34, /unit of time/],
    ['EXPLAIN SELECT nope FROM deal', 1, 16, /nope/],
    ["SELECT 'abc'::TIMESTAMP_NS", 1, 13, /'abc' .* nor a time, which is '2026-/],
  ];
  for (const [text, line, column, message] of cases)
    await rejects(data.rows(text), (error: unknown) => {
      ok(error instanceof SqlError, String(error));
      equal(error.code, 'INVALID_SQL');
      ok(message.test(error.message), error.message);
      deepEqual([error.position?.line, error.position?.column], [line, column], error.message);
      return true;
    });
});
