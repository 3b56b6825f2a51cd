import assert from 'node:assert/strict';
import { createECDH, createPrivateKey, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { VirtualClock } from '../clock/virtual-clock.js';
import { createSilentLogger } from '../log/logger.js';
import { Identity } from './identity.js';
import { isSignedBy, lineKeyOf } from './line-key.js';

function open(dir: string): Identity {
  return Identity.open({ dir, clock: new VirtualClock(), logger: createSilentLogger() });
}

function folderOf(context: TestContext): string {
  const parent = mkdtempSync(join(tmpdir(), 'ndts-line-key-'));
  context.after(() => rmSync(parent, { recursive: true }));
  return join(parent, 'identity');
}

function signed(secret: Buffer, challenge: Uint8Array, dsaEncoding: 'der' | 'ieee-p1363'): Buffer {
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(secret);
  const point = curve.getPublicKey();
  const x = point.subarray(1, 33).toString('base64url');
  const y = point.subarray(33).toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', d: secret.toString('base64url'), x, y };
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  return sign('sha256', challenge, { key, dsaEncoding });
}

test('a token signs in either form; no other token and challenge do', (context) => {
  const identity = open(folderOf(context));
  const secretOf = (token: string): Buffer => Buffer.from(token.slice(5), 'base64url');
  const secret = secretOf(identity.createToken('bot', 'trader'));
  const other = secretOf(identity.createToken('other', 'trader'));
  const access = identity.lineAccess('bot');
  assert.ok(access !== undefined);
  assert.deepEqual(access.principal, { name: 'bot', role: 'trader' });
  const challenge = new Uint8Array(64).fill(7);
  for (const form of ['der', 'ieee-p1363'] as const) {
    assert.equal(isSignedBy(access.key, challenge, signed(secret, challenge, form)), true);
    assert.equal(isSignedBy(access.key, challenge, signed(other, challenge, form)), false);
    const elsewhere = signed(secret, new Uint8Array(64), form);
    assert.equal(isSignedBy(access.key, challenge, elsewhere), false);
  }
  for (const length of [0, 1, 64, 70, 5000])
    assert.equal(isSignedBy(access.key, challenge, new Uint8Array(length)), false);
  assert.equal(identity.lineAccess('nobody'), undefined);
  identity.revokeToken('bot');
  assert.equal(identity.lineAccess('bot'), undefined);
});

test('the key is kept with the token; a token from before has none', (context) => {
  const dir = folderOf(context);
  const token = open(dir).createToken('bot', 'trader');
  assert.deepEqual(open(dir).lineAccess('bot')?.key, open(dir).lineAccess('bot')?.key);
  assert.ok(open(dir).lineAccess('bot') !== undefined);
  const path = join(dir, 'tokens.json');
  const kept = readFileSync(path, 'utf8');
  assert.ok(!kept.includes(token.slice(5)));
  const file = JSON.parse(kept) as { tokens: { lineKey?: unknown }[] };
  for (const one of file.tokens) delete one.lineKey;
  writeFileSync(path, JSON.stringify(file), { mode: 0o600 });
  assert.equal(open(dir).lineAccess('bot'), undefined);
  assert.equal(open(dir).authenticate(token)?.name, 'bot');
  for (const one of file.tokens) one.lineKey = { x: 'short', y: 'short' };
  writeFileSync(path, JSON.stringify(file), { mode: 0o600 });
  assert.throws(() => open(dir), { code: 'CORRUPT' });
});

test('what is no private key makes no public one', () => {
  assert.deepEqual(lineKeyOf(new Uint8Array(32)), {});
  assert.deepEqual(lineKeyOf(new Uint8Array(32).fill(255)), {});
});
