// The exchange of RFC 7677, and that nothing else gets through.

import { deepEqual, equal, notDeepEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { createScramVerifier, mockScramVerifier, parseScram, scramText } from '@ndts/runtime';
import { ScramExchange } from './scram-exchange.js';

const saltText = 'W22ZaJ0SNY7soEsUEjb6gQ==';
const salt = Buffer.from(saltText, 'base64');
const clientNonce = 'rOprNGfwEbeRWgbNEkqO';
const serverNonce = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
const finalWithout = `c=biws,r=${clientNonce}${serverNonce}`;
const proof = 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';

function begun(password = 'pencil'): ScramExchange {
  const exchange = new ScramExchange(createScramVerifier(password, salt), serverNonce);
  equal(
    exchange.first(`n,,n=user,r=${clientNonce}`),
    `r=${clientNonce}${serverNonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
  );
  return exchange;
}

test('the example of the standard', () => {
  equal(
    begun().final(`${finalWithout},p=${proof}`),
    'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  );
});

test('another password, or a proof with one bit changed, is refused', () => {
  equal(begun('pencils').final(`${finalWithout},p=${proof}`), undefined);
  const bytes = Buffer.from(proof, 'base64');
  for (let bit = 0; bit < 256; bit += 17) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    equal(begun().final(`${finalWithout},p=${changed.toString('base64')}`), undefined);
  }
});

test('what is not of this exchange is malformed', () => {
  for (const first of [
    '',
    'n,,n=user',
    'p=tls-unique,,n=user,r=x',
    'n,a=other,n=user,r=x',
    'y,n=,r=',
  ])
    throws(() => new ScramExchange(createScramVerifier('x', salt), 'n').first(first), {
      sqlState: '08P01',
    });
  for (const final of [
    '',
    `c=eSws,r=${clientNonce}${serverNonce},p=${proof}`,
    `c=biws,r=${clientNonce},p=${proof}`,
    `${finalWithout},p=AAAA`,
    finalWithout,
  ])
    throws(() => begun().final(final), { sqlState: '08P01' }, final);
});

test('a verifier survives its text; one for nobody is always the same', () => {
  const verifier = createScramVerifier('pencil', salt);
  deepEqual(parseScram(scramText(verifier)), verifier);
  equal(parseScram('SCRAM-SHA-256$1:AA$AA:AA'), undefined);
  const secret = Buffer.alloc(32, 7);
  deepEqual(mockScramVerifier(secret, 'a'), mockScramVerifier(secret, 'a'));
  notDeepEqual(mockScramVerifier(secret, 'a').salt, mockScramVerifier(secret, 'b').salt);
});
