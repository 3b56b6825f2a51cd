// psql itself against a running node: what a person types first.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { before, test, type TestContext, after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PostgresNode, psql, type PsqlRun, startNode } from './node-with-postgres.js';

let node: PostgresNode;
const cleanups: (() => Promise<void>)[] = [];

before(async () => {
  node = await startNode({ after: (action) => cleanups.push(action) });
});

after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function run(context: TestContext, ...commands: string[]): Promise<PsqlRun> {
  const found = await psql(node, commands, { args: ['-A', '-t'] });
  context.diagnostic(found.errors);
  equal(found.code, 0, found.errors);
  return found;
}

test('the node says where it listens', async () => {
  while (!node.platform.output.includes('stop       Ctrl-C')) await sleep(10);
  ok(node.platform.output.includes(`postgres   127.0.0.1:${node.port}`), node.platform.output);
});

test('a password that is no token is refused, with what to do', async () => {
  const refused = await psql(node, ['SELECT 1'], { password: 'ndts_wrong' });
  equal(refused.code, 2);
  match(refused.errors, /password authentication failed for user "admin"/);
  match(refused.errors, /create a new one/);
});

test('queries, several statements, errors with their place', async (context) => {
  const { output } = await run(context, 'SELECT count(*) > 0 FROM tick', "SELECT 'a'; SELECT 2");
  equal(output, 't\na\n2\n');
  const wrong = await psql(node, ['SELECT price,\n nope FROM tick']);
  equal(wrong.code, 1);
  match(wrong.errors, /ERROR: {2}.*nope[\s\S]*LINE 2: {2}nope FROM tick\n\s+\^/);
  const written = await psql(node, ['\\set VERBOSITY verbose', 'DELETE FROM tick']);
  match(written.errors, /25006: cannot execute DELETE/);
});

test('what there is: \\dt, \\d, \\d tick, \\l, \\dn, \\du, \\conninfo', async (context) => {
  const { output } = await run(context, '\\d tick');
  deepEqual(
    output
      .trim()
      .split('\n')
      .slice(0, 5)
      .map((line) => line.split('|').slice(0, 4)),
    [
      ['time', 'timestamp with time zone', '', 'not null'],
      ['symbol', 'text', '', 'not null'],
      ['sequence', 'bigint', '', 'not null'],
      ['epoch', 'bigint', '', 'not null'],
      ['price', 'double precision', '', 'not null'],
    ],
  );
  const all = await run(
    context,
    ...['\\dt', '\\d', '\\d+ tick', '\\l', '\\dn', '\\du', '\\conninfo'],
  );
  equal(all.output.match(/^public\|tick\|table\|/gm)?.length, 2);
  match(all.output, /^time\|timestamp with time zone\|.*\|plain/m);
  match(all.output, /^ndts\|/m);
  match(all.output, /^public\|ndts$/m);
  match(all.output, /^admin\|/m);
  match(all.output, /database "ndts" as user "admin"/);
  await run(context, '\\di', '\\dv', '\\df', '\\dx', '\\ds', '\\d+', '\\dt+', '\\dT');
  const none = await psql(node, ['\\d nothing']);
  match(none.errors, /Did not find any relation named "nothing"/);
});

/** As psql 15 asks when Tab is pressed behind `SELECT * FROM ti`. */
const completion = `SELECT c.relname, NULL::pg_catalog.text FROM pg_catalog.pg_class c
  WHERE c.relkind IN ('r', 'S', 'v', 'm', 'f', 'p') AND (c.relname) LIKE 'ti%'
  AND pg_catalog.pg_table_is_visible(c.oid) AND c.relnamespace <> (SELECT oid FROM
  pg_catalog.pg_namespace WHERE nspname = 'pg_catalog')
UNION ALL
SELECT NULL::pg_catalog.text, n.nspname FROM pg_catalog.pg_namespace n WHERE n.nspname LIKE 'ti%'
  AND n.nspname NOT LIKE E'pg\\\\_%'
LIMIT 1000`;

test('completion of names', async (context) => {
  equal((await run(context, completion)).output, 'tick|\n');
  const columns = `SELECT attname FROM pg_catalog.pg_attribute a, pg_catalog.pg_class c
    WHERE c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped AND (attname) LIKE 'pr%'
    AND c.relname = 'tick' AND pg_catalog.pg_table_is_visible(c.oid) LIMIT 1000`;
  equal((await run(context, columns)).output, 'price\n');
});

test('a large result through a cursor of psql, and as it comes', async (context) => {
  const found = await run(context, 'SELECT * FROM range(100000)');
  equal(found.output.split('\n').length, 100_001);
  const cursor = await psql(node, ['SELECT * FROM range(5000)'], {
    args: ['-A', '-t', '-v', 'FETCH_COUNT=1000'],
  });
  equal(cursor.output, Array.from({ length: 5000 }, (_, at) => `${at}\n`).join(''));
});

test('settings: SHOW, SET, what psql sends by itself', async (context) => {
  const { output } = await run(
    context,
    'SHOW server_version_num',
    "SET application_name = 'x'; SHOW application_name",
    'SELECT current_database(), current_schema(), current_user',
    'SET search_path TO public; BEGIN; SELECT public.tick.price > 0 FROM public.tick LIMIT 1; END',
  );
  equal(output, '150000\nSET\nx\nndts|public|admin\nSET\nBEGIN\nt\nCOMMIT\n');
});
