// What proves a token to the SCRAM-SHA-256 exchange (RFC 5802, RFC 7677) without keeping it: salt,
// iterations, and two keys made of them. The text form is the one that PostgreSQL keeps.
//
// Always: of a verifier nobody can log in, and a name without one gets a verifier too, the same one
// every time, which no password fits: from outside the two look alike.

import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

export interface ScramVerifier {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** Tokens are 256 bits of chance: more rounds would add nothing. */
const iterations = 4096;
const keyBytes = 32;
export const scramSaltBytes = 16;

const textPattern =
  /^SCRAM-SHA-256\$(\d{4,7}):([A-Za-z0-9+/]{22}==)\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)$/;

export function hmacSha256(key: Uint8Array, data: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

export function sha256(data: string | Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

export function createScramVerifier(token: string, salt: Uint8Array): ScramVerifier {
  const salted = pbkdf2Sync(token, salt, iterations, keyBytes, 'sha256');
  return {
    salt,
    iterations,
    storedKey: sha256(hmacSha256(salted, 'Client Key')),
    serverKey: hmacSha256(salted, 'Server Key'),
  };
}

/** For a name that has none: nothing that anybody knows hashes to its key. */
export function mockScramVerifier(secret: Uint8Array, name: string): ScramVerifier {
  return {
    salt: hmacSha256(secret, `salt ${name}`).subarray(0, scramSaltBytes),
    iterations,
    storedKey: hmacSha256(secret, `stored ${name}`),
    serverKey: hmacSha256(secret, `server ${name}`),
  };
}

export function scramText(verifier: ScramVerifier): string {
  const [salt, storedKey, serverKey] = [verifier.salt, verifier.storedKey, verifier.serverKey].map(
    (bytes) => Buffer.from(bytes).toString('base64'),
  );
  return `SCRAM-SHA-256$${verifier.iterations}:${salt}$${storedKey}:${serverKey}`;
}

/** undefined: it is no verifier. */
export function parseScram(text: string): ScramVerifier | undefined {
  const found = textPattern.exec(text);
  if (found === null) return undefined;
  const [, rounds, salt, storedKey, serverKey] = found;
  return {
    iterations: Number(rounds),
    salt: Buffer.from(salt!, 'base64'),
    storedKey: Buffer.from(storedKey!, 'base64'),
    serverKey: Buffer.from(serverKey!, 'base64'),
  };
}
