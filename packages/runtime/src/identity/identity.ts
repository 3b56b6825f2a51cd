// Who may call this node. Tokens are kept as hashes in the data folder, beside what proves them to
// SCRAM; the first start makes one for the administrator and leaves it in a file only its owner can
// read. Always: no token is kept, logged or returned twice; revoking a token ends its sessions and
// tickets at once, and whoever watches is told.

import { createHash, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { type Clock, NdtsError } from '@ndts/protocol';
import type { Logger } from '../log/logger.js';
import { ExpiringSecrets } from './expiring-secrets.js';
import { type LineKey, lineKeyOf } from './line-key.js';
import { openPrivateFolder, readPrivateFile, writePrivateFile } from './private-file.js';
import type { Principal, Role } from './roles.js';
import {
  createScramVerifier,
  mockScramVerifier,
  parseScram,
  type ScramVerifier,
  scramSaltBytes,
  scramText,
} from './scram.js';
import { type SecureRandom, systemSecureRandom } from './secure-random.js';
import { type StoredToken, readTokens, writeTokens } from './token-file.js';

export interface IdentityOptions {
  readonly dir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly secureRandom?: SecureRandom;
}

export interface TokenInfo {
  readonly name: string;
  readonly role: Role;
  readonly createdMs: number;
}

/** What a login by SCRAM is checked against. */
export interface ScramIdentity {
  readonly verifier: ScramVerifier;
  /** undefined: nobody has this name, or no verifier; the exchange goes on and fails. */
  readonly principal: Principal | undefined;
}

const tokensFile = 'tokens.json';
const scramSecretFile = 'scram.secret';
const firstTokenFile = 'admin.token';
const firstTokenName = 'admin';
const tokenPrefix = 'ndts_';
const tokenBytes = 32;
const namePattern = /^[A-Za-z0-9._-]{1,64}$/;

const ticketLifeMs = 5 * 60_000;
const sessionLifeMs = 12 * 3_600_000;
const ticketsMax = 10_000;
const sessionsMax = 10_000;

export class Identity {
  /** Where the first start left the administrator's token. */
  readonly firstTokenPath: string;
  /** Whether this was the first start. */
  readonly firstTokenCreated: boolean;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #random: SecureRandom;
  readonly #tickets: ExpiringSecrets;
  readonly #sessions: ExpiringSecrets;
  readonly #revocationWatchers = new Set<(name: string) => void>();
  readonly #dir: string;
  #scramSecret: Uint8Array | undefined;
  #tokens: StoredToken[] = [];

  static open(options: IdentityOptions): Identity {
    return new Identity(options);
  }

  private constructor(options: IdentityOptions) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#random = options.secureRandom ?? systemSecureRandom;
    this.#tickets = new ExpiringSecrets(this.#clock, this.#random, ticketLifeMs, ticketsMax);
    this.#sessions = new ExpiringSecrets(this.#clock, this.#random, sessionLifeMs, sessionsMax);
    this.#dir = options.dir;
    this.#path = join(options.dir, tokensFile);
    this.firstTokenPath = join(options.dir, firstTokenFile);
    openPrivateFolder(options.dir);
    const tokens = readTokens(this.#path);
    this.firstTokenCreated = tokens === undefined;
    if (tokens === undefined) this.#createFirstToken();
    else this.#tokens = tokens;
    // Refuses a token file that others can read, also long after the first start.
    readPrivateFile(this.firstTokenPath);
  }

  authenticate(token: string): Principal | undefined {
    const hash = hashOf(token);
    let found: StoredToken | undefined;
    // All are compared, each in constant time: how long it takes says nothing about a near miss.
    for (const stored of this.#tokens)
      if (timingSafeEqual(hash, Buffer.from(stored.hash, 'hex'))) found = stored;
    return found === undefined ? undefined : { name: found.name, role: found.role };
  }

  /** With what a connection of line protocol proves that it has the token of this name. */
  lineAccess(name: string): { readonly principal: Principal; readonly key: LineKey } | undefined {
    const token = this.#tokens.find((one) => one.name === name);
    if (token?.lineKey === undefined) return undefined;
    return { principal: { name: token.name, role: token.role }, key: token.lineKey };
  }

  /** The token, which nobody can read again. */
  createToken(name: string, role: Role): string {
    const token = this.#addToken(name, role, () => undefined);
    this.#logger.info({ name, role }, 'token created');
    return token;
  }

  /** True when there was one of that name. The last administrator's token cannot be revoked. */
  revokeToken(name: string): boolean {
    const rest = this.#tokens.filter((token) => token.name !== name);
    if (rest.length === this.#tokens.length) return false;
    if (!rest.some(({ role }) => role === 'admin'))
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `'${name}' is the last token with role admin: create another one first`,
      );
    this.#save(rest);
    this.#tickets.deleteOf(name);
    this.#sessions.deleteOf(name);
    for (const watcher of this.#revocationWatchers) watcher(name);
    this.#logger.info({ name }, 'token revoked');
    return true;
  }

  /** For every name, whether there is a token of it or not. */
  scramIdentity(name: string): ScramIdentity {
    // Both are made in any case: the time it takes says nothing about the name.
    const mock = mockScramVerifier(this.#secretOfScram(), name);
    const stored = this.#tokens.find((token) => token.name === name);
    const verifier = parseScram(stored?.scram ?? scramText(mock)) ?? mock;
    if (stored?.scram === undefined) return { verifier, principal: undefined };
    return { verifier, principal: { name: stored.name, role: stored.role } };
  }

  /** Whether the token of that name was made before verifiers were kept. */
  lacksScram(name: string): boolean {
    return this.#tokens.some((token) => token.name === name && token.scram === undefined);
  }

  /** Calls `action` with each name that is revoked from now on; returns what ends that. */
  watchRevocations(action: (name: string) => void): () => void {
    this.#revocationWatchers.add(action);
    return () => this.#revocationWatchers.delete(action);
  }

  list(): TokenInfo[] {
    return this.#tokens.map(({ name, role, createdMs }) => ({ name, role, createdMs }));
  }

  /** For a link or a WebSocket, where a token must not appear: valid once, for five minutes. */
  createTicket(principal: Principal): string {
    return this.#tickets.create(principal);
  }

  redeemTicket(ticket: string): Principal | undefined {
    const principal = this.#tickets.find(ticket);
    this.#tickets.delete(ticket);
    return principal;
  }

  /** For a browser's cookie: ends after twelve hours, with the process, or with the token. */
  createSession(principal: Principal): string {
    return this.#sessions.create(principal);
  }

  session(id: string): Principal | undefined {
    return this.#sessions.find(id);
  }

  endSession(id: string): void {
    this.#sessions.delete(id);
  }

  /** The token's file comes first: a crash in between makes both anew. */
  #createFirstToken(): void {
    this.#addToken(firstTokenName, 'admin', (token) =>
      writePrivateFile(this.firstTokenPath, `${token}\n`),
    );
  }

  /** Kept, so that what a name without a token is told stays the same over restarts. */
  #secretOfScram(): Uint8Array {
    if (this.#scramSecret !== undefined) return this.#scramSecret;
    const path = join(this.#dir, scramSecretFile);
    let text = readPrivateFile(path)?.trim();
    if (text === undefined || !/^[0-9a-f]{64}$/.test(text)) {
      text = Buffer.from(this.#random.bytes(32)).toString('hex');
      writePrivateFile(path, `${text}\n`);
    }
    this.#scramSecret = Buffer.from(text, 'hex');
    return this.#scramSecret;
  }

  #addToken(name: string, role: Role, beforeSave: (token: string) => void): string {
    if (!namePattern.test(name))
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `expected a token name of 1 to 64 plain letters, digits or . _ -, found '${name}'`,
      );
    if (this.#tokens.some((token) => token.name === name))
      throw new NdtsError('ALREADY_EXISTS', `there is a token named '${name}'`);
    const secret = this.#random.bytes(tokenBytes);
    const token = tokenPrefix + Buffer.from(secret).toString('base64url');
    beforeSave(token);
    const hash = hashOf(token).toString('hex');
    const createdMs = Math.floor(this.#clock.nowMs());
    const salt = Buffer.from(this.#random.bytes(scramSaltBytes));
    const scram = scramText(createScramVerifier(token, salt));
    this.#save([...this.#tokens, { name, role, hash, createdMs, scram, ...lineKeyOf(secret) }]);
    return token;
  }

  #save(tokens: StoredToken[]): void {
    writeTokens(this.#path, tokens);
    this.#tokens = tokens;
  }
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}
