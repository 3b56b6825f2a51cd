// What is translated, what is left alone, and that nothing a client writes breaks the translation.

import { deepEqual, equal, match, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '@ndts/runtime';
import { tokensOf } from '../sql/tokens.js';
import { type CatalogSession, type Translated, translate } from './catalog.js';
import { Settings } from './settings.js';

const session: CatalogSession = {
  tables: [{ id: 1, name: 'tick', columns: [{ name: 'price', type: 'f64' }] }],
  settings: new Settings({ version: '1', user: "o'neil", statementTimeoutMs: 0 }),
  user: "o'neil",
  version: '1',
  processId: 7,
};

function translated(text: string): Translated {
  return translate(text, tokensOf(text), session);
}

test('what is not about the catalog stays as it is', () => {
  for (const text of [
    'SELECT time, price FROM tick WHERE symbol = $1 SAMPLE BY 1m',
    'SELECT \'pg_catalog.pg_class\', "version" FROM t -- pg_class',
    'SELECT CAST(a AS INTEGER) FROM (SELECT b AS name) t',
    'SELECT a::INTEGER, b AS char FROM t',
    'SELECT version, current FROM t ORDER BY name COLLATE nocase',
    'SELECT [x] FROM t',
  ]) {
    const found = translated(text);
    equal(found.text, text);
    equal(found.isCatalog, false);
  }
});

test('functions, casts and schemas', () => {
  const cases: [string, string][] = [
    ['SELECT current_user', "SELECT 'o''neil' AS current_user"],
    ['SELECT pg_catalog.version() AS v', "SELECT 'PostgreSQL 15.0 (NDTS 1)' AS v"],
    ['SELECT pg_backend_pid() + 1', 'SELECT 7 + 1'],
    ["SELECT current_setting('TimeZone')", "SELECT 'UTC' AS current_setting"],
    ['SELECT a.x FROM public.tick a', 'SELECT a.x FROM main.tick a'],
    ['SELECT x::pg_catalog.text, CAST(y AS name)', 'SELECT x::text, CAST(y AS VARCHAR)'],
    ["SELECT a OPERATOR(pg_catalog.~) 'b' COLLATE pg_catalog.default", "SELECT a ~ 'b' "],
  ];
  for (const [text, wanted] of cases) equal(translated(text).text, wanted);
  const tables = translated('SELECT relname FROM pg_catalog.pg_class');
  equal(tables.isCatalog, true);
  match(tables.text, /^WITH pg_class AS \(SELECT .*'tick'.*\) SELECT relname FROM pg_class$/);
  const both = translated('WITH RECURSIVE x AS (SELECT 1) SELECT * FROM x, pg_type');
  match(
    both.text,
    /^WITH RECURSIVE pg_type AS \(.*\), x AS \(SELECT 1\) SELECT \* FROM x, pg_type$/,
  );
});

test('patterns of times', () => {
  const cases: [string, string][] = [
    ['YYYY-MM-DD HH24:MI:SS.US', '%Y-%m-%d %H:%M:%S.%f'],
    ['yyyy-mm-ddThh24:mi:ss.ms"Z"', '%Y-%m-%dT%H:%M:%S.%gZ'],
    ['FMDD/FMMM/YY HH12 AM', '%-d/%-m/%y %I %p'],
    ['Dy, DD Mon IYYY-IW TZ', '%a, %d %b %G-%V UTC'],
    ['DDD "100% \\"o\'\'clock\\""', '%j 100%% "o\'\'clock"'],
  ];
  for (const [pattern, wanted] of cases)
    equal(
      translated(`SELECT to_char(f(a, b), '${pattern}'), x`).text,
      `SELECT strftime(f(a, b), '${wanted}') AS to_char, x`,
    );
  equal(
    translated("SELECT 1 FROM t WHERE to_date(d, 'DD.MM.YYYY') = pg_catalog.to_timestamp(x, 'YY')")
      .text,
    "SELECT 1 FROM t WHERE strptime(d, '%d.%m.%Y')::DATE = strptime(x, '%y')",
  );
  equal(translated('SELECT to_timestamp(0), to_char FROM t').isCatalog, false);
  for (const text of ["to_char(x, 'Q')", "to_char(x, 'Month')", "to_char(1, '999.9')"])
    throws(() => translated(`SELECT ${text}`), { sqlState: '0A000' }, text);
  for (const text of ['to_char(x, $1)', 'to_char(x)', "to_date(x, 'YYYY' || y)"])
    throws(() => translated(`SELECT ${text}`), /needs a time and a pattern as/, text);
});

test('bounds of arrays, and keywords', () => {
  equal(
    translated('SELECT array_upper(current_schemas(false), 1) + 1').text,
    "SELECT nullif(len(['public']), 0) + 1",
  );
  match(translated('SELECT word FROM pg_catalog.pg_get_keywords()').text, /FROM \(SELECT key/);
});

test('places lead back to what the client wrote', () => {
  const text = 'SELECT pg_catalog.pg_backend_pid(), nope FROM pg_catalog.pg_class c, public.tick';
  const found = translated(text);
  for (const word of ['nope', 'FROM pg', 'tick'])
    equal(found.offsetOf(found.text.lastIndexOf(word)), text.lastIndexOf(word), word);
});

test('any mixture of words comes out as some text', () => {
  const seed = Number(process.env['NDTS_TEST_SEED'] ?? 31);
  const random = new SeededRandom(seed);
  const words = [
    'SELECT WITH RECURSIVE AS FROM pg_catalog public information_schema tables pg_class',
    'pg_settings version current_user current_setting format_type quote_ident regclass CAST',
    'OPERATOR COLLATE array \'tick\' :: . . ( ( ) ) , ; $1 oid name a b "q" ~ ANY | ]',
    'array_to_string pg_get_expr [',
  ].flatMap((line) => line.split(' '));
  const places: boolean[] = [];
  for (let round = 0; round < 5000; round += 1) {
    const text = Array.from(
      { length: 1 + random.integer(14) },
      () => words[random.integer(words.length)]!,
    ).join(random.integer(3) === 0 ? '' : ' ');
    let tokens: ReturnType<typeof tokensOf>;
    try {
      tokens = tokensOf(text);
    } catch {
      continue;
    }
    if (tokens.length === 0) continue;
    const found = translate(text, tokens, session);
    for (let at = 0; at <= found.text.length; at += 7) {
      const place = found.offsetOf(at);
      places.push(place >= 0 && place <= text.length);
    }
  }
  ok(places.length > 10_000);
  deepEqual([...new Set(places)], [true], `seed ${seed}`);
});
