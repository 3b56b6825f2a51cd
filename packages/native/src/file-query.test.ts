// A query over one file: it reads that one, may write that one by COPY, and reaches no other file,
// folder, setting or extension.

import { equal, match, rejects } from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { beginFileQuery } from './sql.js';

async function run(file: string, sql: string): Promise<void> {
  const session = beginFileQuery({ memoryBytes: 256 << 20, threads: 1, file });
  try {
    await session.serialize('SELECT 1');
    await session.prepare(sql, sql, [], []);
    await session.execute();
    await session.next(1);
  } finally {
    await session.close();
  }
}

function makeRoot(context: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'ndts-file-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

test('the named file can be written and read', async (context) => {
  const file = join(makeRoot(context), `it's.parquet`);
  const quoted = file.replaceAll("'", "''");
  await run(file, `COPY (SELECT 1 AS a) TO '${quoted}' (FORMAT parquet, USE_TMP_FILE false)`);
  equal(existsSync(file), true);
  await run(file, `SELECT a FROM read_parquet('${quoted}')`);
});

test('nothing else can', async (context) => {
  const root = makeRoot(context);
  const file = join(root, 'a.parquet');
  const other = join(root, 'b.csv');
  writeFileSync(other, 'x\n1\n');
  const texts = [
    `SELECT * FROM read_csv('${other}')`,
    `SELECT * FROM '${other}'`,
    `SELECT * FROM read_text('/etc/passwd')`,
    `SELECT * FROM glob('${root}/*')`,
    `SELECT * FROM read_csv('${file}/../b.csv')`,
    `COPY (SELECT 1) TO '${join(root, 'c.csv')}'`,
    `COPY (SELECT 1) TO '${file}2'`,
    `ATTACH '${join(root, 'd.db')}'`,
    `SET enable_external_access = true`,
    `SET allowed_paths = ['/etc/passwd']`,
    `LOAD httpfs`,
    `SELECT * FROM read_parquet('https://localhost:1/a.parquet')`,
  ];
  for (const text of texts)
    await rejects(run(file, text), (error) => {
      match(
        String(error),
        /Permission|only statements that read|not allowed|disabled|locked/i,
        text,
      );
      return true;
    });
  for (const name of ['c.csv', 'd.db', 'a.parquet2']) equal(existsSync(join(root, name)), false);
});
