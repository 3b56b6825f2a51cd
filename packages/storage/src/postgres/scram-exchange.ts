// The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding: the password is
// proved and never sent, and the client sees that the server knows its verifier.
//
// Always: an exchange is for one login; whether the name exists shows only in that it fails, at the
// end, as a wrong password does.

import { timingSafeEqual } from 'node:crypto';
import { hmacSha256, type ScramVerifier, sha256 } from '@ndts/runtime';
import { PostgresError } from './postgres-error.js';

export const scramMechanism = 'SCRAM-SHA-256';

export const scramNonceBytes = 18;
const firstPattern = /^([ny]),,(n=[^,]*,r=([\x21-\x2b\x2d-\x7e]{1,1024}))(?:,.*)?$/;
const finalPattern = /^(c=([A-Za-z0-9+/=]*),r=([\x21-\x2b\x2d-\x7e]+)(?:,[^p][^,]*)*),p=([^,]+)$/;

function malformed(): PostgresError {
  return new PostgresError('08P01', 'malformed SCRAM message', { severity: 'FATAL' });
}

export class ScramExchange {
  readonly #verifier: ScramVerifier;
  readonly #serverNonce: string;
  #flag = '';
  #nonce = '';
  #messages = '';

  /** @param serverNonce printable, without commas, never used before */
  constructor(verifier: ScramVerifier, serverNonce: string) {
    this.#verifier = verifier;
    this.#serverNonce = serverNonce;
  }

  /** The answer to the first message of the client. */
  first(text: string): string {
    const found = firstPattern.exec(text);
    if (found === null) throw malformed();
    const [, flag, bare, nonce] = found;
    this.#flag = flag!;
    this.#nonce = nonce! + this.#serverNonce;
    const salt = Buffer.from(this.#verifier.salt).toString('base64');
    const answer = `r=${this.#nonce},s=${salt},i=${this.#verifier.iterations}`;
    this.#messages = `${bare},${answer}`;
    return answer;
  }

  /** The answer to the last message of the client; undefined: the password is another one. */
  final(text: string): string | undefined {
    const found = finalPattern.exec(text);
    if (found === null) throw malformed();
    const [, withoutProof, binding, nonce, proofText] = found;
    const header = Buffer.from(`${this.#flag},,`).toString('base64');
    const proof = Buffer.from(proofText!, 'base64');
    if (binding !== header || nonce !== this.#nonce || proof.length !== 32) throw malformed();
    const messages = `${this.#messages},${withoutProof}`;
    const signature = hmacSha256(this.#verifier.storedKey, messages);
    const clientKey = proof.map((byte, at) => byte ^ signature[at]!);
    if (!timingSafeEqual(sha256(clientKey), this.#verifier.storedKey)) return undefined;
    return `v=${hmacSha256(this.#verifier.serverKey, messages).toString('base64')}`;
  }
}
