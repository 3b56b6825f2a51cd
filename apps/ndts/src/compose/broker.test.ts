// What the configuration makes of a FIX counterparty: refused when something is missing or would
// travel in the clear, secrets from private files, durable unless that was set.

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeConfig, loadConfig } from '@ndts/runtime';
import { fixSettings, fixSymbols, journalModeOf, tradedSymbols } from './broker.js';

const needed = {
  'exec.broker': 'fix',
  'fix.port': '9876',
  'fix.senderCompId': 'DESK',
  'fix.targetCompId': 'VENUE',
};

function load(args: Readonly<Record<string, string>>): ReturnType<typeof loadConfig> {
  return loadConfig({ args, environment: {} });
}

test('what is missing, in the clear or no schedule is refused', () => {
  const refused: [Record<string, string>, RegExp][] = [
    [{ 'fix.port': '0' }, /set fix.port/],
    [{ 'fix.targetCompId': '' }, /set fix.targetCompId/],
    [{ 'fix.host': 'fix.example' }, /orders would travel in the clear/],
    [{ 'fix.tls': 'true', 'fix.tlsCert': 'a.pem' }, /go together/],
    [{ 'fix.hours': '8-17' }, /expected '08:00-17:00'/],
    [{ 'fix.passwordFile': '/nowhere' }, /expected a secret in/],
  ];
  for (const [more, expected] of refused)
    assert.throws(() => fixSettings(load({ ...needed, ...more })), expected);
  assert.equal(fixSettings(load({ ...needed, 'fix.host': 'h', 'fix.tls': 'true' })).host, 'h');
});

test('the password is read from a private file, and shown nowhere', (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-test-'));
  context.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'password');
  writeFileSync(path, 'hunter2\n', { mode: 0o600 });
  const values = load({ ...needed, 'fix.username': 'desk', 'fix.passwordFile': path });
  assert.equal(fixSettings(values).password, 'hunter2');
  assert.ok(!JSON.stringify(describeConfig(values)).includes('hunter2'));
  chmodSync(path, 0o644);
  assert.throws(() => fixSettings(values), { code: 'INSECURE_FILE' });
});

test('with a real broker the journal is durable unless it was set', () => {
  assert.equal(journalModeOf(load({})), 'accepted');
  assert.equal(journalModeOf(load(needed)), 'durable');
  assert.equal(fixSettings(load(needed)).durable, true);
  assert.equal(journalModeOf(load({ ...needed, 'exec.journalMode': 'accepted' })), 'accepted');
});

test('the engine knows each symbol that a broker trades', async () => {
  const known: string[] = [];
  const foundation = {
    symbols: {
      ensure: async (names: string[]) => names.map((name, at) => ({ id: at + 1, name, shard: 2 })),
    },
    ticks: {
      registerSymbol: (id: number, shard: number, name: string) =>
        known.push(`${id} ${shard} ${name}`),
    },
  } as unknown as Parameters<typeof tradedSymbols>[0];
  const entries = await tradedSymbols(foundation, ['AAPL', 'ES']);
  assert.deepEqual(
    entries.map(({ id }) => id),
    [1, 2],
  );
  assert.deepEqual(known, ['1 2 AAPL', '2 2 ES']);
});

test('symbols have the names of the counterparty where they differ', () => {
  const known = [
    { id: 1, name: 'BTC-USD', shard: 0 },
    { id: 2, name: 'ETH', shard: 0 },
  ];
  const symbols = fixSymbols(['BTC-USD=BTC/USD'], {
    byId: (id) => known.find((one) => one.id === id),
    byName: (name) => known.find((one) => one.name === name),
  });
  assert.deepEqual(
    [symbols.nameOf(1), symbols.nameOf(2), symbols.nameOf(3)],
    [...['BTC/USD', 'ETH', undefined]],
  );
  assert.deepEqual(
    ['BTC/USD', 'ETH', 'X'].map((name) => symbols.idOf(name)),
    [1, 2, undefined],
  );
  assert.throws(() => fixSymbols(['a=b=c'], { byId: () => undefined, byName: () => undefined }));
});
