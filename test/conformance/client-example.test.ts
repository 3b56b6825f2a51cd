// The example of docs/client.md is a program that does what it should.

import { equal, ok } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../kit/temporary-folder.js';

test('the first example of docs/client.md runs', async (context) => {
  const cwd = await temporaryFolder(context);
  const source = new URL('../../conformance/client-example.ts', import.meta.url);
  const program = readFileSync(source, 'utf8');
  const text = program.slice(program.indexOf('import'));
  const docs = readFileSync(new URL('../../../docs/client.md', import.meta.url), 'utf8');
  ok(docs.includes(`\`\`\`ts\n${text}\`\`\`\n`), 'the docs show another program');
  const script = fileURLToPath(new URL('client-example.js', import.meta.url));
  const output = execFileSync(process.execPath, [script], { cwd, encoding: 'utf8', env: {} });
  equal(output, '190.5\n[ { top: 190.5 } ]\n');
});
