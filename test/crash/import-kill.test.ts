// An import that is killed at any moment and begun again takes every row once: what is in the
// folder then, and among the rejects, is what a run that was not killed leaves.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SeededRandom } from '@ndts/runtime';

const command = join(dirname(fileURLToPath(import.meta.url)), '../../../apps/ndts/dist/main.js');
const isLong = process.env['NDTS_TEST_LONG'] === '1';
const seed = Number(process.env['NDTS_TEST_SEED'] ?? 30);
const rows = isLong ? 2_000_000 : 300_000;
const kills = isLong ? 30 : 4;

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '' },
  });
}

/** @param killAfterMs after the plan was told; undefined: it may end */
function run(args: readonly string[], killAfterMs?: number): Promise<string> {
  const child = start(args);
  return new Promise((resolve, reject) => {
    let told = '';
    let errors = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      const isPlanned = told.includes('"plan"');
      told += chunk.toString();
      if (killAfterMs !== undefined && !isPlanned && told.includes('"plan"'))
        setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0 || (signal === 'SIGKILL' && killAfterMs !== undefined)) resolve(told);
      else reject(new Error(`ended with ${code ?? signal}: ${errors}`));
    });
  });
}

function writeRows(path: string): void {
  const lines = ['time,symbol,price,volume'];
  for (let row = 0; row < rows; row += 1)
    lines.push(
      row % 5000 === 77 ? `row ${row} is bad` : `${1_704_187_800_000 + row},S${row % 50},${row},1`,
    );
  writeFileSync(path, lines.join('\n'));
}

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

test('every row is imported once, whenever the import is killed', async (context) => {
  context.diagnostic(`NDTS_TEST_SEED=${seed}`);
  const random = new SeededRandom(seed);
  const root = mkdtempSync(join(tmpdir(), 'ndts-import-kill-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const path = join(root, 'a.csv');
  writeRows(path);
  const importTo = (name: string): string[] => [
    ...['import', path, '--data-dir', join(root, name), '--time-format', 'ms', '--json'],
    ...['--max-rejects', 'all', '--rejects', join(root, `${name}.rejects`)],
  ];
  const exportOf = (name: string): string[] => [
    ...['export', join(root, `${name}.csv`), '--data-dir', join(root, name), '--json'],
  ];
  await run(importTo('whole'));
  let resumed = 0;
  for (let round = 0; round < kills; round += 1) {
    const told = await run(importTo('killed'), random.integer(isLong ? 2000 : 150));
    if (told.includes('"resumed"')) resumed += 1;
  }
  const told = await run(importTo('killed'));
  assert.match(told, /"event":"(done|already)"/);
  context.diagnostic(`${resumed} of ${kills} runs went on behind rows of one before`);
  await run(exportOf('whole'));
  await run(exportOf('killed'));
  assert.equal(hashOf(join(root, 'killed.csv')), hashOf(join(root, 'whole.csv')));
  assert.equal(hashOf(join(root, 'killed.rejects')), hashOf(join(root, 'whole.rejects')));
});
