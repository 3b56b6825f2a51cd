// The public key by which a connection of line protocol proves that it has a token, without sending
// it: the token's 32 random bytes are the private key on the curve P-256. Nothing about a token of
// 256 random bits can be learned from it.

import { createECDH, createPublicKey, verify } from 'node:crypto';

/** The point on the curve, each half base64url. */
export interface LineKey {
  readonly x: string;
  readonly y: string;
}

const halfBytes = 32;
const halfPattern = /^[A-Za-z0-9_-]{43}$/;
/** The two halves of a signature beside each other; in DER it has another length. */
const plainBytes = 64;

/** Empty for one secret in 2^32, which is no private key. */
export function lineKeyOf(secret: Uint8Array): { lineKey?: LineKey } {
  const curve = createECDH('prime256v1');
  try {
    curve.setPrivateKey(secret);
  } catch {
    return {};
  }
  const point = curve.getPublicKey();
  const half = (from: number): string =>
    point.subarray(from, from + halfBytes).toString('base64url');
  return { lineKey: { x: half(1), y: half(1 + halfBytes) } };
}

export function isLineKey(value: unknown): value is LineKey {
  if (typeof value !== 'object' || value === null || !('x' in value) || !('y' in value))
    return false;
  const isHalf = (half: unknown): boolean => typeof half === 'string' && halfPattern.test(half);
  return isHalf(value.x) && isHalf(value.y);
}

/** Whether who has the private key signed the challenge (SHA-256). */
export function isSignedBy(key: LineKey, challenge: Uint8Array, signature: Uint8Array): boolean {
  const dsaEncoding = signature.length === plainBytes ? 'ieee-p1363' : 'der';
  try {
    const jwk = { kty: 'EC', crv: 'P-256', x: key.x, y: key.y };
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    return verify('sha256', challenge, { key: publicKey, dsaEncoding }, signature);
  } catch {
    return false;
  }
}
