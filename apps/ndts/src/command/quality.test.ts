// `ndts quality` against a node that answers by hand: what is asked for, and what people and
// programs see.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { QualityView } from '@ndts/protocol';
import { quality } from './quality.js';

const view: QualityView = {
  ...{ symbol: 3, name: 'AAA', state: 'STALE', flags: 1, sequence: 7, sinceMs: 1500 },
  ...{ tickAgeMs: 31_500, reason: 'no good tick', source: 'simulator' },
  history: [{ timeMs: 0, from: 'GOOD', to: 'STALE', reason: 'no good tick', source: 'simulator' }],
};

test('all that is wrong, and one symbol with its changes', async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-quality-'));
  const asked: string[] = [];
  let answer: readonly QualityView[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const tokenFile = join(dir, 'token');
  writeFileSync(tokenFile, 'secret\n');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = async (symbol: string | undefined, json: boolean): Promise<string> => {
    let shown = '';
    const flags = { dataDir: dir, url, tokenFile, json, limit: 5 };
    await quality(symbol, flags, (text) => {
      shown += text;
    });
    return shown;
  };
  assert.equal(await ask(undefined, false), 'all symbols are GOOD');
  answer = [view];
  assert.match(await ask(undefined, false), /AAA +STALE +1\.5 s +31\.5 s ago +simulator +no good/);
  const one = await ask('A/A', false);
  assert.match(one, /^AAA is STALE for 1\.5 s; last good tick 31\.5 s ago/);
  assert.match(one, /1970-01-01T00:00:00.000000000Z +GOOD +STALE +simulator +no good tick/);
  assert.deepEqual(JSON.parse(await ask('A/A', true)), [view]);
  answer = [{ ...view, state: 'GOOD', tickAgeMs: null, history: [] }];
  assert.match(await ask('AAA', false), /none yet\nnothing was ever wrong/);
  assert.deepEqual(asked.slice(1, 4), [
    '/api/quality',
    ...Array(2).fill('/api/quality?symbol=A%2FA&limit=5'),
  ]);
});
