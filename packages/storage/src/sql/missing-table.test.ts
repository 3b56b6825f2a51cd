// What is said of tables that are not there: tables of the database, never the engine's own.

import { deepEqual, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { tellMissingTable } from './missing-table.js';
import { DealDatabase } from './sql-test-kit.js';

test('tables of the user are named, the nearest or all', () => {
  const tell = (name: string, suggested: string, tables: readonly string[]) =>
    tellMissingTable(
      `Table with name ${name} does not exist!\nDid you mean "${suggested}"?`,
      tables,
    ).replace(/^.*exist!/s, '');
  const tables = ['tick', 'trade', 'factor'];
  deepEqual(tell('nope', 'pg_enum', tables), ' There are tick, trade, factor.');
  deepEqual(tell('ticks', 'pg_index', tables), ' Did you mean "tick"?');
  deepEqual(tell('Tarde', 'temp.x.y', tables), ' Did you mean "trade"?');
  deepEqual(tell('x', 'main.tick', tables), '\nDid you mean "main.tick"?');
  deepEqual(tell('x', 'pg_am', []), ' The database has no tables.');
  const many = Array.from({ length: 12 }, (_, at) => `table_${at}`);
  deepEqual(tell('x', 'pg_am', many), ` There are ${many.slice(0, 8).join(', ')}, ....`);
  deepEqual(tellMissingTable('Something else', tables), 'Something else');
});

test('a query about a table that is not there names those that are', async (context) => {
  const data = new DealDatabase(context, 1);
  await rejects(
    data.rows('SELECT * FROM nope'),
    /^SqlError.*does not exist! There are tick, deal\. \(line 1, column 15\)$/s,
  );
  await rejects(data.rows('SELECT * FROM main.Daels'), /Did you mean "deal"\? \(line 1/);
  await rejects(data.rows('SELECT d.x FROM deal d'), /Table "d" does not have a column named "x"/);
});
