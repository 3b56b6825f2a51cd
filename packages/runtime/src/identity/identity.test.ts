import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { VirtualClock } from '../clock/virtual-clock.js';
import { createSilentLogger } from '../log/logger.js';
import { Identity } from './identity.js';
import { type Role, allows, isRole } from './roles.js';
import { createScramVerifier } from './scram.js';

const logger = createSilentLogger();

function folderOf(context: TestContext): string {
  const parent = mkdtempSync(join(tmpdir(), 'ndts-identity-'));
  context.after(() => rmSync(parent, { recursive: true }));
  return join(parent, 'identity');
}

function open(dir: string, clock = new VirtualClock()): Identity {
  return Identity.open({ dir, clock, logger });
}

test("the first start leaves an administrator's token in a private file", (context) => {
  const dir = folderOf(context);
  const identity = open(dir);
  assert.equal(identity.firstTokenCreated, true);
  assert.equal(identity.firstTokenPath, join(dir, 'admin.token'));
  const token = readFileSync(identity.firstTokenPath, 'utf8').trim();
  assert.match(token, /^ndts_[A-Za-z0-9_-]{43}$/);
  assert.deepEqual(identity.authenticate(token), { name: 'admin', role: 'admin' });
  const modes = ['', 'admin.token', 'tokens.json'].map(
    (name) => statSync(join(dir, name)).mode & 0o777,
  );
  assert.deepEqual(modes, [0o700, 0o600, 0o600]);
  const again = open(dir);
  assert.equal(again.firstTokenCreated, false);
  assert.equal(again.authenticate(token)?.role, 'admin');
});

test('what is on disk is no token', (context) => {
  const dir = folderOf(context);
  const token = open(dir).createToken('bot', 'trader');
  const kept = readFileSync(join(dir, 'tokens.json'), 'utf8');
  assert.ok(!kept.includes(token) && !kept.includes(token.slice(5)));
  assert.ok(kept.includes('bot'));
});

test('a crash before the first token was kept makes it anew', (context) => {
  const dir = folderOf(context);
  const lost = readFileSync(open(dir).firstTokenPath, 'utf8').trim();
  rmSync(join(dir, 'tokens.json'));
  const identity = open(dir);
  assert.equal(identity.firstTokenCreated, true);
  assert.equal(identity.authenticate(lost), undefined);
  assert.ok(identity.authenticate(readFileSync(identity.firstTokenPath, 'utf8').trim()));
});

test('nothing but a whole token authenticates', (context) => {
  const identity = open(folderOf(context));
  const token = identity.createToken('viewer', 'viewer');
  for (const wrong of ['', 'ndts_', token.slice(0, -1), `${token}x`, token.toUpperCase(), 'é'])
    assert.equal(identity.authenticate(wrong), undefined, wrong);
  assert.deepEqual(identity.authenticate(token), { name: 'viewer', role: 'viewer' });
});

test('tokens are made, listed and revoked, across restarts', (context) => {
  const dir = folderOf(context);
  const identity = open(dir, new VirtualClock(5_000));
  const token = identity.createToken('bot', 'trader');
  assert.throws(() => identity.createToken('bot', 'viewer'), { code: 'ALREADY_EXISTS' });
  for (const name of ['', 'a b', 'a/b', 'x'.repeat(65)])
    assert.throws(() => identity.createToken(name, 'viewer'), { code: 'INVALID_ARGUMENT' });
  const again = open(dir);
  assert.deepEqual(again.list(), [
    { name: 'admin', role: 'admin', createdMs: 5_000 },
    { name: 'bot', role: 'trader', createdMs: 5_000 },
  ]);
  assert.equal(again.revokeToken('bot'), true);
  assert.equal(again.revokeToken('bot'), false);
  assert.equal(again.authenticate(token), undefined);
  assert.equal(open(dir).authenticate(token), undefined);
});

test('the last administrator stays', (context) => {
  const identity = open(folderOf(context));
  identity.createToken('bot', 'trader');
  assert.throws(() => identity.revokeToken('admin'), { code: 'INVALID_ARGUMENT' });
  identity.createToken('second', 'admin');
  assert.equal(identity.revokeToken('admin'), true);
});

test('a ticket works once, for five minutes', (context) => {
  const clock = new VirtualClock();
  const identity = open(folderOf(context), clock);
  const principal = { name: 'admin', role: 'admin' } as const;
  const ticket = identity.createTicket(principal);
  assert.deepEqual(identity.redeemTicket(ticket), principal);
  assert.equal(identity.redeemTicket(ticket), undefined);
  const late = identity.createTicket(principal);
  clock.advance(5 * 60e9);
  assert.equal(identity.redeemTicket(late), undefined);
  assert.equal(identity.redeemTicket('none'), undefined);
});

test('a session ends by itself, by its owner, and with its token', (context) => {
  const clock = new VirtualClock();
  const identity = open(folderOf(context), clock);
  identity.createToken('bot', 'trader');
  const principal = { name: 'bot', role: 'trader' } as const;
  const [first, second, third] = [1, 2, 3].map(() => identity.createSession(principal));
  assert.deepEqual(identity.session(first as string), principal);
  identity.endSession(first as string);
  assert.equal(identity.session(first as string), undefined);
  assert.deepEqual(identity.session(second as string), principal);
  const ticket = identity.createTicket(principal);
  identity.revokeToken('bot');
  assert.equal(identity.session(second as string), undefined);
  assert.equal(identity.session(third as string), undefined);
  assert.equal(identity.redeemTicket(ticket), undefined);
  const admin = identity.createSession({ name: 'admin', role: 'admin' });
  clock.advance(13 * 3_600e9);
  assert.equal(identity.session(admin), undefined);
});

test('a flood of tickets costs the oldest, not memory', (context) => {
  const identity = open(folderOf(context));
  const principal = { name: 'admin', role: 'admin' } as const;
  const first = identity.createTicket(principal);
  for (let round = 0; round < 10_000; round++) identity.createTicket(principal);
  assert.equal(identity.redeemTicket(first), undefined);
});

test('files that others can read are refused, by name and mode', (context) => {
  const dir = folderOf(context);
  open(dir);
  const wide = (name: string, mode: number): void => {
    const path = join(dir, name);
    const before = statSync(path).mode;
    chmodSync(path, mode);
    assert.throws(
      () => open(dir),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'INSECURE_FILE');
        assert.ok(error.message.includes(path), error.message);
        assert.ok(error.message.includes(mode.toString(8)), error.message);
        return true;
      },
    );
    chmodSync(path, before);
  };
  wide('tokens.json', 0o644);
  wide('tokens.json', 0o620);
  wide('admin.token', 0o604);
  wide('', 0o755);
  open(dir);
});

test('a damaged token file is named, never overwritten', (context) => {
  const dir = folderOf(context);
  open(dir);
  const path = join(dir, 'tokens.json');
  const good = readFileSync(path, 'utf8');
  const damaged = ['', '{', '[]', '{"version":1}', good.replace('admin', 'owner').slice(0, -9)];
  damaged.push(good.replace('"role": "admin"', '"role": "king"'));
  for (const text of damaged) {
    writeFileSync(path, text);
    assert.throws(() => open(dir), { code: 'CORRUPT' }, text);
    assert.equal(readFileSync(path, 'utf8'), text);
  }
  writeFileSync(path, good.replace('"version": 1', '"version": 2'));
  assert.throws(() => open(dir), { code: 'VERSION_TOO_NEW' });
});

test('a name has a verifier; one without a token too, always the same', (context) => {
  const dir = folderOf(context);
  const identity = open(dir);
  const token = identity.createToken('bot', 'trader');
  const { verifier, principal } = identity.scramIdentity('bot');
  assert.deepEqual(principal, { name: 'bot', role: 'trader' });
  assert.deepEqual(createScramVerifier(token, verifier.salt), verifier);
  const admin = readFileSync(identity.firstTokenPath, 'utf8').trim();
  const first = identity.scramIdentity('admin');
  assert.deepEqual(createScramVerifier(admin, first.verifier.salt), first.verifier);
  const nobody = identity.scramIdentity('nobody');
  assert.equal(nobody.principal, undefined);
  assert.equal(nobody.verifier.iterations, verifier.iterations);
  assert.equal(nobody.verifier.salt.length, verifier.salt.length);
  const again = open(dir);
  assert.deepEqual(again.scramIdentity('nobody'), nobody);
  assert.deepEqual(again.scramIdentity('bot'), { verifier, principal });
  assert.equal(statSync(join(dir, 'scram.secret')).mode & 0o777, 0o600);
});

test('tokens from before SCRAM authenticate, but not by SCRAM', (context) => {
  const dir = folderOf(context);
  const token = open(dir).createToken('bot', 'trader');
  const path = join(dir, 'tokens.json');
  const old = readFileSync(path, 'utf8').replaceAll(/,\s*"scram": "[^"]*"/g, '');
  assert.ok(!old.includes('SCRAM') && old.includes('"version": 1'));
  writeFileSync(path, old);
  const identity = open(dir);
  assert.equal(identity.authenticate(token)?.name, 'bot');
  assert.equal(identity.scramIdentity('bot').principal, undefined);
  assert.equal(identity.lacksScram('bot'), true);
  assert.equal(identity.lacksScram('nobody'), false);
  identity.createToken('new', 'viewer');
  assert.equal(open(dir).scramIdentity('new').principal?.name, 'new');
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"scram": "[^"]*"/, '"scram": "x"'));
  assert.throws(() => open(dir), { code: 'CORRUPT' });
});

test('whoever watches is told what is revoked', (context) => {
  const identity = open(folderOf(context));
  identity.createToken('bot', 'trader');
  identity.createToken('second', 'trader');
  const told: string[] = [];
  const end = identity.watchRevocations((name) => told.push(name));
  identity.revokeToken('bot');
  identity.revokeToken('nobody');
  end();
  identity.revokeToken('second');
  assert.deepEqual(told, ['bot']);
});

test('roles: viewer < trader < admin, a node apart', () => {
  const roles: Role[] = ['viewer', 'trader', 'admin', 'node'];
  const table = roles.map((role) => roles.filter((needed) => allows(role, needed)));
  assert.deepEqual(table, [
    ['viewer'],
    ['viewer', 'trader'],
    ['viewer', 'trader', 'admin'],
    ['node'],
  ]);
  assert.ok(isRole('node') && !isRole('root') && !isRole('constructor'));
});
