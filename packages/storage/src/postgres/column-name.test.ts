// Names of columns that were given none, as clients of PostgreSQL count on them.

import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { columnName } from './column-name.js';
import { TestServer } from './postgres-test-kit.js';
import { messages as m } from './wire-test-client.js';

test('a call is called by its function; all else keeps its name', () => {
  const cases: [string, string][] = [
    ['count_star()', 'count'],
    ['count_star() FILTER (WHERE (size > 1))', 'count'],
    ['avg(price)', 'avg'],
    ['"first"(price)', 'first'],
    ["main.date_part('dow', CAST(now() AS TIMESTAMP))", 'date_part'],
    ["string_agg(DISTINCT x, ')' ORDER BY x)", 'string_agg'],
    ['row_number() OVER (PARTITION BY symbol ORDER BY "time")', 'row_number'],
    ['COALESCE(NULL, 1)', 'coalesce'],
    ['(max(a) - min(a))', '(max(a) - min(a))'],
    ['max(a) || min(a)', 'max(a) || min(a)'],
    ['CAST(a AS BIGINT)', 'CAST(a AS BIGINT)'],
    ['price', 'price'],
    ['f(', 'f('],
  ];
  for (const [given, wanted] of cases) equal(columnName(given), wanted, given);
});

test('on the wire: names, and what was said stays', async (context) => {
  const client = await (await TestServer.start(context, 2)).login();
  const sql =
    'SELECT count(*), max(size), max(size) AS "top(1)", size + 1 AS n FROM deal GROUP BY 4';
  const extended = [m.parse('', sql), m.bind('', ''), m.describe('P', ''), m.execute(''), m.sync()];
  for (const answers of [await client.ask(m.query(sql)), await client.ask(...extended)]) {
    const body = answers.find(({ letter }) => letter === 'T')!.body;
    const names: string[] = [];
    for (let at = 2; at < body.length; at += 18) {
      const end = body.indexOf(0, at);
      names.push(body.toString('utf8', at, end));
      at = end + 1;
    }
    deepEqual(names, ['count', 'max', 'top(1)', 'n']);
  }
});
