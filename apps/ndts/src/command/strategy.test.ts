// ndts strategy: what `new` writes is checked, runs and passes its test; a broken one does not.

import { deepEqual, equal, match, rejects, throws } from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCompiler } from '@ndts/calc-node';
import type { StrategyLogLine } from '@ndts/protocol';
import { strategyTable } from '../screen/strategy-table.js';
import { newLines, newStrategy, testStrategies } from './strategy.js';

test('a new strategy passes its test; one that is broken is told', async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-new-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const printed: string[] = [];
  newStrategy('my-first', dir, (text) => printed.push(text));
  match(printed.join('\n'), /ndts strategy test .*my-first\.test\.ts/);
  throws(() => newStrategy('my-first', dir, () => {}), /is there already/);
  throws(() => newStrategy('My First', dir, () => {}), /lower-case/);
  await runCompiler(['-p', dir]); // as an editor would
  writeFileSync(join(dir, 'tsconfig.json'), '{}');
  newStrategy('my-second', dir, (text) => printed.push(text));
  equal(readFileSync(join(dir, 'tsconfig.json'), 'utf8'), '{}', 'what a person wrote stays');
  const testFile = join(dir, 'my-first.test.ts');
  equal(await testStrategies([testFile]), 0);
  const file = join(dir, 'my-first.ts');
  const text = readFileSync(file, 'utf8').replace('< 0.2', '< lowest + nothing');
  const imports = "import { lowest } from './limits.js';\nimport { nothing } from './plain.js';\n";
  writeFileSync(file, imports + text);
  writeFileSync(join(dir, 'limits.ts'), 'export const lowest: number = 0.2;');
  writeFileSync(join(dir, 'plain.js'), 'export const nothing = 0;');
  equal(await testStrategies([testFile]), 0, 'with files of its own beside it');
  writeFileSync(file, readFileSync(file, 'utf8').replace('context.factor;', 'context.factors;'));
  await rejects(testStrategies([testFile]), /my-first\.ts.*'factors'/s);
  await rejects(testStrategies([join(dir, 'none.ts')]), /no such file/);
});

test('the table of strategies has a line for each, whatever the reason', () => {
  const view = { instance: 1, name: 'mine', state: 'parked', pid: undefined, restarts: 4 } as const;
  const counts = { ticks: 0, signals: 0, lapped: 0 };
  const reason = 'last: Error: in onTick\n    at Object.onTick (mine.ts:2:9)';
  const text = strategyTable([{ ...view, ...counts, reason }]);
  match(text, /mine +parked .*last: Error: in onTick$/);
});

test('following a log goes on behind what was shown', () => {
  const line = (text: string): StrategyLogLine => ({ timeMs: 1, from: 'log', text });
  const lines = ['a', 'b', 'a', 'b', 'c'].map(line);
  deepEqual(newLines(lines.slice(0, 3), lines), lines.slice(3));
  deepEqual(newLines(lines, lines), []);
  deepEqual(newLines([], lines), lines);
  deepEqual(newLines([line('gone')], lines), lines);
});
