// SAMPLE BY and LATEST ON, compared with plain loops; what is wrong with them has its place.

import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { SqlRow } from './batch.js';
import { aggregateFunctions } from './functions.js';
import { SqlError } from './sql-error.js';
import { type Deal, DealDatabase, timeLiteral } from './sql-test-kit.js';
import { tokensOf } from './tokens.js';

function filled(context: TestContext, rows: number): DealDatabase {
  const given = process.env['NDTS_TEST_SEED']; // ambient: a test
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  context.diagnostic(`seed ${seed} (NDTS_TEST_SEED=${seed} runs it again)`);
  const data = new DealDatabase(context, seed, 4);
  data.fill(rows);
  return data;
}

const hour = 3600e9;
const ns = ({ day, nsOfDay }: Deal): number => (day - 20_000) * 86_400e9 + nsOfDay;
const timeText = (at: number): string => {
  const day = Math.floor(at / 86_400e9);
  return timeLiteral(20_000 + day, at - day * 86_400e9);
};
const time = (at: number): SqlRow['time'] => {
  const day = Math.floor(at / 86_400e9);
  return { day: 20_000 + day, nsOfDay: at - day * 86_400e9 };
};

/** Size by span, of some deals. */
function spans(deals: readonly Deal[], width: number): Map<number, number> {
  const sums = new Map<number, number>();
  for (const deal of deals) {
    const start = Math.floor(ns(deal) / width) * width;
    sums.set(start, (sums.get(start) ?? 0) + deal.size);
  }
  return sums;
}

test('SAMPLE BY groups by spans of time and by what is no aggregate', async (context) => {
  const data = filled(context, 400);
  const rows = await data.rows(
    'SELECT symbol, d.time AS start, sum(size) AS size FROM deal AS d WHERE buy ' +
      'SAMPLE BY 6h ORDER BY symbol, start',
  );
  const expected = data.symbols.toSorted().flatMap((symbol) => {
    const own = data.deals.filter((deal) => deal.symbol === symbol && deal.buy);
    return [...spans(own, 6 * hour)]
      .toSorted(([a], [b]) => a - b)
      .map(([start, size]) => ({ symbol, start: time(start), size }));
  });
  deepEqual(rows, expected);
});

test('first and last of a span are by time, nulls too', async (context) => {
  const data = filled(context, 400);
  const rows = await data.rows(
    `SELECT time, symbol, first(d.price) AS a, last(coalesce(d.price, -1)) + 0 AS z,
       first(size ORDER BY sequence DESC) AS last_in
     FROM deal d WHERE sequence % 2 = 0 SAMPLE BY 1d ORDER BY symbol, time`,
  );
  const expected = data.symbols.toSorted().flatMap((symbol) =>
    [20_000, 20_001].map((day) => {
      const own = data.deals
        .filter((deal) => deal.symbol === symbol && deal.day === day && deal.sequence % 2 === 0)
        .toSorted((a, b) => a.nsOfDay - b.nsOfDay);
      return {
        time: { day, nsOfDay: 0 },
        symbol,
        a: own.filter((deal) => deal.nsOfDay === own[0]?.nsOfDay).map(({ price }) => price),
        z: own.filter((deal) => deal.nsOfDay === own.at(-1)?.nsOfDay).map((d) => d.price ?? -1),
        last_in: own.toSorted((a, b) => b.sequence - a.sequence)[0]?.size,
      };
    }),
  );
  equal(rows.length, expected.length);
  // Of equal times any will do.
  for (const [at, row] of rows.entries()) {
    const { a, z, ...rest } = expected[at]!;
    deepEqual(row, { ...row, ...rest });
    ok(a.includes(row['a'] as number | null), `${at}`);
    ok(z.includes(row['z'] as number), `${at}`);
  }
});

test('FILL adds the spans without rows, of every group', async (context) => {
  const data = filled(context, 6);
  const width = 0.5 * hour;
  const first = Math.floor(Math.min(...data.deals.map(ns)) / width) * width;
  const last = Math.floor(Math.max(...data.deals.map(ns)) / width) * width;
  const present = data.symbols.filter((s) => data.deals.some(({ symbol }) => symbol === s));
  for (const fill of ['NULL', 'PREV', 'NONE']) {
    const rows = await data.rows(
      `SELECT time, symbol, sum(size) AS size, min(price) AS low FROM deal
       SAMPLE BY 30m FILL(${fill}) ORDER BY symbol, time`,
    );
    const expected = present.toSorted().flatMap((symbol) => {
      const own = data.deals.filter((deal) => deal.symbol === symbol);
      const sums = spans(own, width);
      const all: SqlRow[] = [];
      let before: { size: number | null; low: number | null } = { size: null, low: null };
      for (let at = first; at <= last; at += width) {
        const size = sums.get(at);
        const prices = own.flatMap((deal) =>
          Math.floor(ns(deal) / width) * width === at ? (deal.price ?? []) : [],
        );
        const low = prices.length === 0 ? null : Math.min(...prices);
        if (size !== undefined) before = { size, low };
        else if (fill === 'NONE') continue;
        else if (fill === 'NULL') before = { size: null, low: null };
        all.push({ time: time(at), symbol, ...before });
      }
      return all;
    });
    deepEqual(rows, expected, fill);
  }
});

test('FILL finds groups that are null', async (context) => {
  const data = filled(context, 50);
  const [row] = await data.rows(
    `SELECT sum(n) AS n, count(*) FILTER (venue IS NULL) AS spans FROM
       (SELECT time, venue, count(*) AS n FROM deal SAMPLE BY 12h FILL(NULL))`,
  );
  deepEqual(row, { n: 200, spans: 4 });
});

test('columns of SAMPLE BY have the names of the engine, wherever it stands', async (context) => {
  const data = filled(context, 20);
  const names = async (text: string): Promise<string[]> => {
    const result = await data.sql.query(text);
    await result.close();
    return result.columns.map(({ name }) => name);
  };
  const lists = [
    'time, first(price), last(d.price) + 0, FIRST(d . Size), count(*), Sum(size)::INT',
    'time, last(size) AS close, first(price) open, low: min(price), max(price) "hi gh"',
    'd.time, (SELECT first(size) FROM deal), buy, any_value(venue), size IS DISTINCT FROM 1',
    'start: time, symbol s, last(price) FILTER (buy), array_agg(size)[1], NOT bool_or(buy)',
  ];
  for (const list of lists) {
    const expected = await names(`SELECT ${list} FROM deal d GROUP BY ALL`);
    for (const fill of ['', 'FILL(NULL)', 'FILL(PREV)']) {
      const text = `SELECT ${list} FROM deal d SAMPLE BY 1h ${fill}`;
      deepEqual(await names(text), expected, text);
      deepEqual(await names(`SELECT * FROM (${text} LIMIT 3)`), expected);
      deepEqual(await names(`WITH x AS (${text}) SELECT * FROM x ORDER BY 1`), expected);
      deepEqual(await names(`${text} UNION ALL ${text}`), expected);
    }
  }
});

test('what stands behind SAMPLE BY is about its samples', async (context) => {
  const data = filled(context, 40);
  const inner =
    'SELECT time, symbol, first(size) AS a, last(size) AS z FROM deal WHERE sequence % 3 = 0 ' +
    'SAMPLE BY 2h';
  const all = await data.rows(`${inner} ORDER BY time, symbol`);
  const key = (row: SqlRow): number => Number(row['z']);
  const kept = all.filter((row) => Number(row['a']) > Number(row['z']));
  const having = 'HAVING first(size) > last(size)';
  deepEqual(await data.rows(`${inner} ${having} ORDER BY time, symbol`), kept);
  // Of what is left out by it FILL makes a gap.
  const filledRows = await data.rows(`${inner} FILL(NULL) ${having} ORDER BY time, symbol`);
  deepEqual(
    filledRows.filter((row) => row['z'] !== null),
    kept,
  );
  for (const fill of ['', 'FILL(NULL)']) {
    const sorted = await data.rows(
      `SELECT time, symbol, last(size) FROM deal WHERE sequence % 3 = 0 SAMPLE BY 2h ${fill}
       ORDER BY LAST( size ) DESC NULLS LAST LIMIT 5`,
    );
    const column = Object.keys(sorted[0] ?? {})[2] ?? '';
    const expected = all.map(key).toSorted((x, y) => y - x);
    deepEqual(
      sorted.map((row) => row[column]),
      expected.slice(0, 5),
    );
  }
  const newest = Math.floor(Math.max(...data.deals.map(ns)) / (2 * hour)) * 2 * hour;
  const [span] = await data.rows(
    'SELECT d.time AS start, count(*) AS n FROM deal d SAMPLE BY 2h ORDER BY d.time DESC LIMIT 1',
  );
  deepEqual(span?.['start'], time(newest));
});

test('PIVOT and UNPIVOT with their columns in the text work', async (context) => {
  const data = filled(context, 50);
  const sizes = (buy: boolean, symbol: string): number =>
    data.deals
      .filter((deal) => deal.buy === buy && deal.symbol === symbol)
      .reduce((sum, { size }) => sum + size, 0);
  const expected = data.symbols.toSorted().map((symbol) => {
    return { symbol, true: sizes(true, symbol), false: sizes(false, symbol) };
  });
  const text = 'PIVOT deal ON buy IN (true, false) USING sum(size) GROUP BY symbol';
  for (const whole of [`${text} ORDER BY symbol`, `SELECT * FROM (${text}) ORDER BY symbol`])
    deepEqual(await data.rows(whole), expected);
  equal((await data.rows('UNPIVOT deal ON size, id INTO NAME n VALUE v')).length, 400);
});

test('spans of every unit start where they should', async (context) => {
  const data = filled(context, 3);
  const at = `(SELECT TIMESTAMP_NS '2024-05-15 13:47:12.123456789' AS time, 1 AS x)`;
  const before = `(SELECT TIMESTAMP_NS '1969-12-31 23:59:59.999999999' AS time, 1 AS x)`;
  const cases: [string, string, string][] = [
    [at, '10ns', '2024-05-15 13:47:12.12345678'],
    [at, '1us', '2024-05-15 13:47:12.123456'],
    [at, '100ms', '2024-05-15 13:47:12.1'],
    [at, '5s', '2024-05-15 13:47:10'],
    [at, '15m', '2024-05-15 13:45:00'],
    [at, '1h', '2024-05-15 13:00:00'],
    [at, '1 d', '2024-05-15 00:00:00'],
    [at, '1w', '2024-05-13 00:00:00'],
    [at, '1M', '2024-05-01 00:00:00'],
    [at, '3mo', '2024-04-01 00:00:00'],
    [at, '1y', '2024-01-01 00:00:00'],
    [before, '1s', '1969-12-31 23:59:59'],
    [before, '1w', '1969-12-29 00:00:00'],
  ];
  for (const [from, span, expected] of cases)
    deepEqual(
      await data.rows(
        `SELECT CAST(time AS VARCHAR) AS start
         FROM (SELECT time, sum(x) FROM ${from} SAMPLE BY ${span})`,
      ),
      [{ start: expected }],
      span,
    );
});

test('SAMPLE BY stands in subqueries, joins and with others', async (context) => {
  const data = filled(context, 200);
  const [row] = await data.rows(
    `WITH a AS (SELECT time, count(*) AS n FROM deal SAMPLE BY 1h FILL(NULL)),
          b AS (SELECT time, count(*) AS n FROM deal SAMPLE BY 1h HAVING count(*) > 0)
     SELECT (SELECT sum(n) FROM a) AS a, (SELECT sum(n) FROM b) AS b,
       (SELECT count(*) FROM (SELECT time, symbol FROM deal SAMPLE BY 1d)) AS days`,
  );
  deepEqual(row, { a: 800, b: 800, days: 8 });
  const unsampled = 'SELECT \'SAMPLE BY 1x\' AS "LATEST ON" -- LATEST ON time';
  deepEqual(await data.rows(unsampled), [{ 'LATEST ON': 'SAMPLE BY 1x' }]);
});

test('LATEST ON keeps the newest row of each group', async (context) => {
  const data = filled(context, 300);
  const newest = (deals: readonly Deal[], key: (deal: Deal) => string): Deal[] => {
    const found = new Map<string, Deal>();
    for (const deal of deals) {
      const best = found.get(key(deal));
      const isNewer =
        best === undefined ||
        ns(deal) > ns(best) ||
        (ns(deal) === ns(best) && deal.sequence > best.sequence);
      if (isNewer) found.set(key(deal), deal);
    }
    return [...found.values()].toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  };
  deepEqual(
    await data.rows(
      `SELECT symbol, sequence FROM deal WHERE size > 0
       LATEST ON time PARTITION BY symbol ORDER BY symbol`,
    ),
    newest(
      data.deals.filter((deal) => deal.size > 0),
      (deal) => deal.symbol,
    ).map(({ symbol, sequence }) => ({ symbol, sequence })),
  );
  deepEqual(
    await data.rows(
      `SELECT count(*) AS n, sum(sequence) AS s FROM
         (SELECT * FROM deal d WHERE symbol IN ('S0', 'S2')
          LATEST ON d.time PARTITION BY d.symbol, d.buy)`,
    ),
    [
      newest(
        data.deals.filter(({ symbol }) => symbol === 'S0' || symbol === 'S2'),
        (deal) => `${deal.symbol} ${deal.buy}`,
      ).reduce((sum, deal) => ({ n: sum.n + 1, s: sum.s + deal.sequence }), { n: 0, s: 0 }),
    ],
  );
  equal(
    (
      await data.rows(
        `WITH deal AS (SELECT 1 AS time, 'a' AS symbol)
         SELECT * FROM deal LATEST ON time PARTITION BY symbol`,
      )
    ).length,
    1,
  );
});

test('a table may be called latest', async (context) => {
  const data = filled(context, 1);
  const text = 'SELECT a.n FROM (SELECT 1 n) a JOIN (SELECT 1 n) AS latest ON latest.n = a.n';
  deepEqual(await data.rows(text), [{ n: 1 }]);
});

test('LATEST ON reads the newest rows only, where nothing else is asked', async (context) => {
  const data = filled(context, 300);
  const latest = 'LATEST ON time PARTITION BY symbol';
  const last = timeText(Math.max(...data.deals.map(ns)) - hour);
  const texts = [
    `SELECT * FROM deal ${latest}`,
    `SELECT * FROM deal d WHERE d.symbol IN ('S0', 'S2', 'nobody') ${latest}`,
    `SELECT * FROM deal WHERE time > '${last}' ${latest}`,
    `SELECT * FROM deal WHERE time < '${last}' ${latest}`,
    `SELECT * FROM deal WHERE time = '${last}' OR size > 0 ${latest}`,
    `SELECT * FROM deal WHERE size < 0 AND symbol = 'S0' ${latest}`,
    `SELECT symbol, count(*) OVER (PARTITION BY symbol) AS n FROM deal ${latest}`,
    `SELECT * FROM deal LATEST ON time PARTITION BY symbol, buy`,
    `SELECT * FROM deal LATEST ON time PARTITION BY buy`,
    `SELECT * FROM deal QUALIFY row_number() OVER (PARTITION BY symbol ORDER BY time) = 1`,
    `SELECT * FROM deal WHERE id IN (SELECT id FROM deal ${latest})`,
  ];
  for (const text of texts) {
    const sorted = `SELECT * FROM (${text}) ORDER BY ALL`;
    deepEqual(await data.rows(sorted), await data.rows(sorted, { pushDown: false }), text);
  }
  for (let round = 0; round < 5; round += 1) {
    data.append(20);
    const text = `SELECT * FROM (${texts[0]}) ORDER BY symbol`;
    deepEqual(await data.rows(text), await data.rows(text, { pushDown: false }));
  }
});

test('what is wrong with SAMPLE BY and LATEST ON has its place', async (context) => {
  const data = filled(context, 1);
  const cases: [string, number, RegExp][] = [
    ['SELECT * FROM deal SAMPLE BY 1m', 8, /columns by name/],
    ['SELECT size FROM deal SAMPLE BY 1m', 23, /needs the column time/],
    ['SELECT time, time FROM deal SAMPLE BY 1m', 14, /twice/],
    ['SELECT DISTINCT time FROM deal SAMPLE BY 1m', 8, /DISTINCT/],
    ['SELECT time FROM deal SAMPLE BY m', 33, /a span of time/],
    ['SELECT time FROM deal SAMPLE BY 0m', 33, /a span of time/],
    ['SELECT time FROM deal SAMPLE BY 1.5m', 33, /a span of time/],
    ['SELECT time FROM deal SAMPLE BY 1', 34, /unit of time.*the end/],
    ['SELECT time FROM deal SAMPLE BY 1m FILL(LINEAR)', 41, /NONE, NULL or PREV/],
    ['SELECT time FROM deal SAMPLE BY 1m FILL NULL', 41, /expected \(/],
    ['SELECT time, size, size FROM deal SAMPLE BY 1m FILL(NULL)', 20, /another name/],
    ['SELECT time, max(size) FROM deal WHERE SAMPLE BY 1m', 40, /near "SAMPLE"/],
    ['SELECT d.time, first(size) FROM deal SAMPLE BY 1m', 8, /table "d"/],
    ['SELECT time, first(nope) AS a FROM deal SAMPLE BY 1m', 20, /"nope"/],
    ['SELECT time, first(1, 2) FROM deal SAMPLE BY 1m', 14, /'first\(/],
    ["SELECT 'ä', time, 1 + FROM deal SAMPLE BY 1m", 22, /syntax error/],
    ['SELECT time FROM deal SAMPLE BY 1m FILL(PREV) HAVING', 53, /behind HAVING/],
    ['SELECT time FROM deal SAMPLE BY 1m FILL(PREV) HAVING max(nope) > 1', 58, /"nope"/],
    ['SELECT time FROM deal SAMPLE BY 1m FILL(PREV) ORDER BY nope', 56, /"nope"/],
    ['SELECT time FROM deal SAMPLE BY 1m FILL(PREV) QUALIFY true', 47, /subquery/],
    ['SELECT time FROM deal GROUP BY time SAMPLE BY 1m', 23, /GROUP BY/],
    ['SELECT time, sum(size) OVER () FROM deal SAMPLE BY 1m', 24, /window/],
    ['SELECT time FROM deal SAMPLE BY 1m rubbish here', 36, /syntax error/],
    ['SELECT * FROM deal LATEST ON time', 34, /PARTITION BY/],
    ['SELECT * FROM deal LATEST ON PARTITION BY symbol', 30, /column of time/],
    ['SELECT * FROM deal LATEST ON time, price PARTITION BY symbol', 34, /one column.*found ,/],
    ['SELECT * FROM deal LATEST ON time DESC PARTITION BY symbol', 35, /one column.*DESC/],
    ['SELECT * FROM deal LATEST ON 1 PARTITION BY symbol', 30, /one column.*found 1/],
    ['SELECT * FROM deal LATEST ON d. PARTITION BY symbol', 31, /one column/],
    ['SELECT * FROM deal LATEST ON time PARTITION BY', 47, /expected columns/],
    ['SELECT * FROM deal LATEST ON time PARTITION BY symbol GROUP BY 1', 55, /subquery/],
    ['SELECT * FROM deal LATEST ON nope PARTITION BY symbol', 30, /nope/],
    ['SELECT * FROM deal LATEST ON time PARTITION BY symbol, nope', 56, /nope/],
    ['SELECT * FROM deal LATEST ON time PARTITION BY symbol +', 56, /end of input/],
    [
      `SELECT * FROM deal WHERE symbol = 'S0' AND nope LATEST ON time PARTITION BY symbol`,
      44,
      /nope/,
    ],
    ["SELECT 'ä€𝄞', 1 a a", 20, /near "a"/],
    ["SELECT 'ä€𝄞', nope", 16, /nope/],
    ['SELECT 1 FROM (PIVOT deal ON buy USING sum(size))', 16, /ON side IN/],
  ];
  for (const [text, column, message] of cases)
    await rejects(
      data.rows(text),
      (error: unknown) => {
        ok(error instanceof SqlError, String(error));
        ok(message.test(error.message), error.message);
        equal(error.position?.column, column, error.message);
        return true;
      },
      text,
    );
});

test('the names of aggregates are those of the engine', async (context) => {
  const data = filled(context, 1);
  const rows = await data.rows(
    `SELECT DISTINCT function_name AS name FROM duckdb_functions()
     WHERE function_type = 'aggregate'`,
  );
  const windows =
    'cume_dist dense_rank fill first_value lag last_value lead nth_value ntile percent_rank rank ' +
    'rank_dense row_number';
  const names = rows
    .map(({ name }) => (typeof name === 'string' ? name : ''))
    .filter((name) => !windows.split(' ').includes(name));
  deepEqual(names.toSorted(), [...aggregateFunctions].toSorted());
});

test('tokens cover the text, whatever it is', () => {
  const quotes = `'it''s', E'\\'', $$x ' y$$`;
  const text = `SELECT a.b, 1.5e-3, ${quotes}, $1, ?, "q""r" /* c /* d */ */ -- e\n<>`;
  const tokens = tokensOf(text);
  deepEqual(
    tokens.map((token) => token.text),
    [
      'SELECT',
      'a',
      '.',
      'b',
      ',',
      '1.5e-3',
      ',',
      `'it''s'`,
      ',',
      `E'\\''`,
      ',',
      `$$x ' y$$`,
      ',',
    ].concat(['$1', ',', '?', ',', '"q""r"', '<', '>']),
  );
  for (const token of tokens) equal(text.slice(token.start, token.end), token.text);
});
